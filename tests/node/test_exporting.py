"""`export` on the three tiers: what may leave, whole, in place, and with its summary."""

import csv
import json
import sys

import openpyxl
import pytest
from pyarrow import parquet

import hub.cli
import outlet.cli
import substation.cli
from node import amendments, cataloguing, exporting, frame, intake, messages
from node.frame import DONE, MISUSED, REFUSED
from tests.node.filing import key, number, row, unfiled, write
from tests.world import CITY, HUB, OUTLET

PROGRAMS = {HUB: hub.cli.top, CITY: substation.cli.top, OUTLET: outlet.cli.top}


@pytest.fixture(autouse=True)
def english_afterwards():
    yield
    messages.use("en")


@pytest.fixture
def filed(world):
    """A hub, a city and an outlet that filed two granted inventions and one that nobody but them may see."""
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    path = write(world.path / "专利.csv", [row(1, "一种照明装置"), row(2, "=散热"), unfiled(3, "秘密")])
    intake.take_file(world.nodes[OUTLET], path, "张三")
    world.sync(OUTLET)
    world.sync(CITY)
    for origin in (HUB, CITY):
        cataloguing.apply(world.nodes[origin])
    return world


@pytest.fixture
def run(filed, capfd):
    def run(origin, *given, json_asked=True, language="zh"):
        home = str(filed.home(origin))
        arguments = ["export", *map(str, given), "--home", home, "--lang", language, *["--json"] * json_asked]
        code = frame.run(PROGRAMS[origin], arguments, {"LANG": "C"})
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return code, json.loads(out) if json_asked else out, err

    return run


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.mark.parametrize("origin", [HUB, CITY])
def test_what_is_not_meant_for_all_stays_here(filed, run, origin):
    path, listed = filed.path / "out.jsonl", filed.path / "left.csv"
    code, said, _err = run(origin, "--out", path, "--left-out", listed)
    assert code == DONE
    assert {name: said[name] for name in ("file", "format", "records", "left_out")} == {
        "file": str(path),
        "format": "jsonl",
        "records": 2,
        "left_out": {"audience": 1},
    }
    assert {one["key"] for one in lines(path)} == {key(1), key(2)}
    assert "秘密" not in path.read_text("utf-8")
    with open(listed, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert [one[:3] for one in rows[1:]] == [[key(3), "秘密", "audience"]]


def test_the_nodes_own_use_is_marked(filed, run):
    code, said, _err = run(CITY, "--internal", "--out", filed.path / "all.csv")
    assert (code, said["file"], said["records"]) == (DONE, str(filed.path / "all-internal.csv"), 3)
    with open(said["file"], encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {one["专利名称"]: one["可见范围（内部）"] for one in rows} == {
        "一种照明装置": "federation",
        "'=散热": "federation",
        "秘密": "path",
    }
    assert (filed.path / "all-internal.csv").stat().st_mode & 0o077 == 0
    assert run(CITY, "--scope", "internal", "--out", filed.path / "x-internal.csv")[1]["file"].endswith(
        "x-internal.csv"
    )


def test_an_outlet_exports_what_it_filed_and_imports_it_unchanged(filed, run):
    code, said, _err = run(OUTLET, "--out", filed.path / "own.xlsx")
    assert (code, said["records"], said["left_out"]) == (DONE, 3, {})
    again = intake.take_file(filed.nodes[OUTLET], filed.path / "own.xlsx", "张三")
    assert (again.rows, again.sealed, again.unchanged, again.refused) == (3, 0, 3, 0)
    assert run(OUTLET, "--scope", "open", "--out", filed.path / "open.xlsx")[1]["records"] == 2


def test_what_was_withdrawn_is_not_exported(filed, run):
    amendments.withdraw(filed.nodes[OUTLET], key(1), "重复", "张三")
    assert run(OUTLET, "--out", filed.path / "own.jsonl")[1]["records"] == 2
    said = run(OUTLET, "--explain", number(1))[1]
    assert (said["leaves"], said["reason"]) == (False, "withdrawn")


def test_words_filters_and_additions(filed, run):
    code, said, _err = run(
        HUB, "照明", "--kind", "发明专利", "--with", "findings,provenance", "--out", filed.path / "a.jsonl"
    )
    assert (code, said["records"]) == (DONE, 1)
    (one,) = lines(filed.path / "a.jsonl")
    assert one["provenance"]["sources"]["title"] == OUTLET
    assert one["findings"] == []
    assert run(HUB, "--kind", "organisation", "--out", filed.path / "b.csv")[1]["records"] == 2
    assert run(HUB, "--status", "good", "--out", filed.path / "c.csv")[0] == REFUSED
    assert not (filed.path / "c.csv").exists()


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.jsonl", "a.parquet", "a.xml"])
def test_the_format_is_told_by_the_name(filed, run, name):
    code, said, err = run(CITY, "--out", filed.path / name, json_asked=False)
    assert (code, err) == (DONE, "")
    assert said.splitlines()[0] == f"已写入 2 条记录：{filed.path / name}"
    assert (filed.path / name).stat().st_size > 100
    assert not list(filed.path.glob("*.new"))


def test_a_workbook_and_parquet_hold_the_records(filed, run):
    run(CITY, "--out", filed.path / "a.xlsx")
    sheet = openpyxl.load_workbook(filed.path / "a.xlsx").active
    assert "=散热" in [cell.value for one in sheet for cell in one if cell.data_type == "s"]
    run(CITY, "--format", "parquet", "--out", filed.path / "a")
    assert parquet.read_table(filed.path / "a").num_rows == 2


def test_standard_output_holds_the_file_alone(filed, run):
    code, out, err = run(CITY, "--out", "-", "--format", "jsonl", json_asked=False)
    assert (code, len([json.loads(one) for one in out.splitlines()])) == (DONE, 2)
    assert "1 条未写入" in err
    assert run(CITY, "--out", "-", json_asked=False)[1].startswith("\ufeff")


def test_one_record_is_explained(filed, run):
    said = run(CITY, "--explain", number(3))[1]
    assert (said["leaves"], said["reason"], said["shown_to"]) == (False, "audience", ["path"])
    assert [(one["origin"], one["audience"]) for one in said["statements"]] == [(OUTLET, "path")]
    assert run(CITY, "--explain", number(1), "--internal")[1]["leaves"]
    out = run(CITY, "--explain", number(3), json_asked=False)[1]
    assert out.splitlines()[0] == f"{key(3)}: 不供这类对象查看"
    assert run(CITY, "--explain", "x")[0] == REFUSED


def test_licence_terms_hold_back_and_are_told(filed, run, monkeypatch):
    refused = exporting.licence.Reason("某局", "", "不得转发。", "No.")
    monkeypatch.setattr(exporting.licence, "may_leave", lambda fields, today, way: refused)
    code, said, _err = run(HUB, "--out", filed.path / "a.csv")
    assert (code, said["records"], said["left_out"]) == (DONE, 0, {"audience": 1, "licence": 2})
    assert run(HUB, "--explain", number(1))[1]["reason"] == "licence"


def test_an_old_file_stays_when_an_export_fails(filed, run, monkeypatch):
    path = filed.path / "a.csv"
    path.write_text("old", "utf-8")
    assert run(HUB, "，，", "--out", path)[0] == REFUSED
    assert path.read_text("utf-8") == "old"
    assert not list(filed.path.glob("a.csv.*"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--with", "x"], "--with takes findings and provenance"),
        (["--out", "-"], "would both write"),
        (["--out", "a.pdf"], "give --format"),
        (["--format", "pdf"], "--format"),
        (["--scope", "own"], "--scope"),
    ],
)
def test_misuse_is_told(filed, run, given, words):
    code, answer, _err = run(HUB, *given, language="en")
    assert code == MISUSED
    assert words in answer["message"]


def test_a_missing_library_is_told(filed, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "records.writers.parquet", raising=False)
    code, answer, err = run(HUB, "--out", filed.path / "a.parquet", language="en")
    assert (code, answer["error"]) == (REFUSED, "MissingLibrary")
    assert "banyan-ip[parquet]" in err
    assert not (filed.path / "a.parquet").exists()
