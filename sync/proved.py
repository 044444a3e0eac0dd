"""One proved entry: a tlog-proof whose `extra` carries the entry and its opened parts (C2SP tlog-proof; wire.md 8).

extra: base64 of `u16 len ‖ entry ‖ u8 parts ‖ (u8 number ‖ u32 len ‖ salt and bytes)*`; untrusted until hashed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from struct import Struct, error

from sync import entry, head, note, proof, tree
from sync.bundles import Bundles
from sync.errors import BadProof, Malformed
from sync.head import Head

_TITLE = "c2sp.org/tlog-proof@v1"
_PART = Struct(">BI")


@dataclass(frozen=True, slots=True)
class Step:
    """A verified entry of one log: where it is, its bytes, the head that it is proved under, and the parts opened."""

    index: int
    raw: bytes
    entry: entry.Entry
    head: Head
    note: bytes
    parts: dict[int, bytes]


def prove(bundles: Bundles, index: int, raw: bytes, size: int, signed: bytes, parts: dict[int, bytes]) -> bytes:
    """Return the tlog-proof of entry `index` under the note `signed`, which promises `size` entries."""
    hashes = tree.inclusion_proof(bundles, index, size)
    extra = note.b64encode(_extra(raw, parts)).decode()
    lines = [_TITLE, f"extra {extra}", f"index {index}", *(note.b64encode(one).decode() for one in hashes), ""]
    return "\n".join(lines).encode() + b"\n" + signed


def _extra(raw: bytes, parts: dict[int, bytes]) -> bytes:
    opened = [_PART.pack(number, len(content)) + content for number, content in sorted(parts.items())]
    return len(raw).to_bytes(2, "big") + raw + bytes([len(opened)]) + b"".join(opened)


def parse(raw: bytes) -> tuple[int, bytes, dict[int, bytes], list[bytes], bytes]:
    """Return (index, entry, parts, hashes, note) as the proof states them, nothing verified; raise Malformed."""
    before, blank, signed = raw.partition(b"\n\n")
    try:
        lines = before.decode("ascii").split("\n")
    except UnicodeDecodeError as broken:
        raise Malformed("tlog-proof", "not ASCII") from broken
    if not blank or len(lines) < 3 or len(lines) > 3 + proof.MAX_HASHES or lines[0] != _TITLE:
        raise Malformed("tlog-proof", "not of this layout")
    number = lines[2].removeprefix("index ")
    if not (lines[1].startswith("extra ") and lines[2].startswith("index ")) or str(_number(number)) != number:
        raise Malformed("tlog-proof", "extra or index")
    stated, parts = _read_extra(note.decode_base64(lines[1].removeprefix("extra ")))
    return int(number), stated, parts, [note.decode_base64(line) for line in lines[3:]], signed


def stated_origin(raw: bytes) -> str:
    """Return whose log a proof says that it is from, nothing verified; raise Malformed."""
    return head.stated(parse(raw)[4]).origin


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else -1


def _read_extra(raw: bytes) -> tuple[bytes, dict[int, bytes]]:
    parts: dict[int, bytes] = {}
    try:
        at = 2 + int.from_bytes(raw[:2], "big")
        stated, count, at = raw[2:at], raw[at], at + 1
        for _ in range(count):
            number, length = _PART.unpack_from(raw, at)
            at += _PART.size + length
            parts[number] = raw[at - length : at]
    except (IndexError, error) as cut:
        raise Malformed("tlog-proof", "extra is cut short") from cut
    if _extra(stated, parts) != raw:
        raise Malformed("tlog-proof", "extra is not as we write it")
    return stated, parts


def open_entry(raw: bytes, log_keys: Iterable[note.VerifierKey]) -> Step:
    """Return the entry that a tlog-proof shows under a head by `log_keys`, both of them.

    Parts are not compared with their commitments yet: see `check_parts`. Raises Malformed, BadSignature, BadProof.
    """
    known = tuple(log_keys)
    return open_by(raw, lambda signed: head.open_head(signed, known))


def open_by(raw: bytes, open_head: Callable[[bytes], Head]) -> Step:
    """Return the entry that a tlog-proof shows under a head that `open_head` takes; see `open_entry`."""
    index, stated, parts, hashes, signed = parse(raw)
    found = open_head(signed)
    proof.check_inclusion(tree.leaf_hash(stated), index, found.size, hashes, found.root)
    return Step(index, stated, entry.Entry.decode(stated), found, signed, parts)


def check_parts(step: Step, committer: entry.Committer) -> None:
    """Return if every opened part is what the entry committed to; raise BadProof."""
    stated: Sequence[tuple[str, bytes]] = step.entry.commitments
    for number, content in step.parts.items():
        if number >= len(stated) or not committer.opens(stated[number][1], stated[number][0], content):
            raise BadProof(f"part {number} is not what the entry committed to")
