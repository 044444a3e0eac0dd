"""What must be true of the whole federation after any fault, read from the files of all nodes with nothing in memory.

Every record sealed at an outlet is at the hub exactly once and verifies, or is waiting with a reason.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from node import cataloguing, checking
from node.node import Opened
from sync import damage, entry, evidence, head, sealed, tree
from sync.bundles import Bundles
from sync.errors import SyncError
from sync.rights import Rights
from sync.schema import key
from sync.store import Log
from tests.crash.invariants import prefix_roots
from tests.faults import imports
from tests.faults.place import HONEST, IMPORTER, OUTLETS, Place
from tests.world import HUB

DATABASES = ("log.db", "head.lock", "catalog.db", "node.db")
CHUNK = 4096
FAR_S = 2**40  # receipts are read here without asking how late it is


@dataclass
class Findings:
    """What was found wrong, in words; `waiting` counts records of an outlet that are not at the hub for a reason."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    forks: list[str] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)
    waiting: dict[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.duplicated or self.forks or self.unverified)


@dataclass(frozen=True)
class Ledger:
    """What each outlet was known to have filed, as leaf hashes by origin: it must never be less."""

    filed: Mapping[str, tuple[bytes, ...]]

    @classmethod
    def of(cls, place: Place) -> "Ledger":
        return cls({origin: tuple(owned(place, origin)) for origin in OUTLETS})


def owned(place: Place, origin: str) -> list[bytes]:
    """Return the leaf hashes of a node's own log, hashed from its entries."""
    with place.opened(origin) as opened:
        log = opened.own.log
        return [tree.leaf_hash(one) for one in Bundles(opened.store, log).entries(0, log.next_entry)]


def check(place: Place, ledger: Ledger, reasons: Mapping[str, str]) -> Findings:
    """Return all that is wrong; `reasons` says by outlet why its last night brought nothing, "" for no reason."""
    found = Findings()
    leaves = {origin: _guarded(found, origin, lambda one=origin: owned(place, one)) for origin in HONEST}
    for origin in HONEST:
        with place.opened(origin) as opened:
            _guarded(found, origin, lambda one=opened: _whole(found, one))
            _guarded(found, origin, lambda one=opened: _one_history(found, one, leaves))
            _guarded(found, origin, lambda one=opened: _checked(found, one))
    _guarded(found, IMPORTER, lambda: _imported(found, place, reasons))
    for origin in OUTLETS:
        _guarded(found, origin, lambda one=origin: _at_hub(found, place, one, leaves[one], ledger, reasons))
    return found


def _guarded(found: Findings, origin: str, step: Callable[[], list[bytes] | None]) -> list[bytes]:
    """A store that cannot be read is something found, too."""
    try:
        return step() or []
    except (SyncError, sqlite3.Error, ValueError) as error:
        found.unverified.append(f"{origin}: {type(error).__name__}: {error}")
        return []


# -- one node ---------------------------------------------------------------------------------------------------------


def _whole(found: Findings, opened: Opened) -> None:
    """All that a node holds verifies: files, entries against hashes and heads, parts, signatures."""
    me, home = opened.node.origin, opened.node.home
    for name in DATABASES:
        if (home.path / name).exists():
            with sqlite3.connect(home.path / name) as db:
                if db.execute("pragma integrity_check").fetchone() != ("ok",):
                    found.unverified.append(f"{me}: {name} is damaged")
    for log in opened.store.logs():
        for what in _wrong(opened, log):
            found.unverified.append(f"{log.origin} at {me}: {what}")
        stored = _rows(opened, log)
        if stored > log.next_entry:
            found.duplicated.append(f"{log.origin} at {me}: {stored} entries are stored of {log.next_entry}")


def _checked(found: Findings, opened: Opened) -> None:
    """The product's own check finds nothing damaged either, and nothing that it found before is left open."""
    done = checking.check(opened.node, mend=False)
    for one in {*done.found, *done.waiting}:
        found.unverified.append(f"{opened.node.origin}: fsck: {damage.said(one)}")


def _wrong(opened: Opened, log: Log) -> Iterator[str]:
    """Yield what does not verify of one log."""
    bundles = Bundles(opened.store, log)
    committer = entry.Committer(opened.node.federation.id, log.origin)
    may_hold = Rights(opened.store, opened.registry).sees(log.origin, opened.node.origin)
    hashed: list[bytes] = []
    for start in range(0, log.next_entry, CHUNK):
        end = min(log.next_entry, start + CHUNK)
        raws = bundles.entries(start, end)
        hashed += [tree.leaf_hash(one) for one in raws]
        if hashed[start:] != bundles.leaves(start, end):
            yield f"entries {start} to {end} are not those of the stored hashes"
        parts = dict(bundles.parts(start, end))
        missing = {(index, number) for index, number in _wanted(bundles, start, end)}
        for index, raw in enumerate(raws, start):
            for number, (audience, commitment) in enumerate(entry.commitments(raw)[1]):
                content = parts.get((index, number))
                if content is not None and not committer.opens(commitment, audience, content):
                    yield f"part {number} of entry {index} is not what was committed to"
                elif content is not None and not may_hold(audience, index):
                    yield f"part {number} of entry {index} is for {audience}, and held all the same"
                elif content is None and may_hold(audience, index) and (index, number) not in missing:
                    yield f"part {number} of entry {index} is missing and not wanted"
    yield from _unsigned(opened, log, hashed)


def _wanted(bundles: Bundles, start: int, end: int) -> list[tuple[int, int]]:
    return [(index, number) for index, number in bundles.wanted(10_000) if start <= index < end]


def _unsigned(opened: Opened, log: Log, hashed: Sequence[bytes]) -> Iterator[str]:
    """Yield heads and receipts that do not verify, or promise something else than the entries give."""
    db, keys = opened.store.db, opened.registry.log_keys(log.origin)
    roots = prefix_roots(hashed, range(log.next_entry + 1))
    if log.next_entry and Bundles(opened.store, log).root(log.next_entry) != roots.get(log.next_entry):
        yield "the stored hashes do not give the root of the entries"
    heads = [
        *db.execute("select size, note from head where log = ? and size <= ?", (log.id, log.next_entry)),
        *db.execute("select size, note from sighting where log = ? and size <= ?", (log.id, log.next_entry)),
    ]
    if log.frozen:  # what contradicts it is kept as evidence
        heads = [one for one in heads if head.stated(one[1]).root == roots[one[0]]]
    for size, note in heads:
        signed = head.open_head(note, keys)
        if (signed.origin, signed.size, signed.root) != (log.origin, size, roots[size]):
            yield f"a head of size {size} is of other entries"
    for signer, size, note in db.execute("select signer, size, note from receipt where log = ?", (log.id,)):
        receipt = head.open_receipt(note, signer, opened.registry.mirror_key(signer), FAR_S)
        if (receipt.size, receipt.checkpoint.root) != (size, roots.get(size)):
            yield f"a receipt of {signer} at size {size} is for other entries, or more than there are"


def _rows(opened: Opened, log: Log) -> int:
    """Return how many leaves all rows of a log hold, also any beyond its end."""
    found = opened.store.db.execute(
        "select sum(length(leaves)) from bundle where id >= ? and id < ?", (key(log.id, 0), key(log.id + 1, 0))
    ).fetchone()
    return int(found[0] or 0) // 32


# -- one log, everywhere ----------------------------------------------------------------------------------------------


def _one_history(found: Findings, opened: Opened, leaves: Mapping[str, list[bytes]]) -> None:
    """Every head and receipt that this node knows or signed is a prefix of what that log's owner has now."""
    me, db = opened.node.origin, opened.store.db
    rows = [
        *db.execute("select origin, size, root from head join log on log.id = head.log"),
        *db.execute("select origin, size, root from sighting join log on log.id = sighting.log"),
    ]
    with sqlite3.connect(opened.node.home.head_lock) as lock:
        rows += lock.execute("select origin, size, root from head").fetchall()
    for origin in leaves:
        heads = {(size, root) for name, size, root in rows if name == origin}
        roots = prefix_roots(leaves[origin], (size for size, _root in heads))
        for size, root in sorted(heads):
            if roots.get(size) != root:
                found.forks.append(f"{origin} at {me}: a head of size {size} that its owner's entries do not give")
    for log in opened.store.logs():
        if log.frozen and log.origin in leaves:
            found.forks.append(f"{log.origin} at {me}: frozen: {log.frozen}")


def _imported(found: Findings, place: Place, reasons: Mapping[str, str]) -> None:
    """The file that lay in the inbox is there as it was, and each of its rows is in the log once, or waits in it."""
    node = place.node(IMPORTER)
    found.duplicated += [f"{IMPORTER}: {one}" for one in imports.again(node)]
    missing = [f"{IMPORTER}: {one}" for one in imports.lost(node)]
    if missing and imports.waiting(node) and reasons.get(IMPORTER):
        found.waiting[f"{IMPORTER}, inbox"] = len(imports.NUMBERS), reasons[IMPORTER]
    else:
        found.lost += missing


def _at_hub(
    found: Findings,
    place: Place,
    origin: str,
    mine: list[bytes],
    ledger: Ledger,
    reasons: Mapping[str, str],
) -> None:
    """The outlet's log is at the hub entry by entry, in its catalogue once, and its evidence verifies."""
    filed = list(ledger.filed[origin])
    if mine[: len(filed)] != filed:
        found.lost.append(f"{origin}: its own log is no longer what was filed")
    twice = [count for count in Counter(mine).values() if count > 1]
    if twice:
        found.duplicated.append(f"{origin}: {sum(twice) - len(twice)} entries are in its log again")
    with place.opened(HUB) as hub:
        log = hub.store.log(origin)
        held = [tree.leaf_hash(one) for one in Bundles(hub.store, log).entries(0, log.next_entry)] if log else []
        if held != mine[: len(held)]:
            found.unverified.append(f"{origin} at {HUB}: other entries than the outlet has")
        missing = len(mine) - min(len(held), log.stored if log else 0)
        if missing and reasons.get(origin):
            found.waiting[origin] = missing, reasons[origin]
        elif missing:
            found.lost.append(f"{origin}: {missing} entries are not at the hub, and nothing says why")
        if log is not None:
            _catalogued(found, hub, log)
            _evident(found, hub, log)


def _catalogued(found: Findings, hub: Opened, log: Log) -> None:
    """Each part that the hub can read of the log is in its catalogue exactly once: shown, kept out, or joined."""
    span = (key(log.id, 0), key(log.id, log.stored))
    held = {one for (one,) in hub.store.db.execute("select id from part where id >= ? and id < ?", span)}
    held -= _for_others(hub, log)
    with cataloguing.catalogue(hub.node) as catalogue:
        rows: Counter[int] = Counter()
        for table in ("assertion", "quarantine"):
            rows.update(
                one for (one,) in catalogue.db.execute(f"select id from {table} where id >= ? and id < ?", span)
            )
        behind = catalogue.lag(hub.store, hub.node.origin).entries
    if behind:
        found.lost.append(f"{log.origin}: {behind} entries at the hub are in no catalogue")
        return
    if held - set(rows):
        found.lost.append(f"{log.origin}: {len(held - set(rows))} parts at the hub are in no catalogue")
    again = [one for one, count in rows.items() if count > 1]
    if again:
        found.duplicated.append(f"{log.origin}: {len(again)} parts are in the hub's catalogue twice")


def _for_others(hub: Opened, log: Log) -> set[int]:
    """Return the ids of parts that are sealed for another node, which the hub passes on and cannot read."""
    return {
        key(log.id, index, number)
        for index, raw in enumerate(Bundles(hub.store, log).entries(0, log.stored))
        for number, (audience, _commitment) in enumerate(entry.commitments(raw)[1])
        if sealed.reader(audience) not in ("", HUB)
    }


def _evident(found: Findings, hub: Opened, log: Log) -> None:
    """The evidence that the hub can give for the newest entry verifies under the pinned federation."""
    if not log.stored:
        return
    index = log.stored - 1
    shown = evidence.verify(evidence.write(hub.store, hub.registry, log.origin, index), hub.node.federation)
    raw = Bundles(hub.store, log).entries(index, index + 1)[0]
    if (shown.origin, shown.index, sha256(shown.entry.encode()).digest()) != (
        log.origin,
        index,
        sha256(raw).digest(),
    ):
        found.unverified.append(f"{log.origin}: the evidence of entry {index} is of another one")
