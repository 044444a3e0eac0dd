"""The parent's side of a session (wire.md section 4): one module with generated code, values everywhere else.

Every call opens its own store; status is read from the registry before every package.
"""

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain

import grpc
from banyan.v1 import sync_pb2 as pb
from banyan.v1 import sync_pb2_grpc

from sync import arriving, control, forks, greeting, mirror, presence, refusals, rollcall
from sync.bundles import Bundles, packages
from sync.called import Call, Serving
from sync.door import Door
from sync.errors import Conflict, Malformed, NotAllowed, OverLimit, SyncError, UnknownOrigin
from sync.fork import Beginning
from sync.lock import HeadLock
from sync.package import MAX_PACKAGES_A_CALL, Packer
from sync.quota import BYTES, HEADS

log = logging.getLogger(__name__)
MAX_OFFERS = 10_000
MAX_PARTS_BYTES = 4 * 1024 * 1024
MAX_CALL_S = 310.0  # five minutes, and what a clock may be wrong by
MAX_CALLS_A_CHILD = 4
MAX_REGISTRATIONS_BYTES = 256 * 1024


class SyncService(sync_pb2_grpc.SyncServicer):
    """Hello, AddCheckpoint, AddEntries, AddParts, GetEntries, GetParts over the mutual-TLS door."""

    def __init__(self, serving: Serving):
        self._serving = serving
        self._under_way: Counter[str] = Counter()
        self._counting = threading.Lock()

    @contextmanager
    def _call(self, context: grpc.ServicerContext, what: str) -> Iterator[Call]:
        path = ""
        call = None
        try:
            path = self._serving.peer(context)
            left = context.time_remaining()
            if left is None or left > MAX_CALL_S:  # whoever says nothing more must not keep a thread for ever
                raise OverLimit("seconds of a call", -1 if left is None else int(min(left, 2**31)), int(MAX_CALL_S))
            with self._one_more(path):
                call = Call(self._serving, path)
                yield call
        except SyncError as error:
            log.warning("refused call=%s child=%s error=%r", what, path, error)
            refusals.refuse(context, error)
        finally:
            if call is not None:
                call.close()

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
            answer.root_statements.extend(call.registry.federation.statements[request.root_version or None :])
            if reason := greeting.moved(call, request.registration):  # it may read where to
                answer.status, answer.reason = control.STATUSES["active"], reason
                held = {one.origin: one.size for one in request.ancestors}
                answer.ancestors.extend(greeting.shown_heads(call, held))
                return answer
            try:
                call.registry.check_caller(call.path)
            except UnknownOrigin:
                self._ask_back(call, request, answer)
                return answer
            except NotAllowed as error:
                answer.status, answer.reason = (
                    control.STATUSES.get(error.reason, control.pb.STATUS_UNSPECIFIED),
                    error.reason,
                )
                answer.because = greeting.because(call)
                return answer
            answer.status = control.STATUSES["active"]
            greeting.take_registration(call, request.registration)
            if request.HasField("door"):
                greeting.take_door(call, Door(request.door.join_address, request.door.authority))
            presence.beat(call.store, call.path, int(self._serving.clock()))
            presence.heard(call.store, call.registry, call.path, request.your_head)
            self._check_owed(call, request)
            answer.please_reconcile = greeting.please_reconcile(call)
            answer.authorities = self._serving.authorities()
            answer.your_head = greeting.newest_note(call, call.path)
            answer.logs.extend(greeting.wanted_back(call, request.your_head))
            answer.logs.extend(
                greeting.states(call, {one.origin for one in request.offers}, greeting.heads_asked(request))
            )
            answer.receipts.extend(greeting.receipts_from_above(call, request))
            held = {one.origin: one.size for one in request.ancestors}
            answer.ancestors.extend(greeting.shown_heads(call, held))
            if request.HasField("known_forks"):
                known = _fork_names(request.known_forks)
                answer.wanted_forks.extend(forks.wanted(call.store, known))
                answer.forks.extend(greeting.forks_told(call, known))
            if request.HasField("manifest"):
                greeting.show_manifest(call, request.manifest, answer)
            return answer
        raise AssertionError

    def _ask_back(self, call: Call, request: pb.HelloRequest, answer: pb.HelloResponse) -> None:
        """Ask one whom we do not know for our own log, if it shows that it holds more of it than we: we have lost it.

        Who called has a certificate of ours, and what it brings proves itself. Raises UnknownOrigin for all others.
        """
        presence.sight(call.store, call.registry, call.path, request.your_head)
        back = greeting.wanted_back(call, request.your_head)
        if not any(one.next_entry < one.recorded for one in back):
            raise UnknownOrigin(call.path)
        answer.reason = "unknown-origin"
        answer.logs.extend(back)

    def _check_owed(self, call: Call, request: pb.HelloRequest) -> None:
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
            call.check_room()
            call.meter.check(HEADS, request.origin)
            call.meter.use(HEADS, 1, request.origin)  # also one that is refused: looking at it cost us the same
            begins = Beginning(request.begins.size, request.begins.root, tuple(request.begins.proof))
            record = partial(mirror.record_head, call.store, registered, call.path, request.note)
            recorded = call.whole(request.origin, partial(record, request.old_size, list(request.proof), begins))
            log.info("head recorded origin=%s path=%s size=%d", request.origin, call.path, recorded)
            return pb.AddCheckpointResponse(recorded=recorded)
        raise AssertionError

    def AddEntries(
        self, request_iterator: Iterator[pb.AddEntriesRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.AddEntriesResponse]:
        """Store packages as they come, one acknowledgement each, then give a receipt if the log is whole."""
        with self._call(context, "AddEntries") as call:
            yield from arriving.answers(call, request_iterator)

    def AddFork(self, request: pb.AddForkRequest, context: grpc.ServicerContext) -> pb.AddForkResponse:
        """Keep the evidence of a fork that a child has found or heard of, once it verifies."""
        with self._call(context, "AddFork") as call:
            call.registry.check_caller(call.path)
            told = request.fork
            if len(told.registrations) > MAX_REGISTRATIONS_BYTES:
                raise OverLimit("bytes of registrations", len(told.registrations), MAX_REGISTRATIONS_BYTES)
            new = forks.learn(call.store, call.registry, told.file, told.registrations, call.path)
            log.info("fork told child=%s new=%s", call.path, new)
            return pb.AddForkResponse(new=new)
        raise AssertionError

    def AddManifest(
        self, request_iterator: Iterator[pb.AddManifestRequest], context: grpc.ServicerContext
    ) -> pb.AddManifestResponse:
        """Keep the rows of the child's manifest once they are what its entry states, and compare them with others'."""
        with self._call(context, "AddManifest") as call:
            call.registry.check_caller(call.path)
            call.check_room()
            first = next(request_iterator, pb.AddManifestRequest())
            rows = (row for one in chain((first,), request_iterator) for row in _manifest_rows(one))
            count = rollcall.take(call.store, call.registry, call.path, first.index, rows)
            left_out = rollcall.alarm_for_left_out(call.store, call.registry)
            log.info("manifest child=%s rows=%d left_out=%d", call.path, count, len(left_out))
            return pb.AddManifestResponse(rows=count)
        raise AssertionError

    def AddParts(self, request: pb.AddPartsRequest, context: grpc.ServicerContext) -> pb.AddPartsResponse:
        """Take parts that this node wants."""
        with self._call(context, "AddParts") as call:
            if request.origin == self._serving.me:
                call.registry.check_caller(call.path)  # our own parts, lost here: they open what we committed to
                if not Bundles(call.store, call.log(request.origin)).count_wanted():
                    raise NotAllowed(request.origin, "not-of-this-path")
            else:
                call.check_bringer(request.origin)
            call.check_room()
            size = sum(len(one.content) for one in request.parts)
            if len(request.parts) > greeting.MAX_WANTED_A_PAGE or size > MAX_PARTS_BYTES:
                raise OverLimit("parts, or their bytes", max(len(request.parts), size), MAX_PARTS_BYTES)
            call.meter.check(BYTES)
            call.meter.use(BYTES, size)
            parts = [((one.index, one.number), one.content) for one in request.parts]
            taken, refused = mirror.take_parts(
                call.store, request.origin, parts, call.committer(request.origin), call.may_hold(request.origin)
            )
            if taken:
                self._serving.stored(request.origin)
            wanted = Bundles(call.store, call.log(request.origin)).count_wanted()
            return pb.AddPartsResponse(taken=taken, refused=refused, wanted_total=wanted)
        raise AssertionError

    def GetEntries(self, request: pb.GetEntriesRequest, context: grpc.ServicerContext) -> Iterator[pb.Package]:
        """Send packages of this node's own log, or of a log above it, from `start` on."""
        with self._call(context, "GetEntries") as call:
            held = call.log_to_fetch(request.origin)
            if not request.start < request.end <= held.stored:
                raise Conflict(held.stored, held.stored, held.next_entry)
            packer = Packer()
            may_see = call.may_see(request.origin)
            sent = packages(call.store, held, request.start, request.end, request.end, may_see)
            for count, found in enumerate(sent, 1):
                call.registry.check_reader(call.path)
                frame = packer.pack(found)
                yield pb.Package(first=frame.first, compressed=frame.compressed, frame=frame.content)
                if count == MAX_PACKAGES_A_CALL:
                    return

    def GetParts(self, request: pb.GetPartsRequest, context: grpc.ServicerContext) -> pb.GetPartsResponse:
        """Send parts of this node's own log, or of a log above it, that the child asks for and may see."""
        with self._call(context, "GetParts") as call:
            held = call.log_to_fetch(request.origin)
            if len(request.parts) > greeting.MAX_WANTED_A_PAGE:
                raise OverLimit("parts asked for", len(request.parts), greeting.MAX_WANTED_A_PAGE)
            names = [(one.index, one.number) for one in request.parts]
            may_see = call.may_see(request.origin)
            found = Bundles(call.store, held).serve(names, held.stored, may_see, MAX_PARTS_BYTES)
            if found.undue:
                log.warning("parts not due origin=%s child=%s parts=%d", request.origin, call.path, found.undue)
            parts = [pb.Part(index=name[0], number=name[1], content=content) for name, content in found.parts]
            return pb.GetPartsResponse(parts=parts, looked=found.looked)
        raise AssertionError


def _manifest_rows(one: pb.AddManifestRequest) -> list[bytes]:
    if len(one.rows) > rollcall.MAX_ROWS:
        raise OverLimit("rows of a message", len(one.rows), rollcall.MAX_ROWS)
    return list(one.rows)


def _fork_names(known: pb.Forks) -> list[tuple[str, bytes]]:
    if len(known.names) > greeting.MAX_FORKS_KNOWN:
        raise OverLimit("forks named", len(known.names), greeting.MAX_FORKS_KNOWN)
    return [(one.origin, one.name) for one in known.names]
