"""Comparing catalogues: the child's calls (module with generated code). What a parent answers is read strictly."""

from collections.abc import Sequence
from dataclasses import dataclass

from banyan.v1 import reconcile_pb2 as pb
from banyan.v1 import reconcile_pb2_grpc

from catalog.digests import FAN, Name, Node, Row
from catalog.mending import Mended
from catalog.reconciling import LIST_ROWS, Bucket, Drift
from sync.calling import Calling
from sync.errors import Malformed

MAX_DRIFT = 50_000  # rows of one report


@dataclass(frozen=True, slots=True)
class LogDigest:
    """What the parent says of one log: below `size` it has so many rows with this digest; or why it is not compared."""

    origin: str
    size: int
    rows: int
    digest: bytes
    reason: str


@dataclass
class ReconcileClient(Calling):
    """The calls with which one parent's catalogue is compared."""

    def __post_init__(self) -> None:
        self._stub = reconcile_pb2_grpc.ReconcileStub(self.channel)

    def digests(self, logs: Sequence[tuple[str, int]]) -> list[LogDigest]:
        """Return what the parent says of logs, given as (origin, entries applied here), in that order."""
        request = pb.DigestsRequest(logs=[pb.Applied(origin=origin, size=size) for origin, size in logs])
        with self.called() as timeout:
            answer = self._stub.Digests(request, timeout=timeout)
        found = [LogDigest(one.origin, one.size, one.rows, one.digest, one.reason) for one in answer.logs]
        asked = [(origin, size) for origin, size in logs]
        if [one.origin for one in found] != [origin for origin, _size in asked] or any(
            one.size > size for one, (_origin, size) in zip(found, asked, strict=True)
        ):
            raise Malformed("digests", "of other logs or sizes than were asked for")
        return found

    def side(self, origin: str, size: int) -> "Remote":
        """Return the parent's catalogue as a side of comparing one log."""
        return Remote(self, origin, size)

    def mend(self, origin: str, indices: Sequence[int]) -> list[Mended]:
        """Have the parent judge entries again, at most 1,000."""
        with self.called() as timeout:
            answer = self._stub.Mend(pb.MendRequest(origin=origin, indices=indices), timeout=timeout)
        return [Mended(one.index, one.word[:20], tuple(one.rules[:8])) for one in answer.entries]

    def report(self, rows: Sequence[Drift]) -> None:
        """Say what was found, as it is seen from here."""
        told = [
            pb.ReportRequest.Drift(
                origin=one.origin, kind=one.kind, month=one.month, matched=one.matched, different=one.different,
                missing=one.missing, extra=one.extra, about=one.about,
            )
            for one in rows[:MAX_DRIFT]
        ]  # fmt: skip
        with self.called() as timeout:
            self._stub.Report(pb.ReportRequest(drift=told), timeout=timeout)


@dataclass(frozen=True, slots=True)
class Remote:
    """One log at the parent, as `reconciling.compare` asks for it. Raises Malformed."""

    client: ReconcileClient
    origin: str
    size: int

    def buckets(self) -> dict[Bucket, Node]:
        """Return each kind's and month's node."""
        with self.client.called() as timeout:
            answer = self.client._stub.Buckets(pb.BucketsRequest(origin=self.origin, size=self.size), timeout=timeout)
        return {(one.kind, one.month): _node(one.rows, one.digest) for one in answer.buckets}

    def split(self, names: Sequence[Name]) -> list[list[Node]]:
        """Return the 16 nodes of each of these."""
        with self.client.called() as timeout:
            answer = self.client._stub.Split(self._request(names), timeout=timeout)
        found = [[_node(*pair) for pair in zip(one.rows, one.digests, strict=False)] for one in answer.nodes]
        if len(found) != len(names) or any(len(many) != FAN for many in found):
            raise Malformed("split", "not 16 nodes for each")
        return found

    def rows(self, names: Sequence[Name]) -> list[list[Row]]:
        """Return the rows of each of these nodes."""
        with self.client.called() as timeout:
            answer = self.client._stub.Rows(self._request(names), timeout=timeout)
        if len(answer.nodes) != len(names) or any(len(one.rows) > LIST_ROWS for one in answer.nodes):
            raise Malformed("rows", "of other nodes than were asked for")
        return [[self._row(row) for row in one.rows] for one in answer.nodes]

    def _row(self, one: pb.RowsResponse.Row) -> Row:
        if len(one.hash) != 32 or one.index >= self.size or len(one.key) > 1000 or one.accepted | one.quarantined > 255:
            raise Malformed("row", "out of range")
        return Row(one.hash, one.index, one.key, one.accepted, one.quarantined)

    def _request(self, names: Sequence[Name]) -> pb.NodesRequest:
        nodes = [pb.NodesRequest.Node(kind=one.kind, month=one.month, prefix=one.prefix) for one in names]
        return pb.NodesRequest(origin=self.origin, size=self.size, nodes=nodes)


def _node(rows: int, digest: bytes) -> Node:
    if len(digest) != 32 or rows > 2**53:
        raise Malformed("node", "no digest")
    return Node(rows, digest)
