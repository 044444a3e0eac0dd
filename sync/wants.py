"""What this node wants, when a right came or went after the entries did (wire.md section 3).

A package is judged when it comes: parts that are due are stored or wanted, others are not spoken of. When a grant, a
registration or a membership changes that later, `refresh` looks at the entries again: what has become due is wanted,
and comes from whoever has it; what is not due any more is wanted no longer. What is held stays.

For each log and each audience in it, table `due` keeps the right that its entries were last looked at with, so that a
log whose rights are as they were costs one question an audience.
"""

import json
import sqlite3
from collections.abc import Iterator

from sync import entry
from sync.bundles import Bundles
from sync.errors import Malformed
from sync.package import PartName
from sync.registry import Registry
from sync.rights import Rights, Span
from sync.schema import INDEX_SHIFT, index_of, key
from sync.store import Log, Store
from sync.tree import BUNDLE

_CURSOR = "wants"
_BATCH = 64 * BUNDLE  # entries looked at in one transaction


def refresh(store: Store, registry: Registry) -> int:
    """Want what has become due of any log since the last call, and what is not due any more no longer.

    Return how many parts became wanted. Costs next to nothing while nothing was stated; a crash leaves a call that
    begins again.
    """
    now = registry.fingerprint()
    if store.meta(_CURSOR) == now:
        return 0
    found = sum(refresh_log(store, registry, log) for log in store.logs())
    with store.write():
        store.set_meta(_CURSOR, now)
    return found


def refresh_log(store: Store, registry: Registry, log: Log) -> int:
    """Do for one log what `refresh` does for all; of the own log, everything is held."""
    if log.origin == registry.me:
        return 0
    rights = Rights(store, registry)
    count = _meet(store, rights, log, registry.me)
    changed = _changed(store, rights, log, registry.me)
    if not changed:
        return count
    _want_no_more(store, log, changed)
    for start in range(0, log.next_entry, _BATCH):
        count += _want(store, log, start, min(start + _BATCH, log.next_entry), changed)
    with store.write() as db:  # last: a crash before it has the entries looked at again
        _note(db, log, changed)
    return count


def says_more(store: Store, log: Log) -> bool:
    """Tell whether the owner has granted something in entries that came since the last look at its log."""
    met = int(store.meta(f"met:{log.id}") or b"0")
    query = "select 1 from control where id >= ? and id < ? and what = 'grant' limit 1"
    return store.db.execute(query, (key(log.id, met), key(log.id, log.next_entry))).fetchone() is not None


def _meet(store: Store, rights: Rights, log: Log, me: str) -> int:
    """Look at the entries that came since the last call, which may have been judged by an older right.

    Return how many parts became wanted.
    """
    name = f"met:{log.id}"
    done = int(store.meta(name) or b"0")
    if done >= log.next_entry:
        return 0
    known: dict[str, tuple[Span, ...]] = {}
    count = 0
    for start in range(done, log.next_entry, _BATCH):
        end = min(start + _BATCH, log.next_entry)
        for audience in {audience for _name, audience in _stated(store, log, start, end)} - known.keys():
            known[audience] = rights.right(audience, log.origin, me).spans
        count += _want(store, log, start, end, known)
    with store.write() as db:
        _note(db, log, known, "insert or ignore")  # of an audience met before, older entries may be due by now as well
        store.set_meta(name, str(log.next_entry).encode())
    return count


def _note(db: sqlite3.Connection, log: Log, spans: dict[str, tuple[Span, ...]], how: str = "insert or replace") -> None:
    rows = [(log.id, audience, json.dumps(one)) for audience, one in spans.items()]
    db.executemany(f"{how} into due(log, audience, spans) values (?, ?, ?)", rows)


def _stated(store: Store, log: Log, start: int, end: int) -> Iterator[tuple[PartName, str]]:
    """Yield the parts that entries [start, end) commit to, with their audiences."""
    for index, raw in enumerate(Bundles(store, log).entries(start, end), start):
        try:
            commitments = entry.commitments(raw)[1]
        except Malformed:
            continue
        for number, (audience, _commitment) in enumerate(commitments):
            yield (index, number), audience


def _changed(store: Store, rights: Rights, log: Log, me: str) -> dict[str, tuple[Span, ...]]:
    """Return the audiences of which this node may see other entries now than when it looked last, with these."""
    found = {}
    for audience, spans in store.db.execute("select audience, spans from due where log = ?", (log.id,)).fetchall():
        now = rights.right(audience, log.origin, me).spans
        if json.dumps(now) != spans:
            found[audience] = now
    return found


def _want_no_more(store: Store, log: Log, changed: dict[str, tuple[Span, ...]]) -> None:
    span = (key(log.id, 0), key(log.id + 1, 0))
    rows = store.db.execute("select id, audience from wanted where id >= ? and id < ?", span).fetchall()
    gone = [(id,) for id, audience in rows if audience in changed and not _covers(changed[audience], index_of(id))]
    if gone:
        with store.write() as db:
            db.executemany("delete from wanted where id = ?", gone)


def _want(store: Store, log: Log, start: int, end: int, changed: dict[str, tuple[Span, ...]]) -> int:
    """Want what is due of entries [start, end), is not held and was not erased; return how many parts."""
    due = {
        name: audience
        for name, audience in _stated(store, log, start, end)
        if audience in changed and _covers(changed[audience], name[0])
    }
    if not due:
        return 0
    span = (key(log.id, start), key(log.id, end))
    with store.write() as db:
        rows = db.execute(
            "select id from part where id >= ?1 and id < ?2 union select id from wanted where id >= ?1 and id < ?2",
            span,
        )
        for (id,) in rows.fetchall():
            due.pop((index_of(id), id & (1 << INDEX_SHIFT) - 1), None)
        bundles = Bundles(store, log)
        gone = bundles.erased(start, end)
        missing = [(name, audience) for name, audience in due.items() if name not in gone]
        bundles.want(missing)
    return len(missing)


def _covers(spans: tuple[Span, ...], index: int) -> bool:
    return any(first <= index < last for first, last in spans)
