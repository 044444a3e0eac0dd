"""`feed` by the command lines of hub and substation."""

import json

import pytest

import hub.cli
import substation.cli
from node import feeds, frame, messages
from node.frame import DONE, MISUSED, REFUSED
from sync import evidence
from tests.node.filing import row, write
from tests.world import CITY, HUB

PROGRAMS = {HUB: hub.cli.top, CITY: substation.cli.top}
TITLE = "国家知识产权局"


@pytest.fixture(autouse=True)
def english_afterwards():
    yield
    messages.use("en")


@pytest.fixture
def city(world):
    world.hub()
    world.node(CITY, "substation", HUB)
    return world


@pytest.fixture
def run(world, capfd):
    def run(parent, *given, json_asked=True, home=None):
        at = str(home or world.home(parent))
        arguments = ["feed", *map(str, given), "--home", at, "--lang", "en", *["--json"] * json_asked]
        code = frame.run(PROGRAMS[parent], arguments, {"LANG": "C"})
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return code, json.loads(out) if json_asked else out, err

    return run


@pytest.mark.parametrize("parent", [HUB, CITY])
def test_a_feed_is_made_by_one_command_and_listed(city, run, parent):
    given = ("add", "cnipa", "--name", TITLE, "--terms", "不得原样再传播", "--redistribute", "derived")
    code, answer, err = run(parent, *given)
    assert (code, answer["feed"], answer["origin"], answer["state"]) == (DONE, "cnipa", f"{parent}/cnipa", "active")
    assert (answer["name"], answer["terms"], answer["redistribute"]) == (TITLE, "不得原样再传播", "derived")
    assert (answer["entries"], answer["held"]) == (1, 1), "it has called already"
    assert f"The feed cnipa is ready as {parent}/cnipa." in err
    assert run(parent, *given)[1] == answer | {"received": run(parent, "list")[1][0]["received"]}
    code, out, _err = run(parent, "list", json_asked=False)
    assert (code, TITLE in out, "不得原样再传播" in out) == (DONE, True, True)


def test_there_is_nothing_to_list_at_first(city, run):
    assert run(CITY, "list")[:2] == (DONE, [])


def test_while_the_doors_are_shut_it_says_what_to_do(city, run):
    city.shut(CITY)
    code, answer, err = run(CITY, "add", "cnipa", "--name", TITLE)
    assert (code, answer["error"]) == (REFUSED, "NotServing")
    assert "Start `serve` on this home" in err
    assert [row["state"] for row in run(CITY, "list")[1]] == ["unfinished"]


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (["add", "a/b", "--name", "x"], REFUSED, "a/b is no name for a feed"),
        (["add", "cnipa"], MISUSED, "--name"),
        (["add", "cnipa", "--name", "x", "--redistribute", "perhaps"], MISUSED, "one of yes, no, derived"),
        (["nothing"], MISUSED, "nothing"),
        ([], MISUSED, "feed"),
    ],
)
def test_refusals_and_misuse(city, run, given, code, words):
    found = run(CITY, *given, json_asked=False)
    assert (found[0], words in found[2]) == (code, True), found


def test_a_feeds_home_is_run_by_no_program_itself(city, run):
    run(CITY, "add", "cnipa", "--name", TITLE)
    home = city.home(CITY) / "feeds" / "cnipa"
    code, answer, err = run(CITY, "list", home=home)
    assert (code, answer["error"]) == (REFUSED, "WrongProgram")
    assert "is run by `feed`" in err


@pytest.mark.parametrize("command", ["add", "import", "rotate", "list"])
@pytest.mark.parametrize(("language", "example"), [("en", "Example: feed"), ("zh", "示例：feed")])
def test_each_has_help_with_an_example(command, language, example, capfd):
    code = frame.run(substation.cli.top, ["feed", command, "--help", "--lang", language], {"LANG": "C"})
    out, _err = capfd.readouterr()
    assert (code, f"{example} {command}" in out) == (0, True)


# -- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parent", [HUB, CITY])
@pytest.mark.parametrize("kind", ["log", "mirror", "hpke"])
def test_a_feeds_keys_are_replaced_while_all_runs_and_its_records_go_on(city, run, parent, kind):
    run(parent, "add", "cnipa", "--name", TITLE)
    run(parent, "import", "cnipa", write(city.path / "a.csv", [row(1)]))
    node = city.nodes[parent]
    before = feeds.find(node, "cnipa").keys
    code, answer, err = run(parent, "rotate", "cnipa", kind)
    assert (code, answer["rotated"], answer["generation"], answer["brought"]) == (DONE, kind, 2, True), err
    after = feeds.find(node, "cnipa").keys
    assert (after.log != before.log, after.mirror != before.mirror, after.hpke_public != before.hpke_public) == (
        kind == "log",
        kind == "mirror",
        kind == "hpke",
    )
    code, answer, _err = run(parent, "import", "cnipa", write(city.path / "b.csv", [row(2)]))
    assert (code, answer["brought"], answer["files"][0]["sealed"]) == (DONE, True, 1)
    (listed,) = run(parent, "list")[1]
    assert listed["entries"] == listed["held"] == 5, "genesis, and two imports: who, and what"
    city.sync(CITY)
    city.seal_hub()
    city.sync(CITY)
    with node.opened() as opened:
        proof = evidence.write(opened.store, opened.registry, f"{parent}/cnipa", 2)
        assert evidence.verify(proof, opened.registry.federation).index == 2, "what the old keys signed stays proved"


def test_no_keys_are_replaced_while_the_doors_are_shut(city, run):
    run(CITY, "add", "cnipa", "--name", TITLE)
    before = feeds.find(city.nodes[CITY], "cnipa").keys
    city.shut(CITY)
    assert run(CITY, "rotate", "cnipa", "log")[0] == REFUSED
    assert feeds.find(city.nodes[CITY], "cnipa").keys.log == before.log
    city.open(CITY)
    assert run(CITY, "rotate", "cnipa", "log")[1]["generation"] == 3, "the rotation that broke off is finished first"


# -- import -----------------------------------------------------------------------------------------------------------


def test_files_are_imported_and_brought_to_the_node(city, run):
    run(CITY, "add", "cnipa", "--name", TITLE, "--terms", "不得原样再传播", "--redistribute", "no")
    good = write(city.path / "a.csv", [row(1), row(2)])
    wrong = write(city.path / "b.csv", [row(3), row(4, 申请号="CN20171000004X")])
    (city.path / "c.pdf").write_bytes(b"%PDF-1.7\n")
    code, answer, err = run(CITY, "import", "cnipa", good, wrong, city.path / "c.pdf")
    assert (code, answer["feed"], answer["brought"]) == (REFUSED, "cnipa", True)
    first, second, third = answer["files"]
    assert (first["file"], first["sealed"], first["refused"], first["result_file"]) == ("a.csv", 2, 0, None)
    assert (second["sealed"], second["refused"], third["error"]) == (1, 1, "UnreadableFile")
    assert second["result_file"] == str(city.home(CITY) / "outbox" / "feed-cnipa-2.xlsx")
    assert "a.csv: 2 rows, 2 sealed, 0 unchanged, 0 refused." in err
    assert [row["held"] for row in run(CITY, "list")[1]] == [6], "genesis, and two imports: who, and what"
    code, answer, _err = run(CITY, "import", "cnipa", good)
    assert (code, answer["files"][0]["unchanged"]) == (DONE, 2)


def test_what_is_imported_while_the_doors_are_shut_is_kept(city, run):
    run(CITY, "add", "cnipa", "--name", TITLE)
    city.shut(CITY)
    code, answer, err = run(CITY, "import", "cnipa", write(city.path / "a.csv", [row(1)]))
    assert (code, answer["brought"], answer["files"][0]["sealed"]) == (DONE, False, 1)
    assert "in the next night in which `serve` is running" in err
    assert [(row["entries"], row["held"]) for row in run(CITY, "list")[1]] == [(3, 1)]


def test_there_is_no_import_into_a_feed_that_is_none(city, run):
    code, answer, _err = run(CITY, "import", "cnipa", write(city.path / "a.csv", [row(1)]))
    assert (code, answer["error"]) == (REFUSED, "NoFeed")
