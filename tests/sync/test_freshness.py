"""Old word from above: shown after 26 hours, and nobody is let in after 7 days."""

import pytest

from node import nodes
from node.enrolment import OutOfTouch
from sync import freshness
from tests.world import CITY, HUB, OUTLET

HOUR_S = 3600


@pytest.fixture
def city(world):
    world.hub()
    world.node(CITY, "substation", HUB)
    return world


def stale(world, origin):
    with world.nodes[origin].opened() as opened:
        return [one.origin for one in freshness.stale(opened.store, opened.registry, world.clock())]


def test_a_head_is_stale_after_26_hours_until_a_newer_one_comes(city):
    city.node(OUTLET, "outlet", CITY)
    city.sync(OUTLET)
    city.clock.ahead += 25 * HOUR_S
    assert (stale(city, CITY), stale(city, OUTLET), stale(city, HUB)) == ([], [], [])
    city.clock.ahead += 2.5 * HOUR_S
    assert stale(city, CITY) == [HUB]
    assert stale(city, OUTLET) == [HUB, CITY]
    assert [one["origin"] for one in nodes.standing(city.nodes[CITY])["stale"]] == [HUB]
    assert any("27" in line for line in nodes.lines(nodes.standing(city.nodes[CITY])))
    with city.nodes[HUB].opened() as opened:
        opened.seal_as_hub(resign=True)
    city.sync(CITY)
    city.sync(OUTLET)
    assert (stale(city, CITY), stale(city, OUTLET)) == ([], [])


def test_after_7_days_without_word_from_above_nobody_is_let_in(city):
    city.clock.ahead += 6 * 24 * HOUR_S
    city.node(OUTLET, "outlet", CITY)
    city.clock.ahead += 2.5 * 24 * HOUR_S
    with pytest.raises(OutOfTouch) as error:
        city.node("ip.gd.example/gz/late", "outlet", CITY)
    assert error.value.args == (CITY, "8")
    assert city.sync(OUTLET).refused == []  # work goes on for those who are in
