"""What the machine can do at best with the same bytes, in one thread: the measure of everything else.

Both read their bytes into memory before the clock starts. Each is run in a process of its own.
"""

import sqlite3
import time
from hashlib import sha256
from pathlib import Path

import orjson

from catalog.journal import CHUNK
from sync.entry import SALT_BYTES
from sync.tree import BUNDLE


def hop(log_db: Path, folder: Path) -> float:
    """Return records a second: hash each part's bytes once and write them, a durable transaction a package."""
    blobs = _parts(log_db)
    packages = [list(enumerate(blobs[at : at + BUNDLE], at)) for at in range(0, len(blobs), BUNDLE)]
    db = _created(folder / "hop-floor.db", "full")
    db.execute("create table part(id integer primary key, content blob)")
    started = time.perf_counter()
    for rows in packages:
        for _id, content in rows:
            sha256(content).digest()
        db.execute("begin immediate")
        db.executemany("insert into part(id, content) values (?, ?)", rows)
        db.execute("commit")
    return len(blobs) / (time.perf_counter() - started)


def apply(log_db: Path, folder: Path) -> float:
    """Return records a second: write key and body, a transaction a batch, into a table with two indexes.

    The indexes are on the two cheapest things there are, so that the floor is fast: a fast floor is the severe one.
    """
    found = ((orjson.loads(content[SALT_BYTES:])["key"], content[SALT_BYTES:]) for content in _parts(log_db))
    rows = list(found)
    db = _created(folder / "apply-floor.db", "normal")
    db.execute("pragma cache_size=-32768")
    db.execute("create table record(key text primary key, body blob)")
    db.execute("create index by_key_end on record(substr(key, -4))")
    db.execute("create index by_length on record(length(body))")
    started = time.perf_counter()
    for at in range(0, len(rows), CHUNK):
        db.execute("begin immediate")
        db.executemany("insert or replace into record(key, body) values (?, ?)", rows[at : at + CHUNK])
        db.execute("commit")
    return len(rows) / (time.perf_counter() - started)


def _parts(log_db: Path) -> list[bytes]:
    db = sqlite3.connect(log_db)
    try:
        return [content for (content,) in db.execute("select content from part order by id")]
    finally:
        db.close()


def _created(path: Path, synchronous: str) -> sqlite3.Connection:
    path.unlink(missing_ok=True)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("pragma journal_mode=wal")
    db.execute(f"pragma synchronous={synchronous}")
    return db
