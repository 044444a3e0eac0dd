"""Adds records to an outlet's log, in batches of odd sizes, until it is told to finish.

python -m tests.crash.run_importer HOME TRACE. Each batch is traced before, and once it is committed. A record says
which batch of which process it is of, so that a lost, doubled or half batch shows.
"""

import json
import os
import random

from node.node import Opened
from tests.crash import run

MAX_BATCH = 600
MAX_WAITING = 5000
PAUSE_S = 0.04


def main() -> None:
    this = run.begin("importer")
    sizes = random.Random(this.seed)
    with this.node.opened() as opened:
        this.ready()
        batch = 0
        while not this.told.wait(PAUSE_S):
            if _waiting(opened) < MAX_WAITING:
                _add(this, opened, batch, sizes.choice((1, 2, 255, 256, 257, sizes.randint(1, MAX_BATCH))))
                batch += 1


def _waiting(opened: Opened) -> int:
    """Return how many entries the parent has given no receipt for."""
    log = opened.own.log
    receipt = opened.store.newest_receipt(log, opened.node.settings.parents[0].origin)
    return log.next_entry - (receipt.size if receipt else 0)


def _add(this: run.Run, opened: Opened, batch: int, count: int) -> None:
    bodies = [record(f"{this.seed}-{batch}", at, count) for at in range(count)]
    this.trace.note("adding", f"{this.seed}-{batch}", count)
    first = opened.own.add([[("federation", body)] for body in bodies])
    this.trace.note("added", f"{this.seed}-{batch}", count, first)


def record(batch: str, at: int, count: int) -> bytes:
    """Return record `at` of the `count` records of a batch, as long as a short record."""
    return json.dumps({"batch": batch, "at": at, "of": count, "abstract": os.urandom(150).hex()}).encode()


if __name__ == "__main__":
    main()
