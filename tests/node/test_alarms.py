"""Alarms are numbered, dealt with under somebody's name, and not told again."""

import json

import pytest

import hub.cli
from node import acting, frame
from tests.world import World


@pytest.fixture
def run(world: World, capsys):
    world.hub()
    node = world.nodes["ip.gd.example"]

    def run(*given: str, code: int = 0):
        assert frame.run(hub.cli.top, ["--home", str(node.home.path), *given, "--json"], {}) == code
        return json.loads(capsys.readouterr().out)

    run.node = node
    with node.opened() as opened, opened.store.write():
        for city in ("gz", "sz"):
            opened.store.alarm("silent", f"ip.gd.example/{city}", "has not called")
    return run


def test_what_was_dealt_with_is_shown_no_more_and_not_told_again(run):
    first, second = run("alarms", "list")
    assert (first["what"], first["origin"]) == ("silent", "ip.gd.example/gz")
    run("alarms", "done", str(first["number"]), "--reason", "已核实")
    assert run("alarms", "list") == [second]
    assert [one["origin"] for one in run("status")["alarms"]] == ["ip.gd.example/sz"]
    with run.node.opened() as opened:
        with opened.store.write():
            opened.store.alarm("silent", "ip.gd.example/gz", "has not called")
        (act,) = acting.acts(run.node, opened, 1)
        assert (act.what, act.about, act.reason) == ("alarms done", "silent ip.gd.example/gz", "已核实")
    assert run("alarms", "list") == [second]


@pytest.mark.parametrize("number", ["99", "0"])
def test_a_number_that_is_none_is_refused(run, number):
    assert run("alarms", "done", number, "--reason", "x", code=1)["error"] == "NoAlarm"
    (first, _second) = run("alarms", "list")
    run("alarms", "done", str(first["number"]), "--reason", "x")
    assert run("alarms", "done", str(first["number"]), "--reason", "x", code=1)["error"] == "NoAlarm"
