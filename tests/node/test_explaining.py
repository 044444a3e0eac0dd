"""Of each part of a record: who may see it and why, how it is held here, and who else has it."""

import json

import pytest

import hub.cli
import outlet.cli
import substation.cli
from node import cataloguing, erasure_commands, erasures, explaining, frame, messages
from tests.node.verdict_world import key, number, patent
from tests.world import ALLIANCE, CITY, HUB, OTHER_CITY, OUTLET, World

TOPS = {HUB: hub.cli.top, CITY: substation.cli.top, ALLIANCE: substation.cli.top, OUTLET: outlet.cli.top}


@pytest.fixture
def joined(world: World) -> World:
    """A record of which one part is for all and one for the path; the alliance came later, a city has nothing of it."""
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OTHER_CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    with world.nodes[OUTLET].opened() as opened:
        opened.own.add([[("federation", patent(1)), ("path", patent(1, title="一种灯"))]])
    world.sync(OUTLET)
    world.sync(CITY)
    world.node(ALLIANCE, "alliance", HUB)
    world.sync(CITY)
    world.sync(OUTLET)
    world.node(OUTLET, "outlet", ALLIANCE)
    world.sync(ALLIANCE)
    world.sync(OUTLET, ALLIANCE)
    world.sync(OUTLET, CITY)
    world.sync(CITY)
    for node in world.nodes.values():
        cataloguing.apply(node)
    return world


def run(world, at, *line, code=0, capsys):
    capsys.readouterr()
    words = ["--home", str(world.home(at)), "--lang", "en", "--json", "explain", *line]
    assert frame.run(TOPS[at], words, {"LANG": "C"}) == code
    return json.loads(capsys.readouterr().out)


def rights(world, at, reader, capsys):
    parts = run(world, at, number(1), "--for", reader, capsys=capsys)["parts"]
    return [(one["audience"], one["may_see"], one["why"]) for one in parts]


@pytest.mark.parametrize("at", [OUTLET, CITY, HUB])
def test_every_program_says_who_sees_what_and_why_not(joined, at, capsys):
    everybody = ("federation", True, "everybody")
    assert rights(joined, at, HUB, capsys) == [everybody, ("path", True, "hub")]
    assert rights(joined, at, CITY, capsys) == [everybody, ("path", True, "home")]
    assert rights(joined, at, OUTLET, capsys) == [("federation", True, "owner"), ("path", True, "owner")]
    assert rights(joined, at, OTHER_CITY, capsys) == [everybody, ("path", False, "not-above")]


def test_a_part_that_is_not_held_is_explained_as_well_and_a_grant_changes_the_answer(joined, capsys):
    said = run(joined, ALLIANCE, number(1), "--for", ALLIANCE, capsys=capsys)["parts"]
    assert [(one["state"], one["may_see"], one["why"]) for one in said] == [
        ("held", True, "everybody"),
        ("withheld", False, "not-granted"),
    ]
    words = ["--home", str(joined.home(OUTLET)), "grant", ALLIANCE, "--records", number(1)]
    assert frame.run(outlet.cli.top, words, {"LANG": "C"}) == 0
    joined.sync(OUTLET, ALLIANCE)
    said = run(joined, ALLIANCE, f"{OUTLET}#1", "--for", ALLIANCE, capsys=capsys)["parts"]
    assert [(one["state"], one["may_see"], one["why"]) for one in said] == [
        ("held", True, "everybody"),
        ("held", True, "granted"),
    ]


def test_holders_are_who_gave_a_receipt_and_may_see_the_part(joined, capsys):
    said = run(joined, OUTLET, number(1), "--for", HUB, capsys=capsys)["parts"]
    assert {CITY, OUTLET, ALLIANCE} <= set(said[0]["holders"])
    assert ALLIANCE not in said[1]["holders"]
    assert {CITY, OUTLET} <= set(said[1]["holders"])


def test_an_erased_part_is_explained_by_its_entry_and_nobody_who_forgot_it_holds_it(joined, capsys):
    node = joined.nodes[OUTLET]
    erasure_commands.erase(node, erasure_commands.parts_of(node, key(1), "path"), "court")
    joined.sync(OUTLET, CITY)
    erasures.follow_up(joined.nodes[CITY])
    parts = run(joined, CITY, f"{OUTLET}#1", "--for", HUB, capsys=capsys)["parts"]
    assert [one["state"] for one in parts] == ["held", "erased"]
    assert (parts[1]["ground"], parts[1]["forgotten_by"]) == ("court", [CITY, OUTLET])
    assert not {CITY, OUTLET} & set(parts[1]["holders"])


def test_who_is_not_known_and_what_is_not_there(joined, capsys):
    assert run(joined, HUB, number(1), "--for", "ip.gd.example/x", code=1, capsys=capsys)["error"] == "NotKnown"
    for text in (number(7), f"{OUTLET}#999", "ip.gd.example/x#1"):
        assert run(joined, HUB, text, "--for", CITY, code=1, capsys=capsys)["error"] == "NoSuchRecord"


def test_a_suspended_node_sees_nothing_now(joined, capsys):
    words = ["--home", str(joined.home(HUB)), "node", "suspend", OTHER_CITY, "--reason", "欠费"]
    assert frame.run(hub.cli.top, words, {"LANG": "C"}) == 0
    assert [one[1:] for one in rights(joined, HUB, OTHER_CITY, capsys)] == [(False, "not-active"), (False, "not-above")]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_reason_is_a_sentence(language):
    messages.use(language)
    try:
        for why in explaining.WHY:
            part = explaining.Part(OUTLET, 1, 0, "path", True, why, "held", (CITY,))
            assert "{" not in explaining.line(part, CITY)
    finally:
        messages.use("en")
