"""The brake: entries that would change or delete too large a share of an origin's live rights wait for a person.

What waits is left to nothing but the logs: how many live rights pending entries change, what was changed in the 7 days
before they came, and what people have released, all stand in log.db and in the view that was made of it. So a rebuilt
catalogue holds the same. Control entries take effect when they are stored, and are no matter of the catalogue.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from catalog.catalogue import Catalogue
from catalog.journal import CHUNK
from catalog.statements import HOLD
from sync.bundles import Bundles
from sync.entry import SALT_BYTES
from sync.schema import INDEX_SHIFT, index_of, key
from sync.store import Log, Store

LEAST = 20  # fewer changes are never held
WINDOW_S = 7 * 86_400
_GAP_S = 60  # rows of the journal that follow each other faster are one catching up, whose entries correct each other
_COLUMNS = "log, first, last, changed, deleted, live, share"


@dataclass(frozen=True, slots=True)
class Held:
    """Entries [first, last) of a log wait: `changed` of its `live` rights would be changed, more than `share` (‰).

    What was changed in the 7 days before is among them; `deleted` would be withdrawn by these entries.
    """

    log: int
    first: int
    last: int
    changed: int
    deleted: int
    live: int
    share: int


@dataclass(frozen=True, slots=True)
class Change:
    """A pending part that changes or withdraws a right that the same log states, and is live."""

    id: int
    record: int
    withdraws: bool


def held(catalogue: Catalogue) -> list[Held]:
    """Return what waits now, by log."""
    return [Held(*row) for row in catalogue.db.execute(f"select {_COLUMNS} from held order by log")]


def until(store: Store, catalogue: Catalogue, log: Log, end: int, me: str, now_s: float) -> int:
    """Return up to where a log may be applied of what is stored, `end` entries: all, or what a person has released."""
    share, start = catalogue.brake_share, catalogue.covered(log.id)
    first = max(start, released(store, catalogue, log, me))
    if log.origin == me or not 0 < share < 1 or not start or first >= end:
        return _note(catalogue, log, None, end)
    known = next((one for one in held(catalogue) if one.log == log.id), None)
    if known and (known.first, known.last, known.share) == (first, end, thousandths(share)):
        return first
    found = _held(store, catalogue, log, first, end, me, now_s)
    return _note(catalogue, log, found, first if found else end)


def _note(catalogue: Catalogue, log: Log, found: Held | None, end: int) -> int:
    known = catalogue.db.execute(f"select {_COLUMNS} from held where log = ?", (log.id,)).fetchone()
    if (Held(*known) if known else None) != found:
        with catalogue.write() as db:
            db.execute("delete from held where log = ?", (log.id,))
            if found:
                values = (getattr(found, name) for name in _COLUMNS.split(", "))
                db.execute(f"insert into held({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)", tuple(values))
    return end


def _held(store: Store, catalogue: Catalogue, log: Log, first: int, end: int, me: str, now_s: float) -> Held | None:
    """Return what waits if [first, end) must wait."""
    withdraws: dict[int, bool] = {}
    for one in changes(store, catalogue, log, first, end):
        withdraws[one.record] = one.withdraws
    if not withdraws:
        return None
    before = _changed_before(store, catalogue, log, first, me, now_s)
    changed = len(withdraws) + before
    alive = live(catalogue, log, first)
    if changed < LEAST or changed <= catalogue.brake_share * alive:
        return None
    share = thousandths(catalogue.brake_share)
    return Held(log.id, first, end, changed, sum(withdraws.values()), alive, share)


def thousandths(share: float) -> int:
    return round(share * 1000)


def released(store: Store, catalogue: Catalogue, log: Log, me: str) -> int:
    """Return up to which entry of a log people at `me` have let through what waited."""
    own = store.log(me)
    if own is None:
        return 0
    (found,) = catalogue.db.execute(
        "select coalesce(max(idx), 0) from stated where kind = ? and about = ? and id >= ? and id < ?",
        (HOLD, log.origin, key(own.id, 0), key(own.id + 1, 0)),
    ).fetchone()
    return int(found)


class _Said(msgspec.Struct):
    key: str
    op: str


def changes(store: Store, catalogue: Catalogue, log: Log, first: int, end: int) -> Iterator[Change]:
    """Yield the parts of entries [first, end) that change or withdraw a right that the log states below `first`."""
    bundles, decode = Bundles(store, log), msgspec.json.Decoder(_Said).decode
    for start in range(first, end, CHUNK):
        said: list[tuple[int, str, bool]] = []
        for (index, number), content in bundles.parts(start, min(start + CHUNK, end)):
            try:
                one = decode(content[SALT_BYTES:])
            except (msgspec.MsgspecError, RecursionError):  # no record, or sealed to somebody
                continue
            said.append((key(log.id, index, number), one.key, one.op == "withdraw"))
        names = sorted({name for _id, name, _withdraws in said})
        found = live_rights(catalogue, log, names, first)
        yield from (Change(id, found[name], withdraws) for id, name, withdraws in said if name in found)


def live_rights(catalogue: Catalogue, log: Log, keys: Sequence[str], end: int) -> dict[str, int]:
    """Return the record by key of each right among `keys` that entries below `end` of the log state, and is live."""
    query = (
        "select record.key, record.id, max(assertion.id), op from record "
        "join assertion on assertion.record = record.id "
        f"where record.key in ({{}}) and assertion.id >= {key(log.id, 0)} and assertion.id < {key(log.id, end)} "
        "and record.wider is null and record.category = 'right' group by record.id"
    )
    return {name: record for name, record, _id, op in catalogue.many(query, list(keys)) if not op}


def live(catalogue: Catalogue, log: Log, end: int) -> int:
    """Return how many live rights entries below `end` state."""
    (found,) = catalogue.db.execute(
        "select count(*) from (select record, max(id), op from assertion where id >= ? and id < ? group by record) "
        "join record on record.id = record where op = 0 and category = 'right'",
        (key(log.id, 0), key(log.id, end)),
    ).fetchone()
    return int(found)


def _changed_before(store: Store, catalogue: Catalogue, log: Log, first: int, me: str, now_s: float) -> int:
    """Return how many rights were changed in the 7 days before these entries came, and not released by a person."""
    (came,) = store.db.execute(
        "select min(first_time) from receipt where log = ? and signer = ? and size > ?", (log.id, me, first)
    ).fetchone()
    since, let_through = (came or now_s) - WINDOW_S, released(store, catalogue, log, me)
    return sum(
        _changed(catalogue, log, max(start, let_through), end)
        for start, end, at in _runs(catalogue, log)
        if at > since and end > let_through and start
    )


def _runs(catalogue: Catalogue, log: Log) -> Iterator[tuple[int, int, int]]:
    """Yield (first, last, when) of what was taken up at one go, oldest first."""
    rows = catalogue.db.execute("select first, last, applied_at from batch where log = ? order by id", (log.id,))
    start = end = at = 0
    for first, last, applied_at in rows:
        if first < end or last == first:
            continue  # taken up again
        if end > start and applied_at - at > _GAP_S:
            yield start, end, at
            start = first
        end, at = last, applied_at
    if end > start:
        yield start, end, at


def _changed(catalogue: Catalogue, log: Log, start: int, end: int) -> int:
    return len(changed_rights(catalogue, log, start, end))


def changed_rights(catalogue: Catalogue, log: Log, start: int, end: int) -> set[int]:
    """Return the records of the rights that entries [start, end) of a log change or withdraw, stated before them."""
    rows = catalogue.db.execute(
        "select distinct now.record from assertion as now join record on record.id = now.record "
        "where now.id >= ?2 and now.id < ?3 and category = 'right' and exists "
        "(select 1 from assertion as old where old.record = now.record and old.id >= ?1 and old.id < ?2)",
        (key(log.id, 0), key(log.id, start), key(log.id, end)),
    )
    return {record for (record,) in rows}


def places(store: Store, catalogue: Catalogue, one: Held, log: Log) -> list[int]:
    """Return the parts that change or withdraw live rights, each as index << 3 | part."""
    part = (1 << INDEX_SHIFT) - 1
    return [
        index_of(change.id) << INDEX_SHIFT | change.id & part
        for change in changes(store, catalogue, log, one.first, one.last)
    ]
