"""The schema files say everything that the code reads out of them."""

import unicodedata

import jsonschema_rs
import pytest

from records import body, checks, kinds, schema_rules

PATENTS = ["design", "patent_invention", "utility_model"]
RIGHTS = [*PATENTS, "copyright_software", "copyright_work", "gi", "ic_layout", "plant_variety", "trademark"]
EVENTS = ["legal_status", "assignment", "licence", "open_licence", "pledge", "preservation", "listing", "valuation"]
EVENTS += ["contribution", "dispute"]
REGISTERS = ["organisation", "agency", "expert", "course", "case"]
STATEMENTS = ["decision", "hold", "judged", "kind", "verdict"]
NAMES = sorted([*RIGHTS, *EVENTS, *REGISTERS, *STATEMENTS])


def test_the_known_kinds():
    assert [kind.name for kind in kinds.all()] == NAMES
    for category, names in (("right", RIGHTS), ("event", EVENTS), ("register", REGISTERS), ("statement", STATEMENTS)):
        assert [kind.name for kind in kinds.BUILT_IN.of(category)] == sorted(names)
    assert kinds.get("flag") is None


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_complete_and_in_two_languages(name):
    kind = kinds.get(name)
    jsonschema_rs.meta.validate(kind.schema)
    assert "$ref" not in str(kind.schema)
    assert kind.schema["$id"] == name
    for _, spec in [("", kind.schema), *schema_rules.nodes(kind.schema)]:
        assert spec["title"]
        assert spec["x-title-en"].isascii()
        if "enum" in spec:
            assert list(spec["x-enum-titles"]) == spec["enum"]
            assert all(zh and en.isascii() for zh, en in spec["x-enum-titles"].values())
        if "x-help" in spec:
            zh, en = spec["x-help"]
            assert zh
            assert en.isascii()


@pytest.mark.parametrize("name", NAMES)
def test_no_heading_means_two_fields(name):
    kind = kinds.get(name)
    headings = [heading for _, spec in schema_rules.nodes(kind.schema) for heading in spec.get("x-headers", ())]
    for spec in kind.fields.values():
        for one in spec.get("x-columns", ()):
            headings += [heading for member in one.values() if isinstance(member, list) for heading in member]
    folded = ["".join(unicodedata.normalize("NFKC", heading).lower().split()) for heading in headings]
    assert sorted(folded) == sorted(set(folded))


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


@pytest.mark.parametrize("kind", kinds.BUILT_IN.of("right", "event", "register"), ids=lambda kind: kind.name)
def test_no_key_can_become_too_long_for_a_record(kind):
    def longest(path):
        spec = kind.fields[path.partition(".")[0]]
        member = path.partition(".")[2]
        spec = spec.get("items", spec).get("properties", {}).get(member, spec) if member else spec
        if spec["type"] == "number" or spec.get("format") == "date":
            return 18 if spec["type"] == "number" else 10
        return spec.get("maxLength") or max(map(len, spec.get("enum", ["x" * 40])))

    for template in kind.templates:
        holes = sum(min(hole.at_most or 999, max(map(longest, hole.paths))) for hole in template.holes)
        assert sum(map(len, template.texts)) + holes <= body.MAX_KEY
