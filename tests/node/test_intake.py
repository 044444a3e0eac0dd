"""Imports: every row is sealed, unchanged or refused; nothing is blanked, flipped back, doubled or shown to more."""

import threading
from itertools import count
from types import SimpleNamespace

import pytest

from node import home, intake
from node.errors import Busy
from node.intake import Choice
from node.notebook import Notebook
from node.submissions import Submitting, UnknownAudience
from node.versions import WiderAudience
from records.errors import UnreadableFile
from sync.ownlog import OwnLog
from tests.node.filing import entries, key, node_at, number, row, said, unfiled, write
from tests.sync.made import InjectedFault


@pytest.fixture
def node(tmp_path):
    return node_at(tmp_path)


@pytest.fixture
def take(node, tmp_path):
    def take(*rows, name="专利.csv", **choice):
        return intake.take_file(node, write(tmp_path / name, rows), "王", Choice(**choice))

    return take


def rules(node, one):
    return [found.rule for found in node.notebook.findings(one.number)]


def without(rows, *headings):
    return [{name: cell for name, cell in one.items() if name not in headings} for one in rows]


def in_all(one):
    return one.rows == one.sealed + one.unchanged + one.refused


# -- rows -------------------------------------------------------------------------------------------------------------


def test_every_row_is_accounted_for_once(node, take):
    done = take(
        row(1),
        row(2),
        row(2),  # the same again
        row(3),
        row(3, "另一名称"),  # the same key, something else
        row(4, 申请号="201710000004.0"),  # a wrong check digit
        row(5, 申请号=""),
    )
    assert (done.rows, done.sealed, done.unchanged, done.refused) == (7, 3, 1, 3)
    assert (done.state, done.files, done.person, len(done.file_sha256)) == ("done", ("专利.csv",), "王", 64)
    assert (done.first, done.last) == (2, 5), "in front of them stands who imported them"
    assert dict(done.findings) == {"DUPLICATE_ROW": 1, "DUPLICATE_KEY": 1, "APPNO_CHECK": 1, "NO_IDENTIFIER": 1}
    assert rules(node, done) == ["DUPLICATE_ROW", "DUPLICATE_KEY", "APPNO_CHECK", "NO_IDENTIFIER"]
    assert [found.row for found in node.notebook.findings(done.number)] == [4, 6, 7, 8]
    assert said(node, 3)["federation"].fields["title"] == "一种照明装置"


@pytest.mark.parametrize("rows", [1, 255, 256, 257, 600])
def test_the_same_file_again_seals_nothing(node, take, rows):
    first = take(*map(row, range(rows)))
    assert (first.sealed, first.last - first.first) == (rows, rows)
    again = take(*map(row, range(rows)))
    assert (again.rows, again.sealed, again.unchanged, again.first, again.last) == (rows, 0, rows, rows + 2, rows + 2)
    assert len(entries(node)) == rows


def test_a_changed_row_makes_a_new_version_and_no_other(node, take):
    take(row(1), row(2), row(3))
    done = take(row(1), row(2, "一种散热装置"), row(3))
    assert (done.sealed, done.unchanged) == (1, 2)
    assert said(node, 2)["federation"].fields["title"] == "一种散热装置"
    assert said(node, 2)["federation"].source == {"row": 3, "submission": done.number}


def test_an_absent_column_and_an_empty_cell_change_nothing(node, take):
    take(row(1), row(2))
    assert take(*without([row(1), row(2)], "发明人", "法律状态")).unchanged == 2
    assert take(row(1, 发明人=""), row(2, 申请日="")).unchanged == 2
    assert len(said(node, 1)["federation"].fields["inventors"]) == 2


def test_an_empty_cell_clears_its_field_when_that_is_asked_for(node, take):
    take(row(1), row(2))
    assert take(*without([row(1), row(2)], "发明人"), clear_empty=True).unchanged == 2
    done = take(row(1, 发明人=""), row(2), clear_empty=True)
    assert (done.sealed, done.unchanged) == (1, 1)
    assert "inventors" not in said(node, 1)["federation"].fields
    assert "title" in said(node, 1)["federation"].fields


def test_an_older_file_is_reported_and_not_applied(node, take):
    take(row(1))
    done = take(row(1, "旧名称", 法律状态="实质审查的生效", 法律状态最后修改日期="20180101"))
    assert (done.sealed, done.unchanged, done.refused, dict(done.findings)) == (0, 1, 0, {"OLDER": 1})
    assert said(node, 1)["federation"].fields["title"] == "一种照明装置"


# -- files ------------------------------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_read_costs_nothing(node, take, tmp_path):
    done = take(row(1))
    before = entries(node)
    for content in (b"", b"\x00\x01\x02", "没有这样的标题,乙\n1,2\n".encode(), b"\xd0\xcf\x11\xe0 no workbook"):
        path = tmp_path / "bad.xls"
        path.write_bytes(content)
        with pytest.raises(UnreadableFile):
            intake.take_file(node, path, "王")
    with pytest.raises(FileNotFoundError):
        intake.take_file(node, tmp_path / "none.csv", "王")
    assert node.notebook.submissions() == [done]
    assert entries(node) == before


def test_a_real_export_is_taken_once(node, shared_data):
    path = shared_data / "pss_xls" / "专利_34304.xls"
    first, again = intake.take_file(node, path, "王"), intake.take_file(node, path, "王")
    assert in_all(first)
    assert (first.rows, again.rows) == (110, 110)
    assert first.sealed > 100
    assert (again.sealed, again.refused) == (0, first.refused)


# -- audiences --------------------------------------------------------------------------------------------------------


def ops(node, n):
    return {audience: record.op for audience, record in said(node, n).items()}


def test_an_unpublished_right_is_for_its_path_until_it_is_published(node, take):
    take(unfiled(1))
    assert ops(node, 1) == {"path": "assert"}
    take(row(1))
    assert ops(node, 1) == {"federation": "assert", "path": "assert"}
    assert said(node, 1)["path"].fields == said(node, 1)["federation"].fields


def test_narrowing_withdraws_from_the_wider_one_and_lasts(node, take):
    take(row(1))
    assert take(row(1), audience="path").sealed == 1
    assert ops(node, 1) == {"path": "assert", "federation": "withdraw"}
    gone = said(node, 1)["federation"]
    assert (gone.fields, gone.reason) == ({}, "audience")
    assert take(row(1), audience="path").unchanged == 1
    assert take(row(1)).unchanged == 1
    assert take(row(1, "另一名称")).sealed == 1
    assert ops(node, 1) == {"path": "assert", "federation": "withdraw"}, "what a person chose is kept"


def test_widening_beyond_the_default_is_confirmed_first(node, take):
    for rows, audience in (((row(1),), "public"), ((unfiled(2),), "federation"), ((unfiled(3),), "alliance:abcd")):
        with pytest.raises(WiderAudience):
            take(*rows, audience=audience)
        assert take(*rows, audience=audience, wider_confirmed=True).sealed == 1
    assert ops(node, 1) == {"public": "assert"}
    assert take(row(1, "另一名称")).sealed == 1, "what was confirmed is not asked again"
    assert ops(node, 1) == {"public": "assert"}
    assert ops(node, 3) == {"alliance:abcd": "assert"}


def test_every_audience_that_ever_saw_a_key_gets_every_version(node, take):
    take(row(1), audience="path")
    take(row(1), audience="public", wider_confirmed=True)
    take(row(1), audience="federation")
    assert ops(node, 1) == {"federation": "assert", "public": "withdraw", "path": "assert"}
    take(row(1, "另一名称"))
    assert ops(node, 1) == {"federation": "assert", "public": "withdraw", "path": "assert"}
    assert said(node, 1)["path"].fields["title"] == "另一名称"


@pytest.mark.parametrize("audience", ["", "fedration", "everybody", "alliance:", "node:ip.gd.example/gz"])
def test_an_audience_that_is_none_is_refused_before_anything(node, take, audience):
    with pytest.raises(UnknownAudience):
        take(row(1), audience=audience, wider_confirmed=True)
    assert node.notebook.submissions() == []


# -- crashes ----------------------------------------------------------------------------------------------------------


def broken_at(real, at, takes_effect):
    calls = count(1)

    def broken(*given, **named):
        if next(calls) != at:
            return real(*given, **named)
        if takes_effect:
            real(*given, **named)
        raise InjectedFault(at)

    return broken


@pytest.mark.parametrize("killed", [False, True], ids=["error", "killed"])
@pytest.mark.parametrize("takes_effect", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_the_same_import_after_a_crash_doubles_nothing(node, take, monkeypatch, at, takes_effect, killed):
    rows = [row(n) for n in range(600)]
    with monkeypatch.context() as patched:
        patched.setattr(OwnLog, "add", broken_at(OwnLog.add, at, takes_effect))
        if killed:  # a process that is gone closes nothing
            patched.setattr(Submitting, "close", lambda *given: None)
        with pytest.raises(InjectedFault):
            take(*rows)
    kept = len(entries(node))
    (left,) = node.notebook.submissions()
    assert left.state == ("open" if killed else "interrupted")
    done = take(*rows)
    assert (done.number, done.rows, done.sealed, done.unchanged) == (left.number + 1, 600, 600 - kept, kept)
    assert [parts[0][1].key for parts in entries(node)] == [key(n) for n in range(600)]
    left = node.notebook.submission(left.number)
    assert left.state == "interrupted"
    assert left.last - left.first == kept
    assert (left.first, left.last) in ((2, 2 + kept), (1, 1), (0, 0))
    says = (kept > 0) + (kept < 600)  # each says in front who imported it, if it files anything
    assert (done.first, done.last) == (1 + kept + says, 601 + says)
    if killed:
        assert (left.rows, left.sealed) == (kept, kept)


def test_a_crash_before_a_submission_is_closed_costs_only_its_counts(node, take, monkeypatch):
    first = take(row(1))
    with monkeypatch.context() as patched:
        patched.setattr(Notebook, "close_submission", broken_at(Notebook.close_submission, 1, False))
        with pytest.raises(InjectedFault):
            take(row(2), row(3), row(1))
    again = take(row(2), row(3), row(1))
    left = node.notebook.submission(first.number + 1)
    assert (left.state, left.first, left.last, left.sealed) == ("interrupted", first.last + 1, first.last + 3, 2)
    assert (again.number, again.sealed, again.unchanged) == (3, 0, 3)


def test_two_at_once_are_one_too_many(node, take, monkeypatch):
    ticks = count()
    monkeypatch.setattr(home, "time", SimpleNamespace(monotonic=lambda: next(ticks), sleep=lambda seconds: None))
    held, done = threading.Event(), threading.Event()

    def other():
        with node.home.hold("import", 1.0):
            held.set()
            done.wait(30)

    thread = threading.Thread(target=other)
    thread.start()
    assert held.wait(30)
    try:
        with pytest.raises(Busy) as error:
            take(row(1))
    finally:
        done.set()
        thread.join()
    assert error.value.args[0] == "import"
    assert node.notebook.submissions() == []
    assert take(row(1)).sealed == 1


def test_progress_hears_of_every_row(node, tmp_path):
    heard = []
    path = write(tmp_path / "x.csv", (row(n) for n in range(300)))
    done = intake.take_file(node, path, "王", progress=heard.append)
    assert sum(heard) == done.rows == 300
    assert len(heard) == 2, "the first batch ends where the first bundle ends"
    assert number(299) in said(node, 299)["federation"].fields["application_no"]
