"""Certificates that do not renew themselves: the node and its parent are warned, once for each step."""

import pytest

from node import authority, enrolment, expiry, nightly, nodes
from tests.world import CITY, HUB, OUTLET, World

DAY_S = 86_400


@pytest.fixture
def city(world: World) -> World:
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    return world


def warned(world: World, origin: str) -> list[str]:
    """Return what was said of the outlet's certificate at one node, oldest first."""
    with world.nodes[origin].opened() as opened:
        return [
            detail for _at, what, about, detail in opened.store.alarms() if (what, about) == ("certificate", OUTLET)
        ]


def look(world: World, origin: str) -> None:
    with world.nodes[origin].opened() as opened:
        expiry.warn(world.nodes[origin], opened)


def test_node_and_parent_are_warned_at_30_14_7_and_1_days_and_at_the_end(city, monkeypatch):
    monkeypatch.setattr(enrolment, "renew", lambda node, parent, told=b"": False)  # whatever keeps it from renewing
    steps = [(59.0, 0), (61.0, 1), (70.0, 1), (77.0, 2), (84.0, 3), (88.5, 3), (89.5, 4), (90.5, 5)]
    for day, count in steps:
        city.clock.ahead = day * DAY_S
        for origin in (OUTLET, CITY):
            look(city, origin)
            look(city, origin)
            assert len(warned(city, origin)) == count, (day, origin)
    said = warned(city, CITY)
    assert [one.rpartition(": ")[2] for one in said] == [
        "less than 30 days left", "less than 14 days left", "less than 7 days left", "less than 1 days left", "ended",
    ]  # fmt: skip
    assert said == warned(city, OUTLET)


def test_a_certificate_that_was_renewed_in_the_night_warns_nobody(city, monkeypatch):
    node, parent = city.nodes[OUTLET], city.nodes[CITY]
    parent.notebook.gave_certificate(OUTLET, int(city.clock()) + 20 * DAY_S)
    monkeypatch.setattr(authority, "age_days", lambda certificate: 61)
    nightly.run(node)
    look(city, CITY)
    assert warned(city, CITY) == warned(city, OUTLET) == []
    assert parent.notebook.certificates()[OUTLET] > city.clock() + 80 * DAY_S


def test_of_a_suspended_child_nobody_is_told(city):
    with city.nodes[CITY].opened() as opened:
        opened.own.state(opened.registry.get(OUTLET).node.with_status("suspended", "left"))
    city.clock.ahead = 95 * DAY_S
    look(city, CITY)
    assert warned(city, CITY) == []


def test_the_list_of_nodes_says_how_long_each_certificate_lasts(city):
    (row,) = nodes.listed(city.nodes[CITY])
    assert row["certificate_days_left"] in (89, 90)
