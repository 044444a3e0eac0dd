"""Files as they come: other encodings, wrong names, broken, huge."""

import csv
import zipfile
from datetime import date

import pytest
import xlwt
from openpyxl import Workbook

from records import tables
from records.errors import UnreadableFile

ROWS = [["申请号", "专利名称"], ["CN1", "一种灯"], ["", " "], ["CN2", "甲,“乙”\n丙"]]
FOUND = [(2, ["CN1", "一种灯"]), (4, ["CN2", "甲,“乙”\n丙"])]


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
    table = tables.read(csv_file(tmp_path / "a.csv", encoding=encoding, delimiter=delimiter))
    assert (table.format, table.encoding, table.headers) == ("csv", chosen, ROWS[0])
    assert list(table.rows()) == FOUND
    assert list(table.rows()) == FOUND  # and again


def test_a_workbook_under_a_wrong_name(tmp_path):
    table = tables.read(xlsx_file(tmp_path / "a.xlsx").rename(tmp_path / "a.csv"))
    assert (table.format, table.encoding, table.sheet, table.other_sheets) == ("xlsx", "", "Sheet1", ())
    assert list(table.rows()) == FOUND


def test_an_old_workbook(tmp_path):
    book = xlwt.Workbook()
    sheet = book.add_sheet("甲")
    for number, row in enumerate(ROWS):
        for place, cell in enumerate(row):
            sheet.write(number, place, cell)
    book.save(str(tmp_path / "a.xls"))
    table = tables.read(tmp_path / "a.xls")
    assert (table.format, table.sheet) == ("xls", "甲")
    assert list(table.rows()) == FOUND


def test_row_numbers_are_those_of_the_sheet(tmp_path):
    book = Workbook()
    book.active["B3"], book.active["C3"] = "申请号", "申请日"
    book.active["B7"], book.active["C7"] = 201710601862.3, date(2017, 1, 25)
    book.active["B8"], book.active["C8"] = 2017106018623, 20170301
    book.save(tmp_path / "a.xlsx")
    table = tables.read(tmp_path / "a.xlsx")
    assert table.headers == ["", "申请号", "申请日"]
    assert list(table.rows()) == [(7, ["", "201710601862.3", "2017-01-25"]), (8, ["", "2017106018623", "20170301"])]


def test_other_sheets_that_hold_something_are_told(tmp_path):
    book = Workbook()
    book.active.title = "空"
    for name in ("甲", "乙"):
        book.create_sheet(name).append(["申请号"])
    book.create_sheet("藏").sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    table = tables.read(tmp_path / "a.xlsx")
    assert (table.sheet, table.other_sheets) == ("甲", ("乙",))


def test_the_line_that_names_the_separator_is_no_row(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("sep=|\r\n申请号|专利名称\r\nCN1|一,种;灯\r\n", "utf-8-sig")
    table = tables.read(path)
    assert table.headers == ["申请号", "专利名称"]
    assert list(table.rows()) == [(2, ["CN1", "一,种;灯"])]  # as a spreadsheet counts, which hides that line
    assert list(table.rows()) == [(2, ["CN1", "一,种;灯"])]


@pytest.mark.parametrize("before", ["\r\n", ";;;\r\n", "\r\n ; \r\n"])
def test_the_separator_is_that_of_the_first_line_that_holds_something(tmp_path, before):
    path = tmp_path / "a.csv"
    path.write_text(before + "申请号;专利名称\r\nCN1;灯\r\n", "utf-8")
    table = tables.read(path)
    assert table.headers == ["申请号", "专利名称"]
    assert [cells for _, cells in table.rows()] == [["CN1", "灯"]]


def test_cells_that_force_text_in_a_spreadsheet(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('申请号,名称\n="2017106018623",="a"&"b"\n"=""2017""",=A1\n', "utf-8")
    assert list(tables.read(path).rows()) == [(2, ["2017106018623", '="a"&"b"']), (3, ["2017", "=A1"])]


def test_ragged_rows_are_given_as_they_are(tmp_path):
    rows = [["a", "b", "c"], ["1"], ["1", "2", "3", "4"]]
    assert list(tables.read(csv_file(tmp_path / "a.csv", rows)).rows()) == [(2, ["1"]), (3, ["1", "2", "3", "4"])]


def test_blank_rows_around_few_real_ones(tmp_path):
    rows = [["a"], *[[""]] * 5_000, ["1"], *[[" \u00a0"]] * 27]
    assert list(tables.read(csv_file(tmp_path / "a.csv", rows)).rows()) == [(5_002, ["1"])]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n , ,\n",
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
        list(tables.read(path).rows())
    assert "；" in refused.value.message_zh
    assert str(refused.value) == refused.value.message_en
    assert refused.value.message_en.isascii()


def test_a_damaged_workbook_is_refused(tmp_path):
    path = xlsx_file(tmp_path / "a.xlsx")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UnreadableFile):
        tables.read(path)


def test_a_zip_that_is_no_workbook_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(UnreadableFile):
        tables.read(tmp_path / "a.xlsx")


def test_a_zip_bomb_is_refused_by_its_declared_size(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(6):
            archive.writestr(f"{number}.xml", bytes(100 << 20))
    assert (tmp_path / "a.xlsx").stat().st_size < 1 << 20
    with pytest.raises(UnreadableFile, match="600 MiB"):
        tables.read(tmp_path / "a.xlsx")


def test_a_cell_far_out_does_not_take_the_process_down(tmp_path):
    book = Workbook()
    book.active["A1"], book.active["XFD1048576"] = "申请号", "x"
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(UnreadableFile, match="damaged"):
        tables.read(tmp_path / "a.xlsx")


def test_an_old_workbook_under_the_new_name(tmp_path):
    book = xlwt.Workbook()
    book.add_sheet("甲").write(0, 0, "申请号")
    book.save(str(tmp_path / "a.xlsx"))
    assert tables.read(tmp_path / "a.xlsx").format == "xls"


def test_a_cell_of_the_greatest_length_is_read_and_one_longer_is_not(tmp_path):
    cell = "字" * tables.MAX_CELL_CHARS
    assert list(tables.read(csv_file(tmp_path / "a.csv", [["a"], [cell]])).rows()) == [(2, [cell])]
    with pytest.raises(UnreadableFile, match="row 2"):
        list(tables.read(csv_file(tmp_path / "b.csv", [["a"], [cell + "字"]])).rows())
    with pytest.raises(UnreadableFile):
        list(tables.read(csv_file(tmp_path / "c.csv", [["a"], [cell * 10]])).rows())


def test_too_many_columns_rows_or_bytes_are_refused(tmp_path, monkeypatch):
    with pytest.raises(UnreadableFile, match="513 columns"):
        tables.read(csv_file(tmp_path / "a.csv", [["a"] * (tables.MAX_COLUMNS + 1)]))
    monkeypatch.setattr(tables, "MAX_ROWS", 3)
    with pytest.raises(UnreadableFile, match="4 rows"):
        list(tables.read(csv_file(tmp_path / "b.csv")).rows())
    with pytest.raises(UnreadableFile, match="4 rows"):
        tables.read(xlsx_file(tmp_path / "b.xlsx"))
    monkeypatch.setattr(tables, "MAX_CSV_BYTES", 10)
    with pytest.raises(UnreadableFile, match="MiB"):
        tables.read(tmp_path / "b.csv")
