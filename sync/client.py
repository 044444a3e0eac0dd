"""The child's calls (wire.md section 4): one module with generated code, values and typed errors everywhere else."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from banyan.v1 import sync_pb2 as pb
from banyan.v1 import sync_pb2_grpc

from sync import control
from sync.calling import Calling
from sync.door import Door
from sync.errors import Malformed
from sync.fork import NOTHING, Beginning
from sync.ownrow import Shown
from sync.package import MAX_UNACKNOWLEDGED, Frame, PartName
from sync.rollcall import MAX_ROWS

MAX_RANGES = 100  # of damaged entries that Hello names for one log
MAX_WANTED = 1_000  # parts of one log that a parent may ask for at once
_STATUS_NAMES = {number: name for name, number in control.STATUSES.items()}


@dataclass(frozen=True, slots=True)
class Greeting:
    """What the child says first; see HelloRequest. `forks` are (log, name) of evidence held; None: tell of none.

    `manifest` is 1 + index of the parent's in which the own row was checked last; None: show none. `door` is where
    this node lets others in, if it does.
    """

    known_epoch: bytes
    offers: Sequence[tuple[str, int]]
    ancestors: Sequence[tuple[str, int]]
    your_head: bytes
    receipts: Sequence[tuple[str, int]]
    forks: Sequence[tuple[str, bytes]] | None = None
    want_heads: bool = False
    root_version: int = 0
    registration: Sequence[bytes] = ()
    manifest: int | None = None
    door: Door | None = None


@dataclass(frozen=True, slots=True)
class LogState:
    """What the parent has of one log; `reason` says why it takes nothing, if so."""

    origin: str
    recorded: int = 0
    stored: int = 0
    next_entry: int = 0
    reason: str = ""
    wanted: tuple[PartName, ...] = ()
    wanted_total: int = 0
    damaged: tuple[tuple[int, int], ...] = ()
    note: bytes = b""


@dataclass(frozen=True, slots=True)
class ShownHead:
    """A head of an ancestor's log, with the proof from the size that we said we hold."""

    note: bytes
    old_size: int
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Hello:
    """What the parent answers; see HelloResponse."""

    epoch: bytes
    registry_version: int
    status: str
    reason: str
    your_head: bytes
    logs: dict[str, LogState]
    receipts: tuple[bytes, ...]
    ancestors: tuple[ShownHead, ...]
    time_ms: int
    forks: tuple[tuple[bytes, bytes], ...] = ()
    wanted_forks: tuple[bytes, ...] = ()
    manifest: Shown | None = None
    your_manifest: int = 0
    please_reconcile: int = 0
    authorities: bytes = b""
    because: str = ""
    root_statements: tuple[bytes, ...] = ()


@dataclass(slots=True)
class Sent:
    """How far a call came: the parent's next_entry, its receipt if the log is whole there, parts it still wants."""

    next_entry: int
    receipt: bytes = b""
    parts_wanted: int = 0
    parts_refused: int = 0


@dataclass
class Client(Calling):
    """The calls of a session with one parent."""

    def __post_init__(self) -> None:
        self._stub = sync_pb2_grpc.SyncStub(self.channel)

    def hello(self, greeting: Greeting) -> Hello:
        """Say what we hold and offer; return what the parent knows."""
        request = pb.HelloRequest(
            version=1,
            known_epoch=greeting.known_epoch,
            offers=[pb.LogSize(origin=origin, size=size) for origin, size in greeting.offers],
            ancestors=[pb.LogSize(origin=origin, size=size) for origin, size in greeting.ancestors],
            your_head=greeting.your_head,
            receipts=[pb.ReceiptSize(signer=signer, size=size) for signer, size in greeting.receipts],
            want_heads=greeting.want_heads,
            root_version=greeting.root_version,
            registration=greeting.registration,
        )
        if greeting.forks is not None:
            names = [pb.ForkName(origin=origin, name=name) for origin, name in greeting.forks]
            request.known_forks.CopyFrom(pb.Forks(names=names))
        if greeting.manifest is not None:
            request.manifest = greeting.manifest
        if greeting.door is not None:
            request.door.CopyFrom(pb.Door(join_address=greeting.door.join_address, authority=greeting.door.authority))
        with self.called() as timeout:
            answer = self._stub.Hello(request, timeout=timeout)
        return Hello(
            answer.epoch,
            answer.registry_version,
            _STATUS_NAMES.get(answer.status, "unknown"),
            answer.reason,
            answer.your_head,
            {one.origin: _state(one) for one in answer.logs},
            tuple(answer.receipts),
            tuple(ShownHead(one.note, one.old_size, tuple(one.proof)) for one in answer.ancestors),
            answer.time_ms,
            tuple((one.file, one.registrations) for one in answer.forks),
            tuple(answer.wanted_forks),
            _shown(answer.manifest) if answer.HasField("manifest") else None,
            answer.your_manifest,
            please_reconcile=answer.please_reconcile,
            authorities=answer.authorities,
            because=answer.because,
            root_statements=tuple(answer.root_statements),
        )

    def add_checkpoint(
        self, origin: str, old_size: int, proof: Sequence[bytes], note: bytes, begins: Beginning = NOTHING
    ) -> int:
        """Show a head; return the size that is recorded now. Raises OldSize with the size to prove it from."""
        request = pb.AddCheckpointRequest(origin=origin, old_size=old_size, proof=proof, note=note)
        if begins.size:
            request.begins.CopyFrom(pb.Beginning(size=begins.size, root=begins.root, proof=begins.proof))
        with self.called() as timeout:
            return self._stub.AddCheckpoint(request, timeout=timeout).recorded

    def add_entries(
        self,
        origin: str,
        start: int,
        end: int,
        frames: Iterable[Frame],
        acknowledged: Callable[[int], None],
        mend: bool = False,
    ) -> Sent:
        """Send packages, at most 8 unacknowledged; return what came last. `acknowledged` hears each next_entry.

        With `mend` they take the place of entries that are damaged there.
        """
        room = threading.Semaphore(MAX_UNACKNOWLEDGED)
        over = threading.Event()

        def requests() -> Iterator[pb.AddEntriesRequest]:
            header = pb.AddEntriesRequest.Header(origin=origin, start=start, end=end, mend=mend)
            yield pb.AddEntriesRequest(header=header)
            for frame in frames:
                while not room.acquire(timeout=1.0):
                    if over.is_set():
                        return
                yield pb.AddEntriesRequest(
                    package=pb.Package(first=frame.first, compressed=frame.compressed, frame=frame.content)
                )

        sent = Sent(start)
        with self.called() as timeout:
            try:
                for answer in self._stub.AddEntries(requests(), timeout=timeout):
                    room.release()
                    sent.next_entry = answer.next_entry
                    sent.receipt, sent.parts_wanted = answer.receipt, answer.parts_wanted
                    sent.parts_refused += answer.parts_refused
                    acknowledged(answer.next_entry)
            finally:
                over.set()
        return sent

    def add_parts(self, origin: str, parts: Sequence[tuple[PartName, bytes]]) -> int:
        """Bring parts that were asked for; return how many were taken."""
        request = pb.AddPartsRequest(
            origin=origin, parts=[pb.Part(index=name[0], number=name[1], content=content) for name, content in parts]
        )
        with self.called() as timeout:
            return self._stub.AddParts(request, timeout=timeout).taken

    def add_fork(self, file: bytes, registrations: bytes) -> bool:
        """Bring the evidence of a fork; return whether it was new there."""
        request = pb.AddForkRequest(fork=pb.ForkFile(file=file, registrations=registrations))
        with self.called() as timeout:
            return bool(self._stub.AddFork(request, timeout=timeout).new)

    def add_manifest(self, index: int, rows: Sequence[bytes]) -> int:
        """Bring the rows of the manifest at entry `index` of our own log; return how many were taken."""
        step = min(MAX_ROWS, 5_000)  # of at most 350 bytes each
        parts = [rows[at : at + step] for at in range(0, len(rows), step)] or [[]]
        requests = (pb.AddManifestRequest(index=index, rows=one) for one in parts)
        with self.called() as timeout:
            return int(self._stub.AddManifest(requests, timeout=timeout).rows)

    def entries(self, origin: str, start: int, end: int) -> Iterator[Frame]:
        """Yield packages of a log above, from `start` on; the parent may stop early."""
        request = pb.GetEntriesRequest(origin=origin, start=start, end=end)
        with self.called() as timeout:
            for one in self._stub.GetEntries(request, timeout=timeout):
                yield Frame(one.first, one.compressed, one.frame)

    def parts(self, origin: str, names: Sequence[PartName]) -> tuple[list[tuple[PartName, bytes]], int]:
        """Return parts of a log above, at most 1,000 asked for by name, and how many names the parent looked at."""
        request = pb.GetPartsRequest(
            origin=origin, parts=[pb.PartName(index=index, number=number) for index, number in names]
        )
        with self.called() as timeout:
            answer = self._stub.GetParts(request, timeout=timeout)
        return [((one.index, one.number), one.content) for one in answer.parts], answer.looked


def _shown(one: pb.ManifestRow) -> Shown:
    return Shown(one.index, one.place, one.row, tuple(one.proof))


def _state(one: pb.LogState) -> LogState:
    if one.next_entry > 2**63 - 1 or one.recorded > 2**63 - 1:
        raise Malformed("hello", "a size out of range")
    wanted = tuple((part.index, part.number) for part in one.wanted[:MAX_WANTED])
    damaged = tuple((part.first, part.last) for part in one.damaged[:MAX_RANGES] if part.first < part.last <= 2**63 - 1)
    sizes = (one.recorded, one.stored, one.next_entry)
    return LogState(one.origin, *sizes, one.reason, wanted, one.wanted_total, damaged, one.note)
