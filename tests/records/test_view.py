"""What is shown of a record, what its legal status means, and who may see it."""

import pytest

from records import legal_status
from records.audience import default_audience
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
        (record("trademark", publication_date="2018-01-01"), "path"),
    ],
)
def test_only_what_is_published_leaves_its_path(one, audience):
    assert default_audience(one) == audience
