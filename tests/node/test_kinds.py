"""Kinds that the hub publishes: checked before, known below after a night, and what waited for them is taken up."""

import copy
import json
from dataclasses import replace

import pytest

from catalog import published
from catalog.showing import quarantine, show
from catalog.views import FULL
from node import admission, cataloguing, enrolment, intake, kinds, messages, record_page, settings
from node.home import Home
from records import body
from records.body import Record
from records.errors import MalformedKind
from tests.catalog.test_sources import MOON, moon
from tests.node.filing import key, row, write
from tests.world import ALLIANCE, CITY, HUB, OUTLET

NEW = {"新月": ["新月", "new moon"]}


def schema(version=1, **fields):
    found = copy.deepcopy({**MOON, "x-version": version})
    found["properties"].update(fields)
    return found


def file_of(world, content):
    path = world.path / "kind.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), "utf-8")
    return path


@pytest.fixture
def hub(world):
    return world.hub()


def test_a_published_kind_travels_down_and_what_waited_for_it_travels_up_as_records(world, hub):
    world.node(CITY, "substation", HUB)
    outlet = world.node(OUTLET, "outlet", CITY)
    world.file(OUTLET, body.encode(moon()))
    world.sync(OUTLET)
    world.sync(CITY)
    for origin in (CITY, HUB):
        cataloguing.apply(world.nodes[origin])
        with cataloguing.catalogue(world.nodes[origin]) as found:
            assert [one.findings[0]["rule"] for one in quarantine(found)] == ["UNKNOWN_KIND"]
    assert kinds.publish(hub, file_of(world, MOON)).version == 1
    world.seal_hub()
    world.sync(CITY)
    world.sync(OUTLET)
    for origin in (HUB, CITY, OUTLET):
        node = world.nodes[origin]
        cataloguing.apply(node)
        assert cataloguing.known_kinds(node)["moon"].title_zh == "月相"
        with node.opened() as here, cataloguing.catalogue(node) as found:
            assert quarantine(found) == []
            assert show(here.store, found, "moon:7", FULL)["fields"]["title"] == "满月"
            assert found.counts()["by_kind"].get("kind") is None
    assert outlet.origin == OUTLET


@pytest.mark.parametrize("name", ["course", "trademark", "patent_invention", "legal_status", "organisation"])
def test_a_new_version_of_a_kind_of_the_program_is_published_from_its_file_as_people_ordered_it(world, hub, name):
    held = cataloguing.known_kinds(hub)[name]
    content = copy.deepcopy(held.schema) | {"x-version": held.version + 1}
    content["properties"]["aside"] = {"title": "旁注", "x-title-en": "Aside", "type": "string", "x-headers": ["旁注"]}
    kinds.publish(hub, file_of(world, content))
    found = cataloguing.known_kinds(hub)[name]
    assert found.version == held.version + 1
    assert list(found.fields) == [*held.fields, "aside"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "cannot be read"),
        ("[]", ""),
        ({**MOON, "x-key": ["sun:{no}"]}, "does not begin"),
        ({**MOON, "x-view": {"title": "name", "number": ["no"]}}, "no field"),
        ({**MOON, "x-category": "statement"}, "come with the program"),
    ],
)
def test_an_unusable_kind_is_refused_with_the_reason_and_nothing_is_filed(world, hub, content, why):
    with pytest.raises(MalformedKind) as refused:
        kinds.publish(hub, file_of(world, content))
    assert why in str(refused.value)
    assert "moon" not in cataloguing.known_kinds(hub)


def text_field(**said):
    return {"title": "照", "x-title-en": "Light", "type": "string", **said}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda it: it["properties"].pop("title"), "title is missing"),
        (lambda it: it.update({"required": ["title"]}), "was not required"),
        (lambda it: it.update({"x-key": ["moon:x{no}"]}), "x-key"),
        (lambda it: it["properties"]["title"].update({"maxLength": 3}), "lower maxLength"),
        (lambda it: it["properties"]["title"].update({"format": "date"}), "another format"),
        (lambda it: it["properties"]["title"].update({"enum": ["新月"], "x-enum-titles": NEW}), "fewer values"),
        (lambda it: it.update({"x-category": "register", "x-filed-by": ["hub"]}), "x-category"),
    ],
)
def test_a_new_version_must_hold_what_the_older_one_does(world, hub, change, why):
    kinds.publish(hub, file_of(world, MOON))
    newer = schema(2, light=text_field())
    change(newer)
    if "title" not in newer["properties"]:
        newer["x-view"] = {"title": "no", "number": ["no"]}
    with pytest.raises(kinds.Incompatible) as refused:
        kinds.publish(hub, file_of(world, newer))
    assert why in str(refused.value.args[1])


def test_a_version_is_newer_than_the_one_that_is_known(world, hub):
    kinds.publish(hub, file_of(world, MOON))
    for version in (1,):
        with pytest.raises(kinds.NotNewer):
            kinds.publish(hub, file_of(world, schema(version, light=text_field())))
    assert kinds.publish(hub, file_of(world, schema(2, light=text_field()))).version == 2
    assert [one for one in kinds.rows(cataloguing.known_kinds(hub)) if one["from"] == "hub"] == [
        {
            "name": "moon",
            "version": 2,
            "title": "月相",
            "title_en": "Phase of the moon",
            "category": "right",
            "from": "hub",
        }
    ]


def test_a_kind_in_an_outlets_log_counts_nowhere(world, hub):
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    fields = {"name": "moon", "version": 1, "schema": json.dumps(MOON)}
    world.file(OUTLET, body.encode(Record("kind:moon", "assert", published.NAME, 1, fields)))
    world.sync(OUTLET)
    for origin in (OUTLET, CITY):
        cataloguing.apply(world.nodes[origin])
        assert "moon" not in cataloguing.known_kinds(world.nodes[origin])


def test_the_same_log_by_two_routes_counts_once(world, hub):
    for origin, role in ((CITY, "substation"), (ALLIANCE, "alliance")):
        world.node(origin, role, HUB)
    outlet = world.node(OUTLET, "outlet", CITY)
    for origin in (CITY, OUTLET):
        world.sync(origin)
    enrolment.join(Home(world.home(OUTLET)), admission.invite(world.nodes[ALLIANCE], OUTLET, "outlet", "x", 7), "x")
    world.nodes[OUTLET] = replace(outlet, settings=settings.load(outlet.home, {}))
    intake.take_file(world.nodes[OUTLET], write(world.path / "x.csv", [row(1), row(2)]), "王")
    for parent in (CITY, ALLIANCE):
        world.sync(OUTLET, parent)
    for origin in (CITY, ALLIANCE):
        world.sync(origin)
    cataloguing.apply(hub)
    with hub.opened() as here, cataloguing.catalogue(hub) as found:
        assert found.counts()["rights"] == 2
        shown = show(here.store, found, key(1), FULL)
    assert [one["origin"] for one in shown["assertions"]] == [OUTLET]
    assert (shown["conflicts"], shown["others"]) == ({}, [])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_record_is_a_page_for_people(language):
    record = {
        "key": "patent_invention:CN:201710000001.X",
        "also": ["patent_invention:CN:pub/CN107000001A"],
        "kind": "patent_invention",
        "state": "current",
        "fields": {"title": "一种灯", "owners": [{"name": "甲"}, {"name": "乙"}], "raw": {"title": "灯"}},
        "sources": {"title": "ip.example/gz/a", "owners": "ip.example/gz/b", "raw": ""},
        "conflicts": {"title": [("ip.example/gz/a", "一种灯"), ("ip.example/gz/b", "灯具")]},
        "others": ["ip.example/gz/c"],
        "contested": {"patent_invention:CN:pub/CN1A": ["one", "two"]},
        "status": "valid",
        "status_from": "legal_status:x",
        "origin": "ip.example/gz/a",
        "assertions": [
            {
                "origin": "ip.example/gz/a",
                "index": 4,
                "op": "assert",
                "applied_at": 1,
                "reason": "",
                "fields": {"title": "一种灯", "raw": {"title": "一种 灯！", "owners": "甲，乙"}},
            }
        ],
        "events": [
            {
                "key": "legal_status:x",
                "kind": "legal_status",
                "status": "valid",
                "origin": "ip.example/gz/b",
                "fields": {"date": "2019-05-01", "code": "GR01"},
            }
        ],
    }
    messages.use(language)
    try:
        found = list(record_page.lines(record, published.kinds.BUILT_IN, {"ip.example/gz/a": "华工"}, language == "zh"))
    finally:
        messages.use("en")
    page = "\n".join(found)
    wanted = {
        "zh": [
            "发明专利  patent_invention:CN:201710000001.X",
            "法律状态：有效（据 legal_status:x）",
            "仅供参考",
            "一种灯 （原文：一种 灯！）",
            "GR01",
        ],
        "en": [
            "Legal status: in force (by legal_status:x)",
            "The sources differ",
            "一种灯 (written: 一种 灯！)",
            "do not count: ip.example/gz/c",
            "Title",
        ],
    }
    for text in (
        *wanted[language],
        "华工 (ip.example/gz/a)",
        "甲; 乙",
        "灯具",
        "CN107000001A",
        "one, two",
        "2019-05-01",
    ):
        assert text in page, text
    assert "raw" not in page
