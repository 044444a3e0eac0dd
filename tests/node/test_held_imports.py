"""A file that would change too many of the own rights waits for a person, with nothing of the change in the log; what
else it says is filed, and a person's word takes the very file in, or leaves everything as it was."""

import json
import shutil
from dataclasses import replace

import pytest

import outlet.cli
from node import amendments, cataloguing, frame, holding, holds, intake, mappings
from node.comparison import Choice
from node.errors import FileChanged
from node.held_imports import CopyLost
from node.hold_book import HoldBook, NoHold
from node.inbox import STILL_S, Inbox
from node.submission_book import SubmissionBook
from tests.node.filing import entries, key, node_at, row, said, write
from tests.sync.made import InjectedFault

LIVE = 40
DAY_S = 86_400


@pytest.fixture
def node(tmp_path):
    made = node_at(tmp_path)
    take(made, *(row(n) for n in range(LIVE)))
    return made


def take(node, *rows, name="专利.csv", days=0.0, **choice):
    clock = node.clock
    at = replace(node, clock=lambda: clock() + days * DAY_S)
    return intake.take_file(at, write(node.home.path / name, rows), "王", Choice(**choice))


def renamed(*numbers, title="改名的灯"):
    return [row(n, title) for n in numbers]


def titles(node):
    """Return the titles as they stand, by key."""
    stand = {}
    for parts in entries(node):
        for _audience, record in parts:
            stand[record.key] = record.fields.get("title", "")
    return stand


def changed(node):
    return sorted(one for one, title in titles(node).items() if title == "改名的灯")


def copies(node):
    return sorted(path.name for path in node.home.held.iterdir()) if node.home.held.is_dir() else []


def test_a_file_that_changes_too_much_waits_and_the_rest_of_it_is_filed(node):
    done = take(node, *renamed(*range(25)), row(900), row(901, 申请号=""))
    assert (done.rows, done.sealed, done.unchanged, done.held, done.refused) == (27, 1, 0, 25, 1)
    assert done.records == done.sealed + done.unchanged + done.held
    assert changed(node) == []
    assert key(900) in titles(node)
    (one,) = holds.listed(node)
    assert (one.what, one.changed, one.deleted, one.live, one.share) == ("import", 25, 0, LIVE, 200)
    assert (one.file, one.submission, one.sha256) == ("专利.csv", done.number, done.file_sha256)
    assert copies(node) == [one.sha256]
    assert [each["change"] for each in holds.changes(node, one)] == ["changed"] * holding.FEW
    assert done.findings["HELD"] == 25


@pytest.mark.parametrize(("count", "held"), [(19, 0), (20, 20)])
def test_fewer_than_twenty_never_wait(node, count, held):
    assert take(node, *renamed(*range(count))).held == held


@pytest.mark.parametrize(("share", "held"), [(0.5, 0), (0.49, 20), (1.0, 0)])
def test_only_more_than_the_share_waits(node, share, held):
    node = replace(node, settings=replace(node.settings, brake_share=share))
    assert take(node, *renamed(*range(20))).held == held


@pytest.mark.parametrize(("days", "held"), [(1.0, 10), (6.9, 10), (7.1, 0)])
def test_many_small_files_of_seven_days_count_together(node, days, held):
    assert take(node, *renamed(*range(15))).held == 0
    done = take(node, *renamed(*range(15, 25)), days=days)
    assert done.held == held
    if held:
        (one,) = holds.listed(node)
        assert (one.changed, one.live) == (25, LIVE)


def test_the_same_rights_changed_again_are_no_more_rights(node):
    for turn in range(3):
        assert take(node, *renamed(*range(15), title=f"第{turn}次")).held == 0


def test_what_is_taken_back_counts_no_longer(node):
    first = take(node, *renamed(*range(15)))
    amendments.undo(node, first.number, "王")
    assert take(node, *renamed(*range(15, 30))).held == 0


def test_new_rights_and_unchanged_ones_never_wait(node):
    assert take(node, *(row(n) for n in range(LIVE + 100))).held == 0


def test_showing_records_to_fewer_people_withdraws_them_from_the_others(node):
    done = take(node, *(row(n) for n in range(30)), audience="path")
    assert (done.sealed, done.held) == (0, 30)
    (one,) = holds.listed(node)
    assert (one.changed, one.deleted) == (30, 30)
    holds.release(node, one.id, "李", "x")
    assert said(node, 1)["federation"].op == "withdraw"


# -- the word on it ---------------------------------------------------------------------------------------------------


def test_released_it_goes_through_as_it_would_have(node, tmp_path):
    given = [*renamed(*range(25)), row(900)]
    take(node, *given)
    done = holds.release(node, 1, "李", "已核实")
    assert (done.hold.state, done.hold.by, done.hold.reason) == ("released", "李", "已核实")
    filed = done.submission
    assert (filed.sealed, filed.unchanged, filed.held, filed.hold) == (25, 1, 0, 1)
    assert done.hold.released_as == filed.number
    assert copies(node) == []

    free = node_at(tmp_path / "free")
    take(free, *(row(n) for n in range(LIVE)))
    take(replace(free, settings=replace(free.settings, brake_share=1.0)), *given)
    assert titles(node) == titles(free)
    with pytest.raises(NoHold):
        holds.release(node, 1, "李", "again")


def test_what_was_released_does_not_count_in_the_days_after(node):
    take(node, *renamed(*range(25)))
    holds.release(node, 1, "李", "已核实")
    assert take(node, *renamed(*range(25, 35))).held == 0


def test_what_was_changed_since_it_came_is_left_alone(node):
    take(node, *renamed(*range(25)))
    take(node, row(3, "后来更正的灯"))
    filed = holds.release(node, 1, "李", "已核实").submission
    assert (filed.sealed, filed.findings) == (24, {"OLDER": 1})
    assert titles(node)[key(3)] == "后来更正的灯"


def test_refused_nothing_has_changed_and_the_receipt_says_so(node, capfd):
    before = titles(node)
    done = take(node, *renamed(*range(25)))
    word = holds.refuse(node, 1, "李", "误操作")
    assert (word.hold.state, word.submission) == ("refused", None)
    assert titles(node) == before
    assert copies(node) == []
    code, out, _err = ran(capfd, node, "receipts", str(done.number), "--json")
    (shown,) = json.loads(out)
    assert (code, shown["held"]) == (0, 25)
    found = {name: shown["hold"][name] for name in ("number", "state", "by", "reason")}
    assert found == {"number": 1, "state": "refused", "by": "李", "reason": "误操作"}
    _code, out, _err = ran(capfd, node, "receipts", str(done.number), "--page")
    page = (node.home.outbox / f"receipt-{done.number}.html").read_text()
    assert "25 项更改由李拒绝（误操作），未登记" in page
    assert "were refused by 李: 误操作" in out


def test_the_same_file_again_waits_under_the_same_hold(node):
    given = renamed(*range(25))
    first, again = take(node, *given), take(node, *given)
    assert (first.hold, again.hold) == (1, 1)
    assert (again.held, again.sealed) == (25, 0)
    other = take(node, *given, clear_empty=True)
    assert (other.held, other.hold) == (25, 2), "read in another way it is another import"
    holds.refuse(node, 1, "李", "x")
    assert copies(node) == [first.file_sha256], "the other one needs it still"
    holds.release(node, 2, "李", "x")
    assert (len(changed(node)), copies(node)) == (25, [])


def test_a_damaged_copy_is_not_taken_in(node):
    take(node, *renamed(*range(25)))
    (path,) = node.home.held.iterdir()
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(CopyLost):
        holds.release(node, 1, "李", "x")
    assert changed(node) == []
    assert holds.refuse(node, 1, "李", "x").hold.state == "refused"


def test_a_file_that_is_written_to_meanwhile_is_not_kept_as_another(node, tmp_path):
    path = write(tmp_path / "x.csv", renamed(1))
    with pytest.raises(FileChanged):
        holding.keep(node.home, path, "00" * 32)
    assert copies(node) == []


def test_a_saved_mapping_is_remembered_though_it_is_changed_meanwhile(node):
    given = [{**one, "名头": one["专利名称"]} for one in renamed(*range(25))]
    for one in given:
        del one["专利名称"]
    path = write(node.home.path / "甲.csv", given)
    columns = intake.open_file(path).columns.as_dict()
    for one in columns["columns"]:
        if one["heading"] == "名头":
            one["path"] = "title"
    node.notebook.save_mapping("甲", columns, "王", 5)
    file = mappings.fitting(node, path, cataloguing.known_kinds(node))
    assert intake.take(node, file, "王").held == 25
    node.notebook.remove_mapping("甲")
    assert holds.release(node, 1, "李", "x").submission.mapping == "甲"
    assert len(changed(node)) == 25


# -- crashes ----------------------------------------------------------------------------------------------------------

TAKING = [
    (holding, "keep"),
    (HoldBook, "hold_import"),
    (SubmissionBook, "close_submission"),
]


@pytest.mark.parametrize("takes_effect", [False, True])
@pytest.mark.parametrize(("where", "name"), TAKING, ids=[name for _where, name in TAKING])
def test_a_crash_while_it_is_held_leaves_one_hold_and_the_same_again(node, monkeypatch, where, name, takes_effect):
    given = [*renamed(*range(25)), *(row(900 + n) for n in range(100))]
    crashing(monkeypatch, where, name, takes_effect, lambda: take(node, *given))
    assert changed(node) == []
    done = take(node, *given)
    assert (done.held, done.hold, done.records) == (25, 1, 125), "though many new rights may be filed by now"
    assert [one.state for one in holds.listed(node)] == ["open"]
    holds.release(node, 1, "李", "x")
    assert (len(changed(node)), copies(node), len(titles(node))) == (25, [], LIVE + 100)


DECIDING = [
    ("release", SubmissionBook, "close_submission"),
    *(
        (word, where, name)
        for word in ("release", "refuse")
        for where, name in ((HoldBook, "decide_hold"), (holding, "sweep"))
    ),
]


@pytest.mark.parametrize("takes_effect", [False, True])
@pytest.mark.parametrize(("word", "where", "name"), DECIDING, ids=[f"{word}-{name}" for word, _where, name in DECIDING])
def test_a_crash_while_it_is_decided_is_finished_by_the_same_again(node, monkeypatch, word, where, name, takes_effect):
    take(node, *renamed(*range(25)))
    decide = getattr(holds, word)
    crashing(monkeypatch, where, name, takes_effect, lambda: decide(node, 1, "李", "x"))
    if node.notebook.hold(1).state == "open":
        decide(node, 1, "李", "x")
    assert node.notebook.hold(1).state == ("released" if word == "release" else "refused")
    assert len(changed(node)) == (25 if word == "release" else 0)
    assert len(entries(node)) == LIVE + len(changed(node)), "nothing twice"
    take(node, *renamed(*range(30), title="另"), name="另.csv")
    holds.refuse(node, 2, "李", "x")
    assert copies(node) == []


def crashing(monkeypatch, where, name, takes_effect, step):
    real = getattr(where, name)

    def broken(*given, **named):
        if takes_effect:
            real(*given, **named)
        raise InjectedFault(name)

    with monkeypatch.context() as patched:
        patched.setattr(where, name, broken)
        with pytest.raises(InjectedFault):
            step()


# -- the ways in ------------------------------------------------------------------------------------------------------


def ran(capfd, node, *arguments):
    code = frame.run(outlet.cli.top, [*arguments, "--home", str(node.home.path), "--lang", "en"], {})
    out, err = capfd.readouterr()
    return code, out, err


def test_the_inbox_files_what_may_go_on_and_says_what_waits(node):
    write(node.home.inbox / "专利.csv", [*renamed(*range(25)), row(900)])
    box = Inbox(node)
    box.look(0.0)
    (item,) = box.look(STILL_S)
    assert (item.state, item.moved_to) == ("moved", "done/专利.csv")
    done = node.notebook.submission(item.submission)
    assert (done.sealed, done.held) == (1, 25)
    assert (node.home.inbox / "done" / "专利.csv-结果.xlsx").exists()
    shutil.rmtree(node.home.inbox / "done")
    assert holds.release(node, 1, "李", "x").submission.sealed == 25


def test_the_commands_import_show_and_release_it(node, capfd):
    path = write(node.home.path / "甲.csv", renamed(*range(25)))
    code, out, err = ran(capfd, node, "import", str(path), "--json")
    answer = json.loads(out)
    assert (code, answer["held"], answer["hold"]["number"], answer["hold"]["state"]) == (1, 25, 1, "open")
    assert "25 changes wait for a person under the number 1" in err
    _code, out, _err = ran(capfd, node, "status")
    assert f"HELD 1: with the file 甲.csv, 25 of 40 live rights of {node.origin} would be changed" in out
    code, out, _err = ran(capfd, node, "holds", "list", "--json")
    assert [(one["id"], one["name"], one["what"], one["file"]) for one in json.loads(out)] == [
        (1, "1", "import", "甲.csv")
    ]
    code, out, _err = ran(capfd, node, "holds", "show", "1")
    assert (code, out.count("changed: patent_invention:")) == (0, 20)
    code, out, _err = ran(capfd, node, "holds", "release", "1", "--reason", "已核实")
    assert (code, "25 sealed" in out) == (0, True)
    code, out, err = ran(capfd, node, "holds", "refuse", "1", "--reason", "x")
    assert (code, "Nothing waits here under the number 1" in err) == (1, True)
    for name in ("x", "1/1", "99999999999999999999", "../1", "٣"):
        assert ran(capfd, node, "holds", "show", name)[0] == 1
    _code, out, _err = ran(capfd, node, "receipts", str(answer["number"]))
    assert "released by" in out
    _code, out, _err = ran(capfd, node, "audit", "--json")
    assert "holds release" in [one["what"] for one in json.loads(out)]


def test_what_an_empty_file_says_withdraws_nothing(node):
    before = titles(node)
    path = write(node.home.path / "空.csv", [row(1)])
    path.write_text(path.read_text("utf-8-sig").splitlines()[0] + "\n", "utf-8-sig")
    done = intake.take_file(node, path, "王")
    assert (done.rows, done.sealed, done.held) == (0, 0, 0)
    assert titles(node) == before
