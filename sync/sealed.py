"""Sealed text: the body of a part for one node, which those who relay it cannot read (proto/README.md section 2).

`u8 version ‖ enc(32) ‖ ciphertext`, HPKE (RFC 9180) to the X25519 key that the node's home registers. Federation,
author and audience are bound in: a sealed text that is copied into another log, or to another audience, opens nowhere.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from sync.entry import MAX_PART_BYTES, SALT_BYTES
from sync.errors import DoesNotOpen, Malformed, OverLimit
from sync.origin import check

VERSION = 1
OVERHEAD_BYTES = 1 + 32 + 16  # version, encapsulated key, tag
MAX_TEXT_BYTES = MAX_PART_BYTES - SALT_BYTES - OVERHEAD_BYTES
_AUDIENCE = "node:"
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


def audience(reader: str) -> str:
    """Return the audience of parts that `reader` alone can open; raise Malformed for what is no origin."""
    return _AUDIENCE + check(reader)


def reader(audience: str) -> str:
    """Return the origin that can open parts of this audience; empty for an audience of another kind."""
    return audience.removeprefix(_AUDIENCE) if audience.startswith(_AUDIENCE) else ""


def seal(text: bytes, hpke_key: bytes, federation_id: bytes, author: str, reader: str) -> bytes:
    """Return the body of a part in `author`'s log that only the owner of `hpke_key` (32 bytes) can read.

    It is `OVERHEAD_BYTES` longer than `text`. Sealing the same text again gives other bytes. Raises OverLimit for more
    than `MAX_TEXT_BYTES`, Malformed for a key that nothing can be sealed to.
    """
    if len(text) > MAX_TEXT_BYTES:
        raise OverLimit("bytes of a sealed text", len(text), MAX_TEXT_BYTES)
    try:
        public = X25519PublicKey.from_public_bytes(hpke_key)
        return bytes([VERSION]) + SUITE.encrypt(text, public, _info(federation_id, author, reader))
    except ValueError as error:  # a wrong length, or a point of small order
        raise Malformed("HPKE key", reader) from error


def unseal(body: bytes, hpke_seed: bytes, federation_id: bytes, author: str, reader: str) -> bytes:
    """Return the text that `author` sealed to the owner of `hpke_seed`; raise DoesNotOpen for anything else."""
    if len(body) < OVERHEAD_BYTES or body[0] != VERSION:
        raise DoesNotOpen(author, reader)
    private = X25519PrivateKey.from_private_bytes(hpke_seed)
    try:
        return SUITE.decrypt(body[1:], private, _info(federation_id, author, reader))
    except (InvalidTag, ValueError) as error:  # ValueError: `enc` is a point of small order
        raise DoesNotOpen(author, reader) from error


def _info(federation_id: bytes, author: str, reader: str) -> bytes:
    """What a sealed text is bound to, beside the key."""
    return b"banyan-sealed/v1\0" + federation_id + _short(check(author)) + _short(audience(reader))


def _short(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()
