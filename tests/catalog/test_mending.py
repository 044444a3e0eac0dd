"""Rows that are not what the log says: found beside it, and taken up again; what is right is left alone."""

import pytest

from catalog import mending, search, views
from catalog.indexing import index
from catalog.mending import Mended
from catalog.search import Query
from records.body import Record
from tests.catalog.dump import results
from tests.catalog.logs import GZ, SCUT, SZU, key_of, organisation, patent, withdrawal


def mend(bench, *indices, origin=SCUT, due=lambda audience, index: True):
    bench.now += 1
    done = mending.mend(bench.logs.store, bench.catalogue, "", lambda: bench.now, bench.role_of, origin, indices, due)
    index(bench.logs.store, bench.catalogue)
    return done


SPOILT = {
    "a part that was not taken up": "delete from assertion where id = {id}",
    "a record that is gone": "delete from record where key = '{key}'",
    "a record under another key": "update record set key = 'patent_invention:CN:9' where key = '{key}'",
    "a part of another record": "update assertion set record = (select min(record) from assertion) where id = {id}",
    "a part kept out and stated": "insert into quarantine(id, key, findings, batch) values ({id}, '{key}', '[]', 1)",
    "a part kept out in place of stated": "insert into quarantine(id, key, findings, batch) values ({id}, '', '[]', 1);"
    "delete from assertion where id = {id}",
}


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT)
def test_what_differs_from_the_log_is_as_it_was(bench, spoilt):
    first = bench.logs.file(SCUT, *(patent(n, f"照明装置{n}") for n in range(6)), patent(4, "更正的灯"))
    bench.logs.file(SZU, patent(4, "另一家的灯"))
    bench.apply()
    before = results(bench.catalogue)
    at = first + 6
    bench.catalogue.db.executescript(spoilt.format(id=bench.logs.id(SCUT, at), key=key_of(4)))
    assert results(bench.catalogue) != before or "assertion" in spoilt or "quarantine" in spoilt
    done = {one.index: one.word for one in mend(bench, *range(first, first + 7))}
    assert done[at] == "mended"
    assert done[first] == "sound"
    assert results(bench.catalogue) == before
    assert mend(bench, at) == [Mended(at, "sound")]
    for words in ("更正的灯", "照明装置5"):
        found = search.find(bench.catalogue, Query(words=words), views.FULL)
        assert found.total == 1, "the index is whole again, and holds it once"
    counts = "select count(*) from indexed where record not in (select id from record)"
    assert bench.catalogue.db.execute(counts).fetchone() == (0,)


def test_what_is_right_is_left_alone(bench):
    first = bench.logs.file(SCUT, patent(1), withdrawal(1), organisation(GZ, "x"))
    bench.apply()
    cursor, before = bench.catalogue.cursor(), results(bench.catalogue)
    done = mend(bench, first, first + 1, first + 2, first + 3)
    assert done == [
        Mended(first, "sound"),
        Mended(first + 1, "sound"),
        Mended(first + 2, "quarantined", ("MISPLACED",)),
        Mended(first + 3, "absent"),
    ]
    assert (bench.catalogue.cursor(), results(bench.catalogue)) == (cursor, before)


def test_a_statement_of_the_federation_is_mended_too(bench):
    bench.logs.file(SCUT, patent(1))
    said = {"origin": GZ, "until": 5, "journal": 1}
    at = bench.logs.file(GZ, Record(f"judged:{GZ}", "assert", "judged", 1, said))
    bench.apply()
    before = bench.catalogue.db.execute("select id, kind, about from stated").fetchall()
    bench.catalogue.db.execute("delete from stated")
    assert mend(bench, at, origin=GZ) == [Mended(at, "mended")]
    assert bench.catalogue.db.execute("select id, kind, about from stated").fetchall() == before


@pytest.mark.parametrize("is_due", [True, False])
def test_a_part_that_is_missing_is_wanted_where_it_is_due(bench, is_due):
    first = bench.logs.file(SCUT, patent(1), patent(2))
    bench.apply()
    bench.logs.lose(SCUT, first)
    found = {one.index: one.word for one in mend(bench, first, first + 1, due=lambda audience, index: is_due)}
    assert found == {first: "waiting", first + 1: "sound"}, "the catalogue says no longer what is not held"
    assert len(results(bench.catalogue)) == 1
    assert [one.word for one in mend(bench, first, due=lambda audience, index: is_due)] == ["waiting"]
    wanted = bench.logs.store.db.execute("select id, audience from wanted").fetchall()
    assert wanted == ([(bench.logs.id(SCUT, first), "federation")] if is_due else [])


def test_a_crash_before_it_is_taken_up_again_leaves_it_for_the_next_apply(bench, monkeypatch):
    first = bench.logs.file(SCUT, patent(1), patent(2))
    bench.apply()
    before = results(bench.catalogue)
    bench.catalogue.db.execute("delete from record where key = ?", (key_of(1),))

    def crash(*_given):
        raise RuntimeError("power")

    monkeypatch.setattr(mending, "apply", crash)
    with pytest.raises(RuntimeError):
        mend(bench, first)
    bench.apply()
    assert results(bench.catalogue) == before
