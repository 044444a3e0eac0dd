"""The federation survives seeded faults: a hundred at every run of the tests, over a thousand with `make long`."""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults import kinds, safeguards, survey, tracing

CHECKOUT = Path(__file__).resolve().parents[2]
ALL_KINDS = {one.name for one in kinds.KINDS}


def harness(*more: str, timeout_s: float) -> tuple[int, dict[str, object], str]:
    """Run the harness in a process of its own; return its exit code, its JSON object, and what it told."""
    command = [sys.executable, "-m", "tests.faults", "--json", *more]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=timeout_s, check=False)
    assert done.stdout, done.stderr[-3000:]
    return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stderr


@pytest.mark.parametrize(
    "runs", [100, pytest.param(1_000, marks=[pytest.mark.long, pytest.mark.timeout(7_200)])], ids=str
)
def test_nothing_is_lost_duplicated_forked_or_unverified(runs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        why = tracing.available(Path(folder))
    if why:
        missing(why, "strace")
    seed = 22 if runs == 100 else random.SystemRandom().getrandbits(32)  # the same hundred at every run
    print(f"seed={seed}")
    code, found, told = harness("--runs", str(runs), "--seed", str(seed), timeout_s=6 * runs)
    assert code == 0, told[-3000:]
    assert (found["lost"], found["duplicated"], found["forks"], found["unverified"]) == (0, 0, 0, 0)
    assert found["runs"] == runs
    by_fault = found["by_fault"]
    assert isinstance(by_fault, dict)
    assert set(by_fault) == ALL_KINDS
    assert min(by_fault.values()) > 0


def test_a_seed_gives_the_same_plan_and_few_runs_reach_as_many_kinds() -> None:
    names = [[one.kind.name for one in kinds.plan(40, seed)] for seed in (1, 1, 2)]
    assert names[0] == names[1] != names[2]
    assert len({one.kind.name for one in kinds.plan(5, 1)}) == 5
    assert {one.kind.name for one in kinds.plan(len(ALL_KINDS), 1)} == ALL_KINDS


def test_each_piece_of_code_comes_once_before_any_comes_again() -> None:
    places = [f"{node} before log.db:{code} {nth}" for node in "ab" for code in "xyz" for nth in range(1, 6)]
    for seed in range(5):
        found = survey.rounds(places, lambda one: one.rpartition(" ")[0], seed)
        assert sorted(found) == sorted(places)
        for start in range(0, len(found), 6):
            assert len({one.rpartition(" ")[0] for one in found[start : start + 6]}) == 6
    assert survey.rounds(places, str, 1) != survey.rounds(places, str, 2)


def test_each_kind_of_fault_and_each_safeguard_is_in_the_docs() -> None:
    told = (CHECKOUT / "docs" / "faults.md").read_text("utf-8")
    assert [one.name for one in kinds.KINDS if f"| `{one.name}` | {one.does} |" not in told] == []
    assert [one.name for one in safeguards.ROWS if f"| `{one.name}` | {one.protects} |" not in told] == []
