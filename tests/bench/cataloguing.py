"""How fast stored records become a catalogue, against a floor, and how fast the catalogue becomes searchable."""

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from catalog import applying, indexing
from catalog.catalogue import Catalogue
from node.home import Home
from node.node import Node
from tests.bench import floors
from tests.bench.hop import paired
from tests.bench.place import Place
from tests.bench.processes import alone


@dataclass(frozen=True, slots=True)
class Measured:
    """Records applied a second and the floor's, medians; the median of the rounds' ratios; records indexed a second."""

    rate: float
    floor: float
    ratio: float
    index: float


def measure(place: Place, folder: Path, rounds: int) -> Measured:
    """Apply the outlet's log to an empty catalogue in each round; index it in the last."""
    log_db = Home(place.outlet).log_db
    all_floors, rates, indexed = [alone(floors.apply, log_db, folder)], [], 0.0
    for one in range(rounds):
        rate, indexed = alone(apply, place.outlet, folder / f"catalog-{one}.db", one == rounds - 1)
        rates.append(rate)
        all_floors.append(alone(floors.apply, log_db, folder))
    return Measured(median(rates), median(all_floors), paired(rates, all_floors), indexed)


def apply(outlet: Path, catalog_db: Path, with_index: bool) -> tuple[float, float]:
    """Return records applied a second, with checks and merging, and records indexed a second (0.0 if they are not)."""
    node = Node.open(Home(outlet))
    with node.opened() as opened, Catalogue.create(catalog_db) as catalogue:
        started = time.perf_counter()
        done = applying.apply(opened.store, catalogue, node.origin, time.time, opened.role_of)
        applied = done.entries / (time.perf_counter() - started)
        if done.quarantined or not with_index:
            return _only_good(done, applied), 0.0
        started = time.perf_counter()
        return applied, indexing.index(opened.store, catalogue) / (time.perf_counter() - started)


def _only_good(done: applying.Applied, rate: float) -> float:
    """Return the rate; raise ValueError if made-up records were quarantined, which is less work than applying them."""
    if done.quarantined:
        raise ValueError(f"{done.quarantined} made-up records were quarantined")
    return rate
