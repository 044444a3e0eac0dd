"""One log's rows against each other and against every root that was signed over them.

A bundle states its hash three times: in its entries, in its leaf hashes, in the tree above. Two that agree are right,
SHA-256 does not agree by chance; so it shows which row is damaged, and whether what is here is enough to mend it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from sync import damage, entry, tree
from sync.belongings import Belongings
from sync.bundles import Bundles
from sync.damage import Damage
from sync.errors import Malformed
from sync.rows import WHOLE, Row, Slice, of_bundle, snapshot
from sync.store import Log, Store
from sync.tree import BUNDLE, BUNDLE_LEVEL

CHUNK = 64  # bundles that are read in one transaction, so that the write-ahead log is not held up
_MAX_DOUBTS = 6  # rows of one bundle of which both readings are tried
_ROOT = "the rows agree with each other, and not with the root that was signed"


@dataclass
class Inspection:
    """One log, as far as `end` entries; `promised` gives the roots signed for each size.

    `due` tells by audience whether a part belongs here.
    """

    store: Store
    log: Log
    end: int
    promised: Mapping[int, set[bytes]]
    committer: entry.Committer
    due: Callable[[str, int], bool]
    slice: Slice = WHOLE
    progress: Callable[[int], None] = lambda entries: None
    _right: dict[tuple[int, int], bytes] = field(default_factory=dict, init=False)  # where the stored hash is not
    _partial: dict[int, bytes] = field(
        default_factory=dict, init=False
    )  # by promised size: the root of its last bundle
    _unknown: int = field(default=2**63, init=False)  # the first bundle whose hash nothing here gives

    def __post_init__(self) -> None:
        self._bundles = Bundles(self.store, self.log)
        self._sizes: dict[int, list[int]] = {}
        for size in sorted(self.promised):
            if 0 < size <= self.end:
                self._sizes.setdefault((size - 1) // BUNDLE, []).append(size)
        self._belongings = Belongings(self.store, self.log, self.committer, self.due)

    def damages(self) -> Iterator[Damage]:
        """Yield what is damaged: bundles with what belongs to them, then the tree, then the promised roots."""
        total = -(-self.end // BUNDLE)
        for begin in range(0, total, CHUNK):
            chosen = [one for one in range(begin, min(begin + CHUNK, total)) if self.slice.holds(one)]
            if chosen:
                with snapshot(self.store):
                    found = list(self._chunk(chosen))
                yield from found
        yield from self._belongings.behind(self.end)
        yield from self._tree()
        yield from self._promises()

    def of(self, chosen: Iterable[int]) -> list[Damage]:
        """Return what is damaged in some bundles and in what belongs to them."""
        with snapshot(self.store):
            return list(self._chunk(sorted(chosen)))

    # -- bundles ------------------------------------------------------------------------------------------------------

    def _chunk(self, chosen: list[int]) -> Iterator[Damage]:
        for number in chosen:
            rows = of_bundle(self.store, self.log, number, self.end)
            yield from self._bundle(number, rows)
            first, last = number * BUNDLE, min(self.end, (number + 1) * BUNDLE)
            held = {row.first + at: raw for row in rows if not row.in_doubt for at, raw in enumerate(row.entries or ())}
            yield from self._belongings.damages(first, last, held)
            self.progress(last - first)

    def _bundle(self, number: int, rows: list[Row]) -> Iterator[Damage]:
        """Compare what a bundle's rows and its hash in the tree say; remember which hash is right."""
        doubts = [row for row in rows if row.in_doubt]
        stored = self._stored_hash(BUNDLE_LEVEL, number) if (number + 1) * BUNDLE <= self.end else None
        if not doubts:
            leaves = _split(b"".join(row.computed for row in rows))
            root = tree.root_hash(leaves)
            if stored is not None and root != stored:
                self._right[BUNDLE_LEVEL, number] = root
                yield Damage(
                    self.log.origin, damage.NODE, number * BUNDLE, (number + 1) * BUNDLE, BUNDLE_LEVEL, _not(stored)
                )
            self._keep_partial(number, leaves)
            return
        right = self._reading(number, rows, stored)
        if right is None:
            self._unknown = min(self._unknown, number)
        else:
            self._keep_partial(number, right)
            if stored is not None and (root := tree.root_hash(right)) != stored:
                self._right[BUNDLE_LEVEL, number] = root
        for row in doubts:
            yield self._judged(number, row, right)

    def _judged(self, number: int, row: Row, leaves: list[bytes] | None) -> Damage:
        """Say which of a row's two columns is damaged, once the right hashes are known."""
        start = row.first - number * BUNDLE
        right = b"".join(leaves[start : start + row.last - row.first]) if leaves is not None else None
        if right is not None and row.computed == right:
            return Damage(self.log.origin, damage.LEAVES, row.first, row.last, -1, "not the hashes of its entries")
        why = "missing" if row.stated == b"?" else "not what was signed"
        return Damage(self.log.origin, damage.ENTRIES, row.first, row.last, -1, why)

    def _reading(self, number: int, rows: list[Row], stored: bytes | None) -> list[bytes] | None:
        """Return the leaf hashes of a bundle with rows in doubt, taken from either column, that give a known root."""
        doubts = [at for at, row in enumerate(rows) if row.in_doubt]
        if len(doubts) > _MAX_DOUBTS:
            return None
        behind = rows[doubts[-1]].last
        for choice in product((True, False), repeat=len(doubts)):
            use_stated = dict(zip(doubts, choice, strict=True))
            pieces = [row.stated if use_stated.get(at, True) else row.computed for at, row in enumerate(rows)]
            if any(len(one) != 32 * (row.last - row.first) for one, row in zip(pieces, rows, strict=True)):
                continue
            leaves = _split(b"".join(pieces))
            if (stored is not None and tree.root_hash(leaves) == stored) or self._is_promised(number, leaves, behind):
                return leaves
        return None

    def _is_promised(self, number: int, leaves: list[bytes], behind: int) -> bool:
        """Tell whether these leaves of a bundle lead to a root that was signed over all entries below `behind`."""
        start = number * BUNDLE
        return any(
            self._root(size, tree.root_hash(leaves[: size - start])) in self.promised[size]
            for size in self._sizes.get(number, ())
            if size >= behind
        )

    def _keep_partial(self, number: int, leaves: list[bytes]) -> None:
        for size in self._sizes.get(number, ()):
            self._partial[size] = tree.root_hash(leaves[: size - number * BUNDLE])

    # -- the tree -----------------------------------------------------------------------------------------------------

    def hash_at(self, level: int, index: int) -> bytes:
        """Return a root as `Bundles.hash_at` does, the right one where the stored one is damaged."""
        right = self._right.get((level, index))
        return right if right is not None else self._bundles.hash_at(level, index)

    def _stored_hash(self, level: int, index: int) -> bytes:
        """Return a stored root, nothing where there is none."""
        row = self.store.db.execute(
            "select hash from node where log = ? and level = ? and idx = ?", (self.log.id, level, index)
        ).fetchone()
        return row[0] if row else b""

    def _tree(self) -> Iterator[Damage]:
        """Compare each root above the bundles with the two below it, and find roots of nothing."""
        for level in range(BUNDLE_LEVEL + 1, self.end.bit_length()):
            for index in range(self.end >> level):
                if not self.slice.holds(index):
                    continue
                try:
                    right = tree.node_hash(self.hash_at(level - 1, 2 * index), self.hash_at(level - 1, 2 * index + 1))
                except Malformed:
                    continue  # what is below is missing, and said to be
                if self._stored_hash(level, index) != right:
                    self._right[level, index] = right
                    yield Damage(
                        self.log.origin,
                        damage.NODE,
                        index << level,
                        (index + 1) << level,
                        level,
                        "not the hash of both below",
                    )
        for level, index in self.store.db.execute("select level, idx from node where log = ?", (self.log.id,)):
            if level < BUNDLE_LEVEL or level > 62 or (index + 1) << level > self._now():
                yield Damage(self.log.origin, damage.NODE, index, index, level, "of no bundle")

    def _now(self) -> int:
        found = self.store.log(self.log.origin)
        return max(self.end, found.next_entry if found else 0)

    def _root(self, size: int, last: bytes) -> bytes:
        """Return the root over `size` entries whose last bundle, or its beginning, has the root `last`."""
        found = last
        for one in tree.prefix_hashes(self, size - 1 - (size - 1) % BUNDLE):
            found = tree.node_hash(one, found)
        return found

    def _promises(self) -> Iterator[Damage]:
        """Compare what the log gives with every root signed over it, as far as all bundles in front are known."""
        good = 0
        for size, last in sorted(self._partial.items()):
            if (size - 1) // BUNDLE >= self._unknown:
                return
            try:
                root = self._root(size, last)
            except Malformed:
                return
            if root in self.promised[size] or self.log.frozen:
                good = size
            else:
                yield Damage(self.log.origin, damage.ENTRIES, good, size, -1, _ROOT)
                return


def is_of_root(one: Damage) -> bool:
    """Tell whether a damage was seen by a root alone, so that a slice cannot say where it is."""
    return one.detail == _ROOT


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + 32] for at in range(0, len(hashes), 32)]


def _not(stored: bytes) -> str:
    return "not the hash of its entries" if stored else "missing"
