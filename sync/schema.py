"""Tables of log.db, defined and migrated with sqlite-utils.

Bundles, parts and control entries are keyed by one integer, log << 40 | index << 3 | part: rows are appended in key
order, which is four times as fast as a composite key (measured), and a part is found without an index of its own.
"""

import sqlite3
from base64 import b64decode
from functools import cache
from typing import Any

from sqlite_utils import Database, Migrations

from sync import control

migrations = Migrations("log")
LOG_SHIFT = 40
INDEX_SHIFT = 3
MAX_LOGS = 1 << 22


def key(log: int, index: int, part: int = 0) -> int:
    """Return the row id of (log, index, part): log < 2**22, index < 2**37, part < 8."""
    return log << LOG_SHIFT | index << INDEX_SHIFT | part


def index_of(row: int) -> int:
    """Return the index within its log that a row id names."""
    return (row & (1 << LOG_SHIFT) - 1) >> INDEX_SHIFT


@migrations()
def m001_first(db: Any) -> None:
    db["meta"].create({"name": str, "value": bytes}, pk="name")
    db["log"].create(
        {"id": int, "origin": str, "next_entry": int, "stored": int, "frozen": str},
        pk="id",
        not_null={"origin", "next_entry", "stored", "frozen"},
        defaults={"next_entry": 0, "stored": 0, "frozen": ""},
    )
    db["log"].create_index(["origin"], unique=True)
    db["bundle"].create({"id": int, "entries": bytes, "leaves": bytes}, pk="id")
    db["part"].create({"id": int, "content": bytes}, pk="id")
    db["wanted"].create({"id": int, "audience": str}, pk="id")
    db["control"].create({"id": int, "log": int, "what": str, "about": str, "entry": bytes}, pk="id")
    db["control"].create_index(["about", "what", "log"])
    db["node"].create({"log": int, "level": int, "idx": int, "hash": bytes}, pk=("log", "level", "idx"))
    db["head"].create(
        {"log": int, "path": str, "size": int, "root": bytes, "time": int, "note": bytes}, pk=("log", "path")
    )
    db["sighting"].create(
        {"log": int, "path": str, "size": int, "root": bytes, "time": int, "note": bytes, "seen_at": int},
        pk=("log", "path", "size", "root"),
    )
    db["receipt"].create(
        {
            "log": int,
            "signer": str,
            "size": int,
            "first_time": int,
            "first_note": bytes,
            "time": int,
            "note": bytes,
        },
        pk=("log", "signer", "size"),
    )
    db["introduction"].create({"origin": str, "proof": bytes}, pk="origin")
    db["journal"].create({"id": int, "log": int, "first": int, "last": int, "applied_at": int, "rules": int}, pk="id")
    db["alarm"].create({"id": int, "at": int, "what": str, "origin": str, "detail": str, "evidence": bytes}, pk="id")


@migrations()
def m002_statements(db: Any) -> None:
    """Statements that the version before could not read are looked up by what they say now."""
    unread = db.execute("select id, entry from control where what = ''").fetchall()
    named = ((*control.describe(control.body_of(raw)), row) for row, raw in unread)
    db.conn.executemany("update control set what = ?, about = ? where id = ?", list(named))


@migrations()
def m003_eras(db: Any) -> None:
    """Every statement that was introduced is kept, not the newest one alone: old keys are read from the old ones."""
    proofs = [proof for (proof,) in db.execute("select proof from introduction").fetchall()]
    db["introduction"].drop()
    db["introduction"].create(
        {"origin": str, "home": str, "idx": int, "entry": bytes, "proof": bytes}, pk=("origin", "home", "idx")
    )
    for proof in proofs:
        before, _blank, signed = proof.partition(b"\n\n")
        extra, index = (line.partition(b" ")[2] for line in before.split(b"\n")[1:3])
        raw = b64decode(extra)
        stated = raw[2 : 2 + int.from_bytes(raw[:2], "big")]
        home = signed.split(b"\n")[0].decode()
        _what, about = control.describe(control.body_of(stated))
        db["introduction"].insert(
            {"origin": about, "home": home, "idx": int(index), "entry": stated, "proof": proof}, replace=True
        )


@migrations()
def m004_audiences(db: Any) -> None:
    """What was erased stays away; whom a log's audiences let see what when it was judged last (wants.py)."""
    db["tombstone"].create(
        {"id": int, "by": str, "at": int, "ground": str, "seen_at": int, "due": int, "cleared": int, "stated": int},
        pk="id",
        not_null={"by", "at", "ground", "seen_at", "due", "cleared", "stated"},
    )
    db.execute("create index control_erasing on control(id) where what in ('erase', 'erased')")
    db.execute("create table due(log integer, audience text, spans text, primary key (log, audience)) without rowid")


@migrations()
def m005_truth(db: Any) -> None:
    """Forks with their evidence, when each child called last, and manifests with their rows.

    `proved` heads are known to lead to what is stored, or to a later head of their path: they can make room.
    """
    files = {"file": bytes, "registrations": bytes, "told_by": str, "found_at": int}
    db["fork"].create({"hash": bytes, "origin": str, **files}, pk="hash")
    db["fork"].create_index(["origin"])
    db["sighting"].add_column("proved", int, not_null_default=0)
    db["tip"].create({"log": int, "size": int, "root": bytes, "last": int, "proof": bytes}, pk="log")
    db["heartbeat"].create({"origin": str, "at": int}, pk="origin")
    manifest = {"log": int, "idx": int, "night": int, "count": int, "root": bytes}
    db["manifest"].create(manifest, pk=("log", "idx"))
    db["manifest_row"].create({"log": int, "idx": int, "origin": str, "row": bytes}, pk=("log", "idx", "origin"))


@migrations()
def m006_damage(db: Any) -> None:
    """What was found damaged here, and what became of it (sync/damage.py)."""
    db["damage"].create(
        {
            "id": int,
            "origin": str,
            "what": str,
            "first": int,
            "last": int,
            "part": int,
            "detail": str,
            "found_at": int,
            "mended_at": int,
            "how": str,
        },
        pk="id",
    )
    db["damage"].create_index(["origin", "what", "first", "last", "part"], unique=True)
    db.execute("create index damage_open on damage(origin) where mended_at is null")


@migrations()
def m007_quota(db: Any) -> None:
    """How much each child may still bring, and since when."""
    db["quota"].create(
        {"child": str, "what": str, "about": str, "level": float, "at": float}, pk=("child", "what", "about")
    )


@migrations()
def m008_recovery(db: Any) -> None:
    """Entries of the own log that make room for those that a newer head promises; see recovery.py."""
    db["aside"].create({"id": int, "was": int, "entry": bytes}, pk="id")
    db["aside_part"].create({"aside": int, "number": int, "content": bytes}, pk=("aside", "number"))


@migrations()
def m009_alarms(db: Any) -> None:
    """When somebody has dealt with an alarm: it is shown no more, and kept."""
    db["alarm"].add_column("done_at", int, not_null_default=0)


@migrations()
def m011_spoiled(db: Any) -> None:
    """Entries of the own log that were damaged before anybody signed for them, and cannot be had from anywhere."""
    db["spoiled"].create({"id": int, "idx": int, "at": int, "why": str, "entry": bytes}, pk="id")
    db["spoiled_part"].create({"spoiled": int, "number": int, "content": bytes}, pk=("spoiled", "number"))


@migrations()
def m012_moved(db: Any) -> None:
    """Which entries were set aside together, the tombstones that they set, and where entries of the own log went."""
    db["aside"].add_column("batch", int, not_null_default=1)
    stone = {"by": str, "at": int, "ground": str, "seen_at": int, "due": int, "cleared": int, "stated": int}
    db["aside_stone"].create({"batch": int, "id": int, **stone}, pk=("batch", "id"))
    db["moved"].create({"was": int, "now": int}, pk=("was", "now"))


@cache
def _names() -> frozenset[str]:
    return frozenset(one.name for one in migrations.pending(Database(memory=True)))


def _applied(connection: sqlite3.Connection) -> set[str]:
    try:
        rows = connection.execute("select name from _sqlite_migrations where migration_set = 'log'").fetchall()
    except sqlite3.OperationalError:  # no such table: an empty file
        return set()
    return {name for (name,) in rows}


def is_current(connection: sqlite3.Connection) -> bool:
    """Return whether the tables have every change that this program knows."""
    return _names() <= _applied(connection)


def newer(connection: sqlite3.Connection) -> set[str]:
    """Return the changes that a newer program has made to the tables."""
    return _applied(connection) - _names()


def prepare(connection: sqlite3.Connection) -> None:
    """Bring the tables up to date; each migration is atomic."""
    migrations.apply(Database(connection))
