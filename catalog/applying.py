"""From log.db into the catalogue, record by record, by a journal that can be replayed.

A batch is journalled in log.db first and then applied in one catalogue transaction. A crash between the two leaves the
journal ahead, and the next call applies that row with its time. Any number of processes may apply at once.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from functools import cache
from threading import Event

from catalog import brake, composing, journal, reviewing, statements
from catalog.batch import apply_batch
from catalog.catalogue import Catalogue
from catalog.errors import OtherLog
from catalog.journal import CHUNK
from catalog.judgement import RoleOf
from catalog.reviewing import Range, Review
from catalog.sources import role_by_name
from records.checks import RULES_VERSION
from sync.store import Store

Clock = Callable[[], float]
Progress = Callable[[int, int], None]
_LOOKUP = 512


@dataclass(frozen=True, slots=True)
class Applied:
    """What a call took up: entries read, parts that asserted or withdrew, parts quarantined."""

    entries: int = 0
    asserted: int = 0
    withdrawn: int = 0
    quarantined: int = 0

    def plus(self, other: "Applied") -> "Applied":
        return Applied(*(mine + more for mine, more in zip(astuple(self), astuple(other), strict=True)))


def apply(
    store: Store,
    catalogue: Catalogue,
    me: str,
    clock: Clock,
    role_of: RoleOf,
    progress: Progress | None = None,
    stop: Event | None = None,
) -> Applied:
    """Bring the view up to what `store` holds under receipts (of `me`, the own log: everything); return what was new.

    First replays what is journalled and not applied. Then, where RULES_VERSION is newer than the journal's, a kind has
    come or an origin has another role, judges again and takes up what is judged otherwise now; then parts that have
    arrived, and entries that somebody has decided on; then what the logs go on with. At last what has become stale by
    all this is put together again. `role_of` gives an origin's role in the registry, "" for one that is not there.
    `progress` gets (entries done, all that wait); `stop` ends the call between two batches. Raises OtherLog.
    """
    _agree(store, catalogue)
    total = catalogue.lag(store, me).entries
    role_of = cache(_known(role_of))
    Review(store, catalogue, me, role_of).begin()
    done, batches = Applied(), _batches(store, catalogue, me, clock, role_of)
    while not (stop and stop.is_set()) and (one := next(batches, None)):
        done = done.plus(one)
        if progress:
            progress(done.entries, max(total, done.entries))
    return done


def _agree(store: Store, catalogue: Catalogue) -> None:
    """Raise OtherLog unless the view was built from this log.db, or an older state of it."""
    cursor = catalogue.cursor()
    if cursor and journal.row(store, cursor) != catalogue.batch(cursor):
        raise OtherLog(cursor)
    sizes = {log.id: (log.origin, log.next_entry) for log in store.logs()}
    for one in catalogue.origins().values():
        name, size = sizes.get(one.id, ("", 0))
        if name != one.name or size < one.covered:
            raise OtherLog(cursor)


def _known(role_of: RoleOf) -> RoleOf:
    """An origin that the registry does not know here is what its name says, so that no rebuild judges it otherwise."""
    return lambda origin: role_of(origin) or role_by_name(origin)


def _batches(store: Store, catalogue: Catalogue, me: str, clock: Clock, role_of: RoleOf) -> Iterator[Applied]:
    """Apply until nothing is left, yielding after each batch, outside of any transaction."""
    while True:
        yield from _replay(store, catalogue, me, role_of)
        behind = catalogue.cursor()
        plan = _plan(store, catalogue, me, clock, role_of)
        for group in plan:
            if not journal.add(store, group, clock(), RULES_VERSION, behind):
                break  # another process went on: see what is left then
            yield from _replay(store, catalogue, me, role_of)
            behind += len(group)
        if not plan:
            yield from _refresh(store, catalogue)
            return


def _refresh(store: Store, catalogue: Catalogue) -> Iterator[Applied]:
    """Put together again what has become stale, yielding after each transaction."""
    while catalogue.is_stale():
        with catalogue.write(), _no_collecting():
            composing.refresh(store, catalogue)
        yield Applied()


def _replay(store: Store, catalogue: Catalogue, me: str, role_of: RoleOf) -> Iterator[Applied]:
    """Apply journal rows beyond the cursor, each in one transaction, until there are none."""
    while journal.after(store, catalogue.cursor()):
        with catalogue.write():  # a crash in here leaves the cursor of before
            row = journal.after(store, catalogue.cursor())
            if row is None:  # another process was faster
                continue
            with _no_collecting():
                found = apply_batch(store, catalogue, row, me, role_of)
        yield Applied(row.last - row.first, *found)


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Keep the cycle collector out while thousands of records live; there are no cycles in them. Saves a third."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _plan(store: Store, catalogue: Catalogue, me: str, clock: Clock, role_of: RoleOf) -> list[list[Range]]:
    """Return what is to be journalled next, in groups that belong together."""
    review, known = Review(store, catalogue, me, role_of), journal.rules(store)
    if known is not None and known < RULES_VERSION:
        return [[*review.all(), (0, 0, 0)]]
    again = sorted({*_arrived(store, catalogue), *_erased(store, catalogue), *statements.to_retake(catalogue.db)})
    arrived = list(reviewing.ranges(again))
    return [one for one in (arrived, review.due()) if one] + [[one] for one in _unapplied(store, catalogue, me, clock)]


def _unapplied(store: Store, catalogue: Catalogue, me: str, clock: Clock) -> Iterator[Range]:
    """Yield what the logs go on with, as far as the brake lets it through."""
    known = catalogue.origins()
    for log in store.logs():
        end = brake.until(store, catalogue, log, log.next_entry if log.origin == me else log.stored, me, clock())
        start = known[log.id].covered if log.id in known else 0
        for first in range(start, end, CHUNK):
            yield log.id, first, min(first + CHUNK, end)


def _arrived(store: Store, catalogue: Catalogue) -> Iterator[int]:
    """Yield the parts that the view waits for and that are held now, by id."""
    last = -1
    while ids := catalogue.waiting(last, _LOOKUP):
        marks = ",".join("?" * len(ids))
        for (id,) in store.db.execute(f"select id from part where id in ({marks}) order by id", ids).fetchall():
            yield id
        last = ids[-1]


def _erased(store: Store, catalogue: Catalogue) -> Iterator[int]:
    """Yield the parts that the view knows of and that were erased, by id: their entries are taken up without them."""
    ids = [id for (id,) in store.db.execute("select id from tombstone order by id")]
    for table in ("assertion", "waiting", "quarantine", "stated"):
        yield from (id for (id,) in catalogue.many(f"select id from {table} where id in ({{}})", ids))
