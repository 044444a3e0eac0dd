"""Processes of the benchmarks, always spawned: gRPC does not survive a fork, and memory is counted from nothing."""

import logging
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import ParamSpec, TypeVar

from node import cataloguing, nightly
from node.home import Home
from node.node import Node
from node.running import add_services
from node.serving import open_doors

_P = ParamSpec("_P")
_T = TypeVar("_T")
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Used:
    """What a process used so far: CPU seconds, and its peak of resident memory in MB."""

    cpu_s: float
    rss_mb: float


@dataclass(frozen=True, slots=True)
class Night:
    """A child's night as the child saw it: from before its Hello until its receipt was durable."""

    seconds: float
    calls: int
    entries: int
    used: Used


def used() -> Used:
    """Return what this process has used. ru_maxrss would count the parent's memory, too: it outlives exec."""
    status = Path("/proc/self/status").read_text("ascii")
    peak_kb = int(status.partition("VmHWM:")[2].split()[0])
    return Used(time.process_time(), peak_kb / 1024)


def alone(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Return what `function` returns in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=_SPAWN) as pool:
        return pool.submit(function, *args, **kwargs).result()


def night(home: Path, via: str = "", ahead_s: float = 0.0) -> Night:
    """Run a child's night with its parent, by way of the address `via`, on a clock that is `ahead_s`."""
    node = _node(home, ahead_s)
    if via:
        parents = tuple(replace(one, sync_address=via) for one in node.settings.parents)
        node = replace(node, settings=replace(node.settings, parents=parents))
    started = time.perf_counter()
    found = nightly.run(node)
    seconds = time.perf_counter() - started
    for error in found.failures.values():
        raise error
    (report,) = found.reports
    if report.refused:
        raise RuntimeError(f"refused: {report.refused}")
    return Night(seconds, report.calls, report.entries_up, used())


def awaits(home: Path) -> bool:
    """Tell whether an outlet calls again in the morning."""
    return nightly.awaits_answers(_node(home, 0.0))


def _node(home: Path, ahead_s: float) -> Node:
    logging.basicConfig(level=logging.WARNING)
    return replace(Node.open(Home(home)), clock=lambda: time.time() + ahead_s)


class Parent:
    """A node with open doors, in another process."""

    def __init__(self, pipe: Connection):
        self._pipe = pipe

    def used(self) -> Used:
        """Return what it has used so far."""
        self._pipe.send("used")
        return self._pipe.recv()

    def apply(self) -> Used:
        """Bring its catalogue and search index up to what it stores, as `serve` does; return what it has used then."""
        self._pipe.send("apply")
        return self._pipe.recv()


@contextmanager
def parent(home: Path, ahead_s: float = 0.0) -> Iterator[Parent]:
    """Open the doors of a node in a process of its own."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(home, ahead_s, theirs))
    process.start()
    try:
        if not ours.poll(30) or ours.recv() != "ready":
            raise RuntimeError("the parent did not start")
        yield Parent(ours)
    finally:
        process.terminate()
        process.join()


def _serve(home: Path, ahead_s: float, pipe: Connection) -> None:
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    node = _node(home, ahead_s)
    doors = open_doors(node, lambda origin: None, lambda origin: None, partial(add_services, node))
    pipe.send("ready")
    while not told.is_set():
        if pipe.poll(0.1):
            if pipe.recv() == "apply":
                cataloguing.apply(node)
            pipe.send(used())
    doors.close()
