"""How fast a whole log is checked, against the floor of a hop measured before and after each time."""

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from node.home import Home
from node.node import Node
from sync import fsck
from tests.bench import floors
from tests.bench.hop import paired
from tests.bench.place import Place
from tests.bench.processes import alone


@dataclass(frozen=True, slots=True)
class Measured:
    """Records a second and the floor's, medians; the median of the rounds' ratios."""

    rate: float
    floor: float
    ratio: float


def measure(place: Place, folder: Path, rounds: int) -> Measured:
    """Check all of a filled outlet's log, entries, tree and parts."""
    log_db = Home(place.outlet).log_db
    all_floors, rates = [alone(floors.hop, log_db, folder)], []
    for _ in range(rounds):
        rates.append(alone(rate, place.outlet))
        all_floors.append(alone(floors.hop, log_db, folder))
    return Measured(median(rates), median(all_floors), paired(rates, all_floors))


def rate(home: Path) -> float:
    """Return entries checked a second; raise ValueError where anything is found."""
    node = Node.open(Home(home))
    with node.opened() as opened, node.lock() as lock:
        started = time.perf_counter()
        found = fsck.check(opened.store, opened.registry, lock, node.origin)
        seconds = time.perf_counter() - started
        if found:
            raise ValueError(f"a fresh log is damaged: {found[:3]}")
        return opened.own.log.next_entry / seconds
