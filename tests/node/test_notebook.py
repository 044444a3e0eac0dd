"""The notebook, always reopened: nothing is kept in memory."""

import sqlite3
import threading
from dataclasses import replace

import pytest
from sqlite_utils import Database

from node import notebook
from node.errors import MissingStore, NoInvitation, NoSubmission, TokenExpired, TokenUsed, TokenWithdrawn
from node.invitation_book import Invitation
from node.mapping_book import NoMapping
from node.notebook import Notebook
from node.source_book import NoSource, Source, SourceExists
from node.submission_book import ReadAs, RowFinding

INVITED = Invitation(b"h" * 32, "ip.gd.example/gz/scut", "outlet", "华南理工大学", "", 1000, "invited", b"", 10)
FINDING = RowFinding(2, "CN202310000001.2", "check-digit", "error", "number", "…", "校验位不对。", "Wrong check digit.")


@pytest.fixture
def path(tmp_path):
    Notebook.create(tmp_path / "node.db")
    return tmp_path / "node.db"


def close(path, number, **given):
    counts = {
        "rows": 3,
        "sealed": 1,
        "unchanged": 1,
        "refused": 1,
        "first": 7,
        "last": 8,
        "findings": {"check-digit": 1},
    }
    Notebook(path).close_submission(number, 60.9, **{**counts, **given})


def test_a_missing_notebook_is_an_error_and_not_made_again(tmp_path):
    with pytest.raises(MissingStore):
        Notebook(tmp_path / "node.db")
    assert not any(tmp_path.iterdir())


def test_a_notebook_is_made_once_for_its_owner(path):
    with pytest.raises(FileExistsError):
        Notebook.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert {"invitation", "run", "submission", "finding"} <= set(Database(path).table_names())
    assert sqlite3.connect(path).execute("pragma journal_mode").fetchone() == ("wal",)


def test_an_invitation_is_used_once_by_one_set_of_keys(path):
    Notebook(path).invite(INVITED)
    assert Notebook(path).find_invitation(b"h" * 32) == INVITED
    assert Notebook(path).use_invitation(b"h" * 32, b"keys", 500).origin == INVITED.origin
    assert Notebook(path).find_invitation(b"h" * 32) == replace(INVITED, state="used", used_keys_hash=b"keys")
    again = Notebook(path).use_invitation(b"h" * 32, b"keys", 5000)
    assert again.origin == INVITED.origin, "the same keys get the same answer, also later"
    with pytest.raises(TokenUsed):
        Notebook(path).use_invitation(b"h" * 32, b"other", 500)
    assert Notebook(path).invitations()[0].used_keys_hash == b"keys"


def test_of_many_joiners_at_once_one_set_of_keys_wins(path):
    rounds, joiners = 25, 4
    secrets = [b"%032d" % n for n in range(rounds)]
    for secret in secrets:
        Notebook(path).invite(replace(INVITED, secret_hash=secret))
    answers, ready, notebook = [], threading.Barrier(joiners), Notebook(path)

    def join(keys):
        for secret in secrets:
            ready.wait(30)
            try:
                notebook.use_invitation(secret, keys, 500)
                answers.append((secret, keys))
            except TokenUsed:
                answers.append((secret, None))

    threads = [threading.Thread(target=join, args=[b"key%d" % n]) for n in range(joiners)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == rounds * joiners, "nobody got another answer, such as a locked database"
    kept = sorted((one.secret_hash, one.used_keys_hash) for one in Notebook(path).invitations())
    assert sorted((secret, keys) for secret, keys in answers if keys) == kept


def test_an_invitation_ends_in_time_or_when_taken_back(path):
    with pytest.raises(NoInvitation):
        Notebook(path).use_invitation(b"h" * 32, b"keys", 0)
    assert Notebook(path).find_invitation(b"h" * 32) is None
    Notebook(path).invite(INVITED)
    with pytest.raises(TokenExpired):
        Notebook(path).use_invitation(b"h" * 32, b"keys", 1000)
    assert Notebook(path).expire_invitations(999) == 0
    assert Notebook(path).expire_invitations(1000) == 1
    with pytest.raises(TokenExpired):
        Notebook(path).use_invitation(b"h" * 32, b"keys", 500)
    Notebook(path).invite(replace(INVITED, secret_hash=b"i" * 32))
    assert Notebook(path).withdraw_invitations(INVITED.origin) == 1
    with pytest.raises(TokenWithdrawn):
        Notebook(path).use_invitation(b"i" * 32, b"keys", 500)


def test_no_secret_is_in_the_file(path):
    Notebook(path).invite(INVITED)
    assert "secret" not in {column.name for column in Database(path)["invitation"].columns}


def test_runs_remember_the_last_good_one_and_the_failures_since(path):
    def run(job, start, end, outcome):
        number = Notebook(path).start_run(job, start)
        Notebook(path).end_run(number, outcome, "why", end)

    assert Notebook(path).last_ok("sync") is None
    assert Notebook(path).failures("sync", 0) == (0, 0.0)
    for start, outcome in ((10.5, "ok"), (20, "failed"), (30, "failed"), (40, "interrupted")):
        run("sync", start, start + 1, outcome)
    run("apply", 50, 51, "ok")
    Notebook(path).start_run("sync", 60)
    assert Notebook(path).last_ok("sync") == 10.5
    assert Notebook(path).failures("sync", 0) == (2, 31)
    assert Notebook(path).failures("sync", 25) == (1, 31)
    run("sync", 70, 71, "ok")
    assert Notebook(path).failures("sync", 0) == (0, 0.0)
    assert [(one.job, one.outcome, one.ended_at) for one in Notebook(path).runs(3)] == [
        ("sync", "ok", 71),
        ("sync", "", None),
        ("apply", "ok", 51),
    ]


def test_runs_that_a_crash_left_open_are_marked(path):
    ended, open_ = (Notebook(path).start_run("sync", start) for start in (10, 20))
    Notebook(path).end_run(ended, "ok", "", 11)
    assert Notebook(path).interrupt_open_runs(30) == 1
    assert [(one.id, one.outcome, one.ended_at) for one in Notebook(path).runs()] == [
        (open_, "interrupted", 30),
        (ended, "ok", 11),
    ]


def test_a_submission_keeps_what_came_of_it(path):
    number = Notebook(path).open_submission("王小明", ["专利.xlsx", "a.csv"], "ab" * 32, 50.5)
    assert Notebook(path).submission(number).state == "open"
    Notebook(path).add_findings(number, [FINDING, replace(FINDING, row=1)])
    close(path, number)
    found = Notebook(path).submission(number)
    assert (found.state, found.person, found.files) == ("done", "王小明", ("专利.xlsx", "a.csv"))
    assert (found.started_at, found.ended_at, found.first, found.last) == (50, 60, 7, 8)
    assert (found.rows, found.sealed, found.unchanged, found.refused) == (3, 1, 1, 1)
    assert found.findings == {"check-digit": 1}
    assert [one.row for one in Notebook(path).findings(number)] == [1, 2]
    assert list(Notebook(path).findings(number))[1] == FINDING
    assert Notebook(path).submissions() == [found]


def test_taking_a_submission_back_marks_it_when_done_and_not_before(path):
    first = Notebook(path).open_submission("w", ["a"], "", 1)
    close(path, first)
    second = Notebook(path).open_submission("w", [], "", 2, undoes=first)
    assert Notebook(path).submission(first).state == "done"
    close(path, second, state="interrupted")
    assert Notebook(path).submission(first).state == "done"
    close(path, second)
    assert [(one.number, one.state, one.undoes) for one in Notebook(path).submissions()] == [
        (second, "done", first),
        (first, "undone", 0),
    ]


def test_what_a_crash_left_open_is_marked(path):
    first, second = (Notebook(path).open_submission("w", ["a"], "", 1) for _n in range(2))
    close(path, second)
    assert Notebook(path).interrupt_open_submissions(9) == 1
    assert Notebook(path).submission(first).state == "interrupted"
    assert Notebook(path).submission(second).state == "done"


def test_what_is_not_there_is_said(path):
    with pytest.raises(NoSubmission):
        Notebook(path).submission(1)
    with pytest.raises(NoSubmission):
        close(path, 1)
    with pytest.raises(NoSubmission):
        Notebook(path).add_findings(1, [FINDING])


def test_findings_are_written_all_or_none(path):
    number = Notebook(path).open_submission("w", ["a"], "", 1)

    def broken():
        yield FINDING
        raise ValueError("the checks broke")

    with pytest.raises(ValueError, match="broke"):
        Notebook(path).add_findings(number, broken())
    assert list(Notebook(path).findings(number)) == []


def test_a_notebook_of_before_gains_what_came_since(tmp_path):
    path = tmp_path / "node.db"
    path.touch()
    old = Database(sqlite3.connect(path))
    notebook.migrations.apply(old, stop_before="m002_imports")
    assert "mapping" not in old.table_names()
    old["submission"].insert({"number": 1, "started_at": 5, "state": "done", "person": "王", "files": "[]"})
    old["submission"].update(1, {"findings": "{}"})
    old.conn.close()
    found = Notebook(path).submission(1)
    assert (found.records, found.blank, found.format, found.mapping, found.via) == (0, 0, "", "", "")
    assert Notebook(path).mappings() == []


def test_a_submission_says_what_its_file_was_read_as(path):
    read = ReadAs("xlsx", "", "cnipa-search", "学校", "inbox/7")
    number = Notebook(path).open_submission("王小明", ["a.xlsx"], "cd" * 32, 50, read=read)
    assert Notebook(path).done_via("inbox/7") is None, "it is not whole yet"
    close(path, number, rows=4, blank=1, records=2)
    found = Notebook(path).done_via("inbox/7")
    assert (found.number, found.rows, found.blank, found.records) == (number, 4, 1, 2)
    assert ReadAs(found.format, found.encoding, found.layout, found.mapping, found.via) == read
    assert (Notebook(path).newest_of("cd" * 32), Notebook(path).newest_of("ee" * 32)) == (number, 0)


def test_mappings_are_kept_by_name(path):
    with pytest.raises(NoMapping):
        Notebook(path).mapping("学校")
    Notebook(path).save_mapping("学校", {"kind": "design"}, "王", 5.5)
    Notebook(path).save_mapping("学校", {"kind": "trademark"}, "李", 6.5)
    assert [(one.name, one.body, one.person, one.saved_at) for one in Notebook(path).mappings()] == [
        ("学校", {"kind": "trademark"}, "李", 6)
    ]
    Notebook(path).remove_mapping("学校")
    with pytest.raises(NoMapping):
        Notebook(path).remove_mapping("学校")


def test_a_source_knows_how_far_it_was_harvested(path):
    source = Source("scut", "https://ir.example/oai", "oai_dc", "patents", "", "王", 5)
    Notebook(path).add_source(source)
    with pytest.raises(SourceExists):
        Notebook(path).add_source(source)
    Notebook(path).page_fetched("scut", "2026-01-02T03:04:05Z", "next", 100, 4000)
    Notebook(path).page_fetched("scut", "2026-01-02T03:04:05Z", "after", 50, 6000)
    Notebook(path).harvest_failed("scut", "broken")
    found = Notebook(path).source("scut")
    assert (found.token, found.pages, found.records, found.error, found.complete_from) == (
        "after",
        2,
        150,
        "broken",
        "",
    )
    Notebook(path).harvest_complete("scut", found.began, 9)
    assert Notebook(path).sources() == [replace(source, complete_from="2026-01-02T03:04:05Z", complete_at=9)]
    Notebook(path).page_fetched("scut", "2026-01-03T03:04:05Z", "next", 1, 9)
    Notebook(path).harvest_again("scut")
    assert (Notebook(path).source("scut").token, Notebook(path).source("scut").spooled) == ("", 0)
    Notebook(path).remember_keys("scut", {"oai:1": "a", "oai:2": "b"})
    Notebook(path).remember_keys("scut", {"oai:2": "c"})
    assert Notebook(path).harvested_keys("scut", ["oai:2", "oai:3"]) == {"oai:2": "c"}
    Notebook(path).remove_source("scut")
    with pytest.raises(NoSource):
        Notebook(path).source("scut")


def test_a_file_of_the_inbox_is_one_item_until_it_was_moved(path):
    first = Notebook(path).take_item("a.csv", "aa", 5)
    assert Notebook(path).take_item("a.csv", "aa", 6) == first
    Notebook(path).settle_item(first.id, "filed", "done/a.csv", 3)
    assert Notebook(path).take_item("a.csv", "aa", 6).moved_to == "done/a.csv"
    Notebook(path).item_moved(first.id)
    assert Notebook(path).unmoved_items() == []
    assert Notebook(path).take_item("a.csv", "aa", 7).id != first.id, "dropped again, it is taken again"
    other = Notebook(path).take_item("a.csv", "bb", 8)
    assert [one.id for one in Notebook(path).unmoved_items()] == [other.id], "a changed file takes its place"
    assert next(one.id for one in Notebook(path).inbox_items()) == other.id
