"""What a fault is given, and what it gives back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.faults.hooks import Site
from tests.faults.night import Federation
from tests.faults.place import Place

Sites = Mapping[str, Sequence[Site]]  # what each node passes in a night without a fault


@dataclass
class Scene:
    """One run: a copy of the federation with no process running yet, and the chance that its seed gives."""

    place: Place
    chance: Random
    sites: Sites
    federation: Federation
    folder: Path  # for what a fault writes beside the homes
    turn: int = 0  # how often this kind of fault was injected before, so that kinds with a list go through it


@dataclass(frozen=True, slots=True)
class Effect:
    """How often a fault demonstrably took effect, and by what that was seen; `wrong` is what must not have happened."""

    count: int
    seen: str
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault: its name in reports, what it does, and the night in which it does it.

    `share` is how many runs of a hundred it gets; `needs` names a program without which it cannot be had.
    """

    name: str
    does: str
    night: Callable[[Scene], Effect]
    share: int = 4
    needs: str = ""
