"""The three commands as people give them: backup, restore, recover."""

import json

import pytest

from hub import cli as hub_cli
from node import frame
from outlet import cli as outlet_cli
from tests.node import drills
from tests.node.drills import filed, is_once
from tests.world import ALLIANCE, CITY, HUB, OUTLET


@pytest.fixture
def world(world):
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    filed(world, OUTLET, "a", "b")
    drills.night(world, OUTLET, CITY, OUTLET)
    return world


def given(world, capfd, *words, top=outlet_cli.top, origin=OUTLET):
    code = frame.run(top, [*words, "--home", str(world.home(origin)), "--json", "--lang", "en"])
    out, err = capfd.readouterr()
    return code, json.loads(out), err


def test_a_node_is_backed_up_restored_and_recovered(world, capfd):
    to = world.path / "backup"
    code, said, err = given(world, capfd, "backup", str(to))
    assert (code, said["origin"]) == (0, OUTLET)
    assert "keys are not in it" in err
    filed(world, OUTLET, "c", number=2)
    drills.night(world, OUTLET, CITY)
    code, said, _err = given(world, capfd, "restore", str(to))
    assert (code, said["keys"]) == (0, True)
    filed(world, OUTLET, "d", number=3)
    code, said, _err = given(world, capfd, "recover")
    assert code == 0
    assert {name: said[name] for name in ("size", "entries", "added_again")} == {
        "size": 4, "entries": 1, "added_again": 1,
    }  # fmt: skip
    drills.night(world, OUTLET, CITY)
    with world.nodes[CITY].opened() as opened:
        log = opened.store.log(OUTLET)
        assert log.stored == 6  # genesis, a, b, c, d, and who recovered it
    code, said, _err = given(world, capfd, "audit")
    assert said[0]["what"] == "recover"


def test_a_parent_that_never_answers_can_be_waived_and_that_is_written_down(world, capfd):
    world.node(ALLIANCE, "alliance", HUB)
    world.node(OUTLET, "outlet", ALLIANCE)
    world.sync(OUTLET, ALLIANCE)
    world.shut(ALLIANCE)
    world.home(OUTLET).joinpath("head.lock").unlink()
    code, said, _err = given(world, capfd, "recover")
    assert (code, said["error"]) == (1, "NotAnswered")
    assert "recover --waive ip.gd.example/led" in said["message"]
    code, said, _err = given(world, capfd, "recover", "--waive", "ip.gd.example/nobody")
    assert (code, said["error"]) == (1, "NotAParent")
    code, said, _err = given(world, capfd, "recover", "--waive", ALLIANCE)
    assert (code, said["waived"]) == (0, [ALLIANCE])
    assert "waived" in drills.alarms(world, OUTLET)
    world.sync(OUTLET)
    with world.nodes[OUTLET].lock() as lock:
        assert lock.signed(OUTLET).size == 5  # genesis, a, b, what is granted to the alliance, who recovered it


def test_a_hub_says_what_it_waits_for(world, capfd):
    code, said, _err = given(world, capfd, "recover", top=hub_cli.top, origin=HUB)
    assert (code, said["error"]) == (1, "WaitsForChildren")


def test_a_backup_of_another_tier_is_refused(world, capfd):
    assert given(world, capfd, "backup", str(world.path / "b"), top=hub_cli.top, origin=HUB)[0] == 0
    code, said, _err = given(world, capfd, "restore", str(world.path / "b"))
    assert (code, said["error"]) == (1, "WrongProgram")
    assert is_once(world, OUTLET, "a b")
