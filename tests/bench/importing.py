"""How fast a file becomes sealed entries."""

import time
from pathlib import Path

from deploy import madeup
from node import intake
from node.home import Home
from node.node import Node
from tests.bench import rows


def measure(outlet: Path, file: Path) -> float:
    """Return rows a second: from the file, through every check and its submission, to entries under a signed head."""
    node = Node.open(Home(outlet))
    started = time.perf_counter()
    submission = intake.take_file(node, file, "bench")
    with node.opened() as opened, node.lock() as lock:
        opened.own.seal(lock)
    seconds = time.perf_counter() - started
    if submission.sealed != submission.rows:
        raise ValueError(f"of {submission.rows} made-up rows only {submission.sealed} were sealed")
    return submission.rows / seconds


def write(file: Path, count: int) -> None:
    """Write a file of `count` made-up rows."""
    madeup.write_csv(file, rows.rows(count))
