"""Fork evidence: two heads of one log that cannot both be true, in one small file (wire.md section 5).

Arithmetic on bytes only; the layout is in proto/README.md section 13. The file proves that whoever has the keys in it
signed both heads; that the keys are the log's is for its home's registration to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct, error

from sync import head, keys, origin, proof
from sync.checkpoint import MAX_SIZE, Checkpoint
from sync.errors import BadProof, Malformed
from sync.head import Head
from sync.note import Note, Signature, VerifierKey

TITLE = b"banyan-fork/v1\n"
MAX_BYTES = 10_000
_HEAD = Struct(">Q32s64s2428s")
_COMMON = Struct(">Q")


@dataclass(frozen=True, slots=True)
class Branch:
    """A signed head, and what its tree says of the first entries: their root, and the proof that leads to the head."""

    head: Head
    root: bytes
    proof: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a tree says of its first `size` entries: their root, and the proof from there to its head."""

    size: int
    root: bytes
    proof: tuple[bytes, ...] = ()


NOTHING = Beginning(0, b"")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two branches that say different things of the first `size` entries; the smaller head first."""

    origin: str
    log_keys: tuple[VerifierKey, ...]
    size: int
    branches: tuple[Branch, Branch]

    @property
    def sizes(self) -> tuple[int, int]:
        return self.branches[0].head.size, self.branches[1].head.size


def encode(log_keys: Sequence[VerifierKey], size: int, one: Branch, other: Branch) -> bytes:
    """Return the file; raise BadProof, Malformed, BadSignature where it would not prove what it is for."""
    first, second = sorted((one, other), key=lambda each: (each.head.size, each.head.root))
    name = first.head.origin.encode()
    pieces = [TITLE, bytes([len(name)]), name, *(key.key for key in log_keys)]
    pieces += [_head_bytes(first.head), _head_bytes(second.head), _COMMON.pack(size)]
    for each in (first, second):
        pieces += (each.root, bytes([len(each.proof)]), *each.proof)
    raw = b"".join(pieces)
    decode(raw)
    return raw


def _head_bytes(signed: Head) -> bytes:
    ed25519, mldsa44 = (one.value for one in Note.parse(signed.note).signatures)
    return _HEAD.pack(signed.size, signed.root, ed25519, mldsa44)


def decode(raw: bytes) -> Contradiction:
    """Read a file and verify all of it; raise Malformed, BadSignature, BadProof for one that proves no fork."""
    found = read(raw)
    check_signed(found)
    check_contradicts(found)
    return found


def read(raw: bytes) -> Contradiction:
    """Read a file of which nothing is verified but that its keys may be used; raise Malformed, BadSignature."""
    if len(raw) > MAX_BYTES or not raw.startswith(TITLE):
        raise Malformed("fork", "not a banyan-fork/v1 file, or too large")
    try:
        found, behind = _read(raw, len(TITLE))
    except (IndexError, UnicodeDecodeError, error) as cut:
        raise Malformed("fork", "cut short") from cut
    if behind != len(raw):
        raise Malformed("fork", "bytes behind it")
    return found


def _read(raw: bytes, at: int) -> tuple[Contradiction, int]:
    name, at = origin.check(raw[at + 1 : at + 1 + raw[at]].decode("ascii")), at + 1 + raw[at]
    log_keys = (
        VerifierKey(name, keys.ED25519, raw[at : at + 32]),
        VerifierKey(name, keys.MLDSA44, raw[at + 32 : at + 1344]),
    )
    for key in log_keys:
        keys.check_key(key)
    at += 1344
    heads = []
    for _ in range(2):
        heads.append(_head(name, log_keys, *_HEAD.unpack_from(raw, at)))
        at += _HEAD.size
    (size,) = _COMMON.unpack_from(raw, at)
    at += _COMMON.size
    branches = []
    for signed in heads:
        end = at + 33 + 32 * raw[at + 32]
        hashes = tuple(raw[one : one + 32] for one in range(at + 33, end, 32))
        branches.append(Branch(signed, raw[at : at + 32], hashes))
        at = end
    return Contradiction(name, log_keys, size, (branches[0], branches[1])), at


def _head(name: str, log_keys: tuple[VerifierKey, ...], size: int, root: bytes, ed25519: bytes, mldsa44: bytes) -> Head:
    if size > MAX_SIZE:
        raise Malformed("fork", "a size out of range")
    lines = (Signature(name, key.key_id, value) for key, value in zip(log_keys, (ed25519, mldsa44), strict=True))
    promised = Checkpoint(name, size, root)
    return Head(promised, int.from_bytes(mldsa44[:8], "big"), Note(promised.text(), tuple(lines)).encode())


def check_signed(found: Contradiction) -> None:
    """Raise BadSignature, Malformed unless both heads are signed by both keys of the file."""
    for one in found.branches:
        head.open_head(one.head.note, found.log_keys)


def check_contradicts(found: Contradiction) -> None:
    """Raise BadProof, Malformed unless the two heads say different things of the first entries."""
    one, other = found.branches
    if not 0 < found.size <= one.head.size <= other.head.size or one.root == other.root:
        raise BadProof("the two heads do not contradict each other")
    if one.head.size == other.head.size and one.head.root > other.head.root:
        raise Malformed("fork", "the heads are not in order")
    for each in found.branches:
        proof.check_consistency(found.size, each.root, each.head.size, each.proof, each.head.root)


def name_of(raw: bytes) -> bytes:
    """Return the 32 bytes by which nodes name a file to each other: its SHA-256."""
    return sha256(raw).digest()
