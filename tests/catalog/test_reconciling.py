"""Two catalogues over equal logs, compared in this process: what is found, and how much is looked at for it."""

import sqlite3

import pytest

from catalog import digests, reconciling
from catalog.catalogue import Catalogue
from catalog.digests import Name
from catalog.reconciling import Local, compare
from tests.catalog.logs import SCUT, key_of, patent

BUCKET = ("patent_invention", "2023-11")


def everything(_audience, _index):
    return True


class Counting(Local):
    """A side that counts what it is asked for."""

    asked = split_nodes = listed = 0

    def buckets(self):
        self.asked += 1
        return super().buckets()

    def split(self, names):
        self.asked += 1
        self.split_nodes += len(names)
        return super().split(names)

    def rows(self, names):
        self.asked += 1
        found = super().rows(names)
        self.listed += sum(map(len, found))
        return found


class Pair:
    """A bench's catalogue, and a copy of it that can be spoilt."""

    def __init__(self, bench, path):
        self.bench = bench
        with sqlite3.connect(path) as target:
            bench.catalogue.db.backup(target)
        self.copy = Catalogue(path)

    def side(self, catalogue, kind=Local):
        store = self.bench.logs.store
        size = catalogue.covered(store.log(SCUT).id)

        def rows_of(indices):
            return digests.rows_at(store, catalogue, SCUT, indices, everything)

        return kind(digests.take(store, catalogue, SCUT, size, everything), rows_of)

    def compare(self):
        """What the copy finds about the original."""
        self.there = self.side(self.bench.catalogue, Counting)
        return compare(self.side(self.copy), self.there)


@pytest.fixture
def pair(bench, tmp_path):
    bench.logs.file(SCUT, *(patent(n) for n in range(3000)))
    bench.apply()
    made = Pair(bench, tmp_path / "copy.db")
    yield made
    made.copy.close()


def counts(found):
    return {name: (one.matched, one.different, one.missing, one.extra) for name, one in found.drift.items()}


def test_equal_catalogues_match_and_nothing_is_listed(pair):
    found = pair.compare()
    assert counts(found) == {BUCKET: (3000, 0, 0, 0)}
    assert (pair.there.asked, found.differing) == (1, [])


def spoil(pair):
    """Spoil three entries of the copy, and one of the original, each in its own way."""
    ids = [id for (id,) in pair.copy.db.execute("select id from assertion order by id")]
    pair.copy.db.execute("delete from assertion where id = ?", (ids[10],))
    pair.copy.db.execute("update record set key = 'patent_invention:CN:1' where key = ?", (key_of(20),))
    pair.copy.db.execute("insert into quarantine values (?, ?, '[]', 1)", (ids[30], key_of(30)))
    pair.bench.catalogue.db.execute("delete from assertion where id = ?", (ids[40],))
    return [id >> 3 & (1 << 37) - 1 for id in ids]


def test_every_entry_that_differs_is_told_with_what_each_side_has(pair):
    indices = spoil(pair)
    found = pair.compare()
    assert counts(found) == {BUCKET: (2996, 1, 2, 2)}
    told = {(one.index, one.key): (one.here, one.there) for one in found.differing}
    assert set(told) == {
        (indices[10], key_of(10)),
        (indices[20], key_of(20)),
        (indices[20], "patent_invention:CN:1"),
        (indices[30], key_of(30)),
        (indices[40], key_of(40)),
    }
    here, there = told[indices[10], key_of(10)]
    assert (here, there.accepted) == (None, 1)
    here, there = told[indices[30], key_of(30)]
    assert ((here.accepted, here.quarantined), (there.accepted, there.quarantined)) == ((1, 1), (1, 0))
    here, there = told[indices[40], key_of(40)]
    assert (here.accepted, there) == (1, None)


def test_few_differences_are_found_without_listing_the_rest(pair):
    spoil(pair)
    pair.compare()
    assert pair.there.listed <= 5 * reconciling.LIST_ROWS
    assert pair.there.split_nodes <= 5 * 3


def test_the_other_side_sees_it_the_other_way_round(pair):
    spoil(pair)
    mine = pair.compare().drift[BUCKET]
    theirs = compare(pair.side(pair.bench.catalogue), pair.side(pair.copy)).drift[BUCKET]
    assert theirs == mine.turned()


def test_where_everything_differs_whole_nodes_are_counted_and_little_is_listed(pair, monkeypatch):
    monkeypatch.setattr(reconciling, "MAX_LISTED", 200)
    pair.copy.db.execute("update record set key = key || '0'")
    found = pair.compare().drift[BUCKET]
    assert found.about
    assert found.matched == 0
    assert pair.there.listed <= 200
    assert found.different + found.missing == 3000
    assert found.different + found.extra == 3000


def test_an_empty_catalogue_lacks_everything(pair):
    for table in ("assertion", "quarantine", "stated"):
        pair.copy.db.execute(f"delete from {table}")
    found = pair.compare().drift[BUCKET]
    assert (found.matched, found.different, found.missing, found.extra) == (0, 0, 3000, 0)


def test_what_changes_while_it_is_compared_is_left_out(pair):
    side = pair.side(pair.copy)
    hash = next(iter(side.snapshot.hashes(Name(*BUCKET))))
    name = Name(*BUCKET, hash.hex()[:6])
    index = side.snapshot.hashes(name)[hash]
    pair.copy.db.execute("delete from assertion where id >> 3 & 137438953471 = ?", (index,))
    assert hash not in {row.hash for row in side.rows([name])[0]}
