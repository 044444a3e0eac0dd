"""Bytes changed so that they are other bytes, whatever they were."""


def flipped(raw: bytes, at: int = -1) -> bytes:
    """Return `raw` with the lowest bit of byte `at` turned: never the same bytes, as with a byte put in its place."""
    changed = bytearray(raw)
    changed[at] ^= 1
    return bytes(changed)
