"""Certificates: each parent is the TLS authority of its own doors and of nothing else (architecture.md, Trust).

Everything is ECDSA P-256. Who a certificate is for stands in its one URI name, `banyan:<origin>`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from node.errors import BadCertificate, KeysExist, KeysMissing
from node.home import Home, write_whole
from node.keyfiles import TLS, new_p256_pem, read_private
from node.messages import N_
from sync import origin as origins
from sync.errors import Malformed

KEY = "authority.key"
CERTIFICATE = "authority.crt"
SERVER_CERTIFICATE = "server.crt"
SERVER_NAME = "banyan-node"  # in every server certificate, so that a node's address may change
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
_SCHEME = "banyan:"
_YEARS = timedelta(days=3653)
_SERVER_DAYS, _RENEW_AFTER_DAYS = 90, 60
_BACKDATED = timedelta(hours=1)  # the other side's clock may be behind ours


def create(home: Home, origin: str, now: datetime | None = None) -> None:
    """Make this node an authority: a key and a certificate of ten years, path length 0; raise KeysExist."""
    if (home.keys / CERTIFICATE).exists():
        raise KeysExist(str(home.keys / CERTIFICATE))
    if not (home.keys / KEY).exists():  # it does, without certificate, where an attempt broke off
        write_whole(home.keys / KEY, new_p256_pem())
    now = now or datetime.now(UTC)
    key = _private(read_private(home.keys / KEY))
    subject = _name("Banyan authority")
    builder = _builder(subject, subject, key.public_key(), origin, [], now, _YEARS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
    )
    write_whole(home.keys / CERTIFICATE, _pem(builder.sign(key, hashes.SHA256())))


def authority(home: Home) -> x509.Certificate:
    """Return this node's own authority; raise KeysMissing."""
    path = home.keys / CERTIFICATE
    if not path.is_file():
        raise KeysMissing(str(path))
    return x509.load_pem_x509_certificate(path.read_bytes())


def authority_der(home: Home) -> bytes:
    """Return this node's own authority as it travels in a token."""
    return authority(home).public_bytes(DER)


def server_certificate(home: Home, hosts: Sequence[str], now: datetime | None = None) -> bytes:
    """Return the PEM certificate that our doors show to callers of `hosts` (names or IP addresses).

    The one on disk is kept while it is under 60 days old and fits hosts, key and authority; else a new one is written.
    """
    now = now or datetime.now(UTC)
    public = _private(read_private(home.keys / TLS)).public_key()
    path = home.keys / SERVER_CERTIFICATE
    if path.is_file():
        held = x509.load_pem_x509_certificate(path.read_bytes())
        fresh = held.not_valid_before_utc <= now < held.not_valid_before_utc + timedelta(days=_RENEW_AFTER_DAYS)
        if fresh and held.public_key() == public and _names(held) == _host_names(hosts) and _is_ours(home, held):
            return _pem(held)
    own = peer_origin(authority(home))
    names = _host_names(hosts)
    issued = _issue(home, public, own, names, ExtendedKeyUsageOID.SERVER_AUTH, now, timedelta(days=_SERVER_DAYS))
    write_whole(path, _pem(issued))
    return _pem(issued)


def issue_client(home: Home, csr_der: bytes, origin: str, days: int, now: datetime | None = None) -> bytes:
    """Return a DER client certificate for `origin` on the key in the request; raise BadCertificate.

    Only the key is taken from the request; whom it is for is the caller's decision.
    """
    try:
        request = x509.load_der_x509_csr(csr_der)
        public, signed = request.public_key(), request.is_signature_valid
    except (ValueError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise BadCertificate(N_("not a certificate request")) from error
    if not signed:
        raise BadCertificate(N_("the request is not signed by its own key"))
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise BadCertificate(N_("the key is not P-256"))
    now = now or datetime.now(UTC)
    issued = _issue(home, public, origin, [], ExtendedKeyUsageOID.CLIENT_AUTH, now, timedelta(days=days))
    return issued.public_bytes(DER)


def csr(tls_key_pem: bytes, origin: str) -> bytes:
    """Return a DER request for a client certificate for `origin`, signed by the TLS key."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name("Banyan node"))
    builder = builder.add_extension(x509.SubjectAlternativeName([_uri(origin)]), critical=False)
    return builder.sign(_private(tls_key_pem), hashes.SHA256()).public_bytes(DER)


def peer_origin(certificate: x509.Certificate) -> str:
    """Return the one origin that a certificate (also an authority's) is for; raise BadCertificate."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError) as error:
        raise BadCertificate(N_("it names no origin")) from error
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    if len(uris) != 1 or not uris[0].startswith(_SCHEME):
        raise BadCertificate(N_("it does not name exactly one origin"))
    try:
        return origins.check(uris[0].removeprefix(_SCHEME))
    except Malformed as error:
        raise BadCertificate(N_("what it names is no origin")) from error


def not_after(certificate: bytes) -> datetime:
    """Return when a certificate, PEM or DER, ends (UTC)."""
    return _load(certificate).not_valid_after_utc


def days_left(certificate: bytes, now: datetime | None = None) -> int:
    """Return whole days until a certificate, PEM or DER, ends; negative when it has ended."""
    return (not_after(certificate) - (now or datetime.now(UTC))).days


def age_days(certificate: bytes, now: datetime | None = None) -> int:
    """Return whole days since a certificate, PEM or DER, began; renewal goes by this."""
    return ((now or datetime.now(UTC)) - _load(certificate).not_valid_before_utc).days


def _load(certificate: bytes) -> x509.Certificate:
    try:
        if certificate.startswith(b"-----"):
            return x509.load_pem_x509_certificate(certificate)
        return x509.load_der_x509_certificate(certificate)
    except ValueError as error:
        raise BadCertificate(N_("not a certificate")) from error


def _issue(
    home: Home,
    public: ec.EllipticCurvePublicKey,
    origin: str,
    hosts: list[x509.GeneralName],
    purpose: x509.ObjectIdentifier,
    now: datetime,
    life: timedelta,
) -> x509.Certificate:
    issuer, key = authority(home), _private(read_private(home.keys / KEY))
    builder = _builder(_name("Banyan node"), issuer.subject, public, origin, hosts, now, life)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
    )
    return builder.sign(key, hashes.SHA256())


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    origin: str,
    hosts: list[x509.GeneralName],
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectAlternativeName([_uri(origin), *hosts]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _uri(origin: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(_SCHEME + origins.check(origin))


def _host_names(hosts: Sequence[str]) -> list[x509.GeneralName]:
    return [_host(host) for host in sorted({SERVER_NAME, *hosts})]


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _names(certificate: x509.Certificate) -> list[x509.GeneralName]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [name for name in names if not isinstance(name, x509.UniformResourceIdentifier)]


def _is_ours(home: Home, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority(home))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _private(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise BadCertificate(N_("the key is not P-256"))
    return key


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(PEM)
