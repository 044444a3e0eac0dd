"""`erase` and `erasures` as people type them: what is listed, what is said, how it ends, in both languages."""

import json

import pytest

import hub.cli
import outlet.cli
import substation.cli
from node import cataloguing, erasures, frame, messages
from tests.node.verdict_world import key, number, patent
from tests.world import CITY, HUB, OUTLET

TOPS = {HUB: hub.cli.top, CITY: substation.cli.top, OUTLET: outlet.cli.top}
PLACE = f"{OUTLET}#1"


@pytest.fixture(autouse=True)
def english_afterwards():
    yield
    messages.use("en")


@pytest.fixture
def filed(world):
    """A record with two parts, held by outlet, city and hub."""
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    with world.nodes[OUTLET].opened() as opened:
        opened.own.add([[("federation", patent(1)), ("path", patent(1, title="一种灯"))]])
    for origin in (OUTLET, CITY, OUTLET):
        world.sync(origin)
    for node in world.nodes.values():
        cataloguing.apply(node)
    return world


@pytest.fixture
def run(filed, capsys):
    def run(at, *line, code=0, lang="en"):
        capsys.readouterr()
        words = ["--home", str(filed.home(at)), "--lang", lang, *line]
        assert frame.run(TOPS[at], words, {"LANG": "C"}) == code
        found = capsys.readouterr()
        assert "Traceback" not in found.out + found.err
        return json.loads(found.out) if "--json" in line else found.out + found.err

    return run


def test_without_yes_it_only_lists_and_ends_with_one(filed, run):
    said = run(CITY, "erase", number(1), "--ground", "court", "--json", code=1)
    assert (said["key"], said["erased"], len(said["parts"])) == (key(1), False, 2)
    assert "Nothing was erased yet" in run(CITY, "erase", number(1), "--ground", "court", code=1)
    assert "未删除" in run(CITY, "erase", number(1), "--ground", "court", code=1, lang="zh")
    assert run(CITY, "erasures", "--json") == []
    with filed.nodes[CITY].opened() as opened:
        assert opened.store.db.execute("select count(*) from control where what = 'erase'").fetchone() == (0,)


def test_one_audience_alone_goes_and_the_table_and_the_entry_say_who_did_what(filed, run):
    said = run(CITY, "erase", number(1), "--part", "path", "--ground", "mistake", "--yes", "--json")
    assert (said["erased"], said["parts"], said["files"]) == (True, [{"origin": OUTLET, "index": 1, "part": 1}], [])
    (row,) = run(CITY, "erasures", "--json")
    assert (row["origin"], row["index"], row["part"], row["ground"], row["by"]) == (OUTLET, 1, 1, "mistake", CITY)
    assert (row["done"], sorted(row["waiting"] + row["unheard"])) == ([CITY], [HUB, OUTLET])
    table = run(CITY, "erasures")
    assert f"{PLACE}.1" in table
    assert "mistake" in table
    one = run(CITY, "erasures", PLACE)
    assert f"erased: {CITY} asked for it on" in one
    assert "done: " + CITY in one
    assert "已删除" in run(CITY, "erasures", PLACE, lang="zh")
    assert run(CITY, "erasures", PLACE, "--json") == [row]
    assert f"{row['by']}" in run(CITY, "explain", PLACE, "--for", HUB)
    assert run(CITY, "erase", number(1), "--part", "path", "--ground", "mistake", "--yes", "--json", code=1)[
        "error"
    ] == ("NothingToErase")


def test_who_did_it_is_in_the_audit_of_the_own_log(filed, run):
    run(CITY, "erase", number(1), "--ground", "court", "--yes")
    (act,) = [one for one in run(CITY, "audit", "--json") if one["what"] == "erase"]
    assert (act["reason"], act["about"]) == ("court", "2 parts")


def test_what_cannot_be_erased_from_here_is_refused_and_misuse_is_two(filed, run):
    with filed.nodes[HUB].opened() as opened:
        opened.own.add([[("federation", patent(5))]])
    filed.seal_hub()
    filed.sync(CITY)
    cataloguing.apply(filed.nodes[CITY])
    assert run(CITY, "erase", number(5), "--ground", "court", "--yes", "--json", code=1)["error"] == "NothingToErase"
    assert run(CITY, "erase", "nothing", "--ground", "court", "--json", code=1)["error"] == "NothingToErase"
    assert run(CITY, "erasures", f"{OUTLET}#900", "--json", code=1)["error"] == "NothingErased"
    assert run(CITY, "erasures", "nothing", "--json", code=1)["error"] == "NothingErased"
    run(CITY, "erase", number(1), "--ground", "whim", code=2)
    run(CITY, "erase", number(1), code=2)


def test_everybody_states_it_and_the_table_is_empty_of_waiting(filed, run):
    run(OUTLET, "erase", number(1), "--ground", "owner", "--yes")
    for _round in range(2):
        for origin in (OUTLET, CITY):
            filed.sync(origin)
            erasures.follow_up(filed.nodes[origin])
        erasures.follow_up(filed.nodes[HUB])
        filed.seal_hub()
    filed.sync(CITY)
    for at in (HUB, CITY):
        rows = run(at, "erasures", "--json")
        assert [(row["done"], row["waiting"], row["ground"]) for row in rows] == [
            ([HUB, CITY, OUTLET], [], "owner")
        ] * 2
