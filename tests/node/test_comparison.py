"""Batches of rows, and that each row is accounted for exactly once, whatever it states."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from node import comparison, intake
from node.comparison import Choice, Tally
from records.body import Record
from records.draft import Blank, Row
from records.rules import finding
from tests.node.filing import key, number

FIELDS = {"title": "灯", "filing_date": "2017-03-01"}


def stated(row, n):
    record = Record(key(n), "assert", "patent_invention", 1, {**FIELDS, "application_no": number(n)})
    return Row(row, record, [], frozenset(FIELDS), {})


def refused(row):
    return Row(row, None, [finding("CONTROL_CHARACTER", "title", "x")], frozenset(), {})


@st.composite
def sheets(draw):
    """Rows of a sheet in order: blank, refused, or stating one to three records of which some may be refused."""
    made, n = [], 0
    for row in range(2, 2 + draw(st.integers(0, 40))):
        what = draw(st.sampled_from(["blank", "refused", "stated", "split"]))
        if what == "blank":
            made.append(Blank(row))
            continue
        for _ in range(draw(st.integers(2, 3)) if what == "split" else 1):
            n += 1
            bad = what == "refused" or (what == "split" and draw(st.booleans()))
            made.append(refused(row) if bad else stated(row, n))
    return made


@given(sheets(), st.integers(1, 5))
def test_each_row_is_counted_once_however_it_is_cut_into_batches(rows, room):
    cut = list(intake.batches(iter(rows), lambda: room))
    assert [row for batch in cut for row in batch] == rows
    for one, following in pairwise(cut):
        last, first = one[-1], following[0]
        assert not (isinstance(last, Row) and isinstance(first, Row) and last.row_no == first.row_no)
    assert all(sum(isinstance(row, Row) for row in batch) <= room + 2 for batch in cut)
    total = Tally()
    for batch in cut:
        total.add(comparison.compare(batch, {}, Choice(), 7).tally)
    blank, held = sum(isinstance(row, Blank) for row in rows), [row for row in rows if isinstance(row, Row)]
    places, bad = {row.row_no for row in held}, {row.row_no for row in held if not row.record}
    assert (total.blank, total.rows) == (blank, blank + len(places))
    assert (total.refused, total.rows) == (len(bad), total.blank + len(bad) + len(places - bad))
    assert total.records == total.sealed + total.unchanged == sum(row.record is not None for row in held)


def test_many_blank_rows_are_no_batch_without_end(monkeypatch):
    monkeypatch.setattr(intake, "_MOST_ROWS", 10)
    assert [len(one) for one in intake.batches((Blank(n) for n in range(25)), lambda: 256)] == [10, 10, 5]


def test_what_was_found_is_noted_with_the_record_it_is_about():
    again = Row(3, stated(3, 1).record, [finding("DUPLICATE_ROW", "", key(1), first=2)], frozenset(), {})
    found = comparison.compare([stated(2, 1), again, refused(4)], {}, Choice(), 7)
    assert [(one.row, one.key, one.rule) for one in found.notes] == [
        (3, key(1), "DUPLICATE_ROW"),
        (4, "", "CONTROL_CHARACTER"),
    ]
    assert (found.tally.sealed, found.tally.unchanged, found.tally.refused) == (1, 1, 1)
    assert found.tally.findings == Counter(), "whoever files them counts them"
