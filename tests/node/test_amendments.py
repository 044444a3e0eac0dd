"""Withdrawing, correcting, and undoing a submission."""

import pytest

from catalog import search, views
from node import amendments, cataloguing, intake
from node.amendments import NotCorrected, NotUndone, UnknownField, UnknownRecord
from node.errors import NoSubmission
from node.intake import Choice
from tests.node.filing import entries, key, node_at, row, said, unfiled, write


@pytest.fixture
def node(tmp_path):
    return node_at(tmp_path)


@pytest.fixture
def take(node, tmp_path):
    def take(*rows, **choice):
        return intake.take_file(node, write(tmp_path / "专利.csv", rows), "王", Choice(**choice))

    return take


def ops(node, n):
    return {audience: record.op for audience, record in said(node, n).items()}


def found(node, words):
    cataloguing.apply(node)
    with cataloguing.catalogue(node) as catalogue:
        return [hit.key for hit in search.find(catalogue, search.Query(words=words), views.FULL).hits]


def counts(done):
    return done.rows, done.sealed, done.unchanged, done.refused


# -- withdrawing ------------------------------------------------------------------------------------------------------


def test_a_withdrawal_reaches_every_audience_that_ever_saw_the_key(node, take):
    take(row(1))
    take(row(1), audience="path")
    take(row(1), audience="public", wider_confirmed=True)
    done = amendments.withdraw(node, key(1), "重复登记", "李")
    assert ops(node, 1) == {"public": "withdraw", "path": "withdraw", "federation": "withdraw"}
    assert {(one.reason, len(one.fields)) for one in said(node, 1).values()} == {("重复登记", 0)}
    assert (*counts(done), done.person, done.files) == (1, 1, 0, 0, "李", ())
    assert found(node, "照明") == []


def test_only_what_was_filed_and_stands_is_withdrawn(node, take):
    take(row(1))
    amendments.withdraw(node, key(1), "重复", "李")
    before = entries(node)
    for one in (key(1), key(2), "nonsense"):
        with pytest.raises(UnknownRecord):
            amendments.withdraw(node, one, "重复", "李")
    assert entries(node) == before


def test_no_file_brings_back_what_a_person_withdrew_but_undoing_does(node, take):
    take(row(1))
    gone = amendments.withdraw(node, key(1), "重复", "李")
    again = take(row(1), row(2))
    assert counts(again) == (2, 1, 1, 0)
    (note,) = node.notebook.findings(again.number)
    assert (note.key, note.rule) == (key(1), "WITHDRAWN")
    assert f"import undo {gone.number}" in note.en
    assert ops(node, 1) == {"federation": "withdraw"}
    amendments.undo(node, gone.number, "李")
    assert ops(node, 1) == {"federation": "assert"}
    assert key(1) in found(node, "照明")


def test_a_withdrawal_that_is_undone_and_undone_again_is_the_persons_still(node, take):
    take(row(1))
    gone = amendments.withdraw(node, key(1), "重复", "李")
    back = amendments.undo(node, gone.number, "李")
    amendments.undo(node, back.number, "李")
    assert {one.reason for one in said(node, 1).values()} == {"重复"}
    assert take(row(1)).sealed == 0


# -- correcting -------------------------------------------------------------------------------------------------------


def test_a_correction_replaces_what_is_given_and_clears_what_is_empty(node, take):
    take(row(1))
    done = amendments.correct(node, key(1), {"title": "一种散热灯具", "inventors": []}, "李")
    now = said(node, 1)["federation"]
    assert counts(done) == (1, 1, 0, 0)
    assert now.fields["title"] == "一种散热灯具"
    assert "inventors" not in now.fields
    assert now.fields["filing_date"] == "2017-03-01"
    assert counts(amendments.correct(node, key(1), {"title": "一种散热灯具"}, "李")) == (1, 0, 1, 0)


def test_the_same_file_again_does_not_take_a_correction_back(node, take):
    take(row(1), row(2))
    amendments.correct(node, key(1), {"title": "一种散热灯具"}, "李")
    again = take(row(1), row(2))
    assert (counts(again), dict(again.findings)) == ((2, 0, 2, 0), {"OLDER": 1})
    assert said(node, 1)["federation"].fields["title"] == "一种散热灯具"
    assert take(row(1, "新"), row(2)).sealed == 1  # another file states it anew


def test_a_file_that_was_undone_counts_as_never_taken(node, take):
    take(row(1))
    amendments.undo(node, 1, "李")
    take(row(1, "另一"))
    assert take(row(1)).sealed == 1
    assert said(node, 1)["federation"].fields["title"] == "一种照明装置"


def test_a_corrected_field_is_no_longer_written_as_in_the_file(node, take):
    take(row(1, 申请日="2017年3月1日", 主分类号="B65D1/02(2006.01)I"))
    assert said(node, 1)["federation"].fields["raw"].keys() == {"filing_date", "ipc"}
    amendments.correct(node, key(1), {"filing_date": "2017-03-02"}, "李")
    assert said(node, 1)["federation"].fields["raw"].keys() == {"ipc"}
    amendments.correct(node, key(1), {"ipc": []}, "李")
    assert "raw" not in said(node, 1)["federation"].fields


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"filing_date": "二〇一七年"}, NotCorrected),
        ({"publication_date": "2016-01-01"}, NotCorrected),
        ({"ipc": ["no symbol"]}, NotCorrected),
        ({"title": ["a", "list"]}, NotCorrected),
        ({"no_such_field": "x"}, UnknownField),
        ({"application_no": "201710000002.0"}, UnknownField),
    ],
)
def test_a_correction_that_the_rules_refuse_changes_nothing(node, take, given, refusal):
    take(row(1))
    before = entries(node)
    with pytest.raises(refusal):
        amendments.correct(node, key(1), given, "李")
    assert entries(node) == before
    assert node.notebook.submissions()[0].state == "interrupted"
    assert node.notebook.submissions()[0].sealed == 0


def test_a_correction_does_not_show_a_narrowed_record_again(node, take):
    take(row(1), audience="path")
    amendments.correct(node, key(1), {"title": "一种散热灯具"}, "李")
    assert ops(node, 1) == {"path": "assert"}


def test_a_correction_of_what_was_withdrawn_or_never_filed_is_refused(node, take):
    take(row(1))
    amendments.withdraw(node, key(1), "重复", "李")
    for one in (key(1), key(2)):
        with pytest.raises(UnknownRecord):
            amendments.correct(node, one, {"title": "x"}, "李")


# -- undoing ----------------------------------------------------------------------------------------------------------


def test_undo_restores_what_was_filed_before(node, take):
    take(row(1), row(2, "原名称"), unfiled(4))
    second = take(row(2, "新名称"), row(3), row(4))
    done = amendments.undo(node, second.number, "李")
    assert (counts(done), done.undoes, done.state) == ((3, 3, 0, 0), second.number, "done")
    assert said(node, 2)["federation"].fields["title"] == "原名称"
    assert ops(node, 3) == {"federation": "withdraw"}
    assert ops(node, 4) == {"path": "assert", "federation": "withdraw"}, "who may see it is restored as well"
    assert node.notebook.submission(second.number).state == "undone"
    assert found(node, "原名称") == [key(2)]


def test_undo_leaves_and_reports_what_was_changed_since(node, take):
    first = take(row(1), row(2))
    amendments.correct(node, key(2), {"title": "更正"}, "李")
    done = amendments.undo(node, first.number, "李")
    assert counts(done) == (2, 1, 0, 1)
    (note,) = node.notebook.findings(done.number)
    assert (note.key, note.rule) == (key(2), "CHANGED_SINCE")
    assert said(node, 2)["federation"].fields["title"] == "更正"
    assert ops(node, 1) == {"federation": "withdraw"}


def test_undo_of_a_withdrawal_and_of_an_undo(node, take):
    take(row(1))
    gone = amendments.withdraw(node, key(1), "误操作", "李")
    back = amendments.undo(node, gone.number, "李")
    assert ops(node, 1) == {"federation": "assert"}
    assert amendments.undo(node, back.number, "李").sealed == 1
    assert ops(node, 1) == {"federation": "withdraw"}


def test_only_a_submission_that_stands_is_undone(node, take):
    first = take(row(1))
    amendments.undo(node, first.number, "李")
    with pytest.raises(NotUndone) as error:
        amendments.undo(node, first.number, "李")
    assert error.value.args == (first.number, "undone")
    with pytest.raises(NoSubmission):
        amendments.undo(node, 99, "李")


def test_a_large_submission_is_undone_whole(node, take):
    first = take(*map(row, range(300)))
    done = amendments.undo(node, first.number, "李")
    assert counts(done) == (300, 300, 0, 0)
    assert {record.op for parts in entries(node)[300:] for _audience, record in parts} == {"withdraw"}
    assert take(*map(row, range(300))).sealed == 300
