"""A night of the whole federation, in the order of architecture.md, and nights until nothing is left to do."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from node import checking
from node.home import Home
from sync.bundles import Bundles
from tests.faults import imports
from tests.faults.place import ABOVE, HONEST, HOSTILE, IMPORTER, OUTLETS, Place
from tests.faults.processes import NIGHT_S, Night, Process
from tests.world import ALLIANCE, CITY, HUB

DAY_S = 86_400.0
MOST_NIGHTS = 4
ORDER = (*OUTLETS, CITY, ALLIANCE, HUB, CITY, ALLIANCE, *OUTLETS)  # evening; after midnight; the morning's answers

Start = Callable[[str, Home], Process]


@dataclass
class Federation:
    """The processes of one copy. `errors` is the file that they all write to."""

    place: Place
    errors: Path
    running: dict[str, Process] = field(default_factory=dict)
    ended: list[Process] = field(default_factory=list)
    damaged: set[str] = field(default_factory=set)  # nodes that are told to check themselves once the nights are over
    guests: list[str] = field(default_factory=list)  # further nodes that take part from now on
    broken: list[str] = field(default_factory=list)  # nights that ended with an error that the product does not know

    def start(self, special: Mapping[str, Start] = {}, **how: object) -> None:
        """Start every node that is not running, those above first; `special` starts some of them otherwise."""
        for origin in (*HONEST, *self.guests):
            if origin not in self.running:
                home = self.place.home(origin)
                start = special.get(origin)
                self.running[origin] = (
                    start(origin, home) if start else Process.start(home, self.errors, **how)  # type: ignore[arg-type]
                )

    def night(
        self, ahead_s: float = 0.0, seconds: float = NIGHT_S, skewed: Mapping[str, float] = {}
    ) -> dict[str, Night]:
        """Let every node have its night; return how the last one of each ended. Who is dead has none."""
        found: dict[str, Night] = {}
        for origin in (*self.guests, *ORDER):
            process = self.running[origin]
            process.night(ahead_s + skewed.get(origin, 0.0), seconds)
            found[origin] = process.ended(seconds)
            if found[origin].broke:
                self.broken.append(f"{origin}: {found[origin].error}")
        return found

    def stop(self, *origins: str) -> None:
        """End these processes, or all, those below first."""
        for origin in (*self.guests, *reversed(HONEST)):
            if origin in self.running and (not origins or origin in origins):
                process = self.running.pop(origin)
                process.stop()
                self.ended.append(process)

    def kill(self) -> None:
        """End all processes at once."""
        for process in self.running.values():
            process.kill()
            self.ended.append(process)
        self.running.clear()


def recover(federation: Federation) -> tuple[int, dict[str, str]]:
    """Start what has ended and let nights pass, a day apart, until all is quiet; then end all.

    Return how many it took, and what the last night of each node failed with.
    """
    for origin in [origin for origin, process in federation.running.items() if not process.runs]:
        federation.stop(origin)
    federation.start(watched=False)
    reasons: dict[str, str] = {}
    for night in range(1, MOST_NIGHTS + 1):
        ended = federation.night(night * DAY_S)
        reasons = {origin: one.error for origin, one in ended.items()}
        if not any(reasons.values()) and not list(unrest(federation.place, federation.guests)):
            break
    federation.stop()
    for origin in federation.damaged:
        checking.check(federation.place.node(origin))  # mends what is made from what has come back
    return night, reasons


def unrest(place: Place, guests: Sequence[str] = ()) -> Iterator[str]:
    """Yield what is still to be done: entries without the hub's receipt, parts that are missing."""
    for origin in (*OUTLETS, *guests):
        with place.opened(origin) as opened:
            log = opened.own.log
            receipt = opened.store.newest_receipt(log, HUB)
            if receipt is None or receipt.size < log.next_entry:
                yield f"{origin}: no receipt of the hub on all entries"
    for name in imports.waiting(place.node(IMPORTER)):
        yield f"{IMPORTER}: {name} lies in the inbox"
    for origin in ABOVE:
        with place.opened(origin) as opened:
            for log in opened.store.logs():
                if (log.origin != HOSTILE or guests) and Bundles(opened.store, log).count_wanted():
                    yield f"{log.origin} at {origin}: parts are missing"
