"""The documents of an XML file as a stream: each record's part of the tree, one at a time.

Weekly files of offices hold many documents, one after the other, each with its own declaration; a service's answer
holds many records in one document. Both come out as units. What was given out is freed before the next is read, and
texts that no record keeps (descriptions, drawings) are freed while they are parsed.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

from lxml import etree

from records.errors import UnreadableFile
from records.xml import decoding, limits, prolog, refusal

_BOUNDARY = re.compile(rb"<\?xml\s|<!DOCTYPE\s")
_NEXT = re.compile(rb"(?:\A|\n)[ \t]*(<\?xml\s)")
_CARRY = 10  # a boundary that begins in the last bytes of a chunk
_DROPPED = frozenset(
    {
        *(
            "description",
            "Description",
            "DescriptionBag",
            "drawings",
            "Drawings",
            "sequence-list-doc",
            "SequenceListing",
        ),
        *("us-math", "us-chemistry", "us-sequence-list-doc", "tables", "maths", "chemistry", "search-report-data"),
        *("MarkEventBag", "MarkEventDetails", "ReferenceCitationBag", "references-cited", "us-references-cited"),
        *("ReferencesCited", "DesignRepresentationBag", "ExternalDocumentBag", "DesignApplicationEventBag"),
    }
)
_FATAL = etree.ErrorLevels.FATAL


@dataclass(frozen=True, slots=True)
class Name:
    """An element's name: its namespace ("" for none) and its local part."""

    namespace: str
    local: str


@dataclass(frozen=True, slots=True)
class Unit:
    """One record's element, with the name of the root of its document and that of the element itself.

    The element is emptied once the next unit is asked for.
    """

    root: Name
    name: Name
    element: etree._Element


@dataclass(frozen=True, slots=True)
class Broken:
    """A document that ended in an error; what follows it is read all the same. `root` is None if there was none."""

    root: Name | None
    error: UnreadableFile


Source = decoding.Source
Chooser = Callable[[Name, Name], bool]
"""Whether an element is a unit: called with the root and the element, for every one that is in no unit."""


def name(tag: str) -> Name:
    """Read a tag as lxml writes it, "{namespace}local"."""
    namespace, _, local = tag[1:].partition("}") if tag.startswith("{") else ("", "", tag)
    return Name(namespace, local)


def read(file: Source, is_unit: Chooser) -> Iterator[Unit | Broken]:
    """Give the units of every document of the file, in its order, and a Broken for each that cannot be read.

    Memory follows the largest unit, not the file. Raises nothing: a file that is no text is one Broken.
    """
    tape = _Tape(decoding.chunks(file))
    while not tape.is_over():
        document = _Document(is_unit)
        try:
            yield from _read_one(tape, document)
        except UnreadableFile as error:
            yield Broken(document.root, error)
            if tape.is_torn:
                return
            tape.skip_to_boundary()


def _read_one(tape: "_Tape", document: "_Document") -> Iterator[Unit]:
    start = tape.prolog()
    try:
        if start.doctype:  # an unknown entity is then a node of the tree, and not an error
            document.feed(b"<!DOCTYPE %b SYSTEM 'none'>" % start.doctype)
        for piece in tape.pieces():
            if piece:
                document.feed(piece)
            yield from document.units()
            if tape.at_boundary and document.is_closed:
                break
        document.close()
    except etree.XMLSyntaxError as error:
        yield from document.units()
        raise refusal.malformed(document.first_error() or str(error.msg)[:200], error.lineno or 0) from None
    if not document.count:
        raise refusal.no_rights(f"根元素为 {document.root_name} 的 XML", f"XML with the root {document.root_name}")


class _Tape:
    """The UTF-8 text of a file, cut where another document may begin."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._data = b""
        self._ended = False
        self.at_boundary = False
        self._torn: UnreadableFile | None = None

    @property
    def is_torn(self) -> bool:
        """Return whether the file's bytes fit its encoding no longer: nothing more comes."""
        return self._torn is not None

    def is_over(self) -> bool:
        """Return whether nothing but blanks is left. A tape that cannot be read on is not over: reading it raises."""
        while not self._data.strip() and not self._ended:
            try:
                self._data = b""
                self._pull()
            except UnreadableFile:
                return False
        return self._ended and not self._data.strip()

    def prolog(self) -> prolog.Prolog:
        """Take the next document's prolog off the tape."""
        while True:
            try:
                found = prolog.scan(self._data, self._ended)
            except UnreadableFile:
                self._data = self._data[1:]  # so that what is looked for next is another document
                raise
            if found is not None:
                self._data = self._data[found.size :]
                return found
            self._pull()

    def pieces(self) -> Iterator[bytes]:
        """Give what follows, up to each place where a document may begin, where `at_boundary` is True."""
        total, begun = 0, 0
        while True:
            match = _BOUNDARY.search(self._data, begun)
            end = match.start() if match else max(0, len(self._data) - (0 if self._ended else _CARRY))
            self.at_boundary = match is not None
            piece, self._data = self._data[:end], self._data[end:]
            total += end
            if total > limits.MAX_DOCUMENT_BYTES:
                raise refusal.too_large("document bytes", limits.MAX_DOCUMENT_BYTES)
            yield piece
            begun = 1 if match else 0  # asked to go on: what looked like a beginning was text
            if not match and self._ended:
                return
            if not match:
                self._pull()

    def skip_to_boundary(self) -> None:
        """Go on to the next place where a document begins at the start of a line, or to the end."""
        try:
            while True:
                match = _NEXT.search(self._data)
                if match:
                    self._data = self._data[match.start(1) :]
                    return
                self._data = self._data[-64:]
                if self._ended:
                    self._data = b""
                    return
                self._pull()
        except UnreadableFile:
            self._data = b""

    def _pull(self) -> None:
        if self._torn is not None:
            raise self._torn
        try:
            chunk = next(self._chunks, None)
        except UnreadableFile as error:
            self._torn = error
            raise
        if chunk is None:
            self._ended = True
        else:
            self._data += chunk


class _Document:
    """One document while it is parsed: what is wanted of it, and what it has cost so far."""

    def __init__(self, is_unit: Chooser) -> None:
        self.root: Name | None = None
        self.is_closed = False
        self.count = 0
        self._is_unit = is_unit
        self._depth = 0
        self._unit_depth = 0  # depth of the open unit, 0: none
        self._dropped_depth = 0
        self._elements = 0
        self._chars = 0
        self._parser = etree.XMLPullParser(
            events=("start", "end"),
            encoding="utf-8",
            resolve_entities=False,
            load_dtd=False,
            dtd_validation=False,
            attribute_defaults=False,
            no_network=True,
            huge_tree=False,
            recover=False,
            remove_comments=True,
            remove_pis=True,
        )

    def feed(self, piece: bytes) -> None:
        self._parser.feed(piece)

    def close(self) -> None:
        self._parser.close()

    def first_error(self) -> str:
        """Return what the parser found wrong first, or "": later errors follow from it."""
        return next((str(entry.message)[:200] for entry in self._parser.error_log if entry.level >= _FATAL), "")

    @property
    def root_name(self) -> str:
        return self.root.local if self.root else ""

    def units(self) -> Iterator[Unit]:
        """Give the units that are complete by now; each is freed when the next is asked for."""
        for event, element in cast(Iterator[tuple[str, etree._Element]], self._parser.read_events()):
            if event == "start":
                self._begin(element)
                continue
            done = self._depth == self._unit_depth
            self._end(element)
            if done:
                assert self.root is not None
                self._unit_depth = 0
                self.count += 1
                yield Unit(self.root, name(element.tag), element)
            if not self._unit_depth or self._dropped_depth:
                _free(element)

    def _begin(self, element: etree._Element) -> None:
        self._depth += 1
        if self._depth > limits.MAX_DEPTH:
            raise refusal.too_large("depth", limits.MAX_DEPTH)
        if len(element.attrib) > limits.MAX_ATTRIBUTES:
            raise refusal.too_large("attributes of one element", limits.MAX_ATTRIBUTES)
        if any(len(value) > limits.MAX_ATTRIBUTE_CHARS for value in element.attrib.values()):
            raise refusal.too_large("characters of one attribute", limits.MAX_ATTRIBUTE_CHARS)
        if self._dropped_depth:
            return
        if self._unit_depth:
            self._count(element)
            if name(element.tag).local in _DROPPED:
                self._dropped_depth = self._depth
            return
        found = name(element.tag)
        if self.root is None:
            self.root = found
        if self._is_unit(self.root, found):
            self._unit_depth, self._elements, self._chars = self._depth, 0, 0

    def _count(self, element: etree._Element) -> None:
        self._elements += 1
        if self._elements > limits.MAX_UNIT_ELEMENTS:
            raise refusal.too_large("elements of one record", limits.MAX_UNIT_ELEMENTS)
        before = element.getprevious()
        self._weigh(before.tail if before is not None else None)

    def _weigh(self, text: str | None) -> None:
        self._chars += len(text) if text else 0
        if self._chars > limits.MAX_UNIT_CHARS:
            raise refusal.too_large("characters of one record", limits.MAX_UNIT_CHARS)

    def _end(self, element: etree._Element) -> None:
        if self._unit_depth and not self._dropped_depth:
            self._weigh(element.text)
            self._weigh(element[-1].tail if len(element) else None)
        self._depth -= 1
        if self._dropped_depth > self._depth:
            self._dropped_depth = 0
            _empty(element)
        self.is_closed = self._depth == 0


def _empty(element: etree._Element) -> None:
    cast(Callable[..., None], element.clear)(keep_tail=True)  # the stubs do not know the argument


def _free(element: etree._Element) -> None:
    """Empty an element that has ended, and take what stands before it from its parent.

    The element itself stays: the parser may still hang the text that follows on it.
    """
    _empty(element)
    parent = element.getparent()
    if parent is not None:
        while element.getprevious() is not None:
            del parent[0]
