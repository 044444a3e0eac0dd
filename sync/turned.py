"""A bit that has turned is found by the hash over what it was, and turned back. Arithmetic on bytes only.

Trying each bit costs a hash. No other bytes, and no other hash so near, come about by chance.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sync import tree
from sync.entry import MAX_ENTRY_BYTES

_MOST_TRIED = 16 * 1024  # bytes of which each bit is tried: 131,072 hashes
_NEAR_BITS = 8


def back(raw: bytes, fits: Callable[[bytes], bool]) -> bytes | None:
    """Return `raw`, or what differs from it in one bit, that fits; None where nothing does, or for too much to try."""
    if fits(raw):
        return raw
    tried = bytearray(raw) if len(raw) <= _MOST_TRIED else bytearray()
    for at in range(len(tried)):
        for bit in range(8):
            tried[at] ^= 1 << bit
            if fits(bytes(tried)):
                return bytes(tried)
            tried[at] ^= 1 << bit
    return None


def is_near(one: bytes, other: bytes) -> bool:
    """Tell whether two hashes are one, some bits of which have turned."""
    differing = int.from_bytes(one, "big") ^ int.from_bytes(other, "big")
    return len(one) == len(other) and differing.bit_count() <= _NEAR_BITS


@dataclass(frozen=True, slots=True)
class Found:
    """What stands for one entry in a row: its bytes, as far as they can be told apart; whether a hash proves them."""

    raw: bytes
    is_proved: bool


def entries(raw: bytes, leaves: Sequence[bytes]) -> list[Found]:
    """Return what a row of a bundle holds under each of its leaf hashes; empty bytes for what is not to be found."""
    return list(_entries(raw, leaves))


def _entries(raw: bytes, leaves: Sequence[bytes]) -> Iterator[Found]:
    at = 0
    for number, leaf in enumerate(leaves):
        found = _framed(raw, at, leaf)
        if found is not None:
            yield Found(found, True)
            at += 2 + len(found)
            continue
        behind = _next(raw, at, leaves[number + 1] if number + 1 < len(leaves) else b"")
        here = raw[at + 2 : behind]
        whole = back(here, lambda tried, leaf=leaf: tree.leaf_hash(tried) == leaf)  # type: ignore[misc]
        if whole is None and here and is_near(tree.leaf_hash(here), leaf):
            whole = here
        yield Found(here if whole is None else whole, whole is not None)
        at = max(at, behind)


def _framed(raw: bytes, at: int, leaf: bytes) -> bytes | None:
    """Return the entry at that place whose length is as stated, or one bit off, and whose hash is the leaf."""
    stated = int.from_bytes(raw[at : at + 2], "big")
    for length in (stated, *(stated ^ 1 << bit for bit in range(14))):
        here = raw[at + 2 : at + 2 + length]
        if 0 < len(here) == length <= MAX_ENTRY_BYTES and tree.leaf_hash(here) == leaf:
            return here
    return None


def _next(raw: bytes, at: int, leaf: bytes) -> int:
    """Return where the next entry begins: as stated here, or where one of that hash is; the end where there is none."""
    stated = at + 2 + int.from_bytes(raw[at : at + 2], "big")
    if not leaf:
        return len(raw)
    if stated <= len(raw) and _framed(raw, stated, leaf) is not None:
        return stated
    last = min(len(raw), at + 4 + MAX_ENTRY_BYTES)
    known = next((place for place in range(at + 3, last) if _framed(raw, place, leaf) is not None), None)
    return known if known is not None else min(stated, len(raw))
