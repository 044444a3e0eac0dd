"""Each rule on a record that breaks it, and none on one that is right."""

import pytest

from records import checks
from records.body import Record

NUMBER = "201710601862.3"
RIGHT = {
    "application_no": NUMBER,
    "title": "一种灯",
    "filing_date": "2017-07-21",
    "publications": [{"no": "CN107000001A", "kind": "A", "date": "2018-01-02"}],
    "owners": [{"name": "深圳大学", "uscc": "914403001922038216"}],
    "inventors": ["D·W·贝特"],
    "ipc": ["B65D 1/02"],
    "status_date": "2018-01-02",
}


def record(kind="patent_invention", version=1, key="", op="assert", **fields):
    stated = {name: value for name, value in {**RIGHT, **fields}.items() if value is not None}
    return Record(key or f"{kind}:CN:{stated.get('application_no', '')}", op, kind, version, stated)


def rules(one):
    return [(found.rule, found.severity, found.field) for found in checks.check(one)]


def test_a_right_record_has_no_findings():
    assert rules(record()) == []


@pytest.mark.parametrize(
    ("changed", "rule", "severity", "field"),
    [
        ({"application_no": "201710601862.4"}, "APPNO_CHECK", "error", "application_no"),
        ({"application_no": "CN201710601862.3"}, "APPNO_FORM", "error", "application_no"),
        ({"application_no": "CN107000001A"}, "APPNO_FORM", "error", "application_no"),
        ({"application_no": "201720601862.0"}, "APPNO_CHECK", "error", "application_no"),
        ({"application_no": "201720601862.9"}, "TYPE_MISMATCH", "error", "application_no"),
        ({"filing_date": "2016-07-21"}, "YEAR_MISMATCH", "warning", "filing_date"),
        ({"filing_date": "2017.07.21"}, "DATE_FORM", "error", "filing_date"),
        ({"status_date": "2017-02-30"}, "DATE_FORM", "error", "status_date"),
        ({"publication_date": "2017-07-20"}, "DATE_ORDER", "error", "publication_date"),
        ({"publications": [{"no": "CN107000001", "date": "2018-01-02"}]}, "KIND_MISSING", "warning", "publications.no"),
        ({"publications": [{"no": "CN206000001U"}]}, "TYPE_MISMATCH", "error", "publications.no"),
        ({"publications": [{"no": "CN107000001U"}]}, "TYPE_MISMATCH", "error", "publications.no"),
        ({"publications": [{"no": "107000001A"}]}, "PUBNO_FORM", "error", "publications.no"),
        ({"publications": [{"no": "CN107000001A", "date": "2018"}]}, "DATE_FORM", "error", "publications.date"),
        ({"publications": [{"no": "CN107000001A", "date": "2015-01-01"}]}, "DATE_ORDER", "error", "publications.date"),
        ({"ipc": ["B65D1/02"]}, "IPC_FORM", "error", "ipc"),
        ({"ipc": ["12-16"]}, "IPC_FORM", "error", "ipc"),
        ({"locarno": ["1216"]}, "LOCARNO_FORM", "error", "locarno"),
        ({"owners": [{"name": "甲", "uscc": "914403001922038217"}]}, "USCC_CHECK", "error", "owners.uscc"),
        ({"owners": [{"uscc": "914403001922038216"}]}, "REQUIRED", "error", "owners.0"),
        ({"title": 5}, "SCHEMA", "error", "title"),
        ({"colour": "red"}, "UNKNOWN_FIELD", "error", "colour"),
        ({"version": 2}, "UNKNOWN_VERSION", "error", "version"),
        ({"kind": "flag"}, "UNKNOWN_KIND", "error", "kind"),
        ({"key": "patent_invention:CN:201710601863.1"}, "KEY_MISMATCH", "error", "key"),
        ({"key": "patent_invention:CN:" + "1" * 236}, "KEY_LONG", "error", "key"),
    ],
)
def test_one_rule_broken_gives_its_one_finding(changed, rule, severity, field):
    assert rules(record(**changed)) == [(rule, severity, field)]


def test_a_design_may_have_its_class_in_the_ipc_column():
    one = record("design", application_no="201730000001.0", publications=None, filing_date="2017-01-01", ipc=["12-16"])
    assert rules(one) == [("LOCARNO_IN_IPC", "warning", "ipc")]


def test_national_phase_numbers_may_have_another_year():
    assert rules(record(application_no="201780000001.8", filing_date="2015-01-01")) == []


def test_no_identifier_and_only_a_publication_number():
    assert rules(record(application_no=None, publications=None)) == [("NO_IDENTIFIER", "error", "")]
    only = record(application_no=None, key="patent_invention:CN:pub/CN107000001A")
    assert rules(only) == [("PUBNO_ONLY", "warning", "publications.no")]


def test_a_withdrawal_is_judged_by_its_key_alone():
    assert checks.check(Record(f"design:CN:{NUMBER}", "withdraw", "design", 1)) == []
    assert rules(Record(f"utility_model:CN:{NUMBER}", "withdraw", "design", 1)) == [("KEY_MISMATCH", "error", "key")]


def test_an_organisation_needs_origin_name_and_role():
    fields = {"origin": "ip.gd.example/gz/scut", "name": "虚构大学", "role": "outlet"}
    right = Record("organisation:ip.gd.example/gz/scut", "assert", "organisation", 1, fields)
    assert checks.check(right) == []
    wrong = Record(right.key, "assert", "organisation", 1, {**fields, "role": "boss"})
    assert rules(wrong) == [("CHOICE", "error", "role")]


def test_a_finding_says_the_right_check_digit_in_both_languages():
    (found,) = checks.check(record(application_no="201710601862.4"))
    assert "应为 3" in found.zh
    assert "give 3" in found.en
    assert found.as_dict()["value"] == "201710601862.4"
