"""Files that left are noted with what they hold: of what is erased later, ours go and the others are named."""

import json
from hashlib import sha256

import pytest

import hub.cli
import outlet.cli
import substation.cli
from catalog.search import Query
from node import cataloguing, erasure_commands, erasures, export_book, exporting, frame, handouts, messages
from node.notebook import Notebook
from node.submission_book import RowFinding
from outlet import filing
from tests.node.verdict_world import key, number, patent
from tests.world import CITY, HUB, OUTLET

TOPS = {HUB: hub.cli.top, CITY: substation.cli.top, OUTLET: outlet.cli.top}


@pytest.fixture(autouse=True)
def english_afterwards():
    yield
    messages.use("en")


@pytest.fixture
def filed(world):
    """Three records at outlet and city, the first for the path alone."""
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    world.file(OUTLET, patent(1), audience="path")
    world.file(OUTLET, patent(2), patent(3))
    for origin in (OUTLET, CITY, OUTLET):
        world.sync(origin)
    cataloguing.apply(world.nodes[CITY])
    return world


def run(world, at, *line, code=0, lang="en", capsys):
    capsys.readouterr()
    words = ["--home", str(world.home(at)), "--lang", lang, *map(str, line)]
    assert frame.run(TOPS[at], words, {"LANG": "C"}) == code
    return capsys.readouterr()


def answer(world, at, *line, code=0, capsys):
    return json.loads(run(world, at, "--json", *line, code=code, capsys=capsys).out)


def erased(world, at, count, capsys, *more):
    return answer(world, at, "erase", number(count), "--ground", "court", "--yes", *more, capsys=capsys)


def test_an_export_that_held_it_goes_from_the_outbox_and_is_named_where_it_went_elsewhere(filed, capsys):
    ours = answer(filed, CITY, "export", "--internal", "--format", "jsonl", capsys=capsys)["file"]
    other = answer(filed, CITY, "export", "--internal", "--out", filed.path / "all.jsonl", capsys=capsys)["file"]
    open_ = answer(filed, CITY, "export", "--format", "csv", capsys=capsys)["file"]
    run(filed, CITY, "export", "--internal", "--format", "csv", "--out", "-", capsys=capsys)
    assert all(filed.home(CITY).joinpath("outbox", one).exists() for one in (ours, open_))
    said = erased(filed, CITY, 1, capsys)["files"]
    assert [(one["path"], one["state"]) for one in said] == [(other, "there"), ("-", "sent")]
    assert not filed.home(CITY).joinpath(ours).exists()
    assert filed.home(CITY).joinpath(open_).exists(), "it never held that part"
    (row,) = answer(filed, CITY, "erasures", capsys=capsys)
    assert [(one["path"], one["state"]) for one in row["files"]] == [
        (ours, "gone"),
        (other, "there"),
        ("-", "sent"),
    ]
    with filed.nodes[CITY].opened() as opened:
        details = [detail for _at, what, _origin, detail in opened.store.alarms() if what == erasures.HANDED_OUT]
    assert len(details) == 2
    assert other in details


def test_whoever_hears_of_it_by_the_log_clears_its_own_outbox(filed, capsys):
    ours = answer(filed, CITY, "export", "--internal", "--format", "jsonl", capsys=capsys)["file"]
    proof = answer(filed, CITY, "evidence", number(1), capsys=capsys)["file"]
    erased(filed, OUTLET, 1, capsys)
    filed.sync(OUTLET)
    erasures.follow_up(filed.nodes[CITY])
    assert [filed.home(CITY).joinpath(one).exists() for one in (ours, proof)] == [False, False]


def test_a_file_that_a_person_changed_is_named_and_stays(filed, capsys):
    ours = filed.home(CITY) / answer(filed, CITY, "export", "--internal", capsys=capsys)["file"]
    ours.write_bytes(b"mine")
    assert [one["state"] for one in erased(filed, CITY, 1, capsys)["files"]] == ["changed"]
    assert ours.read_bytes() == b"mine"


def test_the_list_of_what_was_left_out_holds_titles_and_is_named(filed, capsys):
    listed = filed.path / "left.csv"
    run(filed, CITY, "export", "--out", filed.path / "open.csv", "--left-out", listed, capsys=capsys)
    assert key(1) in listed.read_text("utf-8-sig")
    said = erased(filed, CITY, 1, capsys)["files"]
    assert [(one["path"], one["what"]) for one in said] == [(str(listed), "left-out")]


@pytest.mark.parametrize("at", ["node.handouts.note", "node.home.sync_directory"])
def test_a_file_is_noted_before_it_is_in_its_place(filed, monkeypatch, at):
    """Broken off at the note there is no file; at the last step of putting it in place, a file and its note."""

    def stop(*_given):
        raise OSError("stopped")

    out = filed.path / "x.jsonl"
    words = ["--home", str(filed.home(CITY)), "export", "--internal", "--out", str(out)]
    with monkeypatch.context() as patched:
        patched.setattr(at, stop)
        assert frame.run(TOPS[CITY], words, {"LANG": "C"}) != 0
    written = exporting.file_name(out, exporting.Order(Query(), scope="internal"))
    noted = [one.path for one in handouts.holding(filed.nodes[CITY], (OUTLET, 1, 0))]
    assert (written.exists(), noted) == ((True, [str(written)]) if "sync" in at else (False, []))


def test_files_of_an_import_are_named_and_its_findings_in_the_outbox_go(filed):
    node = filed.nodes[OUTLET]
    number = node.notebook.open_submission("张三", ["a.csv"], "0" * 64, 1)
    counts = {"rows": 1, "sealed": 1, "unchanged": 0, "refused": 0, "first": 1, "last": 2}
    node.notebook.close_submission(number, 2, **counts, findings={"R1": 1})
    node.notebook.add_findings(number, [RowFinding(1, key(1), "R1", "warning", "title", "灯", "短", "short")])
    kept = node.home.inbox / "done" / "a.csv"
    kept.parent.mkdir()
    kept.write_bytes(b"a")
    item = node.notebook.take_item("a.csv", sha256(b"a").hexdigest(), 1)
    node.notebook.settle_item(item.id, "filed", "done/a.csv", number)
    written = filing.write_findings(node, node.notebook.submission(number))
    cataloguing.apply(node)
    erasure_commands.erase(node, erasure_commands.parts_of(node, key(1)), "owner")
    assert (kept.exists(), written.exists()) == (True, False)
    found = [(one.path, one.what, one.state) for one in handouts.holding(node, (OUTLET, 1, 0))]
    assert found == [(str(kept), "import", "there"), (str(written), "result", "gone")]
    assert handouts.holding(node, (OUTLET, 2, 0)) == []


@pytest.mark.parametrize("spans", [[(0, 1)], [(3, 9), (12, 13)], [(5, 6), (6, 8), (2, 3)]])
def test_spans_come_back_as_they_were_noted(tmp_path, spans):
    book = Notebook.create(tmp_path / "node.db")
    held = {("ip.gd.example/gz", 0): export_book.merged(spans)}
    book.add_handout(1, "张三", "export", "/x", "", held)
    inside = {one for first, last in spans for one in range(first, last)}
    found = [bool(book.handouts_with("ip.gd.example/gz", index, 0)) for index in range(15)]
    assert found == [index in inside for index in range(15)]
    assert not book.handouts_with("ip.gd.example/gz", min(inside), 1)
    for _again in range(2):
        book.renumber_handouts("ip.gd.example/gz", [(min(inside), 40), (14, 50)])
        assert book.handouts_with("ip.gd.example/gz", 40, 0)
        assert book.handouts_with("ip.gd.example/gz", min(inside), 0)
        assert not book.handouts_with("ip.gd.example/gz", 50, 0)


def test_parts_of_a_file_are_gathered_in_any_order():
    places = handouts.Places()
    ids = [(1 << 40) | index << 3 | part for index, part in ((5, 0), (6, 0), (2, 0), (6, 1), (7, 0), (5, 0))]
    places.add(ids)
    assert places.by_origin({1: "a"}) == {("a", 0): [(2, 3), (5, 8)], ("a", 1): [(6, 7)]}
