"""SIGKILL exactly before and exactly after each write and each call of a night."""

import re

from tests.faults.hooks import Site
from tests.faults.processes import Process
from tests.faults.scene import Effect, Kind, Scene

_CALL = re.compile(r"(call|serve) ")


def _night(scene: Scene, when: str, calls: bool) -> Effect:
    """Let one node die at a site of this kind; go through all of them before one comes again."""
    sites = [
        (origin, site)
        for origin, passed in sorted(scene.sites.items())
        for site in passed
        if site.when == when and bool(_CALL.match(site.what)) == calls
    ]
    origin, site = sites[_scattered(scene.turn, len(sites))]
    federation = scene.federation
    federation.start({origin: lambda _origin, home: Process.start(home, federation.errors, chosen=site)})
    federation.night()
    killed = federation.running[origin]
    return Effect(int(killed.was_killed), f"{origin} {killed.pid} killed {site}" if killed.was_killed else "")


def _scattered(turn: int, size: int) -> int:
    """Return a place that visits all of `size` once in `size` turns, neighbours far from each other."""
    step = next(step for step in (0.618 * size, *range(1, size + 1)) if _coprime(int(step), size))
    return int(step) * turn % size


def _coprime(one: int, other: int) -> bool:
    while other:
        one, other = other, one % other
    return one == 1


def _kind(when: str, calls: bool) -> Kind:
    what = "call" if calls else "write"
    does = f"SIGKILL of a node's process exactly {when} a {what} of the night"
    return Kind(f"sigkill-{when}-{what}", does, lambda scene: _night(scene, when, calls), share=10)


KINDS = [_kind(when, calls) for calls in (False, True) for when in ("before", "after")]


def covered(sites: dict[str, list[Site]]) -> int:
    """Return how many runs of the four kinds it takes to die at every site."""
    return sum(len(passed) for passed in sites.values())
