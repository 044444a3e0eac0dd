"""A right that comes later brings the parts, from whoever has them; one that goes is wanted for no longer."""

import pytest

from sync import erasing, wants
from sync.bundles import Bundles
from sync.control import Erase, Grant, Member
from tests.sync import hostile
from tests.world import ALLIANCE, CITY, HUB, OUTLET, World

SECRETS = [b"secret %d" % number for number in range(300)]


@pytest.fixture
def joined(world: World) -> World:
    """An outlet that filed path parts for its city, and joined an alliance later."""
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    world.file(OUTLET, *SECRETS, audience="path")
    world.sync(OUTLET)
    world.sync(CITY)
    world.node(ALLIANCE, "alliance", HUB)
    world.seal_hub()
    world.sync(CITY)
    world.sync(OUTLET)
    world.node(OUTLET, "outlet", ALLIANCE)
    world.sync(ALLIANCE)
    world.sync(OUTLET, ALLIANCE)
    return world


def held(world, at):
    """The contents of the outlet's parts that a node holds, and how many it wants."""
    with world.nodes[at].opened() as opened:
        log = opened.store.log(OUTLET)
        found = [content[16:] for _name, content in Bundles(opened.store, log).parts(0, log.next_entry)]
        return [one for one in found if one in SECRETS], Bundles(opened.store, log).count_wanted()


def states(world, origin, *statements):
    with world.nodes[origin].opened() as opened:
        for one in statements:
            opened.own.state(one)


def test_who_comes_above_later_sees_what_is_added_from_then_on(joined):
    assert held(joined, ALLIANCE) == ([], 0)
    joined.file(OUTLET, b"after joining", audience="path")
    report = joined.sync(OUTLET, ALLIANCE)
    assert (report.refused, report.parts_wanted) == ([], 0)
    with joined.nodes[ALLIANCE].opened() as opened:
        log = opened.store.log(OUTLET)
        (content,) = [one for _name, one in Bundles(opened.store, log).parts(0, log.next_entry)]
    assert content[16:] == b"after joining"


def test_a_grant_brings_the_parts_in_the_same_session(joined):
    states(joined, OUTLET, Grant(ALLIANCE, "path", 5, 9))
    report = joined.sync(OUTLET, ALLIANCE)
    assert report.parts_wanted == 0
    assert held(joined, ALLIANCE) == (SECRETS[4:8], 0)
    with joined.nodes[ALLIANCE].opened() as opened:
        assert wants.refresh(opened.store, opened.registry) == 0


def test_what_was_granted_comes_from_above_as_well(joined):
    """The outlet is gone: the hub has its parts, and the alliance knows of the grant."""
    states(joined, OUTLET, Grant(ALLIANCE, "path", 0, 300))
    joined.sync(OUTLET, CITY)
    joined.sync(CITY)

    class Silent(hostile.Client):
        def add_parts(self, origin, parts):
            return 0

    hostile.session(joined, OUTLET, Silent, ALLIANCE)
    assert held(joined, ALLIANCE) == ([], 299)
    assert joined.sync(ALLIANCE).parts_down == 299
    assert held(joined, ALLIANCE) == (SECRETS[:299], 0)


def test_what_was_erased_is_granted_to_nobody(joined):
    states(joined, OUTLET, Erase(OUTLET, 6, 0, "owner"))
    joined.sync(OUTLET, ALLIANCE)
    states(joined, OUTLET, Grant(ALLIANCE, "path", 5, 9))
    joined.sync(OUTLET, ALLIANCE)
    with joined.nodes[ALLIANCE].opened() as opened:
        erasing.obey(opened.store, opened.registry)
    joined.sync(OUTLET, ALLIANCE)
    assert held(joined, ALLIANCE) == ([SECRETS[4], *SECRETS[6:8]], 0)


def test_a_right_that_goes_is_wanted_for_no_longer(joined):
    class Silent(hostile.Client):
        def add_parts(self, origin, parts):
            return 0

    states(joined, OUTLET, Grant(ALLIANCE, "path", 0, 300))
    hostile.session(joined, OUTLET, Silent, ALLIANCE)
    assert held(joined, ALLIANCE) == ([], 299)
    states(joined, ALLIANCE, Member(OUTLET, "revoked", "left"))
    with joined.nodes[ALLIANCE].opened() as opened:
        wants.refresh(opened.store, opened.registry)
    assert held(joined, ALLIANCE) == ([], 0)
    states(joined, ALLIANCE, Member(OUTLET, "active"))
    with joined.nodes[ALLIANCE].opened() as opened:
        assert wants.refresh(opened.store, opened.registry) == 299


def test_it_costs_next_to_nothing_while_nothing_was_stated(joined):
    with joined.nodes[ALLIANCE].opened() as opened:
        wants.refresh(opened.store, opened.registry)
        asked: list[str] = []
        opened.store.db.set_trace_callback(asked.append)
        assert wants.refresh(opened.store, opened.registry) == 0
        assert len(asked) < 4
