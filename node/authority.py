"""Certificates: each parent is the TLS authority of its own doors and of nothing else (architecture.md, Trust).

Everything is ECDSA P-256. Who a certificate is for stands in its one URI name, `banyan:<origin>`.

An authority that follows another is made beside it, with a number in the name: `authority.2.crt`. The newest issues
client certificates; all count for clients; the doors show the one that signed `server.crt` (node/succession.py).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from node.errors import BadCertificate, KeysExist, KeysMissing
from node.home import Home, write_whole
from node.issuer import named_in, naming
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


def create(home: Home, origin: str, now: datetime | None = None, number: int = 1) -> None:
    """Make this node an authority: a key and a certificate of ten years, path length 0; raise KeysExist."""
    path = certificate_file(home, number)
    if path.exists():
        raise KeysExist(str(path))
    if not key_file(home, number).exists():  # it does, without certificate, where an attempt broke off
        write_whole(key_file(home, number), new_p256_pem())
    now = now or datetime.now(UTC)
    key = _private(read_private(key_file(home, number)))
    subject = _name("Banyan authority")
    builder = _builder(subject, subject, key.public_key(), origin, [], now, _YEARS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
    )
    write_whole(path, _pem(builder.sign(key, hashes.SHA256())))


def key_file(home: Home, number: int) -> Path:
    """Return where the key of the authority of that number is."""
    return home.keys / (KEY if number == 1 else f"authority.{number}.key")


def certificate_file(home: Home, number: int) -> Path:
    """Return where the certificate of the authority of that number is."""
    return home.keys / (CERTIFICATE if number == 1 else f"authority.{number}.crt")


def held(home: Home) -> dict[int, x509.Certificate]:
    """Return the authorities that count, by number, oldest first: one, or two while one follows another."""
    found = {}
    for path in home.keys.glob("authority*.crt"):
        _stem, *between, _ending = path.name.split(".")
        if not between or between[0].isdecimal():
            try:
                found[int(between[0]) if between else 1] = x509.load_pem_x509_certificate(path.read_bytes())
            except FileNotFoundError:  # removed just now: it counts no more
                continue
    return dict(sorted(found.items()))


def serving(home: Home) -> int:
    """Return the number of the authority that signed the certificate of our doors; raise KeysMissing.

    Where none of several has signed it, that is the oldest.
    """
    found, path = held(home), home.keys / SERVER_CERTIFICATE
    if not found:
        raise KeysMissing(str(home.keys / CERTIFICATE))
    if len(found) > 1 and path.is_file():
        shown = x509.load_pem_x509_certificate(path.read_bytes())
        for number, one in found.items():
            if issued_by(shown, one):
                return number
    return next(iter(found))


def authority(home: Home) -> x509.Certificate:
    """Return this node's own authority, the one behind its doors; raise KeysMissing."""
    number = serving(home)
    found = held(home)
    return found[number if number in found else max(found)]


def authorities_der(home: Home) -> list[bytes]:
    """Return the authorities that count, oldest first, as they travel to children."""
    return [one.public_bytes(DER) for one in held(home).values()]


def list_hash(authorities: Sequence[bytes]) -> bytes:
    """Return the hash by which parent and child compare lists of authorities (DER)."""
    return sha256(b"".join(sha256(one).digest() for one in authorities)).digest()


def authority_der(home: Home) -> bytes:
    """Return this node's own authority as it travels in a token."""
    return authority(home).public_bytes(DER)


def server_certificate(
    home: Home, hosts: Sequence[str], now: datetime | None = None, number: int | None = None
) -> bytes:
    """Return the PEM certificate that our doors show to callers of `hosts` (names or IP addresses).

    The one on disk is kept while it is under 60 days old and fits hosts, key and authority; else a new one is written,
    by the authority of that `number`, or by the one that signed the one before.
    """
    now, number = now or datetime.now(UTC), number or serving(home)
    issuer = held(home)[number]
    public = _private(read_private(home.keys / TLS)).public_key()
    path = home.keys / SERVER_CERTIFICATE
    if path.is_file():
        shown = x509.load_pem_x509_certificate(path.read_bytes())
        fresh = shown.not_valid_before_utc <= now < shown.not_valid_before_utc + timedelta(days=_RENEW_AFTER_DAYS)
        fits = shown.public_key() == public and _names(shown) == _host_names(hosts)
        if fresh and fits and issued_by(shown, issuer) and named_in(shown) == issuer.public_bytes(DER):
            return _pem(shown)
    own = peer_origin(issuer)
    names = _host_names(hosts)
    purpose, life = ExtendedKeyUsageOID.SERVER_AUTH, timedelta(days=_SERVER_DAYS)
    issued = _issue(home, number, public, own, names, purpose, now, life)
    write_whole(path, _pem(issued))
    return _pem(issued)


def issue_client(home: Home, csr_der: bytes, origin: str, days: int, now: datetime | None = None) -> bytes:
    """Return a DER client certificate for `origin` on the key in the request, by the newest authority.

    Raises BadCertificate. Only the key is taken from the request; whom it is for is the caller's decision.
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
    number, purpose = max(held(home)), ExtendedKeyUsageOID.CLIENT_AUTH
    issued = _issue(home, number, public, origin, [], purpose, now, timedelta(days=days))
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
    number: int,
    public: ec.EllipticCurvePublicKey,
    origin: str,
    hosts: list[x509.GeneralName],
    purpose: x509.ObjectIdentifier,
    now: datetime,
    life: timedelta,
) -> x509.Certificate:
    issuer, key = held(home)[number], _private(read_private(key_file(home, number)))
    builder = _builder(_name("Banyan node"), issuer.subject, public, origin, hosts, now, life)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
    )
    if purpose == ExtendedKeyUsageOID.SERVER_AUTH:  # for who knows the authority's hash only
        builder = builder.add_extension(naming(issuer), critical=False)
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


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Tell whether this authority signed a certificate."""
    try:
        certificate.verify_directly_issued_by(issuer)
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
