"""Tables as people have them: headings known, near, wrong or absent, banners, shifted and blank rows."""

import csv

import pytest
from openpyxl import Workbook

from deploy import madeup
from records import kinds, layout, reading, statement
from records.errors import UnreadableFile
from tests.node.filing import number

MADE = [list(row.values()) for row in madeup.made_up(3, 1, 40)]
NAMES = list(next(iter(madeup.made_up(3, 1, 1))))


def at(*names):
    """Return the made-up rows with these columns only."""
    return [[row[NAMES.index(name)] for name in names] for row in MADE]


def written(path, rows, encoding="utf-8", delimiter=","):
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def stated(reader):
    return [row for row in statement.rows(reader.drafts(), kinds.BUILT_IN, reader.stated) if hasattr(row, "record")]


def rules(rows):
    return [(found.rule, found.field) for row in rows for found in row.findings]


def paths(reader):
    return [one.path for one in reader.mapping.columns]


USUAL = ("专利类型", "专利名称", "申请号", "申请日", "申请人/专利权人", "发明人")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_without_headings_the_cells_tell_and_it_is_said(tmp_path, encoding):
    reader = reading.recognise(written(tmp_path / "a.csv", at(*USUAL), encoding))
    assert reader.encoding == encoding
    assert paths(reader) == ["right_type_text", "title", "application_no", "filing_date", "owners", "inventors"]
    rows = stated(reader)
    assert len(rows) == 40
    assert all(row.record for row in rows)
    assert {rule for rule, _ in rules(rows)} == {"COLUMN_BY_CONTENT"}
    assert [field for _, field in rules(rows)] == paths(reader)  # once a column, with the first row
    assert all(row.findings == [] for row in rows[1:])
    assert all(0.8 <= one.confidence <= 1 and one.zh and one.en.isascii() for one in reader.proposal.suggestions)


def test_two_short_names_are_people_and_no_region(tmp_path):
    rows = [[*cells, "张三;李四", "广东;44"] for cells in at("申请号", "专利名称")]
    reader = reading.recognise(written(tmp_path / "a.csv", rows))
    assert paths(reader) == ["application_no", "title", "inventors", "region"]


def test_a_filing_date_under_a_heading_that_nobody_knows(tmp_path):
    path = written(
        tmp_path / "a.csv",
        [["专利名称", "申请号", "sql", "授权"], *at("专利名称", "申请号", "申请日", "法律状态最后修改日期")],
    )
    reader = reading.recognise(path)
    assert paths(reader)[:3] == ["title", "application_no", "filing_date"]
    rows = stated(reader)
    assert ("COLUMN_BY_CONTENT", "filing_date") in rules(rows)
    assert rows[3].record.fields["filing_date"].replace("-", ".") == MADE[3][NAMES.index("申请日")]


def test_every_heading_wrong(tmp_path):
    reader = reading.recognise(written(tmp_path / "a.csv", [["甲", "乙", "丙"], *at("专利名称", "申请号", "申请日")]))
    assert (reader.proposal.after, reader.mapping.has_headings) == (1, True)
    assert paths(reader)[1:] == ["application_no", "filing_date"]
    assert len(stated(reader)) == 40


def test_publication_numbers_under_the_heading_of_application_numbers_are_said(tmp_path):
    reader = reading.recognise(written(tmp_path / "a.csv", [["申请号", "名称"], *at("公开（公告）号", "专利名称")]))
    assert paths(reader) == ["publications.1.no", "title"]
    rows = stated(reader)
    assert rules(rows)[0] == ("WRONG_HEADING", "publications")
    assert "申请号" in rows[0].findings[0].zh
    assert all(row.record and ":pub/" in row.record.key for row in rows)


def test_two_wrong_cells_do_not_overrule_a_heading(tmp_path):
    reader = reading.recognise(written(tmp_path / "a.csv", [["申请号", "名称"], *at("公开（公告）号", "专利名称")[:2]]))
    assert paths(reader) == ["application_no", "title"]
    assert {rule for rule, _ in rules(stated(reader))} == {"APPNO_FORM"}


def test_locarno_classes_in_the_ipc_column_are_said_row_by_row(tmp_path):
    rows = [
        ["申请号", "专利类型", "主分类号"],
        *([number, "外观设计", "12-16"] for number in ("201730000001", "201730000002")),
    ]
    found = stated(reading.recognise(written(tmp_path / "a.csv", rows)))
    assert rules(found) == [("LOCARNO_IN_IPC", "ipc")] * 2
    assert found[0].record.fields["locarno"] == ["12-16"]


@pytest.mark.parametrize(
    "heading", ["申请号*", "★申请号", "申请号：", "申请号（必填）", "申请号(如:201710601862.3)", "申 请 号"]
)
def test_a_heading_with_a_remark_is_near_enough(tmp_path, heading):
    reader = reading.recognise(written(tmp_path / "a.csv", [[heading, "名称"], *at("申请号", "专利名称")]))
    assert paths(reader) == ["application_no", "title"]
    assert rules(stated(reader)) == []


def test_a_banner_above_the_headings(tmp_path):
    book = Workbook()
    for row in (["深圳大学专利清单"], ["", "制表：科研处"], [], list(USUAL), *at(*USUAL)):
        book.active.append(row)
    book.active.merge_cells("A1:F1")
    book.save(tmp_path / "a.xlsx")
    rows = stated(reading.recognise(tmp_path / "a.xlsx"))
    assert [row.row_no for row in rows] == list(range(5, 45))
    assert all(row.record and not row.findings for row in rows)


def test_two_heading_rows_and_cells_merged_downwards(tmp_path):
    book = Workbook()
    sheet = book.active
    sheet.append(["专利", "", "权利人", "发明人"])
    sheet.append(["申请号", "申请日", "", ""])
    for place, row in enumerate(at("申请号", "申请日", "申请人/专利权人", "发明人")[:4]):
        sheet.append(row if not place else [*row[:2], "", row[3]])
    for merged in ("A1:B1", "C1:C2", "D1:D2", "C3:C6"):
        sheet.merge_cells(merged)
    book.save(tmp_path / "a.xlsx")
    rows = stated(reading.recognise(tmp_path / "a.xlsx"))
    assert [row.row_no for row in rows] == [3, 4, 5, 6]
    assert "权利人" in rows[0].raw  # not known for patents, and there
    assert len({row.raw["权利人"] for row in rows}) == 1


def test_blank_rows_are_counted_where_they_stand(tmp_path):
    path = written(tmp_path / "a.csv", [["申请号"], [], *at("申请号")[:1], [" "], *at("申请号")[1:2]])
    drafts = list(reading.recognise(path).drafts())
    assert [one.place for one in drafts if isinstance(one, reading.Blank)] == [2, 4]
    assert [one.place for one in drafts if isinstance(one, reading.Draft)] == [3, 5]


def test_the_columns_of_our_own_result_workbook_are_not_read(tmp_path):
    rows = [
        ["申请号", "名称", "行号", "结果", "原因"],
        *([*row, "2", "拒绝", "校验位不对"] for row in at("申请号", "专利名称")),
    ]
    reader = reading.recognise(written(tmp_path / "a.csv", rows))
    assert paths(reader) == ["application_no", "title", "", "", ""]


def test_the_order_of_the_cnipr_download_without_headings(tmp_path):
    rows = []
    for row in madeup.made_up(3, 1, 30):
        first = [row[name] for name in ("申请号", "专利名称", "主分类号", "分类号", "申请人/专利权人", "发明人")]
        more = [
            row[name] for name in ("申请公布日/授权公告日", "公开（公告）号", "代理机构", "代理人", "申请日", "地址")
        ]
        rows.append([*first, *more, "", "广东;44", row["摘要"], "1.一种装置。", *[""] * 9])
    reader = reading.recognise(written(tmp_path / "a.txt", rows, "gb18030", "\t"))
    assert (reader.format, reader.layout, len(rows[0])) == ("tsv", "trs-25", 25)
    found = stated(reader)
    assert all(row.record for row in found)
    fields = found[0].record.fields
    assert fields["publications"][0]["date"]
    assert (fields["region"], fields["claim1"]) == ("440000", "1.一种装置。")
    assert fields["raw"]["region"] == "广东;44"


PATSNAP = {
    "公开(公告)号": "CN107000001A",
    "申请号": "CN201710601862.3",
    "申请日": "2017-07-21",
    "标题(译)(简体中文)": "一种灯",
    "[标]当前申请(专利权)人": "深圳大学 | 甲有限公司",
    "发明人": "戴明 | D·W·贝特",
    "IPC分类号": "H05K7/20 | B65D1/02",
    "简单法律状态": "审中",
}
INCOPAT = {
    "序号": "1",
    "标题": "一种灯",
    "申请人": "深圳大学;甲有限公司",
    "公开（公告）号": "CN107000001A",
    "公开（公告）日": "20180125",
    "申请号": "CN201710601862.3",
    "申请日": "20170721",
    "专利类型": "发明申请",
    "公开国别": "中国",
    "链接到incoPat": '=HYPERLINK("http://x")',
    "IPC主分类": "H05K7/20",
}
OWNERS = [{"name": "深圳大学"}, {"name": "甲有限公司"}]


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("patsnap", PATSNAP, {"inventors": ["戴明", "D·W·贝特"], "ipc": ["H05K 7/20", "B65D 1/02"]}),
        ("incopat", INCOPAT, {"publications": [{"no": "CN107000001A", "kind": "A", "date": "2018-01-25"}]}),
    ],
)
def test_headings_of_other_programs(tmp_path, name, cells, expected):
    reader = reading.recognise(written(tmp_path / "a.csv", [list(cells), list(cells.values())]))
    (row,) = stated(reader)
    assert reader.layout == name
    assert row.record.key == "patent_invention:CN:201710601862.3"
    assert row.record.fields["owners"] == OWNERS
    assert {field: row.record.fields[field] for field in expected} == expected


def test_a_trademark_of_several_classes_is_a_record_each(tmp_path):
    rows = [
        ["注册号", "国际分类", "商标名称", "申请人"],
        ["12345678", "9;35、42", "甲", "深圳大学"],
        ["12345679", "9", "", "深圳大学"],
    ]
    found = stated(
        reading.recognise(written(tmp_path / "a.csv", [rows[0], ["12345678", "9;35;42", "甲", "深圳大学"], rows[2]]))
    )
    assert [row.row_no for row in found] == [2, 2, 2, 3]
    assert [row.record.key for row in found] == [
        *(f"trademark:CN:12345678/{nice}" for nice in (9, 35, 42)),
        "trademark:CN:12345679/9",
    ]


def test_an_event_with_parties_of_two_columns(tmp_path):
    headings = ["专利号", "专利名称", "合同备案号", "让与人", "受让人", "许可种类", "备案日期"]
    cells = ["ZL201710601862.3", "一种灯", "X2020440000001", "深圳大学", "甲有限公司", "独占许可", "2020.01.02"]
    (row,) = stated(reading.recognise(written(tmp_path / "a.csv", [headings, cells])))
    assert row.record.kind == "licence"
    assert row.record.key == "licence:patent_invention:CN:201710601862.3/-/2020-01-02/X2020440000001"
    assert row.record.fields["parties"] == [
        {"name": "深圳大学", "role": "licensor"},
        {"name": "甲有限公司", "role": "licensee"},
    ]


def test_owners_with_their_codes_pair_or_are_refused(tmp_path):
    headings = ["申请号", "申请人", "统一社会信用代码"]
    path = written(tmp_path / "a.csv", [headings, ["CN201710601862.3", "深圳大学", "914403001922038216"]])
    assert stated(reading.recognise(path))[0].record.fields["owners"] == [
        {"name": "深圳大学", "uscc": "914403001922038216"}
    ]
    path = written(tmp_path / "b.csv", [headings, ["CN201710601862.3", "深圳大学;甲", "914403001922038216"]])
    assert rules(stated(reading.recognise(path))) == [("LIST_MISMATCH", "owners")]


def test_a_list_in_a_cell_written_as_json(tmp_path):
    rows = [
        ["publication_number", "text", "labels"],
        *([f"CN10700000{n}A", "x", '["G06F2119/14", "G06F30/23"]'] for n in range(4)),
    ]
    reader = reading.recognise(written(tmp_path / "a.csv", rows))
    assert paths(reader) == ["publications.1.no", "", "cpc"]
    assert stated(reader)[0].record.fields["cpc"] == ["G06F 2119/14", "G06F 30/23"]


def test_a_mapping_is_saved_read_back_and_found_again_by_headings(tmp_path):
    path = written(tmp_path / "a.csv", [["号", "名"], *at("申请号", "专利名称")])
    wanted = layout.Mapping("", True, (layout.Column("号", "application_no"), layout.Column("名", "title")))
    again = layout.Mapping.from_dict(wanted.as_dict())
    assert again == wanted
    assert rules(stated(reading.recognise(path, again))) == []
    turned = written(
        tmp_path / "b.csv", [["清单"], ["多", "名", "号"], *(["x", *row] for row in at("专利名称", "申请号"))]
    )
    reader = reading.recognise(turned, again)
    assert (paths(reader), reader.proposal.after) == (["", "title", "application_no"], 2)
    with pytest.raises(UnreadableFile, match="none of the headings"):
        reading.recognise(written(tmp_path / "c.csv", [["甲"], ["乙"]]), again)


def test_a_mapping_by_place(tmp_path):
    wanted = layout.Mapping("", False, (layout.Column("", "title"), layout.Column("", "application_no")))
    reader = reading.recognise(written(tmp_path / "a.csv", at("专利名称", "申请号")), wanted)
    assert len(stated(reader)) == 40
    assert rules(stated(reader)) == []


def mapping_of(**changed):
    return {"kind": "", "has_headings": True, "columns": [], **changed}


BAD_COLUMNS = [["a"], [{"heading": "a"}], [{"heading": "a", "path": None}]]


@pytest.mark.parametrize(
    "data",
    [None, [], {}, mapping_of(kind=1), mapping_of(has_headings=1), *(mapping_of(columns=one) for one in BAD_COLUMNS)],
)
def test_what_is_no_mapping_is_refused(data):
    with pytest.raises(layout.MalformedMapping):
        layout.Mapping.from_dict(data)


def test_a_proposal_shows_twenty_rows_and_says_why(tmp_path):
    table = reading.table(written(tmp_path / "a.csv", [list(USUAL), *at(*USUAL)]))
    found = layout.propose(table, kinds.BUILT_IN)
    assert [number for number, _ in found.sample] == list(range(2, 22))
    assert found.sample[0][1] == tuple(at(*USUAL)[0])
    assert [one.confidence for one in found.suggestions] == [1.0] * 6
    assert found.layout == ""


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["公司", "外观", "2020", "2021"], ["甲", "1", "2", "3"], ["乙", "4", "5", "6"]], "统计表"),
        ([["Event-code", "Description ENG"], ["AD01", "ABANDONED"]], "代码"),
        ([["AD", "Andorra"], ["CN", "China"]], "代码"),
        ([["科目", "余额"], ["甲", "乙"]], "标识号"),
    ],
)
def test_what_holds_no_rights_is_refused_as_what_it_is(tmp_path, rows, said):
    with pytest.raises(UnreadableFile) as refused:
        reading.recognise(written(tmp_path / "a.csv", rows))
    assert said in refused.value.message_zh


def test_some_wrong_numbers_do_not_hide_the_identifier(tmp_path):
    rows = [[number(n), f"一种灯{n}"] for n in (1, 2)] + [
        [number(3)[:-1] + ("0" if number(3)[-1] != "0" else "1"), "灯"]
    ]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(",".join(row) for row in rows), "utf-8")
    reader = reading.recognise(path)
    found = list(statement.rows(reader.drafts(), stated=reader.stated))
    assert [row.record is not None for row in found] == [True, True, False]
    assert "APPNO_CHECK" in [one.rule for one in found[2].findings]
