"""One entry by ORIGIN#INDEX: what is held, and why a part is not: erased by whom, withheld, or never held."""

import json

import pytest

import hub.cli
import outlet.cli
import substation.cli
from node import cataloguing, erasure_commands, frame, messages
from sync import evidence
from tests.node.verdict_world import key, patent
from tests.world import CITY, HUB, OTHER_CITY, OUTLET, World

TOPS = {HUB: hub.cli.top, CITY: substation.cli.top, OTHER_CITY: substation.cli.top, OUTLET: outlet.cli.top}
PLACE = f"{OUTLET}#1"


@pytest.fixture(autouse=True)
def english_afterwards():
    yield
    messages.use("en")


@pytest.fixture
def filed(world: World) -> World:
    """An entry with a part for all and one for the path, under receipts of city and hub."""
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OTHER_CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    with world.nodes[OUTLET].opened() as opened:
        opened.own.add([[("federation", patent(1)), ("path", patent(1, title="一种灯"))]])
    for origin in (OUTLET, CITY, OUTLET):
        world.sync(origin)
    for node in world.nodes.values():
        cataloguing.apply(node)
    return world


def run(world, at, *line, code=0, lang="en", capsys):
    capsys.readouterr()
    words = ["--home", str(world.home(at)), "--lang", lang, *line]
    assert frame.run(TOPS[at], words, {"LANG": "C"}) == code
    return capsys.readouterr()


def answer(world, at, *line, code=0, capsys):
    return json.loads(run(world, at, "--json", *line, code=code, capsys=capsys).out)


def states(said):
    return [(one["audience"], one["state"]) for one in said["parts"]]


def test_an_entry_is_shown_by_its_place_with_each_part_as_it_is_here(filed, capsys):
    city = answer(filed, CITY, "show", PLACE, capsys=capsys)
    assert (city["origin"], city["index"], city["what"]) == (OUTLET, 1, "record")
    assert states(city) == [("federation", "held"), ("path", "held")]
    assert [one["record"]["fields"]["title"] for one in city["parts"]] == ["一种照明装置", "一种灯"]
    genesis = answer(filed, CITY, "show", f"{OUTLET}#0", capsys=capsys)
    assert (genesis["what"], genesis["parts"]) == ("genesis", [])
    told = run(filed, CITY, "show", PLACE, capsys=capsys).out
    assert key(1) in told
    assert "一种灯" in told


def test_erased_withheld_awaited_and_never_held_are_told_apart(filed, capsys):
    node = filed.nodes[CITY]
    (part,) = erasure_commands.parts_of(node, key(1), "path")
    erasure_commands.erase(node, [part], "court")
    with filed.nodes[HUB].opened() as opened, opened.store.write() as db:  # a right that never was, or has ended
        (gone,) = db.execute("select max(id) from part").fetchone()
        db.execute("delete from part where id = ?", (gone,))
    city = answer(filed, CITY, "show", PLACE, capsys=capsys)
    assert states(city) == [("federation", "held"), ("path", "erased")]
    erased = city["parts"][1]
    assert (erased["by"], erased["ground"], erased["was_held"], erased["record"]) == (CITY, "court", True, None)
    assert abs(erased["at"] - filed.clock()) < 300
    assert states(answer(filed, HUB, "show", PLACE, capsys=capsys))[1] == ("path", "withheld")
    with filed.nodes[HUB].opened() as opened, opened.store.write() as db:
        db.execute("insert into wanted(id, audience) values (?, 'path')", (gone,))
    assert states(answer(filed, HUB, "show", PLACE, capsys=capsys))[1] == ("path", "wanted")
    for command in ("show", "evidence"):
        said = answer(filed, OTHER_CITY, command, PLACE, code=1, capsys=capsys)
        assert said["error"] == "NeverHeld"
        assert answer(filed, CITY, command, f"{OUTLET}#900", code=1, capsys=capsys)["error"] == "NeverHeld"


def test_evidence_of_an_entry_proves_it_and_says_why_a_part_is_not_in_it(filed, capsys):
    node = filed.nodes[CITY]
    erasure_commands.erase(node, erasure_commands.parts_of(node, key(1)), "mistake")
    said = answer(filed, CITY, "evidence", PLACE, "--out", str(filed.path / "proof.txt"), capsys=capsys)
    assert (said["origin"], said["index"], said["withheld"]) == (OUTLET, 1, ["federation", "path"])
    assert {(one["state"], one["by"], one["ground"]) for one in said["absent"]} == {("erased", CITY, "mistake")}
    found = evidence.verify((filed.path / "proof.txt").read_bytes(), filed.nodes[HUB].federation)
    assert (found.origin, found.index, found.parts) == (OUTLET, 1, ())
    told = run(filed, CITY, "evidence", PLACE, capsys=capsys).out
    assert f"erased: {CITY} asked for it on" in told
    chinese = run(filed, CITY, "evidence", PLACE, lang="zh", capsys=capsys).out
    assert f"已删除：{CITY} 于" in chinese
    assert "理由：误报" in chinese


def test_the_statement_of_another_origin_is_not_found_at_this_place(filed, capsys):
    said = answer(filed, CITY, "evidence", PLACE, "--origin", CITY, code=1, capsys=capsys)
    assert said["error"] == "NoSuchRecord"
