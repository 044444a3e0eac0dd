"""Signatures on checkpoints: Ed25519 (01, 04) and ML-DSA-44 (06), and the keys that make and check them.

Source: C2SP signed-note and tlog-cosignature; wire.md section 2. Private keys are 32-byte seeds.
"""

from dataclasses import dataclass
from struct import pack, unpack

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from sync import note
from sync.checkpoint import Checkpoint
from sync.errors import BadSignature, Malformed

ED25519 = 0x01
ED25519_COSIGNATURE = 0x04
MLDSA44 = 0x06
_KEY_BYTES = {ED25519: 32, ED25519_COSIGNATURE: 32, MLDSA44: 1312}
MAX_TIME_S = 2**63 - 1  # what a store's integer holds
_FIELD_PRIME = 2**255 - 19
_SMALL_ORDER_Y = {
    0,
    1,
    _FIELD_PRIME - 1,
    int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
    int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"),
}


def check_key(key: note.VerifierKey) -> note.VerifierKey:
    """Return a key that may be registered; raise Malformed for another type or length, or a weak Ed25519 point."""
    if _KEY_BYTES.get(key.type) != len(key.key):
        raise Malformed("verifier key", f"type {key.type:02x} with {len(key.key)} bytes")
    if key.type != MLDSA44:
        y = int.from_bytes(key.key, "little") & (2**255 - 1)
        if y >= _FIELD_PRIME or y in _SMALL_ORDER_Y:
            raise Malformed("verifier key", "small-order or non-canonical point")
    return key


def cosigned(signer: str, time_s: int, origin: str, start: int, end: int, root: bytes) -> bytes:
    """Return the bytes that a 06 signature covers. Source: C2SP tlog-cosignature, subtree/v1."""
    return b"".join(
        (b"subtree/v1\n\0", _short(signer), pack(">Q", time_s), _short(origin), pack(">QQ", start, end), root)
    )


def _short(text: str) -> bytes:
    raw = text.encode()
    if len(raw) > 255:
        raise Malformed("name", "longer than 255 bytes")
    return bytes([len(raw)]) + raw


@dataclass(frozen=True, slots=True)
class Signer:
    """One private key under one name, for one role; `seed` is 32 bytes and never shown."""

    name: str
    type: int
    seed: bytes

    def __repr__(self) -> str:
        return f"Signer({self.name!r}, {self.type:02x})"

    @property
    def verifier(self) -> note.VerifierKey:
        """The public half."""
        if self.type == MLDSA44:
            return note.VerifierKey(self.name, self.type, self._mldsa().public_key().public_bytes_raw())
        return note.VerifierKey(self.name, self.type, self._ed25519().public_key().public_bytes_raw())

    def sign(self, found: Checkpoint, time_s: int) -> note.Signature:
        """Return the signature line of this key's type on `found`; type 01 has no time."""
        if self.type == MLDSA44:
            covered = cosigned(self.name, time_s, found.origin, 0, found.size, found.root)
            value = pack(">Q", time_s) + self._mldsa().sign(covered)
        elif self.type == ED25519_COSIGNATURE:
            value = pack(">Q", time_s) + self._ed25519().sign(_time_stamped(time_s, found.text()))
        else:
            value = self._ed25519().sign(found.text().encode())
        return note.Signature(self.name, self.verifier.key_id, value)

    def sign_bytes(self, covered: bytes) -> bytes:
        """Return a bare signature on `covered`, which names its own purpose (joining, renewing)."""
        return self._mldsa().sign(covered) if self.type == MLDSA44 else self._ed25519().sign(covered)

    def _ed25519(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def _mldsa(self) -> MLDSA44PrivateKey:
        return MLDSA44PrivateKey.from_seed_bytes(self.seed)


def _time_stamped(time_s: int, text: str) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def verify(key: note.VerifierKey, found: Checkpoint, signature: note.Signature) -> int:
    """Return the time in POSIX seconds that `signature` states on `found` (0 for type 01); raise BadSignature."""
    time_s, value = 0, signature.value
    if key.type != ED25519:
        if len(value) < 9:
            raise BadSignature(key.name, "too short")
        time_s, value = unpack(">Q", value[:8])[0], value[8:]
    if time_s > MAX_TIME_S:
        raise BadSignature(key.name, "a time out of range")
    if key.type == MLDSA44:
        covered = cosigned(key.name, time_s, found.origin, 0, found.size, found.root)
    elif key.type == ED25519_COSIGNATURE:
        covered = _time_stamped(time_s, found.text())
    else:
        covered = found.text().encode()
    verify_bytes(key, covered, value)
    return time_s


def verify_bytes(key: note.VerifierKey, covered: bytes, value: bytes) -> None:
    """Return if `value` is the key's bare signature on `covered`; raise BadSignature."""
    try:
        if key.type == MLDSA44:
            MLDSA44PublicKey.from_public_bytes(key.key).verify(value, covered)
        elif key.type in (ED25519, ED25519_COSIGNATURE):
            Ed25519PublicKey.from_public_bytes(key.key).verify(value, covered)
        else:
            raise BadSignature(key.name, f"unknown type {key.type:02x}")
    except (InvalidSignature, ValueError) as error:
        raise BadSignature(key.name, f"type {key.type:02x} does not verify") from error
