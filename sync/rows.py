"""The rows of one log in log.db as they are, however damaged: read strictly, in one state of the store.

Nothing is judged here, and nothing raised for what cannot be read: such a row says less than it should.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from sync import entry, package, tree
from sync.errors import Malformed
from sync.schema import index_of, key
from sync.store import Log, Store
from sync.tree import BUNDLE


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


WHOLE = Slice()


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


def of_bundle(store: Store, log: Log, number: int, end: int) -> list[Row]:
    """Return the rows of a bundle of a log of `end` entries, and one without content for each gap between them."""
    found = dict(_read(store, log, number))
    empty = (b"", b"?")  # no row: in doubt, whatever it should hold
    return [_row(first, last, *found.get(first, empty)) for first, last in extents(store, log, number, end)]


def _read(store: Store, log: Log, number: int) -> Iterator[tuple[int, tuple[bytes, bytes]]]:
    rows = store.db.execute(
        "select id, entries, leaves from bundle where id >= ? and id < ? order by id",
        (key(log.id, number * BUNDLE), key(log.id, (number + 1) * BUNDLE)),
    )
    for id, raw, leaves in rows:
        yield index_of(id), (raw, leaves)


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


def extents(store: Store, log: Log, number: int, end: int) -> list[tuple[int, int]]:
    """Return where each row of a bundle begins and should end, in a log of `end` entries, and the gaps between them."""
    start, last = number * BUNDLE, min(end, (number + 1) * BUNDLE)
    found = store.db.execute(
        "select id from bundle where id >= ? and id < ? order by id", (key(log.id, start), key(log.id, last))
    )
    edges = sorted({start, last, *(index_of(id) for (id,) in found.fetchall())})
    return list(pairwise(edges))


@contextmanager
def snapshot(store: Store) -> Iterator[None]:
    """Read one state of the store; writers go on meanwhile."""
    store.db.execute("begin")
    try:
        yield
    finally:
        store.db.execute("commit")
