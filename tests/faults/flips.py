"""Bits that turn on the disk of a node, in what it holds of logs, heads and receipts."""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from node import checking
from tests.faults.place import HONEST
from tests.faults.scene import Effect, Kind, Scene

WINDOW = 24  # bytes by which a place in a file is found, or all of a shorter text
_SHORTEST = 12
_TARGETS = (
    ("log.db", "bundle", "entries"),
    ("log.db", "part", "content"),
    ("log.db", "control", "entry"),
    ("log.db", "bundle", "leaves"),
    ("log.db", "node", "hash"),
    ("log.db", "head", "note"),
    ("log.db", "receipt", "note"),
    ("log.db", "sighting", "note"),
    ("head.lock", "head", "note"),
    ("catalog.db", "record", "title"),
    ("head.lock", "head", "root"),
    ("log.db", "sighting", "root"),
    ("log.db", "head", "root"),
    ("log.db", "receipt", "first_note"),
    ("log.db", "manifest_row", "row"),
    ("log.db", "introduction", "proof"),
    ("log.db", "control", "about"),
    ("log.db", "log", "origin"),
    ("head.lock", "head", "origin"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """One bit of a file."""

    file: Path
    at: int
    bit: int

    def turn(self) -> bytes:
        """Turn the bit; return the byte as it reads now."""
        with self.file.open("r+b") as out:
            out.seek(self.at)
            byte = out.read(1)[0] ^ 1 << self.bit
            out.seek(self.at)
            out.write(bytes([byte]))
        return self.read()

    def read(self) -> bytes:
        with self.file.open("rb") as held:
            held.seek(self.at)
            return held.read(1)


@dataclass(frozen=True, slots=True)
class Row:
    """One value of a database, and a bit within it where the file has it."""

    place: Place
    table: str
    column: str
    rowid: int
    value: object

    def reads(self) -> object:
        """Return the value as the database has it now; None where it cannot be read."""
        with contextlib.closing(sqlite3.connect(self.place.file)) as db:
            try:
                found = db.execute(f"select {self.column} from {self.table} where rowid = ?", (self.rowid,)).fetchone()
            except sqlite3.DatabaseError:
                return None
        return found[0] if found else None


def turned(file: Path, table: str, column: str, chance: Random) -> tuple[Row, bytes] | None:
    """Turn a bit within one value of a column, in the file; return it and the byte of before, None for no such value.

    The same bytes may stand in other tables, too: it is this one that must read otherwise now.
    """
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.execute("pragma wal_checkpoint(truncate)")
        known = db.execute("select 1 from sqlite_master where name = ?", (table,)).fetchone()
        rows = db.execute(f"select rowid, {column} from {table}").fetchall() if known else []
    raw = file.read_bytes()
    chance.shuffle(rows)
    for rowid, value in rows[:20]:
        content = value if isinstance(value, bytes) else str(value).encode()
        at, bit = chance.randrange(max(1, len(content) - WINDOW)), chance.randrange(8)
        within = chance.randrange(min(WINDOW, len(content) - at) or 1)
        for found in _places(raw, content[at : at + WINDOW]):
            row = Row(Place(file, found + within, bit), table, column, rowid, value)
            before = row.place.read()
            row.place.turn()
            if row.reads() != value:
                return row, before
            row.place.turn()
    return None


def _places(raw: bytes, wanted: bytes) -> Iterator[int]:
    at = raw.find(wanted) if len(wanted) >= _SHORTEST else -1
    while at >= 0:
        yield at
        at = raw.find(wanted, at + 1)


def _night(scene: Scene) -> Effect:
    """Turn a bit before the night; let the node check itself after it. The nights to come must heal what it finds."""
    origin = HONEST[scene.turn % len(HONEST)]
    name, table, column = _TARGETS[scene.turn % len(_TARGETS)]
    found = turned(scene.place.home(origin).path / name, table, column, scene.chance)
    if found is None:
        return Effect(0, "")
    row, before = found
    now = row.place.read()
    scene.federation.start()
    scene.federation.night()
    scene.federation.stop(origin)
    scene.federation.damaged.add(origin)
    checking.check(scene.place.node(origin))
    seen = f"{origin}: {name} {table}.{column}: byte {row.place.at} was {before.hex()}, read back as {now.hex()}"
    return Effect(int(before != now), seen)


KINDS = [
    Kind("bit-flip", "a bit that turned on a node's disk, in entries, parts, hashes, heads or receipts", _night, 8)
]
