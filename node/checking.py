"""What a node checks of itself, and what becomes of what it finds: noted, told to a person, mended or waiting for help.

`check` is one check; the nightly one takes a thirtieth of everything, so that a month has seen it all.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from catalog import applying, indexing, rebuilding
from catalog import checking as rows
from catalog.errors import CatalogError
from node import cataloguing
from node.errors import Interrupted, NodeError
from node.node import Node, Opened
from node.schedule import share
from sync import damage, fsck, unsealed
from sync.damage import Book, Damage
from sync.errors import SyncError
from sync.lock import HeadLock
from sync.mending import Mending
from sync.rows import WHOLE, Slice

log = logging.getLogger(__name__)
NIGHTS = 30  # in which everything is looked at once
CATALOGUE = "catalog.db"  # as progress names it
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Aside:
    """An own entry that was set aside, why, and the import that it came with: its number, 0 if unknown, and files."""

    index: int
    why: str
    submission: int
    files: tuple[str, ...]


@dataclass
class Checked:
    """What a check found, which of it is mended, and what waits for a session, a command or a person.

    `aside` is what was ever set aside of the own log, because it was damaged before anybody had signed it.
    """

    entries: int = 0
    found: list[Damage] = field(default_factory=list)
    mended: list[Damage] = field(default_factory=list)
    waiting: list[Damage] = field(default_factory=list)
    aside: list[Aside] = field(default_factory=list)


def check(
    node: Node,
    origin: str = "",
    which: Slice = WHOLE,
    mend: bool = True,
    progress: Progress = lambda origin, done, total: None,
) -> Checked:
    """Check this node's logs and catalogue, or one log alone; note what is damaged, and mend what can be mended here.

    Raises Busy where the catalogue is being made meanwhile.
    """
    seen: dict[str, int] = {}

    def count(log_origin: str, done: int, total: int) -> None:
        seen[log_origin] = done
        progress(log_origin, done, total)

    with node.opened() as opened, node.lock() as lock:
        found = fsck.check(opened.store, opened.registry, lock, origin, which, count)
        if not origin and which.number == 1:
            found += _files(node)
        book = Book(opened.store)
        _note(book, found, node)
        if which.is_whole:
            known = {one.origin for one in opened.store.logs()} | {one.origin for one in book.open()}
            origins = [origin] if origin else sorted({"", *known})
            book.settle(origins, found, int(node.clock()))
        mended = _mended(node, opened, lock, found) if mend else []
        if not origin:
            wrong = _catalogue(node, opened, which, mend, progress)
            found += wrong
            mended += [one for one in wrong if mend and one not in book.open()]
        return Checked(sum(seen.values()), found, mended, book.open(origin or None), _aside(node, opened))


def _aside(node: Node, opened: Opened) -> list[Aside]:
    """Return what was set aside; tell a person once which import is to be given again."""
    found = []
    for one in unsealed.spoiled(opened.store):
        came = next((each for each in node.notebook.submissions() if each.first <= one.index < each.last), None)
        found.append(Aside(one.index, one.why, came.number if came else 0, came.files if came else ()))
        if came is not None:
            with opened.store.write():
                files = ", ".join(came.files)
                detail = f"entry {one.index} came with import {came.number} ({files}): import that file again"
                opened.store.alarm("set-aside", node.origin, detail)
    return found


def _note(book: Book, found: Iterable[Damage], node: Node) -> None:
    for one in book.note(found, int(node.clock())):
        log.error("damaged origin=%s place=%s", one.origin, damage.said(one))


def _mended(node: Node, opened: Opened, lock: HeadLock, found: list[Damage]) -> list[Damage]:
    """Mend what follows from what is whole here, of this check and what an earlier one left open."""
    mending = Mending(opened.store, opened.registry, lock, int(node.clock()))
    left = [one for one in mending.book.open() if one not in found]
    mended = mending.here([*found, *left])
    for one in mended:
        log.info("mended origin=%s place=%s", one.origin, damage.said(one))
    return mended


def _files(node: Node) -> list[Damage]:
    """Return which of the other databases SQLite itself finds damaged."""
    found = []
    for path in (node.home.node_db, node.home.head_lock):
        broken = fsck.integrity_of(path) if path.exists() else ""
        if broken:
            found.append(Damage("", damage.DATABASE, 0, 0, -1, f"{path.name}: {broken}"))
    return found


# -- the catalogue ----------------------------------------------------------------------------------------------------


def _catalogue(node: Node, opened: Opened, which: Slice, mend: bool, progress: Progress) -> list[Damage]:
    """Bring the catalogue up to date, look for rows that are not what the logs say, and have them made again.

    What is found is looked at once more after everything that has come meanwhile was applied.
    """
    book = Book(opened.store)
    with node.home.hold("apply", cataloguing.APPLY_WAIT_S):
        found = _looked(node, opened, which, progress)
        if found:
            again = set(_looked(node, opened, which, progress))
            found = [one for one in found if one in again]
        _note(book, found, node)
        if mend:
            if found:
                _make_again(node, opened, found)
            still = set(_looked(node, opened, which, progress)) if found else set()
            known = [one for one in book.open(what=damage.CATALOGUE) if which.is_whole or one in found]
            _settle(book, [one for one in known if one not in still], int(node.clock()))
    return found


def _looked(node: Node, opened: Opened, which: Slice, progress: Progress) -> list[Damage]:
    """Return the rows that are wrong, or that the catalogue cannot be read at all."""
    path = node.home.catalog_db
    broken = fsck.integrity_of(path) if which.number == 1 and path.exists() else ""
    try:
        return [_unreadable(broken)] if broken else _rows(node, opened, which, progress)
    except (CatalogError, sqlite3.DatabaseError) as error:
        return [_unreadable(str(error) or type(error).__name__)]


def _unreadable(why: str) -> Damage:
    return Damage("", damage.CATALOGUE, 0, 0, -1, f"{CATALOGUE}: {why}")


def _rows(node: Node, opened: Opened, which: Slice, progress: Progress) -> list[Damage]:
    """Apply what waits, then return the rows that are wrong; what is damaged in the logs themselves does not count."""
    store, done = opened.store, 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress(CATALOGUE, done, done)

    with cataloguing.catalogue(node) as found:
        applying.apply(store, found, node.origin, node.clock, opened.role_of)
        indexing.index(store, found)
        ids = {one.origin: one.id for one in store.logs()}
        open_places = [one for one in Book(store).open() if one.what in (damage.PART, damage.ENTRIES)]
        skip = frozenset((ids[one.origin], at) for one in open_places for at in range(one.first, one.last))
        return list(rows.Check(store, found, node.origin, opened.role_of, which, skip).damages(advance))


def _make_again(node: Node, opened: Opened, found: list[Damage]) -> None:
    """Have wrong rows taken up again from the logs; where that does not do, make the whole catalogue again."""
    try:
        if any(one.detail.partition(":")[0] in (CATALOGUE, rows.BATCH, rows.LEFT) for one in found):
            rebuilding.rebuild(opened.store, node.home.catalog_db, node.origin, node.clock, opened.role_of)
            return
        with cataloguing.catalogue(node) as catalogue:
            rows.mend(catalogue, opened.store, found)
            applying.apply(opened.store, catalogue, node.origin, node.clock, opened.role_of)
            indexing.index(opened.store, catalogue)
    except (CatalogError, SyncError, sqlite3.Error) as error:
        log.error("catalogue not mended error=%r", error)


def _settle(book: Book, mended: Iterable[Damage], now_s: int) -> None:
    with book.store.write():
        for one in mended:
            book.mended(one, "made again from the logs", now_s)


# -- every night ------------------------------------------------------------------------------------------------------


def tonight(node: Node) -> Slice:
    """Return which thirtieth is looked at in the night of this moment; nodes begin at different ones."""
    day = datetime.fromtimestamp(node.clock(), ZoneInfo(node.settings.timezone)).toordinal()
    return Slice((day + int(share(node.origin) * NIGHTS)) % NIGHTS + 1, NIGHTS)


def night(node: Node, until: float, stop: threading.Event) -> Checked:
    """Check tonight's slice; raise Interrupted when told to stop, or when the time is over."""

    def go_on(_origin: str, _done: int, _total: int) -> None:
        if stop.is_set() or node.clock() > until:
            raise Interrupted("fsck")

    return check(node, which=tonight(node), progress=go_on)


def suspect(node: Node, origins: Iterable[str]) -> None:
    """Check all of each of these logs, which did not verify where they were brought; what waits is healed later."""
    for origin in sorted(set(origins)):
        try:
            check(node, origin)
        except (NodeError, SyncError, sqlite3.Error) as error:
            log.error("not checked origin=%s error=%r", origin, error)


def left(node: Node, origins: Iterable[str]) -> list[Damage]:
    """Look again at what is noted as damaged in these logs, and return what is not mended yet, of all."""
    with node.opened() as opened, node.lock() as lock:
        mending = Mending(opened.store, opened.registry, lock, int(node.clock()))
        mending.here([one for origin in sorted(set(origins)) for one in mending.book.open(origin)])
        return mending.book.open()
