"""What the process that reads a workbook states, against stating every row here."""

import openpyxl
import pytest

from records import body, kinds, reading, statement
from records.draft import Blank, Draft, Told
from records.readers import workbook
from tests.node.filing import number

HEADINGS = [
    "专利类型",
    "专利名称",
    "申请号",
    "申请日",
    "申请人/专利权人",
    "主分类号",
    "公开（公告）号",
    "公开（公告）日",
]
ROWS = 900


def write(path, rows):
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    for row in [HEADINGS, *rows]:
        sheet.append(row)
    book.save(path)
    return path


def row(n):
    """Return a row; some are blank, ragged, wrong, doubled, very large, or hold what reading changes."""
    cells = ["发明", f"一种灯{n}", number(n), "2017.3.1", "甲公司;乙公司", "H05B33/08", f"CN1070{n:05d}A", "2018-01-01"]
    if n % 90 == 7:
        return []
    if n % 90 == 8:
        cells[3] = "昨天"
    if n % 90 == 9:
        cells[2] = "12345"
    if n % 90 == 10:
        cells[2] = number(n - 1)
    if n % 90 == 11:
        cells.append("多出来的")
    if n % 90 == 12:
        cells[1] = "灯" * 9_000
    if n % 90 == 13:
        cells[1] = "灯\x0b"
    return cells


def told_and_plain(path, known=kinds.BUILT_IN):
    """Return what each row states by both ways, without what was written."""
    reader = reading.recognise(path, known=known)
    told = list(reader.told(known))
    found = []
    for drafts in (iter(told), reader.drafts()):
        rows = statement.rows(drafts, known, reader.stated)
        found.append(
            [one if isinstance(one, Blank) else (one.row_no, one.record, one.findings, one.stated) for one in rows]
        )
    return told, *found


def test_rows_stated_apart_are_those_stated_here(tmp_path):
    rows = [row(n) for n in range(ROWS)]
    rows = [[str(cell).replace("\x0b", "") for cell in one] for one in rows]  # no workbook holds it
    told, apart, plain = told_and_plain(write(tmp_path / "a.xlsx", rows))
    assert apart == plain
    assert {type(one) for one in told} == {Blank, Draft, Told}, (
        "the first rows, and every fourth batch, are stated here"
    )
    assert sum(isinstance(one, Told) for one in told) > ROWS // 2
    large = [one for one in told if isinstance(one, Told) and one.raw]
    assert large, "what was written comes along with a large row"
    assert all(sum(map(len, one.raw.values())) > body.SMALL_CHARS for one in large)


@pytest.mark.parametrize("count", [1, workbook.LOOKED_AT - 1, workbook.LOOKED_AT, workbook.LOOKED_AT + 1])
def test_no_row_is_lost_where_the_first_rows_end(tmp_path, count):
    _told, apart, plain = told_and_plain(write(tmp_path / "a.xlsx", [row(100 * n) for n in range(count)]))
    assert apart == plain
    assert len(apart) == count


def test_a_sheet_with_gaps_counts_its_blank_rows(tmp_path):
    rows = [row(100 * n) if n % 3 else [] for n in range(700)]
    _told, apart, plain = told_and_plain(write(tmp_path / "a.xlsx", rows))
    assert apart == plain
    assert sum(isinstance(one, Blank) for one in apart) == 233, "the last one is no row of the sheet any more"


def test_kinds_that_were_published_are_known_there(tmp_path):
    schema = {**kinds.get("design").schema, "x-version": 2}
    fields = {**schema["properties"], "colour": {"title": "颜色", "x-title-en": "Colour", "type": "string"}}
    fields["colour"]["x-headers"] = ["颜色"]
    known = kinds.BUILT_IN.with_published([{**schema, "properties": fields}])
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("a")
    sheet.append(["专利类型", "专利名称", "申请号", "申请日", "颜色"])
    for n in range(400):
        sheet.append(["外观设计", f"灯{n}", number(n).replace("20171", "20173", 1)[:12], "2017-03-01", "红"])
    book.save(tmp_path / "a.xlsx")
    _told, apart, plain = told_and_plain(tmp_path / "a.xlsx", known)
    assert apart == plain


def test_looking_again_gives_the_rows_as_they_were_written(tmp_path):
    path = write(tmp_path / "a.xlsx", [row(100 * n) for n in range(500)])
    reader = reading.recognise(path)
    told = reader.told(kinds.BUILT_IN)
    next(told)
    told.close()  # somebody has had enough
    assert all(isinstance(one, Draft) and one.raw for one in reader.drafts())
