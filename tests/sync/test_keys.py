"""Signatures 01, 04 and 06, checked with the bytes written down by hand; weak keys."""

from struct import pack

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from sync import keys
from sync.checkpoint import Checkpoint
from sync.errors import BadSignature, Malformed
from sync.keys import ED25519, ED25519_COSIGNATURE, MLDSA44, Signer
from sync.note import Note, Signature, VerifierKey
from tests.sync import made

PROMISED = Checkpoint(made.CITY, 12, made.root_hash_of("keys"))
TYPES = [ED25519, ED25519_COSIGNATURE, MLDSA44]


def signer(type_: int) -> Signer:
    return Signer(made.CITY, type_, made.seed("keys", type_))


def test_01_covers_the_text():
    line = signer(ED25519).sign(PROMISED, 77)
    Ed25519PublicKey.from_public_bytes(signer(ED25519).verifier.key).verify(line.value, PROMISED.text().encode())
    assert len(line.value) == 64


def test_04_covers_a_time_and_the_text():
    line = signer(ED25519_COSIGNATURE).sign(PROMISED, 77)
    covered = b"cosignature/v1\ntime 77\n" + PROMISED.text().encode()
    assert line.value[:8] == pack(">Q", 77)
    Ed25519PublicKey.from_public_bytes(signer(ED25519_COSIGNATURE).verifier.key).verify(line.value[8:], covered)


def test_06_covers_signer_time_origin_range_and_root():
    line = signer(MLDSA44).sign(PROMISED, 77)
    name = made.CITY.encode()
    covered = b"subtree/v1\n\0" + b"\x10" + name + pack(">Q", 77) + b"\x10" + name + pack(">QQ", 0, 12) + PROMISED.root
    assert len(line.value) == 8 + 2420
    MLDSA44PublicKey.from_public_bytes(signer(MLDSA44).verifier.key).verify(line.value[8:], covered)


@pytest.mark.parametrize("type_", TYPES)
def test_a_signature_verifies_and_states_its_time(type_):
    line = signer(type_).sign(PROMISED, 77)
    assert keys.verify(signer(type_).verifier, PROMISED, line) == (0 if type_ == ED25519 else 77)
    assert line.key_id == signer(type_).verifier.key_id


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize(
    "other",
    [
        Checkpoint(made.OTHER_CITY, 12, PROMISED.root),
        Checkpoint(made.CITY, 13, PROMISED.root),
        Checkpoint(made.CITY, 12, made.root_hash_of("another")),
    ],
)
def test_a_signature_covers_origin_size_and_root(type_, other):
    line = signer(type_).sign(PROMISED, 77)
    with pytest.raises(BadSignature):
        keys.verify(signer(type_).verifier, other, line)


@pytest.mark.parametrize("type_", TYPES)
def test_any_flipped_bit_and_any_other_length_is_refused(type_):
    line = signer(type_).sign(PROMISED, 77)
    places = [*range(0, len(line.value), 97), len(line.value) - 1]
    changed = [line.value[:at] + bytes([line.value[at] ^ 4]) + line.value[at + 1 :] for at in places]
    for value in [*changed, line.value[:-1], line.value + b"\0", line.value[:8], b"s"]:
        with pytest.raises(BadSignature):
            keys.verify(signer(type_).verifier, PROMISED, Signature(line.name, line.key_id, value))


def test_06_binds_the_signers_name_and_04_does_not():
    """Therefore a 04 key serves one role only."""
    for type_ in (MLDSA44, ED25519_COSIGNATURE):
        line = signer(type_).sign(PROMISED, 77)
        renamed = VerifierKey(made.OTHER_CITY, type_, signer(type_).verifier.key)
        if type_ == ED25519_COSIGNATURE:
            assert keys.verify(renamed, PROMISED, line) == 77
            continue
        with pytest.raises(BadSignature):
            keys.verify(renamed, PROMISED, line)


def test_an_unknown_type_verifies_nothing():
    with pytest.raises(BadSignature):
        keys.verify_bytes(VerifierKey("a", 0xFF, b"k" * 32), b"text", b"s" * 64)


def test_a_signer_shows_no_secret():
    assert made.seed("keys", 1).hex() not in repr(signer(1))
    assert repr(made.seed("keys", 1)) not in repr(signer(1))
    assert repr(signer(ED25519)) == "Signer('ip.gd.example/gz', 01)"


PRIME = 2**255 - 19
ORDER_8 = ["26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"]
ORDER_8 += ["c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"]
SMALL = [0, 1, PRIME - 1, *(int.from_bytes(bytes.fromhex(one), "little") for one in ORDER_8)]
NON_CANONICAL = range(PRIME, 2**255)


@pytest.mark.parametrize("y", [*SMALL, *NON_CANONICAL], ids=hex)
@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("type_", [ED25519, ED25519_COSIGNATURE])
def test_small_order_and_non_canonical_keys_are_refused(y, sign, type_):
    with pytest.raises(Malformed):
        keys.check_key(VerifierKey("a", type_, (y | sign << 255).to_bytes(32, "little")))


def test_small_order_points_would_verify_what_nobody_signed():
    """Why they are refused: with the key (0, 1), of order 1, a signature (R = the same, s = 0) verifies any text."""
    one = (1).to_bytes(32, "little")
    keys.verify_bytes(VerifierKey("a", ED25519, one), b"any text", one + bytes(32))


def test_only_keys_of_known_types_and_their_lengths_may_be_registered():
    good = Ed25519PrivateKey.from_private_bytes(made.seed("good")).public_key().public_bytes_raw()
    for type_ in (ED25519, ED25519_COSIGNATURE):
        assert keys.check_key(VerifierKey("a", type_, good)).key == good
    assert keys.check_key(signer(MLDSA44).verifier) == signer(MLDSA44).verifier
    for type_, key in ((1, good[:31]), (1, good + b"\0"), (6, good), (4, b""), (2, good), (5, good), (0xFF, good)):
        with pytest.raises(Malformed):
            keys.check_key(VerifierKey("a", type_, key))


def test_a_public_logs_checkpoints_verify_with_its_key(shared_vectors):
    key = VerifierKey.parse("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
    for size in range(16):
        read = Note.parse((shared_vectors / "tlog" / "log" / f"checkpoint.{size}").read_bytes())
        promised = Checkpoint.parse(read.text)
        assert (promised.origin, promised.size) == (key.name, size)
        (line,) = read.signatures
        assert line.key_id == key.key_id
        assert keys.verify(key, promised, line) == 0
        with pytest.raises(BadSignature):
            keys.verify(key, Checkpoint(key.name, size + 1, promised.root), line)
