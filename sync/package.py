"""Packages: up to 256 entries with their proof and parts, as one frame (wire.md section 3, layout in proto/README.md).

`u8 version ‖ u16 entries ‖ (u16 len ‖ entry)* ‖ u8 hashes ‖ 32 bytes each ‖ u32 parts ‖
(u8 entry ‖ u8 part ‖ u32 len)* ‖ contents`. It travels as it is, or as one zstd frame that declares its content size.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from struct import Struct, error

import zstandard

from sync.entry import MAX_ENTRY_BYTES, MAX_PART_BYTES
from sync.errors import Malformed, OverLimit
from sync.proof import MAX_HASHES
from sync.tree import BUNDLE

VERSION = 1
MAX_CONTENT_BYTES = 4 * 1024 * 1024
MAX_RATIO = 100
MAX_PACKAGES_A_CALL = 32
MAX_UNACKNOWLEDGED = 8
MAX_OVERLAP = 2048
_LEVEL = 3
_U16 = Struct(">H")
_U32 = Struct(">I")
_PART = Struct(">BBI")

PartName = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Package:
    """Entries [first, first + len(entries)) of one log, their proof, and parts: (index, number) → salt and bytes."""

    first: int
    entries: list[bytes]
    proof: list[bytes]
    parts: list[tuple[PartName, bytes]]

    @property
    def last(self) -> int:
        """The index behind the last entry."""
        return self.first + len(self.entries)


@dataclass(frozen=True, slots=True)
class Frame:
    """A package's bytes as they travel."""

    first: int
    compressed: bool
    content: bytes


def bundle_bytes(entries: Iterable[bytes]) -> bytes:
    """Return `(u16 len ‖ entry)*`. Source: C2SP tlog-tiles, entry bundles."""
    pieces: list[bytes] = []
    for entry in entries:
        pieces += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(pieces)


def bundle_entries(raw: bytes, count: int | None = None, at: int = 0) -> tuple[list[bytes], int]:
    """Return `count` entries (all without a count) of a bundle from offset `at`, and the offset behind them."""
    entries: list[bytes] = []
    end = len(raw)
    while at < end if count is None else len(entries) < count:
        length = (raw[at] << 8 | raw[at + 1]) if at + 2 <= end else end
        if length > MAX_ENTRY_BYTES or at + 2 + length > end:
            raise Malformed("bundle", "an entry is too long or cut short")
        entries.append(raw[at + 2 : at + 2 + length])
        at += 2 + length
    return entries, at


class Packer:
    """Turns packages into frames; leaves parts out, last first, until the content fits."""

    def __init__(self) -> None:
        self._zstd = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True)

    def pack(self, package: Package) -> Frame:
        """Return the frame; parts that do not fit are left out and will be asked for."""
        head = [bytes([VERSION]), _U16.pack(len(package.entries)), bundle_bytes(package.entries)]
        head += [bytes([len(package.proof)]), *package.proof]
        taken = _that_fit(package.parts, MAX_CONTENT_BYTES - sum(map(len, head)) - _U32.size)
        first = package.first
        table = [_PART.pack(index - first, number, len(content)) for (index, number), content in taken]
        content = b"".join((*head, _U32.pack(len(taken)), *table, *(one for _name, one in taken)))
        packed = self._zstd.compress(content)
        if len(packed) < len(content) <= MAX_RATIO * len(packed):
            return Frame(first, True, packed)
        return Frame(first, False, content)


def _that_fit(parts: list[tuple[PartName, bytes]], room: int) -> list[tuple[PartName, bytes]]:
    used = accumulate(_PART.size + len(content) for _name, content in parts)
    return [one for one, so_far in zip(parts, used, strict=True) if so_far <= room]


def unpack(frame: Frame) -> Package:
    """Return the package in a frame; raise Malformed or OverLimit before anything large is made."""
    raw = _inflated(frame.content) if frame.compressed else frame.content
    if len(raw) > MAX_CONTENT_BYTES:
        raise OverLimit("bytes of a package", len(raw), MAX_CONTENT_BYTES)
    try:
        return _read(frame.first, raw)
    except (IndexError, error) as cut:
        raise Malformed("package", "cut short") from cut


def _inflated(content: bytes) -> bytes:
    """Bounded by what the frame declares: zstandard ignores `max_output_size` when a size is declared."""
    try:
        declared = zstandard.frame_content_size(content)
        if not 0 <= declared <= min(MAX_CONTENT_BYTES, MAX_RATIO * len(content)):
            raise OverLimit("declared bytes of a package", declared, min(MAX_CONTENT_BYTES, MAX_RATIO * len(content)))
        with zstandard.ZstdDecompressor(max_window_size=2**23).stream_reader(content) as reader:
            raw = reader.read(declared)
            behind = reader.read(1)
    except zstandard.ZstdError as broken:
        raise Malformed("package", "not a zstd frame") from broken
    if len(raw) != declared or behind:
        raise Malformed("package", "another size than declared")
    return raw


def _read(first: int, raw: bytes) -> Package:
    count = _U16.unpack_from(raw, 1)[0]
    if raw[0] != VERSION or not 1 <= count <= BUNDLE:
        raise Malformed("package", f"version {raw[0]}, {count} entries")
    entries, at = bundle_entries(raw, count, 3)
    hashes = raw[at]
    if hashes > MAX_HASHES or at + 1 + 32 * hashes > len(raw):
        raise Malformed("package", "proof too long")
    proof = [raw[at + 1 + 32 * one : at + 33 + 32 * one] for one in range(hashes)]
    at += 1 + 32 * hashes
    total = _U32.unpack_from(raw, at)[0]
    at += _U32.size
    start = at + _PART.size * total
    if start > len(raw):
        raise Malformed("package", "parts cut short")
    parts: list[tuple[PartName, bytes]] = []
    for entry, number, length in _PART.iter_unpack(raw[at:start]):
        if length > MAX_PART_BYTES:
            raise Malformed("package", "a part is too long")
        parts.append(((first + entry, number), raw[start : start + length]))
        start += length
    if start != len(raw):
        raise Malformed("package", "parts cut short, or bytes behind them")
    return Package(first, entries, proof, parts)
