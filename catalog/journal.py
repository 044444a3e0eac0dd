"""The apply journal in log.db: which entries of which log went into the catalogue, when, and by which rules.

Rows that continue a log's coverage bring entries in for the first time. A row below it takes entries up again: a part
has arrived, or newer rules judge otherwise. The entry then counts from that row only, so that replaying the journal
with what is held today gives each entry the time that it got. A row of no entries (log 0) says that everything before
it was judged by its rules.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sync.store import Store

CHUNK = 4096
_COLUMNS = "id, log, first, last, applied_at, rules"


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries [first, last) of one log as applied at once; `applied_at` in POSIX seconds, never decreasing by id."""

    id: int
    log: int
    first: int
    last: int
    applied_at: int
    rules: int


def add(store: Store, ranges: Iterable[tuple[int, int, int]], clock_s: float, rules: int, behind: int) -> bool:
    """Append one row for each (log, first, last) and return True, in one durable transaction.

    Changes nothing and returns False if the journal's newest row is not `behind`: somebody else went on.
    """
    with store.write() as db:
        newest, time_s = db.execute("select id, applied_at from journal order by id desc limit 1").fetchone() or (0, 0)
        if newest != behind:
            return False
        at = max(time_s, int(clock_s))
        rows = ((newest + step, *one, at, rules) for step, one in enumerate(ranges, 1))
        db.executemany(f"insert into journal({_COLUMNS}) values (?, ?, ?, ?, ?, ?)", rows)
    return True


def after(store: Store, id: int) -> Batch | None:
    """Return the first row beyond `id`, or None."""
    row = store.db.execute(f"select {_COLUMNS} from journal where id > ? order by id limit 1", (id,)).fetchone()
    return Batch(*row) if row else None


def row(store: Store, id: int) -> Batch | None:
    """Return one row, or None."""
    found = store.db.execute(f"select {_COLUMNS} from journal where id = ?", (id,)).fetchone()
    return Batch(*found) if found else None


def rules(store: Store) -> int | None:
    """Return the newest rules that anything was judged by, or None for an empty journal."""
    found = store.db.execute("select rules from journal order by id desc limit 1").fetchone()
    return found and found[0]
