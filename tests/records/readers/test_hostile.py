"""Files made to harm: each is refused with a sentence, in bounded memory, and nothing in it is run."""

import csv
import io
import json
import os
import pickle
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from openpyxl import Workbook

from records import kinds, reading, statement
from records.errors import UnreadableFile
from records.readers import bigsheet, workbook

ROOT = Path(__file__).parents[3]
CHILD_MB = 400  # more than any of these files may take


def drained(path):
    reader = reading.recognise(path)
    return list(statement.rows(reader.drafts(), kinds.BUILT_IN, reader.stated))


def in_a_limited_process(path, megabytes=CHILD_MB):
    """Read a file in a process that cannot have more memory; return what became of it, "refused" or "read"."""
    program = f"""
import resource
from pathlib import Path
resource.setrlimit(resource.RLIMIT_DATA, ({megabytes} << 20, {megabytes} << 20))
from records import reading, statement
from records.errors import UnreadableFile
try:
    reader = reading.recognise(Path({str(path)!r}))
    print("read", sum(1 for _ in statement.rows(reader.drafts(), stated=reader.stated)))
except UnreadableFile as error:
    print("refused", error.message_en)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return done.stdout.decode()


@pytest.mark.parametrize("byte", [b"a", b",", b'"', "申".encode(), b"{"])
def test_one_line_of_a_gigabyte(tmp_path, byte):
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.write(b"a,b\n")
        for _ in range(64):
            file.write(byte * ((1 << 24) // len(byte)))
    assert "MiB; check its line breaks" in in_a_limited_process(path)


def test_a_text_record_of_very_many_short_lines(tmp_path):
    path = tmp_path / "a.trs"
    path.write_text("<REC>\n<申请号>=CN98811333.3\n<名称>=灯\n" + "泡\n" * 1_000_000, "utf-8")
    assert in_a_limited_process(path) == "read 1\n"


def test_a_cell_of_very_many_pieces(tmp_path, monkeypatch):
    Workbook().save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = (
        b"<worksheet><sheetData><row><c t='str'><v>" + b"a<i/>" * 1_000_000 + b"</v></c></row></sheetData></worksheet>"
    )
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**parts, "xl/worksheets/sheet1.xml": sheet}.items():
            archive.writestr(name, data)
    started = time.process_time()
    _, rows = bigsheet.opened(tmp_path / "b.xlsx")
    assert [len(cells[0]) for _, cells in rows] == [1_000_000]
    assert time.process_time() - started < 30


@pytest.mark.parametrize("depth", [20, 300, 900, 1020])
@pytest.mark.parametrize("opening", ['{"a":', "[", '[{"a":'])
def test_json_that_is_nested_deep(tmp_path, opening, depth):
    closing = "".join({"{": "}", "[": "]"}[one] for one in reversed(opening) if one in "{[")
    deep = opening * (depth // len(closing)) + "1" + closing * (depth // len(closing))
    body = '{"key":"x","op":"assert","kind":"patent_invention","version":1,"fields":{"title":%s}}'
    flat = '{"申请号":"CN98811333.3","发明人":%s}'
    for text in (body, flat):
        (tmp_path / "a.jsonl").write_text(f"{text % 1}\n{text % deep}\n", "utf-8")
        assert "NO_OBJECT" in {note.rule for row in drained(tmp_path / "a.jsonl") for note in row.findings}
    with (tmp_path / "a.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["申请号", "发明人", "IPC分类号", "申请人"], ["CN98811333.3", deep, deep, deep]])
    drained(tmp_path / "a.csv")


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook_with(path, **parts):
    """Save an empty workbook with some of its parts replaced, by the last word of their names."""
    Workbook().save(path.with_suffix(".new"))
    with zipfile.ZipFile(path.with_suffix(".new")) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in found.items():
            archive.writestr(name, parts.get(Path(name).stem, data))
    return path


def test_merged_cells_that_hold_the_same_long_text_again_and_again(tmp_path):
    cells = "".join(f'<c r="{one}2" t="str"><v>{"字" * 30_000}</v></c>' for one in "ABCDEFGH")
    rows = "".join(f'<row r="{row}"><c r="Z{row}" t="str"><v>y</v></c></row>' for row in range(3, 20_000))
    head = '<row r="1"><c r="A1" t="str"><v>申请号</v></c></row>'
    merged = "".join(f'<mergeCell ref="{one}2:{one}19999"/>' for one in "ABCDEFGH")
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{head}<row r="2">{cells}</row>{rows}</sheetData>'
    sheet += f"<mergeCells>{merged}</mergeCells></worksheet>"
    assert "damaged" in in_a_limited_process(workbook_with(tmp_path / "a.xlsx", sheet1=sheet))


@pytest.mark.parametrize("streamed", [False, True])
def test_one_sheet_under_very_many_names(tmp_path, streamed):
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    sheets = "".join(f'<sheet name="s{one}" sheetId="{one}" r:id="rId1"/>' for one in range(1, 100_000))
    book = f'<workbook xmlns="{MAIN}" xmlns:r="{relations}"><sheets>{sheets}</sheets></workbook>'
    path = workbook_with(tmp_path / "a.xlsx", workbook=book)
    if streamed:
        with pytest.raises(bigsheet.Damaged, match="many sheets"):
            bigsheet.opened(path)
    else:
        assert "damaged" in in_a_limited_process(path)


def test_a_format_of_very_many_brackets(tmp_path):
    styles = f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="{"[" * 500_000}"/></numFmts>'
    styles += '<cellXfs><xf numFmtId="164"/></cellXfs></styleSheet>'
    started = time.process_time()
    bigsheet.opened(workbook_with(tmp_path / "a.xlsx", styles=styles))
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "fields",
    [
        {"publications": [True], "publication_date": "2018-01-25"},
        {"publications": [["no"]], "publication_date": "2018-01-25"},
        {"publications": "[1]", "publication_date": "2018-01-25"},
        {"publications": {"no": "x"}, "publication_date": "2018-01-25"},
        {"ipc": True},
        {"ipc": 1e308},
        {"ipc": [{"a": 1}, "12-16"]},
        {"ipc": ["12-16"], "locarno": 5},
        {"ipc": ["12-16"], "locarno": [[1]]},
    ],
)
@pytest.mark.parametrize("kind", ["design", "patent_invention"])
def test_fields_of_another_type_than_any_file_should_have(tmp_path, kind, fields):
    said = {"key": "x", "op": "assert", "kind": kind, "version": 1, "fields": {"title": "灯", **fields}}
    (tmp_path / "a.jsonl").write_text(json.dumps(said), "utf-8")
    (row,) = drained(tmp_path / "a.jsonl")
    assert row.record is None


def test_a_hole_of_zeros(tmp_path):
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    assert in_a_limited_process(path).startswith("refused")


def test_a_row_of_many_quoted_lines_is_as_bounded_as_one_line(tmp_path):
    path = tmp_path / "a.csv"
    line = ",".join(['"' + "x" * 60_000 + '\n"'] * 10)
    with path.open("w") as file:
        file.write("申请号,b\n")
        file.writelines([line[:-1] + "y\n" + '",' for _ in range(100)])
    assert in_a_limited_process(path).startswith("refused")


def test_a_million_columns_in_each_format(tmp_path):
    wide = tmp_path / "a.csv"
    wide.write_text(",".join(["申请号", *["x"] * 1_000_000]), "utf-8")
    assert "columns" in in_a_limited_process(wide)
    flat = tmp_path / "a.jsonl"
    flat.write_text("{" + ",".join(f'"{n}":1' for n in range(100_000)) + "}", "utf-8")
    assert "columns" in in_a_limited_process(flat)
    trs = tmp_path / "a.trs"
    trs.write_text("<REC>\n" + "".join(f"<{n}>=1\n" for n in range(100_000)), "utf-8")
    assert "columns" in in_a_limited_process(trs)


ODS = """<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body>
<office:spreadsheet><table:table table:name="a"><table:table-row table:number-rows-repeated="{rows}"
><table:table-cell office:value-type="string" table:number-columns-repeated="{columns}"
><text:p>申请号</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body>
</office:document-content>"""


def ods(path, rows, columns):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", ODS.format(rows=rows, columns=columns))
    return path


def test_an_open_document_sheet(tmp_path):
    table = reading.table(ods(tmp_path / "a.ods", 2, 2))
    assert (table.format, list(table.rows())) == ("ods", [(1, ["申请号"] * 2), (2, ["申请号"] * 2)])


@pytest.mark.parametrize(("rows", "columns"), [(1, 16_384), (1_048_576, 1_000), (4_000_000_000, 4_000_000_000)])
def test_a_sheet_that_repeats_itself_without_end(tmp_path, rows, columns):
    assert in_a_limited_process(ods(tmp_path / "a.ods", rows, columns)).startswith("refused")


def test_a_zip_bomb_that_lies_about_its_size(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "STREAMED_BYTES", 0)
    Workbook().save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = b"<worksheet><sheetData>" + b'<row><c t="inlineStr"><is><t>x</t></is></c></row>' * 3_000_000
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**parts, "xl/worksheets/sheet1.xml": sheet}.items():
            archive.writestr(name, data)
    assert "zip bomb" in in_a_limited_process(tmp_path / "b.xlsx")
    raw = (tmp_path / "b.xlsx").read_bytes().replace(len(sheet).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    (tmp_path / "c.xlsx").write_bytes(raw)
    assert in_a_limited_process(tmp_path / "c.xlsx").startswith("refused")


@pytest.mark.parametrize("cut", [1, 30, 100, 0.5, 0.9])
@pytest.mark.parametrize("name", ["a.xlsx", "a.xls"])
def test_a_truncated_workbook(tmp_path, name, cut):
    path = tmp_path / name
    if name == "a.xlsx":
        book = Workbook()
        book.active.append(["申请号"])
        book.save(path)
    else:
        xlwt = pytest.importorskip("xlwt")
        book = xlwt.Workbook()
        book.add_sheet("a").write(0, 0, "申请号")
        book.save(str(path))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * cut) if cut < 1 else len(data) - int(cut) * 5])
    with suppress(UnreadableFile):  # a little may be cut off the end of an old workbook
        assert drained(path) == []


class Harm:
    def __reduce__(self):
        return (os.system, ("touch harmed",))


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_a_pickle_is_never_opened(tmp_path, monkeypatch, protocol):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.xlsx").write_bytes(pickle.dumps([Harm()], protocol))
    with pytest.raises(UnreadableFile) as refused:
        drained(tmp_path / "a.xlsx")
    assert protocol < 2 or "pickle" in refused.value.message_en
    assert not (tmp_path / "harmed").exists()


def test_macros_are_not_run_and_values_are_read(tmp_path):
    book = Workbook()
    book.active.append(["申请号", "名称"])
    book.active.append(["CN201710601862.3", '=HYPERLINK("http://x","一种灯")'])
    book.save(tmp_path / "a.xlsm")
    with zipfile.ZipFile(tmp_path / "a.xlsm", "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0" + bytes(600))
    (row,) = drained(tmp_path / "a.xlsm")
    assert row.record.key == "patent_invention:CN:201710601862.3"


@pytest.mark.parametrize("name", ["../../out.xml", "/etc/out.xml", "xl/../../out.xml", "C:\\out.xml"])
def test_names_that_climb_out_are_names_and_nothing_is_unpacked(tmp_path, name):
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    Workbook().save(inside / "a.xlsx")
    with zipfile.ZipFile(inside / "a.xlsx", "a") as archive:
        archive.writestr(name, b"<x/>")
    with pytest.raises(UnreadableFile):
        drained(inside / "a.xlsx")
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "b", "a.xlsx"]


def test_what_is_no_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(UnreadableFile, match="regular file"):
            reading.recognise(path)
    with pytest.raises(FileNotFoundError):
        reading.recognise(tmp_path / "absent")


OTHERS = {
    "a PDF": b"%PDF-1.7\n",
    "HTML": "\ufeff<HTML><table>".encode(),
    "HTML ": b'<?xml version="1.0"?>\n<!DOCTYPE html><html>',
    "gzip": b"\x1f\x8b\x08\0",
    "RAR": b"Rar!\x1a\x07\0",
    "7z": b"7z\xbc\xaf\x27\x1c",
    "PNG": b"\x89PNG\r\n\x1a\n",
    "BMP": b"BM\x10\0\0\0",
    "RTF": b"{\\rtf1",
    "SQLite": b"SQLite format 3\0",
    "Parquet": b"PAR1",
    "program": b"MZ\x90\0",
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_formats_are_named(tmp_path, name):
    (tmp_path / "a.csv").write_bytes(OTHERS[name] + b"\n" * 20)
    with pytest.raises(UnreadableFile, match=name.strip()):
        reading.recognise(tmp_path / "a.csv")


@pytest.mark.parametrize("name", ["word/document.xml", "xl/workbook.bin", "a.txt"])
def test_other_archives_are_named(tmp_path, name):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, b"x")
    (tmp_path / "a.xlsx").write_bytes(file.getvalue())
    with pytest.raises(UnreadableFile, match="This is a"):
        reading.recognise(tmp_path / "a.xlsx")


def test_a_reader_that_is_left_early_ends_its_process(tmp_path):
    book = Workbook()
    for n in range(3_000):
        book.active.append([f"CN{n}", "x" * 200])
    book.active.insert_rows(1)
    book.active["A1"], book.active["B1"] = "申请号", "名称"
    book.save(tmp_path / "a.xlsx")
    reader = reading.recognise(tmp_path / "a.xlsx")
    drafts = reader.drafts()
    assert next(drafts).place == 2
    (process,) = psutil.Process().children()
    drafts.close()
    assert not process.is_running()
    assert sum(1 for _ in reader.drafts()) == 3_000  # from the beginning
