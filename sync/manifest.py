"""Manifests: one row on each origin that a node registers, and the tree over them (wire.md section 7). Arithmetic only.

The layout of a row is in proto/README.md section 15.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct, error

from sync import control, origin, proof, tree
from sync.checkpoint import MAX_SIZE
from sync.errors import Malformed

VERSION = 1
FROZEN = 16
NO_HASH = bytes(32)
_REST = Struct(">Q32sB32sQ32sQ")
_STATUSES = {int(number): name for name, number in control.STATUSES.items()}


@dataclass(frozen=True, slots=True)
class Row:
    """How one origin stands with the manifest's author; hashes are 32 bytes, `receipt_time` POSIX seconds or 0."""

    origin: str
    size: int
    root: bytes
    status: str
    frozen: bool
    keys: bytes
    parts_missing: int
    digest: bytes
    receipt_time: int

    def encode(self) -> bytes:
        name = self.origin.encode()
        status = control.STATUSES[self.status] + (FROZEN if self.frozen else 0)
        counts = (self.size, self.root, status, self.keys, self.parts_missing, self.digest, self.receipt_time)
        return bytes([VERSION, len(name)]) + name + _REST.pack(*counts)

    @classmethod
    def decode(cls, raw: bytes) -> "Row":
        """Read exactly what `encode` writes; raise Malformed."""
        try:
            behind = 2 + raw[1]
            name = origin.check(raw[2:behind].decode("ascii"))
            size, root, status, keys, missing, digest, time_s = _REST.unpack(raw[behind:])
        except (IndexError, UnicodeDecodeError, error) as cut:
            raise Malformed("manifest row", "cut short, or bytes behind it") from cut
        if raw[0] != VERSION or (status & ~FROZEN) not in _STATUSES or max(size, missing, time_s) > MAX_SIZE:
            raise Malformed("manifest row", f"version {raw[0]}, status {status}, or a number out of range")
        known = _STATUSES[status & ~FROZEN]
        return cls(name, size, root, known, bool(status & FROZEN), keys, missing, digest, time_s)


def keys_hash(node: control.Node | None) -> bytes:
    """Return what a row says of registered keys; zeros for none."""
    if node is None:
        return NO_HASH
    keys = [*(key.encode().encode() for key in (*node.log_keys, node.mirror_key)), node.hpke_key]
    return sha256(b"".join(len(one).to_bytes(4, "big") + one for one in keys)).digest()


class Leaves:
    """The tree over a manifest's rows, as `tree.Hashes`."""

    def __init__(self, rows: Sequence[bytes]):
        self._leaves = [tree.leaf_hash(one) for one in rows]

    def hash_at(self, level: int, index: int) -> bytes:
        return tree.root_hash(self._leaves[index << level : (index + 1) << level])

    @property
    def root(self) -> bytes:
        """The root, 32 bytes."""
        return tree.root_hash(self._leaves)

    def prove(self, place: int) -> list[bytes]:
        """Return the inclusion proof of one row."""
        return tree.inclusion_proof(self, place, len(self._leaves))


def check_row(raw: bytes, place: int, hashes: Sequence[bytes], said: control.Manifest) -> Row:
    """Return the row that is proved to stand at `place` of a manifest; raise Malformed, BadProof."""
    found = Row.decode(raw)
    proof.check_inclusion(tree.leaf_hash(raw), place, said.count, hashes, said.root)
    return found
