"""What tests of disks share: one round of a disk, what a node holds of a log, and homes put aside."""

import shutil
from dataclasses import replace
from pathlib import Path

from node import carrying, taking
from node.carrying import Moved
from node.home import Home
from node.node import Node
from sync import carry
from sync.bundles import Bundles
from tests.world import World


def stick(world: World) -> Path:
    """Return a folder that is not there yet."""
    return world.path / f"stick-{len(list(world.path.glob('stick-*')))}"


def written(world: World, sender: str, receiver: str) -> Path:
    """Have one node write for another; return the folder."""
    folder = stick(world)
    carrying.out(world.nodes[sender], folder, receiver)
    return folder


def carried(world: World, sender: str, receiver: str) -> tuple[Moved, Moved]:
    """Carry from one to the other; return what was written and what was taken, of which nothing was refused."""
    folder = stick(world)
    out = carrying.out(world.nodes[sender], folder, receiver)
    found = taking.take(world.nodes[receiver], folder)
    assert found.refused == []
    return out, found


def held(node: Node, origin: str):
    """Return (next_entry, stored, parts, how many parts are missing) of a log at a node."""
    with node.opened() as opened:
        log = opened.store.log(origin)
        if log is None:
            return 0, 0, [], 0
        bundles = Bundles(opened.store, log)
        return log.next_entry, log.stored, bundles.parts(0, 10**6), bundles.count_wanted()


def received(node: Node, origin: str, by: str) -> int:
    """Return the size of the newest receipt by a node above that is kept on a log, 0 without one."""
    with node.opened() as opened:
        log = opened.store.log(origin)
        found = opened.store.newest_receipt(log, by) if log else None
        return found.size if found else 0


def copy_of(node: Node, name: str) -> Node:
    """Return a node on a copy of a home, made while nothing writes."""
    place = node.home.path.with_name(f"{node.home.path.name}-{name}")
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(node.home.path, place)
    return replace(node, home=Home(place))


def resummed(raw: bytes) -> bytes:
    """Return a file's bytes with the sum that fits them, as somebody who changes a file on purpose would write it."""
    end = len(raw) - len(b"sum 32\n") - 32
    return raw[:end] + b"sum 32\n" + carry.sha256(raw[:end]).digest()
