"""A child's sessions, one after the other, until it is told to finish; a last one then.

python -m tests.crash.run_child HOME TRACE. A parent that does not answer is called again; any other error ends the
process with it.
"""

import random

from node import nightly
from sync.errors import Unreachable
from tests.crash import run

MAX_PAUSE_S = 0.25


def main() -> None:
    this = run.begin("child")
    pause = random.Random(this.seed)
    this.ready()
    while not this.once and not this.told.wait(pause.uniform(0, MAX_PAUSE_S)):
        try:
            _session(this)
        except Unreachable as error:
            this.trace.note("unreachable", error.args[1])
    _session(this)


def _session(this: run.Run) -> None:
    report = nightly.call(this.node, this.node.settings.parents[0])
    if report.refused:
        raise SystemExit(f"logs refused: {report.refused}")
    this.trace.note("ended", report.entries_up)


if __name__ == "__main__":
    main()
