"""Invitation tokens: one line that carries all a new node needs to reach and trust its parent (wire.md section 6).

`banyan1.` and base64url without padding of: 6 fields as u16 length and bytes, u64 expiry, first 4 bytes of SHA-256 of
all before. The check bytes find slips of the pen only: whoever can change a token could as well write another one.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from struct import pack, unpack

from node.errors import BadToken
from node.messages import N_
from sync import origin as origins
from sync.errors import Malformed

PREFIX = "banyan1."
SECRET_BYTES = 16
MAX_CHARS = 8192
ROLES = ("substation", "alliance", "outlet", "feed")
_TEXT = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Token:
    """What an invitation says; `origin` is the invited log, empty if it asks for one; `expires` in POSIX seconds."""

    join_address: str
    authority_der: bytes
    federation_id: bytes
    origin: str
    role: str
    expires: int
    secret: bytes = field(repr=False)

    def encode(self) -> str:
        """Return the one line that is handed over; it holds the secret."""
        fields = (
            self.join_address.encode(),
            self.authority_der,
            self.federation_id,
            self.origin.encode(),
            self.role.encode(),
            self.secret,
        )
        body = b"".join(pack(">H", len(one)) + one for one in fields) + pack(">Q", self.expires)
        return PREFIX + urlsafe_b64encode(body + sha256(body).digest()[:4]).rstrip(b"=").decode()


def parse(text: str) -> Token:
    """Read exactly what `encode` writes, blanks around it aside; raise BadToken for anything else."""
    text = text.strip()
    if not text.startswith(PREFIX):
        raise BadToken(N_("it does not begin with banyan1."))
    if len(text) > MAX_CHARS or not _TEXT.fullmatch(text):
        raise BadToken(N_("it is too long or has other characters in it"))
    encoded = text.removeprefix(PREFIX)
    if len(encoded) % 4 == 1:
        raise BadToken(N_("characters are missing"))
    raw = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    if len(raw) < 12 or sha256(raw[:-4]).digest()[:4] != raw[-4:]:
        raise BadToken(N_("characters are missing or changed"))
    found = _fields(raw[:-4])
    if found.encode() != text:
        raise BadToken(N_("it is written in an unknown way"))
    return found


def _fields(body: bytes) -> Token:
    fields, at = [], 0
    for _number in range(6):
        length = int.from_bytes(body[at : at + 2], "big")
        fields.append(body[at + 2 : at + 2 + length])
        at += 2 + length
    if len(body) != at + 8:
        raise BadToken(N_("it is written in an unknown way"))
    address, authority_der, federation_id, origin, role, secret = fields
    try:
        found = Token(
            address.decode("ascii"),
            authority_der,
            federation_id,
            origin.decode("ascii"),
            role.decode("ascii"),
            unpack(">Q", body[at:])[0],
            secret,
        )
        if found.origin:
            origins.check(found.origin)
    except (UnicodeDecodeError, Malformed) as error:
        raise BadToken(N_("it names no origin")) from error
    if found.role not in ROLES or len(federation_id) != 32 or len(secret) != SECRET_BYTES:
        raise BadToken(N_("it is written in an unknown way"))
    return found


def secret_hash(secret: bytes) -> bytes:
    """Return what the parent keeps of a token's secret: SHA-256, 32 bytes."""
    return sha256(secret).digest()
