"""Certificates of a node's own authority."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from node import authority, keyfiles
from node.errors import BadCertificate, KeysExist, KeysMissing
from node.home import Home

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PARENT, CHILD = "ip.gd.example/gz", "ip.gd.example/gz/scut"
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])


@pytest.fixture
def home(tmp_path):
    made = Home.create(tmp_path / "parent")
    keyfiles.create(made, PARENT)
    authority.create(made, PARENT, NOW)
    return made


@pytest.fixture
def request_der():
    return authority.csr(keyfiles.new_p256_pem(), CHILD)


def client(home, der, days=90, now=NOW):
    return x509.load_der_x509_certificate(authority.issue_client(home, der, CHILD, days, now))


def verifier(home, at):
    return PolicyBuilder().store(Store([authority.authority(home)])).time(at)


def test_the_authority_may_sign_leaves_only_and_names_its_origin(home):
    own = authority.authority(home)
    limits = own.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (limits.ca, limits.path_length) == (True, 0)
    assert authority.peer_origin(own) == PARENT
    assert own.not_valid_after_utc - own.not_valid_before_utc > timedelta(days=3650)
    assert x509.load_der_x509_certificate(authority.authority_der(home)) == own


def test_an_authority_is_made_once_and_goes_on_from_a_broken_attempt(home):
    key = (home.keys / authority.KEY).read_bytes()
    with pytest.raises(KeysExist):
        authority.create(home, PARENT)
    (home.keys / authority.CERTIFICATE).unlink()
    with pytest.raises(KeysMissing):
        authority.authority(home)
    authority.create(home, PARENT)
    assert (home.keys / authority.KEY).read_bytes() == key


def test_a_client_certificate_passes_a_strict_check_as_client_and_not_as_server(home, request_der):
    issued = client(home, request_der)
    checked = verifier(home, NOW).build_client_verifier().verify(issued, [])
    assert checked.subjects == [x509.UniformResourceIdentifier("banyan:" + CHILD)]
    with pytest.raises(VerificationError):
        verifier(home, NOW).build_server_verifier(x509.DNSName("banyan-node")).verify(issued, [])
    assert issued.public_key() == x509.load_der_x509_csr(request_der).public_key()
    assert authority.peer_origin(issued) == CHILD


def test_a_server_certificate_passes_a_strict_check_as_server_and_not_as_client(home):
    issued = x509.load_pem_x509_certificate(authority.server_certificate(home, ["gz.example", "10.0.0.7"], NOW))
    for subject in (
        x509.DNSName("banyan-node"),
        x509.DNSName("gz.example"),
        x509.IPAddress(ip_address("10.0.0.7")),
    ):
        verifier(home, NOW).build_server_verifier(subject).verify(issued, [])
    with pytest.raises(VerificationError):
        verifier(home, NOW).build_client_verifier().verify(issued, [])
    assert authority.peer_origin(issued) == PARENT


@pytest.mark.parametrize(
    ("days", "renewed"), [(0, False), (59, False), (60, True), (89, True), (400, True), (-2, True)]
)
def test_the_server_certificate_is_renewed_by_age(home, days, renewed):
    first = authority.server_certificate(home, ["a.example"], NOW)
    later = authority.server_certificate(home, ["a.example"], NOW + timedelta(days=days))
    assert (first != later) == renewed
    assert (home.keys / authority.SERVER_CERTIFICATE).read_bytes() == later


def test_the_server_certificate_is_renewed_for_other_hosts_or_another_authority(home):
    first = authority.server_certificate(home, ["a.example"], NOW)
    second = authority.server_certificate(home, ["b.example"], NOW)
    assert first != second
    for name in (authority.KEY, authority.CERTIFICATE):
        (home.keys / name).unlink()
    authority.create(home, PARENT, NOW)
    assert authority.server_certificate(home, ["b.example"], NOW) != second


def test_days_are_counted_from_pem_and_der(home, request_der):
    der = authority.issue_client(home, request_der, CHILD, 90, NOW)
    pem = x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)
    for one in (der, pem):
        assert authority.not_after(one) == NOW + timedelta(days=90)
        assert authority.days_left(one, NOW) == 90
        assert authority.days_left(one, NOW + timedelta(days=91)) == -1
        assert authority.age_days(one, NOW + timedelta(days=60)) == 60
    with pytest.raises(BadCertificate):
        authority.not_after(b"junk")


def signed_by_another_key():
    good = authority.csr(keyfiles.new_p256_pem(), CHILD)
    return good[:-4] + bytes([good[-4] ^ 1]) + good[-3:]


def named_otherwise(known, unknown):
    """A request with another object identifier in it, which no library has to know."""
    return authority.csr(keyfiles.new_p256_pem(), CHILD).replace(bytes.fromhex(known), bytes.fromhex(unknown))


def request_with(key, digest=None):
    made = x509.CertificateSigningRequestBuilder().subject_name(NAME).sign(key, digest)
    return made.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"junk",
        signed_by_another_key(),
        request_with(ed25519.Ed25519PrivateKey.generate()),
        request_with(ec.generate_private_key(ec.SECP384R1()), hashes.SHA256()),
        named_otherwise("2a8648ce3d030107", "2a8648ce3d030102"),
        named_otherwise("2a8648ce3d0201", "2a8648ce3d0209"),
        named_otherwise("2a8648ce3d040302", "2a8648ce3d040309"),
    ],
    ids=["empty", "junk", "wrong signature", "ed25519", "p384", "unknown curve", "unknown key", "unknown signature"],
)
def test_a_bad_request_is_refused(home, der):
    with pytest.raises(BadCertificate):
        authority.issue_client(home, der, CHILD, 90)


def test_what_a_request_asks_for_is_not_what_it_gets(home):
    sly = x509.CertificateSigningRequestBuilder().subject_name(NAME)
    sly = sly.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    sly = sly.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    der = sly.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    issued = client(home, der)
    assert not issued.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = issued.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert authority.peer_origin(issued) == CHILD


def self_signed(*names):
    key = ec.generate_private_key(ec.SECP256R1())
    made = x509.CertificateBuilder(NAME, NAME, key.public_key(), 1, NOW, NOW + timedelta(days=1))
    if names:
        uris = [x509.UniformResourceIdentifier(one) for one in names]
        made = made.add_extension(x509.SubjectAlternativeName(uris), critical=False)
    return made.sign(key, hashes.SHA256())


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("https://ip.gd.example",),
        ("banyan:",),
        ("banyan:IP.gd.example",),
        ("banyan:ip.gd.example/a/b/c",),
        ("banyan:ip.gd.example", "banyan:ip.gd.example/gz"),
        ("banyan:ip.gd.example", "https://ip.gd.example"),
    ],
)
def test_a_certificate_names_exactly_one_origin(names):
    with pytest.raises(BadCertificate):
        authority.peer_origin(self_signed(*names))
