"""Mending what a check found: from what is whole here, or with packages that another node brings.

Each step is one transaction that leaves the place whole and says so in the book; a crash before it leaves the damage
and its row, and the step is done again.
"""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sync import belongings, damage, entry, fsck, package, signed, tree, unsealed
from sync.annex import Annex
from sync.bundles import Bundles
from sync.copies import Copies
from sync.damage import AWAY, HERE, Book, Damage
from sync.graft import Graft
from sync.head import Head
from sync.lock import HeadLock
from sync.package import Package
from sync.registry import Registry
from sync.schema import key
from sync.signed import Keys
from sync.store import Log, Store
from sync.tree import BUNDLE_LEVEL
from sync.unsealed import Unsealed

_ORDER = [damage.DATABASE, damage.LOG, damage.LEAVES, damage.NODE, damage.CONTROL, damage.PART, damage.WANTED]
_ORDER += [damage.HEAD, damage.SIGHTING, damage.RECEIPT, damage.INTRODUCTION]
_BESIDE = [damage.FORK, damage.MANIFEST, damage.TOMBSTONE, damage.TIP, damage.STRAY]
_ORDER = [damage.NAME, *_ORDER, *_BESIDE]
_OF_NO_LOG = (damage.NAME, damage.INTRODUCTION, damage.DATABASE, *_BESIDE)
_INDEXED = {damage.LOG, damage.CONTROL, damage.HEAD, damage.SIGHTING, damage.RECEIPT, damage.INTRODUCTION}
_INDEXED |= {damage.FORK, damage.MANIFEST}


@dataclass(frozen=True)
class Mending:
    """Mends one store; `now_s` is when."""

    store: Store
    registry: Registry
    lock: HeadLock
    now_s: int
    _promises: dict[str, dict[int, set[bytes]]] = field(default_factory=dict, init=False)

    @property
    def book(self) -> Book:
        return Book(self.store)

    def here(self, found: Iterable[Damage]) -> list[Damage]:
        """Mend what this node can by itself; return what it mended. Parts are wanted again, and come in a session."""
        found = list(found)
        mended = [one for one in found if one.what == damage.LOCK and self._lock_row(one)]
        mended += Unsealed(self.store, self.registry, self.lock, self.now_s).mend(found)
        found = [one for one in found if one not in mended and not self._is_nowhere_else(one)]
        self._reindex({one.what for one in found})
        for one in sorted(found, key=_order):
            if one.what not in _ORDER:
                continue
            with self.store.write():
                log = self.store.log(one.origin)
                how = self._one(log, one) if log or one.what in _OF_NO_LOG else ""
                if how:
                    self.book.mended(one, how, self.now_s)
                    mended.append(one)
        return mended

    def _reindex(self, kinds: set[str]) -> None:
        """Make indexes again: one of what was damaged does not lead to it any more."""
        tables = kinds & _INDEXED
        tables |= {"log"} if damage.NAME in kinds else set()
        tables |= {"manifest_row"} if damage.MANIFEST in kinds else set()
        tables |= {"head", "sighting"} if damage.STRAY in kinds else set()
        for table in sorted(tables):
            self.store.db.execute(f"reindex {table}")

    def _lock_row(self, one: Damage) -> bool:
        """Mend a row of head.lock, which is written at once: a crash behind that leaves the place in the book."""
        how = Copies(self.store, self.registry, self.lock).lock_row(one)
        if how:
            with self.store.write():
                self.book.mended(one, how, self.now_s)
        return bool(how)

    def _is_nowhere_else(self, one: Damage) -> bool:
        """Tell whether a part is of an entry that nobody has signed for: it is not thrown away to be asked for."""
        if one.what != damage.PART or one.origin != self.registry.me:
            return False
        signed = unsealed.begins(self.store, self.lock, one.origin)
        return signed is None or one.first >= signed

    def _one(self, log: Log | None, one: Damage) -> str:
        """Mend one place inside a transaction; return how, nothing for what is not whole yet."""
        if one.what == damage.DATABASE:
            return self._indexes(one.detail.partition(":")[0])
        if one.what in (damage.NAME, *_BESIDE):
            return Annex(self.store, self.registry).mend(one)
        copies = Copies(self.store, self.registry, self.lock)
        if log is None:
            return copies.introduction(one)
        steps: dict[str, Callable[[Log, Damage], str]] = {
            damage.LOG: self._log,
            damage.LEAVES: self._leaves,
            damage.NODE: self._node,
            damage.CONTROL: self._control,
            damage.PART: self._part,
            damage.WANTED: self._wanted,
            damage.HEAD: copies.head,
            damage.SIGHTING: copies.head,
            damage.RECEIPT: copies.receipt,
            damage.INTRODUCTION: lambda _log, one: copies.introduction(one),
        }
        return steps[one.what](log, one)

    def _indexes(self, file: str) -> str:
        """Make the indexes of log.db or head.lock again; nothing else of a database can be mended here."""
        try:
            if file == "log.db":
                self.store.db.execute("reindex")
                return "" if fsck.integrity(self.store.db) else HERE
            if file == "head.lock":
                self.lock.reindex()
                return "" if fsck.integrity_of(self.lock.path) else HERE
        except sqlite3.DatabaseError:
            pass
        return ""

    # -- rows that follow from others ---------------------------------------------------------------------------------

    def _log(self, log: Log, _one: Damage) -> str:
        keys = Keys(self.store, self.registry)
        kept = [*signed.heads(self.store, keys, log), *signed.receipts(self.store, keys, log)]
        right = fsck.rightly(
            self.store, log, {one.opened.size for one in kept if one.opened is not None}, self.registry.me
        )
        self.store.db.execute(
            "update log set next_entry = ?, stored = ? where id = ?", (right.next_entry, right.stored, log.id)
        )
        return HERE

    def _leaves(self, log: Log, one: Damage) -> str:
        id = key(log.id, one.first)
        (raw,) = self.store.db.execute("select entries from bundle where id = ?", (id,)).fetchone()
        leaves = b"".join(tree.leaf_hash(each) for each in package.bundle_entries(raw)[0])
        self.store.db.execute("update bundle set leaves = ? where id = ?", (leaves, id))
        return HERE

    def _node(self, log: Log, one: Damage) -> str:
        level, index = one.part, one.first >> one.part if one.last > one.first else one.first
        if one.last == one.first:  # of no bundle
            self.store.db.execute("delete from node where (log, level, idx) = (?, ?, ?)", (log.id, level, index))
            return AWAY
        bundles = Bundles(self.store, log)
        if level == BUNDLE_LEVEL:
            value = tree.root_hash(bundles.leaves(one.first, one.last))
        else:
            value = tree.node_hash(bundles.hash_at(level - 1, 2 * index), bundles.hash_at(level - 1, 2 * index + 1))
        self.store.db.execute("insert or replace into node values (?, ?, ?, ?)", (log.id, level, index, value))
        return HERE

    def _control(self, log: Log, one: Damage) -> str:
        belongings.index_controls(self.store, log, one.first, Bundles(self.store, log).entries(one.first, one.last))
        return HERE

    # -- parts --------------------------------------------------------------------------------------------------------

    def _part(self, log: Log, one: Damage) -> str:
        """A part that is damaged or missing is wanted, as one that never came; what belongs to no entry goes."""
        audience, here = self._stated(log, one), key(log.id, one.first, one.part)
        if audience and self._is_whole(log, one, audience):
            return "came again"
        if self._is_erased(here):
            return "erased"
        self.store.db.execute("delete from part where id = ?", (here,))
        if not audience:
            return AWAY
        self.store.db.execute("insert or replace into wanted(id, audience) values (?, ?)", (here, audience))
        return ""

    def _wanted(self, log: Log, one: Damage) -> str:
        audience, here = self._stated(log, one), key(log.id, one.first, one.part)
        if not audience or Bundles(self.store, log).part(one.first, one.part) is not None:
            self.store.db.execute("delete from wanted where id = ?", (here,))
            return AWAY
        self.store.db.execute("update wanted set audience = ? where id = ?", (audience, here))
        return HERE

    def _stated(self, log: Log, one: Damage) -> str:
        """Return the audience that an entry states for its part; nothing where it has no such part."""
        raw = Bundles(self.store, log).entries(one.first, one.first + 1) if one.first < log.next_entry else []
        named = entry.commitments(raw[0])[1] if raw else ()
        return named[one.part][0] if one.part < len(named) else ""

    def _is_erased(self, here: int) -> bool:
        return self.store.db.execute("select 1 from tombstone where id = ?", (here,)).fetchone() is not None

    def _is_whole(self, log: Log, one: Damage, audience: str) -> bool:
        bundles = Bundles(self.store, log)
        content = bundles.part(one.first, one.part)
        commitment = entry.commitments(bundles.entries(one.first, one.first + 1)[0])[1][one.part][1]
        committer = entry.Committer(self.registry.federation.id, log.origin)
        return isinstance(content, bytes) and committer.opens(commitment, audience, content)

    # -- entries that another node brings -----------------------------------------------------------------------------

    def replace(self, found: Package, end: Head) -> list[Damage]:
        """Put the entries of a package that `end` proves in the place of damaged rows; see graft.py."""
        graft = Graft(self.store, self.registry, self.lock, self.now_s, self.here, self._promises)
        return graft.replace(found, end)


def _order(one: Damage) -> tuple[int, int, int]:
    """What follows from something else is mended behind it: hashes from leaves, those above from those below."""
    return (_ORDER.index(one.what) if one.what in _ORDER else len(_ORDER), one.part, one.first)
