"""The parts that a version is made of, and the numbers that submissions get."""

import getpass
from dataclasses import replace

import pytest

from catalog.filed import Filed
from node import acting, amendments, intake, versions
from node.act_book import ActBook
from node.submissions import Submitting, UnknownAudience, check_audience, submitting
from node.versions import WiderAudience
from records import body
from records.body import Record
from sync.bundles import Bundles
from sync.entry import commitments
from sync.ownlog import OwnLog
from tests.node.filing import entries, key, node_at, number, row, write
from tests.sync.made import InjectedFault

PUBLISHED = {"application_no": number(1), "title": "灯", "publications": [{"no": "CN107000001A", "date": "2018-01-01"}]}


@pytest.fixture
def node(tmp_path):
    return node_at(tmp_path)


def record(**fields):
    return Record(key(1), "assert", "patent_invention", 1, PUBLISHED | fields)


def held(**ops):
    parts = [
        (audience, record() if op == "assert" else Record(key(1), op, "patent_invention", 1))
        for audience, op in ops.items()
    ]
    return Filed(5, tuple(parts))


def made(*given, **named):
    return {audience: body.decode(raw).op for audience, raw in versions.version(record(), *given, **named)}


@pytest.mark.parametrize(
    ("before", "audience", "wider", "parts"),
    [
        (None, None, False, {"federation": "assert"}),
        (None, "path", False, {"path": "assert"}),
        (None, "public", True, {"public": "assert"}),
        ({"federation": "assert"}, "path", False, {"path": "assert", "federation": "withdraw"}),
        ({"path": "assert"}, None, False, {"path": "assert"}),  # a person chose it
        ({"path": "assert"}, "federation", False, {"federation": "assert", "path": "assert"}),
        ({"public": "assert"}, None, False, {"public": "assert"}),
        ({"path": "assert", "public": "withdraw"}, None, False, {"path": "assert", "public": "withdraw"}),
        ({"federation": "withdraw"}, None, False, {"federation": "assert"}),
        ({"path": "withdraw"}, None, False, {"federation": "assert", "path": "assert"}),
        ({"alliance:abcd": "assert"}, "path", False, {"path": "assert", "alliance:abcd": "withdraw"}),
        ({"alliance:abcd": "assert"}, "federation", False, {"federation": "assert", "alliance:abcd": "assert"}),
    ],
)
def test_who_gets_which_part_of_a_version(before, audience, wider, parts):
    assert made(held(**before) if before else None, audience=audience, wider=wider) == parts


def test_more_than_the_default_is_confirmed_unless_it_is_so_already():
    with pytest.raises(WiderAudience):
        made(None, audience="public")
    with pytest.raises(WiderAudience):
        made(held(federation="assert"), audience="public")
    assert made(held(public="assert"), audience="public") == {"public": "assert"}


def test_every_part_says_its_submission():
    said = replace(record(), source={"submission": 7})
    for _audience, raw in versions.version(said, held(public="assert", path="assert"), "path"):
        assert body.decode(raw).source["submission"] == 7
    for _audience, raw in versions.withdrawal(held(public="assert", path="assert"), "重复", 8):
        assert (body.decode(raw).source, body.decode(raw).reason) == ({"submission": 8}, "重复")


@pytest.mark.parametrize("audience", ["federation", "path", "public", "alliance:0011aabb"])
def test_audiences_that_a_person_may_choose(audience):
    check_audience(audience)


@pytest.mark.parametrize("audience", ["", "Public", "alliance:", "node:ip.gd.example", "path ", "所有人"])
def test_audiences_that_nobody_may_choose(audience):
    with pytest.raises(UnknownAudience):
        check_audience(audience)


def test_numbers_are_never_used_twice(tmp_path):
    node = node_at(tmp_path)
    for _attempt in range(3):
        with pytest.raises(InjectedFault), submitting(node, "王", [], ""):
            raise InjectedFault(0)
    with submitting(node, "王", [], "") as under_way:
        assert under_way.number == 4
    assert [(one.number, one.state) for one in node.notebook.submissions()] == [
        (4, "done"),
        (3, "interrupted"),
        (2, "interrupted"),
        (1, "interrupted"),
    ]


def parts_of(new, held=None, **named):
    return {audience: body.decode(raw).fields for audience, raw in versions.version(new, held, **named)}


def test_fields_that_are_for_fewer_people_stay_with_those():
    right = f"patent_invention:CN:{number(1)}"
    shared = {"right": right, "code": "TR01", "date": "2020-01-02", "published": "2020-01-03"}
    new = Record(
        f"assignment:{right}/TR01/2020-01-02/-",
        "assert",
        "assignment",
        1,
        {**shared, "note": "内部意见", "raw": {"note": "内部 意见", "date": "2020.1.2."}},
    )
    open_ones = {**shared, "raw": {"date": "2020.1.2."}}
    assert parts_of(new) == {"federation": open_ones, "path": new.fields}
    assert parts_of(new, audience="path") == {"path": new.fields}
    assert parts_of(new, audience="public", wider=True) == {"public": open_ones, "path": new.fields}
    before = Filed(5, (("federation", replace(new, fields=open_ones)), ("path", new)))
    assert before.record.fields == new.fields, "what is compared with is the whole"
    assert parts_of(new, before) == {"federation": open_ones, "path": new.fields}
    plain = replace(new, fields=shared)
    assert parts_of(plain, before) == {"federation": shared, "path": shared}
    alliance = parts_of(new, audience="alliance:abcd", wider=True)
    assert alliance == {"alliance:abcd": open_ones, "path": new.fields}


def acts(node):
    with node.opened() as opened:
        return [(one.index, one.what, one.about, one.by, one.role, one.reason) for one in acting.acts(node, opened, 10)]


def take(node, tmp_path, *rows, person="王", **named):
    return intake.take(node, intake.open_file(write(tmp_path / "x.csv", rows)), person, **named)


def test_who_imported_what_stands_in_front_of_it_once_an_import(node, tmp_path):
    done = take(node, tmp_path, *(row(n) for n in range(600)))
    assert acts(node) == [(1, "import", "1, x.csv", "王", "", "")]
    assert (done.first, done.last) == (2, 602)
    take(node, tmp_path, row(1))
    assert len(acts(node)) == 1, "what changes nothing needs no word"
    take(node, tmp_path, row(700), person=getpass.getuser(), via="inbox/7")
    assert acts(node)[0][1:] == ("import", "3, x.csv, inbox/7", getpass.getuser(), "operator", "")


def test_who_withdrew_corrected_and_undid_stands_in_the_log_with_the_reason(node, tmp_path):
    done = take(node, tmp_path, row(1), row(2), row(3))
    amendments.withdraw(node, key(1), "重复", "李")
    amendments.correct(node, key(2), {"title": "灯具"}, "赵")
    amendments.undo(node, done.number, "钱")
    assert [(what, about, by, reason) for _index, what, about, by, _role, reason in acts(node)[:3]] == [
        ("import undo", "1", "钱", ""),
        ("correct", key(2), "赵", ""),
        ("withdraw", key(1), "李", "重复"),
    ]


@pytest.mark.parametrize("takes_effect", [False, True])
@pytest.mark.parametrize(("where", "name"), [(OwnLog, "add_entries"), (ActBook, "add_act")])
def test_a_crash_leaves_no_record_without_who_filed_it(node, tmp_path, monkeypatch, where, name, takes_effect):
    real = getattr(where, name)

    def broken(*given, **named):
        if takes_effect:
            real(*given, **named)
        raise InjectedFault(name)

    with monkeypatch.context() as patched:
        patched.setattr(where, name, broken)
        patched.setattr(Submitting, "close", lambda *given: None)
        with pytest.raises(InjectedFault):
            take(node, tmp_path, row(1), row(2))
    with node.opened() as opened:  # while it lies there unfinished, somebody decides something
        acting.record(node, opened, "suspend", "x")
    took = len(entries(node))
    done = take(node, tmp_path, row(1), row(2), row(3))
    left = node.notebook.submission(1)
    assert (left.state, left.last - left.first, left.sealed) == ("interrupted", took, took)
    assert (done.sealed, done.unchanged) == (3 - took, took)
    with node.opened() as opened:
        log = opened.own.log
        raws = Bundles(opened.store, log).entries(0, log.next_entry)
    said = [one for one, raw in enumerate(raws) if any(name.startswith("node:") for name, _ in commitments(raw)[1])]
    assert left.first == left.last or left.first - 1 in said
    assert done.first - 1 in said
