"""Signed notes and verifier keys (C2SP signed-note; wire.md section 2). Reads strictly, knows no kind of signature."""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256

from sync.errors import Malformed

MAX_BYTES = 128 * 1024
MAX_SIGNATURES = 100
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_NOT_IN_TEXT = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Signature:
    """One line under a note: who, which key (4 bytes), and the signature's bytes."""

    name: str
    key_id: bytes
    value: bytes

    def line(self) -> str:
        return f"— {self.name} {b64encode(self.key_id + self.value).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in LF, and the signatures under it, in the order written."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        return (self.text + "\n" + "".join(one.line() for one in self.signatures)).encode()

    @classmethod
    def parse(cls, raw: bytes) -> "Note":
        """Read a note; raise Malformed for anything that is not one, whole."""
        if len(raw) > MAX_BYTES:
            raise Malformed("note", "longer than 128 KiB")
        try:
            whole = raw.decode()
        except UnicodeDecodeError as error:
            raise Malformed("note", "not UTF-8") from error
        text, blank, below = whole.rpartition("\n\n")
        if not blank or not below.endswith("\n") or not text or _NOT_IN_TEXT.search(whole):
            raise Malformed("note", "no text and signatures")
        lines = below[:-1].split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise Malformed("note", "more than 100 signatures")
        return cls(text + "\n", tuple(_signature(line) for line in lines))


def _signature(line: str) -> Signature:
    found = _SIGNATURE.fullmatch(line)
    raw = decode_base64(found[2]) if found else b""
    if found is None or len(raw) < 5:
        raise Malformed("note", "a signature line is not of the form")
    return Signature(found[1], raw[:4], raw[4:])


def decode_base64(text: str) -> bytes:
    """Return the bytes of standard padded base64; raise Malformed for junk and for non-zero trailing bits."""
    try:
        raw = b64decode(text, validate=True)
    except ValueError as error:
        raise Malformed("base64", text[:40]) from error
    if b64encode(raw).decode() != text:
        raise Malformed("base64", text[:40])
    return raw


def check_name(name: str) -> str:
    """Return a key's name; raise Malformed if it is empty, has a space of any kind, or a plus sign."""
    if not name or "+" in name or re.search(r"\s", name) or _NOT_IN_TEXT.search(name):
        raise Malformed("key name", name[:40])
    return name


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name: `name+hex8(keyID)+base64(type ‖ key)`."""

    name: str
    type: int
    key: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that say which key signed: H(name ‖ 0A ‖ type ‖ key)[:4]."""
        return sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.key).digest()[:4]

    def encode(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(bytes([self.type]) + self.key).decode()}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read a verifier key, recomputing its key ID; raise Malformed."""
        name, _plus, rest = text.partition("+")
        key_id, _plus, encoded = rest.partition("+")
        raw = decode_base64(encoded)
        if len(raw) < 2:
            raise Malformed("verifier key", text[:80])
        found = cls(check_name(name), raw[0], raw[1:])
        if found.key_id.hex() != key_id:
            raise Malformed("verifier key", text[:80])
        return found
