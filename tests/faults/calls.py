"""Calls that come twice, and calls and packages that come in another order than they were made."""

import threading
from collections.abc import Iterator
from random import Random

from tests.faults.links import LINKS
from tests.faults.relay import Line, Made, Twist, name, relayed
from tests.faults.scene import Effect, Kind, Scene
from tests.faults.survey import Survey

MOST_LATE = 6


class Twice(Twist):
    """Every call comes a second time: right after the first, or at the same time as it once more."""

    def __init__(self, at_once: bool):
        self._at_once = at_once

    def after(self, line: Line, made: Made) -> None:
        if not self._at_once:
            line.again(made, "twice")
            return
        both = [threading.Thread(target=line.again, args=(made, "twice")) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join()


class Late(Twist):
    """Calls of before come again before later ones, and two packages of an upload change places."""

    def __init__(self, chance: Random, swaps: bool):
        self._chance = chance
        self._swaps = swaps
        self._made: list[Made] = []

    def before(self, line: Line, method: str) -> None:
        for made in self._chance.sample(self._made, min(2, len(self._made))):
            if line.counts["late"] < MOST_LATE:
                line.again(made, "late")

    def after(self, line: Line, made: Made) -> None:
        self._made.append(made)

    def requests(self, line: Line, method: str, sent: Iterator[bytes]) -> Iterator[bytes]:
        if not self._swaps or name(method) != "AddEntries":
            return sent
        return self._swapped(line, sent)

    def _swapped(self, line: Line, sent: Iterator[bytes]) -> Iterator[bytes]:
        """The header first, as it must be; then each second package before the one that it follows."""
        yield next(sent)
        for first in sent:
            second = next(sent, None)
            if second is not None:
                line.count("swapped")
                yield second
            yield first


def _duplicated(scene: Scene) -> Effect:
    return _night(scene, Twice(at_once=scene.chance.random() < 0.5))


def _reordered(scene: Scene) -> Effect:
    return _night(scene, Late(scene.chance, swaps=scene.chance.random() < 0.4))


def _night(scene: Scene, twist: Twist) -> Effect:
    child, parent = LINKS[scene.turn % len(LINKS)]
    with relayed(scene.place, child, parent, twist) as counts:
        scene.federation.start()
        scene.federation.night()
    scene.federation.stop(child)
    where = f"{child} to {parent}"
    return Effect(sum(counts.values()), f"{where}: {dict(counts)}", (), (where,))


def _links(_survey: Survey) -> list[str]:
    return [f"{child} to {parent}" for child, parent in LINKS]


KINDS = [
    Kind("calls-duplicated", "every call of a child reaches its parent a second time", _duplicated, places=_links),
    Kind(
        "calls-reordered",
        "old calls come again after newer ones, packages before those they follow",
        _reordered,
        places=_links,
    ),
]
