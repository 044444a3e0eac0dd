"""A file of XML, a zip of such files, or a JSON answer of an office's service, opened as a Reader."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from records import kinds
from records.draft import Draft
from records.errors import UnreadableFile
from records.kinds import Kinds
from records.rules import finding
from records.xml import answers, archive, decoding, documents, formats, joining, refusal
from records.xml.documents import Broken, Unit
from records.xml.form import Form

_HEAD = 4096


@dataclass(frozen=True, slots=True)
class XmlReader:
    """A file that was recognised; `stated` is None: each draft states its own fields."""

    path: Path
    format: str
    encoding: str
    layout: str = ""
    stated: frozenset[str] | None = None

    def drafts(self) -> Iterator[Draft]:
        """Give what the file states, from its beginning, numbered from 1: an event of a document is a place of its own.

        A document that cannot be read, or not to its end, is a draft with the reason; the others are read.
        """
        for place, draft in enumerate(self._drafts(), 1):
            yield replace(draft, place=place)

    def _drafts(self) -> Iterator[Draft]:
        if self.format == answers.FORMAT:
            return answers.drafts(self.path)
        return (one.draft() if isinstance(one, Form) else one for one in joining.joined(_forms(self.path)))


def takes(start: bytes) -> bool:
    """Return whether a file whose first bytes these are may be for this folder: XML in any encoding, or an answer.

    A zip is for this folder if it is no workbook: that is for the caller to tell.
    """
    text = start.decode("utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "ignore").lstrip(
        "\ufeff \t\r\n"
    )
    if text.startswith("<"):
        lower = text[:2048].lower()
        return lower.startswith(("<?xml", "<!doctype", "<")) and "<html" not in lower and "<!doctype html" not in lower
    return answers.takes(start)


def open(path: Path, known: Kinds = kinds.BUILT_IN) -> XmlReader:
    """Open a file; raise UnreadableFile, with the reason, for what holds no rights or events or is broken."""
    with path.open("rb") as file:
        start = file.read(_HEAD)
    if not start.strip(b"\x00 \t\r\n"):
        raise UnreadableFile("文件是空的；请换一个文件。", "The file is empty; choose another.")
    if answers.takes(start):
        return XmlReader(path, answers.FORMAT, "utf-8", answers.check(path))
    error: UnreadableFile | None = None
    for part in _parts(path):
        for one in part.found:
            if isinstance(one, Unit) and formats.holds(one):
                return XmlReader(path, formats.of(one.root).name, part.encoding)
            error = error or (one.error if isinstance(one, Broken) else formats.empty(one.root))
    raise error or refusal.archive("其中没有 XML 文件", "it holds no XML file")


@dataclass(frozen=True, slots=True)
class _Part:
    """A file, or a member of an archive under its name: what is in it, and the encoding it begins in."""

    member: str
    encoding: str
    found: Iterator[Unit | Broken]


def _parts(path: Path) -> Iterator[_Part]:
    with path.open("rb") as file:
        start = file.read(_HEAD)
        if not start.startswith(archive.MAGIC):
            file.seek(0)
            yield _Part("", _encoding(start), documents.read(file, formats.is_unit))
            return
    for member in archive.members(path):
        if isinstance(member, archive.Refused):
            yield _Part(member.name, "", iter([Broken(None, member.error)]))
        else:
            yield _Part(member.name, _encoding(member.head), documents.read(member, formats.is_unit))


def _encoding(start: bytes) -> str:
    try:
        return decoding.encoding(start)
    except UnreadableFile:
        return ""  # reading it says why


def _forms(path: Path) -> Iterator[Form]:
    """Give a form for everything that the file states, and one with an error for each document that is not read."""
    place = 0
    for part in _parts(path):
        for one in part.found:
            place += 1
            found = list(formats.forms(one, place)) if isinstance(one, Unit) else []
            for form in found or [_refused(place, one)]:
                if part.member:
                    form.note("file", part.member)
                yield form


def _refused(place: int, one: Unit | Broken) -> Form:
    form = Form(None, place)
    error = one.error if isinstance(one, Broken) else formats.empty(one.root)
    value = one.root.local if one.root else ""
    form.findings.append(
        finding("XML_DOCUMENT", "", value, reason=error.message_zh.rstrip("。"), reason_en=error.message_en)
    )
    return form
