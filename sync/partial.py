"""A tree of which some leaves are held, and of the rest only roots that a proof showed. Arithmetic only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sync.errors import BadProof
from sync.tree import node_hash, proof_ranges


@dataclass(frozen=True, slots=True)
class PartialTree:
    """Roots over ranges of leaves: those that are `known`, those within [first, last) by `root_of`, and what they make.

    A range is (first, behind); `known` holds 32 bytes each.
    """

    known: Mapping[tuple[int, int], bytes]
    root_of: Callable[[int, int], bytes]
    first: int
    last: int

    @staticmethod
    def proved(start: int, end: int, size: int, hashes: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
        """Return what a proof of the subtree [start, end) that `check_subtree` passed shows of the tree of `size`."""
        return dict(zip(proof_ranges(start, end, size), hashes, strict=True))

    def root(self, start: int, end: int) -> bytes:
        """Return the root over [start, end), a range that a tree's splitting gives; raise BadProof if unknown."""
        found = self.known.get((start, end))
        if found is not None:
            return found
        if self.first <= start and end <= self.last:
            return self.root_of(start, end)
        if end - start < 2:
            raise BadProof(f"leaf {start} is not held")
        split = start + (1 << (end - start - 1).bit_length() - 1)
        return node_hash(self.root(start, split), self.root(split, end))

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the first `old` leaves are a prefix of the tree of `new`; raise BadProof if unknown."""
        return [self.root(*one) for one in proof_ranges(0, old, new)] if old else []
