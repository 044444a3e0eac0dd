"""How fast records pass from a child to its parent, against a floor measured before and after each time."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

from node.home import Home
from tests.bench import floors
from tests.bench.place import Place
from tests.bench.processes import alone, night, parent


@dataclass(frozen=True, slots=True)
class Measured:
    """Records a second and the floor's, medians; the median of the rounds' ratios; CPU seconds by process."""

    rate: float
    floor: float
    ratio: float
    cpu_s: dict[str, float]


def measure(place: Place, folder: Path, rounds: int) -> Measured:
    """Bring the whole log of a place's outlet to its substation, in a fresh copy of both in each round."""
    log_db = Home(place.outlet).log_db
    all_floors = [alone(floors.hop, log_db, folder)]
    rates, cpus = [], []
    for _ in range(rounds):
        rate, cpu = _round(place.copy(folder / "round"))
        rates.append(rate)
        cpus.append(cpu)
        all_floors.append(alone(floors.hop, log_db, folder))
    cpu_s = {name: median(one[name] for one in cpus) for name in cpus[0]}
    return Measured(median(rates), median(all_floors), paired(rates, all_floors), cpu_s)


def _round(place: Place) -> tuple[float, dict[str, float]]:
    with parent(place.city) as above:
        before = above.used().cpu_s
        found = alone(night, place.outlet)
        cpu = {"child": found.used.cpu_s, "parent": above.used().cpu_s - before}
    place.remove()
    return found.entries / found.seconds, cpu


def paired(rates: list[float], all_floors: list[float]) -> float:
    """Return the median of each rate by the mean of the floors right before and after it."""
    around = pairwise(all_floors)
    return median(rate / mean(pair) for rate, pair in zip(rates, around, strict=True))
