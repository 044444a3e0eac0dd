"""Importing by the command line: trying it first, several files and folders, mappings, and what adds up."""

import json

import openpyxl
import pytest

from node import frame, messages, repository
from node.frame import DONE, MISUSED, REFUSED
from outlet import cli
from tests.node.filing import entries, key, node_at, number, row, write
from tests.node.provider import Item, providing


@pytest.fixture(autouse=True)
def english_afterwards():
    yield
    messages.use("en")


@pytest.fixture
def node(tmp_path):
    return node_at(tmp_path)


@pytest.fixture
def run_at(capfd):
    def run_at(home, *given, json_asked=True):
        code = frame.run(cli.top, [*map(str, given), "--home", str(home), *["--json"] * json_asked], {"LANG": "C"})
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return code, json.loads(out) if json_asked and out else out, err

    return run_at


@pytest.fixture
def run(node, run_at):
    return lambda *given, **named: run_at(node.home.path, *given, **named)


def adds_up(one):
    return one["rows"] - one["blank"] - one["refused"] <= one["records"]


def test_a_dry_run_needs_no_node_and_leaves_nothing(tmp_path, run_at):
    path = write(tmp_path / "专利.csv", [row(1), row(2, 申请号=""), row(1)])
    code, found, err = run_at(tmp_path / "none", "import", path, "--dry-run")
    assert (code, err) == (REFUSED, "")
    assert {
        name: found[name] for name in ("format", "encoding", "rows", "blank", "records", "unchanged", "refused")
    } == {
        "format": "csv",
        "encoding": "utf-8-sig",
        "rows": 3,
        "blank": 0,
        "records": 2,
        "unchanged": 1,
        "refused": 1,
    }
    assert found["findings"] == {"NO_IDENTIFIER": 1, "DUPLICATE_ROW": 1}
    assert [one["field"] for one in found["mapping"]["columns"]][:2] == ["right_type_text", "title"]
    first = found["sample"][0]
    assert (first["row"], first["key"]) == (2, key(1))
    assert (first["written"]["申请号"], first["read"]["application_no"]) == (f"CN{number(1)}", number(1))
    assert found["sample"][1]["findings"][0]["rule"] == "NO_IDENTIFIER"
    assert not (tmp_path / "none").exists()


def test_at_a_node_a_dry_run_compares_and_files_nothing(tmp_path, node, run):
    run("import", write(tmp_path / "a.csv", [row(n) for n in range(30)]))
    path = write(tmp_path / "b.csv", [row(n) for n in range(25, 35)])
    code, found, _err = run("import", path, "--dry-run")
    assert (code, found["records"], found["unchanged"], found["new"]) == (DONE, 10, 5, 5)
    assert len(entries(node)) == 30
    assert len(node.notebook.submissions()) == 1
    assert len(run("import", tmp_path / "a.csv", "--dry-run")[1]["sample"]) == 20


def test_a_dry_run_is_a_page_that_people_read(tmp_path, run):
    path = write(tmp_path / "专利.csv", [row(1), row(2, 申请号="201710000002.0")])
    code, out, _err = run("import", path, "--dry-run", json_asked=False)
    assert code == REFUSED
    for said in (
        "format csv",
        "utf-8-sig",
        "application_no",
        "written: ",
        "read: ",
        "2 rows: 0 blank, 1 would be refused",
    ):
        assert said in out
    assert "1 × APPNO_CHECK, first in row 3: The check digit" in out


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4", b"\x80\x04\x95", "甲,乙\n1,2\n".encode()])
def test_a_file_that_is_refused_whole_is_one_answer(tmp_path, run, content):
    (tmp_path / "x.bin").write_bytes(content)
    for more in ([], ["--dry-run"]):
        code, found, err = run("import", tmp_path / "x.bin", *more)
        assert (code, found["file"], found["error"]) == (REFUSED, "x.bin", "UnreadableFile")
        assert found["message"] in err
    assert run("receipts")[1] == []


def test_each_file_of_a_folder_is_a_submission_and_one_that_is_refused_stops_no_other(tmp_path, node, run):
    folder = tmp_path / "来件"
    (folder / "内").mkdir(parents=True)
    write(folder / "a.csv", [row(1)])
    (folder / "b.csv").write_bytes(b"\x00")
    write(folder / "内" / "c.csv", [row(2), row(3)])
    write(folder / ".hidden.csv", [row(4)])
    write(folder / "~$a.csv", [row(5)])
    (folder / "link.csv").symlink_to(write(tmp_path / "outside.csv", [row(6)]))
    code, found, _err = run("import", folder)
    assert code == REFUSED
    assert [one.get("files") or one["file"] for one in found["files"]] == [["a.csv"], "b.csv", ["c.csv"]]
    assert (found["rows"], found["sealed"], found["refused"], found["refused_files"]) == (3, 3, 0, 1)
    assert [one.files for one in node.notebook.submissions()] == [("c.csv",), ("a.csv",)]


def test_a_mapping_is_proposed_corrected_kept_and_used(tmp_path, node, run):
    rows = [{**row(1), "sql": "2017-03-02"}, {**row(2), "sql": "2017-03-03"}]
    for one in rows:
        del one["申请日"]
    path = write(tmp_path / "错标题.csv", rows)
    code, found, _err = run("mapping", "propose", path, "--save", "学校")
    assert code == DONE
    assert found["mapping"]["columns"][-1]["heading"] == "sql"
    assert run("mapping", "list")[1][0]["name"] == "学校"
    code, found, _err = run("mapping", "set", "学校", "sql=申请日", "专利名称=")
    assert code == DONE
    assert {one["heading"]: one["field"] for one in found["columns"]}["sql"] == "filing_date"
    assert run("mapping", "show", "学校")[1]["columns"] == found["columns"]
    assert run("mapping", "set", "学校", "2=title")[0] == DONE
    code, done, _err = run("import", path, "--mapping", "学校")
    assert (code, done["sealed"], done["mapping"]) == (DONE, 2, "学校")
    assert entries(node)[0][0][1].fields["filing_date"] == "2017-03-02"
    assert run("import", path)[1]["mapping"] == "学校", "a saved mapping that fits is used without being named"
    assert run("mapping", "remove", "学校")[1] == {"removed": "学校"}
    assert run("mapping", "show", "学校")[0] == REFUSED


def test_how_the_columns_were_read_can_be_kept(tmp_path, run):
    path = write(tmp_path / "a.csv", [row(1)])
    run("import", path, "--save-mapping", "学校")
    assert run("mapping", "show", "学校")[1]["columns"][0] == {"heading": "专利类型", "field": "right_type_text"}


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (["mapping", "show", "x"], REFUSED, "There is no mapping named x."),
        (["mapping", "remove", "x"], REFUSED, "There is no mapping named x."),
        (["import", "a.csv", "--mapping", "x"], REFUSED, "There is no mapping named x."),
        (["import", "a.csv", "--kind", "x"], REFUSED, "There is no kind x."),
        (["mapping", "set", "学校", "nothing=title"], REFUSED, "has no column nothing"),
        (["mapping", "set", "学校", "专利名称=nothing"], REFUSED, "has a field nothing"),
        (["mapping", "set", "学校"], MISUSED, "nothing to change"),
        (["mapping", "set", "学校", "title"], MISUSED, "write COLUMN=FIELD"),
    ],
)
def test_what_is_refused_says_why(tmp_path, run, monkeypatch, given, code, said):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.csv", [row(1)])
    run("mapping", "propose", "a.csv", "--save", "学校")
    found, answer, _err = run(*given)
    assert (found, said in answer["message"]) == (code, True), answer


def test_a_source_is_added_harvested_and_removed(node, run, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(repository, "_MOST_TRIES", 1)
    said = [("title", "一种灯"), ("type", "专利"), ("identifier", f"申请号：{number(1)}")]
    with providing(Item("oai:1", "2026-01-01T00:00:00Z", said)) as provider:
        code, added, _err = run("source", "add", "机构库", provider.url, "--set", "patents")
        assert (code, added["set"], added["complete_at"]) == (DONE, "patents", None)
        assert run("source", "add", "机构库", provider.url)[0] == REFUSED
        code, found, _err = run("source", "run", "机构库")
        assert (code, found["pages"], found["fetched"], found["submission"]["sealed"]) == (DONE, 1, 1, 1)
        assert found["submission"]["via"].startswith("source/机构库/")
        assert run("source", "run", "机构库")[1]["submission"] is None, "nothing changed there"
    assert run("source", "list")[1][0]["complete_at"] > 0
    code, answer, _err = run("source", "run", "机构库")
    assert (code, answer["error"]) == (REFUSED, "HarvestFailed")
    assert "could not be harvested" in answer["message"]
    assert run("source", "remove", "机构库")[1] == {"removed": "机构库"}
    assert run("source", "run", "机构库")[1]["error"] == "NoSource"


@pytest.mark.parametrize("column", ["²", "１", "9" * 5_000, "0"])
def test_a_number_that_no_column_has_is_refused(tmp_path, run, column):
    run("mapping", "propose", write(tmp_path / "专利.csv", [row(1)]), "--save", "m")
    code, found, _err = run("mapping", "set", "m", f"{column}=title")
    assert (code, found["error"]) == (REFUSED, "NoColumn")


def test_sheets_that_are_not_read_are_named(run, tmp_path):
    book = openpyxl.Workbook()
    for title, n in (("专利", 1), ("另一张", 2)):
        sheet = book.create_sheet(title)
        sheet.append(["申请号", "专利名称"])
        sheet.append([number(n), "灯"])
    book.save(tmp_path / "two.xlsx")
    assert run("import", str(tmp_path / "two.xlsx"), "--dry-run")[1]["other_sheets"] == ["另一张"]
    said = run("import", str(tmp_path / "two.xlsx"), json_asked=False)[1]
    assert "format xlsx" in said
    assert "Only the first sheet is read; save these as files of their own: 另一张" in said
