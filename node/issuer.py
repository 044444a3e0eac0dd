"""The authority's certificate inside the one that a door shows: a joiner that knows its SHA-256 finds it there.

It stands where X.509 names the issuer's certificate (RFC 5280 section 4.2.2.1), as a `data:` URI (RFC 2397). What is
found proves nothing: it counts where its hash is the one that a person, or the hub, gave.
"""

from base64 import b64decode, b64encode

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import AuthorityInformationAccessOID

_URI = "data:application/pkix-cert;base64,"
_MAX_LETTERS = 16_384


def naming(authority: x509.Certificate) -> x509.AuthorityInformationAccess:
    """Return the extension of a certificate that names its issuer's by its bytes."""
    whole = b64encode(authority.public_bytes(serialization.Encoding.DER)).decode()
    where = x509.UniformResourceIdentifier(_URI + whole)
    return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, where)])


def named_in(certificate: x509.Certificate) -> bytes:
    """Return the issuer's certificate (DER) that a certificate names by its bytes; b"" for none that can be read."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        (where,) = [one.access_location.value for one in found]
        if not where.startswith(_URI) or len(where) > _MAX_LETTERS:
            return b""
        return b64decode(where.removeprefix(_URI), validate=True)
    except (x509.ExtensionNotFound, ValueError, AttributeError):
        return b""
