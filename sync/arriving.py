"""Packages as they come up to a parent (wire.md section 4, AddEntries): verified, stored, then a receipt.

With service one of the modules with generated code. The status of who sends is read at every package.
"""

import logging
from collections.abc import Iterator
from functools import partial

from banyan.v1 import sync_pb2 as pb

from sync import healing, mirror, receipting, recovery, wants
from sync.bundles import Bundles
from sync.called import Call
from sync.damage import Book
from sync.errors import Conflict, NoHead, NotAllowed, OverLimit
from sync.head import Head
from sync.lock import HeadLock
from sync.mending import Mending
from sync.package import MAX_PACKAGES_A_CALL, Frame, unpack
from sync.quota import BYTES, ENTRIES
from sync.registry import Registration
from sync.store import Log

log = logging.getLogger(__name__)


def answers(call: Call, requests: Iterator[pb.AddEntriesRequest]) -> Iterator[pb.AddEntriesResponse]:
    """Yield an acknowledgement for each package of one call, then a receipt if the log is whole."""
    header = next(requests, pb.AddEntriesRequest()).header
    if header.mend:
        yield from _mend(call, header, requests)
        return
    if header.origin == call.serving.me:
        yield from _take_back(call, header, requests)
        return
    registered = call.check_bringer(header.origin)
    yield from _take(call, registered, _end(call, header), requests)


def _end(call: Call, header: "pb.AddEntriesRequest.Header") -> Head:
    """Return the head that packages are checked against; raise NoHead, Conflict."""
    held = call.log(header.origin)
    if held.frozen:
        raise NotAllowed(header.origin, "frozen")
    end = mirror.head_for(call.store, held, call.path, header.end)
    if header.end < held.stored or header.start > held.next_entry:
        raise Conflict(end.size, held.stored, held.next_entry)
    return end


def _take(
    call: Call, registered: Registration, end: Head, requests: Iterator[pb.AddEntriesRequest]
) -> Iterator[pb.AddEntriesResponse]:
    """Store packages as they come, one acknowledgement each, then give a receipt if the log is whole."""
    origin = end.origin
    committer, may_hold = call.committer(origin), call.may_hold(origin)
    for count, request in enumerate(requests, 1):
        if count > MAX_PACKAGES_A_CALL:
            raise OverLimit("packages of a call", count, MAX_PACKAGES_A_CALL)
        registered = call.check_bringer(origin)
        call.check_room()
        call.meter.check(BYTES)
        call.meter.check(ENTRIES)
        sent = request.package
        call.meter.use(BYTES, len(sent.frame))
        found = unpack(Frame(sent.first, sent.compressed, sent.frame))
        take = partial(mirror.take, call.store, registered, found, end, committer, may_hold)
        taken = call.whole(origin, take)
        call.meter.use(ENTRIES, len(found.entries))
        if taken.refused:
            log.warning("parts refused origin=%s path=%s parts=%s", origin, call.path, taken.refused[:5])
        yield pb.AddEntriesResponse(next_entry=taken.next_entry, parts_refused=len(taken.refused))
    registered = call.check_bringer(origin)  # its standing may have changed since the last package
    yield call.whole(origin, partial(_receipt, call, registered, end))


def _mend(
    call: Call, header: "pb.AddEntriesRequest.Header", requests: Iterator[pb.AddEntriesRequest]
) -> Iterator[pb.AddEntriesResponse]:
    """Put packages in the place of entries that are damaged here; nothing grows, and there is no receipt."""
    _check_mender(call, header.origin)
    held = call.log(header.origin)
    end = healing.promised(call.store, call.registry, held, _proving(call, held, header.end))
    lock = HeadLock(call.serving.head_lock)
    try:
        mending = Mending(call.store, call.registry, lock, int(call.serving.clock()))
        for count, request in enumerate(requests, 1):
            if count > MAX_PACKAGES_A_CALL:
                raise OverLimit("packages of a call", count, MAX_PACKAGES_A_CALL)
            _check_mender(call, header.origin)
            call.check_room()
            call.meter.check(BYTES)
            sent = request.package
            call.meter.use(BYTES, len(sent.frame))
            mended = mending.replace(unpack(Frame(sent.first, sent.compressed, sent.frame)), end)
            log.info("mended origin=%s path=%s places=%d", header.origin, call.path, len(mended))
            yield pb.AddEntriesResponse(next_entry=held.next_entry)
    finally:
        lock.close()


def _check_mender(call: Call, origin: str) -> None:
    """The caller may bring this log; our own, which proves itself, any child may where some of it is damaged."""
    if origin != call.serving.me:
        call.check_bringer(origin)
        return
    call.registry.check_caller(call.path)
    if not Book(call.store).ranges(origin):
        raise NotAllowed(origin, "not-of-this-path")


def _proving(call: Call, held: Log, size: int) -> Head:
    """Return the kept head that packages are checked against: our own may be an older one, which the child holds."""
    if held.origin != call.serving.me:
        return mirror.head_for(call.store, held, call.path, size)
    found = next(iter(call.store.promises(held, size, size)), None)
    if found is None:
        raise NoHead(held.origin, size)
    return found


def _take_back(
    call: Call, header: "pb.AddEntriesRequest.Header", requests: Iterator[pb.AddEntriesRequest]
) -> Iterator[pb.AddEntriesResponse]:
    """Put packages of our own log in place, up to a head of ours that a child has shown; no receipt for that."""
    end, me = call.newest_of_ours(), call.serving.me
    if header.end != end.size:
        raise NoHead(me, header.end)
    keys = call.registry.log_keys(me)
    with call.lock() as lock:
        known = recovery.heads_of_ours(call.store, lock, me)
        signed, committer, at = recovery.agreed(call.store, known, me), call.committer(me), header.start
        for count, request in enumerate(requests, 1):
            if count > MAX_PACKAGES_A_CALL:
                raise OverLimit("packages of a call", count, MAX_PACKAGES_A_CALL)
            call.check_room()
            call.meter.check(BYTES)
            sent = request.package
            call.meter.use(BYTES, len(sent.frame))
            found = unpack(Frame(sent.first, sent.compressed, sent.frame))
            at = recovery.take(call.store, found, end, committer, signed, keys)
            yield pb.AddEntriesResponse(next_entry=at)
        if recovery.is_promised(call.store, end):
            recovery.settle(call.store, lock, end, known, keys)
            log.warning("own log taken back child=%s size=%d", call.path, end.size)
            call.serving.stored(me)
    wanted = Bundles(call.store, call.log(me)).count_wanted()
    yield pb.AddEntriesResponse(next_entry=at, parts_wanted=wanted)


def _receipt(call: Call, registered: Registration, end: Head) -> pb.AddEntriesResponse:
    """Compare the heads that came by any path with what is stored now, and sign for it if the log is whole."""
    serving = call.serving
    mirror.compare_heads(call.store, call.log(end.origin), registered)
    lock = HeadLock(serving.head_lock)
    try:
        signer, *also = serving.mirrors(call.registry)
        log_keys = registered.node.log_keys
        receipt = receipting.give_receipt(call.store, lock, signer, serving.me, end, serving.clock, also, log_keys)
    finally:
        lock.close()
    held = call.log(end.origin)
    if receipt is not None and wants.says_more(call.store, held):
        wants.refresh_log(call.store, call.registry, held)  # so that the child brings it in this very session
    wanted = Bundles(call.store, held).count_wanted()
    if receipt is None:
        return pb.AddEntriesResponse(next_entry=held.next_entry, parts_wanted=wanted)
    log.info("receipt origin=%s path=%s size=%d wanted=%d", end.origin, call.path, end.size, wanted)
    serving.stored(end.origin)
    return pb.AddEntriesResponse(next_entry=held.next_entry, receipt=receipt.note, parts_wanted=wanted)
