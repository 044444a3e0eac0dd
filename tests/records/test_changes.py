"""What a new statement changes, and that nothing is lost by it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import changes
from records.body import Record

NAMES = ["title", "abstract", "status_text", "agency", "address"]
fields = st.dictionaries(st.sampled_from(NAMES), st.text("灯泡光", min_size=1, max_size=2))
column_sets = st.frozensets(st.sampled_from(NAMES))


def record(stated, op="assert", **source):
    return Record("design:CN:1", op, "design", 1, stated, source)


@given(fields, fields, column_sets, st.booleans())
def test_stating_the_same_again_changes_nothing(filed, stated, columns, clear_empty):
    columns |= stated.keys()
    changed = changes.change(record(filed), record(stated), columns, clear_empty)
    result = changed or record(filed)
    assert changes.change(result, record(stated, row=9), columns, clear_empty) is None
    assert (changed is None) == (result.fields == filed)


@given(fields, fields, column_sets, st.booleans())
def test_absent_columns_keep_their_values_and_empty_cells_clear_only_when_asked(filed, stated, columns, clear_empty):
    columns |= stated.keys()
    result = (changes.change(record(filed), record(stated), columns, clear_empty) or record(filed)).fields
    for name in NAMES:
        if name in stated:
            assert result[name] == stated[name]
        elif clear_empty and name in columns:
            assert name not in result
        else:
            assert result.get(name) == filed.get(name)


def test_something_new_is_filed_as_stated():
    assert changes.change(None, record({"title": "灯"}), frozenset(), False) == record({"title": "灯"})


def test_the_filed_record_is_not_touched():
    filed = record({"title": "灯", "raw": {"title": "灯 "}})
    changes.change(filed, record({"title": "光"}), frozenset({"title"}), True)
    assert filed == record({"title": "灯", "raw": {"title": "灯 "}})


def test_the_source_is_that_of_the_new_statement():
    changed = changes.change(
        record({"title": "灯"}, row=1), record({"title": "光"}, row=2), frozenset({"title"}), False
    )
    assert changed.source == {"row": 2}


def test_another_way_of_writing_the_same_changes_nothing():
    filed = record({"filing_date": "2017-07-01", "raw": {"filing_date": "2017年7月1日"}})
    stated = record({"filing_date": "2017-07-01"})
    assert changes.change(filed, stated, frozenset({"filing_date"}), False) is None
    assert changes.change(stated, filed, frozenset({"filing_date"}), True) is None


def test_withdrawing_and_returning():
    filed, gone = record({"title": "灯"}), record({}, "withdraw")
    assert changes.change(filed, gone, frozenset(), False) == gone
    assert changes.change(gone, gone, frozenset(), False) is None
    assert changes.change(None, gone, frozenset(), False) is None
    assert changes.change(gone, filed, frozenset(), False) == filed


def test_a_newer_version_of_the_kind_alone_is_no_change_and_what_changes_keeps_the_newer_one():
    old, new = record({"title": "灯"}), replace(record({"title": "灯"}), version=2)
    assert changes.change(old, new, frozenset(), False) is None
    assert changes.change(new, old, frozenset(), False) is None
    other = record({"title": "光"})
    assert changes.change(new, other, frozenset(), False).version == 2
    assert changes.change(old, replace(other, version=2), frozenset(), False).version == 2


def test_cn_as_office_is_what_is_meant_where_none_is_stated():
    assert changes.change(record({"title": "灯"}), record({"office": "CN"}), frozenset(), False) is None
    assert changes.change(record({"title": "灯"}), record({"office": "US"}), frozenset(), False) is not None


def test_what_is_not_said_of_an_owner_stays_and_owners_left_out_are_gone():
    whole = [{"name": "甲", "address": "广州"}, {"name": "乙", "uscc": "914403001922038216"}]
    filed, columns = record({"owners": whole}), frozenset({"owners"})
    names = [{"name": "甲"}, {"name": "乙"}]
    assert changes.change(filed, record({"owners": names}), columns, False) is None
    assert changes.change(filed, record({"owners": names}), columns, True).fields["owners"] == names
    assert changes.change(filed, record({"owners": names[:1]}), columns, False).fields["owners"] == whole[:1]
    twice = [{"name": "甲"}, {"name": "甲", "address": "深圳"}]
    assert changes.change(filed, record({"owners": twice}), columns, False).fields["owners"] == twice
    plain = changes.change(record({"owners": ["甲"]}), record({"owners": ["乙"]}), columns, False)
    assert plain.fields["owners"] == ["乙"]


def test_publications_said_again_in_another_order_are_no_change():
    filed = record({"publications": [{"no": "CN1B", "date": "2019-01-01"}, {"no": "CN1A", "date": "2018-01-01"}]})
    again = record({"publications": list(reversed(filed.fields["publications"]))})
    assert changes.change(filed, again, frozenset({"publications"}), False) is None


def test_publications_are_added_and_completed_by_their_number():
    filed = record({"publications": [{"no": "CN1A", "date": "2018-01-01"}, {"no": "CN1B", "date": "2019-01-01"}]})
    columns = frozenset({"publications"})
    assert changes.change(filed, record({"publications": [{"no": "CN1A"}]}), columns, True) is None
    changed = changes.change(filed, record({"publications": [{"no": "CN1B", "kind": "B"}]}), columns, True)
    assert changed.fields["publications"][1] == {"no": "CN1B", "kind": "B", "date": "2019-01-01"}
    assert len(changed.fields["publications"]) == 2


def test_the_written_form_goes_with_its_field():
    filed = record({"title": "灯", "ipc": ["A"], "raw": {"ipc": "A (x)", "title": "灯!"}})
    changed = changes.change(filed, record({"title": "光"}), frozenset({"title"}), False)
    assert changed.fields["raw"] == {"ipc": "A (x)"}
    changed = changes.change(changed, record({"ipc": ["B"], "raw": {"ipc": "B (x)"}}), frozenset({"ipc"}), False)
    assert changed.fields["raw"] == {"ipc": "B (x)"}


@pytest.mark.parametrize(
    ("filed", "stated", "is_older"),
    [
        (record({"status_date": "2018-01-02"}), record({"status_date": "2018-01-01"}), True),
        (record({"status_date": "2018-01-02"}), record({"status_date": "2018-01-02"}), False),
        (record({"status_date": "2018-01-02"}), record({"publication_date": "2000-01-01"}), False),
        (
            record({"publication_date": "2018-01-02"}),
            record({"publications": [{"no": "a", "date": "2018-01-01"}]}),
            True,
        ),
        (record({"status_date": "2018-01-02"}, exported="2020-01-01"), record({}, exported="2019-01-01"), True),
        (record({"status_date": "2018"}, exported="2019"), record({"status_date": "2017"}, exported="2020"), False),
        (record({}), record({}), False),
    ],
)
def test_older_statements(filed, stated, is_older):
    assert changes.older(filed, stated) is is_older
