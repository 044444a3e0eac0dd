"""Drills of the hub and of a substation: restored from an old copy under children that are ahead."""

import shutil

import pytest

from node import admission, backup, enrolment, nightly, recovering, restoring, settings
from node.home import Home
from node.node import Node
from sync.bundles import Bundles
from sync.errors import NeedsRecovery
from tests.node import drills
from tests.node.drills import LOCK, LOG, NOTES, copied, filed, is_once, put_back
from tests.world import CITY, HUB, OTHER_CITY, OTHER_OUTLET, OUTLET


@pytest.fixture
def world(world):
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    filed(world, OUTLET, "a", "b")
    drills.night(world, OUTLET, CITY, OUTLET)
    return world


def own_log(world, holder, origin):
    with world.nodes[holder].opened() as opened:
        log = opened.store.log(origin)
        return log.stored, Bundles(opened.store, log).root(log.stored)


def backed_up(world, origin):
    node = world.nodes[origin]
    to = world.path / f"backup-{origin.replace('/', '_')}"
    backup.write(node.home, node.origin, node.settings.role, node.federation.id, to)
    return to


def restored(world, origin, to, lost_disk=False):
    serves = origin in world.doors
    world.shut(origin)
    home = Home(world.home(origin))
    addresses = settings.load(home, {})
    if lost_disk:
        kept = home.path.with_name("keys-kept")
        shutil.move(home.keys, kept)
        shutil.rmtree(home.path)
        restoring.restore(home, to)
        shutil.move(kept, home.keys)
    else:
        restoring.restore(home, to)
    settings.save(home, addresses)
    if serves:
        world.open(origin)


# -- the hub ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost_disk", [False, True], ids=["over the old home", "a new disk"])
def test_a_restored_hub_gets_its_own_log_back_from_whoever_calls(world, lost_disk):
    to = backed_up(world, HUB)
    world.node(OTHER_CITY, "substation", HUB)
    world.node(OTHER_OUTLET, "outlet", OTHER_CITY)
    filed(world, OTHER_OUTLET, "x")
    filed(world, OUTLET, "c")
    drills.night(world, OTHER_OUTLET, OTHER_CITY, OUTLET, CITY)
    drills.night(world, CITY, OTHER_CITY)
    before = own_log(world, HUB, HUB)
    restored(world, HUB, to, lost_disk)
    assert own_log(world, HUB, HUB) != before
    with pytest.raises(NeedsRecovery), world.nodes[HUB].opened() as opened:
        opened.seal_as_hub()
    drills.call(world, OTHER_CITY)  # which the backup does not know
    assert own_log(world, HUB, HUB) == before
    drills.call(world, CITY)
    world.seal_hub()
    drills.night(world, CITY, OTHER_CITY, OUTLET, OTHER_OUTLET)
    assert is_once(world, OUTLET, "a b c")
    assert is_once(world, OTHER_OUTLET, "x")
    size, _root = own_log(world, HUB, HUB)
    assert size >= before[0]
    with world.nodes[CITY].opened() as opened, world.nodes[HUB].opened() as hub:
        log = opened.store.log(HUB)
        assert not log.frozen
        assert Bundles(hub.store, hub.own.log).root(log.stored) == Bundles(opened.store, log).root(log.stored)


def test_a_restored_hub_serves_no_logs_before_it_is_recovered(world):
    to = backed_up(world, HUB)
    restored(world, HUB, to)
    with world.nodes[HUB].opened() as opened:
        assert opened.store.meta("restored")
    filed(world, OUTLET, "c")
    world.sync(OUTLET)
    drills.call(world, CITY)
    with world.nodes[HUB].lock() as lock:
        assert lock.signed(OUTLET).size == 3
    world.seal_hub()
    world.sync(CITY)
    assert is_once(world, OUTLET, "a b c")


def test_a_hub_that_queued_registrations_adds_them_behind_what_comes_back(world):
    to = backed_up(world, HUB)
    world.node(OTHER_CITY, "substation", HUB)
    drills.night(world, CITY, OTHER_CITY)
    restored(world, HUB, to)
    third = "ip.gd.example/zh"
    token = admission.invite(world.nodes[HUB], third, "substation", "珠海", 7)
    enrolment.join(Home(world.home(third)), token, "珠海")
    with world.nodes[HUB].opened() as opened:
        assert opened.registry.find(OTHER_CITY) is None
    drills.call(world, OTHER_CITY)
    with world.nodes[HUB].opened() as opened:
        assert opened.registry.find(OTHER_CITY).node.status == "active"
        assert opened.registry.find(third).node.status == "active"
    drills.night(world, CITY)
    drills.night(world, CITY, OTHER_CITY)
    world.nodes[third] = Node.open(Home(world.home(third)))
    world.sync(third)
    assert own_log(world, third, HUB) == own_log(world, HUB, HUB)


def test_the_hub_recovers_from_nobody_above(world):
    with pytest.raises(recovering.WaitsForChildren):
        recovering.recover(world.nodes[HUB])


def test_a_hub_whose_head_lock_is_lost_makes_it_again_and_waits(world):
    world.shut(HUB)
    world.nodes[HUB].home.head_lock.unlink()
    with pytest.raises(recovering.WaitsForChildren):
        recovering.recover(world.nodes[HUB])
    world.open(HUB)
    filed(world, OUTLET, "c")
    world.sync(OUTLET)
    with pytest.raises(NeedsRecovery, match="have called"), world.nodes[HUB].opened() as opened:
        opened.seal_as_hub()
    assert [origin for origin, _why in world.sync(CITY).refused] == [OUTLET]
    world.seal_hub()
    world.sync(CITY)
    assert is_once(world, OUTLET, "a b c")


# -- a substation -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost_disk", [False, True], ids=["over the old home", "a new disk"])
def test_a_restored_substation_under_an_outlet_that_is_ahead_loses_nothing(world, lost_disk):
    to = backed_up(world, CITY)
    filed(world, OUTLET, "c")
    drills.night(world, OUTLET, CITY, OUTLET)
    filed(world, OUTLET, "d")
    world.sync(OUTLET)  # at the city alone
    restored(world, CITY, to, lost_disk)
    filed(world, OUTLET, "e")
    night = nightly.run(world.nodes[CITY])
    assert not night.failures
    world.sync(OUTLET)
    drills.night(world, CITY, OUTLET)
    assert is_once(world, OUTLET, "a b c d e")
    assert "fork" not in drills.alarms(world, HUB) | drills.alarms(world, CITY)


def test_a_restored_substation_gets_the_logs_of_outlets_back_that_call_no_more(world):
    to = backed_up(world, CITY)
    second = CITY + "/gdut"
    world.node(second, "outlet", CITY)
    filed(world, second, "x", "y")
    filed(world, OUTLET, "c")
    drills.night(world, OUTLET, second, CITY)
    restored(world, CITY, to, lost_disk=True)
    assert not nightly.run(world.nodes[CITY]).failures
    assert is_once(world, OUTLET, "a b c", CITY, HUB)
    assert is_once(world, second, "x y", CITY, HUB)


def test_a_substation_resumed_from_a_snapshot_signs_nothing_that_forks(world):
    copied(world, CITY)
    second = CITY + "/gdut"
    world.node(second, "outlet", CITY)
    drills.night(world, CITY, second)
    put_back(world, CITY, LOG, LOCK, NOTES)
    third = CITY + "/gzu"
    world.node(third, "outlet", CITY)
    assert not nightly.run(world.nodes[CITY]).failures
    with world.nodes[CITY].opened() as opened:
        assert {one.origin for one in opened.registry.children()} == {OUTLET, second, third}
    assert own_log(world, CITY, CITY) == own_log(world, HUB, CITY)
    filed(world, second, "x")
    filed(world, third, "y")
    drills.night(world, second, third, CITY)
    assert is_once(world, second, "x")
    assert is_once(world, third, "y")
