"""Bits that flip on disk: in the file itself, behind SQLite's back."""

import sqlite3
from pathlib import Path


def flip(path: Path, query: str, at: int = 0, bit: int = 0) -> None:
    """Flip one bit of the value that `query` selects, a blob or a text, in the file `path`; nobody has it open.

    The same bytes may stand in an index, or in another row: it is flipped where the query reads it.
    """
    before = _read(path, query)
    assert before is not None
    begin = (before if isinstance(before, bytes) else before.encode())[at : at + 24]
    whole = path.read_bytes()
    place = whole.find(begin)
    while place >= 0:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
        if _reads_otherwise(path, query, before):
            return
        place = whole.find(begin, place + 1)
    raise AssertionError(f"nothing was flipped: {query}")


def _reads_otherwise(path: Path, query: str, before: bytes | str) -> bool:
    try:
        return _read(path, query) != before
    except sqlite3.DatabaseError:  # it hit the names of tables
        return False


def _read(path: Path, query: str) -> bytes | str | None:
    """Return the value, with everything written into the file itself; None for a row that is not found any more."""
    db = sqlite3.connect(path)
    db.text_factory = lambda raw: raw.decode("utf-8", "replace")
    try:
        db.execute("pragma wal_checkpoint(truncate)")
        row = db.execute(query).fetchone()
        return row[0] if row else None
    finally:
        db.close()
