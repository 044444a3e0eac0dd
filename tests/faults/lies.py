"""A parent that lies about sizes: its answers are changed on the way to the child, which must believe receipts only."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from banyan.v1 import sync_pb2 as pb

from sync import head
from sync.keys import MLDSA44, Signer
from sync.note import Note
from sync.package import Frame, Packer, unpack
from tests.bits import flipped
from tests.faults.links import LINKS
from tests.faults.relay import Line, Twist, name, relayed
from tests.faults.scene import Effect, Kind, Scene

_ANSWERS: dict[str, Any] = {
    "Hello": pb.HelloResponse,
    "AddCheckpoint": pb.AddCheckpointResponse,
    "AddEntries": pb.AddEntriesResponse,
    "AddParts": pb.AddPartsResponse,
    "GetParts": pb.GetPartsResponse,
}
HUGE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Lie:
    """What is said of which answers, in a few words."""

    words: str
    method: str
    change: Callable[[Any], None]


def _logs(**sizes: Callable[[int], int]) -> Callable[[Any], None]:
    """Change the sizes of every log in a Hello."""

    def change(answer: Any) -> None:
        for log in answer.logs:
            for field, other in sizes.items():
                setattr(log, field, other(getattr(log, field)))

    return change


def _wants_what_is_not(answer: Any) -> None:
    for log in answer.logs:
        log.wanted.extend(pb.PartName(index=HUGE - at, number=at) for at in range(5))
        log.wanted.extend(pb.PartName(index=1, number=at) for at in range(200, 205))
        log.wanted_total = 10_000


def _old_word(answer: Any) -> None:
    del answer.ancestors[:]
    answer.your_head = b""


def _set(field: str, value: Any) -> Callable[[Any], None]:
    return lambda answer: setattr(answer, field, value)


LIES = [
    Lie("it has everything already", "Hello", _logs(next_entry=lambda n: HUGE, stored=lambda n: HUGE)),
    Lie("it has one entry more", "Hello", _logs(next_entry=lambda n: n + 1)),
    Lie("it has 200 entries more", "Hello", _logs(next_entry=lambda n: n + 200, recorded=lambda n: n + 200)),
    Lie("it has nothing", "Hello", _logs(next_entry=lambda n: 0, stored=lambda n: 0, recorded=lambda n: 0)),
    Lie("it has stored less than its receipt", "Hello", _logs(stored=lambda n: n // 2)),
    Lie("it has recorded a larger head", "Hello", _logs(recorded=lambda n: n + 1_000)),
    Lie("it has recorded a smaller head", "Hello", _logs(recorded=lambda n: n // 2)),
    Lie("a size that is none", "Hello", _logs(next_entry=lambda n: 2**64 - 1)),
    Lie("it knows no log of the child", "Hello", lambda answer: answer.ClearField("logs")),
    Lie("it wants parts that there are not", "Hello", _wants_what_is_not),
    Lie("nothing is new above", "Hello", _old_word),
    Lie("it has recorded a size that was not shown", "AddCheckpoint", _set("recorded", HUGE)),
    Lie("it has recorded nothing", "AddCheckpoint", _set("recorded", 0)),
    Lie("it stored all that came, and more", "AddEntries", _set("next_entry", HUGE)),
    Lie("it stored nothing of what came", "AddEntries", _set("next_entry", 0)),
    Lie("it gives no receipt", "AddEntries", _set("receipt", b"")),
    Lie("it gives junk for a receipt", "AddEntries", _set("receipt", b"\xe2\x80\x94 junk\n" * 40)),
    Lie("it lacks ten thousand parts", "AddEntries", _set("parts_wanted", 10_000)),
]


class Lying(Twist):
    """Changes the answers that a lie is of."""

    def __init__(self, lie: Lie):
        self._lie = lie

    def answer(self, line: Line, method: str, raw: bytes) -> bytes:
        if name(method) != self._lie.method:
            return raw
        answer = _ANSWERS[name(method)].FromString(raw)
        self._lie.change(answer)
        said = answer.SerializeToString()
        if said != raw:
            line.count("lies")
        return bytes(said)


class Forging(Twist):
    """Gives receipts that another key signed, for what the child has shown."""

    def __init__(self) -> None:
        self._shown: dict[str, bytes] = {}
        self._under_way = ""
        self._key = Signer("forger/mirror", MLDSA44, b"\x05" * 32)

    def requests(self, line: Line, method: str, sent: Iterator[bytes]) -> Iterator[bytes]:
        for raw in sent:
            if name(method) == "AddCheckpoint":
                request = pb.AddCheckpointRequest.FromString(raw)
                self._shown[request.origin] = request.note
            elif name(method) == "AddEntries" and (header := pb.AddEntriesRequest.FromString(raw).header).origin:
                self._under_way = header.origin
            yield raw

    def answer(self, line: Line, method: str, raw: bytes) -> bytes:
        answer = pb.AddEntriesResponse.FromString(raw) if name(method) == "AddEntries" else None
        note = self._shown.get(self._under_way, b"")
        if answer is None or not answer.receipt or not note:
            return raw
        signer = Note.parse(answer.receipt).signatures[0]
        forged = self._key.sign(head.stated(note), int(time.time()))
        lines = (replace(forged, name=signer.name, key_id=signer.key_id),)
        line.count("lies")
        answer.receipt = Note(Note.parse(answer.receipt).text, lines).encode()
        return bytes(answer.SerializeToString())


class Changing(Twist):
    """Changes one bit of the packages that a parent sends of its log, or of those above it."""

    def answer(self, line: Line, method: str, raw: bytes) -> bytes:
        if name(method) != "GetEntries":
            return raw
        package = pb.Package.FromString(raw)
        found = unpack(Frame(package.first, package.compressed, package.frame))
        changed = replace(found, entries=[*found.entries[:-1], flipped(found.entries[-1], 5)])
        frame = Packer().pack(changed)
        line.count("lies")
        return bytes(
            pb.Package(first=frame.first, compressed=frame.compressed, frame=frame.content).SerializeToString()
        )


TWISTS: list[tuple[str, Callable[[], Twist]]] = [
    ("a receipt by another key", Forging),
    ("other entries than it signed", Changing),
    *((lie.words, partial(Lying, lie)) for lie in LIES),
]


def _night(scene: Scene) -> Effect:
    words = scene.place_of([words for words, _twist in TWISTS])
    twist = dict(TWISTS)[words]
    child, parent = scene.chance.choice(LINKS)
    with relayed(scene.place, child, parent, twist()) as counts:
        scene.federation.start()
        scene.federation.night()
    scene.federation.stop(child)
    return Effect(counts["lies"], f"{parent} to {child}: {words}: {counts['lies']} times", (), (words,))


KINDS = [
    Kind(
        "lying-parent",
        "a parent that says other sizes than it has",
        _night,
        share=6,
        places=lambda _survey: [words for words, _twist in TWISTS],
    )
]
