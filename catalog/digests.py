"""Digests of what the catalogue says of a log, so that two of them can be compared without listing them.

The layout is in proto/README.md section 14. A digest is worked out from the catalogue's own rows each time: one kept up
to date beside them would not show that they have changed.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from heapq import merge
from itertools import groupby
from operator import itemgetter

from catalog.catalogue import Catalogue
from catalog.errors import CatalogError
from sync import entry, package
from sync.errors import Malformed
from sync.schema import INDEX_SHIFT, index_of, key
from sync.store import Log, Store

LEAF_ROWS = 4096
FAN = 16
Shared = Callable[[str, int], bool]  # audience, index → whether both sides may see such a part of that entry
_ROW, _LOG = b"banyan-row/v1\0", b"banyan-applied/v1\0"
_WIDTH = 40  # a row's hash and the u64 index of its entry
_DAY_MS = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_DAY = (datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH).days
_PART_MASK = (1 << INDEX_SHIFT) - 1
_ACCEPTED, _QUARANTINED = 0, 1


@dataclass(frozen=True, slots=True)
class Row:
    """What the catalogue says of one entry under one key: a bit of `accepted` or `quarantined` for each part."""

    hash: bytes
    index: int
    key: str
    accepted: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class Node:
    """Some rows: how many, and their digest."""

    rows: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Name:
    """Which node: of a bucket, the rows whose hash begins with these hex digits."""

    kind: str
    month: str
    prefix: str = ""


class Behind(CatalogError):
    """The catalogue has not applied so many entries of a log: (origin, size, applied)."""


def of(store: Store, catalogue: Catalogue, origin: str, size: int, shared: Shared) -> bytes:
    """Return the 32-byte digest of what the catalogue says of the first `size` entries of a log, for both who share it.

    Raises Behind where the catalogue has not applied that many.
    """
    return take(store, catalogue, origin, size, shared).digest


def take(store: Store, catalogue: Catalogue, origin: str, size: int, shared: Shared) -> "Snapshot":
    """Return what the catalogue says of the first `size` entries of a log now, one reading; 40 bytes a row."""
    log = store.log(origin)
    applied = catalogue.covered(log.id) if log else 0
    if log is None and size == 0:
        return Snapshot(origin, 0, {})
    if log is None or size > applied:
        raise Behind(origin, size, applied)
    found: dict[tuple[str, str], bytearray] = {}
    catalogue.db.execute("begin")  # one state of the catalogue, however long the reading takes
    try:
        for bucket, row in _rows(store, catalogue, log, 0, size, shared):
            packed = found.get(bucket)
            if packed is None:
                packed = found[bucket] = bytearray()
            packed += row.hash
            packed += row.index.to_bytes(8, "big")
    finally:
        catalogue.db.execute("commit")
    return Snapshot(origin, size, {bucket: _sorted(packed) for bucket, packed in found.items()})


def rows_at(
    store: Store, catalogue: Catalogue, origin: str, indices: Iterable[int], shared: Shared
) -> list[tuple[tuple[str, str], Row]]:
    """Return the rows of single entries with their kind and month, in order."""
    log = store.log(origin)
    if log is None:
        return []
    return [one for index in indices for one in _rows(store, catalogue, log, index, index + 1, shared)]


class Snapshot:
    """The rows of one log at one moment, by bucket, sorted by hash."""

    def __init__(self, origin: str, size: int, buckets: dict[tuple[str, str], bytes]):
        self.origin = origin
        self.size = size
        self._buckets = buckets

    @property
    def rows(self) -> int:
        return sum(len(packed) for packed in self._buckets.values()) // _WIDTH

    @property
    def digest(self) -> bytes:
        """The 32-byte digest of the log."""
        found = sha256(_LOG)
        for (kind, month), node in sorted(self.buckets().items()):
            for text in (kind, month):
                found.update(bytes([len(text.encode())]) + text.encode())
            found.update(node.rows.to_bytes(8, "big") + node.digest)
        return found.digest()

    def buckets(self) -> dict[tuple[str, str], Node]:
        """Return each kind's and month's node."""
        return {name: self.node(Name(*name)) for name in self._buckets}

    def node(self, name: Name) -> Node:
        """Return one node; of no rows where there are none of that kind and month."""
        packed, start, end = self._span(name)
        return Node(end - start, _digest(packed, start, end, len(name.prefix)))

    def split(self, name: Name) -> list[Node]:
        """Return the 16 nodes of a node, by the next hex digit."""
        return [self.node(Name(name.kind, name.month, f"{name.prefix}{digit:x}")) for digit in range(FAN)]

    def hashes(self, name: Name) -> dict[bytes, int]:
        """Return the hash of each row of a node, and the index of its entry."""
        packed, start, end = self._span(name)
        cut = (packed[at * _WIDTH : at * _WIDTH + _WIDTH] for at in range(start, end))
        return {one[:32]: int.from_bytes(one[32:], "big") for one in cut}

    def _span(self, name: Name) -> tuple[bytes, int, int]:
        packed = self._buckets.get((name.kind, name.month), b"")
        count = len(packed) // _WIDTH
        if not name.prefix:
            return packed, 0, count
        low = int(name.prefix, 16) << 4 * (64 - len(name.prefix))
        high = low + (1 << 4 * (64 - len(name.prefix)))
        return packed, _place(packed, 0, count, low), _place(packed, 0, count, high)


def _place(packed: bytes, start: int, end: int, hash: int) -> int:
    """Return the first row in [start, end) whose hash, as a number, is not below that one."""
    while start < end:
        middle = (start + end) // 2
        if int.from_bytes(packed[middle * _WIDTH : middle * _WIDTH + 32], "big") < hash:
            start = middle + 1
        else:
            end = middle
    return start


def _digest(packed: bytes, start: int, end: int, depth: int) -> bytes:
    """Return the digest of the rows [start, end), whose hashes agree in `depth` hex digits."""
    if end - start <= LEAF_ROWS:
        rows = range(start * _WIDTH, end * _WIDTH, _WIDTH)
        return sha256(b"\0" + b"".join([packed[at : at + 32] for at in rows])).digest()
    found = sha256(b"\1")
    at = start
    base = int.from_bytes(packed[start * _WIDTH : start * _WIDTH + 32], "big") >> 4 * (64 - depth) << 4 * (64 - depth)
    for digit in range(1, FAN + 1):
        behind = _place(packed, at, end, base + (digit << 4 * (63 - depth)))
        found.update(_digest(packed, at, behind, depth + 1))
        at = behind
    return found.digest()


def _sorted(packed: bytearray) -> bytes:
    raw = bytes(packed)
    return b"".join(sorted([raw[at : at + _WIDTH] for at in range(0, len(raw), _WIDTH)]))


# -- the rows of a catalogue ------------------------------------------------------------------------------------------


def _rows(
    store: Store, catalogue: Catalogue, log: Log, start: int, end: int, shared: Shared
) -> Iterator[tuple[tuple[str, str], Row]]:
    """Yield ((kind, month), row) of the entries [start, end), in their order."""
    said = _said(catalogue, key(log.id, start), key(log.id, end))
    months: dict[int, str] = {}
    entries = _entries(store, log, start, end)
    at, raw, leaf = -1, b"", b""
    for index, group in groupby(said, lambda one: index_of(one[0])):
        while at < index:
            at, raw, leaf = next(entries, (index, b"", b""))
        audiences = _audiences(raw)
        masks: dict[str, list[int]] = {}
        for id, name, verdict in group:
            number = id & _PART_MASK
            if number < len(audiences) and shared(audiences[number], index):
                masks.setdefault(name, [0, 0])[verdict] |= 1 << number
        if not masks:
            continue
        day = int.from_bytes(raw[2:10], "big") // _DAY_MS
        month = months.get(day)
        if month is None:
            month = months[day] = _month(day)
        for name, (accepted, quarantined) in masks.items():
            hash = row_hash(name, log.origin, index, leaf, accepted, quarantined)
            yield (name.partition(":")[0], month), Row(hash, index, name, accepted, quarantined)


def row_hash(name: str, origin: str, index: int, leaf: bytes, accepted: int, quarantined: int) -> bytes:
    """Return the 32-byte hash of a row: key, origin, index of the entry, its leaf hash, and what its parts are."""
    text, of_log = name.encode(), origin.encode()
    pieces = (
        _ROW, len(text).to_bytes(2, "big"), text, bytes([len(of_log)]), of_log,
        index.to_bytes(8, "big"), leaf, bytes((accepted, quarantined)),
    )  # fmt: skip
    return sha256(b"".join(pieces)).digest()


def _said(catalogue: Catalogue, start: int, end: int) -> Iterator[tuple[int, str, int]]:
    """Yield (part id, key, accepted or quarantined) of every part with an id in [start, end), by id."""
    db, span = catalogue.db, (start, end)
    accepted = db.execute(
        f"select assertion.id, record.key, {_ACCEPTED} from assertion join record on record.id = assertion.record "
        "where assertion.id >= ? and assertion.id < ? order by assertion.id",
        span,
    )
    stated = db.execute(
        f"select distinct id, kind || ':' || about, {_ACCEPTED} from stated where id >= ? and id < ? order by id", span
    )
    kept_out = db.execute(f"select id, key, {_QUARANTINED} from quarantine where id >= ? and id < ? order by id", span)
    return merge(accepted, stated, kept_out, key=itemgetter(0))


def _entries(store: Store, log: Log, start: int, end: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield (index, entry, leaf hash) from the bundle rows that hold [start, end), which may begin before it."""
    first = start - start % 256
    rows = store.db.execute(
        "select id, entries, leaves from bundle where id >= ? and id < ? order by id",
        (key(log.id, first), key(log.id, end)),
    )
    for id, blob, leaves in rows:
        entries, _behind = package.bundle_entries(blob)
        index = index_of(id)
        for at, raw in enumerate(entries):
            yield index + at, raw, leaves[at * 32 : at * 32 + 32]


def _audiences(raw: bytes) -> list[str]:
    if not raw:
        return []
    try:
        return [audience for audience, _commitment in entry.commitments(raw)[1]]
    except Malformed:
        return []


def _month(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).strftime("%Y-%m") if day <= _LAST_DAY else ""
