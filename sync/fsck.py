"""Checking everything that log.db and head.lock hold (wire.md sections 3 to 9): reads only, and may run while serving.

Every bundle, leaf hash and root of the tree, every part, the index of control entries, every head and receipt, and what
head.lock says that we have signed. What it yields is mended by mending.py.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sync import damage, entry, inspection, lockrow, rows, signed
from sync.annex import Annex
from sync.damage import Damage
from sync.errors import SyncError
from sync.inspection import Inspection
from sync.lock import HeadLock
from sync.lockrow import LockRow
from sync.registry import Registry
from sync.rights import Rights
from sync.rows import WHOLE, Slice
from sync.schema import index_of, key
from sync.signed import Kept, Keys
from sync.store import Log, Store

_MISSING = "was signed, and is not in log.db"
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Check:
    """One check of a store: of all logs or of one `origin`, all of them or a slice.

    `progress` hears (origin, entries looked at, entries in all).
    """

    store: Store
    registry: Registry
    lock: HeadLock | None = None
    origin: str = ""
    slice: Slice = WHOLE
    progress: Progress = lambda origin, done, total: None

    def damages(self) -> Iterator[Damage]:
        """Yield what is damaged. What SQLite itself cannot read ends the check of that log."""
        if self.slice.number == 1 and not self.origin:
            broken = integrity(self.store.db)
            if broken:
                yield Damage("", damage.DATABASE, 0, 0, -1, f"log.db: {broken}")
        keys = Keys(self.store, self.registry)
        for log in self.store.logs():
            if self.origin in ("", log.origin):
                yield from self._readable(log.origin, self._log(log, keys))
        if not self.origin:
            yield from self._readable("", signed.introductions(self.store, keys))
            yield from self._readable("", Annex(self.store, self.registry).damages())
            yield from self._lost(keys)

    def _readable(self, origin: str, found: Iterator[Damage]) -> Iterator[Damage]:
        try:
            yield from found
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise
            yield Damage(origin, damage.DATABASE, 0, 0, -1, f"log.db: {error}")

    def _log(self, log: Log, keys: Keys) -> Iterator[Damage]:
        kept = [*signed.heads(self.store, keys, log), *signed.receipts(self.store, keys, log)]
        yield from signed.damaged(log, (one for one in kept if self.slice.holds(one.size)))
        locked = lockrow.of(self.lock, keys, self.registry.me, log.origin)
        roots = promised([*kept, locked] if locked else kept)
        with rows.snapshot(self.store):
            log = self.store.log(log.origin) or log
            right = rightly(self.store, log, set(roots), self.registry.me)
        if locked is not None and locked.detail:
            yield from lockrow.damages([locked])
        elif locked is not None and locked.columns.size > right.next_entry:
            yield Damage(log.origin, damage.LOCK, right.next_entry, locked.columns.size, -1, _MISSING)
        if right != log:
            yield Damage(log.origin, damage.LOG, 0, 0, -1, f"says {log.next_entry} entries, {log.stored} stored")
        found = list(self._inspected(right, roots, self.slice))
        if not self.slice.is_whole and any(map(inspection.is_of_root, found)):
            found = list(self._inspected(right, roots, WHOLE))
        yield from found

    def bundles(self, origin: str, chosen: list[int], roots: dict[int, set[bytes]]) -> list[Damage]:
        """Return what is damaged in some bundles of a log and in what belongs to them; `roots` were signed, by size."""
        log = self.store.log(origin)
        return self._inspection(log, roots, self.slice, lambda entries: None).of(chosen) if log else []

    def _lost(self, keys: Keys) -> Iterator[Damage]:
        """Yield the logs that we have signed for and that log.db does not know."""
        known = {log.origin for log in self.store.logs()}
        for one in lockrow.rows(self.lock, keys, self.registry.me) if self.lock else ():
            if one.origin not in known:
                yield from lockrow.damages([one])
                if not one.detail:
                    yield Damage(one.origin, damage.LOCK, 0, 0, -1, _MISSING)

    def _inspected(self, log: Log, promised: dict[int, set[bytes]], which: Slice) -> Iterator[Damage]:
        done = 0

        def advance(entries: int) -> None:
            nonlocal done
            done += entries
            self.progress(log.origin, done, log.next_entry // which.of)

        yield from self._inspection(log, promised, which, advance).damages()

    def _inspection(
        self, log: Log, promised: dict[int, set[bytes]], which: Slice, progress: Callable[[int], None]
    ) -> Inspection:
        committer = entry.Committer(self.registry.federation.id, log.origin)
        due = _as_far_as_known(Rights(self.store, self.registry).sees(log.origin, self.registry.me))
        return Inspection(self.store, log, log.next_entry, promised, committer, due, which, progress)


def _as_far_as_known(sees: Callable[[str, int], bool]) -> Callable[[str, int], bool]:
    """Tell what is due; while what says so is damaged itself, nothing is: it is asked again once that is whole."""

    def due(audience: str, index: int) -> bool:
        try:
            return sees(audience, index)
        except SyncError:
            return False

    return due


def promised(kept: Iterable[Kept | LockRow]) -> dict[int, set[bytes]]:
    """Return the roots that were signed, by size."""
    found: dict[int, set[bytes]] = {}
    for one in kept:
        if one.opened is not None:
            found.setdefault(one.opened.size, set()).add(one.opened.root)
    return found


def check(
    store: Store,
    registry: Registry,
    lock: HeadLock | None = None,
    origin: str = "",
    which: Slice = WHOLE,
    progress: Progress = lambda origin, done, total: None,
) -> list[Damage]:
    """Return everything that is damaged in log.db and, where it is given, head.lock; nothing for a whole store."""
    return list(Check(store, registry, lock, origin, which, progress).damages())


def integrity(db: sqlite3.Connection) -> str:
    """Return what SQLite says of its own pages and indexes where they are damaged; nothing where they are whole."""
    try:
        (found,) = db.execute("pragma integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else str(found)


def integrity_of(path: Path) -> str:
    """Return what SQLite says of a database file, as `integrity` does."""
    try:
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
    except sqlite3.Error as error:
        return str(error)
    try:
        return integrity(db)
    finally:
        db.close()


def rightly(store: Store, log: Log, promised: set[int], me: str) -> Log:
    """Return a log's row as its bundles, and the sizes that were signed, say that it should be.

    Entries that are missing behind what was signed were never promised to anybody: they come again, or are not ours to
    miss. Those that are missing below it are.
    """
    end = _extent(store, log)
    stored = log.stored
    received = _received(store, log, me)
    if stored < received or not (stored == 0 or stored in promised):
        stored = received or max((size for size in promised if size <= end), default=0)
    return replace(log, next_entry=max(end, stored), stored=stored)


def _received(store: Store, log: Log, me: str) -> int:
    """Return the size up to which we have signed: the own log, or for it to whom it belongs."""
    query = "select max(size) from receipt where log = ? and signer = ?"
    if log.origin == me:
        query = "select max(size) from head where log = ? and path = '' and 'own' <> ?"
    return int(store.db.execute(query, (log.id, me)).fetchone()[0] or 0)


def _extent(store: Store, log: Log) -> int:
    """Return how many entries the rows of a log hold, as far as their ids and lengths say."""
    row = store.db.execute(
        "select id, entries, leaves from bundle where id >= ? and id < ? order by id desc limit 1",
        (key(log.id, 0), key(log.id + 1, 0)),
    ).fetchone()
    if row is None:
        return 0
    first = index_of(row[0])
    ends = {first + rows.count(row[1]), first + len(row[2]) // 32}
    return log.next_entry if log.next_entry in ends else max(ends)
