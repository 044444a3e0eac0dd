"""Files that are carried on a disk between two nodes without a line (proto/README.md section 16). No I/O of its own.

Heads, packages, receipts, root statements and evidence of forks are open and prove themselves; parts are encrypted to
the receiver. The cover is a Hello (covers.py).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct, error
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from sync.errors import DoesNotOpen, Malformed, OverLimit
from sync.origin import check
from sync.package import MAX_CONTENT_BYTES, Frame, PartName
from sync.sealed import SUITE

TITLE = b"banyan-carry/v1\n"
MAX_TEXT_BYTES = 2 * 1024 * 1024
MAX_STATEMENTS = 64
MAX_SECTION_BYTES = MAX_CONTENT_BYTES + 1024
FROM, COVER, ROOT, FORK, HEAD, PACKAGE, PARTS, RECEIPT, SUM = WORDS = (
    "from", "cover", "root", "fork", "head", "package", "parts", "receipt", "sum"
)  # fmt: skip
_LINE = re.compile(rb"([a-z]{3,8}) (0|[1-9][0-9]{0,8})\n")
_PACKAGE = Struct(">QQB")
_PART = Struct(">QBI")

NamedPart = tuple[str, PartName, bytes]


# -- parts ------------------------------------------------------------------------------------------------------------


def seal_parts(parts: Iterable[NamedPart], hpke_key: bytes, federation_id: bytes, sender: str, receiver: str) -> bytes:
    """Return a box of parts that only the receiver opens; raise OverLimit for more than 2 MiB, Malformed for a key."""
    pieces: list[bytes] = []
    for origin, (index, number), content in parts:
        pieces += (bytes([len(origin)]), origin.encode(), _PART.pack(index, number, len(content)), content)
    text = b"".join(pieces)
    if len(text) > MAX_TEXT_BYTES:
        raise OverLimit("bytes of a box", len(text), MAX_TEXT_BYTES)
    try:
        return SUITE.encrypt(text, X25519PublicKey.from_public_bytes(hpke_key), _info(federation_id, sender, receiver))
    except ValueError as broken:
        raise Malformed("HPKE key", receiver) from broken


def unseal_parts(
    box: bytes, seeds: Iterable[bytes], federation_id: bytes, sender: str, receiver: str
) -> list[NamedPart]:
    """Return the parts in a box, opened with whichever of the receiver's seeds does; raise DoesNotOpen, Malformed."""
    for seed in seeds:
        try:
            text = SUITE.decrypt(box, X25519PrivateKey.from_private_bytes(seed), _info(federation_id, sender, receiver))
        except (InvalidTag, ValueError):
            continue
        return list(_parts(text))
    raise DoesNotOpen(sender, receiver)


def _parts(text: bytes) -> Iterator[NamedPart]:
    at = 0
    try:
        while at < len(text):
            end = at + 1 + text[at]
            origin = check(text[at + 1 : end].decode("ascii"))
            index, number, length = _PART.unpack_from(text, end)
            at = end + _PART.size + length
            if at > len(text):
                raise Malformed("box", "cut short")
            yield origin, (index, number), text[at - length : at]
    except (error, UnicodeDecodeError) as broken:
        raise Malformed("box", "cut short") from broken


def _info(federation_id: bytes, sender: str, receiver: str) -> bytes:
    names = b"".join(bytes([len(one)]) + one.encode() for one in (sender, receiver))
    return b"banyan-carry/v1\0" + federation_id + names


# -- files ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Carried:
    """One package as it is carried: of which log, proved in the tree of `end`."""

    origin: str
    end: int
    frame: Frame

    def encode(self) -> bytes:
        fixed = _PACKAGE.pack(self.frame.first, self.end, self.frame.compressed)
        return bytes([len(self.origin)]) + self.origin.encode() + fixed + self.frame.content

    @classmethod
    def parse(cls, raw: bytes) -> "Carried":
        try:
            at = 1 + raw[0]
            first, end, compressed = _PACKAGE.unpack_from(raw, at)
            origin = check(raw[1:at].decode("ascii"))
        except (error, IndexError, UnicodeDecodeError) as broken:
            raise Malformed("package", "cut short") from broken
        if compressed > 1 or end > 2**63 - 1:
            raise Malformed("package", "not of this layout")
        return cls(origin, end, Frame(first, bool(compressed), raw[at + _PACKAGE.size :]))


class Writer:
    """Writes the sections of one file; `size` is how large it is by now."""

    def __init__(self, out: BinaryIO, sender: str, cover: bytes):
        self._out = out
        self._hash = sha256()
        self.size = 0
        self._put(TITLE)
        self.add(FROM, sender.encode())
        self.add(COVER, cover)

    def _put(self, raw: bytes) -> None:
        self._out.write(raw)
        self._hash.update(raw)
        self.size += len(raw)

    def add(self, word: str, content: bytes) -> None:
        self._put(f"{word} {len(content)}\n".encode())
        self._put(content)

    def end(self) -> None:
        self.add(SUM, self._hash.digest())


def sections(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Yield the sections of a file in order, `from` and `cover` first, `sum` last; raise Malformed, OverLimit.

    Whoever reads to the end knows that the sum holds; `check_file` does so before anything is stored.
    """
    found, at = sha256(), 0
    if file.read(len(TITLE)) != TITLE:
        raise Malformed("carried file", "not one of ours")
    found.update(TITLE)
    while True:
        line = file.readline(32)
        read = _LINE.fullmatch(line)
        if read is None:
            raise Malformed("carried file", "cut short" if not line else "no section where one should begin")
        word, length = read[1].decode(), int(read[2])
        if length > MAX_SECTION_BYTES:
            raise OverLimit("bytes of a section", length, MAX_SECTION_BYTES)
        content = file.read(length)
        if word == SUM:
            if length != found.digest_size or content != found.digest() or file.read(1):
                raise Malformed("carried file", "its sum does not hold: it is damaged, or not copied whole")
            return
        if len(content) != length or word != (WORDS[at] if at < 2 else word) or word not in WORDS:
            raise Malformed("carried file", "cut short, or sections out of order")
        found.update(line + content)
        at += 1
        yield word, content


@dataclass(frozen=True, slots=True)
class Opening:
    """What a file begins with: its sender, the cover's note, and root statements."""

    sender: str
    cover: bytes
    statements: tuple[bytes, ...]


def check_file(file: BinaryIO) -> Opening:
    """Return what a file that is whole begins with; raise Malformed, OverLimit for any other."""
    first: dict[str, bytes] = {}
    statements: list[bytes] = []
    for word, content in sections(file):
        if word in (FROM, COVER):
            first.setdefault(word, content)
        elif word == ROOT and len(statements) < MAX_STATEMENTS:
            statements.append(content)
    file.seek(0)
    try:
        return Opening(check(first[FROM].decode("ascii")), first[COVER], tuple(statements))
    except (KeyError, UnicodeDecodeError) as broken:
        raise Malformed("carried file", "it does not say from whom it is") from broken


def encode_fork(file: bytes, registrations: bytes) -> bytes:
    """Return the evidence of a fork, and what shows whose keys signed, as one section."""
    return len(file).to_bytes(4, "big") + file + registrations


def parse_fork(raw: bytes) -> tuple[bytes, bytes]:
    """Read what `encode_fork` writes; raise Malformed."""
    size = int.from_bytes(raw[:4], "big")
    if len(raw) < 4 + size:
        raise Malformed("fork", "cut short")
    return raw[4 : 4 + size], raw[4 + size :]
