"""Rotating the keys of a log: the text that the owner signs, and how it is checked (proto/README.md section 2)."""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256

from sync import control, keys
from sync.errors import BadSignature
from sync.keys import Signer
from sync.note import VerifierKey


def registered(log_keys: Sequence[VerifierKey], mirror_key: VerifierKey, hpke_key: bytes) -> list[bytes]:
    """Return the keys of one registration as they are hashed: log 01, log 06, mirror 06, X25519."""
    return [*(key.encode().encode() for key in log_keys), mirror_key.encode().encode(), hpke_key]


def keys_hash(keys_: Sequence[bytes]) -> bytes:
    """Return the hash that tells one set of keys from another, 32 bytes."""
    return sha256(b"".join(len(one).to_bytes(4, "big") + one for one in keys_)).digest()


def set_of(one: control.Node | control.Rotate) -> tuple[tuple[VerifierKey, ...], VerifierKey, bytes]:
    """Return the keys that a statement registers: log, mirror, X25519."""
    return one.log_keys, one.mirror_key, one.hpke_key


def text(federation_id: bytes, rotate: control.Rotate) -> bytes:
    """Return what the old log keys sign, and at the joining door the new ones: whose, from where on, to which keys."""
    name = rotate.origin.encode()
    last_good = rotate.size.to_bytes(8, "big") + rotate.root
    new = keys_hash(registered(*set_of(rotate)))
    return b"banyan-rotate/v1\0" + federation_id + bytes([len(name)]) + name + last_good + new


def sign(federation_id: bytes, rotate: control.Rotate, signers: Sequence[Signer]) -> tuple[bytes, ...]:
    """Return one bare signature on the text by each signer."""
    covered = text(federation_id, rotate)
    return tuple(signer.sign_bytes(covered) for signer in signers)


def check(
    federation_id: bytes, rotate: control.Rotate, signing: Sequence[VerifierKey], signatures: Sequence[bytes]
) -> None:
    """Return if each key has signed the text, in that order; raise BadSignature."""
    if len(signatures) != len(signing):
        raise BadSignature(rotate.origin, "signatures are missing")
    covered = text(federation_id, rotate)
    for key, signature in zip(signing, signatures, strict=True):
        keys.verify_bytes(key, covered, signature)


@lru_cache(maxsize=256)  # the same few rotations are read before every package
def is_agreed(federation_id: bytes, rotate: control.Rotate, old_keys: tuple[VerifierKey, ...]) -> bool:
    """Tell whether the owner of `old_keys`, both of them, has signed this rotation."""
    try:
        check(federation_id, rotate, old_keys, rotate.signatures)
    except BadSignature:
        return False
    return True
