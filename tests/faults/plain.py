"""Plain nights, measured: every write and call of each node, every system call on its files, every byte of each link.

Faults are put at places drawn from this, so that none of a night is left out; the report says how many were reached.
"""

import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.faults import links, place, tracing
from tests.faults.hooks import Site
from tests.faults.night import Federation
from tests.faults.place import Place
from tests.faults.survey import Link, Survey


def measured(made: Place, path: Path, wanted: set[str]) -> Survey:
    """Return what a night without a fault passes, as far as it is `wanted`: "sites", "syscalls", "bytes"."""
    return Survey(
        _sites(made, path) if "sites" in wanted else {},
        _syscalls(made, path) if "syscalls" in wanted else {},
        _bytes(made, path) if "bytes" in wanted else {},
    )


def _copy(made: Place, path: Path, name: str) -> Federation:
    return Federation(made.copy(path / name, place.loopback(0)), path / f"{name}.errors")


def _sites(made: Place, path: Path) -> dict[str, Sequence[Site]]:
    federation = _copy(made, path, "plain")
    federation.start()
    ended = federation.night()
    federation.stop()
    federation.place.remove()
    return {origin: one.sites for origin, one in ended.items()}


def _syscalls(made: Place, path: Path) -> dict[tuple[str, str], int]:
    """Count with strace; a call of which a thread makes many is counted as its busiest thread makes it."""
    federation = _copy(made, path, "traced")
    federation.start(watched=False)
    tracers: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for origin, process in federation.running.items():
            folder = path / f"traced-{len(tracers)}"
            folder.mkdir()
            home = federation.place.home(origin).path
            tracers[origin] = tracing.attach(process.pid, home, folder, tracing.CALLS)
        federation.night()
    finally:
        for tracer in tracers.values():
            tracer.terminate()
            tracer.wait()
    federation.stop()
    found: dict[tuple[str, str], int] = {}
    for number, origin in enumerate(tracers):
        threads: Counter[tuple[str, str]] = Counter(tracing.calls(path / f"traced-{number}"))
        for (_thread, call), count in threads.items():
            found[origin, call] = max(found.get((origin, call), 0), count)
    federation.place.remove()
    return found


def _bytes(made: Place, path: Path) -> dict[Link, int]:
    found: dict[Link, int] = {}
    for number, (child, parent) in enumerate(links.LINKS):
        federation = _copy(made, path, f"measured-{number}")
        with links.proxied(federation.place, child, parent, links.Weather()) as counts:
            federation.start(watched=False)
            federation.night()
        federation.stop()
        federation.place.remove()
        found[child, parent] = counts["bytes"]
    return found
