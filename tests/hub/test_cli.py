"""banyan-hub by its command line."""

import getpass
import json

import pytest

from hub import cli
from node import cataloguing, enrolment, frame, intake, messages, tokens
from node.frame import DONE, MISUSED, REFUSED
from node.home import Home
from tests.node.filing import key, number, row, write
from tests.world import ALLIANCE, CITY, HUB, OUTLET


@pytest.fixture(autouse=True)
def english_afterwards():
    yield
    messages.use("en")


@pytest.fixture
def run(world, capfd):
    def run(*given, json_asked=True, home=None):
        at = str(home or world.home(HUB))
        arguments = [*map(str, given), "--home", at, "--lang", "en", *["--json"] * json_asked]
        code = frame.run(cli.top, arguments, {"LANG": "C"})
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return code, json.loads(out) if json_asked else out, err

    return run


@pytest.fixture
def filed(world):
    """A province in which one record has come all the way up."""
    world.hub()
    world.node(CITY, "substation", HUB)
    outlet = world.node(OUTLET, "outlet", CITY)
    intake.take_file(outlet, write(world.path / "x.csv", [row(1, "一种照明装置"), row(2)]), "王")
    for origin in (OUTLET, CITY):
        world.sync(origin)
    cataloguing.apply(world.nodes[HUB])
    return world


def test_init_answers_with_the_federation(world, run):
    code, answer, err = run("init", HUB, "--name", "广东省主站", home=world.path / "hub")
    assert (code, answer["federation"], len(answer["id"])) == (DONE, HUB, 64)
    assert answer["root_keys"] in err
    for origin in ("IP.gd", "ip gd", ""):
        code, answer, _err = run("init", origin, "--name", "x", home=world.path / "other")
        assert (code, answer["error"]) == (REFUSED, "Malformed")
        assert not (world.path / "other").exists()


def test_an_invitation_is_printed_once_or_written_to_a_file(filed, run):
    code, answer, _err = run("invite", "ip.gd.example/sz", "--name", "深圳市分站")
    assert code == DONE
    token = tokens.parse(answer["token"])
    assert (token.origin, token.role, token.expires) == ("ip.gd.example/sz", "substation", answer["expires"])
    out = run("invite", ALLIANCE, "--role", "alliance", "--name", "照明联盟", json_asked=False)[1]
    assert tokens.parse(out).role == "alliance"
    path = filed.path / "token.txt"
    answer = run("invite", "ip.gd.example/zh", "--name", "珠海市分站", "--out", path)[1]
    assert (answer["token"], path.stat().st_mode & 0o777) == (None, 0o600)
    joined = enrolment.join(Home(filed.path / "zh"), tokens.parse(path.read_text()), "珠海市分站")
    assert joined.origin == "ip.gd.example/zh"
    assert {one["status"] for one in run("nodes")[1]} == {"invited", "active"}


def test_every_list_is_one_array_or_object(filed, run):
    (city,) = run("nodes")[1]
    counts = {
        "entries",
        "received",
        "quarantined",
        "drift",
        "manifest",
        "called",
        "certificate_days_left",
        "alarms",
        "moved_to",
    }
    assert set(city) == {"origin", "name", "role", "status", "reason"} | counts
    assert (city["origin"], city["name"], city["status"]) == (CITY, f"名称 {CITY}", "active")
    found = run("search", "照明")[1]
    assert set(found) == {"total", "hits", "next"}
    assert (found["total"], sorted(hit["key"] for hit in found["hits"])) == (2, [key(1), key(2)])
    shown = run("show", number(1))[1]
    assert {"key", "kind", "state", "fields", "sources", "conflicts", "origin", "assertions"} <= set(shown)
    (version,) = run("history", number(1))[1]
    assert {"origin", "index", "op", "reason", "applied_at", "changed"} <= set(version)
    standing = run("status")[1]
    assert {"origin", "role", "log", "logs", "parents", "catalogue", "alarms", "runs", "parts_wanted"} <= set(standing)
    assert (standing["origin"], standing["catalogue"]["rights"]) == (HUB, 2)
    answer = run("rebuild")[1]
    assert answer["rights"] == 2
    proof = run("evidence", number(1), "--origin", OUTLET)[1]
    assert set(proof) == {"file", "origin", "index", "bytes", "withheld", "absent"}


def test_tables_for_people(filed, run):
    out = run("nodes", json_asked=False)[1]
    assert out.splitlines()[0].split()[:3] == ["origin", "name", "role"]
    assert f"名称 {CITY}" in out
    assert run("status", "--night", json_asked=False)[1].startswith(
        "广东省主站: 4 in, 4 accepted (2 rights, 0 events, 2 register items)"
    )
    assert run("history", number(1), json_asked=False)[1].count("assert") == 1


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (["invite", "ip.gd.example/gz/scut", "--name", "x"], REFUSED, "Names given here begin with ip.gd.example/"),
        (["invite", "org.example/gz", "--name", "x"], REFUSED, "org.example/gz is not registered by ip.gd.example"),
        (["show", "x"], REFUSED, "There is no record x here."),
        (["evidence", number(1), "--origin", "ip.gd.example/sz"], REFUSED, "There is no record"),
        (["search", "照明", "--status", "perhaps"], REFUSED, "none of valid, invalid, pending"),
        (["search", "照明", "--limit", "0"], MISUSED, "--limit"),
        (["invite", "ip.gd.example/sz"], MISUSED, "--name"),
        (["invite", "ip.gd.example/sz", "--name", "x", "--role", "outlet"], MISUSED, "--role"),
        (["invite", "ip.gd.example/sz", "--name", "x", "--days", "91"], MISUSED, "--days"),
    ],
)
def test_every_refusal_says_its_cause_in_a_sentence(filed, run, given, code, words):
    found, answer, err = run(*given)
    assert (found, words in err) == (code, True), err
    assert set(answer) == {"error", "message"}
    assert len(err.splitlines()) == (2 if code == MISUSED else 1)


def test_after_a_restart_the_hub_waits_for_its_substations_or_for_a_person(filed, run):
    filed.open(HUB)
    code, answer, err = run("seal")
    assert (code, answer["error"]) == (REFUSED, "NeedsRecovery")
    assert "0 of 1 substations have called" in err
    assert "`seal --sign-anyway`" in err
    assert run("seal", "--sign-anyway")[0] == DONE
    assert [one["what"] for one in run("status")[1]["alarms"]] == ["signed-anyway"]
    assert getpass.getuser() in run("status")[1]["alarms"][0]["detail"]
    filed.open(HUB)
    filed.sync(CITY)
    assert run("seal")[0] == DONE
