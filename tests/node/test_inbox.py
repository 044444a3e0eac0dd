"""The inbox: what is dropped there is filed once, whatever happens meanwhile; other things are refused unread."""

import errno
import os

import openpyxl
import pytest

from node import inbox, intake, returned
from node.inbox import Inbox
from node.inbox_book import InboxItem
from node.notebook import Notebook
from tests.node.filing import entries, key, node_at, number, row, write
from tests.sync.made import InjectedFault


@pytest.fixture
def node(tmp_path):
    return node_at(tmp_path)


def drop(node, *rows, name="专利.csv"):
    return write(node.home.inbox / name, rows)


def settle(node, box=None):
    """Look twice, as far apart as a file must stand still."""
    box = box or Inbox(node)
    box.look(0.0)
    return box.look(inbox.STILL_S)


def lying(node):
    found = (path.relative_to(node.home.inbox) for path in node.home.inbox.rglob("*") if not path.is_dir())
    return sorted(map(str, found))


def test_a_file_is_filed_and_moved(node):
    drop(node, row(1), row(2))
    (item,) = settle(node)
    assert (item.state, item.moved_to, item.submission) == ("moved", "done/专利.csv", 1)
    assert lying(node) == ["done/专利.csv"]
    done = node.notebook.submission(1)
    assert (done.person, done.via, done.sealed) == ("inbox", f"inbox/{item.id}", 2)
    assert settle(node) == []
    drop(node, row(1), row(2), row(3))
    settle(node)
    assert lying(node) == ["done/专利 (2).csv", "done/专利.csv"]
    assert [parts[0][1].key for parts in entries(node)] == [key(1), key(2), key(3)]


def test_what_was_found_lies_beside_it_and_the_mended_workbook_is_taken(node):
    drop(node, row(1), row(2, 申请号="CN201710000002.0"))
    settle(node)
    path = node.home.inbox / "done" / "专利.csv-结果.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book.active
    at = {cell.value: cell.column for cell in sheet[1]}
    words = [[one[at[name] - 1].value for name in at][-2] for one in sheet.iter_rows(min_row=2)]
    assert len(set(words)) == 2, "one row was sealed, the other refused"
    sheet.cell(3, at["申请号"]).value = f"CN{number(2)}"
    book.save(node.home.inbox / "改好.xlsx")
    settle(node)
    done = node.notebook.submission(2)
    assert (done.rows, done.sealed, done.unchanged, done.refused) == (2, 1, 1, 0)


NAMES = [
    *(b"\xff\xfe.csv", b"a" * 251 + b".csv", "专".encode() * 83 + b".csv", b"b" * 255, b"a." + b"c" * 250),
    *(b"a\nb.csv", b"\x1b[2J.csv", "a\u202eb.csv".encode(), b"done", b"refused", b"=cmd|x.csv", b"%s%n.csv"),
]


@pytest.mark.parametrize("content", ["", "good"])
@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_file_is_called_it_stops_no_other(node, name, content):
    path = os.fsencode(node.home.inbox) + b"/" + name
    good = write(node.home.path / "a.csv", [row(1), row(2, 申请号="CN201710000002.0")]).read_bytes()
    with open(path, "wb") as file:
        file.write(good if content else b"")
    drop(node, row(3), name="其他.csv")
    items = settle(node)
    assert [one.state for one in items] == ["moved"] * 2
    assert all(part.isprintable() for one in items for part in (one.name, one.moved_to))
    assert [one.submission > 0 for one in items if one.name != "其他.csv"] == [bool(content)]
    assert not [entry for entry in os.scandir(node.home.inbox) if entry.is_file()]


def test_a_file_that_still_grows_or_is_partial_is_left(node):
    box = Inbox(node)
    path = drop(node, row(1))
    for name in ("a.csv.part", "b.crdownload", "~$c.xlsx", ".d.csv", "e.tmp"):
        (node.home.inbox / name).write_bytes(path.read_bytes())
    (node.home.inbox / "文件夹").mkdir()
    box.look(0.0)
    with path.open("a", encoding="utf-8") as file:
        file.write("\n")
    os.utime(path, ns=(1, 1))
    assert box.look(inbox.STILL_S) == [], "it has changed since"
    assert box.look(inbox.STILL_S + 1) == []
    with path.open("a"):
        assert box.look(3 * inbox.STILL_S) == [], "somebody has it open for writing"
    assert len(box.look(4 * inbox.STILL_S)) == 1
    assert len(lying(node)) == 6


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4\n", b"\x80\x04\x95"])
def test_what_is_no_file_of_ours_is_refused_with_the_reason(node, content):
    (node.home.inbox / "报告.pdf").write_bytes(content)
    (item,) = settle(node)
    assert (item.moved_to, item.submission) == ("refused/报告.pdf", 0)
    assert lying(node) == ["refused/报告.pdf", "refused/报告.pdf-原因.txt"]
    assert "。" in (node.home.inbox / "refused" / "报告.pdf-原因.txt").read_text("utf-8-sig")
    assert node.notebook.submissions() == []
    assert inbox.standing(node)["refused"][0]["file"] == "refused/报告.pdf"


def test_links_and_special_files_are_refused_unread(node, tmp_path):
    outside = write(tmp_path / "outside.csv", [row(1)])
    (node.home.inbox / "link.csv").symlink_to(outside)
    (node.home.inbox / "dangling.csv").symlink_to("../../nowhere")
    os.mkfifo(node.home.inbox / "pipe.csv")
    items = settle(node)
    assert {one.moved_to for one in items} == {"refused/link.csv", "refused/dangling.csv", "refused/pipe.csv"}
    assert (node.home.inbox / "refused" / "link.csv").is_symlink()
    assert outside.exists()
    assert entries(node) == []


def test_a_saved_mapping_that_fits_is_used(node):
    given = [{**row(1), "日期甲": "2017-03-02"}]
    del given[0]["申请日"]
    columns = intake.open_file(write(node.home.path / "x.csv", given)).columns.as_dict()
    for one in columns["columns"]:
        if one["heading"] == "日期甲":
            one["path"] = "filing_date"
    node.notebook.save_mapping("学校", columns, "王", 5)
    drop(node, *given)
    settle(node)
    assert node.notebook.submission(1).mapping == "学校"
    assert entries(node)[0][0][1].fields["filing_date"] == "2017-03-02"


STEPS = [
    (Notebook, "take_item"),
    (Notebook, "open_submission"),
    (Notebook, "close_submission"),
    (Notebook, "settle_item"),
    (Notebook, "item_moved"),
    (returned, "write"),
    (inbox, "sync_directory"),
]


@pytest.mark.parametrize("takes_effect", [False, True])
@pytest.mark.parametrize(("where", "name"), STEPS, ids=[name for _where, name in STEPS])
def test_a_crash_at_any_step_neither_loses_nor_doubles(node, monkeypatch, where, name, takes_effect):
    real = getattr(where, name)

    def broken(*given, **named):
        if takes_effect:
            real(*given, **named)
        raise InjectedFault(name)

    drop(node, row(1), row(2), row(3, 申请号=""))
    with monkeypatch.context() as patched:
        patched.setattr(where, name, broken)
        with pytest.raises(InjectedFault):
            settle(node)
    settle(node)
    settle(node)
    assert lying(node) == ["done/专利.csv", "done/专利.csv-结果.xlsx"]
    assert [parts[0][1].key for parts in entries(node)] == [key(1), key(2)]
    assert len([one for one in node.notebook.submissions() if one.state == "done"]) == 1
    assert node.notebook.unmoved_items() == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_refuses_nothing_and_is_tried_again(node, monkeypatch, code):
    drop(node, row(1))

    def full(*given, **named):
        raise OSError(code, os.strerror(code))

    for where, name in ((intake, "take"), (returned, "write")):
        with monkeypatch.context() as patched:
            patched.setattr(where, name, full)
            with pytest.raises(OSError, match=os.strerror(code)):
                settle(node)
        assert lying(node) == ["专利.csv"]
    settle(node)
    assert lying(node) == ["done/专利.csv"]
    assert len(node.notebook.submissions()) == 1


def test_one_bad_file_stops_no_other(node):
    (node.home.inbox / "a.csv").write_bytes(b"\x00")
    drop(node, row(1), name="b.csv")
    assert [one.moved_to for one in settle(node)] == ["refused/a.csv", "done/b.csv"]
    assert all(isinstance(one, InboxItem) for one in node.notebook.inbox_items())
