"""banyan-substation by its command line: joining, inviting, syncing, and what it shows."""

import json

import pytest

from node import admission, cataloguing, enrolment, frame, intake, messages, nightly, settings, tokens
from node.frame import DONE, REFUSED
from node.home import Home
from substation import cli
from tests.node.filing import key, number, row, unfiled, write
from tests.world import CITY, HUB, OUTLET


@pytest.fixture(autouse=True)
def english_afterwards():
    yield
    messages.use("en")


@pytest.fixture
def run(world, capfd):
    def run(*given, json_asked=True):
        home = str(world.home(CITY))
        arguments = [*map(str, given), "--home", home, "--lang", "en", *["--json"] * json_asked]
        code = frame.run(cli.top, arguments, {"LANG": "C"})
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return code, json.loads(out) if json_asked else out, err

    return run


def token_of(world):
    path = world.path / "token.txt"
    path.write_text(admission.invite(world.nodes[HUB], CITY, "substation", "广州市分站", 7).encode())
    return path


LISTEN = ["--sync-listen", "127.0.0.1:0", "--join-listen", "127.0.0.1:0"]


@pytest.fixture
def joined(world, run):
    """A city that joined by its command; the hub has signed for it, and the city's doors are open."""
    world.hub()
    code, answer, _err = run("join", token_of(world), "--name", "广州市分站", *LISTEN)
    assert (code, answer["origin"], answer["role"]) == (DONE, CITY, "substation")
    world.seal_hub()
    assert run("sync")[0] == DONE
    world.open(CITY)
    return world


def test_join_keeps_where_its_doors_listen_and_can_be_repeated(joined, run):
    found = settings.load(Home(joined.home(CITY)), {})
    assert (found.name, found.role) == ("广州市分站", "substation")
    path = joined.path / "token.txt"
    assert run("join", path, "--name", "广州市分站")[1] == {"origin": CITY, "role": "substation", "state": "active"}
    assert settings.load(Home(joined.home(CITY)), {}).sync_listen == found.sync_listen


def test_a_first_session_that_fails_does_not_undo_the_join(world, run, monkeypatch):
    world.hub()
    real = nightly.run

    def run_without_hub(node, **named):
        world.shut(HUB)
        return real(node, **named)

    monkeypatch.setattr(nightly, "run", run_without_hub)
    code, answer, err = run("join", token_of(world), *LISTEN)
    assert (code, answer["state"]) == (DONE, "waiting")
    assert f"{HUB} did not answer" in err
    assert "run `sync` later" in err


def test_from_an_outlets_invitation_to_its_records_at_the_hub(joined, run):
    path = joined.path / "outlet.txt"
    answer = run("invite", OUTLET, "--name", "华南理工大学", "--out", path)[1]
    assert (answer["origin"], answer["role"]) == (OUTLET, "outlet")
    outlet = enrolment.join(Home(joined.home(OUTLET)), tokens.parse(path.read_text()), "华南理工大学")
    intake.take_file(outlet, write(joined.path / "x.csv", [row(1, "一种照明装置")]), "王")
    intake.take_file(outlet, write(joined.path / "y.csv", [unfiled(2, "一种未公开照明装置")]), "王")
    nightly.call(outlet, outlet.settings.parents[0])
    code, answer, _err = run("sync")
    (session,) = answer["sessions"]
    assert (code, answer["failures"], session["parent"], session["refused"]) == (DONE, {}, HUB, [])
    assert {one["origin"] for one in session["receipts"]} == {CITY, OUTLET}
    cataloguing.apply(joined.nodes[HUB])
    assert run("search", "照明")[1]["total"] == 2, "the home sees what is for its path"
    assert run("search", "照明", "--applicant", "华南理工大学", "--limit", "1")[1]["next"]
    assert run("show", number(1))[1]["key"] == key(1)
    (child,) = run("nodes")[1]
    assert (child["origin"], child["name"], child["entries"]) == (OUTLET, "华南理工大学", 5)
    proof = run("evidence", number(1))[1]
    assert proof["file"].startswith(str(joined.home(CITY) / "outbox"))
    standing = run("status")[1]
    assert (standing["parents"][0]["missing_above"], standing["catalogue"]["rights"]) == (0, 2)
    assert (
        "广州市分站: 4 in, 4 accepted (2 rights, 0 events, 2 register items)"
        in run("status", "--night", json_asked=False)[1]
    )
    assert run("rebuild")[1]["rights"] == 2


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["invite", "ip.gd.example/sz/szu", "--name", "x"], "szu is not registered by ip.gd.example/gz"),
        (["show", "x"], "There is no record x here."),
        (["history", "x"], "There is no record x here."),
        (["evidence", "x"], "There is no record x here."),
        (["search", "照明", "--from", "昨天"], "The query cannot be answered"),
    ],
)
def test_every_refusal_says_its_cause_in_a_sentence(joined, run, given, words):
    code, answer, err = run(*given)
    assert (code, words in err, len(err.splitlines())) == (REFUSED, True, 1), err
    assert set(answer) == {"error", "message"}


def test_a_parent_that_is_away_is_named(joined, run):
    joined.shut(HUB)
    code, answer, err = run("sync")
    assert (code, list(answer["failures"])) == (REFUSED, [HUB])
    assert f"{HUB} did not answer" in err
