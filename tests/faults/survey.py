"""What a night without a fault passes, and in which order faults are put at all of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.faults.hooks import Site

Link = tuple[str, str]


@dataclass(frozen=True)
class Survey:
    """Of a night without a fault; what the planned faults do not ask for is empty."""

    sites: Mapping[str, Sequence[Site]] = field(default_factory=dict)  # by node, in the order passed
    syscalls: Mapping[tuple[str, str], int] = field(default_factory=dict)  # (node, call): most by one thread
    bytes: Mapping[Link, int] = field(default_factory=dict)  # (child, parent): carried, both ways


def rounds(places: Sequence[str], code_of: Callable[[str], str], seed: int) -> list[str]:
    """Return all places, in an order that visits each piece of code once before any a second time.

    `code_of` tells what piece of code a place is in. The order is the seed's.
    """
    chance = Random(seed)
    by_code: dict[str, list[str]] = {}
    for one in places:
        by_code.setdefault(code_of(one), []).append(one)
    for many in by_code.values():
        chance.shuffle(many)
    found: list[str] = []
    for turn in range(max(map(len, by_code.values()), default=0)):
        this = [many[turn] for many in by_code.values() if turn < len(many)]
        chance.shuffle(this)
        found += this
    return found
