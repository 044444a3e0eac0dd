"""A machine is lost, and only the keys are left: joined again, its log comes back from its parents."""

import shutil
from dataclasses import replace

import pytest

from node import admission, enrolment, nightly, recovering
from node.home import Home
from node.node import Node
from sync.errors import NeedsRecovery, NotAllowed
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


def lost(world, origin):
    """Lose all of a home but its keys, which were kept elsewhere."""
    world.shut(origin)
    home = world.home(origin)
    kept = home.with_name("keys-kept")
    shutil.move(home / "keys", kept)
    shutil.rmtree(home)
    home.mkdir(mode=0o700)
    shutil.move(kept, home / "keys")


def joined_again(world, origin, role, parent):
    token = admission.invite(world.nodes[parent], origin, role, "again", 7)
    enrolment.join(Home(world.home(origin)), token, "again")
    world.nodes[origin] = replace(Node.open(Home(world.home(origin))), clock=world.clock)


def test_an_outlet_that_lost_its_machine_gets_its_log_back_and_goes_on(world):
    lost(world, OUTLET)
    joined_again(world, OUTLET, "outlet", CITY)
    with world.nodes[OUTLET].opened() as opened:
        assert opened.own.log.next_entry == 0
    filed(world, OUTLET, "c", number=2)
    night = nightly.run(world.nodes[OUTLET])
    assert isinstance(night.failures[CITY], NeedsRecovery)
    found = recovering.recover(world.nodes[OUTLET])
    assert (found.size, found.entries, found.added_again) == (3, 3, 1)
    drills.night(world, OUTLET, CITY)
    assert is_once(world, OUTLET, "a b c")


def test_an_alliance_that_holds_more_is_asked_once_it_is_joined_again(world):
    world.node(ALLIANCE, "alliance", HUB)
    world.node(OUTLET, "outlet", ALLIANCE)
    world.sync(OUTLET, ALLIANCE)
    filed(world, OUTLET, "c", number=2)
    world.sync(OUTLET, ALLIANCE)
    lost(world, OUTLET)
    joined_again(world, OUTLET, "outlet", CITY)
    assert nightly.run(world.nodes[OUTLET]).failures
    world.sync(CITY)
    with world.nodes[OUTLET].opened() as opened:
        assert opened.own.log.next_entry == 0
    joined_again(world, OUTLET, "outlet", ALLIANCE)
    found = recovering.recover(world.nodes[OUTLET])
    assert (found.size, found.entries) == (5, 5)  # with what is granted to the alliance
    drills.night(world, OUTLET, CITY, ALLIANCE)
    assert is_once(world, OUTLET, "a b c")


def test_a_substation_that_lost_its_machine_gets_all_its_logs_back(world):
    with world.nodes[HUB].opened() as opened:
        before = opened.registry.find(CITY).node
    lost(world, CITY)
    joined_again(world, CITY, "substation", HUB)
    found = recovering.recover(world.nodes[CITY])
    assert found.mirrored == 3
    with world.nodes[HUB].opened() as opened:
        assert opened.registry.find(CITY).node == before
    with world.nodes[CITY].opened() as opened:
        assert opened.registry.find(OUTLET).node.status == "active"
    assert is_once(world, OUTLET, "a b", CITY, HUB)


def test_another_set_of_keys_is_refused(world):
    shutil.rmtree(world.home(OUTLET))
    token = admission.invite(world.nodes[CITY], OUTLET, "outlet", "again", 7)
    with pytest.raises(NotAllowed, match="registered-with-other-keys"):
        enrolment.join(Home(world.home(OUTLET)), token, "again")
