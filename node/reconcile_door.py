"""Comparing catalogues: what the parent answers (module with generated code).

Who calls sees digests and rows of logs that it may fetch or bring, of parts that both sides may see, and nothing else.
"""

import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from banyan.v1 import reconcile_pb2 as pb
from banyan.v1 import reconcile_pb2_grpc

from catalog import digests
from catalog.catalogue import Catalogue
from catalog.digests import Name, Row, Snapshot
from catalog.reconciling import LIST_ROWS, Drift, Local
from node import cataloguing
from node import node as nodes
from sync import recovery, refusals
from sync.called import Call
from sync.errors import Conflict, Malformed, NotAllowed, OverLimit, SyncError, UnknownOrigin

log = logging.getLogger(__name__)
MAX_LOGS = 500
MAX_NODES = 64
MAX_MENDED = 1_000
MAX_DRIFT = 50_000
MAX_KEPT_ROWS = 2_000_000  # in snapshots, 40 bytes each
_WAIT_S = 120.0
_PREFIX = re.compile("[0-9a-f]{0,16}", re.ASCII)
_Key = tuple[str, str, int, int]


class ReconcileService(reconcile_pb2_grpc.ReconcileServicer):
    """Digests, Buckets, Split, Rows, Mend and Report for this node's active children."""

    def __init__(self, node: nodes.Node):
        self._node = node
        self._serving = node.serving(lambda origin: None)
        self._kept: OrderedDict[_Key, Snapshot] = OrderedDict()
        self._taking = threading.Lock()

    @contextmanager
    def _call(self, context: grpc.ServicerContext, what: str) -> Iterator[tuple[Call, Catalogue]]:
        child = ""
        try:
            child = nodes.peer(context)
            call = Call(self._serving, child)
            try:
                call.registry.check_caller(child)
                recovery.check_replayed(call.store, self._node.origin)
                with cataloguing.catalogue(self._node) as found:
                    yield call, found
            finally:
                call.store.close()
        except SyncError as error:
            log.warning("refused call=%s child=%s error=%r", what, child, error)
            refusals.refuse(context, error)

    def Digests(self, request: pb.DigestsRequest, context: grpc.ServicerContext) -> pb.DigestsResponse:
        """Return the digest of each log, below the smaller size; taken anew each time."""
        with self._call(context, "Digests") as (call, found):
            if len(request.logs) > MAX_LOGS:
                raise OverLimit("logs", len(request.logs), MAX_LOGS)
            return pb.DigestsResponse(logs=[self._digest(call, found, one.origin, one.size) for one in request.logs])
        raise AssertionError

    def _digest(self, call: Call, found: Catalogue, origin: str, size: int) -> pb.LogDigest:
        try:
            held = call.log_to_fetch(origin)
        except NotAllowed as error:
            return pb.LogDigest(origin=origin, reason=error.reason)
        except UnknownOrigin:
            return pb.LogDigest(origin=origin, reason="unknown-origin")
        taken = self._snapshot(call, found, origin, min(size, found.covered(held.id)), anew=True)
        return pb.LogDigest(origin=origin, size=taken.size, rows=taken.rows, digest=taken.digest)

    def Buckets(self, request: pb.BucketsRequest, context: grpc.ServicerContext) -> pb.BucketsResponse:
        """Return the buckets of one log."""
        with self._call(context, "Buckets") as (call, found):
            buckets = self._side(call, found, request.origin, request.size).buckets()
            return pb.BucketsResponse(
                buckets=[
                    pb.Bucket(kind=kind, month=month, rows=one.rows, digest=one.digest)
                    for (kind, month), one in sorted(buckets.items())
                ]
            )
        raise AssertionError

    def Split(self, request: pb.NodesRequest, context: grpc.ServicerContext) -> pb.SplitResponse:
        """Return the 16 nodes of each node."""
        with self._call(context, "Split") as (call, found):
            names = _names(request)
            split = self._side(call, found, request.origin, request.size).split(names)
            return pb.SplitResponse(
                nodes=[
                    pb.SplitResponse.Children(rows=[one.rows for one in many], digests=[one.digest for one in many])
                    for many in split
                ]
            )
        raise AssertionError

    def Rows(self, request: pb.NodesRequest, context: grpc.ServicerContext) -> pb.RowsResponse:
        """Return the rows of nodes that hold few."""
        with self._call(context, "Rows") as (call, found):
            names = _names(request)
            side = self._side(call, found, request.origin, request.size)
            for one in names:
                if (count := side.snapshot.node(one).rows) > LIST_ROWS:
                    raise OverLimit("rows of a node", count, LIST_ROWS)
            listed = side.rows(names)
            return pb.RowsResponse(nodes=[pb.RowsResponse.Rows(rows=map(_row, rows)) for rows in listed])
        raise AssertionError

    def Mend(self, request: pb.MendRequest, context: grpc.ServicerContext) -> pb.MendResponse:
        """Take up again, from the own log, what the own catalogue has otherwise."""
        with self._call(context, "Mend") as (call, _found):
            call.log_to_fetch(request.origin)
            if len(request.indices) > MAX_MENDED:
                raise OverLimit("entries", len(request.indices), MAX_MENDED)
            done = cataloguing.mend(self._node, request.origin, request.indices)
            count = sum(one.word == "mended" for one in done)
            log.info("mended origin=%s child=%s entries=%d of=%d", request.origin, call.path, count, len(done))
            return pb.MendResponse(
                entries=[pb.MendResponse.Mended(index=one.index, word=one.word, rules=one.rules) for one in done]
            )
        raise AssertionError

    def Report(self, request: pb.ReportRequest, context: grpc.ServicerContext) -> pb.ReportResponse:
        """Keep what the child says that it found."""
        with self._call(context, "Report") as (call, _found):
            if len(request.drift) > MAX_DRIFT:
                raise OverLimit("rows of a report", len(request.drift), MAX_DRIFT)
            rows = [_drift(one).turned() for one in request.drift]
            logs = len({one.origin for one in rows})
            self._node.notebook.keep_comparison(call.path, self._node.clock(), call.path, logs, rows)
            if call.store.meta(f"reconcile:{call.path}"):
                with call.store.write():
                    call.store.set_meta(f"reconcile:{call.path}", b"")
            return pb.ReportResponse()
        raise AssertionError

    def _side(self, call: Call, found: Catalogue, origin: str, size: int) -> Local:
        call.log_to_fetch(origin)
        snapshot = self._snapshot(call, found, origin, size)
        shared = nodes.shared(call.registry, origin, call.path)
        return Local(snapshot, lambda indices: digests.rows_at(call.store, found, origin, indices, shared))

    def _snapshot(self, call: Call, found: Catalogue, origin: str, size: int, anew: bool = False) -> Snapshot:
        """Return a log's rows as that child may compare them; one is worked out at a time, the newest are kept."""
        name = (call.path, origin, size, found.cursor())
        if not self._taking.acquire(timeout=_WAIT_S):
            raise OverLimit("comparisons at once", 2, 1)
        try:
            if anew or name not in self._kept:
                shared = nodes.shared(call.registry, origin, call.path)
                self._kept[name] = digests.take(call.store, found, origin, size, shared)
            self._kept.move_to_end(name)
            while len(self._kept) > 1 and sum(one.rows for one in self._kept.values()) > MAX_KEPT_ROWS:
                self._kept.popitem(last=False)
            return self._kept[name]
        except digests.Behind as error:
            raise Conflict(size, error.args[2], error.args[2]) from error
        finally:
            self._taking.release()


def _names(request: pb.NodesRequest) -> list[Name]:
    if len(request.nodes) > MAX_NODES:
        raise OverLimit("nodes", len(request.nodes), MAX_NODES)
    for one in request.nodes:
        if not _PREFIX.fullmatch(one.prefix):
            raise Malformed("node", "no hex digits, or too many")
    return [Name(one.kind, one.month, one.prefix) for one in request.nodes]


def _row(one: Row) -> pb.RowsResponse.Row:
    return pb.RowsResponse.Row(
        hash=one.hash, index=one.index, key=one.key, accepted=one.accepted, quarantined=one.quarantined
    )


def _drift(one: pb.ReportRequest.Drift) -> Drift:
    counts = one.matched, one.different, one.missing, one.extra
    if max(counts) > 2**53 or max(map(len, (one.origin, one.kind, one.month))) > 200:
        raise Malformed("report", "out of range")
    return Drift(one.origin, one.kind, one.month, *counts, one.about)
