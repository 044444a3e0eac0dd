"""Files that are carried on a disk between two nodes without a line (proto/README.md section 16). No I/O of its own.

Heads, packages and receipts are open and prove themselves; parts are encrypted to the receiver. The cover is a Hello.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from struct import Struct, error
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from sync import keys, note
from sync.errors import BadSignature, DoesNotOpen, Malformed, OverLimit
from sync.note import Note, VerifierKey
from sync.origin import check
from sync.package import MAX_CONTENT_BYTES, Frame, PartName
from sync.sealed import SUITE

TITLE = b"banyan-carry/v1\n"
NAME = "banyan-carry/v1"
MAX_LINES = 1_000
MAX_COVER_BYTES = 96 * 1024  # of its text: with both signatures it stays a note
MAX_TEXT_BYTES = 2 * 1024 * 1024
MAX_SECTION_BYTES = MAX_CONTENT_BYTES + 1024
FROM, COVER, HEAD, PACKAGE, PARTS, RECEIPT, SUM = WORDS = (
    "from", "cover", "head", "package", "parts", "receipt", "sum"
)  # fmt: skip
_LINE = re.compile(rb"([a-z]{3,8}) (0|[1-9][0-9]{0,8})\n")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_PACKAGE = Struct(">QQB")
_PART = Struct(">QBI")

NamedPart = tuple[str, PartName, bytes]


@dataclass(frozen=True, slots=True)
class Cover:
    """A sender's Hello to one receiver: what it holds of which logs, what it wants, receipts by whom it has."""

    federation_id: bytes
    sender: str
    receiver: str
    number: int
    epoch: bytes
    logs: dict[str, tuple[int, int]] = field(default_factory=dict)  # next_entry and stored
    wanted: tuple[tuple[str, PartName], ...] = ()
    receipts: dict[str, int] = field(default_factory=dict)  # on the sender's own log
    head: bytes = b""  # the newest that the sender holds of the receiver's own log

    def text(self) -> str:
        lines = [NAME, self.federation_id.hex(), self.sender, self.receiver, str(self.number), self.epoch.hex()]
        lines += [_log_line(*one) for one in sorted(self.logs.items())]
        lines += [_want_line(one) for one in self.wanted]
        lines += [f"receipt {signer} {size}" for signer, size in sorted(self.receipts.items())]
        lines += [f"head {note.b64encode(self.head).decode()}"] if self.head else []
        return "\n".join(lines) + "\n"

    @classmethod
    def parse(cls, text: str) -> "Cover":
        """Read exactly what `text` writes; raise Malformed."""
        try:
            title, federation, sender, receiver, number, epoch, *lines = text.removesuffix("\n").split("\n")
            logs, wanted, receipts, head = {}, [], {}, b""
            for line in lines:
                match line.split(" "):
                    case ["log", origin, held, stored]:
                        logs[check(origin)] = (_number(held), _number(stored))
                    case ["want", origin, index, part]:
                        wanted.append((check(origin), (_number(index), _number(part))))
                    case ["receipt", signer, size]:
                        receipts[check(signer)] = _number(size)
                    case ["head", raw]:
                        head = note.decode_base64(raw)
                    case _:
                        raise Malformed("cover", line[:80])
            found = cls(
                bytes.fromhex(federation), check(sender), check(receiver), _number(number), bytes.fromhex(epoch),
                logs, tuple(wanted), receipts, head,
            )  # fmt: skip
        except ValueError as broken:
            raise Malformed("cover", "not of this layout") from broken
        if title != NAME or found.text() != text or max(map(len, (logs, wanted, receipts))) > MAX_LINES:
            raise Malformed("cover", "not as we write it, or too long")
        return found


def fitting(whole: Cover) -> Cover:
    """Return a cover with as many of its logs, and then of its wants, as one note takes, the first by name."""
    room = MAX_COVER_BYTES - len(replace(whole, logs={}, wanted=()).text())
    logs: dict[str, tuple[int, int]] = {}
    wanted: list[tuple[str, PartName]] = []
    for origin, sizes in sorted(whole.logs.items())[:MAX_LINES]:
        room -= len(_log_line(origin, sizes)) + 1
        if room >= 0:
            logs[origin] = sizes
    for one in whole.wanted[:MAX_LINES]:
        room -= len(_want_line(one)) + 1
        if room >= 0:
            wanted.append(one)
    return replace(whole, logs=logs, wanted=tuple(wanted))


def _log_line(origin: str, sizes: tuple[int, int]) -> str:
    return f"log {origin} {sizes[0]} {sizes[1]}"


def _want_line(wanted: tuple[str, PartName]) -> str:
    origin, (index, number) = wanted
    return f"want {origin} {index} {number}"


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) > 2**63 - 1:
        raise Malformed("cover", "not a number")
    return int(text)


def _covered(type_: int, signer: str, text: str, number: int, time_s: int) -> bytes:
    if type_ == keys.ED25519:
        return text.encode()
    return keys.cosigned(signer, time_s, NAME, 0, number, sha256(text.encode()).digest())


def sign(cover: Cover, signers: Iterable[keys.Signer], time_s: int) -> bytes:
    """Return the note of a cover, signed by both log keys of its sender."""
    text = cover.text()
    lines = []
    for one in signers:
        value = one.sign_bytes(_covered(one.type, one.name, text, cover.number, time_s))
        stamped = time_s.to_bytes(8, "big") + value if one.type == keys.MLDSA44 else value
        lines.append(note.Signature(one.name, one.verifier.key_id, stamped))
    return Note(text, tuple(lines)).encode()


def open_cover(raw: bytes, log_keys: Sequence[VerifierKey]) -> Cover:
    """Return the cover in a note; both of its sender's log keys must have signed. Raises Malformed, BadSignature."""
    parsed = Note.parse(raw)
    cover = Cover.parse(parsed.text)
    if sorted(key.type for key in log_keys) != [keys.ED25519, keys.MLDSA44]:
        raise BadSignature(cover.sender, "the log's two keys are not known")
    for key in log_keys:
        lines = [one for one in parsed.signatures if (one.name, one.key_id) == (key.name, key.key_id)]
        if not lines or key.name != cover.sender:
            raise BadSignature(cover.sender, f"no signature of type {key.type:02x}")
        for one in lines:
            time_s, value = 0, one.value
            if key.type == keys.MLDSA44:
                time_s, value = int.from_bytes(value[:8], "big"), value[8:]
            keys.verify_bytes(key, _covered(key.type, key.name, parsed.text, cover.number, time_s), value)
    return cover


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


def check_file(file: BinaryIO) -> tuple[str, bytes]:
    """Return sender and cover of a file that is whole; raise Malformed, OverLimit for any other."""
    first: dict[str, bytes] = {}
    for word, content in sections(file):
        if word in (FROM, COVER):
            first.setdefault(word, content)
    file.seek(0)
    try:
        return check(first[FROM].decode("ascii")), first[COVER]
    except (KeyError, UnicodeDecodeError) as broken:
        raise Malformed("carried file", "it does not say from whom it is") from broken
