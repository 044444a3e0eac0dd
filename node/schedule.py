"""When the jobs of a night run: windows that may cross midnight, a steady offset, catch-up, and back-off.

All times are POSIX seconds. The functions are arithmetic; `Night` asks them every minute.
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from hashlib import sha256
from threading import Event
from typing import Any, Protocol

from grpc import RpcError

from node.errors import Interrupted, NodeError
from sync.errors import SlowDown, SyncError

log = logging.getLogger(__name__)
_LEVELS = {"ok": logging.INFO, "interrupted": logging.WARNING, "failed": logging.ERROR}
OFFSET_SHARE = 0.6  # starts are spread over this share of a window, so that the last one still has time
TICK_S = 60
_LONGEST_WAIT_S = 30 * 60
_WINDOW = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """A daily stretch of time, [start, end) in `zone`; it crosses midnight when end is before start."""

    start: time
    end: time
    zone: tzinfo

    @classmethod
    def parse(cls, text: str, zone: tzinfo) -> "Window":
        """Read "23:00-02:30"; raise ValueError for anything else and for an empty window."""
        found = _WINDOW.fullmatch(text)
        if found is None:
            raise ValueError(text)
        from_hour, from_minute, to_hour, to_minute = (int(one) for one in found.groups())
        window = cls(time(from_hour, from_minute), time(to_hour, to_minute), zone)
        if window.start == window.end:
            raise ValueError(text)
        return window

    def after(self, minutes: int) -> "Window":
        """Return the window of that length that begins where this one ends."""
        end = datetime.combine(date(2000, 1, 1), self.end) + timedelta(minutes=minutes)
        return Window(self.end, end.time(), self.zone)

    def on(self, day: date) -> tuple[float, float]:
        """Return (start, end) of the window that starts on this local day."""
        last_day = day + timedelta(days=1) if self.end < self.start else day
        begins, ends = datetime.combine(day, self.start), datetime.combine(last_day, self.end)
        start, end = begins.replace(tzinfo=self.zone).timestamp(), ends.replace(tzinfo=self.zone).timestamp()
        if end <= start:  # the hour that is left out in spring has swallowed it: as long as always, an hour later
            end = start + (ends - begins).total_seconds()
        return start, end

    def latest(self, now: float) -> tuple[float, float]:
        """Return (start, end) of the newest window that has begun; `now` may be past its end."""
        day = datetime.fromtimestamp(now, self.zone).date()
        span = self.on(day)
        return span if span[0] <= now else self.on(day - timedelta(days=1))

    def following(self, now: float) -> tuple[float, float]:
        """Return (start, end) of the first window that begins after `now`."""
        day = datetime.fromtimestamp(now, self.zone).date()
        span = self.on(day)
        return span if span[0] > now else self.on(day + timedelta(days=1))


def share(origin: str) -> float:
    """Return the steady place of this origin among all, in [0, 1)."""
    return int.from_bytes(sha256(origin.encode()).digest()[:6], "big") / 2**48


def starts_at(span: tuple[float, float], offset: float) -> float:
    """Return when a node with this `offset` (0 to 1) begins in the window: inside its first 60 %."""
    return span[0] + (span[1] - span[0]) * OFFSET_SHARE * offset


def due(now: float, window: Window, offset: float, last_ok: float | None) -> bool:
    """Return whether the job should run now: inside the window, past our offset, and not yet done in it.

    `last_ok` is when the newest successful run began. After downtime the rest of the window is used.
    """
    span = window.latest(now)
    return starts_at(span, offset) <= now < span[1] and not _is_done(span, now, last_ok)


def _is_done(span: tuple[float, float], now: float, last_ok: float | None) -> bool:
    """A run that began later than now was under a clock that has been put right since, and says nothing."""
    return last_ok is not None and span[0] <= last_ok <= now


def next_time(now: float, window: Window, offset: float, last_ok: float | None) -> float:
    """Return the first moment from `now` on at which the job is due."""
    span = window.latest(now)
    if now < span[1] and not _is_done(span, now, last_ok):
        return max(now, starts_at(span, offset))
    return starts_at(window.following(now), offset)


def deadline(now: float, window: Window) -> float:
    """Return when work that is due now must end."""
    return window.latest(now)[1]


def retry_at(failures: int, last_end: float) -> float:
    """Return when to try again after that many failures in a row: 1, 2, 4 … at most 30 minutes later."""
    return last_end + min(60 * 2 ** (failures - 1), _LONGEST_WAIT_S) if failures else last_end


@dataclass(frozen=True, slots=True)
class Job:
    """A nightly job: `run(deadline, stop)` returns when done, or raises: Interrupted when `stop` cut it short."""

    name: str
    window: Window
    run: Callable[[float, Event], None]


class Runs(Protocol):
    """Where runs are written down; the notebook is one."""

    def start_run(self, job: str, now: float) -> int: ...
    def end_run(self, run: int, outcome: str, detail: str, now: float) -> None: ...
    def interrupt_open_runs(self, now: float) -> int: ...
    def last_ok(self, job: str) -> float | None: ...
    def failures(self, job: str, since: float) -> tuple[int, float]: ...


class Night:
    """Runs the jobs of one process, each in its window, never twice at once. Only one process a home may have one."""

    def __init__(self, jobs: Sequence[Job], notebook: Runs, clock: Callable[[], float], origin: str) -> None:
        self._jobs = tuple(jobs)
        self._runs = notebook
        self._clock = clock
        self._offset = share(origin)
        self._stop = Event()
        self._scheduler: Any = None
        self._not_before: dict[str, tuple[float, float]] = {}  # by job, since when and until when a parent asks to wait

    def start(self) -> None:
        """Look at every job now and each minute, in threads of a scheduler that keeps nothing itself."""
        from apscheduler.schedulers.background import BackgroundScheduler  # slow to import; commands need only the sums

        self._runs.interrupt_open_runs(self._clock())  # of a process that was killed
        self._scheduler = BackgroundScheduler(timezone="UTC")
        for job in self._jobs:
            self._scheduler.add_job(
                self.tick,
                "interval",
                [job],
                seconds=TICK_S,
                id=job.name,
                next_run_time=datetime.now().astimezone(),
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
            )
        self._scheduler.start()

    def stop(self) -> None:
        """Tell running jobs to stop and return when they have."""
        self._stop.set()
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=True)

    def tick(self, job: Job) -> bool:
        """Run `job` if it is due and not backing off; return whether it ran. What it raises is written down."""
        now = self._clock()
        if self._stop.is_set() or not due(now, job.window, self._offset, self._runs.last_ok(job.name)):
            return False
        failures, last_end = self._runs.failures(job.name, job.window.latest(now)[0])
        if failures and last_end <= now < retry_at(failures, last_end):  # an end to come is a clock's that was ahead
            return False
        asked, until = self._not_before.get(job.name, (0.0, 0.0))
        if asked <= now < until:  # a wait that was asked for in time to come is a clock's that was ahead
            return False
        run = self._runs.start_run(job.name, now)
        outcome, detail = self._outcome(job, deadline(now, job.window))
        self._runs.end_run(run, outcome, detail, self._clock())
        log.log(_LEVELS[outcome], "job ended job=%s outcome=%s detail=%s", job.name, outcome, detail)
        return True

    def _outcome(self, job: Job, until: float) -> tuple[str, str]:
        try:
            job.run(until, self._stop)
        except Interrupted:
            return "interrupted", "stopped"
        except SlowDown as error:
            now = self._clock()
            self._not_before[job.name] = now, now + error.retry_after_s
            return "failed", f"SlowDown: {error}"
        except (NodeError, SyncError, OSError, RpcError) as error:  # the night's weather: links, parents, full disks
            return "failed", f"{type(error).__name__}: {error}"
        except Exception as error:  # top of this thread: a wrong job must not take the others with it
            log.exception("job broke job=%s", job.name)
            return "failed", f"{type(error).__name__}: {error}"
        return "ok", ""

    def next_times(self) -> dict[str, float]:
        """Return when each job is due next, back-off aside."""
        now = self._clock()
        return {job.name: next_time(now, job.window, self._offset, self._runs.last_ok(job.name)) for job in self._jobs}
