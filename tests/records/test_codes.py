"""Our tables of office codes, against the lists of WIPO and EPO where these lie beside the project."""

import csv

import pytest

from records import codes, kinds

READ_OTHERWISE = {"C60"}  # EPO has not classed it yet, we have nothing to map it to


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]


def test_every_office_of_st3_is_known(shared_data):
    with (shared_data / "codes" / "st3_st96v6.tsv").open(encoding="utf-8-sig") as file:
        listed = {line.split("\t")[0].strip() for line in file}
    listed = {code for code in listed if len(code) == 2}
    assert len(listed) == len(codes.OFFICES) == 233
    assert listed == codes.OFFICES


def test_every_event_of_st27_is_known(shared_data):
    listed = {}
    for group, code, *_ in rows(shared_data / "codes" / "st27_events_st96v6.tsv"):
        listed.setdefault(group, set()).add(code)
    assert set(codes.detailed_events()) == listed["DetailedEventCodeType"]
    assert set(codes.key_events()) == listed["KeyEventCodeType"]
    assert listed["EventIndicatorCodeType"] == codes.INDICATORS


def test_every_chinese_code_is_known_and_means_what_its_class_says(shared_data):
    listed = rows(shared_data / "codes" / "cn_inpadoc_legal_codes_202417.tsv")
    assert {row[1] for row in listed} == codes.CN_EVENTS.keys()
    assert len(listed) == 110
    other = {row[1] for row in listed if row[8] and codes.CN_EVENTS[row[1]].detail[0] != row[8]}
    assert other == READ_OTHERWISE
    assert {row[1] for row in listed if not row[8]} <= codes.CN_EVENTS.keys()


@pytest.mark.parametrize(
    ("code", "kind", "what", "detail"),
    [
        ("PB01", "legal_status", "publication", "Q12"),
        ("C06", "legal_status", "publication", "Q12"),
        ("SE01", "legal_status", "exam_started", "D11"),
        ("GR01", "legal_status", "grant", "F11"),
        ("RJ01", "legal_status", "app_end", "B15"),
        ("WD01", "legal_status", "app_end", "B12"),
        ("WW01", "legal_status", "app_end", "B11"),
        ("CF01", "legal_status", "lapse", "H13"),
        ("C19", "legal_status", "lapse", "H13"),
        ("CX01", "legal_status", "expiry", "H14"),
        ("AV01", "legal_status", "surrender", "H15"),
        ("IW01", "legal_status", "invalidated", "H12"),
        ("IP01", "legal_status", "limited", "M12"),
        ("TR01", "assignment", "transfer", "R14"),
        ("C41", "assignment", "transfer", "R14"),
        ("CP01", "legal_status", "party_change", "R13"),
        ("CP02", "legal_status", "party_change", "R18"),
        ("CB03", "legal_status", "party_change", "R16"),
        ("CB04", "legal_status", "party_change", "R17"),
        ("EE01", "licence", "recorded", "S11"),
        ("EC01", "licence", "cancelled", "S13"),
        ("OL01", "open_licence", "declared", "S26"),
        ("PE01", "pledge", "recorded", "S20"),
        ("PC01", "pledge", "cancelled", "S22"),
        ("PP01", "preservation", "recorded", "T14"),
        ("PD01", "preservation", "cancelled", "T16"),
        ("RR01", "legal_status", "revival", "K13"),
        ("TG01", "legal_status", "term_ext", "G17"),
        ("TP01", "legal_status", "term_ext", "G20"),
        ("DD01", "legal_status", "other", "W00"),
    ],
)
def test_what_a_code_means(code, kind, what, detail):
    event = codes.CN_EVENTS[code]
    assert (event.kind, event.what, event.detail) == (kind, what, detail)
    assert codes.st27_ok(codes.st27(code))


def test_every_code_has_its_kind_its_events_and_its_words():
    for code, event in codes.CN_EVENTS.items():
        assert kinds.get(event.kind).category == "event"
        assert event.detail in codes.detailed_events()
        assert event.key_event in codes.key_events()
        assert codes.cn_code(event.words) in codes.CN_EVENTS
        assert codes.cn_code(code) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("GR01", "GR01"),
        ("cn_gr01", "GR01"),
        (" gr01 ", "GR01"),
        ("授权", "GR01"),
        ("未缴年费专利权终止", "CF01"),
        ("专利权的 转移", "TR01"),
        ("实质审查的生效", "SE01"),
        ("专利权的终止", "CE01"),
        ("专利权质押合同登记的生效、变更及注销", None),
        ("专利申请权、专利权的转移", None),
        ("XX99", None),
        ("", None),
    ],
)
def test_codes_and_words_are_read(text, code):
    assert codes.cn_code(text) == code


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("TR01", "assignment"),
        ("专利权的转移", "assignment"),
        ("专利申请权、专利权的转移", "assignment"),
        ("专利实施许可合同备案的生效、变更及注销", "licence"),
        ("专利权质押合同登记的生效、变更及注销", "pledge"),
        ("专利权的保全及其解除", "preservation"),
        ("授权", "legal_status"),
        ("别的", None),
        ("", None),
    ],
)
def test_words_tell_a_kind_of_event_even_where_they_tell_no_code(text, kind):
    assert codes.event_kind(text) == kind


def test_a_design_is_granted_without_examination():
    assert codes.st27("GR01") == "F10-F11-CN_GR01"
    assert codes.st27("GR01", "design") == "F10-F12-CN_GR01"
    assert codes.st27("CB01") == "R00-R00-CN_CB01"
    assert codes.st27("XX99") is None


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        ("F10-F11", True),
        ("A-3-4-F10-F11-EXM-CN_GR01", True),
        ("T-4-6-H10-H13", True),
        ("R00-R00", True),
        ("F10-G17", False),
        ("F11-F11", False),
        ("F10-F18", False),
        ("X-3-4-F10-F11", False),
        ("A-3-9-F10-F11", False),
        ("A-3-4-F10-F11-XYZ", False),
        ("F10", False),
        ("", False),
    ],
)
def test_the_layout_of_st27(text, ok):
    assert codes.st27_ok(text) == ok


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("US", "US"),
        ("us", "US"),
        ("美国", "US"),
        ("美国;US", "US"),
        ("瑞士", "CH"),
        ("中国香港;81", "HK"),
        ("中国台湾", "TW"),
        ("中国", "CN"),
        ("欧洲专利局", "EP"),
        ("UK", None),
        ("", None),
    ],
)
def test_offices_and_countries(text, code):
    assert codes.office(text) == code


@pytest.mark.parametrize(
    ("text", "code"), [("mm4a", "MM4A"), ("REG", "REG"), ("PGFP", "PGFP"), ("授权", None), ("", None)]
)
def test_codes_of_other_offices(text, code):
    assert codes.foreign_code(text) == code
