"""Files as they come: other encodings, wrong names, broken, huge."""

import csv
import zipfile
from datetime import date

import pytest
import xlwt
from openpyxl import Workbook

from records import reading
from records.errors import UnreadableFile
from records.readers import limits, sheets
from records.readers.table import is_blank

ROWS = [["申请号", "专利名称"], ["CN1", "一种灯"], ["", " "], ["CN2", "甲,“乙”\n丙"]]
FOUND = [(1, ROWS[0]), (2, ["CN1", "一种灯"]), (4, ["CN2", "甲,“乙”\n丙"])]


def read(path):
    """Return the rows of a file that hold anything."""
    return [(number, cells) for number, cells in reading.table(path).rows() if not is_blank(cells)]


def csv_file(path, rows=ROWS, encoding="utf-8", delimiter=","):
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def xlsx_file(path, rows=ROWS, sheet="Sheet1"):
    book = Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("encoding", "chosen"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("utf-16", "utf-16")],
)
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_in_any_encoding(tmp_path, encoding, chosen, delimiter):
    table = reading.table(csv_file(tmp_path / "a.csv", encoding=encoding, delimiter=delimiter))
    assert (table.format, table.encoding) == ("tsv" if delimiter == "\t" else "csv", chosen)
    assert list(table.rows()) == [*FOUND[:2], (3, ["", " "]), FOUND[2]]
    assert list(table.rows()) == [*FOUND[:2], (3, ["", " "]), FOUND[2]]  # and again


def test_a_workbook_under_a_wrong_name(tmp_path):
    table = reading.table(xlsx_file(tmp_path / "a.xlsx").rename(tmp_path / "a.csv"))
    assert (table.format, table.encoding, table.sheet, table.other_sheets) == ("xlsx", "", "Sheet1", ())
    assert [row for row in table.rows() if not is_blank(row[1])] == FOUND


def test_an_old_workbook(tmp_path):
    book = xlwt.Workbook()
    sheet = book.add_sheet("甲")
    for number, row in enumerate(ROWS):
        for place, cell in enumerate(row):
            sheet.write(number, place, cell)
    book.save(str(tmp_path / "a.xls"))
    table = reading.table(tmp_path / "a.xls")
    assert (table.format, table.sheet) == ("xls", "甲")
    assert [row for row in table.rows() if not is_blank(row[1])] == FOUND


def test_row_numbers_are_those_of_the_sheet(tmp_path):
    book = Workbook()
    book.active["B3"], book.active["C3"] = "申请号", "申请日"
    book.active["B7"], book.active["C7"] = 201710601862.3, date(2017, 1, 25)
    book.active["B8"], book.active["C8"] = 2017106018623, 20170301
    book.save(tmp_path / "a.xlsx")
    table = reading.table(tmp_path / "a.xlsx")
    assert [row for row in table.rows() if not is_blank(row[1])] == [
        (3, ["", "申请号", "申请日"]),
        (7, ["", "201710601862.3", "2017-01-25"]),
        (8, ["", "2017106018623", "20170301"]),
    ]


def test_other_sheets_that_hold_something_are_told(tmp_path):
    book = Workbook()
    book.active.title = "空"
    for name in ("甲", "乙"):
        book.create_sheet(name).append(["申请号"])
    book.create_sheet("藏").sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    table = reading.table(tmp_path / "a.xlsx")
    assert (table.sheet, table.other_sheets) == ("甲", ("乙",))


def test_the_line_that_names_the_separator_is_no_row(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("sep=|\r\n申请号|专利名称\r\nCN1|一,种;灯\r\n", "utf-8-sig")
    table = reading.table(path)
    found = [(1, ["申请号", "专利名称"]), (2, ["CN1", "一,种;灯"])]  # as a spreadsheet counts, which hides that line
    assert list(table.rows()) == found
    assert list(table.rows()) == found


@pytest.mark.parametrize("before", ["\r\n", ";;;\r\n", "\r\n ; \r\n"])
def test_the_separator_is_that_of_the_first_line_that_holds_something(tmp_path, before):
    path = tmp_path / "a.csv"
    path.write_text(before + "申请号;专利名称\r\nCN1;灯\r\n", "utf-8")
    assert [cells for _, cells in read(path)] == [["申请号", "专利名称"], ["CN1", "灯"]]


def test_cells_that_force_text_in_a_spreadsheet(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('申请号,名称\n="2017106018623",="a"&"b"\n"=""2017""",=A1\n', "utf-8")
    assert read(path)[1:] == [(2, ["2017106018623", '="a"&"b"']), (3, ["2017", "=A1"])]


def test_ragged_rows_are_given_as_they_are(tmp_path):
    rows = [["a", "b", "c"], ["1"], ["1", "2", "3", "4"]]
    assert read(csv_file(tmp_path / "a.csv", rows))[1:] == [(2, ["1"]), (3, ["1", "2", "3", "4"])]


def test_blank_rows_around_few_real_ones(tmp_path):
    rows = [["a"], *[[""]] * 5_000, ["1"], *[[" \u00a0"]] * 27]
    path = csv_file(tmp_path / "a.csv", rows)
    assert read(path) == [(1, ["a"]), (5_002, ["1"])]
    assert len(list(reading.table(path).rows())) == 5_029


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n , ,\n",
        b"\xff\xfe\x00\xd8,\x00",
        b"a,\xed\xa0\x80\n",
        b"a\0b,c\n",
        b"\xff\xff\xff,a\n",
        b"\xef\xbb\xbfa,\xff\n",
        b"<html><table><tr><td>a</td></tr></table></html>",
        b"%PDF-1.7\n",
        b"PK\x03\x04 not a zip",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 not a workbook",
        b'a,b\n1,"open\n',
    ],
    ids=lambda data: repr(data[:20]),
)
def test_what_is_no_table_is_refused_with_what_to_do(tmp_path, data):
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(UnreadableFile) as refused:
        list(reading.recognise(path).drafts())
    assert "；" in refused.value.message_zh
    assert str(refused.value) == refused.value.message_en
    assert refused.value.message_en.isascii()


def test_a_damaged_workbook_is_refused(tmp_path):
    path = xlsx_file(tmp_path / "a.xlsx")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UnreadableFile):
        reading.table(path)


def test_a_zip_that_is_no_workbook_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(UnreadableFile):
        reading.table(tmp_path / "a.xlsx")


def test_a_zip_bomb_is_refused_by_its_declared_size(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(6):
            archive.writestr(f"{number}.xml", bytes(100 << 20))
    assert (tmp_path / "a.xlsx").stat().st_size < 1 << 20
    with pytest.raises(UnreadableFile, match="600 MiB"):
        sheets.opened(tmp_path / "a.xlsx", "xlsx")


def test_a_cell_far_out_does_not_take_the_process_down(tmp_path):
    book = Workbook()
    book.active["A1"], book.active["XFD1048576"] = "申请号", "x"
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(UnreadableFile, match="damaged"):
        reading.table(tmp_path / "a.xlsx")


def test_an_old_workbook_under_the_new_name(tmp_path):
    book = xlwt.Workbook()
    book.add_sheet("甲").write(0, 0, "申请号")
    book.save(str(tmp_path / "a.xlsx"))
    assert reading.table(tmp_path / "a.xlsx").format == "xls"


def test_a_quote_that_is_never_closed_is_refused_where_it_begins_to_swallow_the_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('申请号,名称\n1,"open\n' + "2,乙\n" * 100_000, "utf-8")
    with pytest.raises(UnreadableFile, match="quotes are closed"):
        read(path)


def test_too_many_columns_rows_or_bytes_are_refused(tmp_path, monkeypatch):
    with pytest.raises(UnreadableFile, match="513 columns"):
        read(csv_file(tmp_path / "a.csv", [["a"] * (limits.MAX_COLUMNS + 1)]))
    monkeypatch.setattr(limits, "MAX_ROWS", 3)
    with pytest.raises(UnreadableFile, match="4 rows"):
        read(csv_file(tmp_path / "b.csv"))
    with pytest.raises(UnreadableFile, match="4 rows"):
        read(xlsx_file(tmp_path / "b.xlsx"))
    monkeypatch.setattr(limits, "MAX_TEXT_BYTES", 10)
    with pytest.raises(UnreadableFile, match="MiB"):
        read(tmp_path / "b.csv")
