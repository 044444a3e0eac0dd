"""What a node holds and has not brought above it says itself: how much, for whom, for how many nights."""

import pytest

from node import membership, messages, nightly, nodes, overdue
from node.diagnosis import WARN
from node.doctor import Doctor
from node.schedule import Window
from tests.world import CITY, HUB, OUTLET, World

DAY_S = 86_400


@pytest.fixture
def cut(world: World) -> World:
    """A city that has lost its line to the hub; its outlet goes on calling."""
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    for origin in (OUTLET, CITY, OUTLET):
        world.sync(origin)
    world.shut(HUB)
    world.file(OUTLET, b'{"n":1}', b'{"n":2}')
    world.sync(OUTLET)
    return world


def late(world: World, origin: str) -> list[tuple[str, str, int, int]]:
    with world.nodes[origin].opened() as opened:
        return [(one.origin, one.by, one.missing, one.nights) for one in overdue.found(opened)]


def alarms(world: World, origin: str) -> list[str]:
    with world.nodes[origin].opened() as opened:
        return [about for _at, what, about, _detail in opened.store.alarms() if what == overdue.ALARM]


def nights_later(world: World, nights: int) -> None:
    """Go to noon, `nights` nights from now."""
    node = world.nodes[CITY]
    window = Window.parse(node.settings.window, overdue.ZoneInfo(node.settings.timezone))
    now = world.clock()
    for _night in range(nights):
        now = window.following(now)[1]
    world.clock.ahead += now + 3600 - world.clock()


def test_a_city_that_does_not_reach_the_hub_counts_the_nights_and_alarms_after_two(cut):
    assert late(cut, CITY) == []
    nights_later(cut, 1)
    assert late(cut, CITY) == [(OUTLET, HUB, 2, 1)]
    assert late(cut, OUTLET) == []  # the city has them; the hub has a night more
    for _again in range(2):
        assert nightly.run(cut.nodes[CITY], deadline=lambda: 2.0).failures.keys() == {HUB}
        assert alarms(cut, CITY) == []
    nights_later(cut, 1)
    assert late(cut, CITY) == [(OUTLET, HUB, 2, 2)]
    assert late(cut, OUTLET) == [(OUTLET, HUB, 2, 2)]
    for _again in range(2):
        nightly.run(cut.nodes[CITY], deadline=lambda: 2.0)
        assert alarms(cut, CITY) == [OUTLET]
    said = nodes.lines(nodes.standing(cut.nodes[CITY]))
    assert any(line.startswith(f"WAITING: 2 entries of {OUTLET} have not reached {HUB} for 2 nights.") for line in said)
    assert any("Ask the operator" in line for line in nodes.lines(nodes.standing(cut.nodes[OUTLET])))
    messages.use("zh")
    try:
        said = nodes.lines(nodes.standing(cut.nodes[CITY]))
        assert f"待上送：{OUTLET} 的 2 条已有 2 夜未送达 {HUB}。原因见 `doctor`；没有线路时用 `carry out`。" in said
    finally:
        messages.use("en")
    findings = [one for one in Doctor(cut.nodes[CITY], {}, 0.2).examine() if one.test == "overdue"]
    assert [(one.about, one.state) for one in findings] == [(HUB, WARN)]
    assert "2 entries of 1 logs" in findings[0].cause
    cut.open(HUB)
    cut.sync(CITY)
    assert late(cut, CITY) == []
    cut.sync(OUTLET)
    assert late(cut, OUTLET) == []


def test_the_own_log_counts_too_and_who_is_shut_out_does_not(cut):
    cut.file(CITY, b'{"v":1}')
    with cut.nodes[CITY].opened() as opened:
        membership.change(opened, OUTLET, "suspend", "fees")
    nights_later(cut, 3)
    ((origin, by, missing, nights),) = late(cut, CITY)
    assert (origin, by, nights) == (CITY, HUB, 3)
    assert missing == 2
