"""A hub, a substation and an outlet with real homes and certificates, made in a folder and copied for each round."""

import shutil
from pathlib import Path

from node.home import Home
from node.node import Node
from sync.tree import BUNDLE
from tests.bench import rows
from tests.world import CITY, HUB, OUTLET, World

BYTES_A_RECORD = 1_600  # in log.db, of one node, with all that goes with it


class Place:
    """A federation in a folder. Its doors are shut."""

    def __init__(self, path: Path):
        self.path = path
        self.city = World(path).home(CITY)
        self.outlet = World(path).home(OUTLET)

    @classmethod
    def found(cls, path: Path) -> "Place":
        """Make the federation: the outlet's log holds its genesis only, and has not been signed."""
        world = World(path)
        try:
            world.hub()
            world.node(CITY, "substation", HUB)
            world.node(OUTLET, "outlet", CITY)
        finally:
            world.close()
        return cls(path)

    def copy(self, path: Path) -> "Place":
        """Return a copy; substation and outlet of it call each other under the same address as here."""
        shutil.copytree(self.path, path)
        return Place(path)

    def remove(self) -> None:
        shutil.rmtree(self.path)

    @property
    def address(self) -> str:
        """Where the outlet calls the substation."""
        return Node.open(Home(self.outlet)).settings.parents[0].sync_address

    def resign(self, ahead_s: float) -> None:
        """Have hub and substation sign their heads anew, as they do every night, by a clock that is `ahead_s`."""
        world = World(self.path)
        world.clock.ahead = ahead_s
        try:
            world.open(HUB)
            world.open(CITY)
            world.sync(CITY)  # the hub has just started, and signs once its substations have called
            with world.nodes[HUB].opened() as opened:
                opened.seal_as_hub(resign=True)
            world.sync(CITY)
        finally:
            world.close()


def fill(outlet: Path, records: int) -> int:
    """Add made-up records to an outlet's own log, unsigned; return the bytes of their JSON."""
    total, batch = 0, []
    with Node.open(Home(outlet)).opened() as opened:
        own = opened.own
        room = BUNDLE - own.log.next_entry % BUNDLE
        for body in rows.bodies(records):
            total += len(body)
            batch.append([("federation", body)])
            if len(batch) == room:
                own.add(batch)
                batch, room = [], BUNDLE
        if batch:
            own.add(batch)
    return total
