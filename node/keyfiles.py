"""The private keys of a node, in `keys/`: raw 32-byte seeds and a PEM, mode 0600, made once and never replaced.

Beside them lie the certificates that parents gave us: `parent-<origin, / as _>.crt`, ours, then their authority's.
"""

import os
import shutil
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
from sync.origin import check, mirror_name

LOG_ED25519 = "log-ed25519.seed"
LOG_MLDSA44 = "log-mldsa44.seed"
MIRROR_MLDSA44 = "mirror-mldsa44.seed"
HPKE_X25519 = "hpke-x25519.key"
TLS = "tls.key"
_SEEDS = (LOG_ED25519, LOG_MLDSA44, MIRROR_MLDSA44, HPKE_X25519)


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """A node's keys: `log` signs heads (01, then 06), `mirror` signs receipts (06); no secret is in the repr."""

    log: tuple[Signer, Signer]
    mirror: Signer
    hpke_public: bytes
    hpke_seed: bytes = field(repr=False)
    tls_key_pem: bytes = field(repr=False)


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


def load(home: Home, origin: str) -> NodeKeys:
    """Return the keys; raise KeysMissing, or KeysExposed if any can be read by others."""
    ed25519, mldsa44, mirror, hpke = (_seed(home.keys / name) for name in _SEEDS)
    return NodeKeys(
        log=(Signer(origin, ED25519, ed25519), Signer(origin, MLDSA44, mldsa44)),
        mirror=Signer(mirror_name(origin), MLDSA44, mirror),
        hpke_public=X25519PrivateKey.from_private_bytes(hpke).public_key().public_bytes_raw(),
        hpke_seed=hpke,
        tls_key_pem=read_private(home.keys / TLS),
    )


def _seed(path: Path) -> bytes:
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


def save_client_certificate(home: Home, parent_origin: str, cert_der: bytes, authority_der: bytes) -> None:
    """Keep the certificate that `parent_origin` gave us, with its authority's, in one file, in one step.

    Raises BadCertificate, and keeps what there is, for bytes that are none.
    """
    try:
        both = [x509.load_der_x509_certificate(der) for der in (cert_der, authority_der)]
    except ValueError as error:
        raise BadCertificate(N_("not a certificate")) from error
    pem = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in both)
    write_whole(_certificate_file(home, parent_origin), pem)


def client_certificate(home: Home, parent_origin: str) -> tuple[bytes, bytes]:
    """Return (our certificate, the parent's authority), PEM; raise NotJoined if there is none."""
    try:
        both = x509.load_pem_x509_certificates(_certificate_file(home, parent_origin).read_bytes())
    except FileNotFoundError as error:
        raise NotJoined(parent_origin) from error
    ours, authority = (one.public_bytes(serialization.Encoding.PEM) for one in both)
    return ours, authority


def _certificate_file(home: Home, parent_origin: str) -> Path:
    return home.keys / f"parent-{check(parent_origin).replace('/', '_')}.crt"
