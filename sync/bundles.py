"""The entries, hashes and parts of one log, in the rows of a Store."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from sync import control, entry, package, tree
from sync.errors import Conflict, Damaged, Malformed
from sync.package import PartName
from sync.schema import INDEX_SHIFT, LOG_SHIFT, index_of, key
from sync.store import Log, Store
from sync.tree import BUNDLE, BUNDLE_LEVEL

_PART_MASK = (1 << INDEX_SHIFT) - 1
_Row = TypeVar("_Row", tuple[int, bytes], tuple[int, str])


@dataclass(frozen=True, slots=True)
class Served:
    """Parts for one who asked by name: `looked` names were looked at, `undue` of them name nothing that is due."""

    parts: list[tuple[PartName, bytes]]
    looked: int
    undue: int


class Bundles:
    """One log's content. Also the `tree.Hashes` of that log: roots of whole bundles and above are stored."""

    def __init__(self, store: Store, log: Log):
        self._db = store.db
        self._log = log.id
        self._origin = log.origin
        self._known: dict[tuple[int, int], bytes] = {}
        self._leaves: tuple[int, int, list[bytes]] = (0, 0, [])

    # -- writing, inside `store.write()` ------------------------------------------------------------------------------

    def append(self, first: int, entries: Sequence[bytes], leaves: Sequence[bytes], bundle_root: bytes | None) -> None:
        """Add entries at `first`, all within one bundle, and move `next_entry` there from exactly `first`.

        `bundle_root` is given when these entries complete their bundle. Control entries are indexed as they come.
        """
        last = first + len(entries)
        moved = self._db.execute(
            "update log set next_entry = ? where id = ? and next_entry = ?", (last, self._log, first)
        )
        if moved.rowcount != 1:
            raise Conflict(last, first, first)
        self._db.execute(
            "insert into bundle(id, entries, leaves) values (?, ?, ?)",
            (key(self._log, first), package.bundle_bytes(entries), b"".join(leaves)),
        )
        if bundle_root is not None:
            self._add_node(BUNDLE_LEVEL, first // BUNDLE, bundle_root)
        self._index_controls(first, entries)

    def _add_node(self, level: int, index: int, value: bytes) -> None:
        """Store a perfect subtree's root, and those above it that it completes."""
        rows = [(self._log, level, index, value)]
        while index & 1:
            value = tree.node_hash(self.hash_at(level, index - 1), value)
            level, index = level + 1, index >> 1
            rows.append((self._log, level, index, value))
        self._db.executemany("insert into node(log, level, idx, hash) values (?, ?, ?, ?)", rows)

    def _index_controls(self, first: int, entries: Sequence[bytes]) -> None:
        for index, raw in enumerate(entries, first):
            if raw[1] == entry.CONTROL:
                what, about = control.describe(entry.Entry.decode(raw).control)
                self._db.execute(
                    "insert into control(id, log, what, about, entry) values (?, ?, ?, ?, ?)",
                    (key(self._log, index), self._log, what, about, raw),
                )

    def add_parts(self, parts: Iterable[tuple[PartName, bytes]]) -> None:
        """Add the salt and bytes of parts whose commitments were checked; what was erased is left out."""
        rows = [(key(self._log, index, number), content) for (index, number), content in parts]
        self._db.executemany("insert or ignore into part(id, content) values (?, ?)", self._not_erased(rows))

    def want(self, wanted: Iterable[tuple[PartName, str]]) -> None:
        """Remember parts that this node may see and does not hold, with their audience; none that was erased."""
        rows = [(key(self._log, index, number), audience) for (index, number), audience in wanted]
        self._db.executemany("insert or ignore into wanted(id, audience) values (?, ?)", self._not_erased(rows))

    def _not_erased(self, rows: list[_Row]) -> list[_Row]:
        """Return the rows, by part id in front, without those of which a tombstone stands here."""
        if not rows:
            return rows
        ids = [row[0] for row in rows]
        span = (min(ids), max(ids))
        gone = {id for (id,) in self._db.execute("select id from tombstone where id between ? and ?", span)}
        return [row for row in rows if row[0] not in gone] if gone else rows

    def found(self, names: Iterable[PartName]) -> None:
        """Want these parts no longer."""
        rows = [(key(self._log, index, number),) for index, number in names]
        self._db.executemany("delete from wanted where id = ?", rows)

    # -- reading ------------------------------------------------------------------------------------------------------

    def _rows(self, column: str, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Yield (first index, blob) of the bundle rows that hold [start, end)."""
        rows = self._db.execute(
            f"select id, {column} from bundle where id >= ? and id < ? order by id",
            (key(self._log, start - start % BUNDLE), key(self._log, end)),
        )
        for row, blob in rows:
            yield index_of(row), blob

    def entries(self, start: int, end: int) -> list[bytes]:
        """Return the entries [start, end), oldest first; fewer where the log is shorter."""
        found: list[bytes] = []
        for first, blob in self._rows("entries", start, end):
            try:
                held, _behind = package.bundle_entries(blob)
            except Malformed as error:
                raise Damaged(self._origin, f"entries from {first} do not read") from error
            found += held[max(0, start - first) : end - first]
        return found

    def leaves(self, start: int, end: int) -> list[bytes]:
        """Return the leaf hashes [start, end), 32 bytes each."""
        found: list[bytes] = []
        for first, blob in self._rows("leaves", start, end):
            held = [blob[at : at + 32] for at in range(0, len(blob), 32)]
            found += held[max(0, start - first) : end - first]
        return found

    def parts(self, start: int, end: int) -> list[tuple[PartName, bytes]]:
        """Return ((index, number), salt and bytes) of the parts held for entries [start, end), in order."""
        rows = self._db.execute(
            "select id, content from part where id >= ? and id < ? order by id",
            (key(self._log, start), key(self._log, end)),
        ).fetchall()
        base = self._log << LOG_SHIFT
        return [(((row - base) >> INDEX_SHIFT, row & _PART_MASK), content) for row, content in rows]

    def part(self, index: int, number: int) -> bytes | None:
        """Return salt and bytes of one part, or None where it is withheld, erased or wanted."""
        row = self._db.execute("select content from part where id = ?", (key(self._log, index, number),)).fetchone()
        return row and row[0]

    def erased(self, start: int, end: int) -> set[PartName]:
        """Return the parts of entries [start, end) of which a tombstone stands here."""
        span = (key(self._log, start), key(self._log, end))
        rows = self._db.execute("select id from tombstone where id >= ? and id < ?", span)
        return {(index_of(id), id & _PART_MASK) for (id,) in rows}

    def wanted(
        self,
        limit: int,
        may_see: Callable[[str, int], bool] = lambda audience, index: True,
        behind: PartName | None = None,
    ) -> list[PartName]:
        """Return the first parts behind that one that are missing here, of audiences that `may_see` allows."""
        start, end = self._span()
        span = (key(self._log, *behind) + 1 if behind else start, end)
        rows = self._db.execute("select id, audience from wanted where id >= ? and id < ? order by id", span)
        due = ((index_of(row), row & _PART_MASK) for row, audience in rows if may_see(audience, index_of(row)))
        return list(islice(due, limit))

    def count_wanted(self) -> int:
        return int(self._db.execute("select count(*) from wanted where id >= ? and id < ?", self._span()).fetchone()[0])

    def _span(self) -> tuple[int, int]:
        return key(self._log, 0), key(self._log + 1, 0)

    def hash_at(self, level: int, index: int) -> bytes:
        """Return the root of the perfect subtree (level, index), which must be held whole."""
        if level < BUNDLE_LEVEL:
            return tree.root_hash(self._bundle_leaves(index << level, (index + 1) << level))
        found = self._known.get((level, index))
        if found is None:
            row = self._db.execute(
                "select hash from node where log = ? and level = ? and idx = ?", (self._log, level, index)
            ).fetchone()
            if row is None:
                raise Damaged(self._origin, f"no hash at level {level}, {index}")
            found = row[0]
            if len(self._known) < 100_000:
                self._known[level, index] = found
        return found

    def _bundle_leaves(self, start: int, end: int) -> list[bytes]:
        """Return leaves within one bundle; the bundle read last is kept."""
        first = start - start % BUNDLE
        if not (self._leaves[0] == first and self._leaves[1] >= end):
            held = self.leaves(first, first + BUNDLE)
            self._leaves = (first, first + len(held), held)
        found = self._leaves[2][start - first : end - first]
        if len(found) != end - start:
            raise Damaged(self._origin, f"leaves {start} to {end} are not held")
        return found

    def serve(self, names: Sequence[PartName], end: int, may_see: Callable[[str, int], bool], max_bytes: int) -> Served:
        """Return the parts of these names that are held, of entries below `end` and audiences that `may_see` allows.

        Names are looked at in the order given until `max_bytes` are full, at least one.
        """
        found: list[tuple[PartName, bytes]] = []
        undue = size = 0
        for looked, (index, number) in enumerate(names, 1):
            stated = entry.commitments(self.entries(index, index + 1)[0])[1] if index < end else ()
            if number >= len(stated) or not may_see(stated[number][0], index):
                undue += 1
            elif (content := self.part(index, number)) is not None:
                found.append(((index, number), content))
                size += len(content)
                if size > max_bytes - entry.MAX_PART_BYTES:
                    return Served(found, looked, undue)
        return Served(found, len(names), undue)

    def root(self, size: int) -> bytes:
        """Return the root over the first `size` entries, computed from this store's own hashes."""
        return tree.range_root(self, 0, size)


def spans(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the packages of [start, end): cut at every multiple of 256."""
    while start < end:
        last = min(end, start - start % BUNDLE + BUNDLE)
        yield start, last
        start = last


def packages(
    store: Store, log: Log, start: int, last: int, size: int, may_see: Callable[[str, int], bool]
) -> Iterator[package.Package]:
    """Yield the packages of [start, last), proved in the tree of `size` leaves, with the parts that `may_see`."""
    bundles = Bundles(store, log)
    for first, end in spans(start, last):
        entries = bundles.entries(first, end)
        if len(entries) != end - first:
            raise Damaged(log.origin, f"entries {first} to {end} are not held")
        proof = tree.subtree_proof(bundles, first - first % BUNDLE, end, size)
        audiences = [[name for name, _commitment in entry.commitments(raw)[1]] for raw in entries]
        held = bundles.parts(first, end)
        parts = [(name, content) for name, content in held if may_see(audiences[name[0] - first][name[1]], name[0])]
        yield package.Package(first, entries, proof, parts)
