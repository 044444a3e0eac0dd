"""Merkle trees as in RFC 6962, and the proofs that a log's owner makes. No I/O: hashes come from `Hashes`.

A perfect subtree is named (level, index): it covers leaves [index << level, (index + 1) << level).
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol

EMPTY_ROOT = sha256().digest()
BUNDLE = 256
BUNDLE_LEVEL = 8


class Hashes(Protocol):
    """Where roots of perfect subtrees come from."""

    def hash_at(self, level: int, index: int) -> bytes:
        """Return the 32-byte root of the perfect subtree (level, index)."""
        ...


def leaf_hash(entry: bytes) -> bytes:
    """Return H(00 ‖ entry). Source: RFC 6962 section 2.1."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return H(01 ‖ left ‖ right). Source: RFC 6962 section 2.1."""
    return sha256(b"\x01" + left + right).digest()


def root_hash(leaves: Sequence[bytes]) -> bytes:
    """Return the 32-byte root over `leaves`, 32 bytes each, oldest first; any number of them.

    The root of an empty log is SHA-256 of nothing, not 32 zeros. Source: RFC 6962 section 2.1.
    """
    level = list(leaves) or [EMPTY_ROOT]
    while len(level) > 1:
        odd = level[-1:] if len(level) & 1 else []
        level = [sha256(b"\x01" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)] + odd
    return level[0]


def is_subtree(start: int, end: int) -> bool:
    """Tell whether [start, end) may be proved at all: start 0, or aligned to the power of two that holds it."""
    if not 0 <= start < end:
        return False
    return start % (1 << (end - start - 1).bit_length()) == 0


def range_root(hashes: Hashes, start: int, end: int) -> bytes:
    """Return the root over leaves [start, end), where start is aligned as in `is_subtree`; the empty root for none."""
    if start == end:
        return EMPTY_ROOT
    width = end - start
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return hashes.hash_at(level, start >> level)
    split = 1 << (width - 1).bit_length() - 1
    return node_hash(range_root(hashes, start, start + split), range_root(hashes, start + split, end))


def prefix_hashes(hashes: Hashes, size: int) -> list[bytes]:
    """Return the roots of the perfect subtrees that make up the first `size` leaves, the smallest first."""
    bits = (bit for bit in range(size.bit_length()) if size >> bit & 1)
    return [hashes.hash_at(bit, (size >> bit) - 1) for bit in bits]


def inclusion_proof(hashes: Hashes, index: int, size: int) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of `size` leaves, its sibling first. RFC 6962 section 2.1.1."""
    return subtree_proof(hashes, index, index + 1, size)


def consistency_proof(hashes: Hashes, old: int, new: int) -> list[bytes]:
    """Return the proof that the tree of `old` leaves is a prefix of that of `new`; 0 <= old <= new. RFC 6962 2.1.2."""
    return subtree_proof(hashes, 0, old, new) if old else []


def subtree_proof(hashes: Hashes, start: int, end: int, size: int) -> list[bytes]:
    """Return the consistency proof of the subtree [start, end) of a tree of `size` leaves. wire.md section 1."""
    return [range_root(hashes, *one) for one in proof_ranges(start, end, size)]


def proof_ranges(start: int, end: int, size: int) -> list[tuple[int, int]]:
    """Return the ranges of leaves whose roots make up that proof, in the proof's order."""
    outer_first: list[tuple[int, int]] = []
    low, high, whole = 0, size, True  # whole: the verifier holds the subtree's own root
    while (start, end) != (low, high):
        split = low + (1 << (high - low - 1).bit_length() - 1)
        if end <= split:
            outer_first.append((split, high))
            high = split
        elif start >= split:
            outer_first.append((low, split))
            low = split
        else:  # the subtree begins at low and crosses the split: go on with the part behind it
            outer_first.append((low, split))
            low = start = split
            whole = False
    if not whole:
        outer_first.append((start, end))
    return outer_first[::-1]
