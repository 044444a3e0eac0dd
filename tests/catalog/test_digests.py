"""Digests of what a catalogue says of a log: the layout by hashlib alone, and what they depend on."""

from hashlib import sha256

import pytest

from catalog import digests
from catalog.digests import Behind, Name, Snapshot
from records.body import Record
from tests.catalog.logs import GZ, SCUT, key_of, organisation, patent, withdrawal

MONTH = "2023-11"  # of 1,700,000,000 s


def everything(_audience, _index):
    return True


def taken(bench, origin=SCUT, size=None, shared=everything):
    size = bench.catalogue.covered(bench.logs.store.log(origin).id) if size is None else size
    return digests.take(bench.logs.store, bench.catalogue, origin, size, shared)


def leaf(bench, origin, index):
    bundles = digests._entries(bench.logs.store, bench.logs.store.log(origin), index, index + 1)
    return next(leaf for at, _raw, leaf in bundles if at == index)


def by_hand(bench, key, origin, index, accepted, quarantined=0):
    """The row's hash as proto/README.md section 14 writes it down."""
    name, of = key.encode(), origin.encode()
    return sha256(
        b"banyan-row/v1\0" + len(name).to_bytes(2, "big") + name + bytes([len(of)]) + of
        + index.to_bytes(8, "big") + leaf(bench, origin, index) + bytes([accepted, quarantined])
    ).digest()  # fmt: skip


def test_a_row_and_a_log_are_hashed_as_it_is_written_down(bench):
    first = bench.logs.file(SCUT, patent(1), patent(2))
    bench.apply()
    rows = sorted(by_hand(bench, key_of(n), SCUT, first + n - 1, 1) for n in (1, 2))
    node = sha256(b"\0" + b"".join(rows)).digest()
    kind = b"patent_invention"
    bucket = bytes([len(kind)]) + kind + b"\x07" + MONTH.encode() + (2).to_bytes(8, "big") + node
    found = taken(bench)
    assert found.buckets() == {("patent_invention", MONTH): digests.Node(2, node)}
    assert found.digest == sha256(b"banyan-applied/v1\0" + bucket).digest()
    assert digests.of(bench.logs.store, bench.catalogue, SCUT, found.size, everything) == found.digest


def test_a_log_without_rows_has_the_digest_of_no_buckets(bench):
    assert taken(bench, "ip.example/nobody/here", 0).digest == sha256(b"banyan-applied/v1\0").digest()


def test_more_rows_than_a_leaf_holds_are_split_by_their_next_digit():
    hashes = sorted(sha256(bytes([one >> 8, one & 255])).digest() for one in range(5000))
    packed = b"".join(hash + bytes(8) for hash in hashes)
    found = Snapshot(SCUT, 1, {("k", "m"): packed})

    def node(rows, depth):
        if len(rows) <= 4096:
            return sha256(b"\0" + b"".join(rows)).digest()
        parts = [[one for one in rows if one.hex()[depth] == f"{digit:x}"] for digit in range(16)]
        return sha256(b"\1" + b"".join(node(part, depth + 1) for part in parts)).digest()

    assert found.node(Name("k", "m")) == digests.Node(5000, node(hashes, 0))
    some = [one for one in hashes if one.hex().startswith("a7")]
    assert found.node(Name("k", "m", "a7")) == digests.Node(len(some), node(some, 2))
    assert [one.rows for one in found.split(Name("k", "m"))] == [
        sum(one.hex()[0] == f"{digit:x}" for one in hashes) for digit in range(16)
    ]
    assert set(found.hashes(Name("k", "m", "a7"))) == set(some)


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 4095, 4096, 4097, 4098, 70_000])
def test_the_nodes_of_a_node_hold_its_rows_and_no_others(count):
    hashes = sorted(sha256(one.to_bytes(4, "big")).digest() for one in range(count))
    found = Snapshot(SCUT, 1, {("k", "m"): b"".join(hash + bytes(8) for hash in hashes)} if count else {})
    split = found.split(Name("k", "m"))
    assert sum(one.rows for one in split) == count
    assert found.rows == count
    if count > 4096:
        joined = sha256(b"\1" + b"".join(one.digest for one in split)).digest()
        assert found.node(Name("k", "m")).digest == joined


def test_what_is_kept_out_and_withdrawn_has_its_row(bench):
    bad = Record("patent_invention:CN:201710000001.1", "assert", "patent_invention", 1, {"title": "灯"})
    first = bench.logs.file(SCUT, patent(1), bad, withdrawal(1), b"no json")
    bench.apply()
    found = digests.rows_at(bench.logs.store, bench.catalogue, SCUT, range(first, first + 4), everything)
    assert [(row.key, row.index - first, row.accepted, row.quarantined) for _bucket, row in found] == [
        (key_of(1), 0, 1, 0),
        (bad.key, 1, 0, 1),
        (key_of(1), 2, 1, 0),
        ("", 3, 0, 1),
    ]
    assert taken(bench).rows == 4


def test_statements_of_the_federation_are_rows_too(bench):
    bench.logs.file(SCUT, patent(1))
    said = {"origin": GZ, "until": 5, "journal": 1}
    bench.logs.file(GZ, organisation(SCUT, "华工"), Record(f"judged:{GZ}", "assert", "judged", 1, said))
    bench.apply()
    assert sorted(kind for kind, _month in taken(bench, GZ).buckets()) == ["judged", "organisation"]


def test_only_what_both_may_see_counts_part_by_part(bench):
    two = [("federation", patent(1)), ("path", patent(1, "内部"))]
    first = bench.logs.file(SCUT, two, [("path", patent(2))])
    bench.apply()
    assert taken(bench).rows == 2

    def federation_only(audience, _index):
        return audience == "federation"

    found = digests.rows_at(bench.logs.store, bench.catalogue, SCUT, [first, first + 1], federation_only)
    assert [(row.key, row.accepted) for _bucket, row in found] == [(key_of(1), 1)]
    bench.logs.lose(SCUT, first + 1)
    before = taken(bench, shared=federation_only).digest
    assert before != taken(bench).digest


def test_a_part_that_is_not_held_has_no_bit(bench):
    first = bench.logs.file(SCUT, [("federation", patent(1)), ("path", patent(1, "内部"))])
    bench.logs.lose(SCUT, first, 1)
    bench.apply()
    (found,) = digests.rows_at(bench.logs.store, bench.catalogue, SCUT, [first], everything)
    assert found[1].accepted == 1


@pytest.mark.parametrize(
    "change",
    [
        "delete from assertion where id = (select max(id) from assertion)",
        "delete from record where id = (select max(id) from record)",
        "update record set key = key || '0' where id = (select max(id) from record)",
        "update assertion set record = 1 where id = (select max(id) from assertion)",
        "insert into quarantine(id, key, findings, batch) select max(id), 'k', '[]', 1 from assertion",
    ],
)
def test_whatever_a_catalogue_says_otherwise_changes_the_digest(bench, change):
    bench.logs.file(SCUT, *(patent(n) for n in range(300)))
    bench.apply()
    before = taken(bench).digest
    assert taken(bench).digest == before
    bench.catalogue.db.execute(change)
    assert taken(bench).digest != before


def test_entries_beyond_the_size_do_not_count(bench):
    bench.logs.file(SCUT, *(patent(n) for n in range(300)))
    bench.apply()
    size = bench.logs.store.log(SCUT).stored
    before = taken(bench).digest
    bench.logs.file(SCUT, *(patent(n) for n in range(300, 600)))
    bench.apply()
    assert taken(bench, size=size).digest == before
    assert taken(bench).digest != before


def test_more_than_was_applied_is_refused(bench):
    bench.logs.file(SCUT, patent(1))
    bench.apply()
    with pytest.raises(Behind):
        taken(bench, size=3)
