"""A federation founded once and copied for each run: hub, city, alliance, two outlets, and a third that may be hostile.

Each copy listens on a loopback address of its own, so that runs side by side do not meet.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from node import settings
from node.home import Home
from node.node import Node, Opened
from tests.bench import rows
from tests.faults import imports
from tests.world import ALLIANCE, CITY, HUB, OUTLET, World

SECOND = "ip.gd.example/gz/jnu"
HOSTILE = "ip.gd.example/gz/odd"
ABOVE = (HUB, CITY, ALLIANCE)
OUTLETS = (OUTLET, SECOND)
HONEST = (*ABOVE, *OUTLETS)
PARENTS = {CITY: (HUB,), ALLIANCE: (HUB,), OUTLET: (CITY, ALLIANCE), SECOND: (CITY,), HOSTILE: (CITY,)}
ROLES = {CITY: "substation", ALLIANCE: "alliance", OUTLET: "outlet", SECOND: "outlet", HOSTILE: "outlet"}
PORTS = {HUB: 21_443, CITY: 22_443, ALLIANCE: 23_443}
KNOWN, NEW = 30, 300  # records of the first outlet that are everywhere, and those that the night is to bring
BODIES = 1_000
OTHERS = "alliance:0000beef"  # of which no node of the federation is: what its city files for it goes nowhere
IMPORTER = SECOND  # has a file in its inbox that the night is to import


def address(host: str, origin: str, door: int = 0) -> str:
    """Return where a node's sync door (0) or joining door (1) listens in a copy."""
    return f"{host}:{PORTS[origin] + door}"


@dataclass(frozen=True)
class Place:
    """The homes of one federation in a folder, reached under one loopback address."""

    path: Path
    host: str

    def home(self, origin: str) -> Home:
        return Home(World(self.path).home(origin))

    def node(self, origin: str) -> Node:
        return Node.open(self.home(origin), {})

    @contextmanager
    def opened(self, origin: str) -> Iterator[Opened]:
        with self.node(origin).opened() as found:
            yield found

    def copy(self, path: Path, host: str) -> "Place":
        """Return a copy in `path` whose nodes listen at `host` and call each other there."""
        shutil.copytree(self.path, path)
        made = Place(path, host)
        for origin in (*HONEST, HOSTILE):
            made.move(origin)
        return made

    def move(self, origin: str, via: Sequence[tuple[str, str]] = ()) -> None:
        """Let a node listen here, and call its parents here; `via` names other addresses for some of them."""
        known, other = settings.load(self.home(origin), {}), dict(via)
        parents = tuple(
            replace(
                one,
                sync_address=other.get(one.origin, address(self.host, one.origin)),
                join_address=address(self.host, one.origin, 1),
            )
            for one in known.parents
        )
        if origin in PORTS:
            known = replace(known, sync_listen=address(self.host, origin), join_listen=address(self.host, origin, 1))
        settings.save(self.home(origin), replace(known, parents=parents))

    def remove(self) -> None:
        shutil.rmtree(self.path)


def found(path: Path) -> Place:
    """Make the federation, its doors shut: some records of each outlet are everywhere, others are not sealed yet."""
    path.mkdir()
    world = World(path)
    bodies = iter(list(rows.bodies(BODIES)))
    try:
        world.hub()
        for origin, parents in PARENTS.items():
            for parent in parents:  # an alliance takes keys from the home, by a proof that comes down in a session
                world.node(origin, ROLES[origin], parent)
                for one in (CITY, origin) if origin in OUTLETS else ():
                    world.sync(one)
        for origin, count in ((OUTLET, KNOWN), (SECOND, 5), (HOSTILE, 5)):
            world.file(origin, *(next(bodies) for _ in range(count)))
        with world.nodes[OUTLET].opened() as opened:
            alliance = opened.registry.get(ALLIANCE).node.alliance_id
        world.file(OUTLET, next(bodies), audience=f"alliance:{alliance}")
        world.file(CITY, next(bodies), audience=OTHERS)
        for origin in (OUTLET, SECOND, HOSTILE, CITY, ALLIANCE):
            for parent in PARENTS[origin]:
                world.sync(origin, parent)
        for origin, count in ((OUTLET, NEW), (SECOND, 20), (HOSTILE, 20)):
            file_new(world.nodes[origin], [next(bodies) for _ in range(count)])
    finally:
        world.close()
    imports.drop(Home(world.home(IMPORTER)))
    for origin in (*HONEST, HOSTILE):
        known = settings.load(Home(world.home(origin)), {})
        settings.save(Home(world.home(origin)), replace(known, disk_floor_mb=0))
    return Place(path, "127.0.0.1")


def file_new(node: Node, bodies: Sequence[bytes]) -> None:
    """Add records to a node's own log, every seventh for its path only, in batches as imports make them."""
    with node.opened() as opened:
        for start in range(0, len(bodies), 100):
            batch = bodies[start : start + 100]
            opened.own.add([[("federation" if at % 7 else "path", body)] for at, body in enumerate(batch, start)])


def loopback(worker: int) -> str:
    """Return an address of this machine that no other run of the harness is likely to use."""
    number = (os.getpid() * 16 + worker) % (1 << 20)
    return f"127.{16 + (number >> 16)}.{number >> 8 & 255}.{1 + number % 250}"
