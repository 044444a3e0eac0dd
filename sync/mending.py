"""Mending what a check found: from what is whole here, or with packages that another node brings.

Each step is one transaction that leaves the place whole and says so in the book; a crash before it leaves the damage
and its row, and the step is done again.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sync import damage, entry, fsck, inspection, package, proof, signed, tree
from sync.bundles import Bundles
from sync.damage import Book, Damage
from sync.errors import BadProof, NotAllowed
from sync.head import Head, Receipt
from sync.inspection import control_row
from sync.lock import HeadLock
from sync.package import Package
from sync.registry import Registry
from sync.schema import key
from sync.signed import Keys
from sync.store import Log, Store
from sync.tree import BUNDLE, BUNDLE_LEVEL

_HERE = "from what is whole here"
_AWAY = "removed"
_ORDER = [damage.DATABASE, damage.LOG, damage.LEAVES, damage.NODE, damage.CONTROL, damage.PART, damage.WANTED]
_ORDER += [damage.HEAD, damage.SIGHTING, damage.RECEIPT, damage.INTRODUCTION]
_INDEXED = {damage.LOG, damage.CONTROL, damage.HEAD, damage.SIGHTING, damage.RECEIPT, damage.INTRODUCTION}


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
        mended: list[Damage] = []
        found = list(found)
        for table in sorted({one.what for one in found} & _INDEXED):
            self.store.db.execute(f"reindex {table}")  # an index of what was damaged does not lead to it any more
        for one in sorted(found, key=_order):
            if one.what not in _ORDER:
                continue
            with self.store.write():
                log = self.store.log(one.origin)
                how = self._one(log, one) if log or one.what in (damage.INTRODUCTION, damage.DATABASE) else ""
                if how:
                    self.book.mended(one, how, self.now_s)
                    mended.append(one)
        return mended

    def _one(self, log: Log | None, one: Damage) -> str:
        """Mend one place inside a transaction; return how, nothing for what is not whole yet."""
        if one.what == damage.DATABASE:
            return self._indexes()
        if log is None:
            return self._introduction(one)
        steps: dict[str, Callable[[Log, Damage], str]] = {
            damage.LOG: self._log,
            damage.LEAVES: self._leaves,
            damage.NODE: self._node,
            damage.CONTROL: self._control,
            damage.PART: self._part,
            damage.WANTED: self._wanted,
            damage.HEAD: self._head,
            damage.SIGHTING: self._head,
            damage.RECEIPT: self._receipt,
            damage.INTRODUCTION: lambda _log, one: self._introduction(one),
        }
        return steps[one.what](log, one)

    def _indexes(self) -> str:
        """Make the indexes of log.db again; nothing else of a database can be mended here."""
        try:
            self.store.db.execute("reindex")
        except sqlite3.DatabaseError:
            return ""
        return "" if fsck.integrity(self.store.db) else _HERE

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
        return _HERE

    def _leaves(self, log: Log, one: Damage) -> str:
        id = key(log.id, one.first)
        (raw,) = self.store.db.execute("select entries from bundle where id = ?", (id,)).fetchone()
        leaves = b"".join(tree.leaf_hash(each) for each in package.bundle_entries(raw)[0])
        self.store.db.execute("update bundle set leaves = ? where id = ?", (leaves, id))
        return _HERE

    def _node(self, log: Log, one: Damage) -> str:
        level, index = one.part, one.first >> one.part if one.last > one.first else one.first
        if one.last == one.first:  # of no bundle
            self.store.db.execute("delete from node where (log, level, idx) = (?, ?, ?)", (log.id, level, index))
            return _AWAY
        bundles = Bundles(self.store, log)
        if level == BUNDLE_LEVEL:
            value = tree.root_hash(bundles.leaves(one.first, one.last))
        else:
            value = tree.node_hash(bundles.hash_at(level - 1, 2 * index), bundles.hash_at(level - 1, 2 * index + 1))
        self.store.db.execute("insert or replace into node values (?, ?, ?, ?)", (log.id, level, index, value))
        return _HERE

    def _control(self, log: Log, one: Damage) -> str:
        index_controls(self.store, log, one.first, Bundles(self.store, log).entries(one.first, one.last))
        return _HERE

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
            return _AWAY
        self.store.db.execute("insert or replace into wanted(id, audience) values (?, ?)", (here, audience))
        return ""

    def _wanted(self, log: Log, one: Damage) -> str:
        audience, here = self._stated(log, one), key(log.id, one.first, one.part)
        if not audience or Bundles(self.store, log).part(one.first, one.part) is not None:
            self.store.db.execute("delete from wanted where id = ?", (here,))
            return _AWAY
        self.store.db.execute("update wanted set audience = ? where id = ?", (audience, here))
        return _HERE

    def _stated(self, log: Log, one: Damage) -> str:
        """Return the audience that an entry states for its part; nothing where it has no such part."""
        raw = Bundles(self.store, log).entries(one.first, one.first + 1) if one.first < log.next_entry else []
        named = entry.commitments(raw[0])[1] if raw else ()
        return named[one.part][0] if one.part < len(named) else ""

    def _is_erased(self, here: int) -> bool:
        if not inspection.has_table(self.store, "tombstone"):
            return False
        return self.store.db.execute("select 1 from tombstone where id = ?", (here,)).fetchone() is not None

    def _is_whole(self, log: Log, one: Damage, audience: str) -> bool:
        bundles = Bundles(self.store, log)
        content = bundles.part(one.first, one.part)
        commitment = entry.commitments(bundles.entries(one.first, one.first + 1)[0])[1][one.part][1]
        committer = entry.Committer(self.registry.federation.id, log.origin)
        return isinstance(content, bytes) and committer.opens(commitment, audience, content)

    # -- what was signed ----------------------------------------------------------------------------------------------

    def _head(self, log: Log, one: Damage) -> str:
        keys = Keys(self.store, self.registry)
        kept = list(signed.heads(self.store, keys, log))
        mine = next((each for each in kept if (each.table, each.row) == (one.what, one.part)), None)
        if mine is None:
            return _AWAY
        whole = mine.opened or self._same(log, mine, kept, keys)
        if whole is None or self._is_kept_twice(log, one, whole):
            return self._remove(one.what, one)
        self.store.db.execute(
            f"update {one.what} set size = ?, root = ?, time = ?, note = ? where rowid = ?",
            (whole.size, whole.root, whole.time_s, whole.note, one.part),
        )
        return _HERE

    def _same(self, log: Log, mine: signed.Kept, kept: Sequence[signed.Kept], keys: Keys) -> Head | None:
        """Return another note of the same promise; one's own newest stands in head.lock as well."""
        locked = signed.locked(self.lock, keys, self.registry.me, log.origin)
        others = [each.opened for each in kept if each.opened is not None]
        if locked is not None and locked.opened is not None and log.origin == self.registry.me:
            others.append(locked.opened)
        return next((each for each in others if each.size == mine.size), None)

    def _is_kept_twice(self, log: Log, one: Damage, whole: Head) -> bool:
        """Tell whether another row of the sightings says the same, so that mending would make a second one."""
        if one.what != damage.SIGHTING:
            return False
        found = self.store.db.execute(
            "select 1 from sighting where log = ? and size = ? and root = ? and rowid <> ? "
            "and path = (select path from sighting where rowid = ?)",
            (log.id, whole.size, whole.root, one.part, one.part),
        )
        return found.fetchone() is not None

    def _receipt(self, log: Log, one: Damage) -> str:
        """The newest or the first note of a receipt stands for the other; ours stands in head.lock as well.

        Without any the row goes: a parent gives a new receipt for what it holds.
        """
        row = self.store.db.execute("select first_note, note from receipt where rowid = ?", (one.part,)).fetchone()
        if row is None:
            return _AWAY
        keys = Keys(self.store, self.registry)
        signer = next(filter(None, map(signed.signer_of, row)), "")
        whole = [each for each in (keys.receipt(raw, signer, log.origin) for raw in row if signer) if each]
        locked = signed.locked(self.lock, keys, self.registry.me, log.origin)
        if not whole and locked and isinstance(locked.opened, Receipt) and locked.size == one.first:
            whole = [locked.opened]
        if not whole:
            return self._remove(one.what, one)
        first, last = whole[0], whole[-1]
        values = (last.signer, last.size, first.time_s, first.note, last.time_s, last.note)
        self.store.db.execute(
            "update or replace receipt set signer = ?, size = ?, first_time = ?, first_note = ?, time = ?, note = ? "
            "where rowid = ?",
            (*values, one.part),
        )
        return _HERE

    def _introduction(self, one: Damage) -> str:
        """A proof whose registrar was read wrongly is whole again once that is; only then does one that is not go."""
        keys = Keys(self.store, self.registry)
        if not any(each.part == one.part for each in signed.introductions(self.store, keys)):
            return _HERE
        if any(self.book.open(what=what) for what in (damage.CONTROL, damage.ENTRIES)):
            return ""
        return self._remove("introduction", one)

    def _remove(self, table: str, one: Damage) -> str:
        """Take a row out that nothing here can mend; it comes again from whoever signed it."""
        self.store.db.execute(f"delete from {table} where rowid = ?", (one.part,))
        return _AWAY

    # -- entries that another node brings -----------------------------------------------------------------------------

    def replace(self, found: Package, end: Head) -> list[Damage]:
        """Put the entries of a package that `end` proves in the place of damaged rows; return what was mended.

        Rows that are not known to be damaged stay as they are. Raises BadProof, NotAllowed, and changes nothing then.
        """
        log = self.store.log(end.origin)
        if log is None or log.frozen:
            raise NotAllowed(end.origin, "frozen" if log else "unknown-origin")
        if found.first % BUNDLE or found.last != min(end.size, found.first + BUNDLE):
            raise BadProof("not all of its bundle, or more")
        wrong = [one for one in self.book.open(log.origin, damage.ENTRIES) if _meet(one, found)]
        if not wrong:
            return []
        whole = tree.root_hash([tree.leaf_hash(one) for one in found.entries])
        proof.check_subtree(found.first, found.last, whole, end.size, found.proof, end.root)
        with self.store.write():  # a crash in here leaves the rows of before, and the book
            for first, last in _rows_of(self.store, log, found.first):
                if any(one.first < last and first < one.last for one in wrong):
                    self._put(log, found, first, last)
            if found.last % BUNDLE == 0:
                values = (log.id, BUNDLE_LEVEL, found.first // BUNDLE, whole)
                self.store.db.execute("insert or replace into node values (?, ?, ?, ?)", values)
            index_controls(self.store, log, found.first, Bundles(self.store, log).entries(found.first, found.last))
        return self._look_again(log, found.first // BUNDLE, wrong)

    def _promised(self, log: Log) -> dict[int, set[bytes]]:
        """Return the roots that were signed over a log, by size; looked up once."""
        if log.origin not in self._promises:
            keys = Keys(self.store, self.registry)
            kept = [*signed.heads(self.store, keys, log), *signed.receipts(self.store, keys, log)]
            self._promises[log.origin] = fsck.promised(kept)
        return self._promises[log.origin]

    def _put(self, log: Log, found: Package, first: int, last: int) -> None:
        """Write one row anew; what it holds behind the package's end stays if it reads."""
        behind = Bundles(self.store, log).entries(found.last, last) if last > found.last else []
        entries = found.entries[first - found.first : last - found.first] + behind
        leaves = b"".join(map(tree.leaf_hash, entries))
        self.store.db.execute(
            "insert or replace into bundle(id, entries, leaves) values (?, ?, ?)",
            (key(log.id, first), package.bundle_bytes(entries), leaves),
        )

    def _look_again(self, log: Log, number: int, wrong: Sequence[Damage]) -> list[Damage]:
        """Check the bundle once more: what was wrong and is not any more is mended, what hangs on it may be wrong."""
        check = fsck.Check(self.store, self.registry, self.lock, log.origin)
        left = check.bundles(log.origin, [number], self._promised(log))
        still = [(one.first, one.last) for one in left if one.what == damage.ENTRIES]
        gone = [one for one in wrong if not any(one.first < last and first < one.last for first, last in still)]
        with self.store.write():
            for one in gone:
                if one.last <= (number + 1) * BUNDLE:
                    self.book.mended(one, "with entries from another node", self.now_s)
        self.book.note(left, self.now_s)
        self.here(left)
        return gone


def index_controls(store: Store, log: Log, first: int, entries: Sequence[bytes]) -> None:
    """Write the index of control entries anew for these entries, from `first` on."""
    span = (key(log.id, first), key(log.id, first + len(entries)))
    store.db.execute("delete from control where id >= ? and id < ?", span)
    rows = [
        (key(log.id, index), *control_row(log, raw))
        for index, raw in enumerate(entries, first)
        if raw[1] == entry.CONTROL
    ]
    store.db.executemany("insert into control(id, log, what, about, entry) values (?, ?, ?, ?, ?)", rows)


def _rows_of(store: Store, log: Log, start: int) -> list[tuple[int, int]]:
    """Return the extents of a bundle's rows, and of the gaps between them."""
    check = inspection.extents(store, log, start // BUNDLE, log.next_entry)
    return [(first, last) for first, last in check if last > first]


def _meet(one: Damage, found: Package) -> bool:
    return one.first < found.last and found.first < one.last


def _order(one: Damage) -> tuple[int, int, int]:
    """What follows from something else is mended behind it: hashes from leaves, those above from those below."""
    return (_ORDER.index(one.what) if one.what in _ORDER else len(_ORDER), one.part, one.first)
