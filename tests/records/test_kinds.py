"""The schema files say everything that the code reads out of them."""

import jsonschema_rs
import pytest

from records import checks, kinds
from records.rules import SENTENCES, finding

NAMES = ["design", "organisation", "patent_invention", "utility_model"]
PATENTS = ["design", "patent_invention", "utility_model"]


def test_the_known_kinds():
    assert [kind.name for kind in kinds.all()] == NAMES
    assert kinds.get("trademark") is None


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_complete_and_in_two_languages(name):
    kind = kinds.get(name)
    jsonschema_rs.meta.validate(kind.schema)
    assert "$ref" not in str(kind.schema)
    assert kind.schema["$id"] == name
    for spec in (kind.schema, *kind.fields.values()):
        assert spec["title"]
        assert spec["x-title-en"].isascii()
    for template in kind.schema["x-key"]:
        assert template.partition("{")[2].rstrip("}").partition(".")[0] in kind.fields
    assert kind.schema["x-view"]["title"] in kind.fields


def test_no_heading_means_two_fields():
    headings = [heading for spec in kinds.get("design").fields.values() for heading in spec.get("x-headers", ())]
    for pair in kinds.get("design").fields["publications"]["x-columns"]:
        headings += [*pair["no"], *pair["date"]]
    assert len(headings) == len(set(headings))


def test_the_patents_share_their_fields():
    assert len({str(kinds.get(name).fields) for name in PATENTS}) == 1


def test_keys_prefer_the_application_number():
    kind, publications = kinds.get("design"), [{"no": "CN304000001S"}]
    both = {"application_no": "201730000001.0", "publications": publications}
    assert kind.keys(both) == ("design:CN:201730000001.0",)
    assert kind.keys({"publications": publications}) == ("design:CN:pub/CN304000001S",)
    assert kind.keys({}) == ()
    assert kinds.get("organisation").keys({"origin": "ip.gd.example/gz"}) == ("organisation:ip.gd.example/gz",)


def test_every_named_format_has_a_check():
    for kind in kinds.all():
        checks.check_fields(kind, {})  # raises KeyError for a format without one


@pytest.mark.parametrize("rule", SENTENCES)
def test_every_sentence_says_what_is_wrong_and_how_to_mend_it(rule):
    severity, zh, en = SENTENCES[rule]
    assert severity in ("error", "warning")
    assert "；" in zh
    assert zh.endswith("。")
    assert en.isascii()
    assert en.endswith(".")


def test_a_long_value_is_cut():
    assert len(finding("DATE_FORM", "filing_date", "9" * 5000).value) == 200
