"""A node moves to another home: the hub says so, the new home takes the registration that the hub confirmed."""

import contextlib
from dataclasses import replace

import pytest

from node import admission, asking, enrolment, moving, nightly, nodes, registering, settings, stands
from node.errors import NotOurs
from node.home import Home
from node.node import Node
from sync import control
from sync.errors import BadSignature, Malformed, NotAllowed, Refused, SyncError
from sync.ownlog import OwnLog
from tests.sync.made import InjectedFault
from tests.world import CITY, HUB, OTHER_CITY, OUTLET


@pytest.fixture
def filed(world):
    """Two cities; an outlet below the first that has filed what is at the hub."""
    world.hub()
    for city in (CITY, OTHER_CITY):
        world.node(city, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    for number in range(5):
        world.file(OUTLET, b'{"n":%d}' % number)
    world.sync(CITY)
    world.sync(OUTLET)
    world.sync(CITY)
    return world


def move(world, home=OTHER_CITY):
    with world.nodes[HUB].opened() as opened:
        index = moving.move(opened, OUTLET, home)
    world.seal_hub()
    return index


def heard(world):
    """Both cities and the outlet have heard of it: the outlet from the city that it leaves."""
    for city in (CITY, OTHER_CITY):
        world.sync(city)
    with pytest.raises(NotAllowed, match="moved"):
        visit(world)


def visit(world):
    node = world.nodes[OUTLET] = replace(Node.open(Home(world.home(OUTLET))), clock=world.clock)
    return nightly.visit(node, node.settings.parents[0])


def join(world, token=None):
    token = token or admission.invite(world.nodes[OTHER_CITY], OUTLET, "outlet", "新址", 7)
    return enrolment.join(Home(world.home(OUTLET)), token, "x")


def held(world, at):
    with world.nodes[at].opened() as opened:
        log = opened.store.log(OUTLET)
        return log.stored if log else 0


def test_a_moved_node_goes_on_below_its_new_home_and_nothing_is_sent_twice(filed):
    move(filed)
    heard(filed)
    assert {one["state"] for one in stands.shown(filed.nodes[OUTLET].home, filed.nodes[OUTLET])} == {"moved"}
    assert [one["status"] for one in nodes.listed(filed.nodes[CITY])] == ["moved"]
    before = filed.nodes[OUTLET].keys.log[0].verifier
    node = join(filed)
    assert [one.origin for one in node.settings.parents] == [OTHER_CITY]
    assert node.keys.log[0].verifier == before
    filed.sync(OTHER_CITY)
    at_hub = held(filed, HUB)
    assert held(filed, CITY) == at_hub, "the old city keeps what it had"
    filed.file(OUTLET, b'{"n":9}')
    assert visit(filed).receipts
    with filed.nodes[OUTLET].opened() as opened:
        whole = opened.own.log.stored
    assert held(filed, OTHER_CITY) == whole > at_hub
    with filed.nodes[OTHER_CITY].opened() as opened:
        own = opened.own.log
        unsent = own.next_entry - opened.store.newest_receipt(own, HUB).size
    report = filed.sync(OTHER_CITY)
    assert not report.refused
    assert held(filed, HUB) == whole
    assert report.entries_up == whole - at_hub + unsent, "what the hub had, the new city did not send again"
    assert held(filed, CITY) == at_hub
    with filed.nodes[HUB].opened() as opened:
        found = opened.registry.get(OUTLET)
    assert (found.home, found.node.status) == (OTHER_CITY, "active")


def test_who_was_moved_may_ask_the_new_home_without_a_token(filed):
    move(filed)
    heard(filed)
    with filed.nodes[OTHER_CITY].opened():
        at = asking.door_of(admission.invite_open(filed.nodes[OTHER_CITY], "outlet", "x", 7))
    node = asking.ask(Home(filed.home(OUTLET)), at, asking.Wish(OUTLET, "outlet", "新址"))
    assert isinstance(node, Node), "the hub's word is the approval"
    assert [one.origin for one in node.settings.parents] == [OTHER_CITY]


def test_before_the_hub_says_so_nobody_else_takes_it(filed):
    with pytest.raises(NotOurs):
        admission.invite(filed.nodes[OTHER_CITY], OUTLET, "outlet", "x", 7)


def test_the_new_home_takes_no_other_registration_than_the_hub_confirmed(filed, monkeypatch):
    move(filed)
    heard(filed)
    token = admission.invite(filed.nodes[OTHER_CITY], OUTLET, "outlet", "新址", 7)
    real = moving.proofs
    for wrong in (lambda *given: [], lambda *given: [real(*given)[0]] * 2):
        with monkeypatch.context() as patched:
            patched.setattr(moving, "proofs", wrong)
            with pytest.raises((Malformed, BadSignature)):
                join(filed, token)
    with filed.nodes[OTHER_CITY].opened() as opened:
        assert opened.registry.find(OUTLET) is None
    other = admission.invite(filed.nodes[OTHER_CITY], OUTLET, "outlet", "新址", 7)
    with pytest.raises(Malformed):
        enrolment.join(Home(filed.home("a thief's home")), other, "x")
    with filed.nodes[OTHER_CITY].opened() as opened:
        assert opened.registry.find(OUTLET) is None


@pytest.mark.parametrize(
    ("origin", "home"), [(CITY, OTHER_CITY), (OUTLET, OUTLET), ("ip.gd.example/gz/nobody", OTHER_CITY)]
)
def test_what_cannot_be_moved_is_not(filed, origin, home):
    with filed.nodes[HUB].opened() as opened:
        size = opened.own.log.next_entry
        with pytest.raises((moving.NotMovable, SyncError)):
            moving.move(opened, origin, home)
        assert opened.own.log.next_entry == size


def test_a_feed_stays_with_the_node_at_which_it_runs(filed):
    filed.node(f"{CITY}/open", "feed", CITY)
    filed.sync(CITY)
    with filed.nodes[HUB].opened() as opened, pytest.raises(moving.NotMovable, match="feed"):
        moving.move(opened, f"{CITY}/open", OTHER_CITY)


def test_moving_twice_says_it_once(filed):
    first = move(filed)
    assert move(filed) == first


@pytest.mark.parametrize("takes_effect", [False, True])
@pytest.mark.parametrize(
    ("place", "name"),
    [(OwnLog, "add_entries"), (registering, "register"), (settings, "add_parent")],
)
def test_a_crash_at_any_step_is_mended_by_doing_it_again(filed, place, name, takes_effect, monkeypatch):
    real = getattr(place, name)

    def broken(*given, **named):
        if takes_effect:
            real(*given, **named)
        raise InjectedFault(name)

    def twice(step):
        with monkeypatch.context() as patched:
            patched.setattr(place, name, broken)
            with contextlib.suppress(InjectedFault, Refused):  # a parent that breaks in a call answers with UNKNOWN
                step()
        return step()

    twice(lambda: move(filed))
    heard(filed)
    token = admission.invite(filed.nodes[OTHER_CITY], OUTLET, "outlet", "新址", 7)
    node = twice(lambda: join(filed, token))
    assert [one.origin for one in node.settings.parents] == [OTHER_CITY]
    with filed.nodes[OTHER_CITY].opened() as opened:
        rows = opened.store.db.execute(
            "select entry from control where what = 'node' and about = ? and log = ?",
            (OUTLET, opened.own.log.id),
        ).fetchall()
    assert len({control.decode(control.body_of(raw)) for (raw,) in rows}) == 1
    filed.sync(OTHER_CITY)
    assert visit(filed).receipts
