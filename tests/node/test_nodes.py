"""How nodes stand, in the same numbers everywhere."""

import pytest

from node import admission, cataloguing, intake, nodes
from tests.node.filing import row, write
from tests.world import CITY, HUB, OUTLET


@pytest.fixture
def filed(world):
    """An outlet that has filed three records, one of them for its path only, and called its city."""
    world.hub()
    world.node(CITY, "substation", HUB)
    outlet = world.node(OUTLET, "outlet", CITY)
    rows = [row(1), row(2), row(3, 法律状态="", 法律状态最后修改日期="")]
    intake.take_file(outlet, write(world.path / "x.csv", rows), "王")
    world.sync(OUTLET)
    for origin in (OUTLET, CITY):
        cataloguing.apply(world.nodes[origin])
    return world


def test_children_are_listed_with_what_is_held_of_them(filed):
    (found,) = nodes.listed(filed.nodes[CITY])
    assert (found["origin"], found["name"], found["role"], found["status"]) == (
        OUTLET,
        f"名称 {OUTLET}",
        "outlet",
        "active",
    )
    assert (found["entries"], found["alarms"]) == (5, 0)
    assert abs(found["received"] - filed.clock()) < 60
    with filed.nodes[CITY].opened() as opened:
        opened.own.state(opened.registry.get(OUTLET).node.with_status("suspended", "欠费"))
        with opened.store.write():
            opened.store.alarm("token-used-twice", OUTLET, "x")
    (found,) = nodes.listed(filed.nodes[CITY])
    assert (found["status"], found["reason"], found["alarms"]) == ("suspended", "欠费", 1)


def test_a_standing_counts_the_same_on_both_sides(filed):
    outlet, city = nodes.standing(filed.nodes[OUTLET]), nodes.standing(filed.nodes[CITY])
    assert (outlet["origin"], outlet["role"], outlet["log"]["entries"], outlet["log"]["signed"]) == (
        OUTLET,
        "outlet",
        5,
        5,
    )
    assert (outlet["catalogue"]["rights"], city["catalogue"]["rights"]) == (3, 3)
    (parent,) = outlet["parents"]
    assert (parent["origin"], parent["received"], parent["missing_above"]) == (CITY, 5, 0)
    assert 80 < parent["certificate_days_left"] <= 90
    assert city["federation"] == outlet["federation"] == filed.nodes[HUB].federation.id.hex()


def test_what_the_parent_lacks_is_missing_above(filed):
    city = filed.nodes[CITY]
    before = nodes.standing(city)["parents"][0]["missing_above"]
    assert before >= 4, "the outlet's entries have not been brought to the hub yet"
    filed.sync(CITY)
    filed.seal_hub()
    assert nodes.standing(city)["parents"][0]["missing_above"] == 0


def test_a_night_in_one_sentence(filed):
    said = nodes.night_sentence(nodes.standing(filed.nodes[OUTLET]))
    assert said.endswith(
        "4 in, 4 accepted (3 rights, 0 events, 1 register items), 0 quarantined, 0 waiting, 0 missing above."
    )
    assert said in nodes.lines(nodes.standing(filed.nodes[OUTLET]))


def test_an_alarm_is_a_line(filed):
    with filed.nodes[CITY].opened() as opened, opened.store.write():
        opened.store.alarm("bare-claim", OUTLET, "showed a head")
    assert f"ALARM bare-claim: {OUTLET} showed a head" in nodes.lines(nodes.standing(filed.nodes[CITY]))


def test_an_invitation_that_nobody_used_in_time_is_expired(filed):

    city = filed.nodes[CITY]
    admission.invite(city, f"{CITY}/gdut", "outlet", "广东工业大学", 1)
    city.notebook.expire_invitations(filed.clock() + 90_000)
    assert [(one["origin"], one["status"]) for one in nodes.listed(city)] == [
        (f"{CITY}/gdut", "expired"),
        (OUTLET, "active"),
    ]
