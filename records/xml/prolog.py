"""What stands before the first element of an XML document: read by ourselves, so that no parser sees a DTD.

A DOCTYPE may name an external DTD, which is never fetched. Its internal subset may declare notations and unparsed
(NDATA) entities, as office files do for their images, and nothing else: an entity with a text of its own can be made
to grow without bound or to read other files.
"""

import re
from dataclasses import dataclass

from records.xml import limits, refusal

_LITERAL = rb"(?:\"[^\"]*\"|'[^']*')"
_QUOTED = re.compile(_LITERAL + rb"|[\"'].*", re.DOTALL)  # the last one may not be closed yet
_SPACE = re.compile(rb"[ \t\r\n]*")
_DOCTYPE = re.compile(
    rb"<!DOCTYPE\s+([^\s\[\]<>\"'&]+)(?:\s+SYSTEM\s+%b|\s+PUBLIC\s+%b(?:\s+%b)?)?\s*([\[>])" % ((_LITERAL,) * 3)
)
_NDATA = re.compile(
    rb"<!ENTITY\s+[^\s%%<>\"'&]+\s+(?:SYSTEM|PUBLIC\s+%b)\s+%b\s+NDATA\s+[^\s<>\"']+\s*>" % ((_LITERAL,) * 2)
)
_NOTATION = re.compile(rb"<!NOTATION\s+[^\s%%<>\"'&]+\s+(?:SYSTEM|PUBLIC)\s+%b(?:\s+%b)?\s*>" % ((_LITERAL,) * 2))
_ENCODING = re.compile(rb"<\?xml\s[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._\-]+)[\"']")
_ROOT = re.compile(rb"<[^\s!?/<>&\"'=]")
_PATIENCE = 4096  # bytes after the beginning of a declaration: more do not complete it


@dataclass(frozen=True, slots=True)
class Prolog:
    """`size` bytes stand before the root element; `doctype` is the name that a DOCTYPE gives it, or b""."""

    size: int
    doctype: bytes


def declared_encoding(start: bytes) -> str:
    """Return the encoding that an XML declaration at the start of ASCII-like bytes names, in lower case, or ""."""
    match = _ENCODING.match(start.lstrip())
    return match[1].decode("ascii").lower() if match else ""


def scan(data: bytes, final: bool) -> Prolog | None:
    """Read the prolog at the start of UTF-8 bytes; None if more bytes are needed, never if they are `final`.

    Raises UnreadableFile for what is no XML, for a declaration that is not allowed, and for a prolog above the limit.
    """
    found = _scan(data + b" " * 9 if final else data)
    if found is None and final:
        raise refusal.malformed("no element")
    if found is None and len(data) > limits.MAX_PROLOG_BYTES:
        raise refusal.too_large("prolog bytes", limits.MAX_PROLOG_BYTES)
    return found


def _scan(data: bytes) -> Prolog | None:
    place, doctype = 0, b""
    while True:
        place = _past_space(data, place)
        head = data[place : place + 9]
        if len(head) < 9:
            return None
        if _ROOT.match(head):
            return Prolog(place, doctype)
        if head == b"<!DOCTYPE" and not doctype:
            doctype, end = _doctype(data, place)
        else:
            remark = _past_remark(data, place, head)
            if remark is None:
                raise refusal.malformed(head.decode("utf-8", "replace"))
            end = remark
        if end < 0:
            return None
        place = end


def _past_remark(data: bytes, place: int, head: bytes) -> int | None:
    """Return where a comment or instruction ends, -1 if not yet here; None for anything else."""
    for start, end in ((b"<!--", b"-->"), (b"<?", b"?>")):
        if head.startswith(start):
            found = data.find(end, place + len(start))
            return found + len(end) if found >= 0 else -1
    return None


def _doctype(data: bytes, place: int) -> tuple[bytes, int]:
    """Return the name of the root that a DOCTYPE tells, and where it ends (-1: not yet here)."""
    match = _DOCTYPE.match(data, place)
    if not match:
        if len(data) - place > _PATIENCE:
            raise refusal.malformed("<!DOCTYPE")
        return b"", -1
    if match[2] == b">":
        return match[1], match.end()
    end = _subset(data, match.end())
    closing = _past_space(data, end) if end >= 0 else len(data)
    if closing >= len(data):
        return b"", -1
    if data[closing : closing + 1] != b">":
        raise refusal.malformed("<!DOCTYPE")
    return match[1], closing + 1


def _subset(data: bytes, place: int) -> int:
    """Return where the internal subset ends (past its bracket), -1 if not yet here."""
    while place >= 0:
        place = _past_space(data, place)
        head = data[place : place + 9]
        if head.startswith(b"]"):
            return place + 1
        if len(head) < 9:
            return -1
        end = _past_remark(data, place, head)
        place = _declaration(data, place) if end is None else end
    return -1


def _declaration(data: bytes, place: int) -> int:
    """Return where an allowed declaration ends, -1 if not yet here; raise UnreadableFile for any other."""
    match = _NDATA.match(data, place) or _NOTATION.match(data, place)
    if match:
        return match.end()
    begun = data[place : place + 10]
    known = begun.startswith((b"<!ENTITY", b"<!NOTATION")) or b"<!NOTATION".startswith(begun)
    outside = _QUOTED.sub(b"", data[place : place + _PATIENCE])
    if not known or b">" in outside or len(data) - place > _PATIENCE:
        raise refusal.entities(data[place : place + 80].decode("utf-8", "replace").partition(">")[0])
    return -1


def _past_space(data: bytes, place: int) -> int:
    match = _SPACE.match(data, place)
    return match.end() if match else place
