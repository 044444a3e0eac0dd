"""The office's search export and files like it, row by row."""

import csv
from collections import Counter

import pytest

from records import audience, body, changes, kinds, reading, statement, view
from records.errors import UnreadableFile

HEADINGS = [
    "专利类型",
    "专利名称",
    "法律状态",
    "申请公布日/授权公告日",
    "申请号",
    "申请日",
    "申请人/专利权人",
    "发明人",
]
CELLS = ["发明申请", "一种灯", "授权", "2018.01.25", "CN201710601862.3", "2017.07.21", "深圳大学", "戴明 ; D·W·贝特"]


def opened(path):
    reader = reading.recognise(path)
    return list(statement.rows(reader.drafts(), kinds.BUILT_IN, reader.stated))


def read(tmp_path, *rows, encoding="utf-8"):
    path = tmp_path / "a.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return opened(path)


def one(tmp_path, **changed):
    """Read one row: the usual cells with some changed or added, by heading."""
    cells = {**dict(zip(HEADINGS, CELLS, strict=True)), **changed}
    (row,) = read(tmp_path, list(cells), list(cells.values()))
    return row


def rules(row):
    return [found.rule for found in row.findings]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("专利_34304.xls", {"patent_invention": 90, "utility_model": 16, "design": 4}),
        ("专利_207872.xls", {"patent_invention": 751}),
        ("专利-副本_203776.xls", {"patent_invention": 744}),
    ],
)
def test_every_row_of_the_real_files_is_a_record_without_a_finding(shared_data, name, kinds):
    path = shared_data / "pss_xls" / name
    rows = opened(path)
    assert Counter(row.record.kind for row in rows) == kinds
    assert [row.row_no for row in rows] == list(range(2, sum(kinds.values()) + 2))
    assert not [row.row_no for row in rows if row.findings]
    assert reading.recognise(path).unknown == ()
    for row in rows:
        assert body.decode(body.encode(row.record)) == row.record
        assert audience.default_audience(row.record) == "federation"
        assert view.columns(row.record).applicants


def test_the_smaller_real_file_changes_nothing_of_the_larger(shared_data):
    filed, again = (
        {row.record.key: row for row in opened(shared_data / "pss_xls" / name)}
        for name in ("专利_207872.xls", "专利-副本_203776.xls")
    )
    assert len(filed) == 751
    for key, row in again.items():
        assert changes.change(filed[key].record, row.record, row.stated, clear_empty=True) is None


def test_a_row_in_canonical_form(tmp_path):
    row = one(tmp_path)
    assert row.findings == []
    assert row.record == body.Record(
        "patent_invention:CN:201710601862.3",
        "assert",
        "patent_invention",
        1,
        {
            "application_no": "201710601862.3",
            "filing_date": "2017-07-21",
            "inventors": ["戴明", "D·W·贝特"],
            "owners": [{"name": "深圳大学"}],
            "publication_date": "2018-01-25",
            "right_type_text": "发明申请",
            "status_text": "授权",
            "title": "一种灯",
        },
        {"row": 2},
    )
    assert row.stated == frozenset(row.record.fields)
    assert row.raw["申请号"] == "CN201710601862.3"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_headings_and_cells_in_any_encoding(tmp_path, encoding):
    (row,) = read(tmp_path, HEADINGS, CELLS, encoding=encoding)
    assert row.record.fields["title"] == "一种灯"


def test_headings_match_whatever_the_width_of_brackets_and_blanks(tmp_path):
    columns = {"公开(公告)号": "CN107000001A", " 公开（公告）日 ": "2018-01-25", "IPC主分类号": "B65D1/02"}
    fields = one(tmp_path, **columns).record.fields
    assert fields["publications"] == [{"no": "CN107000001A", "kind": "A", "date": "2018-01-25"}]
    assert fields["ipc"] == ["B65D 1/02"]


def test_classes_are_joined_main_first_and_only_a_lost_version_is_kept_as_written(tmp_path):
    row = one(tmp_path, 分类号="H05K7/20;B65D1/02", 主分类号="B65D1/02")
    assert row.record.fields["ipc"] == ["B65D 1/02", "H05K 7/20"]
    assert "raw" not in row.record.fields
    row = one(tmp_path, 主分类号="B65D1/02(2006.01)I")
    assert row.record.fields["ipc"] == ["B65D 1/02"]
    assert row.record.fields["raw"] == {"ipc": "B65D1/02(2006.01)I"}


def test_a_computed_check_digit_keeps_what_was_written(tmp_path):
    fields = one(tmp_path, 申请号="CN201710601862").record.fields
    assert (fields["application_no"], fields["raw"]) == ("201710601862.3", {"application_no": "CN201710601862"})


def test_the_one_date_of_the_export_belongs_to_its_one_publication(tmp_path):
    fields = one(tmp_path, **{"公开（公告）号": "CN107000001A"}).record.fields
    assert fields["publications"] == [{"no": "CN107000001A", "kind": "A", "date": "2018-01-25"}]


def test_application_and_grant_are_two_publications(tmp_path):
    columns = {"公开号": "CN107000001A", "公开日": "20180125", "授权公告号": "CN107000001B", "授权公告日": "2019/3/4"}
    publications = one(tmp_path, **columns).record.fields["publications"]
    assert [(item["no"], item["date"]) for item in publications] == [
        ("CN107000001A", "2018-01-25"),
        ("CN107000001B", "2019-03-04"),
    ]


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"专利类型": "发明公开"}, "patent_invention"),
        ({"专利类型": "发明授权"}, "patent_invention"),
        ({"专利类型": ""}, "patent_invention"),
        ({"专利类型": "", "申请号": "201820000001.1"}, "utility_model"),
        ({"专利类型": "外观设计", "申请号": "201730000001.4"}, "design"),
        ({"专利类型": "", "申请号": "", "公开（公告）号": "CN304000001S"}, "design"),
    ],
)
def test_the_kind_comes_from_the_type_or_the_number(tmp_path, changed, kind):
    if changed.get("申请号"):
        changed = {**changed, "申请号": changed["申请号"][:12], "申请日": ""}
    assert one(tmp_path, **changed).record.kind == kind


def test_a_designs_class_in_the_ipc_column_is_moved(tmp_path):
    row = one(tmp_path, 专利类型="外观设计", 申请号="201730000001", 申请日="", 主分类号="12-16")
    assert rules(row) == ["LOCARNO_IN_IPC"]
    assert row.record.fields["locarno"] == ["12-16"]
    assert "ipc" not in row.record.fields


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"申请号": ""}, "NO_IDENTIFIER"),
        ({"申请号": "无数据", "专利类型": ""}, "NO_IDENTIFIER"),
        ({"申请号": "CN201710601862.4"}, "APPNO_CHECK"),
        ({"申请号": "CN107000001A"}, "APPNO_FORM"),
        ({"申请号": "CN107000001A", "专利类型": ""}, "APPNO_FORM"),
        ({"专利类型": "实用新型"}, "TYPE_MISMATCH"),
        ({"专利类型": "商标"}, "TYPE_UNKNOWN"),
        ({"申请日": "2017.13.01"}, "DATE_FORM"),
        ({"申请日": "2019.01.01"}, "DATE_ORDER"),
        ({"主分类号": "照明"}, "IPC_FORM"),
        ({"专利名称": "一种\x07灯"}, "CONTROL_CHARACTER"),
        ({"专利名称": "灯" * 2001}, "TOO_LONG"),
        ({"摘要": "照" * 9_000, "主权项": "明" * 19_000}, "TOO_LARGE"),
    ],
)
def test_a_row_with_an_error_has_no_record(tmp_path, changed, rule):
    row = one(tmp_path, **changed)
    assert row.record is None
    assert rule in rules(row)


def test_a_row_with_only_a_publication_number_is_a_record_with_a_warning(tmp_path):
    row = one(tmp_path, 申请号="", **{"公开（公告）号": "CN107000001A"})
    assert row.record.key == "patent_invention:CN:pub/CN107000001A"
    assert rules(row) == ["PUBNO_ONLY"]


@pytest.mark.parametrize("cells", [CELLS[:5], CELLS[1:], [*CELLS, "x"], ["", *CELLS]])
def test_a_ragged_row_is_refused_not_shifted(tmp_path, cells):
    refused, kept = read(tmp_path, HEADINGS, cells, CELLS)
    assert (refused.record, rules(refused)) == (None, ["RAGGED_ROW"])
    assert kept.record is not None


def test_blank_cells_beyond_the_headings_do_no_harm(tmp_path):
    (row,) = read(tmp_path, [*HEADINGS, ""], [*CELLS, "", " ", ""])
    assert row.findings == []


def test_the_first_of_two_rows_is_kept(tmp_path):
    other = ["发明申请", "另一种灯", *CELLS[2:]]
    first, same, differs = read(tmp_path, HEADINGS, CELLS, CELLS, other)
    assert (first.findings, rules(same), rules(differs)) == ([], ["DUPLICATE_ROW"], ["DUPLICATE_KEY"])
    assert same.record is not None
    assert differs.record is None
    assert "第 2 行" in differs.findings[0].zh


@pytest.mark.parametrize("headings", [["专利名称", "申请人"], ["甲", "乙"], ["申请号", "申请日", " 申请号"]])
def test_a_file_whose_columns_are_not_clear_is_refused(tmp_path, headings):
    with pytest.raises(UnreadableFile) as refused:
        read(tmp_path, headings, CELLS)
    assert headings[-1].strip() in refused.value.message_zh


def test_unknown_columns_are_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(",".join([*HEADINGS, "评语"]) + "\n", "utf-8")
    reader = reading.recognise(path)
    assert reader.unknown == ("评语",)
    assert len(reader.stated) == len(HEADINGS)


def test_the_same_row_written_in_another_way_is_a_repetition(tmp_path):
    cells = [*CELLS[:4], "ZL201710601862", "2017年7月21日", *CELLS[6:]]
    first, second = read(tmp_path, HEADINGS, CELLS, cells)
    assert (rules(first), rules(second)) == ([], ["DUPLICATE_ROW"])


def test_a_heading_twice_matters_only_where_it_is_read(tmp_path):
    cells = ["CN201710601862.3", "甲", "乙"]
    (row,) = read(tmp_path, ["申请号", "评语", "评语"], cells)
    assert row.record.fields == {"application_no": "201710601862.3"}
    for heading in ("申请日", "授权公告号", " 公开(公告)日"):
        with pytest.raises(UnreadableFile, match="twice"):
            read(tmp_path, ["申请号", heading, heading], cells)


def test_several_publications_in_one_cell_pair_with_their_dates(tmp_path):
    columns = {"公开（公告）号": "CN107000001A; CN107000001B", "公开（公告）日": "2018.01.25;2019.02.01"}
    row = one(tmp_path, **columns)
    assert row.record.fields["publications"] == [
        {"no": "CN107000001A", "kind": "A", "date": "2018-01-25"},
        {"no": "CN107000001B", "kind": "B", "date": "2019-02-01"},
    ]
    columns["公开（公告）日"] = "2018.01.25;2019.02.01;2020.01.01"
    assert rules(one(tmp_path, **columns)) == ["LIST_MISMATCH"]


def test_numbers_of_another_office_tell_no_kind_and_the_key_of_an_own_export_does(tmp_path):
    foreign = {"受理局": "EP", "申请号": "99203729", "专利类型": ""}
    untold = one(tmp_path, **foreign)
    assert untold.record is None
    assert rules(untold) == ["TYPE_UNKNOWN"]
    assert rules(one(tmp_path, **foreign | {"受理局": "US", "申请号": "13797521"})) == ["TYPE_UNKNOWN"]
    told = one(tmp_path, **foreign, 记录标识="patent_invention:EP:99203729")
    assert told.record.key == "patent_invention:EP:99203729"
    worded = one(tmp_path, **foreign | {"专利类型": "Utility"}, 记录标识="patent_invention:EP:99203729")
    assert worded.record.key == "patent_invention:EP:99203729"
    odd = one(tmp_path, **foreign, 记录标识="trademark:EP:99203729/9")
    assert odd.record is None
