"""banyan-verify: in a bare directory, without a network and without a home."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from node import frame, intake, messages, verify
from sync import evidence
from tests.node.filing import key, row, write
from tests.world import CITY, HUB, OUTLET, World

PROGRAM = "from node.verify import main; main()"
FILED = 2  # behind who imported it


@pytest.fixture(autouse=True)
def english_afterwards():
    yield
    messages.use("en")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Evidence of one record, and the root of its federation."""
    world = World(tmp_path_factory.mktemp("world"))
    try:
        world.hub()
        world.node(CITY, "substation", HUB)
        outlet = world.node(OUTLET, "outlet", CITY)
        world.sync(CITY)
        intake.take_file(outlet, write(world.path / "x.csv", [row(1, "一种照明装置")]), "王")
        world.sync(OUTLET)
        world.sync(OUTLET)
        with outlet.opened() as opened:
            proof = evidence.write(opened.store, opened.registry, OUTLET, FILED)
        yield proof, outlet.home.federation_root.read_bytes()
    finally:
        world.close()


@pytest.fixture
def bare(made, tmp_path):
    """A directory with the two files and nothing else."""
    (tmp_path / "proof.txt").write_bytes(made[0])
    (tmp_path / "federation.root").write_bytes(made[1])
    return tmp_path


def run(bare, capfd, *more):
    given = [str(bare / "proof.txt"), "--root", str(bare / "federation.root"), *more]
    code = frame.run(verify.top, given, {"LANG": "C"})
    out, err = capfd.readouterr()
    return code, out, err


def apart():
    """What runs a program without any network, where this machine has it."""
    found = shutil.which("unshare")
    if found and subprocess.run([found, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [found, "-n"]
    return []


def test_it_needs_two_files_and_nothing_else(bare, tmp_path):
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "no-such-home"), "LANG": "C"}
    command = [*apart(), sys.executable, "-c", PROGRAM, "proof.txt", "--root", "federation.root", "--json"]
    done = subprocess.run(command, cwd=bare, env=environ, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, b"PROVED.")
    found = json.loads(done.stdout)
    assert found["verified"] is True
    assert (found["origin"], found["index"], found["parts_withheld"]) == (OUTLET, FILED, 0)
    assert found["parts"][0]["record"]["key"] == key(1)
    assert [one["origin"] for one in found["registered"]] == [CITY, OUTLET]
    assert CITY in [one["by"] for one in found["receipts"]]
    assert sorted(one.name for one in bare.iterdir()) == ["federation.root", "proof.txt"]


@pytest.mark.parametrize(
    ("language", "last", "words"),
    [
        ("en", "PROVED.", ["as substation, status active", "assert 一种照明装置", f"5. {CITY} says"]),
        ("zh", "核验通过。", ["登记为分站，状态：有效", "登记 一种照明装置", f"5. {CITY} 声明"]),
    ],
)
def test_it_says_step_by_step_what_is_proved(bare, capfd, language, last, words):
    code, out, _err = run(bare, capfd, "--lang", language)
    lines = out.splitlines()
    assert code == 0
    assert lines[-1] == last
    assert sorted({line[0] for line in lines[:-1]}) == list("123456")
    said = out.replace(f"{key(1)} ", "")
    for word in words:
        assert word in said


def test_the_steps_are_told_to_programs_too(bare, capfd):
    code, out, err = run(bare, capfd, "--json", "--lang", "en")
    found = json.loads(out)
    assert (code, err.splitlines()[-1]) == (0, "PROVED.")
    assert {one["ok"] for one in found["steps"]} == {True}
    receipts = ["receipt"] * len(found["receipts"])
    expected = ["root", "registration", "registration", "record", "part", *receipts, "statuses"]
    assert [one["step"] for one in found["steps"]] == expected


def test_a_changed_file_ends_with_1_and_names_the_step(bare, capfd):
    proof = (bare / "proof.txt").read_bytes()
    at = proof.rindex(b"extra ") + 40
    (bare / "proof.txt").write_bytes(proof[:at] + bytes([proof[at] ^ 1]) + proof[at + 1 :])
    code, out, err = run(bare, capfd, "--json", "--lang", "en")
    assert code == 1
    assert json.loads(out)["error"] == "NotProved"
    *held, miss = json.loads(out)["steps"]
    assert [one["ok"] for one in held] == [True] * len(held)
    assert [one["what"] for one in held] == ["federation", "node", "node"]
    assert (miss["step"], miss["ok"]) == ("record", False)
    assert err.splitlines()[-2].startswith("The evidence does not prove it. Step 3, the entry")
    assert err.splitlines()[-1] == "NOT PROVED."


def test_nothing_after_the_first_miss_is_called_proved(bare, capfd):
    """The outlet's registration is broken: what is said ends there, though the record itself is untouched."""
    proof = (bare / "proof.txt").read_bytes()
    at = proof.rindex(b"extra ", 0, proof.rindex(b"record ")) + 40
    (bare / "proof.txt").write_bytes(proof[:at] + bytes([proof[at] ^ 1]) + proof[at + 1 :])
    code, out, _err = run(bare, capfd, "--lang", "zh")
    assert code == 1
    *said, why, last = out.splitlines()
    assert {one[0] for one in said} == {"1", "2"}
    assert OUTLET not in "".join(said)
    assert why.startswith("证据文件不能证明")
    assert last == "未通过核验。"
    assert "核验通过" not in out


def test_a_root_that_is_none_and_files_that_are_missing(bare, capfd):
    (bare / "federation.root").write_bytes(b"")
    code, _out, err = run(bare, capfd, "--lang", "en")
    assert (code, len(err.splitlines())) == (1, 1)
    (bare / "federation.root").unlink()
    assert run(bare, capfd)[0] == 2
    assert frame.run(verify.top, [], {"LANG": "C"}) == 2
