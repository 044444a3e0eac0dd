"""The parent's side of a session (wire.md section 4): one module with generated code, values everywhere else.

Every call opens its own store; status is read from the registry before every package.
"""

import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from banyan.v1 import sync_pb2 as pb
from banyan.v1 import sync_pb2_grpc

from sync import control, entry, mirror, presence, refusals, tree
from sync.bundles import Bundles, packages
from sync.errors import Conflict, Malformed, NoRoom, NotAllowed, OverLimit, SyncError, UnknownOrigin
from sync.federation import Federation
from sync.head import Head
from sync.keys import Signer
from sync.lock import HeadLock
from sync.package import MAX_PACKAGES_A_CALL, Frame, Packer, unpack
from sync.registry import Registry
from sync.store import Log, Store

log = logging.getLogger(__name__)
MAX_OFFERS = 10_000
MAX_WANTED_A_PAGE = 1_000
MAX_WANTED_A_HELLO = 10_000  # of all logs; who lacks more is asked again, log by log
MAX_PARTS_BYTES = 4 * 1024 * 1024
MAX_CALL_S = 310.0  # five minutes, and what a clock may be wrong by
MAX_CALLS_A_CHILD = 4


@dataclass(frozen=True)
class Serving:
    """What a node serves with: its name, files, mirror key, clock, and who to tell when something new is durable."""

    me: str
    federation: Federation
    log_db: Path
    head_lock: Path
    mirror: Signer
    clock: Callable[[], float]
    peer: Callable[[grpc.ServicerContext], str]
    stored: Callable[[str], None]
    floor_mb: int = 0


class _Call:
    """One call's own store and registry, and the child that makes it."""

    def __init__(self, serving: Serving, path: str):
        self.serving = serving
        self.path = path
        self.store = Store(serving.log_db)
        self.registry = Registry(self.store, serving.federation, serving.me)

    def check_bringer(self, origin: str) -> mirror.Registration:
        """The caller may call, and may bring this log, now."""
        self.registry.check_caller(self.path)
        return self.registry.check_bringer(self.path, origin)

    def check_room(self) -> None:
        """There is more free space than the floor; raise NoRoom."""
        found = os.statvfs(self.serving.log_db.parent)
        free_mb = found.f_bavail * found.f_frsize // 1_000_000
        if free_mb < self.serving.floor_mb:
            raise NoRoom(free_mb, self.serving.floor_mb)

    def committer(self, origin: str) -> entry.Committer:
        return entry.Committer(self.serving.federation.id, origin)

    def may_hold(self, origin: str) -> Callable[[str], bool]:
        """Tell, by audience, whether a part of that log is due here; asked once for each audience."""
        return remembered(lambda audience: self.registry.may_see(audience, origin, self.serving.me))


def remembered(question: Callable[[str], bool]) -> Callable[[str], bool]:
    """Return `question` with its answers kept, for as long as the caller keeps it."""
    known: dict[str, bool] = {}

    def answer(audience: str) -> bool:
        if audience not in known:
            known[audience] = question(audience)
        return known[audience]

    return answer


class SyncService(sync_pb2_grpc.SyncServicer):
    """Hello, AddCheckpoint, AddEntries, AddParts, GetEntries, GetParts over the mutual-TLS door."""

    def __init__(self, serving: Serving):
        self._serving = serving
        self._under_way: Counter[str] = Counter()
        self._counting = threading.Lock()

    @contextmanager
    def _call(self, context: grpc.ServicerContext, what: str) -> Iterator[_Call]:
        path = ""
        call = None
        try:
            path = self._serving.peer(context)
            left = context.time_remaining()
            if left is None or left > MAX_CALL_S:  # whoever says nothing more must not keep a thread for ever
                raise OverLimit("seconds of a call", -1 if left is None else int(min(left, 2**31)), int(MAX_CALL_S))
            with self._one_more(path):
                call = _Call(self._serving, path)
                yield call
        except SyncError as error:
            log.warning("refused call=%s child=%s error=%r", what, path, error)
            refusals.refuse(context, error)
        finally:
            if call is not None:
                call.store.close()

    @contextmanager
    def _one_more(self, path: str) -> Iterator[None]:
        """Count a call of a child while it lasts; raise OverLimit, so that one child cannot take all threads."""
        with self._counting:
            if self._under_way[path] >= MAX_CALLS_A_CHILD:
                raise OverLimit("calls of one node at once", self._under_way[path] + 1, MAX_CALLS_A_CHILD)
            self._under_way[path] += 1
        try:
            yield
        finally:
            with self._counting:
                self._under_way[path] -= 1

    def Hello(self, request: pb.HelloRequest, context: grpc.ServicerContext) -> pb.HelloResponse:
        """Say what this node knows of the child, of the logs that it brings, and of the heads above."""
        with self._call(context, "Hello") as call:
            if request.version != 1:
                raise Malformed("hello", f"version {request.version}")
            if len(request.offers) > MAX_OFFERS:
                raise OverLimit("offers", len(request.offers), MAX_OFFERS)
            answer = pb.HelloResponse(
                epoch=call.store.meta("epoch") or b"",
                registry_version=call.registry.version(),
                time_ms=int(self._serving.clock() * 1000),
            )
            try:
                call.registry.check_caller(call.path)
            except NotAllowed as error:
                answer.status, answer.reason = (
                    control.STATUSES.get(error.reason, control.pb.STATUS_UNSPECIFIED),
                    error.reason,
                )
                return answer
            answer.status = control.STATUSES["active"]
            presence.heard(call.store, call.registry, call.path, request.your_head)
            self._check_owed(call, request)
            answer.your_head = _newest_note(call.store, call.path)
            answer.logs.extend(_states(call, {one.origin for one in request.offers}))
            answer.receipts.extend(_receipts_from_above(call, request))
            held = {one.origin: one.size for one in request.ancestors}
            answer.ancestors.extend(_shown(call, held))
            return answer
        raise AssertionError

    def _check_owed(self, call: _Call, request: pb.HelloRequest) -> None:
        """Compare the receipts that the child shows with what head.lock says that we signed."""
        shown = max((one.size for one in request.receipts if one.signer == self._serving.me), default=0)
        lock = HeadLock(self._serving.head_lock)
        try:
            signed = lock.signed(call.path)
        finally:
            lock.close()
        presence.owes(call.store, call.path, shown, signed.size if signed else 0)

    def AddCheckpoint(
        self, request: pb.AddCheckpointRequest, context: grpc.ServicerContext
    ) -> pb.AddCheckpointResponse:
        """Record a newer head on this path; answer with the size now recorded."""
        with self._call(context, "AddCheckpoint") as call:
            registered = call.check_bringer(request.origin)
            recorded = mirror.record_head(
                call.store, registered, call.path, request.note, request.old_size, list(request.proof)
            )
            log.info("head recorded origin=%s path=%s size=%d", request.origin, call.path, recorded)
            return pb.AddCheckpointResponse(recorded=recorded)
        raise AssertionError

    def AddEntries(
        self, request_iterator: Iterator[pb.AddEntriesRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.AddEntriesResponse]:
        """Store packages as they come, one acknowledgement each, then give a receipt if the log is whole."""
        with self._call(context, "AddEntries") as call:
            header = next(request_iterator, pb.AddEntriesRequest()).header
            registered = call.check_bringer(header.origin)
            end = _end(call, header)
            committer, may_hold = call.committer(header.origin), call.may_hold(header.origin)
            for count, request in enumerate(request_iterator, 1):
                if count > MAX_PACKAGES_A_CALL:
                    raise OverLimit("packages of a call", count, MAX_PACKAGES_A_CALL)
                registered = call.check_bringer(header.origin)
                call.check_room()
                sent = request.package
                found = unpack(Frame(sent.first, sent.compressed, sent.frame))
                taken = mirror.take(call.store, registered, found, end, committer, may_hold)
                if taken.refused:
                    log.warning("parts refused origin=%s path=%s parts=%s", header.origin, call.path, taken.refused[:5])
                yield pb.AddEntriesResponse(next_entry=taken.next_entry, parts_refused=len(taken.refused))
            yield self._receipt(call, end)

    def _receipt(self, call: _Call, end: Head) -> pb.AddEntriesResponse:
        serving = self._serving
        lock = HeadLock(serving.head_lock)
        try:
            receipt = mirror.give_receipt(call.store, lock, serving.mirror, serving.me, end, serving.clock)
        finally:
            lock.close()
        held = _log(call.store, end.origin)
        wanted = Bundles(call.store, held).count_wanted()
        if receipt is None:
            return pb.AddEntriesResponse(next_entry=held.next_entry, parts_wanted=wanted)
        log.info("receipt origin=%s path=%s size=%d wanted=%d", end.origin, call.path, end.size, wanted)
        serving.stored(end.origin)
        return pb.AddEntriesResponse(next_entry=held.next_entry, receipt=receipt.note, parts_wanted=wanted)

    def AddParts(self, request: pb.AddPartsRequest, context: grpc.ServicerContext) -> pb.AddPartsResponse:
        """Take parts that this node wants."""
        with self._call(context, "AddParts") as call:
            call.check_bringer(request.origin)
            call.check_room()
            size = sum(len(one.content) for one in request.parts)
            if len(request.parts) > MAX_WANTED_A_PAGE or size > MAX_PARTS_BYTES:
                raise OverLimit("parts, or their bytes", max(len(request.parts), size), MAX_PARTS_BYTES)
            parts = [((one.index, one.number), one.content) for one in request.parts]
            taken, refused = mirror.take_parts(
                call.store, request.origin, parts, call.committer(request.origin), call.may_hold(request.origin)
            )
            if taken:
                self._serving.stored(request.origin)
            wanted = Bundles(call.store, _log(call.store, request.origin)).count_wanted()
            return pb.AddPartsResponse(taken=taken, refused=refused, wanted_total=wanted)
        raise AssertionError

    def GetEntries(self, request: pb.GetEntriesRequest, context: grpc.ServicerContext) -> Iterator[pb.Package]:
        """Send packages of this node's own log, or of a log above it, from `start` on."""
        with self._call(context, "GetEntries") as call:
            call.registry.check_caller(call.path)
            if request.origin not in ancestors(call.registry, self._serving.me):
                raise NotAllowed(request.origin, "not-above-you")
            held = _log(call.store, request.origin)
            if not request.start < request.end <= held.stored:
                raise Conflict(held.stored, held.stored, held.next_entry)
            packer = Packer()
            may_see = remembered(lambda audience: call.registry.may_see(audience, request.origin, call.path))
            sent = packages(call.store, held, request.start, request.end, request.end, may_see)
            for count, found in enumerate(sent, 1):
                call.registry.check_caller(call.path)
                frame = packer.pack(found)
                yield pb.Package(first=frame.first, compressed=frame.compressed, frame=frame.content)
                if count == MAX_PACKAGES_A_CALL:
                    return

    def GetParts(self, request: pb.GetPartsRequest, context: grpc.ServicerContext) -> pb.GetPartsResponse:
        """Send parts of this node's own log, or of a log above it, that the child asks for and may see."""
        with self._call(context, "GetParts") as call:
            call.registry.check_caller(call.path)
            if request.origin not in ancestors(call.registry, self._serving.me):
                raise NotAllowed(request.origin, "not-above-you")
            if len(request.parts) > MAX_WANTED_A_PAGE:
                raise OverLimit("parts asked for", len(request.parts), MAX_WANTED_A_PAGE)
            held = _log(call.store, request.origin)
            names = [(one.index, one.number) for one in request.parts]
            may_see = remembered(lambda audience: call.registry.may_see(audience, request.origin, call.path))
            found = Bundles(call.store, held).serve(names, held.stored, may_see, MAX_PARTS_BYTES)
            if found.undue:
                log.warning("parts not due origin=%s child=%s parts=%d", request.origin, call.path, found.undue)
            parts = [pb.Part(index=name[0], number=name[1], content=content) for name, content in found.parts]
            return pb.GetPartsResponse(parts=parts, looked=found.looked)
        raise AssertionError


def ancestors(registry: Registry, me: str) -> list[str]:
    """Return `me` and the origins above it, hub first."""
    chain = [me]
    while (home := registry.home(chain[0])) and home not in chain:  # what moves in a circle ends where it began
        chain.insert(0, home)
    return chain


def _log(store: Store, origin: str) -> Log:
    found = store.log(origin)
    if found is None:
        raise UnknownOrigin(origin)
    return found


def _newest_note(store: Store, origin: str) -> bytes:
    held = store.log(origin)
    found = store.newest_head(held, at_most=2**63 - 1) if held else None
    return found.note if found else b""


def _logs_with_wanted(call: _Call) -> set[str]:
    """Return the logs with missing parts that this child may bring."""
    found = set()
    for held in call.store.logs_with_wanted():
        try:
            call.registry.check_bringer(call.path, held.origin)
        except SyncError:
            continue
        found.add(held.origin)
    return found


def _states(call: _Call, offered: set[str]) -> Iterator[pb.LogState]:
    """Yield the state of each log offered, then of those with missing parts; names of parts for one message."""
    room = MAX_WANTED_A_HELLO
    for origin in [*sorted(offered), *sorted(_logs_with_wanted(call) - offered)]:
        state = _state(call, origin, min(room, MAX_WANTED_A_PAGE))
        room -= len(state.wanted)
        yield state


def _state(call: _Call, origin: str, most_wanted: int) -> pb.LogState:
    try:
        call.registry.check_bringer(call.path, origin)
    except NotAllowed as error:
        return pb.LogState(origin=origin, reason=error.reason)
    except UnknownOrigin:
        return pb.LogState(origin=origin, reason="unknown-origin")
    held = call.store.log(origin)
    if held is None:
        return pb.LogState(origin=origin, status=control.STATUSES["active"])
    bundles = Bundles(call.store, held)
    recorded = call.store.head(held, call.path)
    may_see = remembered(lambda audience: call.registry.may_see(audience, origin, call.path))
    wanted = bundles.wanted(most_wanted, may_see)
    return pb.LogState(
        origin=origin,
        recorded=recorded.size if recorded else 0,
        stored=held.stored,
        next_entry=held.next_entry,
        status=control.STATUSES["active"],
        reason="frozen" if held.frozen else "",
        wanted=[pb.PartName(index=index, number=number) for index, number in wanted],
        wanted_total=bundles.count_wanted(),
    )


def _receipts_from_above(call: _Call, request: pb.HelloRequest) -> list[bytes]:
    held = call.store.log(call.path)
    if held is None:
        return []
    known = {one.signer: one.size for one in request.receipts}
    above = (one for one in call.store.newest_receipts(held) if one.signer != call.serving.me)
    return [one.note for one in above if one.size > known.get(one.signer, 0)]


def _shown(call: _Call, known: dict[str, int]) -> list[pb.Shown]:
    """Return the newest head of the own log and of each log above, proved from the size that the child holds."""
    shown = []
    for origin in ancestors(call.registry, call.serving.me):
        held = call.store.log(origin)
        newest = call.store.newest_head(held, at_most=held.stored) if held else None
        if held is None or newest is None:
            continue
        old = known.get(origin, 0)
        proof = tree.consistency_proof(Bundles(call.store, held), old, newest.size) if old <= newest.size else []
        shown.append(pb.Shown(note=newest.note, old_size=old, proof=proof))
    return shown


def _end(call: _Call, header: "pb.AddEntriesRequest.Header") -> Head:
    """Return the head that packages are checked against; raise NoHead, Conflict."""
    held = _log(call.store, header.origin)
    if held.frozen:
        raise NotAllowed(header.origin, "frozen")
    end = mirror.head_for(call.store, held, call.path, header.end)
    if header.end < held.stored or header.start > held.next_entry:
        raise Conflict(end.size, held.stored, held.next_entry)
    return end
