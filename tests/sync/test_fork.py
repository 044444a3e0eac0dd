"""The fork file: small, read strictly, and it proves what it says for every pair of sizes."""

from functools import cache

import pytest

from sync import fork, tree
from sync.checkpoint import Checkpoint
from sync.errors import BadProof, BadSignature, Malformed, SyncError
from sync.fork import Branch
from sync.head import sign_head
from sync.partial import PartialTree
from tests.sync import made
from tests.sync.made import NOW_S, OUTLET

KEYS = made.verifiers(made.signers(OUTLET))
COMMON = 5  # leaves that both trees share


class Leaves:
    """A tree's leaves in memory, as `tree.Hashes`."""

    def __init__(self, leaves):
        self.leaves = leaves

    def hash_at(self, level, index):
        return tree.root_hash(self.leaves[index << level : (index + 1) << level])

    def branch(self, size, common):
        head = made.signed(OUTLET, size, tree.root_hash(self.leaves[:size]))
        proof = tree.consistency_proof(self, common, size)
        return Branch(head, tree.root_hash(self.leaves[:common]), tuple(proof))


def leaves(branch, count=40):
    return Leaves([made.seed("leaf", "" if one < COMMON else branch, one) for one in range(count)])


ONE, OTHER = leaves("one"), leaves("other")


@cache
def file(small=11, large=23):
    return fork.encode(KEYS, small, ONE.branch(small, small), OTHER.branch(large, small))


@pytest.mark.parametrize("small", [6, 7, 8, 9, 16, 31, 32])
@pytest.mark.parametrize("larger", [0, 1, 2, 7])
def test_heads_of_any_two_sizes_are_proved_to_contradict_each_other(small, larger):
    found = fork.decode(file(small, small + larger))
    assert (found.origin, found.log_keys, found.size, found.sizes) == (OUTLET, KEYS, small, (small, small + larger))
    assert found.branches[0].root != found.branches[1].root


def test_two_heads_that_say_different_things_of_a_smaller_tree_are_proved_as_well():
    found = fork.decode(fork.encode(KEYS, 8, OTHER.branch(30, 8), ONE.branch(21, 8)))
    assert (found.size, found.sizes) == (8, (21, 30))


def test_whoever_finds_it_first_writes_the_same_bytes():
    one, other = ONE.branch(11, 11), OTHER.branch(23, 11)
    assert fork.encode(KEYS, 11, one, other) == fork.encode(KEYS, 11, other, one)
    assert fork.name_of(file()) == fork.sha256(file()).digest()


def test_heads_of_one_tree_are_no_fork():
    with pytest.raises(BadProof):
        fork.encode(KEYS, 11, ONE.branch(11, 11), ONE.branch(23, 11))
    with pytest.raises(BadProof):
        fork.encode(KEYS, COMMON, ONE.branch(11, COMMON), OTHER.branch(23, COMMON))


def test_another_root_than_the_head_was_signed_over_is_no_fork():
    with pytest.raises(BadProof):
        fork.encode(KEYS, 11, Branch(ONE.branch(11, 11).head, bytes(32)), OTHER.branch(23, 11))


def test_heads_by_other_keys_are_no_fork():
    head = sign_head(made.signers(OUTLET, 2), Checkpoint(OUTLET, 11, bytes(32)), NOW_S)
    with pytest.raises(BadSignature):
        fork.encode(KEYS, 11, Branch(head, bytes(32)), OTHER.branch(23, 11))


def test_every_changed_byte_is_refused():
    raw = file()
    places = [*range(0, len(raw), 97), *range(len(fork.TITLE) + 30), *range(len(raw) - 400, len(raw), 7)]
    for at in places:
        with pytest.raises(SyncError):
            fork.decode(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])


@pytest.mark.parametrize("raw", [b"", fork.TITLE, file()[:-1], file()[:200], file() + b"\0", b"x" + file()])
def test_what_is_cut_short_or_goes_on_is_refused(raw):
    with pytest.raises(SyncError):
        fork.decode(raw)


def test_the_heads_stand_in_one_order_only():
    raw, start = file(11, 11), len(fork.TITLE) + 1 + len(OUTLET) + 1344
    width = fork._HEAD.size
    swapped = raw[:start] + raw[start + width : start + 2 * width] + raw[start : start + width]
    rest = raw[start + 2 * width :]
    with pytest.raises(Malformed):
        fork.decode(swapped + rest[:8] + rest[41:] + rest[8:41])


def test_the_largest_file_has_less_than_10_kb():
    """The longest origin, and proofs for the most entries that a store holds."""
    longest = 15 + 201 + 1344 + 2 * fork._HEAD.size + 8 + 2 * (33 + 38 * 32)
    assert longest <= fork.MAX_BYTES == 10_000
    assert len(file()) < 7_000


@pytest.mark.parametrize("size", range(1, 41))
def test_a_partial_tree_gives_the_proofs_of_the_whole_one(size):
    """What is held: the leaves of one proved subtree, and those before it or only their roots."""
    for start, end in [(0, min(8, size)), (8, min(16, size)), (16, min(24, size))]:
        if not start < end:
            continue
        known = PartialTree.proved(start, end, size, tree.subtree_proof(ONE, start, end, size))
        first = PartialTree(known, lambda one, behind: tree.range_root(ONE, one, behind), 0, end)
        alone = PartialTree(known, lambda one, behind: tree.range_root(ONE, one, behind), start, end)
        for old in range(1, end + 1):
            assert first.consistency(old, size) == tree.consistency_proof(ONE, old, size)
        for old in range(max(1, start), end + 1):
            assert alone.root(0, old) == tree.root_hash(ONE.leaves[:old])
            assert alone.consistency(old, size) == tree.consistency_proof(ONE, old, size)
        if start:
            with pytest.raises(BadProof):
                alone.consistency(start - 1, size)
