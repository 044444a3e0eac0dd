"""A child that turns against its parent, with its own keys and certificate: junk, huge messages, floods of heads.

It runs in a process of its own, before the others have their night. What it says back is what each attack was answered.
"""

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import grpc
from banyan.v1 import sync_pb2 as pb

from node import doors, keyfiles
from node.node import Node, Opened
from sync import head, refusals, tree
from sync.bundles import Bundles, packages
from sync.checkpoint import Checkpoint
from sync.client import Client, Greeting
from sync.errors import SyncError
from sync.package import Package, Packer
from sync.session import Session
from sync.store import Log
from tests.bits import flipped
from tests.faults.place import HOSTILE, SECOND, Place, address
from tests.faults.processes import FORK, begin
from tests.sync import hostile
from tests.sync.hostile import Hostile
from tests.world import CITY

SYNC = "/banyan.v1.Sync/"
METHODS = ("Hello", "AddCheckpoint", "AddEntries", "AddParts", "GetEntries", "GetParts")
PATIENCE_S = 10.0
TAKEN = "taken"


@dataclass
class Foe:
    """The hostile node, opened, with a line to its city; `chance` is the seed's."""

    place: Place
    opened: Opened
    channel: grpc.Channel
    chance: Random

    @property
    def node(self) -> Node:
        return self.opened.node

    @property
    def log(self) -> Log:
        return self.opened.own.log

    def file(self, *bodies: bytes) -> int:
        """Add something to bring; return its first index."""
        made = bodies or tuple(b"%d %s" % (at, os.urandom(20)) for at in range(3))
        return self.opened.own.add([[("federation", body)] for body in made])

    def raw(self, method: str, messages: Sequence[bytes], **more: Any) -> str:
        """Make one call of bytes; return what it was answered with."""
        return answered(lambda: list(self.channel.stream_stream(method)(iter(messages), timeout=PATIENCE_S, **more)))

    def session(self, client: Callable[..., Client]) -> str:
        """Run a session through another client; return what it was answered with."""
        node = self.node
        with node.lock() as lock:
            one = client(self.channel, CITY)
            session = Session(self.opened.store, lock, self.opened.own, self.opened.registry, one, node.clock)
            try:
                report = session.run()
            except SyncError as error:
                return type(error).__name__
        return "parts refused" if getattr(one, "parts_refused", 0) else str(report.refused or TAKEN)

    def packages(self, origin: str, start: int) -> list[Package]:
        """Return the packages that the owner of a log would send from `start` on."""
        with self.place.opened(origin) as owner:
            log = owner.own.log
            return list(
                packages(owner.store, log, start, log.next_entry, log.next_entry, lambda _audience, _index: True)
            )


def answered(call: Callable[[], Any]) -> str:
    """Return the reason word that a call was refused with, or its status; TAKEN where it was not."""
    try:
        call()
    except grpc.RpcError as error:
        word = refusals.trailers(error).get(refusals.REASON)
        return word or error.code().name  # type: ignore[attr-defined]
    except ValueError as error:  # the library itself would not send it
        return f"not sent: {error}"
    return TAKEN


def attack(place: Place, attacks: Sequence["Attack"], seed: int) -> list[tuple[str, str]]:
    """Return (attack, what it was answered with) of each, made one after the other by the hostile node's process."""
    ours, theirs = FORK.Pipe(duplex=False)

    def work() -> None:
        begin(place.path.parent / "errors")
        node = Node.open(place.home(HOSTILE), {})
        with node.opened() as opened, unlimited(node) as channel:
            foe = Foe(place, opened, channel, Random(seed))
            for one in attacks:
                theirs.send((one.name, one.does(foe)))
        theirs.close()

    process = FORK.Process(target=work)
    process.start()
    theirs.close()
    found: list[tuple[str, str]] = []
    while len(found) < len(attacks) and ours.poll(60.0):
        try:
            found.append(ours.recv())
        except EOFError:
            break
    process.kill()
    process.join()
    return found


def unlimited(node: Node) -> grpc.Channel:
    """Return a channel to the city as this node has it, without limits on what it sends."""
    certificate, ca = keyfiles.client_certificate(node.home, CITY)
    credentials = grpc.ssl_channel_credentials(ca, node.keys.tls_key_pem, certificate)
    free = [one for one in doors._CLIENT_OPTIONS if "message_length" not in one[0]]
    parent = next(one for one in node.settings.parents if one.origin == CITY)
    limits = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    return grpc.secure_channel(parent.sync_address, credentials, options=[*free, *limits])


@dataclass(frozen=True, slots=True)
class Attack:
    """One thing that a hostile child does, and how it is answered where all is well: any of these words."""

    name: str
    does: Callable[[Foe], str]
    answers: tuple[str, ...]


# -- in what it brings ------------------------------------------------------------------------------------------------


def changed_head(name: str, change: Any, *answers: str) -> Attack:
    """A head that is changed on its way."""

    def does(foe: Foe) -> str:
        foe.file()
        return foe.session(
            lambda channel, parent: Hostile(
                channel, parent, target=HOSTILE, change_head=lambda proof, note: change(None, proof, note)
            )
        )

    return Attack(f"head: {name}", does, answers)


def changed_packages(name: str, change: Callable[[Foe, list[Package]], list[Package]], *answers: str) -> Attack:
    """Packages that are changed on their way."""

    def does(foe: Foe) -> str:
        foe.file()
        return foe.session(
            lambda channel, parent: Hostile(
                channel, parent, target=HOSTILE, change_packages=lambda sent: change(foe, sent)
            )
        )

    return Attack(f"package: {name}", does, answers)


def entries(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Foe, list[Package]], list[Package]]:
    return lambda foe, sent: [replace(sent[0], entries=change(list(sent[0].entries))), *sent[1:]]


def proofs(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Foe, list[Package]], list[Package]]:
    return lambda foe, sent: [replace(sent[0], proof=change(list(sent[0].proof))), *sent[1:]]


def parts(change: Callable[[Foe, list[Any]], list[Any]]) -> Callable[[Foe, list[Package]], list[Package]]:
    return lambda foe, sent: [replace(sent[0], parts=change(foe, list(sent[0].parts))), *sent[1:]]


def _anothers(foe: Foe, held: list[Any]) -> list[Any]:
    (_name, content), *_rest = foe.packages(SECOND, 1)[0].parts
    return [(held[0][0], content), *held[1:]]


CHANGED = [
    changed_head("a bit of the 01 signature", hostile.signature(1, flipped), "BadSignature"),
    changed_head("a bit of the 06 signature", hostile.signature(6, flipped), "BadSignature"),
    changed_head("no 01 signature", hostile.signature(1, None), "BadSignature"),
    changed_head("no 06 signature", hostile.signature(6, None), "BadSignature"),
    changed_head("another size", hostile.text(lambda text: text.replace("\n", "\n1", 1)), "BadSignature"),
    changed_head("a line more", hostile.text(lambda text: text + "more\n"), "Malformed"),
    changed_head("a bit of the proof", lambda _n, proof, note: ([*proof[:-1], flipped(proof[-1])], note), "BadProof"),
    changed_head("a proof too long", lambda _n, proof, note: ([*proof, b"\0" * 32], note), "BadProof"),
    changed_packages("a bit of an entry", entries(lambda held: [*held[:-1], flipped(held[-1])]), "BadProof"),
    changed_packages("an entry left out", entries(lambda held: held[1:]), "BadProof"),
    changed_packages("entries reordered", entries(lambda held: [held[1], held[0], *held[2:]]), "BadProof"),
    changed_packages("an entry twice", entries(lambda held: [held[0], *held[:-1]]), "BadProof"),
    changed_packages("a bit of a proof", proofs(lambda held: [*held, b"\1" * 32]), "BadProof"),
    changed_packages("a package of another log", lambda foe, _sent: foe.packages(SECOND, 0), "BadProof", "Conflict"),
    changed_packages("a part of another", parts(_anothers), "parts refused"),
    changed_packages(
        "a bit of a part", parts(lambda _foe, held: [(held[0][0], flipped(held[0][1])), *held[1:]]), "parts refused"
    ),
    changed_packages(
        "parts that changed places",
        parts(lambda _foe, held: [(held[0][0], held[1][1]), (held[1][0], held[0][1]), *held[2:]]),
        "parts refused",
    ),
]


# -- in what it calls -------------------------------------------------------------------------------------------------


def _noise(foe: Foe) -> str:
    """Bytes that are no message, to every method."""
    said = [foe.raw(SYNC + one, [foe.chance.randbytes(foe.chance.randrange(1, 3_000))]) for one in METHODS]
    return next((one for one in said if one == TAKEN), said[0])


def _cut_short(foe: Foe) -> str:
    """A package whose frame ends early."""
    start, end = shown(foe)
    frame = Packer().pack(foe.packages(HOSTILE, start)[0])
    return upload(foe, start, end, frame.compressed, frame.content[:-7])


def _nothing(foe: Foe) -> str:
    """A head is shown, and a receipt asked for; the entries are never sent."""
    start, end = shown(foe)
    header = pb.AddEntriesRequest(header=pb.AddEntriesRequest.Header(origin=HOSTILE, start=start, end=end))
    call = foe.channel.stream_stream(SYNC + "AddEntries")
    said = [
        pb.AddEntriesResponse.FromString(one) for one in call(iter([header.SerializeToString()]), timeout=PATIENCE_S)
    ]
    return TAKEN if any(one.receipt for one in said) else "no receipt"


def upload(foe: Foe, start: int, end: int, compressed: bool, content: bytes) -> str:
    """Send one package of any content as the next of the own log; return what it was answered with."""
    header = pb.AddEntriesRequest(header=pb.AddEntriesRequest.Header(origin=HOSTILE, start=start, end=end))
    package = pb.AddEntriesRequest(package=pb.Package(first=start, compressed=compressed, frame=content))
    return foe.raw(SYNC + "AddEntries", [header.SerializeToString(), package.SerializeToString()])


def shown(foe: Foe) -> tuple[int, int]:
    """File something, seal it and show the head, as an honest child does; return where the city's copy ends, and it."""
    foe.file()
    with foe.node.lock() as lock:
        newest = foe.opened.own.seal(lock)
    client = Client(foe.channel, CITY)
    state = client.hello(greeting(newest.size)).logs[HOSTILE]
    proof = tree.consistency_proof(Bundles(foe.opened.store, foe.log), state.recorded, newest.size)
    client.add_checkpoint(HOSTILE, state.recorded, proof, newest.note)
    return state.next_entry, newest.size


def greeting(size: int) -> Greeting:
    return Greeting(b"", [(HOSTILE, size)], (), b"", ())


def _siblings_head(foe: Foe) -> str:
    """The neighbour's log, brought by who may not bring it."""
    with foe.place.opened(SECOND) as other:
        newest = other.own.sealed()
    assert newest is not None
    request = pb.AddCheckpointRequest(origin=SECOND, old_size=newest.size, note=newest.note)
    return foe.raw(SYNC + "AddCheckpoint", [request.SerializeToString()])


def _siblings_entries(foe: Foe) -> str:
    return foe.raw(SYNC + "GetEntries", [pb.GetEntriesRequest(origin=SECOND, start=0, end=3).SerializeToString()])


def _siblings_parts(foe: Foe) -> str:
    request = pb.GetPartsRequest(origin=SECOND, parts=[pb.PartName(index=1, number=0)])
    return foe.raw(SYNC + "GetParts", [request.SerializeToString()])


def _a_head_by_others_keys(foe: Foe) -> str:
    """A head of the neighbour's log that this node's keys signed."""
    stated = Checkpoint(SECOND, 1, b"\7" * 32)
    note = head.sign_head(foe.node.keys.log, stated, int(foe.node.clock())).note
    return foe.raw(SYNC + "AddCheckpoint", [pb.AddCheckpointRequest(origin=HOSTILE, note=note).SerializeToString()])


def _no_certificate(foe: Foe) -> str:
    """Somebody without a certificate at the door that asks for one."""
    _mine, ca = keyfiles.client_certificate(foe.node.home, CITY)
    credentials = grpc.ssl_channel_credentials(ca)
    with grpc.secure_channel(address(foe.place.host, CITY), credentials, options=doors._CLIENT_OPTIONS) as channel:
        request = pb.HelloRequest(version=1).SerializeToString()
        return answered(lambda: channel.unary_unary(SYNC + "Hello")(request, timeout=PATIENCE_S))


def _not_tls(foe: Foe) -> str:
    """Bytes that are no handshake, to both doors."""
    for door in (0, 1):
        host, _colon, port = address(foe.place.host, CITY, door).rpartition(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as line:
            line.sendall(foe.chance.randbytes(2_000))
            try:
                if line.recv(1_000)[:1] not in (b"", b"\x15"):  # closed, or an alert
                    return TAKEN
            except OSError:
                pass
    return "closed"


def _fork(foe: Foe) -> str:
    """Two heads of one size, both signed: this log is frozen, and nothing else."""
    _start, size = shown(foe)
    note = head.sign_head(foe.node.keys.log, Checkpoint(HOSTILE, size, b"\3" * 32), int(foe.node.clock())).note
    request = pb.AddCheckpointRequest(origin=HOSTILE, old_size=size, note=note)
    return foe.raw(SYNC + "AddCheckpoint", [request.SerializeToString()])


JUNK = [
    Attack("noise to every method", _noise, ("MALFORMED", "UNKNOWN", "INTERNAL", "INVALID_ARGUMENT")),
    Attack("a frame that ends early", _cut_short, ("MALFORMED", "OVER_LIMIT")),
    Attack("a receipt for nothing", _nothing, ("no receipt",)),
    Attack("a neighbour's head", _siblings_head, ("NOT_ALLOWED",)),
    Attack("a neighbour's entries asked for", _siblings_entries, ("NOT_ALLOWED",)),
    Attack("a neighbour's parts asked for", _siblings_parts, ("NOT_ALLOWED",)),
    Attack("a head by other keys", _a_head_by_others_keys, ("BAD_SIGNATURE", "MALFORMED")),
    Attack("no certificate", _no_certificate, ("UNAVAILABLE",)),
    Attack("no TLS", _not_tls, ("closed",)),
]
FORK_OF_ITS_OWN = Attack("two heads of one size", _fork, ("FORK", "NOT_ALLOWED"))
