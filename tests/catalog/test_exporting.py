"""Files out of a catalogue: everything that is asked for and may leave, once, with its sources."""

import json
import resource

import pytest

from catalog import exporting, views
from catalog.catalogue import Catalogue
from catalog.errors import BadQuery
from catalog.explaining import explain
from catalog.exporting import Asked, Export
from catalog.search import Query, find
from records import licence
from records.body import Record
from tests.catalog.logs import GZ, HUB, LED, SCUT, SZU, key_of, organisation, patent, withdrawal


def free(fields):
    return ""


def by_licence(fields):
    return fields.get("agency", "") if fields.get("agency") == "no" else ""


def export(bench, query=None, view=views.FULL, allowed=free, **asked):
    """Return (lines by key, what was left out)."""
    left = []
    with Export(bench.logs.store, bench.catalogue, Asked(query or Query(), view, **asked), allowed, left.append) as out:
        lines = list(out.lines())
        hidden = list(out.hidden())
        counted = out.kinds()
    assert sum(counted.values()) == len(lines) + sum(one.reason in ("licence", "erased") for one in left)
    assert len({one.record.key for one in lines}) == len(lines)
    return {one.record.key: one for one in lines}, left + hidden


def test_everything_current_is_exported_and_nothing_else(bench):
    bench.logs.file(HUB, organisation(GZ, "广州"))
    bench.logs.file(SCUT, *(patent(n) for n in range(600)), withdrawal(3))
    bench.apply()
    lines, left = export(bench)
    assert set(lines) == {key_of(n) for n in range(600) if n != 3}
    assert lines[key_of(1)].record.fields == patent(1).fields
    assert left == []
    registers, _left = export(bench, Query(kind="organisation"))
    assert [one.record.fields["name"] for one in registers.values()] == ["广州"]


def test_filters_are_those_of_a_search(bench):
    bench.logs.file(SCUT, patent(1, "一种照明装置", ipc=["H05B 45/00"]), patent(2, "一种散热装置", ipc=["B65D 1/02"]))
    bench.logs.file(SZU, patent(3, "照明灯", filing_date="2018-01-01", owners=[{"name": "深圳大学"}]))
    bench.apply()
    asked = {
        Query("照明"): {1, 3},
        Query("照明 装置"): {1},
        Query(ipc="H05B"): {1},
        Query(city="sz"): {3},
        Query(applicant="深圳"): {3},
        Query(date_from="2018-01-01"): {3},
        Query(kind="utility_model"): set(),
    }
    for query, wanted in asked.items():
        assert set(export(bench, query)[0]) == {key_of(n) for n in wanted}, query
    for query in (Query("，，"), Query(status="good"), Query(kind="x")):
        with pytest.raises(BadQuery):
            export(bench, query)


def test_only_what_an_audience_may_see_leaves(bench):
    bench.logs.file(
        SCUT,
        [("federation", patent(1)), ("path", patent(1, agency="内部"))],
        [("path", patent(2))],
        [("alliance:led", patent(3))],
    )
    bench.apply()
    lines, left = export(bench, view=views.OPEN, audience=True)
    assert {name: one.record.fields.get("agency") for name, one in lines.items()} == {key_of(1): None}
    assert {(one.key, one.reason) for one in left} == {(key_of(2), "audience"), (key_of(3), "audience")}
    lines, left = export(bench, view=views.ALLIANCE, audience=True)
    assert {name: one.audience for name, one in lines.items()} == {key_of(1): "federation", key_of(3): "alliance"}
    assert [one.key for one in left] == [key_of(2)]
    lines, left = export(bench, audience=True)
    assert {name: one.audience for name, one in lines.items()} == {
        key_of(1): "path",
        key_of(2): "path",
        key_of(3): "alliance",
    }
    assert lines[key_of(1)].record.fields["agency"] == "内部"
    assert left == []


def test_no_field_of_a_statement_that_may_not_leave_remains(bench):
    bench.logs.file(SCUT, patent(1, agency="no", claim1="秘密"), patent(2, agency="no"), patent(3))
    bench.logs.file(LED, patent(1, "乙"))
    bench.apply()
    lines, left = export(bench, allowed=by_licence, provenance=True)
    assert set(lines) == {key_of(1), key_of(3)}
    assert lines[key_of(1)].record.fields == patent(1, "乙").fields
    assert "秘密" not in str(lines)
    assert SCUT not in str(lines[key_of(1)].provenance)
    assert {(one.key, one.reason) for one in left} == {(key_of(1), "licence-part"), (key_of(2), "licence")}
    assert all(one.detail == f"{SCUT}: no" for one in left)


def test_provenance_and_findings_come_along_when_asked(bench):
    bench.logs.file(SCUT, patent(1, filing_date="2018-07-21"), patent(2))
    bench.logs.file(LED, patent(1, "乙", filing_date="2018-07-21"))
    bench.apply()
    bench.logs.file(SCUT, patent(2, filing_date="昨天"))
    bench.apply()
    lines, _left = export(bench, findings=True, provenance=True)
    one = lines[key_of(1)]
    assert [found.rule for found in one.findings] == ["YEAR_MISMATCH"]
    assert one.provenance.statements == ((LED, 1), (SCUT, 1))
    assert set(one.provenance.sources) == set(one.record.fields)
    assert dict(one.provenance.conflicts)["title"]
    assert (one.provenance.first_applied, one.provenance.last_applied) == (1001, 1001)
    assert "DATE_FORM" in [found.rule for found in lines[key_of(2)].findings], "what is kept out is told"
    lines, _left = export(bench, view=views.OPEN, findings=True)
    assert lines[key_of(2)].findings == (), "but not to outsiders"
    plain = export(bench)[0][key_of(1)]
    assert (plain.findings, plain.provenance, plain.audience) == ((), None, "")


def test_own_records_are_those_that_a_node_states(bench):
    bench.logs.file(SCUT, patent(1), patent(2))
    bench.logs.file(LED, patent(2), patent(3))
    bench.apply()
    assert set(export(bench, own=SCUT)[0]) == {key_of(1), key_of(2)}
    assert export(bench, own="ip.example/gz/none")[0] == {}


def test_a_published_kind_is_exported_and_found_by_its_title(bench):
    field = {"type": "string", "title": "名称", "x-title-en": "Name", "x-headers": ["名称"]}
    schema = {
        "$id": "tradesecret",
        "title": "商业秘密备案",
        "x-title-en": "Trade secret on file",
        "x-version": 1,
        "x-category": "right",
        "x-key": ["tradesecret:{no}"],
        "x-audience": "federation",
        "x-view": {"title": "name", "number": ["no"]},
        "x-filed-by": ["outlet"],
        "type": "object",
        "additionalProperties": False,
        "properties": {"no": {**field, "title": "编号", "x-headers": ["编号"]}, "name": field},
    }
    said = {"name": "tradesecret", "version": 1, "schema": json.dumps(schema, ensure_ascii=False)}
    bench.logs.file(HUB, Record("kind:tradesecret", "assert", "kind", 1, said))
    bench.logs.file(SCUT, Record("tradesecret:1", "assert", "tradesecret", 1, {"no": "1", "name": "配方"}), patent(1))
    bench.apply()
    lines, _left = export(bench, Query(kind="商业秘密备案"))
    assert [one.record.fields["name"] for one in lines.values()] == ["配方"]
    assert set(export(bench)[0]) == {"tradesecret:1", key_of(1)}


def test_a_publication_number_alone_leaves_with_the_right_it_belongs_to(bench):
    published = {"publications": [{"no": "CN107000001A", "kind": "A", "date": "2017-12-01"}]}
    bench.logs.file(SCUT, patent(1, **published))
    loose = Record(
        "patent_invention:CN:pub/CN107000001A", "assert", "patent_invention", 1, {**published, "title": "乙"}
    )
    bench.logs.file(SZU, loose)
    bench.apply()
    lines, left = export(bench, provenance=True)
    assert set(lines) == {key_of(1)}
    assert {origin for origin, _ in lines[key_of(1)].provenance.statements} == {SCUT, SZU}
    assert set(export(bench, own=SZU)[0]) == {key_of(1)}
    assert left == []


def test_what_comes_meanwhile_neither_doubles_nor_hides_a_record(bench):
    bench.logs.file(SCUT, *(patent(n) for n in range(600)))
    bench.apply()
    with Export(bench.logs.store, bench.catalogue, Asked(Query(), views.OPEN), free, print) as out:
        lines = out.lines()
        seen = [next(lines).record.key]
        other = Catalogue(bench.path)
        bench.logs.file(SCUT, withdrawal(500), [("federation", patent(1, "新")), ("path", patent(1, agency="x"))])
        bench.catalogue, held = other, bench.catalogue
        bench.apply()
        bench.catalogue = held
        seen += [one.record.key for one in lines]
        other.close()
    assert seen == [key_of(n) for n in range(600)]
    assert len(export(bench)[0]) == 599


def test_an_erased_body_is_told(bench):
    bench.logs.file(SCUT, patent(1), patent(2))
    bench.apply()
    bench.logs.lose(SCUT, 1)
    lines, left = export(bench)
    assert set(lines) == {key_of(2)}
    assert [(one.key, one.reason) for one in left] == [(key_of(1), exporting.ERASED)]


def test_memory_stays_flat(bench):
    bench.logs.file(SCUT, *(patent(n, abstract="长" * 300) for n in range(6000)))
    bench.apply()
    with Export(bench.logs.store, bench.catalogue, Asked(Query(), views.FULL), free, print) as out:
        lines = out.lines()
        for _ in range(500):
            next(lines)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert sum(1 for _ in lines) == 5500
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8 << 10


def test_one_record_is_explained(bench):
    bench.logs.file(
        SCUT,
        patent(1),
        [("path", patent(2))],
        patent(3, agency="no"),
        [("federation", patent(4)), ("path", patent(4, agency="内部"))],
        patent(5),
        withdrawal(5),
    )
    bench.apply()

    def said(n, view=views.OPEN):
        return explain(bench.logs.store, bench.catalogue, key_of(n), view, by_licence)

    assert (said(1)["leaves"], said(1)["reason"], said(1)["shown_to"]) == (True, "", ["federation", "alliance", "path"])
    assert (said(2)["leaves"], said(2)["reason"], said(2)["shown_to"]) == (False, "audience", ["path"])
    assert said(2, views.FULL)["leaves"]
    assert (said(3)["reason"], said(3)["statements"][0]["licence"]) == ("licence", "no")
    assert [(one["audience"], one["in_view"]) for one in said(4)["statements"]] == [
        ("federation", True),
        ("path", False),
    ]
    assert said(5)["reason"] == "withdrawn"
    assert said(9) is None


def test_what_its_source_lets_nobody_see_is_shown_to_the_node_itself_only(bench):
    terms = {"source": "某局", "redistribute": "no", "until": "2018-01-01"}
    bench.logs.file(SCUT, patent(1, "照明甲", licence=terms), patent(2, "照明乙"))
    bench.logs.file(SCUT, patent(3, "照明丙", licence={"source": "某局", "redistribute": "derived"}))
    bench.apply()
    found = {view: {hit.key for hit in find(bench.catalogue, Query("照明"), view).hits} for view in views.ALL}
    assert found[views.FULL] == {key_of(1), key_of(2), key_of(3)}
    assert found[views.OPEN] == found[views.ALLIANCE] == {key_of(2), key_of(3)}

    def why(fields):
        said = licence.may_leave(fields, "2017-01-01", "export")
        return "" if said else said.en

    lines, left = export(bench, view=views.OPEN, allowed=why)
    assert set(lines) == {key_of(2)}
    assert {(one.key, one.reason) for one in left} == {(key_of(1), "licence"), (key_of(3), "licence")}
    assert all("某局" in one.detail for one in left)
    said = explain(bench.logs.store, bench.catalogue, key_of(1), views.OPEN, why)
    assert (said["reason"], said["shown_to"]) == ("licence", ["path"])
