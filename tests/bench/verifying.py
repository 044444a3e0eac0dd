"""How long one evidence file takes to verify, against the bare verifications of the signatures that it needs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from unittest.mock import patch

from node.home import Home
from node.node import Node
from sync import evidence, keys
from sync.federation import Federation
from sync.note import VerifierKey
from tests.bench import rows
from tests.bench.place import Place
from tests.world import CITY, HUB, OUTLET, World

RECORDS = 300
_Signature = tuple[VerifierKey, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of a file and of its signatures alone, medians; the median of the rounds' ratios; what it holds."""

    ms: float
    floor_ms: float
    ratio: float
    signatures: int
    bytes: int


def measure(place: Place, rounds: int) -> Measured:
    """Verify the evidence of a record with receipts by the city and the hub."""
    raw, pinned = _written(place.path)
    needed = _signatures(raw, pinned)
    found, floors, ratios = [], [], []
    for _ in range(max(20, rounds)):
        floors.append(_ms(lambda: [keys.verify_bytes(*one) for one in needed]))
        found.append(_ms(lambda: evidence.verify(raw, Federation.parse(pinned))))
        ratios.append(found[-1] / floors[-1])
    return Measured(median(found), median(floors), median(ratios), len(needed), len(raw))


def _written(path: Path) -> tuple[bytes, bytes]:
    """Return the evidence of the outlet's newest record, and the root of its federation."""
    world = World(path)
    try:
        for origin in (HUB, CITY):
            world.open(origin)
        node = world.nodes[OUTLET] = Node.open(Home(world.home(OUTLET)))
        world.file(OUTLET, *rows.bodies(RECORDS))
        for _night in range(2):
            for origin in (OUTLET, CITY):
                world.sync(origin)
            world.seal_hub()  # it has just started, and signs once its substations have called
        world.sync(OUTLET)
        with node.opened() as opened:
            raw = evidence.write(opened.store, opened.registry, OUTLET, opened.own.log.next_entry - 1)
        return raw, node.home.federation_root.read_bytes()
    finally:
        world.close()


def _signatures(raw: bytes, pinned: bytes) -> list[_Signature]:
    """Return every signature that is verified on the way, as it is checked."""
    needed: list[_Signature] = []
    with patch.object(keys, "verify_bytes", lambda *one: needed.append(one)):
        evidence.verify(raw, Federation.parse(pinned))
    return needed


def _ms(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)
