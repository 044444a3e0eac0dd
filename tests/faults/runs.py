"""Runs: a copy of the federation, a night with a fault, nights without one, and what is true then."""

import contextlib
import os
import shutil
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from random import Random

from tests.faults import invariant, place
from tests.faults.invariant import Ledger
from tests.faults.kinds import Planned
from tests.faults.night import Federation, recover, unrest
from tests.faults.place import OUTLETS, PARENTS, Place
from tests.faults.processes import FORK
from tests.faults.scene import Scene
from tests.faults.survey import Survey
from tests.world import HUB

MOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class How:
    """How to run: the seed, only at places with this in their names, keeping all homes, ending with what is wrong.

    With `until_wrong`, a run ends where a fault was not answered as it should be, with nothing else looked at, and a
    fault that took no effect is not tried again.
    """

    seed: int
    only_at: str = ""
    keep: bool = False
    until_wrong: bool = False


FURTHER = 7  # places, at which a fault that took no effect is tried again


@dataclass
class Result:
    """What became of one run. `wrong` is everything that must not be, by what it counts as."""

    number: int
    kind: str
    seen: str = ""
    places: tuple[str, ...] = ()
    effects: int = 0
    nights: int = 0
    seconds: float = 0.0
    wrong: dict[str, list[str]] = field(default_factory=dict)
    waiting: dict[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        return not any(self.wrong.values())


def found(path: Path) -> Place:
    """Return a federation made in the new folder `path`, in a process of its own: this one must never use gRPC."""
    process = FORK.Process(target=place.found, args=(path,))
    process.start()
    process.join()
    if process.exitcode != 0:
        raise RuntimeError("the federation could not be founded")
    return Place(path, "127.0.0.1")


def run(made: Place, survey: Survey, planned: Planned, how: How, folder: Path, host: str) -> Result:
    """Inject one fault and see that everything comes right; a fault that took no effect is tried again elsewhere."""
    found = Result(planned.number, planned.kind.name)
    began = time.monotonic()
    for attempt in range(1 if how.until_wrong else MOST_TRIES):
        here = folder / f"{planned.number}-{attempt}"
        here.mkdir(parents=True)
        _attempt(found, made, survey, planned, how, here, host, attempt)
        if found.is_clean and not how.keep:
            shutil.rmtree(here)
        if found.effects or not found.is_clean:
            break
    found.seconds = round(time.monotonic() - began, 2)
    return found


def _attempt(
    found: Result, made: Place, survey: Survey, planned: Planned, how: How, here: Path, host: str, attempt: int
) -> None:
    federation = Federation(made.copy(here / "homes", host), here / "errors")
    ledger = Ledger.of(federation.place)
    chance = Random(f"{how.seed} {planned.number} {attempt}")
    turn = planned.turn + FURTHER * attempt
    scene = Scene(federation.place, chance, survey, federation, here, turn, how.seed, how.only_at, how.until_wrong)
    try:
        effect = planned.kind.night(scene)
        found.effects, found.seen = effect.count, effect.seen
        found.places = effect.places if effect.count else ()
        if how.until_wrong and effect.wrong:
            found.wrong = {"unverified": list(effect.wrong)}
            return
        found.nights, reasons = recover(federation)
        left = list(unrest(federation.place, federation.guests))
        clean = invariant.check(federation.place, ledger, {origin: _reason(origin, reasons) for origin in OUTLETS})
        found.waiting = clean.waiting
        found.wrong = {
            "lost": clean.lost,
            "duplicated": clean.duplicated,
            "forks": clean.forks,
            "unverified": [*clean.unverified, *effect.wrong],
            "unrecovered": [*federation.broken, *left],
        }
    except Exception:  # top of a run: the others go on, and this one is told of
        found.wrong = {"unrecovered": [traceback.format_exc()]}
    finally:
        federation.kill()


def _reason(origin: str, reasons: Mapping[str, str]) -> str:
    """Return why what an outlet filed may wait: what it, or a node that it sends by, could not do."""
    way = (origin, *PARENTS[origin], HUB)
    return "; ".join(f"{one}: {reasons[one]}" for one in way if reasons.get(one))


# -- side by side -----------------------------------------------------------------------------------------------------


def run_all(
    made: Place, survey: Survey, plan: Sequence[Planned], how: How, folder: Path, jobs: int
) -> Iterator[Result]:
    """Yield the results as they come, from `jobs` processes side by side, each with an address of its own."""
    pipes: list[Connection] = []
    workers = []
    next_one = FORK.Value("i", 0)
    for number in range(jobs):
        ours, theirs = FORK.Pipe(duplex=False)

        def work(pipe: Connection = theirs, host: str = place.loopback(number)) -> None:
            for planned in _taken(plan, next_one):
                pipe.send(run(made, survey, planned, how, folder, host))

        worker = FORK.Process(target=work)
        worker.start()
        theirs.close()
        pipes.append(ours)
        workers.append(worker)
    try:
        while pipes:
            for pipe in wait(pipes):
                try:
                    yield pipe.recv()  # type: ignore[union-attr]
                except EOFError:
                    pipes.remove(pipe)  # type: ignore[arg-type]
    finally:
        next_one.value = len(plan)  # who looks for another run finds none
        for worker in workers:
            worker.join()


def _taken(plan: Sequence[Planned], next_one: object) -> Iterator[Planned]:
    """Yield the runs that no other worker has taken."""
    while True:
        with next_one.get_lock():  # type: ignore[attr-defined]
            at = next_one.value  # type: ignore[attr-defined]
            next_one.value += 1  # type: ignore[attr-defined]
        if at >= len(plan):
            return
        yield plan[at]


@contextlib.contextmanager
def working_folder(given: Path | None) -> Iterator[Path]:
    """Yield an empty folder, gone afterwards unless it was given; in memory where that can be had."""
    if given is not None:
        given.mkdir(parents=True)
        yield given
        return
    memory = Path("/dev/shm")
    base = memory if os.access(memory, os.W_OK) else Path(os.environ.get("TMPDIR", "/tmp"))
    made = base / f"banyan-faults-{os.getpid()}"
    made.mkdir()
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
