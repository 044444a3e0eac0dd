"""A node that was put back from a backup forgets what was erased since, before it serves anything to anybody."""

import contextlib

import pytest

from catalog import search, views
from catalog.search import Query
from node import (
    backup,
    cataloguing,
    erasure_commands,
    erasures,
    reconciling,
    recovering,
    relay,
    restoring,
    running,
    settings,
)
from node.home import Home
from node.serving import open_doors
from sync import erasing, recovery
from sync.bundles import Bundles
from sync.errors import NeedsRecovery, SyncError
from sync.pulling import Pulling
from tests.node.drills import copied, put_back
from tests.node.test_erasures import RARE, files_with, secret
from tests.node.test_erasures_broken import broken_at
from tests.node.verdict_world import key, patent
from tests.sync import made
from tests.world import CITY, HUB, OUTLET

PART = (OUTLET, 1, 0)


@pytest.fixture
def filed(world):
    """A record at outlet, city and hub, of which city and hub have a backup; its doors answer searches, too."""
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    world.file(OUTLET, secret())
    world.file(OUTLET, *(patent(count) for count in range(2, 5)))
    for origin in (OUTLET, CITY, OUTLET):
        world.sync(origin)
    for origin in (HUB, CITY):
        serve(world, origin)
    world.sync(CITY)
    for origin in (HUB, CITY):
        cataloguing.apply(world.nodes[origin])
        node = world.nodes[origin]
        to = world.path / f"backup-{origin.replace('/', '_')}"
        backup.write(node.home, node.origin, node.settings.role, node.federation.id, to)
    return world


def serve(world, origin):
    """Open a node's doors, with all that children ask for."""
    world.shut(origin)
    node = world.nodes[origin]
    world.doors[origin] = open_doors(
        node, world.stored.append, lambda origin: None, lambda server: running.add_services(node, server)
    )


def erased_by(world, by):
    """Have the record erased, and let everybody hear of it, state it and pass it on."""
    node = world.nodes[by]
    if by == OUTLET:
        cataloguing.apply(node)
    erasure_commands.erase(node, erasure_commands.parts_of(node, key(1)), "court")
    for _round in range(2):
        world.seal_hub()
        for origin in (OUTLET, CITY):
            world.sync(origin)
            erasures.follow_up(world.nodes[origin])
        erasures.follow_up(world.nodes[HUB])


def restored(world, origin):
    world.shut(origin)
    home = Home(world.home(origin))
    addresses = settings.load(home, {})
    restoring.restore(home, world.path / f"backup-{origin.replace('/', '_')}")
    settings.save(home, addresses)
    serve(world, origin)
    cataloguing.apply(world.nodes[origin])  # as `serve` does at its start
    assert holds(world, origin)
    return world.nodes[origin]


def holds(world, origin):
    with world.nodes[origin].opened() as opened:
        log = opened.store.log(OUTLET)
        return Bundles(opened.store, log).part(*PART[1:]) is not None


def hits(world, origin):
    with cataloguing.catalogue(world.nodes[origin]) as found:
        return search.find(found, Query(words=RARE), views.FULL).total


def searched(world):
    """What the outlet finds when it asks its city."""
    return relay.find(world.nodes[OUTLET], "city", Query(words=RARE)).total


@pytest.mark.parametrize("by", [OUTLET, CITY, HUB])
def test_a_restored_city_forgets_what_was_erased_since_before_its_doors_answer(filed, by, monkeypatch):
    assert searched(filed) == 1
    erased_by(filed, by)
    node = restored(filed, CITY)
    assert hits(filed, CITY) == 1, "the backup knows it"
    with pytest.raises(NeedsRecovery):
        searched(filed)
    seen = []

    def recovered(store, mark=recovery.mark_recovered):
        seen.append((holds(filed, CITY), hits(filed, CITY), files_with(filed, CITY)))
        mark(store)

    monkeypatch.setattr(recovery, "mark_recovered", recovered)
    recovering.recover(node)
    assert seen == [(False, 0, [])], "when it is let serve again, nothing of it is left"
    assert searched(filed) == 0
    with node.opened() as opened:
        assert not opened.store.meta(recovery.REPLAY)
        assert [(one.index, one.cleared) for one in erasing.tombstones(opened.store)] == [(1, True)]


def test_comparing_catalogues_is_refused_as_long(filed):
    node = restored(filed, CITY)
    outlet = filed.nodes[OUTLET]
    cataloguing.apply(outlet)
    parent = settings.load(outlet.home, {}).parents[0]
    with pytest.raises(NeedsRecovery):
        reconciling.run(outlet, parent)
    recovering.recover(node)
    with node.opened() as opened, opened.store.write():
        opened.store.set_meta(recovery.REPLAY, b"1")  # a hub between its first seal and the clearing of its catalogue
    with pytest.raises(NeedsRecovery):
        reconciling.run(outlet, parent)
    erasures.follow_up(node)
    reconciling.run(outlet, parent)


def test_without_the_newest_word_from_above_it_stays_shut(filed, monkeypatch):
    """The parent answers what it holds of the own log, and does not give its own: a wish in it would not be heard."""
    erased_by(filed, HUB)
    node = restored(filed, CITY)

    def refuse(self, shown):
        raise NeedsRecovery(HUB, "restored, not recovered yet")

    with monkeypatch.context() as patched:
        patched.setattr(Pulling, "_pull", refuse)
        with pytest.raises(recovering.NotAnswered):
            recovering.recover(node)
    with node.opened() as opened:
        assert recovery.restored(opened.store)
    with pytest.raises(NeedsRecovery):
        searched(filed)
    recovering.recover(node)
    assert not holds(filed, CITY)


def test_a_frozen_log_above_keeps_nobody_shut_for_ever(filed):
    """Nothing more of it can be had from anybody; what is held of it is obeyed."""
    filed.seal_hub()
    node = restored(filed, CITY)
    with node.opened() as opened, opened.store.write():
        opened.store.freeze(opened.store.log(HUB), "fork")
    with filed.nodes[HUB].opened() as opened:
        opened.own.add([[("federation", patent(77))]])
    filed.seal_hub()
    recovering.recover(node)
    with node.opened() as opened:
        assert not recovery.restored(opened.store)


@pytest.mark.parametrize("takes_effect", [False, True])
def test_broken_off_at_any_write_of_recovering_it_serves_nothing_that_was_erased(filed, takes_effect):
    erased_by(filed, HUB)
    node = restored(filed, CITY)
    filed.shut(CITY)
    copied(filed, CITY)

    def run(faults):
        put_back(filed, CITY, "log.db", "node.db", "catalog.db", "head.lock")
        with broken_at(faults):
            recovering.recover(node)

    places = 0
    for at in made.until_unbroken(run, takes_effect):
        places = at
        with node.opened() as opened:
            shut = recovery.restored(opened.store)
            if not shut:
                assert not holds(filed, CITY)
            if not (shut or opened.store.meta(recovery.REPLAY)):
                assert hits(filed, CITY) == 0
        if at % 4 == 0:
            recovering.recover(node)
            assert (holds(filed, CITY), hits(filed, CITY)) == (False, 0)
    assert places > 15, "places that were broken at"
    assert (holds(filed, CITY), hits(filed, CITY), files_with(filed, CITY)) == (False, 0, [])


@pytest.mark.parametrize("by", [HUB, CITY])
def test_a_restored_hub_forgets_before_it_serves_and_answers_searches_once_its_catalogue_is_clear(filed, by):
    erased_by(filed, by)
    node = restored(filed, HUB)
    with pytest.raises(NeedsRecovery):
        relay.find(filed.nodes[CITY], "city", Query(words=RARE))
    with contextlib.suppress(SyncError):  # it gives no receipts yet
        filed.sync(CITY)
    filed.seal_hub()
    assert not holds(filed, HUB)
    with pytest.raises(NeedsRecovery):
        relay.find(filed.nodes[CITY], "city", Query(words=RARE))
    erasures.follow_up(node)
    assert relay.find(filed.nodes[CITY], "city", Query(words=RARE)).total == 0
    assert files_with(filed, HUB) == []
