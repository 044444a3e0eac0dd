"""proto/vectors.json, read with hashlib, hmac, struct and base64 alone, and compared with what our code does.

Source of every layout: proto/README.md, by the section that a test names.
"""

import hmac
import json
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from struct import pack, unpack_from

import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from node import enrolment
from sync import entry, federation, head, package, proof, proved, sealed, tree
from sync.checkpoint import Checkpoint
from sync.note import Signature, VerifierKey
from sync.package import Frame, Packer
from tests.proto.make_vectors import InMemory

VECTORS = json.loads((Path(__file__).resolve().parents[2] / "proto" / "vectors.json").read_text(encoding="utf-8"))
FEDERATION_ID = bytes.fromhex(VECTORS["federation"]["id"])
ORIGIN = VECTORS["origin"].encode()
ENTRIES = VECTORS["entries"]


def short(raw: bytes) -> bytes:
    return bytes([len(raw)]) + raw


def read_key(text: str) -> tuple[str, bytes, int, bytes]:
    """Return (name, key id, type, key) of a verifier key; section 1."""
    name, key_id, encoded = text.split("+", 2)
    raw = b64decode(encoded)
    assert sha256(name.encode() + b"\n" + raw).hexdigest()[:8] == key_id
    return name, bytes.fromhex(key_id), raw[0], raw[1:]


def verify_bytes(text: str, covered: bytes, value: bytes) -> None:
    _name, _key_id, type_, key = read_key(text)
    if type_ == 6:
        MLDSA44PublicKey.from_public_bytes(key).verify(value, covered)
    else:
        Ed25519PublicKey.from_public_bytes(key).verify(value, covered)


def verify_line(text: str, key: str, line: str) -> int:
    """Check one signature line on a checkpoint's text; return its time; section 1."""
    name, key_id, type_, _public = read_key(key)
    dash, named, encoded = line.rstrip("\n").split(" ")
    raw = b64decode(encoded)
    assert (dash, named, raw[:4]) == ("\u2014", name, key_id)
    value, stamp = raw[4:], 0
    if type_ == 1:
        verify_bytes(key, text.encode(), value)
        return 0
    (stamp,), value = unpack_from(">Q", value), value[8:]
    origin, size, root, _end = text.split("\n")
    if type_ == 4:
        verify_bytes(key, b"cosignature/v1\ntime %d\n" % stamp + text.encode(), value)
    else:
        stated = short(name.encode()) + pack(">Q", stamp) + short(origin.encode()) + pack(">QQ", 0, int(size))
        verify_bytes(key, b"subtree/v1\n\0" + stated + b64decode(root), value)
    return stamp


def lines_of(note: str) -> tuple[str, list[str]]:
    at = note.rindex("\n\n")
    return note[: at + 1], note[at + 2 :].rstrip("\n").split("\n")


def mth(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256().digest()
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def p(start: int, end: int, leaves: list[bytes], held: bool = True) -> list[bytes]:
    """The subtree proof as section 1 defines it."""
    if start == 0 and end == len(leaves):
        return [] if held else [mth(leaves)]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if end <= k:
        return [*p(start, end, leaves[:k], held), mth(leaves[k:])]
    if start >= k:
        return [*p(start - k, end - k, leaves[k:], held), mth(leaves[:k])]
    return [*p(0, end - k, leaves[k:], False), mth(leaves[:k])]


def test_trees():
    leaves = [bytes.fromhex(one) for one in VECTORS["trees"]["leaves"]]
    assert [mth(leaves[:size]).hex() for size in range(14)] == VECTORS["trees"]["roots"]
    assert [tree.root_hash(leaves[:size]).hex() for size in range(14)] == VECTORS["trees"]["roots"]
    for one in VECTORS["trees"]["subtrees"]:
        start, end, size = one["start"], one["end"], one["size"]
        hashes = [bytes.fromhex(found) for found in one["hashes"]]
        assert p(start, end, leaves[:size]) == hashes
        assert tree.subtree_proof(InMemory(leaves[:size]), start, end, size) == hashes
        proof.check_subtree(start, end, mth(leaves[start:end]), size, hashes, mth(leaves[:size]))


@pytest.mark.parametrize("one", VECTORS["signers"], ids=lambda one: f"{one['type']:02x}")
def test_keys_and_signature_lines(one):
    name, _key_id, type_, key = read_key(one["verifier_key"])
    assert (name, type_) == (one["name"], one["type"])
    kind = MLDSA44PrivateKey.from_seed_bytes if type_ == 6 else Ed25519PrivateKey.from_private_bytes
    assert kind(bytes.fromhex(one["seed"])).public_key().public_bytes_raw() == key
    verify_line(one["signs"], one["verifier_key"], one["line"])
    found = VerifierKey.parse(one["verifier_key"])
    raw = b64decode(one["line"].split(" ")[2])
    signed = Signature(name, raw[:4], raw[4:])
    assert (found.encode(), signed.line()) == (one["verifier_key"], one["line"])
    assert head.keys.verify(found, Checkpoint.parse(one["signs"]), signed) in (0, 1_800_000_000)


def test_head_and_receipt():
    case = VECTORS["head_and_receipt"]
    expected = f"{case['origin']}\n{case['size']}\n{b64encode(bytes.fromhex(case['root'])).decode()}\n"
    assert case["text"] == expected
    text, lines = lines_of(case["head"])
    assert text == expected
    times = [verify_line(text, key, line) for key, line in zip(case["log_keys"], lines, strict=True)]
    assert times == [0, case["head_time_s"]]
    text, (line,) = lines_of(case["receipt"])
    assert (text, verify_line(text, case["mirror_key"], line)) == (expected, case["receipt_time_s"])
    assert case["mirror_key"].startswith("ip.gd.example/gz/mirror+")

    found = head.open_head(case["head"].encode(), [VerifierKey.parse(one) for one in case["log_keys"]])
    assert (found.time_s, found.note.decode()) == (case["head_time_s"], case["head"])
    mirror = VerifierKey.parse(case["mirror_key"])
    receipt = head.open_receipt(case["receipt"].encode(), "ip.gd.example/gz", mirror, case["receipt_time_s"])
    assert (receipt.checkpoint, receipt.note.decode()) == (found.checkpoint, case["receipt"])


@pytest.mark.parametrize("one", ENTRIES, ids=lambda one: f"kind {one['kind']}")
def test_entries_parts_and_commitments(one):
    commitments = [(audience.encode(), bytes.fromhex(value)) for audience, value in one["commitments"]]
    control, rest = bytes.fromhex(one["control"]), bytes.fromhex(one["rest"])
    raw = pack(">BBQB", 1, one["kind"], one["time_ms"], len(commitments))
    raw += b"".join(short(audience) + value for audience, value in commitments)
    raw += pack(">H", len(control)) + control + rest
    assert raw.hex() == one["bytes"]
    assert sha256(b"\0" + raw).hexdigest() == one["leaf"]
    for (audience, value), part in zip(commitments, one["parts"], strict=False):
        salt, body = bytes.fromhex(part["salt"]), bytes.fromhex(part["body"])
        named = FEDERATION_ID + short(ORIGIN) + short(audience)
        assert sha256(b"banyan-part/v1\0" + named + salt + pack(">I", len(body)) + body).digest() == value
        assert entry.Committer(FEDERATION_ID, ORIGIN.decode()).commit(audience.decode(), salt + body) == value
    read = entry.Entry.decode(raw)
    assert read.encode() == raw
    assert (read.kind, read.time_ms, read.control, read.rest) == (one["kind"], one["time_ms"], control, rest)
    assert [(audience.encode(), value) for audience, value in read.commitments] == commitments


def test_the_vectors_hold_every_kind_of_entry():
    assert [one["kind"] for one in ENTRIES] == [2, 1, 1, 77]
    assert [len(one["parts"]) for one in ENTRIES] == [0, 1, 3, 0]


def test_bundle():
    entries = [bytes.fromhex(one["bytes"]) for one in ENTRIES]
    raw = b"".join(pack(">H", len(one)) + one for one in entries)
    assert raw.hex() == VECTORS["bundle"] == package.bundle_bytes(entries).hex()
    assert package.bundle_entries(raw) == (entries, len(raw))


@pytest.mark.parametrize("one", VECTORS["packages"], ids=lambda one: str(one["first"]))
def test_package_frames(one):
    first = one["first"]
    entries, hashes = ([bytes.fromhex(found) for found in one[name]] for name in ("entries", "proof"))
    parts = [((index, number), bytes.fromhex(content)) for index, number, content in one["parts"]]
    raw = b"\1" + pack(">H", len(entries)) + b"".join(pack(">H", len(found)) + found for found in entries)
    raw += bytes([len(hashes)]) + b"".join(hashes) + pack(">I", len(parts))
    raw += b"".join(pack(">BBI", index - first, number, len(content)) for (index, number), content in parts)
    raw += b"".join(content for _name, content in parts)
    frame = bytes.fromhex(one["frame"])
    assert (zstandard.decompress(frame) if one["compressed"] else frame) == raw
    expected = package.Package(first, entries, hashes, parts)
    assert package.unpack(Frame(first, one["compressed"], frame)) == expected
    assert package.unpack(Packer().pack(expected)) == expected


def test_the_vectors_hold_a_compressed_and_a_raw_frame():
    assert [one["compressed"] for one in VECTORS["packages"]] == [True, False]


def test_root_statement_and_federation_root():
    case = VECTORS["root_statement"]
    assert sha256(case["text"].encode()).hexdigest() == case["id"]
    title, name, version, *keys, end = case["text"].split("\n")
    assert (title, name, version, end, len(keys)) == ("banyan-root/v1", "ip.gd.example", "1", "", 7)
    named = [read_key(key)[0].removeprefix(name) + f" {read_key(key)[2]:02x}" for key in keys]
    assert named == [" 01", " 06", "/mirror 06", "/root 01", "/root 06", "/root 01", "/root 06"]

    raw = case["federation.root"].encode()
    first, length = raw.index(b"\n") + 1, int(raw.split(b"\n")[0].removeprefix(b"statement "))
    text, lines = lines_of(raw[first : first + length].decode())
    assert text == case["text"]
    values = [b64decode(line.split(" ")[2])[4:] for line in lines]
    verify_bytes(keys[3], text.encode(), values[0])
    root, (stamp,) = b"ip.gd.example/root", unpack_from(">Q", values[1])
    covered = short(root) + pack(">Q", stamp) + short(root) + pack(">QQ", 0, 1) + sha256(text.encode()).digest()
    verify_bytes(keys[4], b"subtree/v1\n\0" + covered, values[1][8:])
    assert stamp == case["time_s"]

    found = federation.Federation.parse(raw)
    assert (found.id.hex(), found.newest.version, found.encode()) == (case["id"], 2, raw)


def test_joining_and_renewing():
    case = VECTORS["joining"]
    origin, secret = case["origin"].encode(), bytes.fromhex(case["secret"])
    registered = [*(key.encode() for key in case["keys"]), bytes.fromhex(case["hpke_key"])]
    all_keys = sha256(b"".join(pack(">I", len(one)) + one for one in registered)).digest()
    text = b"banyan-join/v1\0" + sha256(secret).digest() + short(origin) + all_keys
    assert text.hex() == case["text"]
    assert enrolment.joining_text(sha256(secret).digest(), case["origin"], registered) == text
    for key, value in zip(case["keys"], case["signatures"], strict=True):
        verify_bytes(key, text, bytes.fromhex(value))
    csr = bytes.fromhex(case["csr"])
    renewal = b"banyan-renew/v1\0" + pack(">Q", case["renewal_time_ms"]) + short(origin) + sha256(csr).digest()
    assert renewal.hex() == case["renewal_text"]
    assert enrolment.renewal_text(case["origin"], case["renewal_time_ms"], csr) == renewal
    for key, value in zip(case["keys"], case["renewal_signatures"], strict=False):
        verify_bytes(key, renewal, bytes.fromhex(value))


def test_tlog_proof():
    case = VECTORS["tlog_proof"]
    before, note = case["file"].split("\n\n", 1)
    title, extra, index, *hashes = before.split("\n")
    assert (title, index) == ("c2sp.org/tlog-proof@v1", f"index {case['index']}")
    raw, parts = bytes.fromhex(case["entry"]), case["parts"]
    opened = [pack(">BI", int(number), len(one) // 2) + bytes.fromhex(one) for number, one in parts.items()]
    assert b64decode(extra.removeprefix("extra ")) == pack(">H", len(raw)) + raw + bytes([len(opened)]) + b"".join(
        opened
    )

    text, lines = lines_of(note)
    assert text.split("\n")[1:3] == [str(case["size"]), b64encode(bytes.fromhex(case["root"])).decode()]
    for key, line in zip(case["log_keys"], lines, strict=True):
        verify_line(text, key, line)
    assert root_by_path(sha256(b"\0" + raw).digest(), case["index"], case["size"], hashes).hex() == case["root"]

    step = proved.open_entry(case["file"].encode(), [VerifierKey.parse(one) for one in case["log_keys"]])
    assert (step.index, step.raw, step.head.size) == (case["index"], raw, case["size"])
    proved.check_parts(step, entry.Committer(FEDERATION_ID, ORIGIN.decode()))
    assert {str(number): content.hex() for number, content in step.parts.items()} == parts


def root_by_path(found: bytes, index: int, size: int, hashes: list[str]) -> bytes:
    """RFC 9162 section 2.1.3.2, written down as it stands there."""
    fn, sn = index, size - 1
    for one in map(b64decode, hashes):
        assert sn > 0
        if fn & 1 or fn == sn:
            found = sha256(b"\1" + one + found).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = sha256(b"\1" + found + one).digest()
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return found


def expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """LabeledExpand of RFC 9180 section 4, for at most 32 bytes."""
    return hmac.digest(prk, pack(">H", length) + b"HPKE-v1" + suite + label + info + b"\1", "sha256")[:length]


def extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    """LabeledExtract of RFC 9180 section 4."""
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, "sha256")


def open_hpke(seed: bytes, enc: bytes, info: bytes, aad: bytes, ciphertext: bytes) -> bytes:
    """RFC 9180 sections 4.1 and 5.1, base mode, X25519, HKDF-SHA256, ChaCha20Poly1305, message 0."""
    private = X25519PrivateKey.from_private_bytes(seed)
    shared, public = private.exchange(X25519PublicKey.from_public_bytes(enc)), private.public_key().public_bytes_raw()
    kem, suite = b"KEM\0\x20", b"HPKE\0\x20\0\1\0\3"
    secret = expand(kem, extract(kem, b"", b"eae_prk", shared), b"shared_secret", enc + public, 32)
    context = b"\0" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    schedule = extract(suite, secret, b"secret", b"")
    key, nonce = (expand(suite, schedule, label, context, size) for label, size in ((b"key", 32), (b"base_nonce", 12)))
    return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, aad)


def test_the_reading_of_rfc_9180_opens_its_own_vector():
    """RFC 9180 appendix A.2.1, first encryption."""
    seed = "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb"
    enc = "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a"
    ciphertext = "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28"
    given = [bytes.fromhex(one) for one in (seed, enc, "4f6465206f6e2061204772656369616e2055726e")]
    assert open_hpke(*given, b"Count-0", bytes.fromhex(ciphertext)) == b"Beauty is truth, truth beauty"


def test_sealed_text():
    case = VECTORS["sealed"]
    author, reader = case["author"], case["reader"]
    seed, body, text = (bytes.fromhex(case[name]) for name in ("hpke_seed", "body", "text"))
    info = b"banyan-sealed/v1\0" + FEDERATION_ID + short(author.encode()) + short(b"node:" + reader.encode())
    assert (body[0], len(body)) == (1, len(text) + 49)
    assert open_hpke(seed, body[1:33], info, b"", body[33:]) == text
    assert X25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw().hex() == case["hpke_key"]
    assert sealed.unseal(body, seed, FEDERATION_ID, author, reader) == text
    again = sealed.seal(text, bytes.fromhex(case["hpke_key"]), FEDERATION_ID, author, reader)
    assert open_hpke(seed, again[1:33], info, b"", again[33:]) == text
