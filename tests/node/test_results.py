"""The result workbook: every row comes back with its verdict, and the mended rows are taken from it."""

import openpyxl
import pytest

from node import intake, results
from records.rules import finding
from tests.node.filing import node_at, row, write


def sheet_of(path):
    return openpyxl.load_workbook(path).worksheets[0]


def rows_of(path):
    return [[cell.value or "" for cell in one] for one in sheet_of(path)]


def test_each_row_comes_back_with_its_verdict(tmp_path):
    wrong = finding("APPNO_FORM", "application_no", "x")
    with results.ResultBook(tmp_path / "r.xlsx", ["申请号", "名称"]) as book:
        book.add(2, ["201710601862.3", "=1+1"], "sealed")
        book.add(4, {"申请号": "x", "名称": "乙"}, "refused", [wrong])
        book.add(5, ["1"], "unchanged", [wrong])
        book.add(6, ["1", "2", "3"], "refused", [wrong])
    found = rows_of(tmp_path / "r.xlsx")
    assert found[0] == ["申请号", "名称", "行号", "结果", "原因"]
    assert found[1] == ["201710601862.3", "=1+1", "2", "登记", ""]
    assert found[2] == ["x", "乙", "4", "退回", wrong.zh]
    assert found[3] == ["1", "", "5", "未变，有提示", wrong.zh]
    assert found[4] == ["1", "2", "6", "退回", f"{wrong.zh}\n没有标题的内容：3"]
    assert {cell.data_type for one in sheet_of(tmp_path / "r.xlsx") for cell in one if cell.value} == {"s"}


def test_it_speaks_english_when_asked(tmp_path):
    wrong = finding("APPNO_FORM", "application_no", "x")
    with results.ResultBook(tmp_path / "r.xlsx", ["a"], "en") as book:
        book.add(2, ["1"], "sealed", [wrong])
    assert rows_of(tmp_path / "r.xlsx")[1] == ["1", "2", "sealed, with warnings", wrong.en]


def test_the_columns_of_an_earlier_result_are_not_kept(tmp_path):
    for given in (["1", "2", "退回", "因为"], {"a": "1", "行号": "2", "结果": "退回", "原因": "因为"}):
        with results.ResultBook(tmp_path / "r.xlsx", ["a", "行号", "结果", "原因"]) as book:
            book.add(2, given, "sealed")
        assert rows_of(tmp_path / "r.xlsx") == [["a", "行号", "结果", "原因"], ["1", "2", "登记", ""]]


def test_a_column_of_the_file_that_is_named_like_ours_is_kept(tmp_path):
    with results.ResultBook(tmp_path / "r.xlsx", ["原因", "a"]) as book:
        book.add(2, {"原因": "x", "a": "1"}, "sealed")
    assert rows_of(tmp_path / "r.xlsx")[1] == ["x", "1", "2", "登记", ""]


def test_a_workbook_is_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "r.xlsx"
    path.write_bytes(b"old")
    with pytest.raises(AttributeError), results.ResultBook(path, ["a"]) as book:
        book.add(2, ["1"], "sealed", [None])
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_sheet_is_followed_by_another(tmp_path):
    with results.ResultBook(tmp_path / "r.xlsx", ["a"], max_rows=3) as book:
        for number in range(2, 7):
            book.add(number, [str(number)], "sealed")
    assert [len(list(sheet)) for sheet in openpyxl.load_workbook(tmp_path / "r.xlsx")] == [3, 3, 2]


def test_the_mended_rows_alone_are_taken_from_it(tmp_path):
    node = node_at(tmp_path)
    path = write(tmp_path / "专利.csv", [row(1), row(2, 申请号="CN2017100000029"), row(3)])
    first = intake.take_file(node, path, "张三")
    assert (first.sealed, first.refused) == (2, 1)
    found = tmp_path / "result.xlsx"
    file = intake.open_file(path)
    with results.ResultBook(found, [one.heading for one in file.columns.columns]) as book:
        for one in file.rows():
            book.add(one.row_no, one.raw, "sealed" if one.record else "refused", one.findings)
    opened = openpyxl.load_workbook(found)
    sheet = opened.active
    at = {cell.value: cell.column for cell in sheet[1]}
    assert [one[at["结果"] - 1].value for one in sheet.iter_rows(min_row=2)] == ["登记", "退回", "登记"]
    sheet.cell(3, at["申请号"]).value = row(2)["申请号"]
    opened.save(found)
    again = intake.take_file(node, found, "张三")
    assert (again.rows, again.sealed, again.unchanged, again.refused) == (3, 1, 2, 0)
