"""Every rule: a right record, what breaks it, and nothing but that finding; its sentences in both languages."""

import re
import string
from pathlib import Path

import pytest

from records import checks, kinds, rules
from records.body import Record

NUMBER = "201710601862.3"
RIGHT = f"patent_invention:CN:{NUMBER}"
BASES = {
    "patent_invention": {
        "application_no": NUMBER,
        "title": "一种灯",
        "filing_date": "2017-07-21",
        "publications": [{"no": "CN107000001A", "kind": "A", "date": "2018-01-02"}],
        "owners": [{"name": "深圳大学", "uscc": "914403001922038216", "division": "440300", "country": "CN"}],
        "inventors": ["D·W·贝特"],
        "ipc": ["B65D 1/02"],
        "cpc": ["Y02E 10/50"],
        "agency_code": "44205",
        "region": "440300",
        "status_text": "授权",
        "licence": {"source": "某数据库", "redistribute": "derived", "until": "2030-01-01"},
    },
    "foreign": {
        "office": "US",
        "application_no": "13797521",
        "filing_date": "2013-03-12",
        "publications": [{"no": "US8927118B2", "kind": "B2", "date": "2015-01-06"}],
        "region": "US",
    },
    "design": {"application_no": "201730000001.0", "filing_date": "2017-01-01", "locarno": ["12-16"]},
    "trademark": {
        "number": "53696406",
        "nice_class": "9",
        "similar_groups": ["0901"],
        "registration_date": "2021-09-07",
        "expiry_date": "2031-09-06",
    },
    "copyright_software": {"registration_no": "2016SR309930", "certificate_no": "软著登字第0650314号", "name": "软件"},
    "copyright_work": {"registration_no": "国作登字-2016-F-00269796", "name": "画", "owners": [{"name": "甲"}]},
    "gi": {"registration_no": "AGI00122", "announcement_no": "2006年第12号", "name": "荔枝"},
    "ic_layout": {
        "registration_no": "BS.18555922.0",
        "filing_date": "2018-03-01",
        "first_use_date": "2017-06-01",
        "creation_date": "2016-01-01",
        "expiry_date": "2027-06-01",
    },
    "plant_variety": {"variety_no": "CNA20080376.X", "name": "华南一号"},
    "legal_status": {"right": RIGHT, "code": "GR01", "st27": "F10-F11-CN_GR01", "date": "2019-01-01"},
    "assignment": {
        "right": RIGHT,
        "code": "TR01",
        "published": "2020-01-01",
        "parties": [{"role": "transferor", "name": "甲"}, {"role": "transferee", "name": "乙"}],
        "amount": {"value": 1_000_000, "currency": "CNY", "kind": "deal"},
    },
    "organisation": {"origin": "ip.gd.example/gz/scut", "name": "虚构大学", "role": "outlet"},
    "agency": {"code": "44205", "name": "虚构事务所"},
}
CASES = [
    ("REQUIRED", "organisation", {"name": None}, "name"),
    ("REQUIRED", "organisation", {"role": None}, "role"),
    ("CHOICE", "organisation", {"role": "boss"}, "role"),
    ("TOO_LONG", "patent_invention", {"title": "灯" * 2001}, "title"),
    ("UNKNOWN_FIELD", "patent_invention", {"colour": "red"}, "colour"),
    ("SCHEMA", "patent_invention", {"title": 5}, "title"),
    ("NO_IDENTIFIER", "trademark", {"number": None}, ""),
    ("NO_IDENTIFIER", "legal_status", {"right": None}, ""),
    ("NO_IDENTIFIER", "legal_status", {"date": None}, ""),
    ("PUBNO_ONLY", "patent_invention", {"application_no": None}, "publications.no"),
    ("CERTNO_ONLY", "copyright_software", {"registration_no": None}, "certificate_no"),
    ("APPNO_FORM", "patent_invention", {"application_no": "CN107000001A"}, "application_no"),
    ("APPNO_FORM", "patent_invention", {"divisional_of": "2017"}, "divisional_of"),
    ("APPNO_CHECK", "patent_invention", {"application_no": "201710601862.4"}, "application_no"),
    ("APPNO_CHECK", "legal_status", {"right": "patent_invention:CN:201710601862.4"}, "right"),
    ("PUBNO_FORM", "patent_invention", {"publications": [{"no": "107000001A"}]}, "publications.no"),
    ("KIND_MISSING", "patent_invention", {"publications": [{"no": "CN107000001"}]}, "publications.no"),
    ("KIND_CONFLICT", "patent_invention", {"publications": [{"no": "CN107000001A", "kind": "B"}]}, "publications.kind"),
    ("TYPE_MISMATCH", "patent_invention", {"application_no": "201720601862.9"}, "application_no"),
    ("TYPE_MISMATCH", "patent_invention", {"publications": [{"no": "CN107000001U"}]}, "publications.no"),
    ("NUMBER_FORM", "foreign", {"application_no": "13 797 521"}, "application_no"),
    ("PUBLICATION_FORM", "foreign", {"publications": [{"no": "8927118"}]}, "publications.no"),
    ("OFFICE_CONFLICT", "foreign", {"publications": [{"no": "JP2014000001A"}]}, "office"),
    ("OFFICE_CONFLICT", "foreign", {"application_no": NUMBER}, "office"),
    ("OFFICE_FORM", "patent_invention", {"owners": [{"name": "甲", "country": "China"}]}, "owners.country"),
    ("ST13_FORM", "patent_invention", {"st13_no": "2017"}, "st13_no"),
    ("ST13_MISMATCH", "patent_invention", {"st13_no": "102009000190429"}, "st13_no"),
    ("YEAR_MISMATCH", "patent_invention", {"filing_date": "2016-07-21"}, "filing_date"),
    ("DATE_FORM", "patent_invention", {"filing_date": "2017.07.21"}, "filing_date"),
    ("DATE_FORM", "patent_invention", {"licence": {"until": "2030"}}, "licence.until"),
    ("DATE_ORDER", "patent_invention", {"publication_date": "2017-07-20"}, "publication_date"),
    ("DATE_ORDER", "trademark", {"filing_date": "2022-01-01"}, "registration_date"),
    ("IPC_FORM", "patent_invention", {"ipc": ["B65D1/02"]}, "ipc"),
    ("CPC_FORM", "patent_invention", {"cpc": ["X02E 10/50"]}, "cpc"),
    ("LOCARNO_IN_IPC", "design", {"ipc": ["12-16"]}, "ipc"),
    ("LOCARNO_FORM", "design", {"locarno": ["1216"]}, "locarno"),
    ("USCC_FORM", "patent_invention", {"owners": [{"name": "甲", "uscc": "9144"}]}, "owners.uscc"),
    ("USCC_CHECK", "patent_invention", {"owners": [{"name": "甲", "uscc": "914403001922038217"}]}, "owners.uscc"),
    ("DIVISION_FORM", "patent_invention", {"owners": [{"name": "甲", "division": "81"}]}, "owners.division"),
    ("REGION_FORM", "patent_invention", {"region": "81"}, "region"),
    ("AGENCY_FORM", "agency", {"code": "4420"}, "code"),
    ("TRADEMARK_FORM", "trademark", {"number": "第53696406号"}, "number"),
    ("NICE_FORM", "trademark", {"nice_class": "46"}, "nice_class"),
    ("NICE_MISSING", "trademark", {"nice_class": None}, "nice_class"),
    ("SIMILAR_FORM", "trademark", {"similar_groups": ["901"]}, "similar_groups"),
    ("SIMILAR_MISMATCH", "trademark", {"similar_groups": ["3501"]}, "similar_groups"),
    ("TERM_MISMATCH", "trademark", {"expiry_date": "2032-09-06"}, "expiry_date"),
    ("TERM_MISMATCH", "ic_layout", {"expiry_date": "2028-03-01"}, "expiry_date"),
    ("TERM_MISMATCH", "ic_layout", {"creation_date": "2010-01-01"}, "expiry_date"),
    ("SOFTWARE_FORM", "copyright_software", {"registration_no": "软著登字第0650314号"}, "registration_no"),
    ("CERTIFICATE_FORM", "copyright_software", {"certificate_no": "0650314"}, "certificate_no"),
    ("WORK_FORM", "copyright_work", {"registration_no": "作登字-1"}, "registration_no"),
    ("LAYOUT_FORM", "ic_layout", {"registration_no": "BS.185559220"}, "registration_no"),
    ("LAYOUT_CHECK", "ic_layout", {"registration_no": "BS.18555922.1"}, "registration_no"),
    ("VARIETY_FORM", "plant_variety", {"variety_no": "20080376.X"}, "variety_no"),
    ("VARIETY_CHECK", "plant_variety", {"variety_no": "CNA20080376.1"}, "variety_no"),
    ("GI_FORM", "gi", {"registration_no": "AGI122"}, "registration_no"),
    ("ANNOUNCEMENT_FORM", "gi", {"announcement_no": "第12号"}, "announcement_no"),
    ("RIGHT_FORM", "legal_status", {"right": "CN201710601862.3"}, "right"),
    ("LEGAL_CODE_FORM", "legal_status", {"code": "XX99"}, "code"),
    ("LEGAL_CODE_KIND", "assignment", {"code": "EE01"}, "code"),
    ("ST27_FORM", "legal_status", {"st27": "F11"}, "st27"),
    ("ST27_MISMATCH", "legal_status", {"st27": "H10-H13"}, "st27"),
    ("EVENT_BEFORE_RIGHT", "legal_status", {"date": "2016-12-31"}, "date"),
    ("EVENT_ORDER", "legal_status", {"published": "2018-12-31"}, "published"),
    ("AMOUNT_FORM", "assignment", {"amount": "面议"}, "amount"),
    ("AMOUNT_UNIT", "assignment", {"amount": {"value": 35}}, "amount.value"),
    ("CURRENCY_FORM", "assignment", {"amount": {"value": 35, "currency": "元"}}, "amount.currency"),
]
OF_WHOLE_RECORDS = {"UNKNOWN_KIND", "UNKNOWN_VERSION", "KEY_MISMATCH", "KEY_LONG"}  # test_checks.py
ROOT = Path(__file__).parent.parent.parent
VERBS = "write state add check compare use change make put leave delete deleted shorten upgrade undo file type ask mend"
MEND = {*VERBS.split(), "name"}  # one of these tells what to do


def kind_of(base):
    return kinds.get("patent_invention" if base == "foreign" else base)


def changed(base, change):
    return {name: value for name, value in {**BASES[base], **change}.items() if value is not None}


@pytest.mark.parametrize("base", BASES)
def test_a_right_record_has_no_findings(base):
    kind, fields = kind_of(base), BASES[base]
    (key, *_) = kind.keys(fields)
    assert checks.check(Record(key, "assert", kind.name, kind.version, fields)) == []


@pytest.mark.parametrize(("rule", "base", "change", "field"), CASES)
def test_a_broken_rule_gives_its_one_finding(rule, base, change, field):
    found = checks.check_fields(kind_of(base), changed(base, change))
    assert [(one.rule, one.field) for one in found] == [(rule, field)]


def named_in(files):
    """Return the rules that source files name."""
    text = "".join(file.read_text("utf-8") for file in files)
    return {rule for rule in rules.SENTENCES if f'"{rule}"' in text}


def test_every_rule_of_fields_has_a_case():
    judging = [ROOT / "records" / f"{name}.py" for name in ("formats", "shape", "checks", "relations")]
    assert named_in(judging) == {rule for rule, *_ in CASES} | OF_WHOLE_RECORDS


def test_no_sentence_is_left_over():
    folders = ("records", "catalog", "node", "outlet", "substation", "hub")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py") if file.name != "rules.py"]
    assert named_in(files) == rules.SENTENCES.keys()


@pytest.mark.parametrize("rule", rules.SENTENCES)
def test_every_sentence_says_what_is_wrong_and_how_to_mend_it(rule):
    severity, zh, en = rules.SENTENCES[rule]
    assert severity in ("error", "warning")
    assert "；" in zh
    assert zh.endswith("。")
    assert en.isascii()
    assert en.endswith(".")
    assert MEND & set(re.findall("[a-z]+", en.lower())), en


@pytest.mark.parametrize("rule", rules.SENTENCES)
def test_both_sentences_are_filled_with_the_same_facts(rule):
    _, zh, en = rules.SENTENCES[rule]

    def names(text):
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert {name.removesuffix("_en") for name in names(en)} <= names(zh) | {"value", "field"}


def test_a_long_value_is_cut():
    assert len(rules.finding("DATE_FORM", "filing_date", "9" * 5000).value) == 200


@pytest.mark.parametrize(
    "change",
    [
        {"application_no": "201780000001.8", "filing_date": "2015-01-01"},
        {"filing_date": "2016-07-21", "pct": {"application_no": "PCT/CN2016/123456", "entry_date": "2017-07-21"}},
        {"filing_date": "2016-07-21", "divisional_of": "201610000001.9"},
    ],
)
def test_a_national_phase_and_a_divisional_may_have_another_year(change):
    found = checks.check_fields(kind_of("patent_invention"), changed("patent_invention", change))
    assert "YEAR_MISMATCH" not in [one.rule for one in found]


def test_the_old_numbers_carry_their_year_too():
    fields = {"application_no": "95115608.X", "filing_date": "1995-08-01"}
    assert checks.check_fields(kind_of("patent_invention"), fields) == []
    (found,) = checks.check_fields(kind_of("patent_invention"), {**fields, "filing_date": "1996-08-01"})
    assert (found.rule, found.severity) == ("YEAR_MISMATCH", "warning")


def test_a_figurative_mark_needs_no_name():
    assert (
        checks.check_fields(kind_of("trademark"), {"number": "53696406", "nice_class": "9", "feature": "figurative"})
        == []
    )


@pytest.mark.parametrize("until", ["2031-09-06", "2031-09-07", "2041-09-06", "2051-09-07"])
def test_a_mark_may_be_renewed_again_and_again(until):
    assert checks.check_fields(kind_of("trademark"), changed("trademark", {"expiry_date": until})) == []


def test_what_another_office_publishes_of_an_application_is_no_conflict():
    publications = [{"no": "WO2014123456A1"}, {"no": "EP2775678A1"}, {"no": "US20140264567A1"}]
    assert checks.check_fields(kind_of("foreign"), changed("foreign", {"publications": publications})) == []


def test_codes_of_other_offices_are_taken_as_they_are():
    fields = {"office": "EP", "right": "patent_invention:EP:12345678", "code": "PGFP", "date": "2019-01-01"}
    assert checks.check_fields(kind_of("legal_status"), fields) == []


def test_two_asking_prices_of_one_patent_are_two_events():
    listing = kinds.get("listing")
    keys = [listing.keys({"right": RIGHT, "date": "2026-01-01", "amount": {"value": value}}) for value in (35, 50.5)]
    assert keys == [(f"listing:{RIGHT}/2026-01-01/-/35",), (f"listing:{RIGHT}/2026-01-01/-/50.5",)]
