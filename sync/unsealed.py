"""Entries of the own log that nobody has signed for yet, and that are damaged here: no other node has them.

What a hash proves is put right; a record whose parts are whole is made again from them. What is left is set aside with
its reason, and an entry that says nothing stands in its place: nothing damaged is ever signed, and no index moves.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from sync import belongings, damage, entry, package, recovery, rows, tree, turned
from sync.bundles import Bundles
from sync.damage import Book, Damage
from sync.errors import SyncError
from sync.lock import HeadLock, Signed
from sync.registry import Registry
from sync.schema import key
from sync.store import Log, Store
from sync.tree import BUNDLE, BUNDLE_LEVEL
from sync.turned import Found

ASIDE = "set aside: nothing here shows what it was"


class _NoGenesis(Exception):
    """A log cannot be without its first entry: nothing of it is written anew."""


@dataclass(frozen=True, slots=True)
class Spoiled:
    """What was set aside: of entry `index`, when (POSIX seconds), why, and its bytes as they could be read."""

    index: int
    at: int
    why: str
    entry: bytes


def spoiled(store: Store) -> list[Spoiled]:
    """Return what was set aside, oldest first."""
    return [Spoiled(*row) for row in store.db.execute("select idx, at, why, entry from spoiled order by id")]


def begins(store: Store, lock: HeadLock, me: str) -> int | None:
    """Return the first index of the own log that nobody has signed for; None where head.lock and log.db disagree."""
    log = store.log(me)
    return _signed(store, log, lock.signed(me)) if log else None


def _signed(store: Store, log: Log, held: Signed | None) -> int | None:
    published = store.head(log)
    if log.frozen or recovery.restored(store) or store.meta(recovery.AHEAD):
        return None
    if held is None:
        return None if published is not None else 0
    try:
        agrees = Bundles(store, log).root(held.size) == held.root
    except (SyncError, TypeError):
        return None
    return held.size if agrees and (published is None or published.size <= held.size) else None


@dataclass(frozen=True)
class Unsealed:
    """Makes the end of the own log whole; `now_s` is when."""

    store: Store
    registry: Registry
    lock: HeadLock
    now_s: int

    def mend(self, found: Iterable[Damage]) -> list[Damage]:
        """Make whole what was found behind all that is signed; return which places are.

        head.lock is held meanwhile, so that nothing is signed between what is read and what is written; one transaction
        of log.db, before and after which a crash leaves the damage, or none.
        """
        me = self.registry.me
        places = [one for one in found if one.origin == me and one.what in (damage.ENTRIES, damage.PART)]
        if not places:
            return []
        try:
            return self._mend(me, places)
        except _NoGenesis:
            return []

    def _mend(self, me: str, places: list[Damage]) -> list[Damage]:
        with self.lock.swap(me) as swap, self.store.write():
            log = self.store.log(me)
            signed = _signed(self.store, log, swap.held) if log else None
            if log is None or signed is None:
                return []
            mine = [one for one in places if one.first >= signed and one.last <= log.next_entry]
            done = {number: self._bundle(log, number, signed) for number in sorted(set(map(_number, mine)))}
            for one in mine:
                aside = any(one.first <= index < one.last for index in done[_number(one)])
                Book(self.store).mended(one, ASIDE if aside else damage.HERE, self.now_s)
        return mine

    def _bundle(self, log: Log, number: int, signed: int) -> list[int]:
        """Write anew what is damaged in one bundle; return the indexes that were set aside."""
        aside: list[int] = []
        for first, last in rows.extents(self.store, log, number, log.next_entry):
            if first >= signed:
                aside += self._row(log, first, last)
        self._hashes(log, number)
        return aside

    def _row(self, log: Log, first: int, last: int) -> list[int]:
        entries, aside = [], []
        for index, found in enumerate(self._found(log, first, last), first):
            raw, why = self._entry(log, index, found)
            if why:
                self._set_aside(log, index, found.raw, why)
                aside.append(index)
            entries.append(raw)
        leaves = b"".join(map(tree.leaf_hash, entries))
        values = (key(log.id, first), package.bundle_bytes(entries), leaves)
        self.store.db.execute("insert or replace into bundle(id, entries, leaves) values (?, ?, ?)", values)
        belongings.index_controls(self.store, log, first, entries)
        return aside

    def _found(self, log: Log, first: int, last: int) -> list[Found]:
        row = self.store.db.execute(
            "select entries, leaves from bundle where id = ?", (key(log.id, first),)
        ).fetchone() or (b"", b"")
        raw, leaves = (one if isinstance(one, bytes) else b"" for one in row)
        hashes = [leaves[at : at + 32] for at in range(0, len(leaves), 32)]
        if len(leaves) == 32 * (last - first):
            return turned.entries(raw, hashes)
        try:
            entries = package.bundle_entries(raw)[0]
        except SyncError:
            entries = []
        shown = entries if len(entries) == last - first else [b""] * (last - first)
        return [Found(one, False) for one in shown]

    def _entry(self, log: Log, index: int, found: Found) -> tuple[bytes, str]:
        """Return what stands at an index from now on, and why what stood there is set aside, if it is."""
        raw = found.raw if found.is_proved else self._indexed(log, index, found)
        if raw is not None:
            lacking = self._parts_put_right(log, index, raw)
            return (self._blank(index), f"part {lacking} is damaged") if lacking is not None else (raw, "")
        made = self._made_again(log, index, found.raw)
        return (made, "") if made is not None else (self._blank(index), "its bytes are damaged")

    def _indexed(self, log: Log, index: int, found: Found) -> bytes | None:
        """Return a control entry as the index of these has it, where that has the hash that was written."""
        row = self.store.db.execute("select entry from control where id = ?", (key(log.id, index),)).fetchone()
        leaves = Bundles(self.store, log).leaves(index, index + 1)
        is_same = row is not None and isinstance(row[0], bytes) and [tree.leaf_hash(row[0])] == leaves
        return row[0] if is_same else None

    def _parts_put_right(self, log: Log, index: int, raw: bytes) -> int | None:
        """Put parts right that one bit has turned in; return the number of one that cannot be, None for none."""
        opens = entry.Committer(self.registry.federation.id, log.origin).opens
        stated = entry.commitments(raw)[1]
        for number, (audience, commitment) in enumerate(stated):
            here = key(log.id, index, number)
            row = self.store.db.execute("select content from part where id = ?", (here,)).fetchone()
            if row is None and self.store.db.execute("select 1 from tombstone where id = ?", (here,)).fetchone():
                continue
            content = row[0] if row and isinstance(row[0], bytes) else b""
            right = turned.back(content, partial(opens, commitment, audience))
            if right is None:
                return number
            if right != content:
                self.store.db.execute("update part set content = ? where id = ?", (right, here))
            self.store.db.execute("delete from wanted where id = ?", (here,))
        self._forget(log, index, len(stated))
        return None

    def _made_again(self, log: Log, index: int, raw: bytes) -> bytes | None:
        """Return a new entry for the record whose parts are whole: what they commit to is what was filed."""
        try:
            read = entry.Entry.decode(raw)
        except SyncError:
            return None
        held = dict(Bundles(self.store, log).parts(index, index + 1))
        opens = entry.Committer(self.registry.federation.id, log.origin).opens
        is_whole = len(held) == len(read.commitments) > 0 and all(
            isinstance(held.get((index, number)), bytes) and opens(stated[1], stated[0], held[index, number])
            for number, stated in enumerate(read.commitments)
        )
        if not is_whole or read.kind != entry.RECORD or read.rest:
            return None
        return entry.Entry(entry.RECORD, self.now_s * 1000, read.commitments).encode()

    def _blank(self, index: int) -> bytes:
        """Return an entry that says nothing, unlike any other."""
        return entry.Entry(entry.RECORD, self.now_s * 1000, rest=index.to_bytes(8, "big")).encode()

    def _set_aside(self, log: Log, index: int, raw: bytes, why: str) -> None:
        if index == 0:
            raise _NoGenesis
        db = self.store.db
        row = db.execute(
            "insert into spoiled(idx, at, why, entry) values (?, ?, ?, ?)", (index, self.now_s, why, raw)
        ).lastrowid
        parts = [(row, number, content) for (_at, number), content in Bundles(self.store, log).parts(index, index + 1)]
        db.executemany("insert into spoiled_part(spoiled, number, content) values (?, ?, ?)", parts)
        self._forget(log, index, 0)
        self.store.set_meta(recovery.REMAKE, b"1")
        self.store.alarm("set-aside", log.origin, f"entry {index} was not signed yet, and is nowhere else: {why}")

    def _forget(self, log: Log, index: int, number: int) -> None:
        """Take away what is kept of parts from that number on."""
        span = (key(log.id, index, number), key(log.id, index + 1))
        for table in ("part", "wanted"):
            self.store.db.execute(f"delete from {table} where id >= ? and id < ?", span)

    def _hashes(self, log: Log, number: int) -> None:
        """Write the hash of a whole bundle anew, and those above it."""
        bundles = Bundles(self.store, log)
        for level, index in _above(number, log.next_entry):
            if level == BUNDLE_LEVEL:
                value = tree.root_hash(bundles.leaves(index * BUNDLE, (index + 1) * BUNDLE))
            else:
                value = tree.node_hash(bundles.hash_at(level - 1, 2 * index), bundles.hash_at(level - 1, 2 * index + 1))
            self.store.db.execute("insert or replace into node values (?, ?, ?, ?)", (log.id, level, index, value))


def _number(one: Damage) -> int:
    return one.first // BUNDLE


def _above(number: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield (level, index) of the whole subtrees over a bundle in a log of that size, the bundle's own first."""
    level, index = BUNDLE_LEVEL, number
    while (index + 1) << level <= size:
        yield level, index
        level, index = level + 1, index >> 1
