"""Where a node lets others in: the address of its joining door, and the authority that is behind it.

An address alone is worth nothing: who answers there proves itself by that authority's SHA-256.
"""

import re
from dataclasses import dataclass

from sync.errors import Malformed

_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9_.-]{1,253}):[0-9]{1,5}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Door:
    """A joining door: its address, host:port, and SHA-256 (32 bytes) of the authority's certificate (DER)."""

    join_address: str
    authority: bytes

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(self.join_address) or len(self.authority) != 32:
            raise Malformed("door", "an address host:port and 32 bytes are needed")

    def encode(self) -> bytes:
        """Return the authority's hash and the address, as they are kept."""
        return self.authority + self.join_address.encode()

    @classmethod
    def decode(cls, raw: bytes) -> "Door":
        """Read what `encode` writes; raise Malformed."""
        return cls(raw[32:].decode("ascii", "replace"), raw[:32])


def meta_of(origin: str) -> str:
    """Return the name under which a parent keeps where a child lets others in."""
    return f"door:{origin}"
