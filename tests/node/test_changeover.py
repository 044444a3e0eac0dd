"""`status` and `doctor` say what is just now being replaced: a node's keys, the authority of its doors, keys below."""

import pytest

from node import admission, changeover, keyfiles, nightly, nodes, succession
from node.doctor import Doctor
from node.node import Node
from node.serving import hosts
from sync import control, tree
from tests.world import CITY, HUB, OUTLET, World

SECOND = CITY + "/sysu"


@pytest.fixture
def city(world: World) -> World:
    world.hub()
    world.node(CITY, "substation", HUB)
    for origin in (OUTLET, SECOND):
        world.node(origin, "outlet", CITY)
    return world


def told(node: Node) -> list[str]:
    """Return what `status` says of it, and see that `doctor` says the same."""
    standing = nodes.standing(node)
    said = changeover.lines(changeover.read(standing["changing"]))
    assert set(said) <= set(nodes.lines(standing))
    (found, *more) = [one for one in Doctor(node, {}, 1.0).examine() if one.test == "keys"]
    if said:
        assert [one.cause for one in (found, *more)] == said
        assert {one.state for one in (found, *more)} == {"warn"}
    else:
        assert (found.state, more) == ("ok", [])
    return said


def test_an_authority_that_follows_another_is_told_until_the_last_child_has_renewed(city):
    node = city.nodes[CITY]
    assert told(node) == []
    succession.begin(node)
    nightly.run(city.nodes[OUTLET])  # hears of it, and renews
    assert len(nightly.run(city.nodes[OUTLET]).reports) == 1  # calls with it
    found = nodes.standing(node)["changing"]["authority"]
    assert (found["renewed"], found["children"]) == ((OUTLET,), (SECOND,))
    (line,) = told(node)
    assert "1 of 2" in line
    assert SECOND in line
    assert OUTLET not in line
    admission.invite_open(node, "outlet", "x", 7)
    assert "1 invitations, 0 requests" in told(node)[0]
    node.notebook.withdraw_invitations("")
    for _ in range(2):
        nightly.run(city.nodes[SECOND])
    (line,) = told(node)
    assert "2 of 2" in line
    assert "next night" in line
    with node.opened() as opened:
        assert succession.settle(node, opened, hosts(node)) is None
    assert told(node) == []


def test_keys_that_are_made_and_not_in_use_are_told_where_it_broke_off(city):
    node = city.nodes[OUTLET]
    keyfiles.make_next(node.home, ["log"])
    (line,) = told(node)
    assert "keys rotate log" in line
    nightly.visit(node, node.settings.parents[0])  # finishes it
    assert told(node) == []


def test_keys_that_wait_for_the_hub_are_told_at_the_home(city):
    """Its keys were lost: the home states new ones without a signature by those before."""
    outlet, node = city.nodes[OUTLET], city.nodes[CITY]
    following = keyfiles.make_next(outlet.home, ["log", "mirror", "hpke"])
    new = keyfiles.load(outlet.home, OUTLET, following)
    with node.opened() as opened:
        keys = (tuple(one.verifier for one in new.log), new.mirror.verifier, new.hpke_public)
        head = opened.store.newest_head(opened.store.add_log(OUTLET), at_most=2**62)
        opened.own.state(control.Rotate(OUTLET, *((head.size, head.root) if head else (0, tree.EMPTY_ROOT)), *keys, ()))
    (line,) = told(node)
    assert f"confirm {OUTLET}" in line
