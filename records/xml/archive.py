"""A zip of XML files, read member by member as a stream; nothing is written to disk.

What is refused: names that climb or are absolute, links, encrypted members, archives in archives, members that unpack
to more than a limit, in bytes or as a ratio. Images and other attachments of a patent document are passed over.
"""

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from records.errors import UnreadableFile
from records.xml import limits, refusal

MAGIC = b"PK\x03\x04"
_END = b"PK\x05\x06"
_HEAD = 4096
_ARCHIVES = (
    MAGIC,
    b"PK\x05\x06",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!",
    b"\x28\xb5\x2f\xfd",
)
_ATTACHED = frozenset(
    [
        *(".tif", ".tiff", ".jpg", ".jpeg", ".png", ".gif", ".bmp", ".pdf", ".txt", ".md5", ".sha256"),
        *(".dtd", ".xsd", ".ent", ".mod", ".xsl", ".css", ".cdx", ".mol", ".nb"),
    ]
)
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error, NotImplementedError, ValueError)


@dataclass(frozen=True, slots=True)
class Refused:
    """A member that is not read, and why."""

    name: str
    error: UnreadableFile


class Member:
    """A member as a stream of its bytes; `head` are the first of them. Reading raises UnreadableFile at a limit."""

    def __init__(self, name: str, file: IO[bytes], packed: int, meter: "_Meter") -> None:
        self.name = name
        self._file = file
        self._packed = packed
        self._read = 0
        self._meter = meter
        self.head = self._take(_HEAD)
        self._pending = self.head

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size` of them."""
        pending, self._pending = self._pending, b""
        return pending or self._take(size)

    def _take(self, size: int) -> bytes:
        try:
            chunk = self._file.read(size)
        except (*_BROKEN, OSError, RuntimeError) as error:
            raise _member(self.name, f"已损坏（{error}）", f"is damaged ({error})") from None
        self._read += len(chunk)
        self._meter.add(len(chunk))
        if self._read > limits.MAX_MEMBER_BYTES or _is_bomb(self._read, self._packed):
            raise _member(self.name, "解压后过大", "unpacks to too much")
        return chunk


class _Meter:
    """What all members together have unpacked to, against the size of the archive."""

    def __init__(self, packed: int) -> None:
        self._packed = packed
        self._read = 0

    def add(self, count: int) -> None:
        self._read += count
        if self._read > limits.MAX_ARCHIVE_BYTES or _is_bomb(self._read, self._packed):
            raise refusal.archive("解压后过大", "it unpacks to too much", self._read)


def members(path: Path) -> Iterator[Member | Refused]:
    """Give the members of an archive in its order; raise UnreadableFile for one that cannot be opened or is a bomb."""
    _limit_directory(path)
    meter = _Meter(path.stat().st_size)
    try:
        opened = zipfile.ZipFile(path)
    except (*_BROKEN, OSError) as error:
        raise refusal.archive(f"已损坏（{error}）", f"it is damaged ({error})") from None
    with opened:
        for info in opened.infolist():
            if info.is_dir() or PurePosixPath(info.filename).suffix.lower() in _ATTACHED:
                continue
            try:
                _judge(info)
                with _open(opened, info) as file:
                    member = Member(info.filename[:300], file, info.compress_size, meter)
                    if member.head.startswith(_ARCHIVES):
                        raise _member(info.filename, "是压缩包中的压缩包", "is an archive in an archive")
                    yield member
            except UnreadableFile as error:
                yield Refused(info.filename[:300], error)


def _open(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    try:
        return opened.open(info)
    except (*_BROKEN, OSError, RuntimeError) as error:
        raise _member(info.filename, f"已损坏（{error}）", f"is damaged ({error})") from None


def _judge(info: zipfile.ZipInfo) -> None:
    name = info.filename
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or (len(name) > 1 and name[1] == ":"):
        raise _member(name, "的名称指向压缩包之外", "has a name that leads out of the archive")
    if info.flag_bits & 0x41:
        raise _member(name, "已加密，请解密后导入", "is encrypted; decrypt it first")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise _member(name, "是链接", "is a link")
    if info.file_size > limits.MAX_MEMBER_BYTES or _is_bomb(info.file_size, info.compress_size):
        raise _member(name, "解压后过大", "unpacks to too much")


def _is_bomb(unpacked: int, packed: int) -> bool:
    return unpacked > limits.MIN_RATIO_BYTES and unpacked > limits.MAX_RATIO * max(packed, 1)


def _limit_directory(path: Path) -> None:
    """Refuse a directory of more members than the limit before it is read into memory."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 65_557))
        tail = file.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < 22:
        raise refusal.archive("已损坏或不完整", "it is damaged or cut short")
    count, directory_bytes = struct.unpack_from("<HI", tail, place + 10)
    if directory_bytes == 0xFFFFFFFF or count == 0xFFFF:  # Zip64: the numbers stand in a record of its own
        found = tail.rfind(b"PK\x06\x06")
        if found < 0 or len(tail) - found < 56:
            raise refusal.archive("已损坏或不完整", "it is damaged or cut short")
        count, directory_bytes = struct.unpack_from("<QQ", tail, found + 32)
    if count > limits.MAX_MEMBERS or directory_bytes > limits.MAX_MEMBERS * 256:
        raise refusal.too_large("archive members", limits.MAX_MEMBERS)


def _member(name: str, zh: str, en: str) -> UnreadableFile:
    return UnreadableFile(
        f"压缩包中的“{name[:300]}”{zh}，未读取。", f"{name[:300]!r} in the archive {en}, and was not read.", name[:300]
    )
