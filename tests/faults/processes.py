"""The nodes as real processes: `serve` without its schedule, told by the harness when it is night.

They are forked from a process that has everything imported and has never used gRPC, which does not survive a fork.
"""

import contextlib
import ctypes
import logging
import multiprocessing
import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from catalog.errors import CatalogError
from node.errors import NodeError
from node.home import Home
from node.node import Node
from node.running import Running
from node.schedule import Job
from sync.errors import SyncError
from sync.store import NoStore
from tests.faults import hooks, imports, safeguards
from tests.faults.hooks import Site, Sites

FORK = multiprocessing.get_context("fork")
NIGHT_S = 20.0
START_S = 30.0
STOP_S = 30.0
_TYPED = (SyncError, NodeError, CatalogError, OSError, sqlite3.Error, NoStore)
_ANY_TRACER = 0x59616D61, ctypes.c_ulong(-1 & 0xFFFFFFFFFFFFFFFF)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY


class Unscheduled(Running):
    """A node at work whose nights begin when the harness says so."""

    def _jobs(self) -> list[Job]:
        return []

    def _watch_inbox(self) -> None:
        """Leave the inbox to the night."""


@dataclass(frozen=True, slots=True)
class Night:
    """How a night ended at one node: "" or the error, and the sites that were passed so far.

    `broke` says that the error is none of those that the product itself raises.
    """

    error: str
    sites: tuple[Site, ...] = ()
    broke: bool = False


@dataclass
class Process:
    """One node's process. It ends by `stop`, by `kill`, or because it was made to die at a site."""

    origin: str
    process: Any
    pipe: Connection
    status: int | None = None
    began: float = field(default_factory=time.monotonic)

    @classmethod
    def start(
        cls,
        home: Home,
        errors: Path,
        ahead_s: float = 0.0,
        chosen: Site | None = None,
        watched: bool = True,
        before: Callable[[], None] = lambda: None,
    ) -> "Process":
        """Start a node on its home, its clock `ahead_s`; `before` runs in the new process first.

        Returns once it is ready, or has ended.
        """
        ours, theirs = FORK.Pipe()
        origin = home.path.name
        process = FORK.Process(
            target=_run, args=(home, errors, ahead_s, chosen, watched, before, theirs, ours), name=origin
        )
        process.start()
        theirs.close()
        made = cls(origin, process, ours)
        made._hear(START_S)
        return made

    @property
    def pid(self) -> int:
        return int(self.process.pid)

    @property
    def runs(self) -> bool:
        return self.status is None

    def night(self, ahead_s: float, seconds: float = NIGHT_S) -> None:
        """Let the night begin, the clock being `ahead_s`; see `ended`."""
        if self.runs:
            try:
                self.pipe.send(("night", ahead_s, seconds))
            except OSError:
                self._end()

    def ended(self, seconds: float = NIGHT_S) -> Night:
        """Wait for the end of the night; a process that ended instead says so."""
        found = self._hear(seconds + STOP_S) if self.runs else None
        return found if isinstance(found, Night) else Night(f"ended with {self.status}")

    def stop(self) -> None:
        """Let it finish what it is at, and end."""
        if self.runs:
            with contextlib.suppress(OSError):
                self.pipe.send(("stop", 0.0, 0.0))
            self.process.join(STOP_S)
            if self.process.is_alive():
                self.kill()
            self._end()

    def kill(self) -> None:
        """SIGKILL: it runs no handler and flushes nothing."""
        if self.runs:
            self.process.kill()
            self._end()

    def _hear(self, seconds: float) -> Any:
        """Return what it says; None where it ended instead. One that says nothing is killed."""
        try:
            if self.pipe.poll(seconds):
                return self.pipe.recv()
        except (EOFError, OSError):
            self._end()
            return None
        self.kill()
        return None

    def _end(self) -> None:
        self.process.join(STOP_S)
        self.status = self.process.exitcode
        self.pipe.close()

    @property
    def was_killed(self) -> bool:
        """Whether SIGKILL was seen to end it."""
        return self.status == -signal.SIGKILL


def _run(
    home: Home,
    errors: Path,
    ahead_s: float,
    chosen: Site | None,
    watched: bool,
    before: Callable[[], None],
    pipe: Connection,
    other_end: Connection,
) -> None:
    other_end.close()
    begin(errors)
    clock = _Clock(ahead_s)
    sites = Sites(chosen)
    safeguards.switch_off()
    if watched:
        hooks.watch(sites)
    before()
    running = Unscheduled(replace(Node.open(home, {}), clock=clock))
    running.start()
    pipe.send("ready")
    while True:
        try:
            word, ahead_s, seconds = pipe.recv()
        except EOFError:  # the harness has gone
            os._exit(3)
        if word == "stop":
            break
        clock.ahead_s = ahead_s
        error = _night(running, clock() + seconds)
        text = f"{type(error).__name__}: {error}" if error else ""
        pipe.send(Night(text, tuple(sites.passed), bool(error) and not isinstance(error, _TYPED)))
    running.stop()


def begin(errors: Path) -> None:
    """Write to a file of the run; let strace of any process look on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.stdout = sys.stderr = os.fdopen(out, "w", buffering=1)
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format=f"%(asctime)s {multiprocessing.current_process().name} %(message)s",
        force=True,
    )
    ctypes.CDLL(None).prctl(*_ANY_TRACER, 0, 0, 0)


@dataclass
class _Clock:
    """The clock of one node, as far ahead as it is told."""

    ahead_s: float

    def __call__(self) -> float:
        return time.time() + self.ahead_s


def _night(running: Unscheduled, until: float) -> Exception | None:
    """Import what lies in an outlet's inbox, then run what the schedule runs at night; return what failed, if any.

    A night goes on where files cannot be taken.
    """
    failed: list[Exception] = []
    first = [lambda: imports.take(running.node)] if running.node.settings.role == "outlet" else []
    for step in (*first, lambda: running._run_night(until, threading.Event())):
        try:
            step()
        except Exception as error:  # top of this process: the harness is told
            logging.getLogger(__name__).warning("night failed", exc_info=True)
            failed.append(error)
    return next((one for one in failed if not isinstance(one, _TYPED)), failed[0] if failed else None)
