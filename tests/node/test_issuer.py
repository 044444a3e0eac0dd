"""A door's certificate names its authority's by its bytes; what is found there counts by its hash, never by itself."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from node import asking, authority, issuer, keyfiles
from node.home import Home
from sync.errors import Unreachable
from tests.world import CITY, HUB, OUTLET

HTTP = "http://ca.example/ca.crt"
DATA = "data:application/pkix-cert;base64,"


def shown(home: Home) -> x509.Certificate:
    return x509.load_pem_x509_certificate((home.keys / authority.SERVER_CERTIFICATE).read_bytes())


def made(*uris: str) -> x509.Certificate:
    """A certificate that names its issuer at these places."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    if uris:
        kind = AuthorityInformationAccessOID.CA_ISSUERS
        places = [x509.AccessDescription(kind, x509.UniformResourceIdentifier(one)) for one in uris]
        builder = builder.add_extension(x509.AuthorityInformationAccess(places), critical=False)
    return builder.sign(key, hashes.SHA256())


@pytest.mark.parametrize(
    "uris",
    [
        (),
        (HTTP,),
        (DATA + "é".encode().hex() + "!",),
        (DATA + "QUJ",),
        (DATA + "QUJD", DATA + "QUJD"),
        (DATA + "A" * 20_000,),
    ],
)
def test_what_cannot_be_read_is_nothing(uris):
    assert issuer.named_in(made(*uris)) == b""


def test_what_is_named_is_read_as_it_was_written():
    one = made()
    assert issuer.named_in(made(DATA + b64encode(one.public_bytes(authority.DER)).decode())) == one.public_bytes(
        authority.DER
    )


def test_a_door_names_its_authority_a_client_nobody_and_who_names_anothers_is_not_taken_for_it(world, monkeypatch):
    world.hub()
    city = world.node(CITY, "substation", HUB)
    outlet = world.node(OUTLET, "outlet", CITY)
    for node in (world.nodes[HUB], city):
        assert issuer.named_in(shown(node.home)) == authority.authority_der(node.home)
    certificate, _ca = keyfiles.client_certificate(outlet.home, CITY)
    assert issuer.named_in(x509.load_pem_x509_certificate(certificate)) == b""
    hubs = authority.authority(world.nodes[HUB].home)
    with monkeypatch.context() as patched:  # the city's certificate is by its own authority, and names the hub's
        patched.setattr(authority, "naming", lambda _own: issuer.naming(hubs))
        patched.setattr(authority, "named_in", lambda found: authority.authority_der(city.home))
        (city.home.keys / authority.SERVER_CERTIFICATE).unlink()
        city = world.open(CITY)
        assert issuer.named_in(shown(city.home)) == hubs.public_bytes(authority.DER)
        door = asking.door_at(city.settings.join_address, sha256(hubs.public_bytes(authority.DER)).digest())
        wish = asking.Wish("ip.gd.example/new", "substation", "新分站")
        with pytest.raises(Unreachable):
            asking.ask(Home(world.home("new")), door, wish)
        assert city.notebook.requests() == []
    city = world.open(CITY)  # a certificate that names another than its own authority is replaced
    assert issuer.named_in(shown(city.home)) == authority.authority_der(city.home)
