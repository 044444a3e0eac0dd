"""banyan-outlet by its command line: what it answers, how it ends, and what every refusal says."""

import csv
import json
import re
from pathlib import Path

import pytest

from node import admission, cataloguing, frame, messages
from node.frame import DONE, MISUSED, REFUSED
from outlet import cli, filing
from sync import evidence
from tests.node.filing import key, number, open_with_search, row, write
from tests.world import CITY, HUB, OUTLET, World

HAN = re.compile("[一-龥]")


@pytest.fixture(autouse=True)
def english_afterwards():
    yield
    messages.use("en")


@pytest.fixture
def above(world):
    """The hub and a city, doors open, searching included."""
    world.hub()
    world.node(CITY, "substation", HUB)
    for origin in (HUB, CITY):
        open_with_search(world, origin)
    return world


@pytest.fixture
def run(above, capfd):
    home = str(above.home(OUTLET))

    def run(*given, json_asked=True):
        arguments = [*map(str, given), "--home", home, "--lang", "en", *["--json"] * json_asked]
        code = frame.run(cli.top, arguments, {"LANG": "C"})
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return code, json.loads(out) if json_asked else out, err

    return run


@pytest.fixture
def outlet(above, run):
    """The outlet, joined by its own command."""
    path = above.path / "token.txt"
    path.write_text(admission.invite(above.nodes[CITY], OUTLET, "outlet", "华南理工大学", 7).encode() + "\n")
    code, answer, _err = run("join", path, "--name", "华南理工大学")
    assert (code, answer) == (DONE, {"origin": OUTLET, "role": "outlet", "state": "active"})
    return above


def file_of(world, *rows):
    return write(world.path / "专利.csv", rows)


def night(world: World, run):
    """What a night does: the outlet calls, the city calls, everybody applies, the outlet fetches receipts."""
    assert run("sync")[0] == DONE
    world.sync(CITY)
    for origin in (CITY, HUB):
        cataloguing.apply(world.nodes[origin])
    assert run("sync")[0] == DONE


def test_a_record_from_its_file_to_its_evidence(outlet, run):
    code, done, _err = run("import", file_of(outlet, row(1, "一种照明装置"), row(2, "一种散热装置")))
    assert (code, done["number"], done["rows"], done["sealed"], done["findings_file"]) == (DONE, 1, 2, 2, None)
    assert {"person", "files", "hash", "first", "last", "unchanged", "refused", "state"} <= set(done)
    (before,) = run("receipts")[1]
    assert before["tiers"] == []
    night(outlet, run)
    (after,) = run("receipts")[1]
    assert {one["tier"] for one in after["tiers"]} == {"substation", "hub"}
    assert all({"origin", "at", "entries", "root"} <= set(one) for one in after["tiers"])
    for scope in ("city", "province"):
        found = run("search", "照明", "--scope", scope)[1]
        assert (found["total"], [hit["key"] for hit in found["hits"]], found["next"]) == (1, [key(1)], "")
    shown = run("show", f"CN{number(1)}")[1]
    assert (shown["key"], shown["fields"]["title"]) == (key(1), "一种照明装置")
    proof = outlet.path / "proof.txt"
    answer = run("evidence", number(1), "--out", proof)[1]
    assert (answer["origin"], answer["index"], answer["bytes"]) == (OUTLET, 2, proof.stat().st_size)
    standing = run("status")[1]
    assert (standing["origin"], standing["catalogue"]["rights"], standing["parents"][0]["missing_above"]) == (
        OUTLET,
        2,
        0,
    )
    assert [one["op"] for one in run("history", number(1))[1]] == ["assert"]
    assert run("rebuild")[1]["rights"] == 2


def test_evidence_of_every_version(outlet, run):
    run("import", file_of(outlet, row(1)))
    code, _said, err = run("evidence", number(1))
    assert code == REFUSED
    assert "No tier above has given a receipt" in err, err
    night(outlet, run)
    run("correct", number(1), "--set", "专利名称=一种散热灯具")
    night(outlet, run)
    newest = run("evidence", number(1))[1]
    found = run("evidence", number(1), "--all", "--out", outlet.path / "proof.txt")[1]
    assert [one["file"] for one in found] == [str(outlet.path / f"proof.{number}.txt") for number in (1, 2)]
    assert [one["index"] for one in found] == [2, newest["index"]]
    pinned = outlet.nodes[HUB].federation
    shown = [evidence.verify(Path(one["file"]).read_bytes(), pinned).parts[-1][1] for one in found]
    assert ["一种散热灯具" in one.decode() for one in shown] == [False, True]
    assert [one["withheld"] for one in found] == [[], []]


def test_what_was_just_imported_is_seen_by_whoever_looks_next(outlet, run):
    for n, look in enumerate(
        [("status",), ("show", number(0)), ("history", number(0)), ("search", "照明", "--scope", "own")]
    ):
        run("import", file_of(outlet, *(row(one) for one in range(n + 1))))
        assert run(*look)[0] == DONE
        assert run("status")[1]["catalogue"]["rights"] == n + 1


def test_amending_by_hand(outlet, run):
    run("import", file_of(outlet, row(1), row(2)))
    code, done, _err = run("correct", number(1), "--set", "专利名称=一种散热灯具", "--set", "inventors=张三；王五")
    assert (code, done["sealed"]) == (DONE, 1)
    fields = run("show", number(1))[1]["fields"]
    assert (fields["title"], fields["inventors"]) == ("一种散热灯具", ["张三", "王五"])
    assert run("withdraw", number(2), "--reason", "重复登记")[1]["sealed"] == 1
    assert run("show", number(2))[1]["state"] == "tombstone"
    code, undone, _err = run("import", "undo", "2")
    assert (code, undone["undoes"]) == (DONE, 2)
    assert run("show", number(1))[1]["fields"]["title"] == "一种照明装置"
    assert [one["state"] for one in run("receipts")[1]] == ["done", "done", "undone", "done"]
    assert run("receipts", "3")[1][0]["number"] == 3
    shown = [re.split("  +", line)[2:4] for line in run("receipts", json_asked=False)[1].splitlines()[1:]]
    assert shown == [["undoing 2", "done"], ["by hand", "done"], ["by hand", "undone"], ["专利.csv", "done"]]
    assert run("correct", number(1), "--set", "专利名称=一种照明装置")[1]["unchanged"] == 1
    with open(run("receipts", "5", "--page")[1][0]["page"], encoding="utf-8") as file:
        assert "没有新条目，无需签收" in file.read(), "nobody is told to wait for a receipt that never comes"


def test_a_record_is_known_by_its_publication_number_as_soon_as_it_is_imported(outlet, run):
    published = {"公开（公告）号": "CN107000001A", "公开（公告）日": "2018-01-25"}
    run("import", file_of(outlet, row(1, **published)))
    assert run("show", "CN107000001A")[1]["fields"]["application_no"] == number(1)
    run("import", file_of(outlet, row(2, **{**published, "公开（公告）号": "CN107000002A"})))
    assert run("withdraw", "107000002A", "--reason", "重复")[1]["sealed"] == 1
    assert run("show", number(2))[1]["state"] == "tombstone"


def test_refused_rows_end_with_1_and_come_back_in_a_file(outlet, run):
    bad = row(2, 申请号="=HYPERLINK(1)")
    code, done, err = run("import", file_of(outlet, row(1), bad, row(3, "+1+cmd"), row(3, "-2")))
    assert (code, done["sealed"], done["refused"]) == (REFUSED, 2, 2)
    assert done["findings_file"] in err
    with open(done["findings_file"], encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert [one[0] for one in rows[1:]] == ["3", "5"]
    assert rows[1][5] == "'=HYPERLINK(1)"
    assert not [cell for one in rows for cell in one if cell[:1] in tuple("=+-@\t\r")]
    assert all(HAN.search(one[6]) and one[7].endswith(".") for one in rows[1:]), "in Chinese and in English"


def test_cells_that_a_spreadsheet_would_run_are_quoted():
    for cell in ("=1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1", " =1", "'=1", "\u3000＋1"):
        assert filing.inert(cell) == "'" + cell
    assert filing.inert("CN1=2") == "CN1=2"


def test_the_page_of_a_receipt_holds_its_facts_and_no_markup_of_others(outlet, run):
    path = outlet.path / "<b>&专利.csv"
    run("import", write(path, [row(1)]))
    night(outlet, run)
    (answer,) = run("receipts", "1", "--page")[1]
    with open(answer["page"], encoding="utf-8") as file:
        page = file.read()
    assert "&lt;b&gt;&amp;专利.csv" in page
    assert "<b>" not in page
    for fact in (
        "华南理工大学",
        CITY,
        HUB,
        answer["hash"],
        answer["tiers"][0]["root"],
        "共 1 行：登记 1，未变 0，退回 0",
    ):
        assert fact in page


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (["show", "x"], REFUSED, "There is no record x here."),
        (["history", "x"], REFUSED, "There is no record x here."),
        (["evidence", "x"], REFUSED, "There is no record x here."),
        (["withdraw", "x", "--reason", "y"], REFUSED, "There is no record x here."),
        (["correct", "x", "--set", "title=y"], REFUSED, "There is no record x here."),
        (["import", "none.csv"], REFUSED, "none.csv cannot be used"),
        (["import", "undo", "9"], REFUSED, "There is no submission number 9 here. `receipts` lists them."),
        (["receipts", "9"], REFUSED, "There is no submission number 9 here."),
        (["search"], REFUSED, "The query cannot be answered"),
        (["search", "照明", "--after", "zzz"], REFUSED, "This page of the list is no longer known (zzz)."),
        (["search", "照明", "--status", "good"], REFUSED, "status = good: none of valid, invalid, pending."),
        (["search", "照明", "--kind", "patents", "--scope", "city"], REFUSED, "kind = patents: no such kind;"),
        (["join", "-"], REFUSED, "This is not a whole invitation token"),
        (["import", "undo"], MISUSED, "takes the number of one submission"),
        (["import"], MISUSED, "is missing"),
        (["receipts", "--page"], MISUSED, "--page needs the number of a submission"),
        (["search", "x", "--scope", "country"], MISUSED, "--scope"),
        (["withdraw", number(1)], MISUSED, "--reason"),
        (["receipts", "x"], MISUSED, "cannot be used"),
    ],
)
def test_every_refusal_says_its_cause_in_a_sentence(outlet, run, monkeypatch, given, code, words):
    monkeypatch.setattr("sys.stdin", open("/dev/null", encoding="utf-8"))  # noqa: SIM115
    found, answer, err = run(*given)
    assert found == code
    assert words in err
    assert {"error", "message"} <= set(answer)
    assert len(err.splitlines()) == (2 if code == MISUSED else 1)


def test_a_parent_that_is_away_is_named(outlet, run):
    outlet.shut(CITY)
    code, answer, err = run("sync")
    assert (code, list(answer["failures"])) == (REFUSED, [CITY])
    assert f"{CITY} did not answer" in err
    code, answer, err = run("search", "照明")
    assert (code, answer["error"]) == (REFUSED, "Unreachable")
    assert f"{CITY} did not answer" in err
    assert run("show", "x")[0] == REFUSED
    assert run("status")[0] == DONE, "what is here is still here"


def test_a_suspension_is_told_with_its_cause(outlet, run):
    with outlet.nodes[CITY].opened() as opened:
        opened.own.state(opened.registry.get(OUTLET).node.with_status("suspended", "欠费"))
    code, _answer, err = run("sync")
    assert code == REFUSED
    assert "its home has suspended it" in err


def test_tables_and_sentences_for_people(outlet, run):
    run("import", file_of(outlet, row(1, "一种照明装置")))
    night(outlet, run)
    out = run("search", "照明", json_asked=False)[1]
    assert "一种照明装置" in out
    assert out.splitlines()[-1] == "1 found."
    out = run("receipts", json_asked=False)[1]
    columns = "number time file status rows sealed unchanged refused reached stage hash"
    assert re.split("  +", out.splitlines()[0]) == columns.split()
    assert CITY in out
    out = run("status", "--night", json_asked=False)[1]
    accepted = "3 in, 3 accepted (1 rights, 0 events, 2 register items)"
    assert out == f"华南理工大学: {accepted}, 0 quarantined, 0 waiting, 0 missing above.\n"


def test_the_own_records_are_searched_without_a_line(outlet, run):
    assert run("import", file_of(outlet, row(1), row(2)))[0] == DONE
    outlet.shut(CITY)
    code, found, _err = run("search", "照明", "--scope", "own")
    assert (code, found["total"]) == (DONE, 2)
    assert run("search", "照明")[0] == REFUSED
