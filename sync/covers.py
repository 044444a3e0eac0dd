"""The cover of a carried file: its sender's Hello to one receiver, signed with both log keys (proto/README.md, 16).

Its number rises with every set for one receiver, so that an older word is told from a newer one.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from sync import keys, note
from sync.errors import BadSignature, Malformed
from sync.note import Note, VerifierKey
from sync.origin import check
from sync.package import PartName

NAME = "banyan-carry/v1"
MAX_LINES = 1_000
MAX_BYTES = 96 * 1024  # of its text: with both signatures it stays a note
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


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
    room = MAX_BYTES - len(replace(whole, logs={}, wanted=()).text())
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
