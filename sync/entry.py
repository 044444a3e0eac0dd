"""Entries, the leaves of a log, and the parts that they commit to (wire.md section 3). Arithmetic on bytes only.

An entry is made once by its log's owner and never serialised again by anybody.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct

from sync.errors import Malformed, OverLimit

VERSION = 1
RECORD = 1
CONTROL = 2
SALT_BYTES = 16
MAX_ENTRY_BYTES = 8 * 1024
MAX_PARTS = 8
MAX_PART_BYTES = 64 * 1024
MAX_PARTS_BYTES = 128 * 1024
_FIXED = Struct(">BBQB")
_AUDIENCE = re.compile(r"public|federation|path|alliance:[a-z0-9]{4,64}|node:[a-z0-9./-]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """Content for one audience: 16 bytes of salt, which travel with the part only, and the bytes themselves."""

    audience: str
    salt: bytes
    body: bytes

    def content(self) -> bytes:
        """Salt and bytes, as stored and sent."""
        return self.salt + self.body


@dataclass(frozen=True, slots=True)
class Entry:
    """What a leaf says. `commitments` are (audience, 32 bytes) by part number; `rest` is kept for later versions."""

    kind: int
    time_ms: int
    commitments: tuple[tuple[str, bytes], ...] = ()
    control: bytes = b""
    rest: bytes = b""

    def encode(self) -> bytes:
        """Return the leaf's bytes; raise OverLimit where they would not be taken."""
        if len(self.commitments) > MAX_PARTS:
            raise OverLimit("parts of an entry", len(self.commitments), MAX_PARTS)
        pieces = [_FIXED.pack(VERSION, self.kind, self.time_ms, len(self.commitments))]
        for audience, commitment in self.commitments:
            pieces += (bytes([len(audience)]), audience.encode("ascii"), commitment)
        pieces += (len(self.control).to_bytes(2, "big"), self.control, self.rest)
        raw = b"".join(pieces)
        if len(raw) > MAX_ENTRY_BYTES:
            raise OverLimit("bytes of an entry", len(raw), MAX_ENTRY_BYTES)
        return raw

    @classmethod
    def decode(cls, raw: bytes) -> "Entry":
        """Read a leaf; raise Malformed for a version or layout that we would not have written."""
        if len(raw) > MAX_ENTRY_BYTES or len(raw) < _FIXED.size + 2:
            raise Malformed("entry", "too long or too short")
        version, kind, time_ms, count = _FIXED.unpack_from(raw)
        if version != VERSION or count > MAX_PARTS or (count and kind == CONTROL):
            raise Malformed("entry", f"version {version}, kind {kind}, {count} parts")
        commitments, at = [], _FIXED.size
        for _ in range(count):
            width = raw[at] if at < len(raw) else 0
            audience, at = raw[at + 1 : at + 1 + width], at + 33 + width
            commitments.append((_audience(audience), raw[at - 32 : at]))
        if at + 2 > len(raw):
            raise Malformed("entry", "cut short")
        behind = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        if behind > len(raw) or (behind > at + 2 and kind == RECORD):
            raise Malformed("entry", "control does not fit")
        return cls(kind, time_ms, tuple(commitments), raw[at + 2 : behind], raw[behind:])


_known_audiences: dict[bytes, str] = {}


def _audience(raw: bytes) -> str:
    found = _known_audiences.get(raw)
    if found is None:
        try:
            found = raw.decode("ascii")
        except UnicodeDecodeError as error:
            raise Malformed("audience", repr(raw[:40])) from error
        if not found or any(sign <= " " or sign > "~" for sign in found):
            raise Malformed("audience", found[:40])
        if _AUDIENCE.fullmatch(found) and len(_known_audiences) < 10_000:
            _known_audiences[raw] = found
    return found


def check_audience(audience: str) -> str:
    """Return an audience that a node of this version may file for; raise Malformed for others."""
    if not _AUDIENCE.fullmatch(audience):
        raise Malformed("audience", audience[:40])
    return audience


def commitments(raw: bytes) -> tuple[int, Sequence[tuple[str, bytes]]]:
    """Return an entry's kind and its (audience, commitment) by part number; raise Malformed as `Entry.decode` does.

    The usual entry, one record part and nothing else, is read by its offsets: this runs for every entry at every tier.
    """
    if len(raw) > 46 and raw[0] == VERSION and raw[1] == RECORD and raw[10] == 1:
        width = raw[11]
        audience = _known_audiences.get(raw[12 : 12 + width])
        if audience is not None and len(raw) == 46 + width and raw[-2:] == b"\0\0":
            return RECORD, ((audience, raw[12 + width : 44 + width]),)
    read = Entry.decode(raw)
    return read.kind, read.commitments


class Committer:
    """Makes commitments for the parts of one log; the fixed beginning is hashed once for each audience."""

    def __init__(self, federation_id: bytes, origin: str):
        self.federation_id = federation_id
        self._begin = b"banyan-part/v1\0" + federation_id + bytes([len(origin)]) + origin.encode()
        self._prefixes: dict[str, bytes] = {}

    def commit(self, audience: str, content: bytes) -> bytes:
        """Return the 32-byte commitment to `content`, salt and bytes, for `audience`. wire.md section 3."""
        prefix = self._prefixes.get(audience)
        if prefix is None:
            prefix = self._prefixes[audience] = self._begin + bytes([len(audience)]) + audience.encode("ascii")
        length = (len(content) - SALT_BYTES).to_bytes(4, "big")
        return sha256(b"".join((prefix, content[:SALT_BYTES], length, content[SALT_BYTES:]))).digest()

    def opens(self, commitment: bytes, audience: str, content: bytes) -> bool:
        """Tell whether `content` is what an entry committed to: a whole salt, at most 64 KiB, and the right hash."""
        return SALT_BYTES <= len(content) <= MAX_PART_BYTES and self.commit(audience, content) == commitment


def record_entry(committer: Committer, time_ms: int, parts: Sequence[Part]) -> bytes:
    """Return the bytes of a record entry that commits to `parts`; raise OverLimit before anything is sealed."""
    if len(parts) == 1 and len(parts[0].body) <= MAX_PART_BYTES - SALT_BYTES and len(parts[0].salt) == SALT_BYTES:
        audience = parts[0].audience  # one part, as nearly always: what `Entry.encode` would make, in half the time
        commitment = committer.commit(audience, parts[0].content())
        head = _FIXED.pack(VERSION, RECORD, time_ms, 1) + bytes([len(audience)])
        return b"".join((head, audience.encode("ascii"), commitment, b"\0\0"))
    total = 0
    for part in parts:
        total += len(part.body) + SALT_BYTES
        if len(part.body) + SALT_BYTES > MAX_PART_BYTES or len(part.salt) != SALT_BYTES:
            raise OverLimit("bytes of a part", len(part.body) + SALT_BYTES, MAX_PART_BYTES)
    if total > MAX_PARTS_BYTES:
        raise OverLimit("bytes of an entry's parts", total, MAX_PARTS_BYTES)
    commitments = tuple((part.audience, committer.commit(part.audience, part.content())) for part in parts)
    return Entry(RECORD, time_ms, commitments).encode()


def control_entry(time_ms: int, control: bytes) -> bytes:
    """Return the bytes of a control entry."""
    return Entry(CONTROL, time_ms, (), control).encode()
