"""The catalogue made again from log.db: the same rows with the same times, row ids aside."""

import os
import sqlite3
from pathlib import Path

from catalog.applying import Applied, Clock, Progress, apply
from catalog.catalogue import Catalogue
from catalog.errors import NoCatalogue, OtherLog
from catalog.indexing import index
from catalog.judgement import RoleOf
from sync.store import Store


def rebuild(
    store: Store,
    path: Path,
    me: str,
    clock: Clock,
    role_of: RoleOf,
    progress: Progress | None = None,
    brake_share: float = 0.0,
) -> Applied:
    """Put a catalogue made from nothing but `store` in the place of `path`, searchable; return what it took up.

    The old one, if it can be read, is first brought up to date, so that what has arrived or is judged otherwise since
    is journalled with its time. It is used until the new one is whole; a crash leaves the old one, or the new one.
    """
    _bring_up_to_date(store, path, me, clock, role_of, brake_share)
    beside = path.with_name(path.name + ".new")
    remove(beside)
    made = Catalogue.create(beside)
    made.brake_share = brake_share
    try:
        applied = apply(store, made, me, clock, role_of, progress)
        index(store, made)
        _replace(path, made)
    finally:
        made.close()
    if not path.exists():
        os.replace(beside, path)  # closing has emptied its write-ahead log
    remove(beside)
    return applied


def _bring_up_to_date(store: Store, path: Path, me: str, clock: Clock, role_of: RoleOf, brake_share: float) -> None:
    try:
        old = Catalogue(path)
        old.brake_share = brake_share
    except (NoCatalogue, sqlite3.DatabaseError):
        return
    try:
        if not old.is_current():
            return  # of an older program: what it says of times stands in the journal too
        apply(store, old, me, clock, role_of)
    except (OtherLog, sqlite3.DatabaseError):
        pass  # broken, or of another log.db: nothing in it is wanted
    finally:
        old.close()


def _replace(path: Path, made: Catalogue) -> None:
    """Write the new content into the old file in one transaction, so that whoever has it open goes on with the new.

    A file swapped under a live connection would meet the old file's write-ahead log. What is no database is removed.
    """
    if not path.exists():
        return
    try:
        target = sqlite3.connect(path, timeout=30)
        try:
            made.db.backup(target)
        finally:
            target.close()
    except sqlite3.DatabaseError:
        remove(path)


def remove(path: Path) -> None:
    """Take a catalogue away; whoever has it open goes on with the old one until it is closed."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
