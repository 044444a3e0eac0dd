"""Fingerprints that two people compare: whole as hex, or thirty digits to be read out over the telephone."""

from collections.abc import Sequence
from hashlib import sha256

_GROUPS, _DIGITS = 6, 5
_BYTES_A_GROUP = 8  # far more than five digits hold, so that every group of digits is as likely as another


def of_hex(hashed: bytes) -> str:
    """Return a 32-byte hash as 16 groups of four hex digits."""
    text = hashed.hex()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def spoken(hashed: bytes) -> str:
    """Return a 32-byte hash as six groups of five digits, 99 bits of it, to be read out."""
    stretched = b"".join(sha256(bytes([number]) + hashed).digest()[:_BYTES_A_GROUP] for number in range(_GROUPS))
    numbers = (int.from_bytes(stretched[at : at + _BYTES_A_GROUP], "big") for at in _starts(stretched))
    return " ".join(f"{number % 10**_DIGITS:0{_DIGITS}}" for number in numbers)


def _starts(stretched: bytes) -> Sequence[int]:
    return range(0, len(stretched), _BYTES_A_GROUP)


def read(text: str) -> bytes:
    """Return the 32 bytes of a fingerprint in hex, however it is grouped; raise ValueError for anything else."""
    digits = "".join(one for one in text if one not in " :-\t\n")
    found = bytes.fromhex(digits)
    if len(found) != 32:
        raise ValueError(text)
    return found
