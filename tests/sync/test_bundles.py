"""A log's rows: partial bundles grow by further rows, hashes and proofs come out of them, parts by name."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import entry, package, proof, schema, tree
from sync.bundles import Bundles, packages, spans
from sync.errors import Conflict, Malformed
from sync.store import NoStore, Store
from tests.sync import made

ENTRIES = [entry.record_entry(made.committer(made.OUTLET), n, []) for n in range(1300)]
LEAVES = [tree.leaf_hash(one) for one in ENTRIES]


@pytest.fixture
def store(tmp_path):
    with made.opened(made.Written(tmp_path, made.CITY).log_db) as found:
        yield found


def append(store: Store, origin: str, first: int, last: int) -> None:
    """Append entries as both writers do: cut at bundle edges, with the root of a bundle that becomes whole."""
    with store.write():
        bundles = Bundles(store, store.add_log(origin))
        for start, end in spans(first, last):
            whole = tree.root_hash(LEAVES[end - 256 : end]) if end % 256 == 0 else None
            bundles.append(start, ENTRIES[start:end], LEAVES[start:end], whole)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=8), st.data())
def test_however_it_grew_the_log_reads_back_and_proves_itself(tmp_path_factory, steps, data):
    made_at = made.Written(tmp_path_factory.mktemp("log"), made.CITY)
    with made.opened(made_at.log_db) as store:
        size = 0
        for step in steps:
            if size + step <= len(ENTRIES):
                append(store, made.OUTLET, size, size + step)
                size += step
        log = store.log(made.OUTLET) or store.add_log(made.OUTLET)
        bundles = Bundles(store, log)
        assert log.next_entry == size
        start, end = sorted((data.draw(st.integers(0, size)), data.draw(st.integers(0, size))))
        assert bundles.entries(start, end) == ENTRIES[start:end]
        assert bundles.leaves(start, end) == LEAVES[start:end]
        for some in {0, 1, end, size}:
            if some <= size:
                assert bundles.root(some) == tree.root_hash(LEAVES[:some])
        hashes = tree.consistency_proof(bundles, end, size)
        proof.check_consistency(end, tree.root_hash(LEAVES[:end]), size, hashes, bundles.root(size))


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 513, 1024, 1025])
def test_packages_of_any_range_verify(store, size):
    append(store, made.OUTLET, 0, size)
    log = store.log(made.OUTLET)
    root = tree.root_hash(LEAVES[:size])
    for first in {0, size // 2, size - 1}:
        at = first
        for one in packages(store, log, first, size, size, lambda audience, index: True):
            start = one.first - one.first % 256
            assert (one.first, one.last) == (at, min(size, start + 256))
            found = tree.root_hash(LEAVES[start : one.first] + [tree.leaf_hash(raw) for raw in one.entries])
            proof.check_subtree(start, one.last, found, size, one.proof, root)
            at = one.last
        assert at == size


def test_spans_are_cut_at_every_multiple_of_256():
    assert list(spans(0, 0)) == []
    assert list(spans(5, 6)) == [(5, 6)]
    assert list(spans(0, 256)) == [(0, 256)]
    assert list(spans(255, 600)) == [(255, 256), (256, 512), (512, 600)]


def test_rows_are_never_rewritten(store):
    append(store, made.OUTLET, 0, 100)
    before = store.db.execute("select id, entries, leaves from bundle").fetchall()
    append(store, made.OUTLET, 100, 300)
    after = store.db.execute("select id, entries, leaves from bundle").fetchall()
    assert after[: len(before)] == before
    assert len(after) == len(before) + 2


def test_entries_are_appended_at_the_end_only(store):
    append(store, made.OUTLET, 0, 10)
    for first in (9, 11, 0):
        with pytest.raises(Conflict):
            append(store, made.OUTLET, first, first + 5)
    assert store.log(made.OUTLET).next_entry == 10
    assert Bundles(store, store.log(made.OUTLET)).entries(0, 99) == ENTRIES[:10]


def test_what_is_not_held_is_refused(store):
    append(store, made.OUTLET, 0, 300)
    bundles = Bundles(store, store.log(made.OUTLET))
    for level, index in ((0, 300), (8, 1), (9, 0), (3, 38)):
        with pytest.raises(Malformed):
            bundles.hash_at(level, index)
    with pytest.raises(Malformed):
        bundles.root(301)
    with pytest.raises(Malformed):
        list(packages(store, store.log(made.OUTLET), 0, 301, 301, lambda audience, index: True))


def test_logs_do_not_see_each_other(store):
    append(store, made.OUTLET, 0, 300)
    append(store, made.OTHER_OUTLET, 0, 5)
    one, other = (Bundles(store, store.log(origin)) for origin in (made.OUTLET, made.OTHER_OUTLET))
    with store.write():
        one.add_parts([((0, 0), b"one's")])
        one.want([((299, 7), "path")])
    assert (len(one.entries(0, 999)), len(other.entries(0, 999))) == (300, 5)
    assert (other.parts(0, 999), other.wanted(9), other.count_wanted()) == ([], [], 0)
    assert (one.parts(0, 999), one.wanted(9), one.count_wanted()) == ([((0, 0), b"one's")], [(299, 7)], 1)
    assert [log.origin for log in store.logs_with_wanted()] == [made.OUTLET]


def test_parts_are_kept_found_and_wanted_by_name(store):
    append(store, made.OUTLET, 0, 300)
    bundles = Bundles(store, store.log(made.OUTLET))
    with store.write():
        bundles.add_parts([((299, 7), b"last"), ((0, 0), b"first"), ((0, 0), b"not again")])
        bundles.want([((5, 1), "path"), ((2, 0), "path"), ((2, 0), "path")])
    assert bundles.parts(0, 300) == [((0, 0), b"first"), ((299, 7), b"last")]
    assert bundles.parts(1, 299) == []
    assert (bundles.part(299, 7), bundles.part(299, 6)) == (b"last", None)
    assert (bundles.wanted(9), bundles.wanted(1), bundles.count_wanted()) == ([(2, 0), (5, 1)], [(2, 0)], 2)
    with store.write():
        bundles.found([(2, 0)])
    assert bundles.wanted(9) == [(5, 1)]


def test_packages_carry_only_parts_that_may_be_seen(tmp_path):
    written = made.Written(tmp_path / "outlet", made.OUTLET)
    with written.own() as own:
        own.add([[("public", b"1"), ("path", b"2")], [("path", b"3")]])
    with made.opened(written.log_db) as store:
        (one,) = packages(store, store.log(made.OUTLET), 0, 3, 3, lambda audience, index: audience == "public")
    assert [name for name, _content in one.parts] == [(1, 0)]
    assert one.parts[0][1][16:] == b"1"


def test_row_ids_keep_log_index_and_part_apart():
    largest = schema.key(schema.MAX_LOGS - 1, 2**37 - 1, 7)
    assert largest < 2**63
    assert schema.index_of(largest) == 2**37 - 1
    assert schema.key(1, 0, 0) == schema.key(0, 2**37 - 1, 7) + 1


def test_an_entry_of_8_kib_comes_back(store):
    raw = entry.control_entry(1, b"c" * (8192 - 13))
    with store.write():
        bundles = Bundles(store, store.add_log(made.OUTLET))
        bundles.append(0, [raw], [tree.leaf_hash(raw)], None)
    assert bundles.entries(0, 1) == [raw]
    assert package.bundle_entries(package.bundle_bytes([raw])) == ([raw], 8194)


def test_opening_a_missing_store_is_an_error(tmp_path):
    with pytest.raises(NoStore):
        Store(tmp_path / "log.db")
    assert not (tmp_path / "log.db").exists()


def test_the_store_is_durable(store):
    assert store.db.execute("pragma journal_mode").fetchone()[0] == "wal"
    assert store.db.execute("pragma synchronous").fetchone()[0] == 2
