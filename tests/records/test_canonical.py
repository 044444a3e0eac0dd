"""The fast reading of values gives what a plain one gives: field by field, without plans and without memory."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records import canonical, formats, identifiers, kinds

PATENT = kinds.BUILT_IN["patent_invention"]
ESSENCE = {"application-number": r"[^\dX]", "date": r"\D", "ipc": r"[^0-9A-Z;|,]", "locarno": r"[^0-9A-Z]"}


def tidy(text):
    text = " ".join(text.split())
    return "" if text in identifiers.BLANKS else text


def plainly(form, text):
    return formats.read(form, text) or text


def essence(form, text):
    return re.sub(ESSENCE[form], "", unicodedata.normalize("NFKC", text).upper())


def oracle(values):
    """Return the fields of a patent whose values are texts."""
    made, raw = {}, {}
    for name, value in values.items():
        spec, text = PATENT.fields[name], tidy(value)
        form = spec.get("items", spec).get("format", "")
        if not text:
            continue
        if spec["type"] == "array" and form:
            parts = list(dict.fromkeys(part for part in re.split(r"\s*[;|,，；]\s*", text) if part))
            made[name] = list(dict.fromkeys(plainly(form, part) for part in parts))
            changed = any(essence(form, part) != essence(form, plainly(form, part)) for part in parts)
            written = ";".join(parts) if changed else ""
        elif spec["type"] == "array":
            found = identifiers.names(text)
            made[name] = [{"name": one} for one in found] if name == "owners" else list(found)
            continue
        else:
            made[name] = plainly(form, text) if form else text
            written = text if form and essence(form, text) != essence(form, made[name]) else ""
        if written:
            raw[name] = text if spec["type"] == "array" else written
    made = {name: value for name, value in made.items() if value}
    return made | ({"raw": raw} if raw else {})


NUMBERS = st.sampled_from(
    ["CN201710601862.3", "ZL201710601862", "2017106018623", "CN85102475", "98811333.3", "201710601862.4",
     "CN107000001A", "２０１７１０６０１８６２．３", "200110601862.1", "209910601862.X",
     "201750601862.3", "", "无数据", " - "]
)  # fmt: skip
DATES = st.sampled_from(
    ["2017.01.25", "20170125", "2017-1-5", "2017年1月25日", "42760", "2017.13.01", "", "/", "2017-01-25 0:00"]
)
CLASSES = st.lists(
    st.sampled_from(["B65D1/02", "B65D 1/02", "H04L 27/26 (2006.01)", "12-16", "照明", "B03C0003090000"]), max_size=4
)
SIGNS = st.sampled_from([";", " | ", "；", ", "])
NAMES = st.lists(st.sampled_from(["甲", "D·W·贝特", "Foo, Ltd.", " 乙  丙 ", ""]), max_size=4)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "application_no": NUMBERS,
        "filing_date": DATES,
        "publication_date": DATES,
        "title": st.sampled_from(["一种  灯", "灯\n具", "", "无", "=1+1", "　全角　空白　"]) | st.text(max_size=20),
        "ipc": st.builds(lambda sign, parts: sign.join(parts), SIGNS, CLASSES),
        "owners": st.builds(lambda sign, parts: sign.join(parts), SIGNS, NAMES),
        "inventors": st.builds(lambda sign, parts: sign.join(parts), SIGNS, NAMES),
        "right_type_text": st.sampled_from(["发明申请", "", "发明授权"]),
    },
)


@settings(max_examples=400, deadline=None)
@given(VALUES)
def test_plans_and_memory_change_nothing(values):
    assert canonical.fields(PATENT, values) == oracle(values)


@given(VALUES)
def test_reading_again_what_was_read_changes_nothing(values):
    once = canonical.fields(PATENT, values)
    once.pop("raw", None)
    assert canonical.fields(PATENT, once) == once


def test_numbers_of_another_office_are_left_as_that_office_writes_them():
    found = canonical.fields(
        PATENT, {"office": "美国", "application_no": "15/123,456", "publications": [{"no": "US 9876543 B2"}]}
    )
    assert found["office"] == "US"
    assert found["publications"][0]["kind"] == "B2"
    assert "201" not in found["application_no"]


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("assignment", {"amount": "100万元"}, {"amount": {"value": 1_000_000, "currency": "CNY"}}),
        ("assignment", {"amount": {"value": "1,000.5"}}, {"amount": {"value": 1000.5}}),
        ("patent_invention", {"inventors": '["甲", "乙"]'}, {"inventors": ["甲", "乙"]}),
        ("patent_invention", {"owners": '[{"name": "甲, 乙"}]'}, {"owners": [{"name": "甲, 乙"}]}),
        ("patent_invention", {"owners": "[标]甲"}, {"owners": [{"name": "[标]甲"}]}),
        ("patent_invention", {"legal_state": "已终结"}, {"legal_state": "T"}),
        ("patent_invention", {"unheard_of": "x"}, {"unheard_of": "x"}),
    ],
)  # fmt: skip
def test_other_values(kind, values, expected):
    assert canonical.fields(kinds.BUILT_IN[kind], values) == expected


@given(st.from_regex(r"\A[A-H]\d\d[A-Z] ?\d{1,5}/\d{1,7}\Z") | st.text(alphabet="A1/ ;x0", max_size=12))
def test_usual_classes_are_read_as_others_are(text):
    told, _ = canonical._readers(PATENT.fields["ipc"], "CN")
    for part in dict.fromkeys(canonical.listed(" ".join(text.split()))):
        plain = plainly("ipc", part)
        assert told(part) == ([plain], essence("ipc", part) != essence("ipc", plain))


@given(st.from_regex(r"\A(CN)?[0-9]{6,10}[ABCDSUYZ]?\d?\n?\Z"))
def test_usual_publication_numbers_are_read_as_others_are(text):
    number = identifiers.publication_number(text)
    assert formats.read("publication-number", text) == (number.number if number else None)
