"""What a fault is given, and what it gives back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.faults.night import Federation
from tests.faults.place import Place
from tests.faults.survey import Survey


@dataclass
class Scene:
    """One run: a copy of the federation with no process running yet, and the chance that its seed gives."""

    place: Place
    chance: Random
    survey: Survey
    federation: Federation
    folder: Path  # for what a fault writes beside the homes
    turn: int = 0  # how often this kind of fault was injected before, so that kinds with a list go through it
    seed: int = 0
    only_at: str = ""  # places that have this in their names, and no others
    until_wrong: bool = False  # nothing more is done once something was not answered as it should be

    def place_of(self, places: Sequence[str]) -> str:
        """Return the place of this turn; all come before one comes again."""
        wanted = [one for one in places if self.only_at in one]
        return wanted[self.turn % len(wanted)]


@dataclass(frozen=True, slots=True)
class Effect:
    """How often a fault demonstrably took effect, and by what that was seen; `wrong` is what must not have happened.

    `places` are those, of all that its kind can be put at, at which it was.
    """

    count: int
    seen: str
    wrong: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


def nowhere(_survey: Survey) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault: its name in reports, what it does, and the night in which it does it.

    `share` is how many runs of a hundred it gets; `needs` names a program without which it cannot be had; `survey` what
    it must know of a night without a fault; `places` where it can be put then; `code` in which piece of code.
    """

    name: str
    does: str
    night: Callable[[Scene], Effect]
    share: int = 4
    needs: str = ""
    survey: str = ""
    places: Callable[[Survey], Sequence[str]] = field(default=nowhere)
    code: Callable[[str], str] = field(default=str)
