"""Tables of catalog.db, defined and migrated with sqlite-utils. All of it can be built again from log.db.

`assertion`, `waiting` and `quarantine` are keyed like parts in log.db (sync/schema.py: log, index and part in one
integer), and logs have the ids that they have there. A `record` row is what one key is in the views of its mask; the
row that holds the full view has no `wider`, the others of that key name it there. A key that has joined another one in
the full view keeps a row in the state "joined", so that it has its id when it leaves again.

What a row rests on besides its own statements: `claim`, the keys under which a right is known as well (its publication
numbers); `loose`, the keys that are only such a number; `joined`, which of them belong to which right now; `about`, the
events of a right; `organisation`, the registered names that tell owners from others; `kind`, what the hub has
published. Whatever changes there puts the records that rest on it into `stale`, to be put together again. `basis` says
what the parts were last judged by.

What the federation itself states of records is kept apart from them (statements.py): `stated`, and `retake`, the
entries that somebody has decided on since they were judged. `held` says up to where logs wait for a person (brake.py).
"""

import secrets
import sqlite3
from typing import Any

from sqlite_utils import Database, Migrations

migrations = Migrations("catalog")

RECORD_COLUMNS = {
    "id": int,
    "key": str,
    "wider": int,
    "views": int,
    "kind": str,
    "category": str,
    "title": str,
    "number": str,
    "applicants": str,
    "filing_date": str,
    "publication_date": str,
    "status": str,
    "status_from": str,  # the key of the event that the status follows, "" where the right states its own
    "city": str,
    "origin": str,
    "state": str,  # current, tombstone or joined
    "first_applied": int,
    "last_applied": int,
}
_TABLES = (
    "record", "origin", "batch", "assertion", "waiting", "quarantine", "dirty", "indexed", "symbol", "listed", "words"
)  # fmt: skip


@migrations()
def m003_sources(db: Any) -> None:
    """Begin anew: what an older catalogue held is applied again from the journal, with its times."""
    for table in _TABLES:
        db.execute(f"drop table if exists {table}")
    _view(db)
    _sources(db)
    _statements(db)
    _search(db)
    db.execute(f"pragma user_version = {1 + secrets.randbelow(2**31 - 1)}")


@migrations()
def m005_reconcile(db: Any) -> None:
    """What waits for a person (brake.py)."""
    db.execute("drop table if exists held")
    db["held"].create(dict.fromkeys(("log", "first", "last", "changed", "deleted", "live", "share"), int), pk="log")


def _view(db: Any) -> None:
    db["record"].create(RECORD_COLUMNS, pk="id")
    db.execute("create unique index record_key on record(key) where wider is null")
    db.execute("create index record_wider on record(wider) where wider is not null")
    db.execute("create index record_register on record(kind, number, title) where category = 'register'")
    db["origin"].create({"id": int, "name": str, "city": str, "role": str, "covered": int}, pk="id")
    db["batch"].create({"id": int, "log": int, "first": int, "last": int, "applied_at": int, "rules": int}, pk="id")
    db["assertion"].create({"id": int, "record": int, "views": int, "op": int, "batch": int}, pk="id")
    db["assertion"].create_index(["record"])
    db["waiting"].create({"id": int}, pk="id")
    db["quarantine"].create({"id": int, "key": str, "findings": str, "batch": int}, pk="id")


def _sources(db: Any) -> None:
    db.execute(
        "create table claim(alias text, record integer, views integer, primary key (alias, record)) without rowid"
    )
    db.execute("create index claim_record on claim(record)")
    db["loose"].create({"record": int, "alias": str}, pk="record")
    db.execute("create unique index loose_alias on loose(alias)")
    db.execute(
        "create table joined(record integer, right integer, views integer, primary key (record, right)) without rowid"
    )
    db.execute("create index joined_right on joined(right)")
    db.execute("create table about(right text, record integer, primary key (right, record)) without rowid")
    db.execute("create index about_record on about(record)")
    db["organisation"].create({"origin": str, "name": str, "uscc": str}, pk="origin")
    db["kind"].create({"name": str, "version": int, "schema": str}, pk="name")
    db["stale"].create({"record": int}, pk="record")
    db["basis"].create({"name": str, "value": str}, pk="name")


def _statements(db: Any) -> None:
    columns = {"id": int, "kind": str, "about": str, "idx": int, "part": int, "word": str, "batch": int}
    db["stated"].create(columns, pk=("id", "idx", "part"))
    db["stated"].create_index(["about", "kind", "idx"])
    db.execute("create table retake(log integer, idx integer, primary key (log, idx)) without rowid")


def _search(db: Any) -> None:
    db["dirty"].create({"record": int}, pk="record")
    db["indexed"].create({"record": int, "texts": bytes}, pk="record")
    db.execute("create table symbol(ipc text, record integer, primary key (ipc, record)) without rowid")
    db.execute("create table listed(day text, record integer, primary key (day, record)) without rowid")
    db.execute(
        "create virtual table words using fts5(title, applicants, inventors, numbers, text, content='', "
        "tokenize='ascii')"
    )
    db.execute("insert into words(words, rank) values ('rank', 'bm25(10.0, 5.0, 4.0, 8.0, 1.0)')")


def prepare(connection: sqlite3.Connection) -> None:
    """Bring the tables up to date; each migration is atomic."""
    migrations.apply(Database(connection))


def is_current(connection: sqlite3.Connection) -> bool:
    """Return whether the tables are those of this program."""
    return not migrations.pending(Database(connection))
