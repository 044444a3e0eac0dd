"""What an outlet filed before an alliance came reaches it by a grant alone, from whichever path has it."""

import json

import pytest

import outlet.cli
from node import acting, frame
from sync.bundles import Bundles
from sync.ownlog import OwnLog
from tests.node.verdict_world import number, patent
from tests.sync import hostile
from tests.world import ALLIANCE, CITY, HUB, OTHER_CITY, OUTLET, World


@pytest.fixture
def joined(world: World) -> World:
    """An outlet that filed path parts for its city, one of them twice, and joined an alliance later."""
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    world.file(OUTLET, *(patent(count) for count in range(1, 5)), patent(1, title="一种灯"), audience="path")
    world.sync(OUTLET)
    world.sync(CITY)
    world.node(ALLIANCE, "alliance", HUB)
    world.sync(CITY)
    world.sync(OUTLET)
    world.node(OUTLET, "outlet", ALLIANCE)
    world.sync(ALLIANCE)
    world.sync(OUTLET, ALLIANCE)
    return world


def run(world, *line, code=0, capsys):
    capsys.readouterr()
    words = ["--home", str(world.home(OUTLET)), "--lang", "en", "--json", "grant", *line]
    assert frame.run(outlet.cli.top, words, {"LANG": "C"}) == code
    return json.loads(capsys.readouterr().out)


def held(world, at=ALLIANCE):
    """The entries of the outlet of which a node holds the part."""
    with world.nodes[at].opened() as opened:
        log = opened.store.log(OUTLET)
        found = [index for (index, _part), _content in Bundles(opened.store, log).parts(0, 6)]
        return found, Bundles(opened.store, log).count_wanted()


def test_all_versions_of_the_records_that_are_granted_go_there_and_no_others(joined, capsys):
    assert held(joined) == ([], 0)
    said = run(joined, ALLIANCE, "--records", number(1), number(3), capsys=capsys)
    assert (said["spans"], said["count"], len(said["entries"])) == ([[1, 2], [3, 4], [5, 6]], 3, 3)
    joined.sync(OUTLET, ALLIANCE)
    assert held(joined) == ([1, 3, 5], 0)
    with joined.nodes[OUTLET].opened() as opened:
        (act,) = acting.acts(joined.nodes[OUTLET], opened, 10)
        assert (act.what, act.about) == ("grant", f"{ALLIANCE} path")


def test_all_adds_what_is_missing_and_again_adds_nothing(joined, capsys):
    run(joined, ALLIANCE, "--records", number(2), capsys=capsys)
    said = run(joined, ALLIANCE, "--all", capsys=capsys)
    assert said["spans"][:2] == [[0, 2], [3, 6]]
    with joined.nodes[OUTLET].opened() as opened:
        size = opened.own.log.next_entry
    assert run(joined, ALLIANCE, "--records", number(2), capsys=capsys)["spans"] == []
    with joined.nodes[OUTLET].opened() as opened:
        assert opened.own.log.next_entry == size
    joined.sync(OUTLET, ALLIANCE)
    assert held(joined) == ([1, 2, 3, 4, 5], 0)
    joined.file(OUTLET, patent(9), audience="path")
    assert joined.sync(OUTLET, ALLIANCE).parts_wanted == 0, "what is filed later goes there as before"


def test_what_was_granted_comes_from_above_where_the_outlet_is_gone(joined, capsys):
    run(joined, ALLIANCE, "--all", capsys=capsys)
    joined.sync(OUTLET, CITY)
    joined.sync(CITY)

    class Silent(hostile.Client):
        def add_parts(self, origin, parts):
            return 0

    hostile.session(joined, OUTLET, Silent, ALLIANCE)
    assert held(joined) == ([], 5)
    joined.sync(ALLIANCE)
    assert held(joined) == ([1, 2, 3, 4, 5], 0)


def test_the_home_sees_all_already_and_who_is_not_above_is_given_nothing(joined, capsys):
    with joined.nodes[OUTLET].opened() as opened:
        size = opened.own.log.next_entry
    assert run(joined, CITY, "--all", capsys=capsys)["count"] == 0
    assert run(joined, OTHER_CITY, "--all", code=1, capsys=capsys)["error"] == "NotAbove"
    assert run(joined, OUTLET, "--all", code=1, capsys=capsys)["error"] == "NotAbove"
    assert run(joined, ALLIANCE, "--records", "nothing", code=1, capsys=capsys)["error"] == "NoSuchRecord"
    for line in ([ALLIANCE], [ALLIANCE, number(1)], [ALLIANCE, "--all", "--audience", "federation"]):
        run(joined, *line, code=2, capsys=capsys)
    with joined.nodes[OUTLET].opened() as opened:
        assert opened.own.log.next_entry == size


def test_a_crash_between_two_grants_leaves_the_first_and_the_command_again_adds_the_rest(joined, capsys, monkeypatch):
    real, calls = OwnLog.state, []

    def broken(*given, **named):
        calls.append(given)
        if len(calls) == 2:
            raise OSError(5, "crash")
        return real(*given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(OwnLog, "state", broken)
        assert frame.run(
            outlet.cli.top,
            ["--home", str(joined.home(OUTLET)), "--json", "grant", ALLIANCE, "--records", number(1)],
            {"LANG": "C"},
        )
    capsys.readouterr()
    assert run(joined, ALLIANCE, "--records", number(1), capsys=capsys)["spans"] == [[5, 6]]
