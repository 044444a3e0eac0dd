"""Entries of a package that another node brings, put in the place of damaged rows once a kept head proves them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sync import belongings, damage, fsck, package, proof, rows, signed, tree
from sync.bundles import Bundles
from sync.damage import Book, Damage
from sync.errors import BadProof, NotAllowed
from sync.head import Head
from sync.lock import HeadLock
from sync.package import Package
from sync.registry import Registry
from sync.schema import key
from sync.signed import Keys
from sync.store import Log, Store
from sync.tree import BUNDLE, BUNDLE_LEVEL


@dataclass(frozen=True)
class Graft:
    """Replaces rows of one store. `here` mends what follows from them; `promises` are roots signed, by log and size."""

    store: Store
    registry: Registry
    lock: HeadLock
    now_s: int
    here: Callable[[Iterable[Damage]], object]
    promises: dict[str, dict[int, set[bytes]]]

    def replace(self, found: Package, end: Head) -> list[Damage]:
        """Put the entries of a package that `end` proves in the place of damaged rows; return what was mended.

        Rows that are not known to be damaged stay as they are. Raises BadProof, NotAllowed, and changes nothing then.
        """
        log = self.store.log(end.origin)
        if log is None or log.frozen:
            raise NotAllowed(end.origin, "frozen" if log else "unknown-origin")
        if found.first % BUNDLE or found.last != min(end.size, found.first + BUNDLE):
            raise BadProof("not all of its bundle, or more")
        wrong = [one for one in Book(self.store).open(log.origin, damage.ENTRIES) if _meet(one, found)]
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
            belongings.index_controls(
                self.store, log, found.first, Bundles(self.store, log).entries(found.first, found.last)
            )
        return self._look_again(log, found.first // BUNDLE, wrong)

    def _promised(self, log: Log) -> dict[int, set[bytes]]:
        """Return the roots that were signed over a log, by size; looked up once."""
        if log.origin not in self.promises:
            keys = Keys(self.store, self.registry)
            kept = [*signed.heads(self.store, keys, log), *signed.receipts(self.store, keys, log)]
            self.promises[log.origin] = fsck.promised(kept)
        return self.promises[log.origin]

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
                    Book(self.store).mended(one, "with entries from another node", self.now_s)
        Book(self.store).note(left, self.now_s)
        self.here(left)
        return gone


def _rows_of(store: Store, log: Log, start: int) -> list[tuple[int, int]]:
    """Return the extents of a bundle's rows, and of the gaps between them."""
    check = rows.extents(store, log, start // BUNDLE, log.next_entry)
    return [(first, last) for first, last in check if last > first]


def _meet(one: Damage, found: Package) -> bool:
    return one.first < found.last and found.first < one.last
