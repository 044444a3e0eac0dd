"""Events in a file of all kinds of them: each under its own kind, with the code that its words tell."""

import pytest

from records import events, kinds, statement
from records.draft import Draft

RIGHT = "patent_invention:CN:201710601862.3"


def draft(kind="legal_status", **values):
    return Draft(2, kind, {"right": "CN201710601862.3", "published": "2020.01.02", **values}, {"申请号": "x"})


def told(one):
    found = events.told(one, kinds.BUILT_IN)
    return found.kind, found.values.get("code")


@pytest.mark.parametrize(
    ("values", "kind", "code"),
    [
        ({"event_text": "授权"}, "legal_status", "GR01"),
        ({"event_text": "专利权的转移"}, "assignment", "TR01"),
        ({"event_text": "专利申请权、专利权的转移"}, "assignment", None),
        ({"event_text": "专利实施许可合同备案的生效、变更及注销"}, "licence", None),
        ({"event_text": "专利权质押合同登记的生效"}, "pledge", "PE01"),
        ({"event_text": "专利权保全解除"}, "preservation", "PD01"),
        ({"event_text": "开放许可声明"}, "open_licence", "OL01"),
        ({"event_text": "别的"}, "legal_status", None),
        ({"event_text": ["专利权的转移"]}, "assignment", "TR01"),
        ({"code": "PE01", "event_text": "授权"}, "pledge", "PE01"),
        ({"code": "别的", "event_text": "授权"}, "legal_status", "别的"),
        ({"office": "EP", "code": "GR01"}, "legal_status", "GR01"),
        ({"office": "EP", "event_text": "专利权的转移"}, "legal_status", None),
        ({"event_text": "专利权的转移", "status_text": "x"}, "legal_status", "TR01"),
        ({}, "legal_status", None),
    ],
)
def test_a_legal_status_may_turn_out_to_be_another_event(values, kind, code):
    assert told(draft(**values)) == (kind, code)


def test_what_is_filed_under_its_own_kind_stays_there():
    assert told(draft("licence", event_text="专利权的转移")) == ("licence", "TR01")
    assert told(draft("licence", event_text="专利实施许可合同备案的生效")) == ("licence", "EE01")


@pytest.mark.parametrize("kind", ["", "patent_invention", "valuation", "organisation", "flag"])
def test_other_drafts_come_back_as_they_are(kind):
    one = draft(kind, event_text="专利权的转移")
    assert events.told(one, kinds.BUILT_IN) is one


def test_a_file_of_events_becomes_records_of_several_kinds():
    rows = list(statement.rows([draft(event_text=text) for text in ("授权", "专利权的转移", "专利权质押")]))
    assert [row.findings for row in rows] == [[], [], []]
    assert [row.record.key for row in rows] == [
        f"legal_status:{RIGHT}/GR01/2020-01-02/-",
        f"assignment:{RIGHT}/TR01/2020-01-02/-",
        f"pledge:{RIGHT}/专利权质押/2020-01-02/-",
    ]
    assert rows[0].record.fields["event_text"] == "授权"
