"""TRS text and JSON Lines."""

import json

import pytest

from records import body, kinds, reading, statement
from records.errors import UnreadableFile

TRS = """<REC>
<公开（公告）号>=CN1279731A
<申请号>=CN98811333.3
<申请日>=1998.03.11
<名称>=放电表面处理用
压粉体电极
<国际申请>=PCT/JP98/01007 1998.03.11
<国际公布>=WO99/46424 日 1999.09.16

<REC>
<申请号>=CN85100462
<申请（专利权）人>=南开大学
"""


def rows(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    reader = reading.recognise(path)
    return reader, list(statement.rows(reader.drafts(), kinds.BUILT_IN, reader.stated))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_trs_text(tmp_path, encoding, end):
    reader, (first, second) = rows(tmp_path / "a", TRS.replace("\n", end).encode(encoding))
    assert (reader.format, reader.encoding, reader.layout) == ("trs", encoding, "trs")
    assert first.record.key == "patent_invention:CN:98811333.3"
    assert first.record.fields["title"] == "放电表面处理用 压粉体电极"
    assert first.record.fields["pct"] == {
        "application_no": "PCT/JP98/01007",
        "application_date": "1998-03-11",
        "publication_no": "WO99/46424",
        "publication_date": "1999-09-16",
    }
    assert (second.row_no, second.record.key) == (2, "patent_invention:CN:85100462.8")
    assert second.record.fields["owners"] == [{"name": "南开大学"}]


def test_both_files_of_the_office_say_the_same(shared_data):
    found = []
    for name in ("sample_utf8.trs", "sample_gb18030.trs"):
        reader = reading.recognise(shared_data / "trs_sample" / name)
        found.append([row.record for row in statement.rows(reader.drafts(), kinds.BUILT_IN, reader.stated)])
    assert found[0] == found[1]
    assert [one.key for one in found[0]] == ["patent_invention:CN:85100462.8", "patent_invention:CN:98811333.3"]


def a_record(**changed):
    fields = {"application_no": "201710601862.3", "title": "灯", "owners": [{"name": "甲, Inc."}], "ipc": ["H05K 7/20"]}
    return body.Record("patent_invention:CN:201710601862.3", "assert", "patent_invention", 1, fields | changed)


def test_our_own_bodies_come_back_as_they_were(tmp_path):
    record = a_record()
    reader, (blank, row) = rows(tmp_path / "a", b"\n" + body.encode(record) + b"\n")
    assert (reader.format, reader.layout) == ("jsonl", "records")
    assert isinstance(blank, reading.Blank)
    assert row.findings == []
    assert (row.record.key, row.record.fields, row.stated) == (record.key, record.fields, frozenset(record.fields))


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"key": "patent_invention:CN:201710601863.3"}, "KEY_MISMATCH"),
        ({"op": "withdraw"}, "NO_ASSERTION"),
        ({"version": 99}, "UNKNOWN_VERSION"),
        ({"kind": "unheard_of"}, "UNKNOWN_KIND"),
        ({"fields": []}, "NO_IDENTIFIER"),
        ({"fields": {"application_no": 5}}, "SCHEMA"),
    ],
)
def test_a_body_that_is_not_right_is_refused_alone(tmp_path, changed, rule):
    right = json.loads(body.encode(a_record()))
    lines = [json.dumps({**right, **changed}), json.dumps(right)]
    _, (bad, good) = rows(tmp_path / "a", "\n".join(lines))
    assert bad.record is None
    assert rule in [one.rule for one in bad.findings] or bad.findings
    assert good.record is not None


def test_flat_objects_by_field_or_heading(tmp_path):
    lines = [
        {"application_no": "CN201710601862.3", "title": "灯", "inventors": ["戴明", "Smith, John"]},
        {"application_no": "CN201720000001", "owners": [{"name": "甲"}], "filing_date": None, "page": 3},
    ]
    reader, (first, second) = rows(tmp_path / "a", "\n".join(map(json.dumps, lines)))
    assert (reader.format, reader.unknown) == ("jsonl", ("page",))
    assert first.record.fields["inventors"] == ["戴明", "Smith, John"]
    assert (second.record.kind, second.record.fields["owners"]) == ("utility_model", [{"name": "甲"}])
    _, (row,) = rows(tmp_path / "b", json.dumps({"申请号": "CN201710601862.3", "发明人": ["甲", "乙"]}))
    assert row.record.fields["inventors"] == ["甲", "乙"]


def test_a_line_that_is_no_object_is_refused_alone(tmp_path):
    good = json.dumps({"application_no": "CN201710601862.3"})
    _, found = rows(tmp_path / "a", f'{good}\n{{"application_no": "\\ud800"}}\n[1]\n{{"a":\n{good}')
    assert [[one.rule for one in row.findings] for row in found] == [
        [], ["NO_OBJECT"], ["NO_OBJECT"], ["NO_OBJECT"], ["DUPLICATE_ROW"]
    ]  # fmt: skip


@pytest.mark.parametrize("data", ["[]", '[{"a": 1}]', '{\n "a": 1\n}', "{", '{"a": ' * 2000])
def test_json_that_is_not_an_object_a_line_is_refused(tmp_path, data):
    with pytest.raises(UnreadableFile):
        rows(tmp_path / "a", data)
