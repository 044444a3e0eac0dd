"""All kinds of fault that the harness injects, and which run gets which."""

from collections import Counter
from dataclasses import dataclass
from random import Random

from tests.faults import calls, flips, floods, kills, lies, links, skew, syscalls
from tests.faults.scene import Kind

KINDS: list[Kind] = [
    *kills.KINDS,
    *syscalls.KINDS,
    *links.KINDS,
    *calls.KINDS,
    *skew.KINDS,
    *lies.KINDS,
    *flips.KINDS,
    *floods.KINDS,
]


SHUFFLED = ("sites", "syscalls")  # the order of these places is the seed's already


@dataclass(frozen=True, slots=True)
class Planned:
    """Run `number` injects `kind`, for the `turn`-th time (from 0, plus where this seed begins)."""

    number: int
    kind: Kind
    turn: int


def plan(
    runs: int, seed: int, only: str = "", without: frozenset[str] = frozenset(), first_case: int | None = None
) -> list[Planned]:
    """Return the runs: each kind once as far as they reach, then by their shares.

    Kinds that go through a list begin at `first_case`; without one, where the seed says.
    """
    chosen = [one for one in KINDS if (not only or one.name == only) and one.needs not in without]
    chance = Random(seed)
    begin = {one.name: chance.randrange(10_000) if first_case is None else first_case for one in KINDS}
    begin |= {one.name: 0 for one in KINDS if one.survey in SHUFFLED and first_case is None}
    first = chance.sample(chosen, min(runs, len(chosen)))
    more = runs - len(first)
    shares = [one for one in chosen for _ in range(one.share - 1)] or chosen
    rest = (shares * (more // len(shares) + 1))[:more] if more >= len(shares) else chance.sample(shares, more)
    chance.shuffle(rest)
    seen: Counter[str] = Counter()
    found = []
    for number, kind in enumerate([*first, *rest]):
        found.append(Planned(number, kind, begin[kind.name] + seen[kind.name]))
        seen[kind.name] += 1
    return found


def find(name: str) -> Kind:
    (found,) = [one for one in KINDS if one.name == name]
    return found
