"""One log's rows against each other and against every root that was signed over them.

A bundle states its hash three times: in its entries, in its leaf hashes, in the tree above. Two that agree are right,
SHA-256 does not agree by chance; so it shows which row is damaged, and whether what is here is enough to mend it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise, product

from sync import control, damage, entry, package, tree
from sync.bundles import Bundles
from sync.damage import Damage
from sync.errors import Malformed
from sync.schema import INDEX_SHIFT, LOG_SHIFT, index_of, key
from sync.store import Log, Store
from sync.tree import BUNDLE, BUNDLE_LEVEL

CHUNK = 64  # bundles that are read in one transaction, so that the write-ahead log is not held up
_PART_MASK = (1 << INDEX_SHIFT) - 1
_MAX_DOUBTS = 6  # rows of one bundle of which both readings are tried
_ROOT = "the rows agree with each other, and not with the root that was signed"


@dataclass(frozen=True, slots=True)
class Slice:
    """The `number`-th of `of` parts of everything, 1 for the first."""

    number: int = 1
    of: int = 1

    def holds(self, index: int) -> bool:
        return index % self.of == self.number - 1

    @property
    def is_whole(self) -> bool:
        return self.of == 1


@dataclass(frozen=True, slots=True)
class Row:
    """A row of `bundle` as it is: where it begins and should end; what its two columns give, None for what is cut."""

    first: int
    last: int
    entries: list[bytes] | None
    computed: bytes  # leaf hashes of the entries, 32 bytes each
    stated: bytes

    @property
    def in_doubt(self) -> bool:
        return self.computed != self.stated or len(self.stated) != 32 * (self.last - self.first)


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
    slice: Slice = Slice()
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
        self._has_tombstones = has_table(self.store, "tombstone")

    def damages(self) -> Iterator[Damage]:
        """Yield what is damaged: bundles with what belongs to them, then the tree, then the promised roots."""
        total = -(-self.end // BUNDLE)
        for begin in range(0, total, CHUNK):
            chosen = [one for one in range(begin, min(begin + CHUNK, total)) if self.slice.holds(one)]
            if chosen:
                with snapshot(self.store):
                    found = list(self._chunk(chosen))
                yield from found
        yield from self._behind_the_end()
        yield from self._tree()
        yield from self._promises()

    def of(self, chosen: Iterable[int]) -> list[Damage]:
        """Return what is damaged in some bundles and in what belongs to them."""
        with snapshot(self.store):
            return list(self._chunk(sorted(chosen)))

    # -- bundles ------------------------------------------------------------------------------------------------------

    def _chunk(self, chosen: list[int]) -> Iterator[Damage]:
        for number in chosen:
            rows = self._rows(number)
            yield from self._bundle(number, rows)
            first, last = number * BUNDLE, min(self.end, (number + 1) * BUNDLE)
            held = {row.first + at: raw for row in rows if not row.in_doubt for at, raw in enumerate(row.entries or ())}
            yield from self._controls(first, last, held)
            yield from self._parts(first, last, held)
            self.progress(last - first)

    def _rows(self, number: int) -> list[Row]:
        """Return the rows of a bundle, and one without content for each gap between them."""
        found = dict(self._read(number))
        empty = (b"", b"?")  # no row: in doubt, whatever it should hold
        return [
            _row(first, last, *found.get(first, empty))
            for first, last in extents(self.store, self.log, number, self.end)
        ]

    def _read(self, number: int) -> Iterator[tuple[int, tuple[bytes, bytes]]]:
        rows = self.store.db.execute(
            "select id, entries, leaves from bundle where id >= ? and id < ? order by id",
            (key(self.log.id, number * BUNDLE), key(self.log.id, (number + 1) * BUNDLE)),
        )
        for id, raw, leaves in rows:
            yield index_of(id), (raw, leaves)

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

    # -- what hangs on entries ----------------------------------------------------------------------------------------

    def _controls(self, first: int, last: int, held: dict[int, bytes]) -> Iterator[Damage]:
        found = self.store.db.execute(
            "select id, log, what, about, entry from control where id >= ? and id < ?",
            (key(self.log.id, first), key(self.log.id, last)),
        ).fetchall()
        indexed = {index_of(id): tuple(rest) for id, *rest in found}
        stated = {index for index, raw in held.items() if raw[1] == entry.CONTROL}
        for index in sorted(stated | (indexed.keys() & held.keys())):
            if index not in stated:
                yield Damage(self.log.origin, damage.CONTROL, index, index + 1, -1, "no control entry")
            elif indexed.get(index) != control_row(self.log, held[index]):
                yield Damage(self.log.origin, damage.CONTROL, index, index + 1, -1, "not what the entry says")

    def _parts(self, first: int, last: int, held: dict[int, bytes]) -> Iterator[Damage]:
        """Compare parts with the commitments of their entries, and what is due with what is held or wanted."""
        span = (key(self.log.id, first), key(self.log.id, last))
        base = self.log.id << LOG_SHIFT
        here = set()
        stated = {index: entry.commitments(raw)[1] for index, raw in held.items()}
        opens = self.committer.opens
        for id, content in self.store.db.execute("select id, content from part where id >= ? and id < ?", span):
            here.add(id)
            index, number = (id - base) >> INDEX_SHIFT, id & _PART_MASK
            named = stated.get(index)
            if named is None:
                continue  # its entry is damaged: it is looked at once that is whole
            if number >= len(named):
                yield Damage(self.log.origin, damage.PART, index, index + 1, number, "of no part of its entry")
            elif not (isinstance(content, bytes) and opens(named[number][1], named[number][0], content)):
                yield Damage(self.log.origin, damage.PART, index, index + 1, number, "not what the entry committed to")
        yield from self._wants(span, stated, here)

    def _wants(
        self, span: tuple[int, int], stated: Mapping[int, Iterable[tuple[str, bytes]]], here: set[int]
    ) -> Iterator[Damage]:
        wanted = dict(
            self.store.db.execute("select id, audience from wanted where id >= ? and id < ?", span).fetchall()
        )
        gone = self._tombstones(span)
        first, origin, due = key(self.log.id, 0), self.log.origin, self.due
        for index, named in stated.items():
            for number, (audience, _commitment) in enumerate(named):
                id = first + (index << INDEX_SHIFT) + number
                if id in wanted:
                    if wanted.pop(id) != audience or id in here:
                        yield Damage(origin, damage.WANTED, index, index + 1, number, "held, or of another audience")
                elif id not in here and id not in gone and due(audience, index):
                    yield Damage(origin, damage.PART, index, index + 1, number, "missing")
        for id in wanted:
            if index_of(id) in stated:
                number = id & _PART_MASK
                yield Damage(origin, damage.WANTED, index_of(id), index_of(id) + 1, number, "of no part of its entry")

    def _tombstones(self, span: tuple[int, int]) -> set[int]:
        """Return the parts that were erased here, by row id."""
        if not self._has_tombstones:
            return set()
        return {id for (id,) in self.store.db.execute("select id from tombstone where id >= ? and id < ?", span)}

    def _behind_the_end(self) -> Iterator[Damage]:
        """Yield what is kept of entries that the log does not have."""
        span = (key(self.log.id, self.end), key(self.log.id + 1, 0))
        with snapshot(self.store):
            held = self.store.log(self.log.origin)
            if held is None or held.next_entry > self.end:
                return  # it has grown since
            for table, what in (("part", damage.PART), ("wanted", damage.WANTED), ("control", damage.CONTROL)):
                for (id,) in self.store.db.execute(f"select id from {table} where id >= ? and id < ?", span).fetchall():
                    number = -1 if what == damage.CONTROL else id & _PART_MASK
                    yield Damage(
                        self.log.origin, what, index_of(id), index_of(id) + 1, number, "of no part of its entry"
                    )

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


def extents(store: Store, log: Log, number: int, end: int) -> list[tuple[int, int]]:
    """Return where each row of a bundle begins and should end, in a log of `end` entries, and the gaps between them."""
    start, last = number * BUNDLE, min(end, (number + 1) * BUNDLE)
    found = store.db.execute(
        "select id from bundle where id >= ? and id < ? order by id", (key(log.id, start), key(log.id, last))
    )
    edges = sorted({start, last, *(index_of(id) for (id,) in found.fetchall())})
    return list(pairwise(edges))


def control_row(log: Log, raw: bytes) -> tuple[int, str, str, bytes]:
    """Return what the index of control entries holds of an entry: log, what it states, of whom, its bytes."""
    return (log.id, *control.describe(entry.Entry.decode(raw).control), raw)


@contextmanager
def snapshot(store: Store) -> Iterator[None]:
    """Read one state of the store; writers go on meanwhile."""
    store.db.execute("begin")
    try:
        yield
    finally:
        store.db.execute("commit")


def has_table(store: Store, name: str) -> bool:
    found = store.db.execute("select 1 from sqlite_master where type = 'table' and name = ?", (name,)).fetchone()
    return found is not None


def _row(first: int, last: int, raw: bytes, leaves: bytes) -> Row:
    if not (isinstance(raw, bytes) and isinstance(leaves, bytes)):  # a flipped bit in a row's header
        return Row(first, last, None, b"", leaves if isinstance(leaves, bytes) else b"?")
    try:
        entries, _behind = package.bundle_entries(raw)
        for one in entries:
            entry.commitments(one)
    except (Malformed, IndexError):
        return Row(first, last, None, b"", leaves)
    return Row(first, last, entries, b"".join(map(tree.leaf_hash, entries)), leaves)


def count(raw: bytes) -> int:
    """Return how many entries a bundle's bytes hold, 0 where they cannot be read."""
    try:
        return len(package.bundle_entries(raw)[0])
    except (Malformed, TypeError, IndexError):
        return 0


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + 32] for at in range(0, len(hashes), 32)]


def _not(stored: bytes) -> str:
    return "not the hash of its entries" if stored else "missing"
