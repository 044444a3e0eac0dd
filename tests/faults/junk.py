"""What a hostile child changes in what it brings, and what it calls that no honest one does."""

import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import grpc
from banyan.v1 import sync_pb2 as pb

from node import doors, keyfiles
from sync import head
from sync.checkpoint import Checkpoint
from sync.package import Package, Packer
from tests.bits import flipped
from tests.faults.hostile import METHODS, PATIENCE_S, SYNC, TAKEN, Attack, Foe, answered, shown, upload
from tests.faults.place import HOSTILE, OTHERS, SECOND, address
from tests.sync import hostile
from tests.sync.hostile import Hostile
from tests.world import CITY

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
    """Packages that are changed on their way. One of the entries in them has a part for an alliance of others."""

    def does(foe: Foe) -> str:
        foe.file()
        foe.opened.own.add([[(OTHERS, b"not for everybody")]])
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


def _for_others(foe: Foe, sent: list[Package]) -> list[Package]:
    """The packages with a part in them that the parent may not hold; its client would have left that out."""
    return [
        replace(one, parts=whole.parts) for one, whole in zip(sent, foe.packages(HOSTILE, sent[0].first), strict=True)
    ]


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
    changed_packages("a part for others brought", _for_others, "parts refused"),
    changed_packages(
        "parts that changed places",
        parts(lambda _foe, held: [(held[0][0], held[1][1]), (held[1][0], held[0][1]), *held[2:]]),
        "parts refused",
    ),
]


# -- in what it calls -------------------------------------------------------------------------------------------------


def _noise(foe: Foe) -> str:
    """Bytes that are no message, to every method."""
    said = [foe.raw(one, [foe.chance.randbytes(foe.chance.randrange(100, 3_000))]) for one in METHODS]
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


def _another_part(foe: Foe) -> str:
    """A part that is wanted, because it did not come with its entry, with other bytes than were committed to."""
    index = foe.file(b"a part that is to come later")
    foe.session(
        lambda channel, parent: Hostile(
            channel, parent, target=HOSTILE, change_packages=lambda sent: [replace(one, parts=[]) for one in sent]
        )
    )
    request = pb.AddPartsRequest(origin=HOSTILE, parts=[pb.Part(index=index, number=0, content=b"\7" * 40)])
    answer = foe.channel.unary_unary(SYNC + "AddParts")(request.SerializeToString(), timeout=PATIENCE_S)
    found = pb.AddPartsResponse.FromString(answer)
    return TAKEN if found.taken or not found.wanted_total else "part refused"


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
    """Two heads of one size, both signed: this log is frozen, and nothing else; nothing more of it is taken."""
    start, size = shown(foe)
    note = head.sign_head(foe.node.keys.log, Checkpoint(HOSTILE, size, b"\3" * 32), int(foe.node.clock())).note
    request = pb.AddCheckpointRequest(origin=HOSTILE, old_size=size, note=note)
    forked = foe.raw(SYNC + "AddCheckpoint", [request.SerializeToString()])
    header = pb.AddEntriesRequest(header=pb.AddEntriesRequest.Header(origin=HOSTILE, start=start, end=size))
    return f"{forked}, then {foe.raw(SYNC + 'AddEntries', [header.SerializeToString()])}"


JUNK = [
    Attack("noise to every method", _noise, ("MALFORMED", "UNKNOWN", "INTERNAL", "INVALID_ARGUMENT")),
    Attack("a frame that ends early", _cut_short, ("MALFORMED", "OVER_LIMIT")),
    Attack("another part than is wanted", _another_part, ("part refused",)),
    Attack("a receipt for nothing", _nothing, ("no receipt",)),
    Attack("a neighbour's head", _siblings_head, ("NOT_ALLOWED",)),
    Attack("a neighbour's entries asked for", _siblings_entries, ("NOT_ALLOWED",)),
    Attack("a neighbour's parts asked for", _siblings_parts, ("NOT_ALLOWED",)),
    Attack("a head by other keys", _a_head_by_others_keys, ("BAD_SIGNATURE", "MALFORMED")),
    Attack("no certificate", _no_certificate, ("UNAVAILABLE",)),
    Attack("no TLS", _not_tls, ("closed",)),
]
FORK_OF_ITS_OWN = Attack("two heads of one size", _fork, ("FORK, then NOT_ALLOWED",))
