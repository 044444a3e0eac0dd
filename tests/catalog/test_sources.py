"""One right, many sources: ranks, joined publication numbers, events; whatever the order of arrival."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.aliases import is_loose
from catalog.published import known
from catalog.rebuilding import rebuild
from catalog.showing import find_key, history, quarantine, show
from catalog.views import FULL, OPEN
from records import kinds
from records.body import Record
from tests.catalog.dump import dump, results
from tests.catalog.logs import GZ, HUB, LED, SCUT, SZU, key_of, organisation, patent, withdrawal
from tests.catalog.test_replaying import quick, world

FEED = "ip.example/office"
NUMBER = "CN107000001A"
LOOSE = f"patent_invention:CN:pub/{NUMBER}"
PUBLICATIONS = [{"no": NUMBER, "kind": "A", "date": "2018-01-25"}]


def loose(title="单号", number=NUMBER, op="assert", **fields):
    stated = {"publications": [{"no": number, "kind": "A", "date": "2018-01-25"}], "title": title, **fields}
    return Record(f"patent_invention:CN:pub/{number}", op, "patent_invention", 1, stated if op == "assert" else {})


RIGHT = key_of(1)


def event(code="GR01", date="2019-05-01", right=RIGHT, op="assert"):
    fields = {"right": right, "code": code, "date": date}
    key = f"legal_status:{right}/{code}/{date}/-"
    keys = kinds.BUILT_IN["legal_status"].keys(fields)
    return Record(keys[0] if keys else key, op, "legal_status", 1, fields if op == "assert" else {})


def shown(bench, key=RIGHT, view=FULL):
    return show(bench.logs.store, bench.catalogue, key, view)


def row(bench, key):
    return bench.catalogue.db.execute(
        "select state, title, status, status_from from record where key = ? and wider is null", (key,)
    ).fetchone()


# -- ranks ------------------------------------------------------------------------------------------------------------


def test_a_feed_goes_before_an_owner_and_an_owner_before_others(bench):
    bench.roles[FEED] = "feed"
    owners = [{"name": "华南理工大学"}]
    bench.logs.file(GZ, organisation(SCUT, "华南理工 大学"), organisation(LED, "照明公司"))
    bench.logs.file(LED, patent(1, "别人说", owners=owners, agency="代理", publication_date="2020-01-01"))
    bench.logs.file(SCUT, patent(1, "权利人说", owners=owners, abstract="摘要"))
    bench.apply()
    found = shown(bench)
    assert (found["fields"]["title"], found["others"]) == ("权利人说", [LED])
    assert "agency" not in found["fields"]
    assert "title" not in found["conflicts"]
    bench.logs.file(FEED, patent(1, "官方", owners=owners))
    bench.apply()
    found = shown(bench)
    assert found["fields"]["title"] == "官方"
    assert found["conflicts"]["title"] == [(FEED, "官方"), (SCUT, "权利人说")]
    assert (found["sources"]["abstract"], found["origin"]) == (SCUT, FEED)


def test_others_count_where_nobody_else_states_the_right(bench):
    owners = [{"name": "华南理工大学"}]
    bench.logs.file(GZ, organisation(SCUT, "华南理工大学"))
    bench.logs.file(LED, patent(1, "别人说", owners=owners))
    bench.logs.file(SCUT, patent(1, "权利人说", owners=owners))
    bench.apply()
    assert row(bench, key_of(1))[1] == "权利人说"
    bench.logs.file(SCUT, withdrawal(1))
    bench.apply()
    assert (row(bench, key_of(1))[1], shown(bench)["others"]) == ("别人说", [])


def test_a_name_registered_later_puts_rights_of_several_sources_together_again(bench):
    owners = [{"name": "深圳大学", "uscc": "914403001922038216"}]
    bench.logs.file(SCUT, patent(1, "甲说", owners=owners))
    bench.logs.file(SZU, patent(1, "乙说", owners=owners))
    bench.logs.file(SZU, patent(2, "独有"))
    bench.apply()
    assert row(bench, key_of(1))[1] == "甲说"
    bench.logs.file(HUB, organisation(SZU, "深圳大学"))
    bench.apply()
    assert row(bench, key_of(1))[1] == "乙说"
    bench.logs.file(HUB, organisation(SZU, "改名大学"))
    bench.apply()
    assert row(bench, key_of(1))[1] == "甲说"


def test_a_role_that_changes_is_judged_again(bench):
    bench.logs.file(FEED, patent(1))
    bench.roles[FEED] = "substation"
    assert bench.apply().quarantined == 1
    bench.roles[FEED] = "feed"
    bench.logs.store.db.execute("insert into control(id, log, what, about, entry) values (1, 0, 'node', 'x', x'')")
    assert bench.apply().asserted == 1
    assert bench.catalogue.counts()["rights"] == 1
    assert quarantine(bench.catalogue) == []


# -- publication numbers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["loose", "right"])
def test_a_publication_number_joins_the_right_that_states_both(bench, first):
    one, other = (SCUT, loose(abstract="公开文本")), (SZU, patent(1, "全号", publications=PUBLICATIONS))
    for origin, record in (one, other) if first == "loose" else (other, one):
        bench.logs.file(origin, record)
        bench.apply()
    assert row(bench, LOOSE)[0] == "joined"
    found = shown(bench)
    assert found["fields"]["abstract"] == "公开文本"
    assert found["sources"]["abstract"] == SCUT
    assert found["also"] == [LOOSE]
    assert shown(bench, LOOSE)["key"] == shown(bench, LOOSE, OPEN)["key"] == key_of(1)
    assert find_key(bench.catalogue, "CN107000001A") in (LOOSE, key_of(1))
    assert bench.catalogue.counts()["rights"] == 1
    assert len(history(bench.logs.store, bench.catalogue, key_of(1))) == 2


def test_it_leaves_again_when_the_statement_of_both_is_withdrawn_or_corrected(bench):
    bench.logs.file(SCUT, loose())
    bench.logs.file(SZU, patent(1, "全号", publications=PUBLICATIONS))
    bench.apply()
    bench.logs.file(SZU, patent(1, "全号"))
    bench.apply()
    assert row(bench, LOOSE)[:2] == ("current", "单号")
    assert shown(bench)["also"] == []
    bench.logs.file(SZU, patent(1, "全号", publications=PUBLICATIONS))
    bench.apply()
    assert row(bench, LOOSE)[0] == "joined"
    bench.logs.file(SZU, withdrawal(1))
    bench.apply()
    assert row(bench, LOOSE)[:2] == ("current", "单号")
    assert row(bench, key_of(1))[0] == "tombstone"


def test_a_withdrawn_number_withdraws_only_itself(bench):
    bench.logs.file(SCUT, patent(1, "全号", publications=PUBLICATIONS), loose(abstract="公开文本"))
    bench.apply()
    bench.logs.file(SCUT, loose(op="withdraw"))
    bench.apply()
    assert row(bench, key_of(1))[:2] == ("current", "全号")
    assert "abstract" not in shown(bench)["fields"]
    bench.logs.file(SCUT, loose(abstract="公开文本"), withdrawal(1))
    bench.apply()
    assert row(bench, key_of(1))[0] == "tombstone"
    assert row(bench, LOOSE)[:2] == ("current", "单号")


def test_where_two_rights_claim_a_number_it_joins_neither_and_that_is_shown(bench):
    bench.logs.file(SCUT, loose())
    bench.logs.file(SZU, patent(1, publications=PUBLICATIONS))
    bench.logs.file(LED, patent(2, publications=PUBLICATIONS))
    bench.apply()
    assert row(bench, LOOSE)[0] == "current"
    assert shown(bench)["contested"] == {LOOSE: [key_of(1), key_of(2)]}
    assert shown(bench, LOOSE)["contested"] == {LOOSE: [key_of(1), key_of(2)]}
    bench.logs.file(LED, withdrawal(2))
    bench.apply()
    assert shown(bench, LOOSE)["key"] == key_of(1)


def test_what_joins_in_the_full_view_only_stays_by_itself_in_the_open_one(bench):
    bench.logs.file(SCUT, loose())
    bench.logs.file(SZU, [("path", patent(1, "内部", publications=PUBLICATIONS))])
    bench.apply()
    assert shown(bench, LOOSE)["key"] == key_of(1)
    assert shown(bench, LOOSE, OPEN)["key"] == LOOSE
    assert shown(bench, key_of(1), OPEN) is None


def test_keys_of_a_number_only_are_told_from_proper_ones():
    invention = kinds.BUILT_IN["patent_invention"]
    assert is_loose(invention, LOOSE)
    assert not is_loose(invention, key_of(1))
    for kind in kinds.BUILT_IN.all():
        proper = kind.templates[0].texts[0] + "CN:1"
        assert not is_loose(kind, proper)


# -- events -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["event", "right"])
def test_a_right_that_states_no_status_follows_its_newest_event(bench, first):
    entries = [event("GR01", "2019-05-01"), patent(1)]
    for record in entries if first == "event" else reversed(entries):
        bench.logs.file(SCUT, record)
        bench.apply()
    assert row(bench, key_of(1))[2:] == ("valid", event("GR01", "2019-05-01").key)
    bench.logs.file(SZU, event("CF01", "2023-05-01"), event("PE01", "2024-01-01"))
    bench.apply()
    assert row(bench, key_of(1))[2] == "invalid"
    assert [one["fields"]["code"] for one in shown(bench)["events"]][:2] == ["GR01", "CF01"]
    bench.logs.file(SZU, event("CF01", "2023-05-01", op="withdraw"))
    bench.apply()
    assert row(bench, key_of(1))[2] == "valid"
    bench.logs.file(SCUT, patent(1, status_text="授权后终止"))
    bench.apply()
    assert row(bench, key_of(1))[2:] == ("invalid", "")


def test_an_event_of_a_publication_number_is_one_of_the_right_that_claims_it(bench):
    bench.logs.file(SCUT, event("GR01", right=LOOSE))
    bench.logs.file(SZU, patent(1, publications=PUBLICATIONS))
    bench.apply()
    assert row(bench, key_of(1))[2] == "valid"
    bench.logs.file(LED, patent(2, publications=PUBLICATIONS))
    bench.apply()
    assert row(bench, key_of(1))[2] == row(bench, key_of(2))[2] == ""


@pytest.mark.parametrize("first", ["event", "right"])
def test_a_stranger_does_not_end_the_right_of_somebody_else(bench, first):
    bench.roles[FEED] = "feed"
    entries = [(SZU, event("CF01", "2023-05-01")), (FEED, patent(1, owners=[{"name": "深圳大学"}]))]
    for origin, record in entries if first == "event" else reversed(entries):
        bench.logs.file(origin, record)
        bench.apply()
    assert row(bench, key_of(1))[2:] == ("", "")
    bench.logs.file(SCUT, event("CF01", "2024-05-01"), patent(1, owners=[{"name": "华工"}]))
    bench.logs.file(FEED, event("GR01", "2019-05-01"))
    bench.apply()
    assert row(bench, key_of(1))[2] == "valid"
    assert len(shown(bench)["events"]) == 3, "shown, and followed by nobody"
    bench.logs.file(SZU, patent(1))
    bench.apply()
    assert row(bench, key_of(1))[2] == "valid"
    bench.logs.file(HUB, organisation(SZU, "深圳大学"))
    bench.apply()
    assert row(bench, key_of(1))[2] == "invalid", "an owner that states the right is heard"


def test_what_a_stranger_says_of_a_right_claims_no_number(bench):
    bench.roles[FEED] = "feed"
    bench.logs.file(SCUT, loose())
    bench.logs.file(FEED, patent(1))
    bench.logs.file(SZU, patent(1, publications=PUBLICATIONS))
    bench.apply()
    assert row(bench, LOOSE)[:2] == ("current", "单号")
    assert shown(bench)["contested"] == {}
    bench.logs.file(FEED, patent(1, publications=PUBLICATIONS))
    bench.apply()
    assert row(bench, LOOSE)[0] == "joined"


def test_an_event_that_a_view_does_not_show_changes_nothing_there(bench):
    bench.logs.file(SCUT, patent(1), [("path", event("CF01"))])
    bench.apply()
    rows = bench.catalogue.db.execute("select views, status from record where key = ?", (key_of(1),)).fetchall()
    assert sorted(rows) == [(3, ""), (4, "invalid")]


# -- kinds that the hub publishes -------------------------------------------------------------------------------------

MOON = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "moon",
    "title": "月相",
    "x-title-en": "Phase of the moon",
    "x-version": 1,
    "x-category": "right",
    "x-key": ["moon:{no}"],
    "x-audience": "federation",
    "x-filed-by": ["outlet"],
    "x-view": {"title": "title", "number": ["no"]},
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "no": {"title": "号", "x-title-en": "Number", "type": "string"},
        "title": {"title": "名称", "x-title-en": "Title", "type": "string"},
    },
}


def publication(version=1, **changes):
    schema = {**MOON, "x-version": version, **changes}
    if version > 1:
        newer = {"title": "照", "x-title-en": "Light", "type": "string"}
        schema = {
            **schema,
            "properties": {**MOON["properties"], "light": newer},
            "x-view": {**MOON["x-view"], "title": ["light", "title"]},
        }
    fields = {"name": schema["$id"], "version": version, "schema": json.dumps(schema, ensure_ascii=False)}
    return Record(f"kind:{schema['$id']}", "assert", "kind", 1, fields)


def moon(version=1, **fields):
    return Record("moon:7", "assert", "moon", version, {"no": "7", "title": "满月", **fields})


def test_an_unknown_kind_waits_and_is_taken_up_when_the_hub_has_published_it(bench):
    bench.logs.file(SCUT, moon(), patent(1))
    bench.apply()
    assert [one.findings[0]["rule"] for one in quarantine(bench.catalogue)] == ["UNKNOWN_KIND"]
    bench.logs.file(HUB, publication())
    bench.apply()
    assert quarantine(bench.catalogue) == []
    assert row(bench, "moon:7")[:2] == ("current", "满月")
    assert known(bench.catalogue)["moon"].title_zh == "月相"
    bench.logs.file(SZU, moon(2, light="明"))
    bench.apply()
    assert [one.findings[0]["rule"] for one in quarantine(bench.catalogue)] == ["UNKNOWN_VERSION"]
    bench.logs.file(HUB, publication(2))
    bench.apply()
    assert quarantine(bench.catalogue) == []
    assert row(bench, "moon:7")[1] == "明"
    assert bench.catalogue.counts()["by_kind"] == {"moon": 1, "patent_invention": 1}
    before = dump(bench.catalogue)
    rebuild(bench.logs.store, bench.path, "", lambda: 9000.0, bench.role_of)
    assert dump(bench.catalogue) == before


def test_only_the_hub_publishes_kinds_and_only_usable_ones(bench):
    bench.logs.file(GZ, publication())
    bench.logs.file(SCUT, publication())
    bench.logs.file(HUB, publication(**{"x-key": ["sun:{no}"]}))
    bench.apply()
    rules = sorted(one.findings[0]["rule"] for one in quarantine(bench.catalogue))
    assert rules == ["MISPLACED", "MISPLACED", "UNUSABLE_KIND"]
    assert known(bench.catalogue) is kinds.BUILT_IN


def test_a_withdrawn_kind_is_unknown_again(bench):
    bench.logs.file(HUB, publication())
    bench.logs.file(SCUT, moon())
    bench.apply()
    bench.logs.file(HUB, Record("kind:moon", "withdraw", "kind", 1, reason="误发"))
    bench.apply()
    assert row(bench, "moon:7") is None
    assert [one.findings[0]["rule"] for one in quarantine(bench.catalogue)] == ["UNKNOWN_KIND"]


# -- any order --------------------------------------------------------------------------------------------------------

ORIGINS = (HUB, GZ, FEED, SCUT, LED, SZU)
OWNERS = st.sampled_from([[{"name": "甲大学"}], [{"name": "乙公司"}], [{"name": "甲大学"}, {"name": "乙公司"}]])
NUMBERS = ("CN107000001A", "CN107000002A")
titles = st.sampled_from(["灯", "光", "泡"])
published_as = st.lists(st.sampled_from(NUMBERS), max_size=2, unique=True).map(
    lambda found: {"publications": [{"no": one, "kind": "A", "date": "2018-01-25"} for one in found]} if found else {}
)
said = st.one_of(
    st.builds(
        lambda number, title, owners, more: patent(number, title, owners=owners, **more),
        st.integers(0, 2),
        titles,
        OWNERS,
        published_as,
    ),
    st.builds(
        lambda title, number, owners: loose(title, number, owners=owners), titles, st.sampled_from(NUMBERS), OWNERS
    ),
    st.builds(withdrawal, st.integers(0, 2)),
    st.builds(lambda number: loose(number=number, op="withdraw"), st.sampled_from(NUMBERS)),
    st.builds(
        event,
        st.sampled_from(["GR01", "CF01", "TR01"]),
        st.sampled_from(["2019-05-01", "2020-05-01"]),
        st.sampled_from([key_of(0), key_of(1), LOOSE]),
        st.sampled_from(["assert", "assert", "withdraw"]),
    ),
    st.builds(moon, st.integers(1, 2), light=st.just("明")),
    st.builds(moon),
)
above = st.one_of(
    st.builds(organisation, st.sampled_from([SCUT, LED, SZU]), st.sampled_from(["甲大学", "乙公司", "丙"])),
    st.builds(publication, st.integers(1, 2)),
)
audiences = st.sampled_from(["federation", "federation", "path", "alliance:abcd"])


def filings(origins, records):
    entries = st.lists(st.tuples(audiences, records).map(lambda one: [one]), min_size=1, max_size=4)
    return st.tuples(st.just("file"), st.sampled_from(origins), entries)


filing = st.one_of(filings([FEED, SCUT, LED, SZU], said), filings([HUB, GZ], above))
steps = st.lists(
    st.one_of(filing, filing, filing, st.just(("apply",)), st.just(("lose",)), st.just(("find",))), max_size=14
)


def roles(found):
    found.bench.roles[FEED] = "feed"
    return found


@quick
@given(steps)
def test_any_history_rebuilds_to_the_same_rows_and_times(history):
    with world() as found:
        roles(found)
        for step in [*history, ("apply",)]:
            found.take(step)
        before = dump(found.bench.catalogue)
        with found.ruled():
            rebuild(found.bench.logs.store, found.bench.path, "", lambda: 9000.0, found.bench.role_of)
        assert dump(found.bench.catalogue) == before


@quick
@given(st.lists(filing, max_size=10), st.permutations(ORIGINS))
def test_the_order_of_logs_does_not_matter(filed, order):
    with world() as one, world() as other:
        roles(one), roles(other)
        for step in filed:
            one.take(step)
            one.take(("apply",))
        for origin in order:
            for step in filed:
                if step[1] == origin:
                    other.take(step)
            other.take(("apply",))
        assert results(one.bench.catalogue) == results(other.bench.catalogue)
        assert kept_out(one) == kept_out(other)


@quick
@given(st.lists(filing, max_size=8), st.randoms(use_true_random=False))
def test_parts_that_arrive_late_make_the_same_catalogue(filed, chance):
    with world() as one, world() as other:
        roles(one), roles(other)
        for step in filed:
            one.take(step)
        one.take(("apply",))
        lost = []
        for step in filed:
            other.take(step)
            if chance.random() < 0.5:
                other.take(("lose",))
            if chance.random() < 0.3:
                other.take(("apply",))
        lost = list(other.lost)
        chance.shuffle(lost)
        for at, _ in enumerate(lost):
            other.lost = [lost[at]]
            other.take(("find",))
            if chance.random() < 0.5:
                other.take(("apply",))
        other.take(("apply",))
        assert results(one.bench.catalogue) == results(other.bench.catalogue)
        assert kept_out(one) == kept_out(other)


def kept_out(found):
    return sorted((one.origin, one.index, one.key, str(one.findings)) for one in quarantine(found.bench.catalogue))
