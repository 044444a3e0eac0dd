"""The private keys of a node, in `keys/`: raw 32-byte seeds and a PEM, mode 0600, made once and never replaced.

Keys that follow them are made beside them, with a number in the name: `log-ed25519.2.seed`. Which ones are in use
stands in `generations.json`, which is replaced in one step; without it all are the first. Earlier ones stay: what was
sealed to them must open, and what they signed must be known again.

Beside them lie the certificates that parents gave us: `parent-<origin, / as _>.crt`, ours, then their authority's,
or both while one follows another.
"""

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from node.errors import BadCertificate, KeysExist, KeysExposed, KeysMissing, NotJoined
from node.home import Home, sync_directory, write_new, write_whole
from node.messages import N_
from sync.keys import ED25519, MLDSA44, Signer
from sync.note import VerifierKey
from sync.origin import check, mirror_name

LOG_ED25519 = "log-ed25519.seed"
LOG_MLDSA44 = "log-mldsa44.seed"
MIRROR_MLDSA44 = "mirror-mldsa44.seed"
HPKE_X25519 = "hpke-x25519.key"
TLS = "tls.key"
_SEEDS = (LOG_ED25519, LOG_MLDSA44, MIRROR_MLDSA44, HPKE_X25519)
GENERATIONS = "generations.json"
KINDS: Mapping[str, tuple[str, ...]] = {
    "log": (LOG_ED25519, LOG_MLDSA44),
    "mirror": (MIRROR_MLDSA44,),
    "hpke": (HPKE_X25519,),
}


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """A node's keys: `log` signs heads (01, then 06), `mirror` signs receipts (06); no secret is in the repr.

    Those used before, newest first: `earlier_log`, `earlier_mirror`, `earlier_hpke_seeds`.
    """

    log: tuple[Signer, Signer]
    mirror: Signer
    hpke_public: bytes
    hpke_seed: bytes = field(repr=False)
    tls_key_pem: bytes = field(repr=False)
    earlier_log: tuple[tuple[Signer, Signer], ...] = ()
    earlier_mirror: tuple[Signer, ...] = ()
    earlier_hpke_seeds: tuple[bytes, ...] = field(default=(), repr=False)


def create(home: Home, origin: str) -> None:
    """Make all keys of the log `origin`, durably and all at once; raise KeysExist if there are some already."""
    check(origin)
    if home.keys.exists():
        raise KeysExist(str(home.keys))
    if home.new_keys.exists():
        shutil.rmtree(home.new_keys)  # of an attempt that broke off: nobody has used them
    home.new_keys.mkdir(mode=0o700)
    for name in _SEEDS:
        write_new(home.new_keys / name, os.urandom(32))
    write_new(home.new_keys / TLS, new_p256_pem())
    home.new_keys.rename(home.keys)
    sync_directory(home.path)


def load(home: Home, origin: str, used: Mapping[str, int] | None = None) -> NodeKeys:
    """Return the keys in use, or of the generations `used`.

    Raises KeysMissing, or KeysExposed if others can read any.
    """
    at = {**generations(home), **(used or {})}
    pairs = [_log_pair(home, origin, number) for number in range(at["log"], 0, -1)]
    mirrors = [
        Signer(mirror_name(origin), MLDSA44, read_seed(_path(home, MIRROR_MLDSA44, number)))
        for number in range(at["mirror"], 0, -1)
    ]
    hpke = [read_seed(_path(home, HPKE_X25519, number)) for number in range(at["hpke"], 0, -1)]
    return NodeKeys(
        log=pairs[0],
        mirror=mirrors[0],
        hpke_public=X25519PrivateKey.from_private_bytes(hpke[0]).public_key().public_bytes_raw(),
        hpke_seed=hpke[0],
        tls_key_pem=read_private(home.keys / TLS),
        earlier_log=tuple(pairs[1:]),
        earlier_mirror=tuple(mirrors[1:]),
        earlier_hpke_seeds=tuple(hpke[1:]),
    )


def _log_pair(home: Home, origin: str, number: int) -> tuple[Signer, Signer]:
    ed25519, mldsa44 = (read_seed(_path(home, name, number)) for name in KINDS["log"])
    return Signer(origin, ED25519, ed25519), Signer(origin, MLDSA44, mldsa44)


def _path(home: Home, name: str, number: int) -> Path:
    stem, _dot, ending = name.rpartition(".")
    return home.keys / (name if number == 1 else f"{stem}.{number}.{ending}")


# -- generations ------------------------------------------------------------------------------------------------------


def generations(home: Home) -> dict[str, int]:
    """Return which generation of each kind of key is in use, from 1; raise KeysMissing for a file that is none."""
    path = home.keys / GENERATIONS
    if not path.exists():
        return dict.fromkeys(KINDS, 1)
    try:
        found = json.loads(path.read_bytes())
        known = {kind: int(found[kind]) for kind in KINDS}
    except (ValueError, KeyError, TypeError) as error:
        raise KeysMissing(str(path)) from error
    if min(known.values()) < 1:
        raise KeysMissing(str(path))
    return known


def make_next(home: Home, kinds: Iterable[str]) -> dict[str, int]:
    """Make the keys that follow those in use, of these kinds; return the generations that would then be in use.

    What an attempt that broke off has made is kept: its keys may be registered already.
    """
    following = generations(home)
    for kind in kinds:
        following[kind] += 1
        for name in KINDS[kind]:
            path = _path(home, name, following[kind])
            if not path.exists():
                write_whole(path, os.urandom(32))  # a crash leaves none or a whole one, and the next attempt the rest
    return following


def begun(home: Home) -> list[str]:
    """Return the kinds of which keys were made that are not in use yet: a rotation has begun."""
    return [
        kind
        for kind, number in generations(home).items()
        if any(_path(home, name, number + 1).exists() for name in KINDS[kind])
    ]


def settle(home: Home, origin: str, log_keys: Sequence[VerifierKey], mirror_key: VerifierKey) -> None:
    """Take keys into use that were made and are the ones named: a hub's, once its root statement names them."""
    kinds = begun(home)
    if not kinds:
        return
    following = make_next(home, kinds)
    found = load(home, origin, following)
    if (tuple(one.verifier for one in found.log), found.mirror.verifier) == (tuple(log_keys), mirror_key):
        take_into_use(home, following)


def take_into_use(home: Home, following: Mapping[str, int]) -> None:
    """Use these generations from now on, in one durable step."""
    if generations(home) != dict(following):
        write_whole(home.keys / GENERATIONS, json.dumps(dict(following), sort_keys=True).encode() + b"\n")


def read_seed(path: Path) -> bytes:
    """Return a private key of 32 bytes; raise KeysMissing, KeysExposed."""
    found = read_private(path)
    if len(found) != 32:
        raise KeysMissing(str(path))
    return found


def read_private(path: Path) -> bytes:
    """Return a key file's bytes; raise KeysMissing, or KeysExposed if its mode or its directory's lets others in."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode | path.parent.stat().st_mode
            if mode & 0o077:
                raise KeysExposed(str(path), f"{mode & 0o777:03o}")
            return file.read()
    except FileNotFoundError as error:
        raise KeysMissing(str(path)) from error


def new_p256_pem() -> bytes:
    """Return a new P-256 private key, PKCS #8 PEM, not encrypted (gRPC takes no Ed25519 in TLS)."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def save_client_certificate(home: Home, parent_origin: str, cert_der: bytes, *authorities_der: bytes) -> None:
    """Keep the certificate that `parent_origin` gave us, with its authorities', in one file, in one step.

    Raises BadCertificate, and keeps what there is, for bytes that are none.
    """
    try:
        both = [x509.load_der_x509_certificate(der) for der in (cert_der, *authorities_der)]
    except ValueError as error:
        raise BadCertificate(N_("not a certificate")) from error
    pem = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in both)
    write_whole(_certificate_file(home, parent_origin), pem)


def client_certificate(home: Home, parent_origin: str) -> tuple[bytes, bytes]:
    """Return (our certificate, the parent's authority or authorities), PEM; raise NotJoined if there is none."""
    try:
        both = x509.load_pem_x509_certificates(_certificate_file(home, parent_origin).read_bytes())
    except FileNotFoundError as error:
        raise NotJoined(parent_origin) from error
    ours, *authorities = (one.public_bytes(serialization.Encoding.PEM) for one in both)
    return ours, b"".join(authorities)


def authorities(home: Home, parent_origin: str) -> list[bytes]:
    """Return the authorities of a parent that we trust, DER, in its order; raise NotJoined."""
    _ours, pem = client_certificate(home, parent_origin)
    return [one.public_bytes(serialization.Encoding.DER) for one in x509.load_pem_x509_certificates(pem)]


def _certificate_file(home: Home, parent_origin: str) -> Path:
    return home.keys / f"parent-{check(parent_origin).replace('/', '_')}.crt"
