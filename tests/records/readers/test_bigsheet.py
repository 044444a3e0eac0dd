"""The streaming reader gives what the library gives, in memory that does not grow with the sheet."""

import zipfile
from datetime import date, datetime, time

import pytest
from openpyxl import Workbook

from records import reading
from records.errors import UnreadableFile
from records.readers import bigsheet, workbook

CELLS = [
    ["申请号", "名称", "", "数"],
    ["CN1", "一种<灯>&\n\u00a0", None, 1],
    ["CN1", " 前后 ", date(2017, 1, 25), 2.5],
    [],
    [datetime(2017, 1, 25, 8, 30), time(8, 30), True, 2017106018623],
    [None, "00123", -1e-7, 1e21],
]


def book(path, rows=CELLS, write_only=False):
    made = Workbook(write_only=write_only)
    sheet = made.create_sheet("甲") if write_only else made.active
    for row in rows:
        sheet.append(row)
    if not write_only:
        made.create_sheet("乙").append(["x"])
        made.create_sheet("藏").sheet_state = "hidden"
    made.save(path)
    return path


def trimmed(rows):
    """Return rows without blank cells at their ends, and without blank rows."""
    found = []
    for number, cells in rows:
        cells = list(cells)
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            found.append((number, cells))
    return found


@pytest.mark.parametrize("write_only", [False, True])
def test_both_readers_give_the_same(tmp_path, write_only):
    path = book(tmp_path / "a.xlsx", write_only=write_only)
    head, rows = bigsheet.opened(path)
    table = reading.table(path)
    assert trimmed(rows) == trimmed(table.rows())
    assert (head["sheet"], tuple(head["others"])) == (table.sheet, table.other_sheets)


def test_a_large_sheet_goes_through_the_streaming_reader(tmp_path, monkeypatch):
    path = book(tmp_path / "a.xlsx", [["申请号", "名称"], *([f"CN{n}", f"灯{n % 7}"] for n in range(5_000))])
    _, rows = bigsheet.opened(path)
    assert sum(1 for _ in rows) == 5_001
    monkeypatch.setattr(workbook, "STREAMED_BYTES", 0)
    assert workbook._is_big(path)


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PARTS = {
    "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="r1" Target="worksheets/one.xml"/></Relationships>',
    "xl/workbook.xml": f'<x:workbook xmlns:x="{MAIN}" xmlns:r="r"><x:workbookPr date1904="0"/>'
    '<x:sheets><x:sheet name="甲" sheetId="1" r:id="r1"/></x:sheets></x:workbook>',
    "xl/styles.xml": '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m"/>'
    '<numFmt numFmtId="165" formatCode="0.0&quot;d&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>',
    "xl/sharedStrings.xml": f'<x:sst xmlns:x="{MAIN}"><x:si><x:t>申请号</x:t></x:si><x:si><x:r><x:t>一</x:t></x:r><x:r>'
    "<x:t>种</x:t></x:r><x:rPh><x:t>yi</x:t></x:rPh></x:si></x:sst>",
    "xl/worksheets/one.xml": f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="2"><x:c r="B2" t="s">'
    "<x:v>0</x:v></x:c>"
    '<x:c t="s"><x:v>1</x:v></x:c></x:row><x:row><x:c s="1"><x:v>42760</x:v></x:c><x:c s="2"><x:v>42760.5</x:v></x:c>'
    '<x:c s="3"><x:v>2</x:v></x:c><x:c t="e"><x:v>#N/A</x:v></x:c></x:row></x:sheetData></x:worksheet>',
}


def packed(path, **changed):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**PARTS, **changed}.items():
            archive.writestr(name, text)
    return path


def test_prefixes_shared_strings_and_styles(tmp_path):
    head, rows = bigsheet.opened(packed(tmp_path / "a.xlsx"))
    assert head["sheet"] == "甲"
    assert list(rows) == [(2, ["", "申请号", "一种"]), (3, ["2017-01-25", "2017-01-25T12:00:00", "2", "#N/A"])]


def test_how_a_text_in_its_cell_is_pronounced_is_no_part_of_it(tmp_path):
    cell = '<c r="A1" t="inlineStr"><is><t>一</t><rPh><t>yi</t></rPh><t>种</t></is></c><c r="B1"><v>1</v></c>'
    sheet = f'<worksheet><sheetData><row r="1">{cell}</row></sheetData></worksheet>'
    _, rows = bigsheet.opened(packed(tmp_path / "a.xlsx", **{"xl/worksheets/one.xml": sheet}))
    assert list(rows) == [(1, ["一种", "1"])]


def test_many_shared_strings_are_found_whatever_the_order(tmp_path):
    strings = "".join(f"<si><t>灯{n}</t></si>" for n in range(5_000))
    order = [(n * 1_009) % 5_000 for n in range(5_000)]
    cells = "".join(f'<row><c t="s"><v>{n}</v></c></row>' for n in order)
    parts = {
        "xl/sharedStrings.xml": f"<sst>{strings}</sst>",
        "xl/worksheets/one.xml": f"<worksheet><sheetData>{cells}</sheetData></worksheet>",
    }
    _, rows = bigsheet.opened(packed(tmp_path / "a.xlsx", **parts))
    assert [cells for _, cells in rows] == [[f"灯{n}"] for n in order]


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("xl/worksheets/one.xml", "<x:sheetData>", "<x:sheetData><broken"),
        ("xl/worksheets/one.xml", "<x:worksheet", '<!DOCTYPE w [<!ENTITY a "aaaa">]><x:worksheet'),
        ("xl/worksheets/one.xml", "<x:v>1</x:v>", "<x:v>2</x:v>"),
        ("xl/worksheets/one.xml", "<x:v>1</x:v>", "<x:v>99999999999</x:v>"),
        ("xl/worksheets/one.xml", "#N/A", "x" * 1_200_000),
        ("xl/sharedStrings.xml", "<x:si>", "<x:si></so>"),
        ("xl/sharedStrings.xml", "申请号", "申" * 1_100_000),
        ("xl/workbook.xml", "<x:sheets>", "<x:sheets"),
        ("xl/_rels/workbook.xml.rels", "</Rel", "</rel"),
    ],
)
def test_what_is_damaged_is_said(tmp_path, part, old, new):
    assert old in PARTS[part]
    with pytest.raises(bigsheet.Damaged):  # noqa: PT012 (opening reads the strings, reading the rows)
        _, rows = bigsheet.opened(packed(tmp_path / "a.xlsx", **{part: PARTS[part].replace(old, new)}))
        list(rows)


def test_a_cell_far_out_is_refused_by_its_place(tmp_path):
    made = Workbook()
    made.active["A1"], made.active["XFD1048576"] = "申请号", "x"
    made.save(tmp_path / "a.xlsx")
    _, rows = bigsheet.opened(tmp_path / "a.xlsx")
    with pytest.raises(bigsheet.TooWide) as refused:
        list(rows)
    assert refused.value.args == (1048576, 16384)
    with pytest.raises(UnreadableFile):
        list(reading.table(tmp_path / "a.xlsx").rows())
