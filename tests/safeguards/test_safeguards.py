"""Each safeguard is real: switched off, the test that is named for it goes red; with it, the test is green."""

import multiprocessing
import os
import re
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.safeguards import plugin
from tests.safeguards.table import TABLE

HERE = Path(__file__).resolve().parents[2]
TIMEOUT_S = 100
_RED = re.compile(r"^red in (\w+): (\w+)$", re.MULTILINE)


def run(tests: list[str], without: str = "") -> subprocess.CompletedProcess[str]:
    """Run tests in a process of their own, one safeguard switched off."""
    command = [sys.executable, "-m", "pytest", "-p", "tests.safeguards.plugin", "-x", "--tb=short", *tests]
    environment = {**os.environ, plugin.NAME: without}
    timeout_s = TIMEOUT_S if without else 6 * TIMEOUT_S
    return subprocess.run(
        command,
        cwd=HERE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


@pytest.fixture(scope="module")
def runs() -> dict[str, Future[subprocess.CompletedProcess[str]]]:
    """All runs, two at a time; the first, under the empty name, has every safeguard."""
    pool = ThreadPoolExecutor(2)
    started = {"": pool.submit(run, sorted({one.test for one in TABLE}))}
    started |= {one.name: pool.submit(run, [one.test], one.name) for one in TABLE}
    pool.shutdown(wait=False)
    return started


def test_with_all_safeguards_every_named_test_is_green(runs):
    found = runs[""].result()
    assert found.returncode == 0, found.stdout[-3000:]
    assert "skipped" not in found.stdout.splitlines()[-1]


@pytest.mark.parametrize("safeguard", TABLE, ids=lambda one: one.name)
def test_without_it_the_named_test_goes_red(runs, safeguard):
    found = runs[safeguard.name].result()
    assert found.returncode == 1, f"{safeguard.protects}: {found.stdout[-3000:]}{found.stderr[-1000:]}"
    ((when, what),) = _RED.findall(found.stdout)
    assert when == "call"
    assert what in ("AssertionError", "Failed", safeguard.also), found.stdout[-3000:]


def test_what_switches_it_off_is_still_there():
    """A row that has gone stale is told by its name, before any test is run without its safeguard."""
    stale = []
    for one in TABLE:
        process = multiprocessing.get_context("fork").Process(target=one.disable)
        process.start()
        process.join()
        stale += [one.name] if process.exitcode else []
    assert stale == []


def test_names_are_used_once():
    assert len({one.name for one in TABLE}) == len(TABLE)
