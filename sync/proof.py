"""Checking proofs that others made: inclusion and subtree consistency. Arithmetic only; raises BadProof."""

from collections.abc import Sequence

from sync.errors import BadProof
from sync.tree import EMPTY_ROOT, is_subtree, node_hash

MAX_HASHES = 63


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Return if `leaf` (32 bytes) is leaf `index` of the tree of `size` leaves under `root`. RFC 9162 2.1.3.2."""
    if not 0 <= index < size:
        raise BadProof("index outside the tree")
    check_subtree(index, index + 1, leaf, size, proof, root)


def check_consistency(old: int, old_root: bytes, new: int, proof: Sequence[bytes], new_root: bytes) -> None:
    """Return if the tree of `old` leaves is a prefix of that of `new`. Size 0 goes with an empty proof."""
    if not 0 <= old <= new:
        raise BadProof("the tree shrinks")
    if old == 0:
        if proof or old_root != EMPTY_ROOT or len(new_root) != 32 or (new == 0 and new_root != EMPTY_ROOT):
            raise BadProof("from an empty tree")
        return
    check_subtree(0, old, old_root, new, proof, new_root)


def check_subtree(start: int, end: int, subtree: bytes, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Return if `subtree` is the root over leaves [start, end) of the tree of `size` leaves under `root`.

    Three shapes only: start 0, a perfect aligned subtree, end = size. Source: wire.md section 1 (of RFC 9162 2.1.4).
    """
    if len(subtree) != 32 or len(root) != 32 or len(proof) > MAX_HASHES or any(len(one) != 32 for one in proof):
        raise BadProof("a hash is not 32 bytes, or there are too many")
    if not (is_subtree(start, end) and end <= size) or not (start == 0 or end == size or _is_perfect(start, end)):
        raise BadProof("not a subtree that may be proved")
    if end == size:
        _check_right_edge(start, size, subtree, proof, root)
    else:
        _check_inside(start, end, subtree, size, proof, root)


def left_hashes(start: int, end: int, size: int, proof: Sequence[bytes]) -> list[bytes]:
    """Return the hashes of a proof that `check_subtree` passed which stand for [0, start), its smallest subtree first.

    A proof shows that [start, end) belongs under the root; these say behind which entries.
    """
    if start == 0 or end == size:
        return list(proof) if start else []
    last, shift = end - 1, (end - start).bit_length() - 1  # perfect, as start is not 0 and end not size
    height = (last ^ (size - 1)).bit_length() - shift
    return [one for bit, one in enumerate(proof[:height]) if last >> shift + bit & 1] + list(proof[height:])


def _is_perfect(start: int, end: int) -> bool:
    width = end - start
    return width & (width - 1) == 0


def _check_right_edge(start: int, size: int, subtree: bytes, proof: Sequence[bytes], root: bytes) -> None:
    lefts = (start >> ((size - 1) ^ start).bit_length()).bit_count() if start else 0
    if len(proof) != lefts:
        raise BadProof("wrong number of hashes")
    found = subtree
    for left in proof:
        found = node_hash(left, found)
    if found != root:
        raise BadProof("does not lead to the root")


def _check_inside(start: int, end: int, subtree: bytes, size: int, proof: Sequence[bytes], root: bytes) -> None:
    last = end - 1
    fork = (last ^ (size - 1)).bit_length()
    border = (last >> fork).bit_count()
    shift = ((end - start) & -(end - start)).bit_length() - 1
    seeded = end - start == 1 << shift
    if len(proof) != (0 if seeded else 1) + (fork - shift) + border:
        raise BadProof("wrong number of hashes")
    seed, rest = (subtree, proof) if seeded else (proof[0], proof[1:])
    inner, lefts = rest[: fork - shift], rest[fork - shift :]
    turns = last >> shift
    if not seeded:
        height = (last ^ start).bit_length()
        within = [one for bit, one in enumerate(inner[: min(height, fork) - shift]) if turns >> bit & 1]
        within += lefts[: max(0, border - (last >> max(height, fork)).bit_count())]
        found = seed
        for left in within:
            found = node_hash(left, found)
        if found != subtree:
            raise BadProof("does not lead to the subtree")
    found = seed
    for bit, one in enumerate(inner):
        found = node_hash(one, found) if turns >> bit & 1 else node_hash(found, one)
    for left in lefts:
        found = node_hash(left, found)
    if found != root:
        raise BadProof("does not lead to the root")
