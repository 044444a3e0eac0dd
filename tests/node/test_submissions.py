"""The parts that a version is made of, and the numbers that submissions get."""

from dataclasses import replace

import pytest

from catalog.filed import Filed
from node import versions
from node.submissions import UnknownAudience, check_audience, submitting
from node.versions import WiderAudience
from records import body
from records.body import Record
from tests.node.filing import key, node_at, number
from tests.sync.made import InjectedFault

PUBLISHED = {"application_no": number(1), "title": "灯", "publications": [{"no": "CN107000001A", "date": "2018-01-01"}]}


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
