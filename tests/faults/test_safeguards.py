"""The harness sees what safeguards are for: with one switched off in the nodes, its fault makes the harness fail."""

import json
import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults import safeguards
from tests.faults.safeguards import ROWS, Unguarded

CHECKOUT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 200.0
Done = subprocess.CompletedProcess[str]


def harness(*more: object) -> Done:
    """Run the harness in a process of its own."""
    command = [sys.executable, "-m", "tests.faults", "--json", "--seed", "3", *map(str, more)]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)


def unguarded(one: Unguarded, founded: Path, without: str) -> Done:
    return harness(
        *("--only", one.kind, "--runs", one.runs, "--first-case", 1, "--until-wrong", "--place", one.place),
        *("--founded", founded, "--jobs", 2 if one.runs > 1 else 1),
        *(("--without", without) if without else ()),
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Done]]]:
    """The runs of all rows, two at a time, on one federation; under the names of kinds those with every safeguard."""
    founded = tmp_path_factory.mktemp("faults") / "founded"
    assert harness("--found", founded).returncode == 0
    pool = ThreadPoolExecutor(2)
    started = {one.name: pool.submit(unguarded, one, founded, one.name) for one in ROWS}
    whole = {one.kind: Unguarded(one.safeguard, one.kind) for one in ROWS if one.runs == 1}
    started |= {f"{kind} whole": pool.submit(unguarded, one, founded, "") for kind, one in whole.items()}
    yield started
    pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("row", ROWS, ids=lambda one: one.name)
def test_without_it_the_harness_reports_non_zero(runs, row):
    done = runs[row.name].result()
    assert done.returncode == 1, f"{row.protects}: {done.stdout[-2000:]}{done.stderr[-3000:]}"
    found = json.loads(done.stdout.splitlines()[-1])
    wrong = [found[what] for what in ("lost", "duplicated", "forks", "unverified", "unrecovered")]
    assert any(wrong) or (row.unseen and found["without_effect"]), done.stderr[-3000:]
    assert "Traceback" not in done.stderr


def test_with_it_the_same_runs_are_clean(runs):
    for name, started in runs.items():
        if " " in name:
            done = started.result()
            assert done.returncode == 0, f"{name}: {done.stdout[-2000:]}{done.stderr[-3000:]}"


@pytest.mark.parametrize("row", ROWS, ids=lambda one: one.name)
def test_what_switches_it_off_is_still_there(row):
    """A row that has gone stale would end the nodes at once, and the harness would fail for that alone."""
    process = multiprocessing.get_context("fork").Process(target=row.safeguard.disable)
    process.start()
    process.join()
    assert process.exitcode == 0


def test_names_are_used_once():
    assert len({one.name for one in ROWS}) == len(ROWS)
    assert safeguards.find(ROWS[0].name) is ROWS[0]
