"""Erasing at one node: what is to be forgotten goes from every file of it, and then the node says so in its own log.

Deleting a row does not clear a file: SQLite overwrites what it deletes, but pages that were split may hold an older
copy of a row, the write-ahead log the row as it was, and the search index its words. So the log is emptied, the index
is written anew, and the files are looked through for what was deleted; where a piece of it is left, or where a crash
lost what to look for, the whole file is written anew. Nothing is stated before.
"""

import mmap
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.catalogue import Catalogue
from node import cataloguing, handouts
from node.errors import NodeError
from node.messages import N_
from node.node import Node
from records import body
from records.errors import MalformedRecord
from sync import entry, erasing, recovery, wants
from sync.erasing import Tombstone

HANDED_OUT = "handed-out-erased"  # an alarm: a file that a person must see to
_PIECE = 48
_PIECES = 16
_WAIT_MS = 30_000  # for readers of a file to come to their end


class StillRead(NodeError):
    """A file that somebody reads, so that it cannot be cleared now: (file,)."""

    facts = ("file",)
    sentence = N_(
        "{file} is being read by another process, so what was erased cannot be cleared from it now. It is tried again "
        "by itself; until then this node does not state that it has forgotten."
    )


@dataclass(frozen=True, slots=True)
class Followed:
    """What a call did: parts deleted here, parts of which nothing is left here, statements made."""

    deleted: int = 0
    cleared: int = 0
    stated: int = 0


def follow_up(node: Node) -> Followed:
    """Forget here what the owner, its home or the hub wants forgotten, and state it in the own log.

    Costs next to nothing where there is nothing to forget. Every step may be repeated after a crash. Raises StillRead.
    """
    with node.opened() as opened:
        gone = erasing.obey(opened.store, opened.registry)
        wants.refresh(opened.store, opened.registry)
        pending = erasing.tombstones(opened.store, "not cleared")
    if pending:
        _clear(node, pending, gone)
    with node.opened() as opened:
        stated = erasing.state_erased(opened.store, opened.own, opened.registry)
        recovery.mark_replayed(opened.store)
    return Followed(len(gone), len(pending), stated)


def _clear(node: Node, pending: Sequence[Tombstone], gone: Sequence[bytes]) -> None:
    """Clear every file of what these tombstones stand for; `gone` is what was deleted for them by this call."""
    held = sum(one.due for one in pending)
    with node.opened() as opened:
        scrub(opened.store.db, node.home.log_db, gone, again=held > len(gone))
    if held or gone:
        cataloguing.apply(node)
        with cataloguing.catalogue(node) as found:
            _clear_index(found)
            scrub(found.db, node.home.catalog_db, (), again=True)
        _clear_notes(node, pending, gone)
        _take_back(node, pending)
    with node.opened() as opened:
        erasing.mark_cleared(opened.store, [one.id for one in pending])


def _clear_index(catalogue: Catalogue) -> None:
    """Write the word index anew: it keeps the words of what was taken out until its pieces are merged."""
    with catalogue.write() as db:
        db.execute("insert into words(words) values ('optimize')")


def _clear_notes(node: Node, pending: Sequence[Tombstone], gone: Sequence[bytes]) -> None:
    """Delete what checks remarked on rows of the own imports that stated these parts.

    Where a crash lost which records they were, all remarks on those imports go.
    """
    own = [one for one in pending if one.origin == node.origin]
    if not own:
        return
    keys = [key for content in gone if (key := _key(content))]
    db = sqlite3.connect(node.home.node_db, timeout=30, isolation_level=None)
    try:
        db.execute("pragma secure_delete=on")
        for one in own:
            which = "number in (select number from submission where first <= ? and last > ?)"
            if len(keys) == len(gone) and keys:
                marks = ",".join("?" * len(keys))
                db.execute(f"delete from finding where key in ({marks})", keys)
            else:
                db.execute(f"delete from finding where {which}", (one.index, one.index))
        scrub(db, node.home.node_db, gone, again=True)
    finally:
        db.close()


def _take_back(node: Node, pending: Sequence[Tombstone]) -> None:
    """Delete the files of the outbox that hold what is erased; tell the operator of those that are left."""
    left = handouts.take_back(node, [(one.origin, one.index, one.part) for one in pending])
    with node.opened() as opened, opened.store.write():
        for one in left:
            opened.store.alarm(
                HANDED_OUT, node.origin, one.path if one.path != handouts.STDOUT else f"{one.what} {one.at}"
            )


def _key(content: bytes) -> str:
    try:
        return body.decode(content[entry.SALT_BYTES :]).key
    except MalformedRecord:
        return ""


def scrub(db: sqlite3.Connection, path: Path, gone: Sequence[bytes], again: bool) -> None:
    """Leave nothing of `gone` in a database file or its write-ahead log; with `again`, write the file anew anyway.

    Raises StillRead.
    """
    db.execute("pragma secure_delete=on")
    _empty_log(db, path)
    if again or is_left(path, gone):
        db.execute("vacuum")
        _empty_log(db, path)


def _empty_log(db: sqlite3.Connection, path: Path) -> None:
    db.execute(f"pragma busy_timeout={_WAIT_MS}")
    busy, _pages, _moved = db.execute("pragma wal_checkpoint(truncate)").fetchone()
    if busy:
        raise StillRead(path.name)


def is_left(path: Path, gone: Sequence[bytes]) -> bool:
    """Tell whether a file holds the salt, or one of some pieces, of what was deleted."""
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as found:
        return any(found.find(piece) >= 0 for content in gone for piece in _pieces(content))


def _pieces(content: bytes) -> list[bytes]:
    step = max(_PIECE, len(content) // _PIECES)
    behind = range(entry.SALT_BYTES, len(content), step)
    return [content[: entry.SALT_BYTES], *(content[at : at + _PIECE] for at in behind if len(content) - at >= _PIECE)]
