"""A parent that lies about sizes: its answers are changed on the way to the child, which must believe receipts only."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from banyan.v1 import sync_pb2 as pb

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


def _night(scene: Scene) -> Effect:
    lie = LIES[scene.turn % len(LIES)]
    child, parent = scene.chance.choice(LINKS)
    with relayed(scene.place, child, parent, Lying(lie)) as counts:
        scene.federation.start()
        scene.federation.night()
    scene.federation.stop(child)
    return Effect(counts["lies"], f"{parent} to {child}: {lie.words}: {counts['lies']} times")


KINDS = [Kind("lying-parent", "a parent that says other sizes than it has", _night, share=6)]
