"""Comparing two catalogues over equal logs: what agrees, differs, or stands on one side only, found by descending.

Only digests of what differs are looked at, so that the cost follows the differences, not what is held.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from catalog.digests import Name, Node, Row, Snapshot

LIST_ROWS = 64
MAX_SPLIT = 512
MAX_LISTED = 5_000
_MAX_PREFIX = 16  # hex digits; no honest rows agree in so many
_AT_ONCE = 64  # nodes that are asked for in one call
Bucket = tuple[str, str]
RowsOf = Callable[[Iterable[int]], list[tuple[Bucket, Row]]]  # indices → rows of this side


class Side(Protocol):
    """The other side's catalogue, one log of it, at the size that is compared."""

    def buckets(self) -> dict[Bucket, Node]: ...
    def split(self, names: Sequence[Name]) -> list[list[Node]]: ...
    def rows(self, names: Sequence[Name]) -> list[list[Row]]: ...


class Local:
    """A catalogue of this machine as a side: a snapshot, and the rows behind it."""

    def __init__(self, snapshot: Snapshot, rows_of: RowsOf):
        self.snapshot = snapshot
        self.rows_of = rows_of

    def buckets(self) -> dict[Bucket, Node]:
        """Return each kind's and month's node."""
        return self.snapshot.buckets()

    def split(self, names: Sequence[Name]) -> list[list[Node]]:
        """Return the 16 nodes of each of these."""
        return [self.snapshot.split(one) for one in names]

    def rows(self, names: Sequence[Name]) -> list[list[Row]]:
        """Return the rows of each of these nodes; what has changed since the snapshot is left out."""
        found = []
        for one in names:
            hashes = self.snapshot.hashes(one)
            rows = self.rows_of(sorted(set(hashes.values())))
            found.append([row for _bucket, row in rows if row.hash in hashes])
        return found


@dataclass(slots=True)
class Drift:
    """One log's kind and month in numbers of rows: `missing` stands on the other side only, `extra` on this one.

    `about`: so much differs that whole nodes were counted.
    """

    origin: str
    kind: str
    month: str
    matched: int = 0
    different: int = 0
    missing: int = 0
    extra: int = 0
    about: bool = False

    @property
    def drifted(self) -> int:
        return self.different + self.missing + self.extra

    def turned(self) -> "Drift":
        """Return it as the other side sees it."""
        of = self.origin, self.kind, self.month
        return Drift(*of, self.matched, self.different, self.extra, self.missing, self.about)


@dataclass(frozen=True, slots=True)
class Differing:
    """One entry under one key that the two sides have otherwise; None: not at all."""

    kind: str
    month: str
    index: int
    key: str
    here: Row | None
    there: Row | None


@dataclass
class Compared:
    """What came of comparing one log: by kind and month, and each entry that differs as far as they were looked at."""

    drift: dict[Bucket, Drift] = field(default_factory=dict)
    differing: list[Differing] = field(default_factory=list)


def compare(here: Local, there: Side) -> Compared:
    """Compare this side's log with the other side's, both taken at the same size."""
    return _Descent(here, there).run()


@dataclass(slots=True)
class _Open:
    """A node that differs."""

    name: Name
    here: Node
    there: Node

    @property
    def most(self) -> int:
        return max(self.here.rows, self.there.rows)


class _Descent:
    def __init__(self, here: Local, there: Side):
        self._here = here.snapshot
        self._rows_of = here.rows_of
        self._there = there
        self._found = Compared()
        self._split = self._listed = 0

    def run(self) -> Compared:
        mine, theirs = self._here.buckets(), self._there.buckets()
        none = Node(0, b"")
        nodes = [_Open(Name(*one), mine.get(one, none), theirs.get(one, none)) for one in sorted({*mine, *theirs})]
        todo = self._left(nodes)
        while todo:
            todo.sort(key=lambda one: -one.most)  # the smallest first: single entries are told before whole nodes
            batch = [todo.pop() for _ in range(min(_AT_ONCE, len(todo)))]
            todo += self._step(batch)
        return self._found

    def _drift(self, name: Name) -> Drift:
        bucket = name.kind, name.month
        return self._found.drift.setdefault(bucket, Drift(self._here.origin, *bucket))

    def _left(self, nodes: Iterable[_Open]) -> list[_Open]:
        """Count the nodes that agree, and return those that do not."""
        left = []
        for one in nodes:
            if one.here == one.there:
                self._drift(one.name).matched += one.here.rows
            else:
                left.append(one)
        return left

    def _step(self, batch: list[_Open]) -> list[_Open]:
        small = [one for one in batch if one.most <= LIST_ROWS]
        large = [one for one in batch if one.most > LIST_ROWS]
        self._listed += sum(one.most for one in small)
        self._split += len(large)
        if small and self._listed <= MAX_LISTED:
            self._list(small)
        else:
            self._count(small)
        deep = max((len(one.name.prefix) for one in large), default=0)
        if not large or self._split > MAX_SPLIT or self._listed > MAX_LISTED or deep >= _MAX_PREFIX:
            self._count(large)
            return []
        found = []
        for one, theirs in zip(large, self._there.split([one.name for one in large]), strict=True):
            for digit, pair in enumerate(zip(self._here.split(one.name), theirs, strict=True)):
                name = Name(one.name.kind, one.name.month, f"{one.name.prefix}{digit:x}")
                found.append(_Open(name, *pair))
        return self._left(found)

    def _count(self, nodes: Iterable[_Open]) -> None:
        """Count whole nodes: each row of the smaller side as different."""
        for one in nodes:
            drift, mine, theirs = self._drift(one.name), one.here.rows, one.there.rows
            drift.different += min(mine, theirs)
            drift.missing += max(0, theirs - mine)
            drift.extra += max(0, mine - theirs)
            drift.about = True

    def _list(self, nodes: list[_Open]) -> None:
        """Look at each row of some nodes."""
        mine: dict[bytes, int] = {}
        for one in nodes:
            mine.update(self._here.hashes(one.name))
        theirs: dict[bytes, tuple[Bucket, Row]] = {}
        for one, rows in zip(nodes, self._there.rows([one.name for one in nodes]), strict=True):
            theirs.update((row.hash, ((one.name.kind, one.name.month), row)) for row in rows)
            self._drift(one.name).matched += sum(row.hash in mine for row in rows)
        indices = sorted({mine[hash] for hash in mine.keys() - theirs.keys()})
        found = [one for one in self._rows_of(indices) if one[1].hash in mine and one[1].hash not in theirs]
        self._pair(found, [one for hash, one in theirs.items() if hash not in mine])

    def _pair(self, mine: list[tuple[Bucket, Row]], theirs: list[tuple[Bucket, Row]]) -> None:
        """Tell what stands on one side only; the same entry under the same key on both is one that differs."""
        alone = {(row.index, row.key): (bucket, row) for bucket, row in mine}
        for bucket, row in theirs:
            found = alone.pop((row.index, row.key), None)
            drift = self._drift(Name(*bucket))
            drift.different += found is not None
            drift.missing += found is None
            self._found.differing.append(Differing(*bucket, row.index, row.key, found[1] if found else None, row))
        for bucket, row in alone.values():
            self._drift(Name(*bucket)).extra += 1
            self._found.differing.append(Differing(*bucket, row.index, row.key, row, None))
