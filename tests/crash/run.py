"""What the three kinds of process share: arguments, hooks, saying that they are ready, and being told to finish."""

import argparse
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from node.home import Home
from node.node import Node
from tests.crash import hooks
from tests.crash.trace import Trace


@dataclass(frozen=True)
class Run:
    """One process: its node, its trace, its seed, and `told`, which is set when the test wants it to finish."""

    node: Node
    trace: Trace
    seed: int
    death: hooks.Death
    told: threading.Event

    @property
    def once(self) -> bool:
        """Whether this process lives for one session only, in which it is to die at a chosen commit."""
        return self.death.is_chosen

    def ready(self) -> None:
        """Say so; from here on commits count. The test's closing of our standard input, or its end, finishes us."""
        hooks.watch_commits(self.trace, self.death)
        print("ready", flush=True)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        sys.stdin.read()
        self.told.set()


def begin(role: str) -> Run:
    """Read the arguments and wrap what is to be traced."""
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("trace", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--die", nargs=2, metavar=("WHEN", "COMMIT"), default=("before", "0"))
    given = parser.parse_args()
    trace = Trace(given.trace, role)
    hooks.watch_signing(trace)
    hooks.watch_taking(trace)
    hooks.watch_calls(trace)
    death = hooks.Death(given.die[0], int(given.die[1]))
    return Run(Node.open(Home(given.home)), trace, given.seed, death, threading.Event())
