"""Real processes of the three kinds, started, killed and told to finish by a test."""

import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.crash.trace import Trace

CHECKOUT = Path(__file__).resolve().parents[2]
FINISH_S = 60.0


def said(trace: Path) -> Path:
    """Return the file that all processes of a test write their errors to."""
    return trace.with_name("errors")


@dataclass
class Process:
    """One running process. `kill` is SIGKILL: it runs no handler and flushes nothing."""

    role: str
    popen: subprocess.Popen[bytes]

    @classmethod
    def start(cls, role: str, home: Path, trace: Path, *more: str) -> "Process":
        """Start `python -m tests.crash.run_ROLE` on a home; return once it says that it is ready."""
        command = [sys.executable, "-m", f"tests.crash.run_{role}", str(home), str(trace), *more]
        with said(trace).open("ab") as errors:
            popen = subprocess.Popen(
                command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
            )
        assert popen.stdout is not None
        if popen.stdout.readline() != b"ready\n":
            popen.kill()
            raise AssertionError(f"{role} did not start: exit {popen.wait()}")
        return cls(role, popen)

    @property
    def pid(self) -> int:
        return self.popen.pid

    def kill(self, trace: Trace) -> None:
        """End it now; fail if it had ended by itself."""
        assert self.popen.poll() is None, f"{self.role} ended by itself: exit {self.popen.returncode}"
        self.popen.kill()
        assert self.popen.wait() == -signal.SIGKILL
        trace.note("killed", self.role)
        self._close()

    def finish(self) -> None:
        """Tell it to finish what it is at; fail unless it ends well."""
        assert self.popen.stdin is not None
        self.popen.stdin.close()
        assert self.popen.wait(FINISH_S) == 0, f"{self.role} ended badly"
        self._close()

    def ended(self) -> int:
        """Wait for it to end by itself; return its exit status."""
        status = self.popen.wait(FINISH_S)
        self._close()
        return status

    def discard(self) -> None:
        """End it, whatever it is at, when the test is over."""
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        self._close()

    def _close(self) -> None:
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()
