"""Proof checking: everything that can be proved is accepted, everything else refused."""

import json
from base64 import b64decode
from hashlib import sha256

import pytest

from sync import proof, tree
from sync.errors import BadProof
from tests.sync.test_tree import LEAVES, Held, rfc_root


def may_be_proved(start, end, size):
    """The three shapes of wire.md section 1, written down on their own."""
    width = end - start
    if not (0 <= start < end <= size):
        return False
    rounded = 1 << (width - 1).bit_length()
    if start and start % rounded:
        return False
    return start == 0 or end == size or width == rounded


def refused(start, end, subtree, size, hashes, root):
    with pytest.raises(BadProof):
        proof.check_subtree(start, end, subtree, size, hashes, root)
    return True


@pytest.mark.parametrize("size", range(1, 66))
def test_all_subtrees_are_proved_and_only_the_allowed_shapes_are_taken(size):
    held, root = Held(LEAVES[:size]), rfc_root(LEAVES[:size])
    for start in range(size):
        for end in range(start + 1, size + 1):
            subtree = rfc_root(LEAVES[start:end])
            if may_be_proved(start, end, size):
                hashes = tree.subtree_proof(held, start, end, size)
                proof.check_subtree(start, end, subtree, size, hashes, root)
            else:
                assert refused(start, end, subtree, size, [], root)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 8, 9, 13, 16, 17, 21, 33])
def test_every_single_wrong_hash_is_refused(size):
    held, root = Held(LEAVES[:size]), rfc_root(LEAVES[:size])
    wrong = sha256(b"wrong").digest()
    for start in range(size):
        for end in range(start + 1, size + 1):
            if not may_be_proved(start, end, size):
                continue
            subtree, hashes = rfc_root(LEAVES[start:end]), tree.subtree_proof(held, start, end, size)
            for at in range(len(hashes)):
                assert refused(start, end, subtree, size, [*hashes[:at], wrong, *hashes[at + 1 :]], root)
                assert refused(start, end, subtree, size, hashes[:at] + hashes[at + 1 :], root)
            assert refused(start, end, wrong, size, hashes, root)
            assert refused(start, end, subtree, size, hashes, wrong)
            assert refused(start, end, subtree, size, [*hashes, wrong], root)
            assert refused(start, end, subtree, size, [wrong, *hashes], root)


@pytest.mark.parametrize("size", [2, 3, 8, 13, 64, 65])
def test_a_proof_holds_at_its_own_place_only(size):
    held, root = Held(LEAVES[:size]), rfc_root(LEAVES[:size])
    for index in range(size):
        hashes = tree.inclusion_proof(held, index, size)
        proof.check_inclusion(LEAVES[index], index, size, hashes, root)
        for other in set(range(size)) - {index}:
            with pytest.raises(BadProof):
                proof.check_inclusion(LEAVES[index], other, size, hashes, root)


def chained(seed, hashes, turns):
    """Return the root that some hashes lead to when they are chained as given, left siblings where the turn is 1."""
    for one, left in zip(hashes, turns, strict=True):
        seed = sha256(b"\x01" + (one + seed if left else seed + one)).digest()
    return seed


@pytest.mark.parametrize("count", range(6))
def test_only_the_number_of_hashes_that_the_place_asks_for_is_taken(count):
    """A made-up root that a proof of another length leads to: it belongs to a tree of another size."""
    hashes = LEAVES[:count]
    for start, end, size, wanted, left in ((12, 13, 13, 2, 1), (0, 1, 8, 3, 0), (0, 8, 13, 1, 0), (8, 13, 13, 1, 1)):
        root = chained(LEAVES[9], hashes, [left] * count)
        if count == wanted:
            proof.check_subtree(start, end, LEAVES[9], size, hashes, root)
        else:
            assert refused(start, end, LEAVES[9], size, hashes, root)


@pytest.mark.parametrize(
    ("start", "end", "size"),
    [(0, 0, 5), (3, 2, 5), (-1, 1, 5), (0, 6, 5), (4, 4, 5), (1, 3, 5), (2, 5, 9), (4, 7, 9), (0, 1, 0)],
)
def test_other_shapes_are_refused_whatever_their_proof(start, end, size):
    for count in range(5):
        assert refused(start, end, LEAVES[0], size, LEAVES[:count], LEAVES[1])


def test_hashes_of_another_length_and_too_many_are_refused():
    root = rfc_root(LEAVES[:2])
    proof.check_inclusion(LEAVES[0], 0, 2, [LEAVES[1]], root)
    for leaf, hashes, end in (
        (LEAVES[0][:31], [LEAVES[1]], root),
        (LEAVES[0], [LEAVES[1] + b"\0"], root),
        (LEAVES[0], [LEAVES[1]], root[:12]),
        (LEAVES[0], [LEAVES[1]] * 64, root),
    ):
        assert refused(0, 1, leaf, 2, hashes, end)
    with pytest.raises(BadProof):
        proof.check_inclusion(LEAVES[0], 2, 2, [LEAVES[1]], root)


def test_size_0_goes_with_an_empty_proof_and_the_empty_root():
    root = rfc_root(LEAVES[:3])
    proof.check_consistency(0, tree.EMPTY_ROOT, 3, [], root)
    proof.check_consistency(0, tree.EMPTY_ROOT, 0, [], tree.EMPTY_ROOT)
    proof.check_consistency(3, root, 3, [], root)
    for old, old_root, new, hashes, new_root in (
        (0, tree.EMPTY_ROOT, 3, [root], root),
        (0, bytes(32), 3, [], root),
        (0, tree.EMPTY_ROOT, 0, [], root),
        (0, tree.EMPTY_ROOT, 3, [], root[:12]),
        (3, root, 3, [root], root),
        (3, root, 3, [], LEAVES[0]),
        (3, root, 2, [], rfc_root(LEAVES[:2])),
        (-1, root, 2, [], root),
    ):
        with pytest.raises(BadProof):
            proof.check_consistency(old, old_root, new, hashes, new_root)


def test_the_largest_sizes_are_refused_without_hanging():
    assert refused(0, 2**62 + 1, LEAVES[0], 2**63 - 1, LEAVES[:63], LEAVES[1])
    assert refused(2**63 - 2, 2**63 - 1, LEAVES[0], 2**63 - 1, LEAVES[:62], LEAVES[1])


def outcome(check, *arguments):
    try:
        check(*arguments)
    except BadProof:
        return "refused"
    return "taken"


def test_published_vectors_agree_but_for_the_one_with_a_12_byte_root(shared_vectors):
    """Those from size 0, errors there, all have another root, a short root, or a proof: refused here, too."""
    differing, checked = set(), 0
    for file in sorted((shared_vectors / "rfc6962").rglob("*.json")):
        case = json.loads(file.read_text())
        raw = {name: b64decode(value or "") for name, value in case.items() if "root" in name or name == "leafHash"}
        hashes = [b64decode(one) for one in case["proof"] or []]
        checked += 1
        if "leafIdx" in case:
            got = outcome(
                proof.check_inclusion, raw["leafHash"], case["leafIdx"], case["treeSize"], hashes, raw["root"]
            )
        else:
            got = outcome(proof.check_consistency, case["size1"], raw["root1"], case["size2"], hashes, raw["root2"])
        if got != ("refused" if case["wantErr"] else "taken"):
            differing.add(file.stem)
    assert checked == 196
    assert differing == {"sizes-are-equal-one-and-proof-is-empty"}


@pytest.mark.parametrize("size", range(1, 66))
def test_the_left_hashes_of_a_proof_are_those_of_the_leaves_in_front(size):
    held = Held(LEAVES[:size])
    for start in range(size):
        for end in range(start + 1, size + 1):
            if may_be_proved(start, end, size):
                hashes = tree.subtree_proof(held, start, end, size)
                assert proof.left_hashes(start, end, size, hashes) == tree.prefix_hashes(held, start)
