"""How a child brings one log to a parent (wire.md section 4): its head, packages, wanted parts; the receipt is kept."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sync import entry, head, healing, tree
from sync.bundles import Bundles, packages
from sync.client import Client, Greeting, LogState, Sent
from sync.errors import BadSignature, NotAllowed, OldSize, Refused, SlowDown, SyncError, Unreachable
from sync.fork import NOTHING, Beginning
from sync.head import Head
from sync.package import MAX_PACKAGES_A_CALL, Frame, Packer, PartName
from sync.registry import Registry
from sync.rights import Rights
from sync.store import Log, Store
from sync.tree import BUNDLE

log = logging.getLogger(__name__)
MAX_PARTS_BYTES = 2 * 1024 * 1024


@dataclass
class Report:
    """What a session did. `refused` holds (origin, reason) of logs that were not taken; the others went on.

    `forks` counts those that the parent told of first.
    `please_reconcile`: the parent asks to compare catalogues, 1, and to repair, 2.
    `authorities`: hash of those whose certificates the parent's doors may show.
    """

    parent: str
    entries_up: int = 0
    entries_down: int = 0
    packages: int = 0
    receipts: list[tuple[str, str, int]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    parts_wanted: int = 0
    parts_down: int = 0
    forks: int = 0
    healed: int = 0
    calls: int = 0
    skew_s: float = 0.0
    please_reconcile: int = 0
    authorities: bytes = b""


def ends(error: SyncError, me: str) -> bool:
    """Tell whether the parent takes nothing more of the node `me` for now, whichever log it is."""
    return isinstance(error, SlowDown) and error.args[1] == me


def attempt(report: Report, me: str, origin: str, step: Callable[[], None]) -> None:
    """Do one step of the session of `me`: one log's trouble does not stop the others; a broken line stops all."""
    try:
        step()
    except Unreachable:
        raise
    except SyncError as error:
        if ends(error, me):
            raise
        log.warning("log refused origin=%s parent=%s error=%r", origin, report.parent, error)
        report.refused.append((origin, f"{type(error).__name__}: {error}"))


@dataclass(frozen=True)
class Bringing:
    """What one session brings to its parent, written into `report`; `progress` as in Session."""

    store: Store
    registry: Registry
    client: Client
    clock: Callable[[], float]
    progress: Callable[[str, int, int], None]
    stop: threading.Event
    report: Report

    def bring(self, end: Head, state: LogState) -> None:
        """Bring one log up to `end`, its wanted parts, and keep the parent's receipt."""
        if state.reason:
            raise NotAllowed(state.origin, state.reason)
        held = self.store.add_log(end.origin)
        self._note_loss(held, state)
        recorded = self._show(end, held, state)
        if recorded == end.size:
            self._mend(held, end, state.damaged)
        if recorded < end.size or end.size < state.stored:
            return  # the parent has more of this log by another way
        start, missing = state.next_entry, state.wanted_total
        while not self.stop.is_set():
            sent = self._send(held, start, end)
            missing = sent.parts_wanted
            if sent.receipt:
                self._keep_receipt(sent.receipt, self.client.parent, end)
                break
            if sent.next_entry >= end.size:
                raise Refused(self.client.parent, "NO_RECEIPT", "it is not recovered, or waits for what it has lost")
            if sent.next_entry <= start:
                raise Unreachable(self.client.parent, "UNAVAILABLE", "took no entries")
            start = sent.next_entry
        self.report.parts_wanted += self._bring_parts(held, missing, state.wanted)

    def _mend(self, held: Log, end: Head, damaged: Sequence[healing.Range]) -> None:
        """Bring what is damaged at the parent, as far as `end` proves it."""
        for run in healing.runs((first, min(last, end.size)) for first, last in damaged if first < end.size):
            if not self.stop.is_set():
                frames = healing.frames(self.store, held, run, end)
                self.client.add_entries(end.origin, run[0], end.size, frames, lambda _at: None, mend=True)

    def give_back(self, state: LogState) -> None:
        """Bring the parent its own log, which it has lost a part of, up to the newest head of it that is held here."""
        held = self.store.log(self.client.parent)
        end = self.store.newest_head(held, at_most=held.stored) if held else None
        if held is None or end is None:
            return
        self._mend(held, end, state.damaged)
        start, missing = state.next_entry, state.wanted_total
        while start < end.size and not self.stop.is_set() and state.recorded == end.size:
            sent = self._send(held, start, end)
            if sent.next_entry <= start:
                raise Unreachable(self.client.parent, "UNAVAILABLE", "took no entries")
            start, missing = sent.next_entry, 0  # parts that did not fit are asked for at the next hello
        self._bring_parts(held, min(missing, len(state.wanted)), state.wanted)

    def show_again(self, end: Head) -> None:
        """Show a head of the size that the parent holds already: signed anew, or by new keys."""
        held = self.store.add_log(end.origin)
        try:
            self.client.add_checkpoint(end.origin, end.size, (), end.note)
        except OldSize as error:
            self._show(end, held, LogState(end.origin, recorded=error.recorded))

    def _note_loss(self, held: Log, state: LogState) -> None:
        """Tell a person where the parent holds less than its own receipt says; what it lost is sent again."""
        newest = self.store.newest_receipt(held, self.client.parent)
        if newest is not None and state.stored < newest.size:
            log.error("parent lost data parent=%s origin=%s", self.client.parent, held.origin)
            with self.store.write():
                detail = f"holds {state.stored} entries of {held.origin}, gave a receipt for {newest.size}"
                self.store.alarm("parent-lost-data", self.client.parent, detail)

    def _show(self, end: Head, held: Log, state: LogState) -> int:
        """Show `end`, proved from what the parent says is recorded, once more if that had moved.

        Where it holds entries that came by another path, say also what our tree says of those.
        """
        recorded, bundles = state.recorded, Bundles(self.store, held)
        begins = NOTHING
        if recorded != state.stored <= end.size:
            proof = tree.consistency_proof(bundles, state.stored, end.size)
            begins = Beginning(state.stored, bundles.root(state.stored), tuple(proof))
        for _ in range(2):
            if recorded >= end.size:
                return recorded
            proof = tree.consistency_proof(bundles, recorded, end.size)
            try:
                return self.client.add_checkpoint(end.origin, recorded, proof, end.note, begins)
            except OldSize as error:
                recorded = error.recorded
        return recorded

    def _send(self, held: Log, start: int, end: Head) -> Sent:
        last = min(end.size, (start // BUNDLE + MAX_PACKAGES_A_CALL) * BUNDLE)
        self.report.packages += -(-last // BUNDLE) - start // BUNDLE if last > start else 0
        frames = self._frames(held, start, last, end)
        sent = self.client.add_entries(
            end.origin, start, end.size, frames, lambda at: self.progress(end.origin, at, end.size)
        )
        self.report.entries_up += max(0, sent.next_entry - start)
        return sent

    def _frames(self, held: Log, start: int, last: int, end: Head) -> Iterator[Frame]:
        """Yield the packages of [start, last); runs in the transport's thread, so it opens a store of its own."""
        store = Store(self.store.path, one_thread=False)  # after a broken line, whichever thread drops this closes it
        try:
            registry = Registry(store, self.registry.federation, self.registry.me)
            may_see = Rights(store, registry).sees(end.origin, self.client.parent)
            packer = Packer()
            for one in packages(store, held, start, last, end.size, may_see):
                if self.stop.is_set():
                    return
                yield packer.pack(one)
        finally:
            store.close()

    def _bring_parts(self, held: Log, missing: int, wanted: Sequence[PartName]) -> int:
        """Bring parts that the parent wants, asking again for each page; return how many it still lacks."""
        while missing and not self.stop.is_set():
            if not wanted:
                greeting = Greeting(
                    known_epoch(self.store, self.client.parent), [(held.origin, held.stored)], (), b"", ()
                )
                wanted = self.client.hello(greeting).logs.get(held.origin, LogState(held.origin)).wanted
            taken = self._bring_page(held, wanted)
            if not taken:
                break
            missing, wanted = missing - taken, ()
        return max(0, missing)

    def _bring_page(self, held: Log, wanted: Sequence[PartName]) -> int:
        """Bring those of the parts that are held here and that the parent may see; return how many it took."""
        bundles = Bundles(self.store, held)
        may_see = Rights(self.store, self.registry).sees(held.origin, self.client.parent)
        batch: list[tuple[PartName, bytes]] = []
        size = taken = 0
        for index, number in wanted:
            content = bundles.part(index, number) if index < held.next_entry else None
            stated = entry.commitments(bundles.entries(index, index + 1)[0])[1] if content is not None else ()
            if content is None or number >= len(stated):
                continue
            if not may_see(stated[number][0], index):
                continue
            batch.append(((index, number), content))
            size += len(content)
            if size > MAX_PARTS_BYTES:
                taken += self.client.add_parts(held.origin, batch)
                batch, size = [], 0
        return taken + (self.client.add_parts(held.origin, batch) if batch else 0)

    def _keep_receipt(self, raw: bytes, parent: str, end: Head) -> None:
        receipt = head.open_receipt(raw, parent, self.registry.mirror_key(parent), int(self.clock()))
        if receipt.checkpoint != end.checkpoint:
            raise BadSignature(parent, "a receipt for something else")
        with self.store.write():
            self.store.put_receipt(self.store.add_log(end.origin), receipt)
        self.report.receipts.append((end.origin, parent, receipt.size))


def known_epoch(store: Store, parent: str) -> bytes:
    """Return the parent's epoch as last seen; empty before the first session."""
    return store.meta(f"epoch:{parent}") or b""
