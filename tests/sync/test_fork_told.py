"""A fork is found and evidenced in the session that shows it; every tier hears of it, and the log is still served."""

import shutil
from dataclasses import dataclass, replace

import pytest

from node import nightly
from node.home import Home
from node.node import Node
from sync import fork, forks
from sync.bundles import Bundles
from sync.client import Client
from sync.errors import BadSignature, Malformed, NotAllowed, OverLimit
from sync.registrations import Registrations
from tests.sync import hostile
from tests.world import ALLIANCE, CITY, HUB, OTHER_CITY, OTHER_OUTLET, OUTLET, World

NEIGHBOUR = "ip.gd.example/gz/giants"


@dataclass
class Twins:
    """The same machine twice, from one snapshot: one goes on with its city, its twin with the alliance."""

    world: World
    twin: Node

    def call_twin(self, parent=ALLIANCE):
        return nightly.call(self.twin, next(one for one in self.twin.settings.parents if one.origin == parent))

    def sync(self, origin, parent=""):
        return self.world.sync(origin, parent)

    def held(self, at):
        with self.world.nodes[at].opened() as opened:
            return [fork.decode(one.file) for one in forks.kept(opened.store)]

    def frozen(self, at):
        with self.world.nodes[at].opened() as opened:
            log = opened.store.log(OUTLET)
            return log.frozen if log else None

    def alarms(self, at):
        with self.world.nodes[at].opened() as opened:
            return [(what, origin) for _at, what, origin, _detail in opened.store.alarms()]


def twins(path, more):
    """A hub, two cities with an outlet each, an alliance; one outlet was copied, and its twin filed `more` records."""
    world = World(path)
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OTHER_CITY, "substation", HUB)
    world.node(OTHER_OUTLET, "outlet", OTHER_CITY)
    world.node(OUTLET, "outlet", CITY)
    world.node(NEIGHBOUR, "outlet", CITY)
    world.node(ALLIANCE, "alliance", HUB)
    for origin in (OUTLET, CITY, OUTLET):
        world.sync(origin)
    world.node(OUTLET, "outlet", ALLIANCE)
    for origin in (OUTLET, CITY):
        world.sync(origin)
    shutil.copytree(world.home(OUTLET), path / "twin")
    twin = replace(Node.open(Home(path / "twin")), clock=world.clock)
    world.file(OUTLET, b"one")
    with twin.opened() as opened:
        opened.own.add([[("federation", b"other %d" % number)] for number in range(more)])
    return Twins(world, twin)


@pytest.fixture(scope="module", params=[1, 3], ids=["of-one-size", "of-two-sizes"])
def told(request, tmp_path_factory):
    """The hub finds it when the alliance brings the twin's branch; then everybody calls once more."""
    made = twins(tmp_path_factory.mktemp("told"), request.param)
    try:
        made.sync(OUTLET, CITY)
        made.call_twin()
        made.sync(CITY)
        made.at_hub = hostile.kept(made.world.nodes[HUB], OUTLET)
        made.found = made.sync(ALLIANCE)
        for origin in (OTHER_CITY, CITY, OTHER_OUTLET, NEIGHBOUR):
            made.sync(origin)
        with pytest.raises(NotAllowed, match="frozen"):
            made.sync(OUTLET, CITY)
        yield made
    finally:
        made.world.close()


def test_the_hub_evidences_it_in_the_session_that_shows_it_and_keeps_its_branch(told):
    ((origin, reason),) = told.found.refused
    assert (origin, reason.startswith("Fork")) == (OUTLET, True)
    (found,) = told.held(HUB)
    assert found.origin == OUTLET
    assert told.alarms(HUB) == [("fork", OUTLET)]
    now = hostile.kept(told.world.nodes[HUB], OUTLET)
    assert told.frozen(HUB) == "fork"
    assert dict(now, log=None) == dict(told.at_hub, log=None)


def test_whoever_brought_the_other_branch_hears_of_it_in_the_same_session(told):
    assert told.found.forks == 1
    assert told.held(ALLIANCE) == told.held(HUB)
    assert told.frozen(ALLIANCE) == "fork"


@pytest.mark.parametrize("at", [CITY, OTHER_CITY, OTHER_OUTLET, NEIGHBOUR, OUTLET])
def test_every_tier_is_told_and_verifies_it_by_itself(told, at):
    assert told.held(at) == told.held(HUB)
    assert told.alarms(at) == [("fork", OUTLET)]
    assert told.frozen(at) == ("fork" if at in (CITY, OUTLET) else None)


def test_whoever_forked_signs_nothing_more(told):
    world = told.world
    world.clock.ahead += 86_400
    with world.nodes[OUTLET].opened() as opened:
        before = opened.own.sealed()
    with pytest.raises(NotAllowed, match="frozen"):
        told.sync(OUTLET, CITY)
    with world.nodes[OUTLET].opened() as opened:
        assert opened.own.sealed() == before


def test_the_others_go_on_and_the_frozen_log_is_served(told):
    world = told.world
    world.file(NEIGHBOUR, b"a record")
    world.sync(NEIGHBOUR)
    assert [origin for origin, _reason in world.sync(CITY).refused] in ([], [OUTLET])
    assert hostile.is_whole(world, NEIGHBOUR, HUB)
    with world.nodes[HUB].opened() as opened:
        log = opened.store.log(OUTLET)
        parts = [(log.stored - 1, 0)]
    city = world.nodes[CITY]
    with city.channel(city.settings.parents[0]) as channel:
        client = Client(channel, HUB)
        assert len(list(client.entries(OUTLET, 0, log.stored))) == 1
        ((name, _content),), _looked = client.parts(OUTLET, parts)
    assert name == parts[0]


def test_what_is_told_is_told_once(told):
    told.sync(OTHER_CITY)
    again = told.sync(OTHER_CITY)
    assert (again.forks, again.calls) == (0, 1)


def test_keys_and_branches_can_be_shown_to_a_third_party(told):
    """The registrations that came along name the keys, from the federation's root down."""
    with told.world.nodes[OTHER_OUTLET].opened() as opened:
        (kept,) = forks.kept(opened.store)
    shown = Registrations.decode(kept.registrations).verify(told.world.nodes[HUB].federation)
    assert shown.log_keys(OUTLET) == fork.decode(kept.file).log_keys
    assert shown.log_keys(NEIGHBOUR) is None


# -- what is not believed ---------------------------------------------------------------------------------------------


def made_up(world, origin=OUTLET):
    """A file that proves two heads by a stranger's keys."""
    from tests.sync import made

    one, other = (made.signed(origin, 9, made.root_hash_of(word)) for word in ("one", "other"))
    keys = made.verifiers(made.signers(origin))
    return fork.encode(keys, 9, fork.Branch(one, one.root), fork.Branch(other, other.root))


@pytest.fixture
def city(world):
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    world.sync(OUTLET)
    return world


def called(world):
    node = world.nodes[OUTLET]
    return node.channel(node.settings.parents[0])


def test_a_child_that_brings_a_fork_by_other_keys_is_refused(city):
    with called(city) as channel:
        client = Client(channel, CITY)
        with pytest.raises(BadSignature):
            client.add_fork(made_up(city), b"")
        with pytest.raises(Malformed):
            client.add_fork(b"junk", b"")
        with pytest.raises(OverLimit):
            client.add_fork(made_up(city), bytes(300_000))
    with city.nodes[CITY].opened() as opened:
        assert (forks.kept(opened.store), opened.store.log(OUTLET).frozen, opened.store.alarms()) == ([], "", [])


def test_a_parent_that_tells_a_fork_by_other_keys_is_not_believed(city):
    with city.nodes[CITY].opened() as opened, opened.store.write():
        forks._keep(opened.store, made_up(city), OUTLET, b"", "")
    report = city.sync(OUTLET)
    ((by, reason),) = report.refused
    assert (by, reason.startswith("BadSignature"), report.forks) == (CITY, True, 0)
    with city.nodes[OUTLET].opened() as opened:
        assert (forks.kept(opened.store), opened.own.log.frozen) == ([], "")


# -- found below ------------------------------------------------------------------------------------------------------


def test_an_outlet_that_is_shown_its_other_branch_evidences_it_and_its_city_hears_at_once(city):
    """Both branches were signed by machines that called different parents; now one of them calls the other's."""
    node = city.nodes[OUTLET]
    city.file(OUTLET, b"one")
    shutil.copytree(city.home(OUTLET), city.path / "twin")
    twin = replace(Node.open(Home(city.path / "twin")), clock=city.clock)
    with twin.opened() as opened, twin.lock() as lock:
        opened.own.add([[("federation", b"other")]])
        opened.own.seal(lock)
    city.file(OUTLET, b"two")
    city.sync(OUTLET)
    with pytest.raises(NotAllowed, match="frozen"):
        nightly.call(twin, node.settings.parents[0])
    with city.nodes[CITY].opened() as opened, twin.opened() as below:
        assert len(forks.kept(opened.store)) == 1
        assert forks.names(opened.store) == forks.names(below.store)
        log = opened.store.log(OUTLET)
        assert (log.frozen, log.next_entry) == ("fork", 3)
        assert Bundles(opened.store, log).entries(2, 3) == node_entries(city, 2, 3)


def node_entries(world, first, last):
    with world.nodes[OUTLET].opened() as opened:
        return Bundles(opened.store, opened.own.log).entries(first, last)
