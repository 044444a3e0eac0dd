"""Entries of the own log that wait for a seal and make room for older ones that come back (recovery.py).

They are set aside with their parts, in the transaction that puts the others in their place, and added again behind
what was signed, in their order. What they say of places in this log, and the tombstones that they set in it, follow
them there (shifted.py); where each stood and stands is in table `moved`, for what else names it.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from sync import control, shifted, tree
from sync.bundles import Bundles, spans
from sync.control import Erase
from sync.package import bundle_bytes
from sync.schema import INDEX_SHIFT, LOG_SHIFT, index_of, key
from sync.shifted import Batch
from sync.store import Log, Store
from sync.tree import BUNDLE

REMAKE = "remake"  # in `meta`: entries that were in the catalogue are not in the log any more
_STONE = "by, at, ground, seen_at, due, cleared, stated"


@dataclass(frozen=True, slots=True)
class Kept:
    """One entry that is aside: its row, with which others it went, where it was, its bytes and their leaf hash."""

    row: int
    batch: int
    was: int
    raw: bytes
    leaf: bytes


def begin_at(size: int) -> int:
    """Return where the last bundle of the first `size` entries begins."""
    return size - size % BUNDLE


def set_aside(store: Store, log: Log, start: int) -> None:
    """Take the entries from `start` on out of the own log, with their parts, to be added again behind what was signed.

    Tombstones that they set in this log go with them: their places will be those of other entries.
    """
    db, bundles = store.db, Bundles(store, log)
    (batch,) = db.execute("select coalesce(max(batch), 0) + 1 from aside").fetchone()
    for first, last in spans(start, store.add_log(log.origin).next_entry):
        parts = bundles.parts(first, last)
        for index, raw in enumerate(bundles.entries(first, last), first):
            row = db.execute("insert into aside(batch, was, entry) values (?, ?, ?)", (batch, index, raw)).lastrowid
            mine = [(row, number, content) for (at, number), content in parts if at == index]
            db.executemany("insert into aside_part(aside, number, content) values (?, ?, ?)", mine)
        store.set_meta(REMAKE, b"1")
    span = (key(log.id, start), key(log.id + 1, 0), log.origin, start)
    stones = "from tombstone where id >= ? and id < ? and by = ? and at >= ?"
    db.execute(f"insert into aside_stone(batch, id, {_STONE}) select {batch}, id, {_STONE} {stones}", span)
    db.execute(f"delete {stones}", span)
    truncate(store, log, start)


def truncate(store: Store, log: Log, size: int) -> None:
    """Let a log end at `size`; what was made from the rest of it is made again."""
    db, bundles = store.db, Bundles(store, log)
    begin = begin_at(size)
    entries, leaves = bundles.entries(begin, size), bundles.leaves(begin, size)
    span = (key(log.id, size), key(log.id + 1, 0))
    db.execute("delete from bundle where id >= ? and id < ?", (key(log.id, begin), span[1]))
    for table in ("part", "wanted", "control"):
        db.execute(f"delete from {table} where id >= ? and id < ?", span)
    db.execute("delete from node where log = ? and (idx + 1) << level > ?", (log.id, begin))
    db.execute("delete from journal where log = ? and first >= ?", (log.id, size))
    db.execute("update journal set last = ? where log = ? and last > ?", (size, log.id, size))
    db.execute("update log set next_entry = ? where id = ?", (size, log.id))
    if entries:
        db.execute(
            "insert into bundle(id, entries, leaves) values (?, ?, ?)",
            (key(log.id, begin), bundle_bytes(entries), b"".join(leaves)),
        )


def add_again(store: Store, log: Log, signed: int) -> int:
    """Add what was set aside behind what is signed, without what stands in it already; return how many.

    What came meanwhile is set aside as well, so that all stand in the order in which they were added.
    """
    db = store.db
    if log.next_entry > signed and db.execute("select 1 from aside").fetchone():
        set_aside(store, log, signed)
        log = store.add_log(log.origin)
    rows = db.execute("select id, batch, was, entry from aside order by id").fetchall()
    if not rows:
        return 0
    kept = [Kept(row, batch, was, raw, tree.leaf_hash(raw)) for row, batch, was, raw in rows]
    batches = _placed(store, log, kept)
    made = [
        (one, raw)
        for one in kept
        if one.was in batches[one.batch].fresh
        for raw in shifted.entries(one.raw, log.origin, batches[one.batch])
    ]
    first = log.next_entry
    _append(store, log, [raw for _one, raw in made])
    for one in {one.row: one for one, _raw in made}.values():
        parts = db.execute("select number, content from aside_part where aside = ?", (one.row,)).fetchall()
        now = batches[one.batch].now[one.was]
        Bundles(store, log).add_parts(((now, number), content) for number, content in parts)
    _set_stones(db, log, batches)
    _name_wishes(store, log, first)
    moved = [(one.was, now) for one in kept if (now := batches[one.batch].now[one.was]) != one.was]
    db.executemany("insert or ignore into moved(was, now) values (?, ?)", moved)
    for table in ("aside", "aside_part", "aside_stone"):
        db.execute(f"delete from {table}")
    return len({one.row for one, _raw in made})


def _placed(store: Store, log: Log, kept: Sequence[Kept]) -> dict[int, Batch]:
    """Return by batch where its entries will stand: behind what is there, or where the same ones stand already."""
    begin = begin_at(min(one.was for one in kept))
    held = Bundles(store, log).leaves(begin, log.next_entry)
    known = {leaf: index for index, leaf in enumerate(held, begin)}
    at = log.next_entry
    found: dict[int, Batch] = {}
    for batch, group in groupby(kept, lambda one: one.batch):
        mine = list(group)
        now = {one.was: known[one.leaf] for one in mine if one.leaf in known}
        fresh = frozenset(one.was for one in mine if one.leaf not in known)
        now |= dict.fromkeys(fresh, at)  # until each is placed: how many entries one becomes does not depend on it
        sketch = Batch(mine[0].was, mine[-1].was + 1, now, fresh, at)
        for one in mine:
            if one.was in fresh:
                now[one.was] = at
                at += shifted.count(one.raw, log.origin, sketch)
        found[batch] = replace(sketch, behind=at)
    return found


def _append(store: Store, log: Log, entries: Sequence[bytes]) -> None:
    bundles, first = Bundles(store, log), log.next_entry
    leaves = [tree.leaf_hash(raw) for raw in entries]
    for start, last in spans(first, first + len(entries)):
        mine = leaves[start - first : last - first]
        whole = tree.root_hash(bundles.leaves(begin_at(start), start) + mine) if last % BUNDLE == 0 else None
        bundles.append(start, entries[start - first : last - first], mine, whole)


def _set_stones(db: sqlite3.Connection, log: Log, batches: Mapping[int, Batch]) -> None:
    """Set the tombstones again that went with their entries, and take away what they stand for."""
    rows = db.execute(f"select batch, id, {_STONE} from aside_stone").fetchall()
    for batch, id, *rest in rows:
        moved = key(log.id, batches[batch].index(index_of(id)), id & (1 << INDEX_SHIFT) - 1)
        db.execute(f"insert or replace into tombstone(id, {_STONE}) values (?, ?, ?, ?, ?, ?, ?, ?)", (moved, *rest))
        for table in ("part", "wanted"):
            db.execute(f"delete from {table} where id = ?", (moved,))


def _name_wishes(store: Store, log: Log, start: int) -> None:
    """Let each tombstone that a wish of the own log set name the entry where that wish stands now."""
    names = {one.id: one.origin for one in store.logs()}
    wishes = {(said.origin, said.index, said.part): index for index, said in _wishes(store, log, start)}
    for id, at in store.db.execute("select id, at from tombstone where by = ?", (log.origin,)).fetchall():
        named = (names[id >> LOG_SHIFT], index_of(id), id & (1 << INDEX_SHIFT) - 1)
        if wishes.get(named, at) != at:
            store.db.execute("update tombstone set at = ? where id = ?", (wishes[named], id))


def _wishes(store: Store, log: Log, start: int) -> Iterator[tuple[int, Erase]]:
    query = "select id, entry from control where id >= ? and id < ? and what = 'erase' order by id desc"
    for id, raw in store.db.execute(query, (key(log.id, start), key(log.id + 1, 0))).fetchall():
        said = control.decode(control.body_of(raw))
        if isinstance(said, Erase):
            yield index_of(id), said


def moved(store: Store) -> list[tuple[int, int]]:
    """Return where entries of the own log were and went that were added again, until that is forgotten."""
    return store.db.execute("select was, now from moved order by was, now").fetchall()


def forget_moved(store: Store) -> None:
    """Forget where entries went, once all that names them names their new places; inside `store.write()`."""
    store.db.execute("delete from moved")
