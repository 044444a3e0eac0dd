"""Roots and proofs against RFC 6962 written down plainly, and a public log."""

from base64 import b64decode
from hashlib import sha256

import pytest

from sync import package, tree

LEAVES = [sha256(b"leaf %d" % one).digest() for one in range(600)]


class Held:
    """The tree over some leaves, kept in memory: hashes of whole subtrees only, asked for strictly."""

    def __init__(self, leaves):
        self.leaves = leaves

    def hash_at(self, level, index):
        start, end = index << level, (index + 1) << level
        assert end <= len(self.leaves), "asked for a subtree that is not whole"
        return rfc_root(self.leaves[start:end])


def rfc_root(leaves):
    """MTH of RFC 6962 section 2.1, leaf hashes given."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha256(b"\x01" + rfc_root(leaves[:k]) + rfc_root(leaves[k:])).digest()


def rfc_path(index, leaves):
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if index < k:
        return [*rfc_path(index, leaves[:k]), rfc_root(leaves[k:])]
    return [*rfc_path(index - k, leaves[k:]), rfc_root(leaves[:k])]


def rfc_subproof(m, leaves, whole=True):
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if m == len(leaves):
        return [] if whole else [rfc_root(leaves)]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if m <= k:
        return [*rfc_subproof(m, leaves[:k], whole), rfc_root(leaves[k:])]
    return [*rfc_subproof(m - k, leaves[k:], False), rfc_root(leaves[:k])]


def test_the_empty_root_is_the_hash_of_nothing():
    assert tree.root_hash([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert tree.range_root(Held([]), 0, 0) == tree.EMPTY_ROOT


def test_leaves_and_nodes_are_told_apart():
    assert tree.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert tree.node_hash(b"a" * 32, b"b" * 32) == sha256(b"\x01" + b"a" * 32 + b"b" * 32).digest()


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 513])
def test_roots_are_those_of_the_rfc(size):
    assert tree.root_hash(LEAVES[:size]) == rfc_root(LEAVES[:size])
    assert tree.range_root(Held(LEAVES[:size]), 0, size) == rfc_root(LEAVES[:size])


@pytest.mark.parametrize("size", range(1, 66))
def test_proofs_are_those_of_the_rfc(size):
    held = Held(LEAVES[:size])
    for index in range(size):
        assert tree.inclusion_proof(held, index, size) == rfc_path(index, LEAVES[:size])
    for old in range(1, size + 1):
        assert tree.consistency_proof(held, old, size) == rfc_subproof(old, LEAVES[:size])
    assert tree.consistency_proof(held, 0, size) == []


def test_only_aligned_ranges_are_subtrees():
    def plainly(start, end):
        width = 1
        while width < end - start:
            width *= 2
        return start < end and (start == 0 or start % width == 0)

    for start in range(40):
        for end in range(40):
            assert tree.is_subtree(start, end) == plainly(start, end), (start, end)
    assert not tree.is_subtree(-2, 0)


def test_a_public_logs_bundles_and_tiles_give_its_roots(shared_vectors):
    log = shared_vectors / "tlog" / "log"
    for size in range(1, 16):
        entries, _behind = package.bundle_entries((log / "tile" / "entries" / "000.p" / str(size)).read_bytes())
        hashes = (log / "tile" / "0" / "000.p" / str(size)).read_bytes()
        assert [tree.leaf_hash(one) for one in entries] == [hashes[at : at + 32] for at in range(0, len(hashes), 32)]
        stated = (log / f"checkpoint.{size}").read_text().split("\n")[2]
        assert tree.root_hash([tree.leaf_hash(one) for one in entries]) == b64decode(stated)
