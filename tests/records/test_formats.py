"""The named formats: what each reads is canonical, and what passes its pattern is so already."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import formats, kinds, rules, schema_rules
from records.formats import FORMATS

NAMED = [name for name in FORMATS if name]
FACTS = {"type_digits": "18", "letters": "ABC"}
SURE = [name for name in NAMED if FORMATS[name].sure]


@pytest.mark.parametrize("name", NAMED)
def test_every_format_breaks_a_rule_that_has_its_sentences(name):
    assert FORMATS[name].rule in rules.SENTENCES


@pytest.mark.parametrize("name", SURE)
@given(st.data())
def test_what_passes_a_sure_pattern_is_canonical(name, data):
    known = FORMATS[name]
    text = data.draw(st.from_regex(known.sure.format(**FACTS), fullmatch=True)).rstrip("\n")
    if known.exactly is None or known.exactly(text):
        assert known.read(text) == text


@pytest.mark.parametrize("name", NAMED)
@given(st.text(max_size=30))
def test_whatever_is_read_reads_as_itself(name, text):
    for office in ("CN", "US"):
        found = formats.read(name, text, office)
        if isinstance(found, str):
            assert formats.read(name, found, office) == found


@pytest.mark.parametrize(
    ("name", "text", "home", "abroad"),
    [
        ("application-number", "ZL201710601862", "201710601862.3", "ZL201710601862"),
        ("application-number", "13797521", None, "13797521"),
        ("publication-number", "us 8927118 b2", None, "US8927118B2"),
        ("trademark-number", "76044902", "76044902", "76044902"),
        ("cn-legal-code", "授权", "GR01", None),
        ("cn-legal-code", "PGFP", None, "PGFP"),
        ("date", "2017.01.25", "2017-01-25", "2017-01-25"),
        ("amount", "1万元", {"value": 10000, "currency": "CNY"}, {"value": 10000, "currency": "CNY"}),
    ],
)
def test_numbers_of_other_offices_are_taken_as_they_are(name, text, home, abroad):
    assert (formats.read(name, text), formats.read(name, text, "US")) == (home, abroad)


def test_every_format_is_used_by_a_kind():
    used = {
        node.get("items", node).get("format") for kind in kinds.all() for _, node in schema_rules.nodes(kind.schema)
    }
    assert used - {None} == set(NAMED)


def test_patterns_take_linear_time():
    check = schema_rules.compiled({"type": "string", "pattern": "^(a+)+$"})
    assert not check.is_valid("a" * 50_000 + "b")
