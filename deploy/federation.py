"""A federation of separate processes on this machine: each node has its home, its ports, its own `serve`, its log file.

Everything goes through the installed programs; only numbers and keys are read from the nodes' files here.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from catalog import search, views
from node import cataloguing, nodes, settings
from node.errors import NodeError
from node.home import Home
from node.messages import N_
from node.node import Node
from records import kinds

CALL_S = 900.0
READY_S = 60.0
STOP_S = 30.0
_POLL_S = 0.05
_PORT_ATTEMPTS = 5


class Failed(NodeError):
    """A program did not do what was asked: (command, why)."""

    facts = ("command", "why")
    sentence = N_("`{command}` failed: {why}")


class NotReady(NodeError):
    """A node was not where it should be in time: (origin, what, log)."""

    facts = ("origin", "what", "log")
    sentence = N_("{origin} was not ready in time: {what}. Its log: {log}")


@dataclass(frozen=True, slots=True)
class Member:
    """A node to be: its origin, role, name, and the nodes above it, its home first."""

    origin: str
    role: str
    name: str
    parents: tuple[str, ...] = ()

    @property
    def program(self) -> str:
        return "banyan-" + {"alliance": "substation"}.get(self.role, self.role)

    @property
    def label(self) -> str:
        """What its files are called."""
        return self.origin.rpartition("/")[2] if self.parents else "hub"


class Federation:
    """The nodes of one demonstration below the directory `path`. Threads may share it; starting is for one."""

    def __init__(self, path: Path, members: Sequence[Member], language: str):
        self.path = path
        self.members = {one.origin: one for one in members}
        self.language = language
        self._serving: dict[str, subprocess.Popen[bytes]] = {}
        for name in ("logs", "tokens", "files"):
            (path / name).mkdir(mode=0o700)

    def home(self, origin: str) -> Path:
        return self.path / self.members[origin].label

    def log_file(self, origin: str) -> Path:
        return self.path / "logs" / f"{self.members[origin].label}.log"

    # -- commands -----------------------------------------------------------------------------------------------------

    def call(self, origin: str, *arguments: str, taken: tuple[int, ...] = (0,)) -> Any:
        """Run one command of a node and return its JSON answer; raise Failed for an exit code that is not `taken`."""
        return answer(self._line(origin, *arguments), taken, environment())[0]

    def _line(self, origin: str, *arguments: str) -> list[str]:
        home = str(self.home(origin))
        program = script(self.members[origin].program)
        return [str(program), "--home", home, "--lang", self.language, "--json", *arguments]

    def node(self, origin: str) -> Node:
        return Node.open(Home.open(self.home(origin)), {})

    def standing(self, origin: str) -> dict[str, Any]:
        """Return what `status` says of a node."""
        return nodes.standing(self.node(origin))

    def held(self, origin: str) -> dict[str, int]:
        """Return how many entries of each log a node holds under a receipt."""
        with self.node(origin).opened() as opened:
            return {log.origin: log.stored for log in opened.store.logs()}

    def rights(self, origin: str) -> set[str]:
        """Return the keys of the current rights in a node's catalogue, found by its own search."""
        found: set[str] = set()
        with cataloguing.catalogue(self.node(origin)) as catalogue:
            for kind in kinds.all():
                after = "" if kind.category == "right" else None
                while after is not None:
                    query = search.Query(kind=kind.name, limit=search.MAX_LIMIT, after=after)
                    page = search.find(catalogue, query, views.FULL)
                    found.update(hit.key for hit in page.hits)
                    after = page.next or None
        return found

    # -- processes ----------------------------------------------------------------------------------------------------

    def start(self, origin: str) -> None:
        """Start a node's `serve` and wait until it is ready; a port that somebody took meanwhile is chosen again."""
        for _attempt in range(_PORT_ATTEMPTS):
            said = self._started(origin)
            if said.get("ready"):
                return
            if said.get("error") != "NotBound":
                break
            sync, join = free_addresses()
            home = Home.open(self.home(origin))
            settings.save(home, replace(settings.load(home, {}), sync_listen=sync, join_listen=join))
        raise NotReady(origin, said.get("message", "serve"), str(self.log_file(origin)))

    def _started(self, origin: str) -> dict[str, Any]:
        """Start the process and return its first line: that it is ready, or why not."""
        told = self.log_file(origin).with_suffix(".ready")
        with told.open("wb") as out, self.log_file(origin).open("ab") as log:
            process = subprocess.Popen(
                self._line(origin, "serve"),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                env=environment(),
                start_new_session=True,  # Ctrl-C reaches us alone, and we stop the nodes in order
            )
        self._serving[origin] = process
        until = time.monotonic() + READY_S
        while b"\n" not in (line := told.read_bytes()):
            if process.poll() is not None or time.monotonic() > until:
                return {}
            time.sleep(_POLL_S)
        return json.loads(line)

    def stop(self) -> dict[str, int]:
        """Stop every node, those with children last; return the exit codes that are not 0."""
        codes: dict[str, int] = {}
        for roles in (("outlet",), ("substation", "alliance"), ("hub",)):
            going = {one: p for one, p in self._serving.items() if self.members[one].role in roles}
            for process in going.values():
                process.send_signal(signal.SIGTERM)
            codes |= {origin: _ended(process) for origin, process in going.items()}
        self._serving.clear()
        return {origin: code for origin, code in codes.items() if code}

    def running(self) -> dict[str, int]:
        """Return the process of each node that serves."""
        return {origin: process.pid for origin, process in self._serving.items()}


def _ended(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def script(program: str) -> Path:
    """Return an installed program of this environment; raise Failed where it is not installed."""
    path = Path(sys.executable).with_name(program)
    if not path.is_file():
        raise Failed(program, f"{path}: No such file; make setup")
    return path


def environment() -> dict[str, str]:
    """Return our environment without what is meant for one node, and with answers in UTF-8."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("BANYAN_")}
    return ours | {"PYTHONUTF8": "1"}


def answer(
    line: Sequence[str], taken: tuple[int, ...], environ: Mapping[str, str], folder: Path | None = None
) -> tuple[Any, str]:
    """Run a command line and return its JSON answer and what it told people; raise Failed."""
    shown = f"{Path(line[0]).name} {' '.join(line[1:])}"
    try:
        done = subprocess.run(
            line,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            env=environ,
            cwd=folder,
            timeout=CALL_S,
        )
        found = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise Failed(shown, f"{CALL_S:.0f} s") from error
    except ValueError as error:
        raise Failed(shown, done.stderr.strip()[-500:] or f"exit code {done.returncode}") from error
    if done.returncode not in taken or (isinstance(found, dict) and "error" in found):
        raise Failed(shown, done.stderr.strip()[-500:] or f"exit code {done.returncode}")
    return found, done.stderr


def free_addresses() -> tuple[str, str]:
    """Return two addresses on loopback whose ports nobody holds now."""
    with ExitStack() as open_ones:
        sockets = [open_ones.enter_context(socket.socket()) for _ in range(2)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        sync, join = (f"127.0.0.1:{one.getsockname()[1]}" for one in sockets)
    return sync, join


def until(step: Callable[[], bool], origin: str, what: str, log: Path, timeout_s: float = 120.0) -> None:
    """Return once `step` holds; raise NotReady when it still does not after `timeout_s`."""
    end = time.monotonic() + timeout_s
    while not step():
        if time.monotonic() > end:
            raise NotReady(origin, what, str(log))
        time.sleep(0.2)
