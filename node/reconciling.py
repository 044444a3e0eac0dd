"""Equal logs are not equal databases: a node compares its catalogue with that of a node above it, and repairs.

The child drives, every night after applying and whenever a person asks. What it finds is kept on both sides. Where they
differ, each side works out anew what its own log says; the side whose rows are wrong takes them up again.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from catalog import digests, mending, reconciling
from catalog.catalogue import Catalogue
from catalog.digests import Row, Snapshot
from catalog.mending import Mended
from catalog.reconciling import Compared, Differing, Drift, Local
from node import cataloguing, nightly
from node import node as view
from node.drift_book import Comparison
from node.errors import Interrupted, NodeError
from node.messages import N_, _
from node.node import Node, Opened
from node.reconcile_client import LogDigest, ReconcileClient
from node.settings import Parent
from sync import control
from sync.errors import Malformed, Refused, SyncError
from sync.registry import ancestors

log = logging.getLogger(__name__)
COMPARE, REPAIR = 1, 2  # what a parent may ask for in Hello
MAX_TOLD = 200  # single entries that are kept and shown
_MAX_LOGS = 500
_ROWS_AT_ONCE = 500_000  # entries of logs whose digests are asked for in one call
_MEND_AT_ONCE = 1_000
_MOST_ROUNDS = 5
Progress = Callable[[int], None]


class NotComparable(NodeError):
    """Neither a parent nor a child of this node: (node,)."""

    facts = ("node",)
    sentence = N_(
        "{node} is neither above this node nor registered below it, so there is nothing to compare. `nodes` and "
        "`status` list those that are."
    )


@dataclass
class Found:
    """What comparing with one parent came to, by log, kind and month, with the single entries that differ still.

    `uncompared`: why of logs that could not be compared. `mended`: entries that were taken up again here and there.
    """

    parent: str
    drift: list[Drift] = field(default_factory=list)
    differing: list[dict[str, Any]] = field(default_factory=list)
    uncompared: dict[str, str] = field(default_factory=dict)
    mended_here: int = 0
    mended_there: int = 0
    logs: int = 0
    calls: int = 0

    def add(self, origin: str, found: Compared, why: dict[int, tuple[str, str]]) -> None:
        """Take in what came of one log."""
        self.drift += [found.drift[bucket] for bucket in sorted(found.drift)]
        self.differing += [_told(origin, one, why) for one in found.differing[:MAX_TOLD]]
        self.logs += 1


def _told(origin: str, one: Differing, why: dict[int, tuple[str, str]]) -> dict[str, Any]:
    here, there = why.get(one.index, ("", ""))
    return {
        "origin": origin,
        "kind": one.kind,
        "month": one.month,
        "index": one.index,
        "key": one.key,
        "here": _word(one.here),
        "there": _word(one.there),
        "why_here": here,
        "why_there": there,
    }


_WORDS = (N_("accepted"), N_("quarantined"), N_("both"), N_("absent"))


def _word(row: Row | None) -> str:
    if row is None:
        return "absent"
    return ("both" if row.accepted else "quarantined") if row.quarantined else "accepted"


def run(
    node: Node,
    parent: Parent,
    repair: bool = False,
    left: Callable[[], float] = lambda: 3600.0,
    stop: threading.Event | None = None,
    progress: Progress = lambda logs: None,
) -> Found:
    """Compare with one parent, and with `repair` mend both sides; keep what was found here, and tell the parent.

    Raises SyncError where the parent does not answer or refuses, Interrupted, Busy.
    """
    stop = stop or threading.Event()
    found = Found(parent.origin)
    with node.opened() as opened, cataloguing.catalogue(node) as catalogue, node.channel(parent) as channel:
        comparing = _Comparing(node, opened, catalogue, ReconcileClient(channel, parent.origin, left))
        for logs in _batches(_logs(opened, catalogue, parent.origin)):
            for one in comparing.client.digests(logs):
                if stop.is_set():
                    raise Interrupted("reconcile")
                comparing.log(one, found, repair)
                progress(1)
        rows = summary(found.drift)
        node.notebook.keep_comparison(
            parent.origin, node.clock(), node.origin, found.logs, rows, found.uncompared, found.differing[:MAX_TOLD]
        )
        comparing.client.report(rows)
        found.calls = comparing.client.calls
    drifted = sum(one.drifted for one in found.drift)
    log.log(
        logging.WARNING if drifted else logging.INFO,
        "reconciled parent=%s logs=%d matched=%d drifted=%d mended_here=%d mended_there=%d",
        parent.origin, found.logs, sum(one.matched for one in found.drift), drifted, found.mended_here,
        found.mended_there,
    )  # fmt: skip
    return found


def summary(drift: Iterable[Drift]) -> list[Drift]:
    """Return what is kept and told: each kind and month in which something differs, and a sum a log of the others."""
    agreed: dict[str, Drift] = {}
    differs = []
    for one in drift:
        if one.drifted:
            differs.append(one)
        else:
            agreed.setdefault(one.origin, Drift(one.origin, "", "")).matched += one.matched
    return sorted([*agreed.values(), *differs], key=lambda one: (one.origin, one.kind, one.month))


def _logs(opened: Opened, catalogue: Catalogue, parent: str) -> list[tuple[str, int]]:
    """Return the logs that both sides should have, with how much of each is applied here: ours, below, and above."""
    me, registry = opened.node.origin, opened.registry
    above = ancestors(registry, parent)
    found = []
    for one in opened.store.logs():
        is_shared = one.origin == me or one.origin in above or registry.is_parent(me, one.origin)
        if is_shared and (size := catalogue.covered(one.id)):
            found.append((one.origin, size))
    return found


def _batches(logs: list[tuple[str, int]]) -> Iterator[list[tuple[str, int]]]:
    """Yield some logs at a time, so that no call takes long."""
    batch: list[tuple[str, int]] = []
    rows = 0
    for one in logs:
        if batch and (rows + one[1] > _ROWS_AT_ONCE or len(batch) == _MAX_LOGS):
            yield batch
            batch, rows = [], 0
        batch.append(one)
        rows += one[1]
    if batch:
        yield batch


class _Comparing:
    """Compares the logs of one node with those of one parent."""

    def __init__(self, node: Node, opened: Opened, catalogue: Catalogue, client: ReconcileClient):
        self._node = node
        self._store = opened.store
        self._catalogue = catalogue
        self._registry = opened.registry
        self.client = client

    def log(self, theirs: LogDigest, found: Found, repair: bool) -> None:
        """Compare one log, and repair it; one that the parent does not compare is told with the reason."""
        if theirs.reason:
            found.uncompared[theirs.origin] = theirs.reason
            return
        mine = self._snapshot(theirs)
        if mine.rows == theirs.rows and mine.digest == theirs.digest:
            found.add(theirs.origin, _agreed(mine), {})
            return
        compared, why = self._compare(mine), dict[int, tuple[str, str]]()
        for _round in range(_MOST_ROUNDS if repair else 0):
            indices = sorted({one.index for one in compared.differing})
            here, there = self._mend(theirs.origin, indices)
            why = {one: (_why(here.get(one)), _why(there.get(one))) for one in indices}
            mended = _count(here), _count(there)
            found.mended_here += mended[0]
            found.mended_there += mended[1]
            if not any(mended):
                break
            (theirs,) = self.client.digests([(theirs.origin, mine.size)])
            mine = self._snapshot(theirs)
            compared = self._compare(mine)
        found.add(theirs.origin, compared, why)

    def _snapshot(self, theirs: LogDigest) -> Snapshot:
        shared_by = view.shared(self._registry, theirs.origin, self.client.parent)
        return digests.take(self._store, self._catalogue, theirs.origin, theirs.size, shared_by)

    def _compare(self, mine: Snapshot) -> Compared:
        by = view.shared(self._registry, mine.origin, self.client.parent)
        here = Local(mine, lambda some: digests.rows_at(self._store, self._catalogue, mine.origin, some, by))
        return reconciling.compare(here, self.client.side(mine.origin, mine.size))

    def _mend(self, origin: str, indices: list[int]) -> tuple[dict[int, Mended], dict[int, Mended]]:
        """Have both sides mend entries; return what became of each, here and there."""
        here: dict[int, Mended] = {}
        there: dict[int, Mended] = {}
        for at in range(0, len(indices), _MEND_AT_ONCE):
            some = indices[at : at + _MEND_AT_ONCE]
            here.update((one.index, one) for one in cataloguing.mend(self._node, origin, some))
            there.update((one.index, one) for one in self.client.mend(origin, some))
        if not set(there) <= set(indices):
            raise Malformed("mended", "other entries than were asked for")
        return here, there


def _agreed(mine: Snapshot) -> Compared:
    return Compared({bucket: Drift(mine.origin, *bucket, node.rows) for bucket, node in mine.buckets().items()})


def _count(done: dict[int, Mended]) -> int:
    return sum(one.word == mending.MENDED for one in done.values())


def _why(one: Mended | None) -> str:
    """Return a word, with the rules that keep an entry out."""
    if one is None:
        return ""
    return f"{one.word} {', '.join(one.rules)}".strip()


def sums(rows: Iterable[Drift]) -> dict[str, int]:
    """Return the sums of rows: matched, different, missing and extra."""
    listed = list(rows)
    return {name: sum(getattr(one, name) for one in listed) for name in ("matched", "different", "missing", "extra")}


def sentence(node: str, rows: Iterable[Drift]) -> str:
    """Return one sentence: how many rows agree with those of that node, and how many do not."""
    return _("{node}: {matched} matched, {different} different, {missing} missing here, {extra} extra here.").format(
        node=node, **sums(rows)
    )


def standing(node: Node) -> list[dict[str, Any]]:
    """Return the newest comparison with each node, as a node's standing has it."""
    return [
        {"node": one.node, "at": one.at, "found_by": one.found_by, **sums(one.rows)}
        for one in node.notebook.comparisons()
    ]


def lines(found: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield a sentence for each node with which something differs."""
    for one in found:
        if one["different"] + one["missing"] + one["extra"]:
            yield _(
                "DRIFT: compared with {node}, {different} different, {missing} missing here, {extra} extra here. "
                "`reconcile {node}` shows them, `--repair` mends them."
            ).format(**one)


# -- by itself --------------------------------------------------------------------------------------------------------


def after_session(node: Node, night: nightly.NightReport, left: Callable[[], float], stop: threading.Event) -> None:
    """Compare with every parent that was reached in a night, and repair where one asks for it; one stops no other.

    Call it when what the night brought has been applied. A parent of an older program, that cannot be asked, is left
    out. Raises Interrupted.
    """
    for parent in node.settings.parents:
        report = next((one for one in night.reports if one.parent == parent.origin), None)
        if report is None:
            continue
        try:
            run(node, parent, report.please_reconcile == REPAIR, left, stop)
        except Interrupted:
            raise
        except Refused as error:
            log.info("not reconciled parent=%s error=%r", parent.origin, error)
        except (SyncError, NodeError) as error:
            log.warning("not reconciled parent=%s error=%r", parent.origin, error)


def asked_for(node: Node, night: nightly.NightReport) -> list[tuple[Parent, bool]]:
    """Return the parents that asked to compare in a session of `night`, and whether to repair."""
    asked = {one.parent: one.please_reconcile for one in night.reports if one.please_reconcile}
    return [(one, asked[one.origin] == REPAIR) for one in node.settings.parents if one.origin in asked]


# -- at the parent ----------------------------------------------------------------------------------------------------


def ask(node: Node, child: str, repair: bool) -> Comparison | None:
    """Have a child compare, and repair, at its next call; return the newest comparison with it, or NotComparable."""
    with node.opened() as opened:
        known = next((one for one in opened.registry.children() if one.origin == child), None)
        if known is None or (isinstance(known, control.Node) and known.role == "feed"):
            raise NotComparable(child)
        with opened.store.write():
            opened.store.set_meta(f"reconcile:{child}", bytes([REPAIR if repair else COMPARE]))
    return node.notebook.comparison(child)
