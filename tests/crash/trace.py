"""One file to which all processes of a test append what they do, one line an event, in the order in which it happened.

A line is one write() to a file opened for appending: it is whole, and it is still there after its writer was killed.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

POLL_S = 0.0005


@dataclass(frozen=True, slots=True)
class Event:
    """What a process did: its role and process id, a word, and the facts."""

    role: str
    pid: int
    what: str
    facts: tuple[str, ...]

    def number(self, at: int) -> int:
        return int(self.facts[at])


class Trace:
    """The file, as one role writes it and as the test reads it."""

    def __init__(self, path: Path, role: str):
        self._path = path
        self._role = role
        self._out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def note(self, what: str, *facts: object) -> None:
        """Add an event, at once."""
        os.write(self._out, f"{self._role} {os.getpid()} {' '.join(map(str, (what, *facts)))}\n".encode())

    def close(self) -> None:
        os.close(self._out)

    def events(self) -> list[Event]:
        """Return everything so far, oldest first."""
        return _events(self._path.read_bytes())

    def await_event(self, what: str, role: str, pid: int, count: int, timeout_s: float) -> None:
        """Return as soon as that process did `what` for the count-th time from now on; raise TimeoutError."""
        until = time.monotonic() + timeout_s
        with self._path.open("rb") as lines:
            lines.seek(0, os.SEEK_END)
            seen, rest = 0, b""
            while seen < count:
                if time.monotonic() > until:
                    raise TimeoutError(f"{role} {pid} did not reach {what} number {count} in {timeout_s} s")
                found, _end, rest = (rest + lines.read()).rpartition(b"\n")
                seen += sum((one.role, one.pid, one.what) == (role, pid, what) for one in _events(found))
                time.sleep(POLL_S)


def _events(raw: bytes) -> list[Event]:
    found = (line.split(" ") for line in raw.decode().split("\n") if line)
    return [Event(role, int(pid), what, tuple(facts)) for role, pid, what, *facts in found]
