"""Adding a kind is adding a file: checks, key, view, audience, search and headings follow from it."""

import copy
import json
import re
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import audience, checks, kinds, schema_rules, view
from records.body import Record
from records.errors import MalformedKind

FLAG = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "flag",
    "title": "旗帜",
    "x-title-en": "Flag",
    "x-version": 1,
    "x-category": "right",
    "x-key": ["flag:{office=CN}:{flag_no}/{nice_class=-}"],
    "x-audience": "path",
    "x-audience-published": "federation",
    "x-filed-by": ["outlet"],
    "x-view": {"title": "motto", "number": ["flag_no"], "applicants": "bearers.name", "published": ["hoisted"]},
    "x-order": [["sewn", "hoisted"]],
    "x-words": ["旗"],
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "flag_no": {"title": "旗号", "x-title-en": "Flag number", "type": "string", "x-headers": ["旗号"]},
        "office": {"$ref": "_common.json#/$defs/office"},
        "nice_class": {"title": "类", "x-title-en": "Class", "type": "string", "format": "nice", "x-headers": ["类"]},
        "motto": {"title": "题词", "x-title-en": "Motto", "type": "string", "maxLength": 20, "x-headers": ["题词"]},
        "bearers": {"$ref": "_common.json#/$defs/owners", "x-headers": ["旗手"]},
        "sewn": {"title": "缝制日", "x-title-en": "Sewn on", "type": "string", "format": "date"},
        "hoisted": {"title": "升旗日", "x-title-en": "Hoisted on", "type": "string", "format": "date"},
        "pole": {"title": "旗杆", "x-title-en": "Pole", "type": "string", "x-audience": "path"},
        "colour": {
            "title": "颜色", "x-title-en": "Colour", "type": "string", "enum": ["red", "blue"],
            "x-enum-titles": {"red": ["红", "red"], "blue": ["蓝", "blue"]},
        },
    },
}  # fmt: skip
FIELDS = {
    "flag_no": "7",
    "nice_class": "9",
    "motto": "向前",
    "bearers": [{"name": "甲", "uscc": "914403001922038216"}],
    "sewn": "2020-01-01",
    "hoisted": "2020-02-01",
    "pole": "竹",
    "colour": "red",
}


def record(version=1, **changed):
    fields = {name: value for name, value in {**FIELDS, **changed}.items() if value is not None}
    return Record("flag:CN:7/9", "assert", "flag", version, fields)


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """The built-in kinds and one more, from a folder with one more file."""
    folder = tmp_path_factory.mktemp("schemas")
    for file in kinds._FOLDER.glob("*.json"):
        shutil.copy(file, folder)
    (folder / "flag.json").write_text(json.dumps(FLAG, ensure_ascii=False), "utf-8")
    return kinds.load(folder)


def self_contained(**changed):
    return {**copy.deepcopy(kinds.resolved(FLAG)), **changed}


def test_a_file_more_is_a_kind_more(known):
    assert set(known) - set(kinds.BUILT_IN) == {"flag"}
    assert "flag" not in kinds.BUILT_IN
    assert known["flag"].titles("bearers.uscc") == ("统一社会信用代码", "Unified social credit code")
    assert known["flag"].identifiers() == ("flag_no",)


def test_its_checks_follow(known):
    def rules(one):
        return [(found.rule, found.field) for found in checks.check(one, known)]

    assert rules(record()) == []
    assert rules(record(nice_class="99")) == [("NICE_FORM", "nice_class"), ("KEY_MISMATCH", "key")]
    assert rules(record(hoisted="2019-01-01")) == [("DATE_ORDER", "hoisted")]
    assert rules(record(motto="前" * 21)) == [("TOO_LONG", "motto")]
    assert rules(record(colour="green")) == [("CHOICE", "colour")]
    assert rules(record(flag_no=None)) == [("NO_IDENTIFIER", "")]
    assert rules(record(bearers=[{"name": "甲", "uscc": "914403001922038217"}])) == [("USCC_CHECK", "bearers.uscc")]
    assert rules(record(version=2)) == [("UNKNOWN_VERSION", "version")]
    (found,) = checks.check(record(colour="green"), known)
    assert "红、蓝" in found.zh
    assert "red, blue" in found.en
    (found,) = checks.check(record())
    assert found.rule == "UNKNOWN_KIND"


def test_its_key_view_and_audience_follow(known):
    assert known["flag"].keys(FIELDS) == ("flag:CN:7/9",)
    assert known["flag"].keys({"flag_no": "7", "office": "US"}) == ("flag:US:7/-",)
    shown = view.columns(record(), known)
    assert (shown.title, shown.number, shown.applicants) == ("向前", "7", ("甲",))
    assert (shown.filing_date, shown.publication_date) == ("", "2020-02-01")
    assert audience.default_audience(record(), known) == "federation"
    assert audience.default_audience(record(hoisted=None), known) == "path"
    assert audience.default_audience(record()) == "path"
    parts = audience.by_part(record(), known)
    assert parts == {"federation": frozenset(FIELDS) - {"pole"}, "path": {"pole"}}
    assert list(parts) == ["federation", "path"]


def test_a_published_schema_adds_a_kind_and_replaces_an_older_version():
    first, second = self_contained(), self_contained(**{"x-version": 2, "title": "新旗帜"})
    for order in ([first, second], [second, first]):
        known = kinds.BUILT_IN.with_published(order)
        assert (known["flag"].version, known["flag"].title_zh) == (2, "新旗帜")
        assert checks.check(record(version=2), known) == []
        assert checks.check(record(version=1), known) == []
    assert set(known) == {*kinds.BUILT_IN, "flag"}
    assert known.get("design") is kinds.get("design")


def test_what_the_program_has_is_not_replaced_by_the_same_version():
    schema = copy.deepcopy(kinds.get("design").schema)
    assert kinds.BUILT_IN.with_published([{**schema, "title": "别的"}]) is kinds.BUILT_IN
    newer = kinds.BUILT_IN.with_published([{**schema, "title": "别的", "x-version": 2}])
    assert (newer["design"].version, newer["design"].title_zh) == (2, "别的")
    assert kinds.get("design").version == 1
    assert newer != kinds.BUILT_IN
    assert hash(newer) != hash(kinds.BUILT_IN)


def test_the_schemas_of_the_program_can_be_published_as_they_are():
    for kind in kinds.all():
        assert kinds.read(json.loads(json.dumps(kind.schema))).name == kind.name
        assert len(json.dumps(kind.schema, ensure_ascii=False).encode()) < 60_000


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"$id": ""}, "$id: "),
        ({"$id": "Flag"}, "$id: "),
        ({"title": None}, "title: "),
        ({"x-title-en": 5}, "x-title-en: "),
        ({"x-version": 0}, "x-version: "),
        ({"x-version": True}, "x-version: "),
        ({"x-version": "1"}, "x-version: "),
        ({"x-category": "thing"}, "x-category: "),
        ({"x-audience": "everybody"}, "x-audience: "),
        ({"x-audience-published": "x"}, "x-audience-published: "),
        ({"x-filed-by": []}, "x-filed-by: "),
        ({"x-filed-by": ["outlet", "boss"]}, "x-filed-by.1: "),
        ({"x-filed-by": None}, "x-filed-by: "),
        ({"x-key": []}, "x-key: "),
        ({"x-key": ["flag:{colours}"]}, "x-key: 'flag:{colours}' has no field 'colours'"),
        ({"x-key": ["flag:{bearers.no}"]}, "no field 'bearers.no'"),
        ({"x-key": ["flag:{flag_no:x}"]}, "no field 'flag_no:x'"),
        ({"x-key": ["design:{flag_no}"]}, "does not begin with the kind's name"),
        ({"x-key": [5]}, "x-key.0: "),
        ({"x-key": ["flag:{flag_no}/{pole=-}"]}, "pole: what a record needs"),
        ({"required": ["pole"]}, "pole: what a record needs"),
        ({"x-view": {"title": "motto"}}, "x-view: "),
        ({"x-view": {"title": "motto", "number": ["no"]}}, "x-view: number has no field 'no'"),
        ({"x-view": {"title": "motto", "number": ["flag_no"], "price": ["motto"]}}, "x-view: "),
        ({"x-order": [["sewn", "sunk"]]}, "x-order: 'sunk'"),
        ({"x-order": [["sewn", "motto"]]}, "x-order: 'motto'"),
        ({"x-order": ["sewn"]}, "x-order.0: "),
        ({"x-split": "bearers"}, "x-split: 'bearers'"),
        ({"type": "array"}, "type: "),
        ({"properties": {}}, "properties: "),
        ({"properties": 5}, "properties: "),
        ({"additionalProperties": True}, "additionalProperties: "),
        ({"minProperties": 1}, "minProperties"),
        ({"$defs": {"a": {"$ref": "#/x"}}}, "defs"),
        ({"allOf": [{"$dynamicRef": "#x"}]}, "allOf"),
        ({"x-words": ["旗" * 900] * 100}, "more than 60000 bytes"),
    ],
)
def test_a_schema_that_is_not_usable_is_refused_with_the_reason(change, reason):
    with pytest.raises(MalformedKind, match=re.escape(reason)):
        kinds.BUILT_IN.with_published([self_contained(**change)])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"title": 5}, "motto"),
        ({"x-title-en": None}, "motto.x-title-en: "),
        ({"format": "colour-of-the-year"}, "motto.format: "),
        ({"x-audience": "nobody"}, "motto.x-audience: "),
        ({"x-headers": "题词"}, "motto.x-headers: "),
        ({"x-headers": [5]}, "motto.x-headers.0: "),
        ({"x-help": ["只有中文"]}, "motto.x-help: "),
        ({"enum": ["a"]}, "x-enum-titles"),
        ({"enum": ["a"], "x-enum-titles": {"a": ["甲"]}}, "motto.x-enum-titles.a: "),
        ({"enum": ["a"], "x-enum-titles": {"b": ["乙", "b"]}}, "motto: x-enum-titles"),
        ({"x-derived-from": "nothing"}, "motto: x-derived-from"),
        ({"pattern": "(a"}, "pattern"),
        ({"pattern": "(?=a)b"}, "pattern"),
        ({"type": "map"}, "motto.type: "),
        ({"type": "integer", "format": "date"}, "motto: a format is for texts"),
        ({"allOf": []}, "allOf"),
        ({"$ref": "#/properties/motto"}, "ref"),
    ],
)
def test_a_field_that_is_not_usable_is_refused_with_the_reason(change, reason):
    schema = self_contained()
    schema["properties"]["motto"].update(change)
    with pytest.raises(MalformedKind, match=re.escape(reason)):
        kinds.read(schema)


@pytest.mark.parametrize("schema", [None, 5, "flag", [], {}, {"$id": "flag"}])
def test_what_is_no_schema_at_all_is_refused(schema):
    with pytest.raises(MalformedKind):
        kinds.read(schema)


def test_a_reference_that_leads_nowhere_is_refused(tmp_path):
    for ref in ("_common.json#/$defs/nothing", "_nothing.json#/$defs/office"):
        (tmp_path / "flag.json").write_text(json.dumps({**FLAG, "properties": {"x": {"$ref": ref}}}), "utf-8")
        with pytest.raises(MalformedKind, match="not there"):
            kinds.load(tmp_path)


def places(node, path=()):
    """Return the way to each value of a JSON document."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(way for name, value in items for way in places(value, (*path, name)))]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_whatever_is_wrong_with_a_schema_it_is_refused_or_everything_works(data):
    schema = self_contained()
    way = data.draw(st.sampled_from(places(schema)[1:]))
    node = schema
    for step in way[:-1]:
        node = node[step]
    node[way[-1]] = data.draw(JSON)
    try:
        known = kinds.BUILT_IN.with_published([schema])
    except MalformedKind:
        return
    name = schema["$id"]
    one = Record(f"{name}:CN:7/9", "assert", name, 1, FIELDS)
    checks.check(one, known)
    checks.check(Record(one.key, "assert", name, 1, {}), known)
    view.columns(one, known)
    audience.by_part(one, known)
    known[name].identifiers()
    assert list(schema_rules.nodes(known[name].schema))
