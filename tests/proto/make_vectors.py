"""Writes proto/vectors.json: `python -m tests.proto.make_vectors`. What the file holds already is fixed and stays.

Seeds, salts and times are fixed. ML-DSA signing and HPKE sealing are randomised: made anew they give other bytes, which
are checked by verifying and opening, everything else by comparing.
"""

import json
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from node import enrolment, tokens
from sync import control, entry, federation, head, keys, package, proved, sealed, tree
from sync.bundles import Bundles
from sync.checkpoint import Checkpoint
from sync.entry import Entry, Part
from sync.package import Package, Packer
from tests.sync import made
from tests.sync.made import CITY, HUB, NOW_S, OUTLET

FILE = Path(__file__).resolve().parents[2] / "proto" / "vectors.json"
TIME_MS = NOW_S * 1000
BODIES = (
    (("federation", b'{"key":"cn:CN101234567B"}'),),
    (("public", b"{}"), ("path", "广州".encode()), ("path", b"")),
)


def made_entries() -> list[dict]:
    """One genesis, two records, one entry of a later version's kind with bytes behind it."""
    committer = made.committer(OUTLET)
    genesis = control.encode(
        control.Genesis(made.the_federation().id, OUTLET, CITY, made.verifiers(made.signers(OUTLET)))
    )
    found = [_entry(entry.control_entry(TIME_MS, genesis), [])]
    for at, bodies in enumerate(BODIES, 1):
        parts = [Part(audience, made.seed("salt", at, audience, body)[:16], body) for audience, body in bodies]
        found.append(_entry(entry.record_entry(committer, TIME_MS + at, parts), parts))
    later = Entry(77, TIME_MS, (("something-later", made.seed("later")),), b"control", b"rest")
    found.append(_entry(later.encode(), []))
    return found


def _entry(raw: bytes, parts: list[Part]) -> dict:
    read = Entry.decode(raw)
    opened = [{"salt": part.salt.hex(), "body": part.body.hex()} for part in parts]
    return {
        "bytes": raw.hex(),
        "leaf": tree.leaf_hash(raw).hex(),
        "kind": read.kind,
        "time_ms": read.time_ms,
        "commitments": [[audience, one.hex()] for audience, one in read.commitments],
        "control": read.control.hex(),
        "rest": read.rest.hex(),
        "parts": opened,
    }


class InMemory:
    """The tree over a few leaves."""

    def __init__(self, leaves: list[bytes]):
        self.leaves = leaves

    def hash_at(self, level: int, index: int) -> bytes:
        return tree.root_hash(self.leaves[index << level : (index + 1) << level])


def made_trees() -> dict:
    leaves = [sha256(b"leaf %d" % one).digest() for one in range(13)]
    subtrees = []
    for start, end, size in (
        (0, 1, 1),
        (0, 1, 2),
        (4, 5, 13),
        (0, 6, 7),
        (0, 8, 13),
        (4, 8, 13),
        (8, 13, 13),
        (12, 13, 13),
    ):
        hashes = tree.subtree_proof(InMemory(leaves[:size]), start, end, size)
        subtrees.append({"start": start, "end": end, "size": size, "hashes": [one.hex() for one in hashes]})
    roots = [tree.root_hash(leaves[:size]).hex() for size in range(14)]
    return {"leaves": [one.hex() for one in leaves], "roots": roots, "subtrees": subtrees}


def made_packages(entries: list[bytes], parts: list[tuple[tuple[int, int], bytes]]) -> list[dict]:
    found = []
    for first, some, opened in ((0, entries, parts), (256, [b"same" * 2000] * 2, [])):
        one = Package(first, some, [made.seed("hash", first)], opened)
        frame = Packer().pack(one)
        found.append(
            {
                "first": first,
                "entries": [raw.hex() for raw in some],
                "proof": [one.hex() for one in one.proof],
                "parts": [[index, number, content.hex()] for (index, number), content in opened],
                "compressed": frame.compressed,
                "frame": frame.content.hex(),
            }
        )
    return found


def made_head() -> dict:
    promised = Checkpoint(OUTLET, 4, made.seed("root of four"))
    found = head.sign_head(made.signers(OUTLET), promised, NOW_S)
    receipt = head.sign_receipt(made.mirror_signer(CITY), promised, NOW_S + 60)
    return {
        "origin": OUTLET,
        "size": 4,
        "root": promised.root.hex(),
        "text": promised.text(),
        "head": found.note.decode(),
        "head_time_s": NOW_S,
        "log_keys": [key.encode() for key in made.verifiers(made.signers(OUTLET))],
        "receipt": receipt.decode(),
        "receipt_time_s": NOW_S + 60,
        "mirror_key": made.mirror_signer(CITY).verifier.encode(),
    }


def made_root() -> dict:
    first = made.statement(1, root=1, following=2)
    second = made.statement(2, root=2, following=2)
    notes = [federation.sign(first, made.root_signers(1), NOW_S)]
    notes.append(federation.sign(second, [*made.root_signers(1), *made.root_signers(2)], NOW_S + 1))
    chain = federation.chain(notes)
    return {"text": first.text(), "time_s": NOW_S, "id": chain.id.hex(), "federation.root": chain.encode().decode()}


def made_proof(folder: Path) -> dict:
    """A log of 300 entries of which number 258 is proved, with one of its two parts opened."""
    written = made.Written(folder, OUTLET)
    with written.own() as own:
        committer = made.committer(OUTLET)
        all_parts = [
            [Part(audience, made.seed("salt", n, audience)[:16], b"%d" % n) for audience in ("federation", "path")]
            for n in range(1, 300)
        ]
        own.add_entries([entry.record_entry(committer, TIME_MS, parts) for parts in all_parts], all_parts)
        signed = written.seal()
    with made.opened(written.log_db) as store:
        bundles = Bundles(store, store.log(OUTLET))
        raw = bundles.entries(258, 259)[0]
        content = bundles.part(258, 1)
        assert content is not None
        file = proved.prove(bundles, 258, raw, signed.size, signed.note, {1: content})
    return {
        "file": file.decode(),
        "index": 258,
        "size": 300,
        "root": signed.root.hex(),
        "entry": raw.hex(),
        "parts": {"1": content.hex()},
        "log_keys": [key.encode() for key in made.verifiers(made.signers(OUTLET))],
    }


def made_joining() -> dict:
    secret = made.seed("secret")[:16]
    signers = (*made.signers(OUTLET), made.mirror_signer(OUTLET))
    registered = [*(signer.verifier.encode().encode() for signer in signers), made.seed("hpke")]
    text = enrolment.joining_text(tokens.secret_hash(secret), OUTLET, registered)
    csr = b"any certificate request"
    renewal = enrolment.renewal_text(OUTLET, TIME_MS, csr)
    return {
        "origin": OUTLET,
        "secret": secret.hex(),
        "keys": [signer.verifier.encode() for signer in signers],
        "hpke_key": made.seed("hpke").hex(),
        "text": text.hex(),
        "signatures": [signer.sign_bytes(text).hex() for signer in signers],
        "csr": csr.hex(),
        "renewal_time_ms": TIME_MS,
        "renewal_text": renewal.hex(),
        "renewal_signatures": [signer.sign_bytes(renewal).hex() for signer in signers[:2]],
    }


def made_sealed() -> dict:
    """The hub seals for the outlet; the city between them passes it on."""
    seed = made.seed(OUTLET, "hpke seed")
    public = X25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    text = b'{"origin":"ip.gd.example/gz/scut","rule":"APPNO_CHECK"}'
    return {
        "author": HUB,
        "reader": OUTLET,
        "hpke_seed": seed.hex(),
        "hpke_key": public.hex(),
        "text": text.hex(),
        "body": sealed.seal(text, public, made.the_federation().id, HUB, OUTLET).hex(),
    }


def made_signers() -> list[dict]:
    four = keys.Signer("ip.gd.example/mirror", keys.ED25519_COSIGNATURE, made.seed("04"))
    found = [*made.signers(HUB), four, made.mirror_signer(CITY)]
    promised = Checkpoint(HUB, 12, made.seed("signed"))
    return [
        {
            "name": one.name,
            "type": one.type,
            "seed": one.seed.hex(),
            "verifier_key": one.verifier.encode(),
            "signs": promised.text(),
            "line": one.sign(promised, NOW_S).line(),
        }
        for one in found
    ]


def make(folder: Path) -> dict:
    """Return all vectors; `folder` is for a log that is made on the way."""
    entries = made_entries()
    raw = [bytes.fromhex(one["bytes"]) for one in entries]
    parts = [
        ((index, number), bytes.fromhex(part["salt"] + part["body"]))
        for index, one in enumerate(entries)
        for number, part in enumerate(one["parts"])
    ]
    return {
        "federation": {"name": HUB, "id": made.the_federation().id.hex()},
        "origin": OUTLET,
        "trees": made_trees(),
        "signers": made_signers(),
        "head_and_receipt": made_head(),
        "entries": entries,
        "bundle": package.bundle_bytes(raw).hex(),
        "packages": made_packages(raw, parts),
        "root_statement": made_root(),
        "joining": made_joining(),
        "tlog_proof": made_proof(folder),
        "sealed": made_sealed(),
    }


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        held = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
        FILE.write_text(
            json.dumps({**make(Path(folder)), **held}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
