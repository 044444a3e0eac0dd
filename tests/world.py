"""A small federation for tests: real homes, real enrolment, real mutual TLS on loopback; doors in this process."""

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from node import admission, enrolment, founding, nightly, settings
from node.home import Home
from node.node import Node
from node.serving import Doors, open_doors
from sync.bringing import Report

HUB = "ip.gd.example"
CITY = "ip.gd.example/gz"
OTHER_CITY = "ip.gd.example/sz"
ALLIANCE = "ip.gd.example/led"
OUTLET = "ip.gd.example/gz/scut"
OTHER_OUTLET = "ip.gd.example/sz/szu"


class Clock:
    """A clock that tests move; it starts at the real time."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class World:
    """Nodes by origin, the doors of those that are open, and the clock that all share."""

    path: Path
    nodes: dict[str, Node] = field(default_factory=dict)
    doors: dict[str, Doors] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    stored: list[str] = field(default_factory=list)

    def home(self, origin: str) -> Path:
        return self.path / origin.replace("/", "_")

    def hub(self) -> Node:
        """Found the hub, open its doors, and seal its log."""
        made = settings.Settings(HUB, "hub", "广东省主站", sync_listen="127.0.0.1:0", join_listen="127.0.0.1:0")
        founding.found(self.home(HUB), made, self.path / "root-keys")
        node = self.open(HUB)
        self.seal_hub()
        return node

    def node(self, origin: str, role: str, *parents: str) -> Node:
        """Enrol a node at each of its parents, first its home, and open its doors if it has children."""
        for parent in parents:
            token = admission.invite(self.nodes[parent], origin, role, f"名称 {origin}", 7)
            enrolment.join(Home(self.home(origin)), token, f"名称 {origin}")
            self.nodes[origin] = replace(Node.open(Home(self.home(origin))), clock=self.clock)
        if role != "outlet":
            self.seal_hub()
            self.sync(origin)
            found = settings.load(Home(self.home(origin)), {})
            listening = replace(found, sync_listen="127.0.0.1:0", join_listen="127.0.0.1:0")
            settings.save(Home(self.home(origin)), listening)
            self.open(origin)
        return self.nodes[origin]

    def open(self, origin: str) -> Node:
        """Open (or open again) the doors of a node; its addresses are those that it got."""
        self.shut(origin)
        node = replace(Node.open(Home(self.home(origin))), clock=self.clock)
        self.doors[origin] = open_doors(node, self.stored.append, lambda origin: None)
        self.nodes[origin] = self.doors[origin].node
        settings.save(node.home, self.nodes[origin].settings)  # opened again, it is found at the same ports
        return self.nodes[origin]

    def shut(self, origin: str) -> None:
        if origin in self.doors:
            self.doors.pop(origin).close()

    def seal_hub(self) -> None:
        with self.nodes[HUB].opened() as opened:
            opened.seal_as_hub()

    def sync(self, origin: str, parent: str = "") -> Report:
        """Run one session of a node, with its only or its named parent."""
        node = self.nodes[origin]
        wanted = parent or node.settings.parents[0].origin
        node = replace(node, settings=settings.load(node.home, {}))
        return nightly.call(node, next(one for one in node.settings.parents if one.origin == wanted))

    def file(self, origin: str, *bodies: bytes, audience: str = "federation") -> int:
        """Add record entries to a node's own log; return the first index."""
        with self.nodes[origin].opened() as opened:
            return opened.own.add([[(audience, body)] for body in bodies])

    def close(self) -> None:
        for origin in list(self.doors):
            self.shut(origin)
