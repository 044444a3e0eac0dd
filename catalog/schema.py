"""Tables of catalog.db, defined and migrated with sqlite-utils. All of it can be built again from log.db.

`assertion`, `waiting` and `quarantine` are keyed like parts in log.db (sync/schema.py: log, index and part in one
integer), and logs have the ids that they have there. A `record` row is what one key is in the views of its mask; the
row that holds the full view has no `wider`, the others of that key name it there.
"""

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
    "city": str,
    "origin": str,
    "state": str,
    "first_applied": int,
    "last_applied": int,
}


@migrations()
def m001_first(db: Any) -> None:
    db["record"].create(RECORD_COLUMNS, pk="id")
    db.execute("create unique index record_key on record(key) where wider is null")
    db.execute("create index record_wider on record(wider) where wider is not null")
    db.execute("create index record_register on record(kind, number, title) where category = 'register'")
    db["origin"].create({"id": int, "name": str, "city": str, "covered": int}, pk="id")
    db["batch"].create({"id": int, "log": int, "first": int, "last": int, "applied_at": int, "rules": int}, pk="id")
    db["assertion"].create({"id": int, "record": int, "views": int, "op": int, "batch": int}, pk="id")
    db["assertion"].create_index(["record"])
    db["waiting"].create({"id": int}, pk="id")
    db["quarantine"].create({"id": int, "key": str, "findings": str, "batch": int}, pk="id")
    db["dirty"].create({"record": int}, pk="record")


@migrations()
def m002_search(db: Any) -> None:
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
