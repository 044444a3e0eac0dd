"""Every table of ../shared/data: what holds rights comes out in the numbers of its INDEX.md, the rest is refused."""

from collections import Counter

import pytest

from records import kinds, reading, statement
from records.errors import UnreadableFile

PATENTS = {"patent_invention": 90, "utility_model": 16, "design": 4}
TAKEN = {
    "pss_xls/专利_34304.xls": ("xls", "", "cnipa-search", PATENTS, 0),
    "pss_xls/专利_207872.xls": ("xls", "", "cnipa-search", {"patent_invention": 751}, 0),
    "pss_xls/专利-副本_203776.xls": ("xls", "", "cnipa-search", {"patent_invention": 744}, 0),
    "trs_sample/sample_utf8.trs": ("trs", "utf-8", "trs", {"patent_invention": 2}, 0),
    "trs_sample/sample_gb18030.trs": ("trs", "gb18030", "trs", {"patent_invention": 2}, 0),
    "cpc_labels/sample_train.csv": ("csv", "utf-8-sig", "cpc-labels", {"patent_invention": 19}, 4082),
    "cpc_labels/sample_val.csv": ("csv", "utf-8-sig", "cpc-labels", {"patent_invention": 19}, 473),
    "cpc_labels/sample_test.csv": ("csv", "utf-8-sig", "cpc-labels", {"patent_invention": 19}, 472),
}
REFUSED = {
    "company_counts/hs300.xls": "统计表",
    "company_counts/output.xls": "统计表",
    "sei_ipc_2021/sei_ipc_2021.tsv": "对照表",
    "codes/st3_st96v6.tsv": "对照表",
    "codes/st27_events_st96v6.tsv": "对照表",
    "codes/cn_inpadoc_legal_codes_202417.tsv": "对照表",
    "epo_uspto_api/epo_ops_legal_fixtures_legal_code_descriptions_202417.xlsx": "对照表",
    "cpc_labels/selected_labels.json": "JSON",
    "cpc_labels/README.md": "标识号",
}


@pytest.mark.parametrize("name", TAKEN)
def test_every_row_is_a_record_or_blank(shared_data, name):
    form, encoding, layout, wanted, blank = TAKEN[name]
    reader = reading.recognise(shared_data / name)
    assert (reader.format, reader.encoding, reader.layout) == (form, encoding, layout)
    rows = list(statement.rows(reader.drafts(), kinds.BUILT_IN, reader.stated))
    assert sum(isinstance(row, reading.Blank) for row in rows) == blank
    found = [row for row in rows if isinstance(row, reading.Row)]
    assert Counter(row.record and row.record.kind for row in found) == wanted


def test_the_labels_are_57_rows_among_5084_and_their_classes_are_read(shared_data):
    blank, records = 0, []
    for name in ("sample_train.csv", "sample_val.csv", "sample_test.csv"):
        reader = reading.recognise(shared_data / "cpc_labels" / name)
        for row in statement.rows(reader.drafts(), kinds.BUILT_IN, reader.stated):
            if isinstance(row, reading.Blank):
                blank += 1
            else:
                records.append(row.record)
    assert (blank, len(records)) == (5_027, 57)
    assert all(record.key.startswith("patent_invention:CN:pub/CN") and record.fields["cpc"] for record in records)


@pytest.mark.parametrize("name", REFUSED)
def test_what_holds_no_rights_is_refused_as_what_it_is(shared_data, name):
    with pytest.raises(UnreadableFile) as refused:
        reading.recognise(shared_data / name)
    assert REFUSED[name] in refused.value.message_zh
