"""An outlet and a substation with a hub above it, and the processes that a crash test starts on their homes."""

import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from node import settings
from node.node import Node
from tests.crash.processes import Process, said
from tests.crash.trace import Trace
from tests.world import CITY, HUB, OUTLET, World

BELOW_EPHEMERAL = range(20_000, 30_000)


@dataclass
class Federation:
    """A world with an outlet, its trace, and the processes that run on it."""

    world: World
    path: Path
    trace: Trace
    running: dict[str, Process] = field(default_factory=dict)

    @property
    def child(self) -> Node:
        return self.world.nodes[OUTLET]

    @property
    def parent(self) -> Node:
        return self.world.nodes[CITY]

    def start(self, role: str, seed: int = 0, *more: str) -> Process:
        """Start a process of that role on its home, and keep it to be ended with the test."""
        home = self.world.home(CITY if role == "parent" else OUTLET)
        self.running[role] = Process.start(role, home, self.path, "--seed", str(seed), *more)
        return self.running[role]

    def close(self) -> None:
        for one in self.running.values():
            one.discard()
        self.trace.close()
        print(self.said()[-4000:])

    def said(self) -> str:
        """Return what all processes wrote to their standard error."""
        found = said(self.path)
        return found.read_text() if found.exists() else ""


def free_port() -> int:
    """Return a port that no outgoing connection is given: a killed parent gets it again, whoever calls meanwhile."""
    for port in random.sample(BELOW_EPHEMERAL, 100):
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


@pytest.fixture
def federation(world: World, tmp_path: Path) -> Iterator[Federation]:
    """Hub, substation and outlet enrolled; the doors of hub and substation are open in this process."""
    world.hub()
    city = world.node(CITY, "substation", HUB)
    world.shut(CITY)
    ports = replace(city.settings, sync_listen=f"127.0.0.1:{free_port()}", join_listen=f"127.0.0.1:{free_port()}")
    settings.save(city.home, ports)
    world.open(CITY)
    world.node(OUTLET, "outlet", CITY)
    world.sync(CITY)
    path = tmp_path / "trace"
    made = Federation(world, path, Trace(path, "test"))
    try:
        yield made
    finally:
        made.close()
