"""What it costs to find the few records in which two large catalogues over one log differ, over mutual TLS."""

import random
import sqlite3
import time
from dataclasses import dataclass, replace
from pathlib import Path

from catalog import applying
from node import cataloguing, reconciling
from node.home import Home
from node.node import Node
from node.reconcile_client import Remote
from tests.bench.place import Place
from tests.bench.processes import alone, night, parent, used
from tests.bench.proxy import counting

DIFFERING = 10
SEED = 7


@dataclass(frozen=True, slots=True)
class Compared:
    """Bytes both ways with the TLS handshake, rows that the parent listed, seconds and peak MB at the child."""

    bytes: int
    calls: int
    listed: int
    drifted: int
    seconds: float
    rss_mb: float


def measure(place: Place) -> tuple[Compared, Compared]:
    """Bring and apply the outlet's whole log; compare, then again after the outlet's catalogue was spoilt in ten."""
    with parent(place.city):
        alone(night, place.outlet)
    for home in (place.outlet, place.city):
        alone(apply, home)
    equal = _compared(place)
    alone(spoil, place.outlet)
    drifted = _compared(place)
    if (equal.drifted, drifted.drifted) != (0, DIFFERING):
        raise ValueError(f"found {equal.drifted} and {drifted.drifted} differing, not 0 and {DIFFERING}")
    return equal, drifted


def _compared(place: Place) -> Compared:
    with parent(place.city), counting(place.address) as wire:
        found = alone(compare, place.outlet, wire.address)
    return replace(found, bytes=wire.up + wire.down)


def apply(home: Path) -> None:
    """Bring a node's catalogue up to its logs, without its search index."""
    node = Node.open(Home(home))
    with node.opened() as opened, cataloguing.catalogue(node) as found:
        applying.apply(opened.store, found, node.origin, time.time, opened.role_of)


def spoil(home: Path) -> None:
    """Lose what a catalogue says of ten records."""
    with sqlite3.connect(Home(home).catalog_db) as db:
        once = "select record from assertion group by record having count(*) = 1"
        records = [record for (record,) in db.execute(f"{once} order by record")]
        some = random.Random(SEED).sample(records, DIFFERING)
        for record in some:
            db.execute("delete from assertion where record = ?", (record,))


def compare(home: Path, via: str) -> Compared:
    """Compare with the parent by way of an address."""
    node = Node.open(Home(home))
    listed = 0
    rows = Remote.rows

    def counted(self: Remote, names):
        nonlocal listed
        found = rows(self, names)
        listed += sum(map(len, found))
        return found

    Remote.rows = counted
    started = time.perf_counter()
    found = reconciling.run(node, replace(node.settings.parents[0], sync_address=via))
    seconds = time.perf_counter() - started
    return Compared(0, found.calls, listed, sum(one.drifted for one in found.drift), seconds, used().rss_mb)
