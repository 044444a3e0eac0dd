"""What is shown of a record, what its legal status means, and who may see it."""

import pytest

from records import legal_status
from records.audience import by_part, default_audience, parts
from records.body import Record
from records.view import columns


def record(kind="patent_invention", **fields):
    return Record("k", "assert", kind, 1, fields)


def test_a_patents_columns():
    found = columns(
        record(
            application_no="201710601862.3",
            title="一种灯",
            owners=[{"name": "甲"}, {"name": "乙"}],
            inventors=["丙"],
            ipc=["F21V 29/70", "H05K 7/20"],
            filing_date="2017-07-21",
            publication_date="2018-01-01",
            publications=[{"no": "CN107000001B", "date": "2019-01-01"}],
            status_text="授权",
            abstract="照明",
        )
    )
    assert (found.kind, found.title, found.number) == ("patent_invention", "一种灯", "201710601862.3")
    assert (found.applicants, found.inventors, found.ipc) == (("甲", "乙"), ("丙",), ("F21V 29/70", "H05K 7/20"))
    assert (found.filing_date, found.publication_date) == ("2017-07-21", "2019-01-01")
    assert (found.status, found.status_text, found.abstract) == ("valid", "授权", "照明")


def test_a_bare_record_an_organisation_and_an_unknown_kind_have_columns_too():
    assert columns(record()).number == ""
    assert columns(record(publications=[{"no": "CN107000001A"}])).number == "CN107000001A"
    organisation = columns(record("organisation", origin="ip.gd.example/gz", name="虚构分站", role="substation"))
    assert (organisation.title, organisation.number) == ("虚构分站", "ip.gd.example/gz")
    unknown = columns(record("flag", title=True, owners="x", inventors={"a": 1}, filing_date="2017-07-21"))
    assert (unknown.title, unknown.applicants, unknown.inventors, unknown.filing_date) == ("", (), (), "2017-07-21")


@pytest.mark.parametrize(
    ("text", "status", "published"),
    [
        ("实质审查的生效", "pending", True),
        ("发明专利申请公布", "pending", True),
        ("公开", "pending", True),
        ("授权", "valid", True),
        ("发明专利权授予", "valid", True),
        ("实用新型专利权授予", "valid", True),
        ("专利权人的姓名或者名称、地址的变更", "valid", True),
        ("专利权的终止", "invalid", True),
        ("未缴年费专利权终止", "invalid", True),
        ("发明专利申请公布后的驳回", "invalid", True),
        ("发明专利申请公布后的视为撤回", "invalid", True),
        ("专利权部分无效宣告", "valid", True),
        ("避免重复授权放弃专利权", "invalid", True),
        ("有效", "valid", False),
        ("失效", "invalid", False),
        ("审中", "pending", False),
        ("未授权", "pending", False),
        ("未公开", "pending", False),
        ("不公开", "pending", False),
        ("公布前撤回", "pending", False),
        ("著录事项变更", "", False),
        ("专利申请权、专利权的转移", "", False),
        ("", "", False),
    ],
)
def test_words_of_the_legal_status(text, status, published):
    assert (legal_status.status(text), legal_status.is_published(text)) == (status, published)


@pytest.mark.parametrize(
    ("one", "audience"),
    [
        (record(), "path"),
        (record(status_text="审中", filing_date="2017-07-21"), "path"),
        (record(status_text="未公开"), "path"),
        (record(publications=[{"no": "CN107000001A"}]), "path"),
        (record(publications=[{"no": "CN107000001A", "date": "2018-01-01"}]), "federation"),
        (record(publication_date="2018-01-01"), "federation"),
        (record(status_text="授权"), "federation"),
        (record("organisation"), "federation"),
        (record("flag", publication_date="2018-01-01"), "path"),
        (record("trademark", number="1", filing_date="2018-01-01"), "path"),
        (record("trademark", number="1", first_publication_date="2018-01-01"), "federation"),
        (record("trademark", number="1", status_text="已注册"), "federation"),
        (record("copyright_software", completion_date="2018-01-01"), "path"),
        (record("copyright_software", registration_date="2018-01-01"), "federation"),
        (record("copyright_work", first_publication_date="2018-01-01"), "path"),
        (record("ic_layout", filing_date="2018-01-01"), "path"),
        (record("ic_layout", publication_date="2018-01-01"), "federation"),
        (record("plant_variety", grant_date="2018-01-01"), "federation"),
        (record("gi", registration_date="2018-01-01"), "federation"),
        (record("legal_status", date="2018-01-01"), "path"),
        (record("legal_status", date="2018-01-01", published="2018-02-01"), "federation"),
        (record("pledge", date="2018-01-01"), "path"),
        (record("valuation", date="2018-01-01", published="2018-02-01"), "path"),
        (record("contribution", date="2018-01-01", published="2018-02-01"), "path"),
        (record("dispute", date="2018-01-01", published="2018-02-01"), "path"),
        (record("agency"), "federation"),
        (record("expert"), "federation"),
        (record("course"), "federation"),
        (record("case"), "path"),
        (record("verdict"), "path"),
        (record("decision"), "path"),
        (record("hold"), "path"),
        (record("kind"), "federation"),
    ],
)
def test_only_what_is_published_leaves_its_path(one, audience):
    assert default_audience(one) == audience


def test_a_contact_and_a_note_go_no_further_than_the_path():
    expert = record("expert", name="甲", affiliation="某大学", contact="123", note="勿扰")
    assert by_part(expert) == {"federation": {"name", "affiliation"}, "path": {"contact", "note"}}
    listing = record("listing", right="x", date="2018-01-01", contact="123")
    assert by_part(listing) == {"path": {"right", "date", "contact"}}
    assert by_part(record("flag", contact="123")) == {"path": {"contact"}}
    assert by_part(record()) == {"path": frozenset()}


def test_each_audience_is_told_what_it_may_see_and_what_wider_ones_see():
    stated = {"right": "design:CN:1", "published": "2020-01-01", "amount": {"value": 5}, "note": "密"}
    raw = {"amount": "5万", "published": "2020.1.1"}
    told = parts(record("pledge", **stated, raw=raw))
    wide = {"right": "design:CN:1", "published": "2020-01-01", "raw": {"published": "2020.1.1"}}
    assert {audience: one.fields for audience, one in told.items()} == {
        "federation": wide,
        "path": {**stated, "raw": raw},
    }
    assert list(told) == ["federation", "path"]
    only = record("pledge", **stated, raw={"amount": "5万"})
    assert "raw" not in parts(only)["federation"].fields
    assert parts(only, whole="path") == {"path": only}
    assert list(parts(only, whole="alliance:led")) == ["alliance:led", "path"]
    bare = record("pledge", right="x")
    assert parts(bare, whole="federation") == {"federation": bare}


def test_the_columns_of_other_kinds():
    fields = {
        "number": "53696406",
        "nice_class": "9",
        "owners": [{"name": "甲"}],
        "status_text": "已注册",
        "goods": "灯",
    }
    mark = columns(record("trademark", registration_date="2021-09-07", **fields))
    assert (mark.title, mark.number, mark.applicants, mark.status) == ("", "53696406", ("甲",), "valid")
    assert (mark.publication_date, mark.abstract) == ("2021-09-07", "灯")
    parties = [{"role": "transferor", "name": "甲"}, {"role": "transferee", "name": "乙"}]
    fields = {"right": "design:CN:1", "event_text": "转移", "date": "2020-01-01", "published": "2020-02-01"}
    event = columns(record("assignment", parties=parties, **fields))
    assert (event.title, event.number, event.applicants) == ("转移", "design:CN:1", ("甲", "乙"))
    assert (event.filing_date, event.publication_date, event.status) == ("2020-01-01", "2020-02-01", "")


@pytest.mark.parametrize(
    ("text", "state", "status"),
    [
        ("", "T", "invalid"),
        ("", "N", "invalid"),
        ("", "A", ""),
        ("", "", ""),
        ("授权", "T", "valid"),
        ("变更", "N", "invalid"),
    ],
)
def test_the_state_says_what_the_words_do_not(text, state, status):
    assert legal_status.of(text, state) == status
    assert columns(record(status_text=text, legal_state=state)).status == status


@pytest.mark.parametrize(
    ("text", "status", "published"),
    [
        ("已注册", "valid", True),
        ("商标已注册", "valid", True),
        ("注册", "valid", False),
        ("初审公告", "pending", True),
        ("等待实质审查", "pending", False),
        ("撤销/无效宣告申请审查中", "valid", False),
        ("无效", "invalid", False),
        ("申请被驳回", "invalid", False),
    ],
)
def test_words_of_a_trademarks_status(text, status, published):
    assert (legal_status.status(text), legal_status.is_published(text)) == (status, published)
