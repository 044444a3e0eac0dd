"""WIPO ST.96 XML, version 6.0: patents, designs, trademarks and geographical indications.

ST.96 has one document a right and nothing that holds many, so each document stands whole, with its own version, in an
envelope of our own namespace, beside the record's key. Elements and their order are those of the standard's example
instances (Annex VII); what a right's document has no place for is left out of it.
"""

from collections.abc import Callable, Generator
from typing import Any, BinaryIO

import orjson
from lxml import etree

from records.body import Record
from records.writers.line import Line, Plan, Written
from records.writers.st96_parts import ENVELOPE, NAMESPACES, VERSION, documents, tag, xml_text

NO_DOCUMENT = "st96"  # why a record is left out: no ST.96 document carries its kind


class St96:
    """Writes `Documents` of `Document`s: one ST.96 document, and licence, findings and provenance as JSON text."""

    def __init__(self, out: BinaryIO, plan: Plan) -> None:
        self.written = Written()
        self._plan = plan
        self._made = documents()
        self._parts = self._write(out)
        next(self._parts)

    def _write(self, out: BinaryIO) -> Generator[None, etree._Element | None, None]:
        with etree.xmlfile(out, encoding="utf-8") as file:
            file.write_declaration()
            with file.element(f"{{{ENVELOPE}}}Documents", nsmap={"b": ENVELOPE, **NAMESPACES}):
                while (found := (yield)) is not None:
                    file.write(found)
        yield

    def add(self, line: Line) -> str:
        make = self._made.get(line.record.kind)
        if make is None:
            return NO_DOCUMENT
        self._parts.send(self._document(line, make))
        self.written.records += 1
        return ""

    def _document(self, line: Line, make: Callable[[Record], etree._Element]) -> etree._Element:
        whole = etree.Element(f"{{{ENVELOPE}}}Document", nsmap={"b": ENVELOPE, **NAMESPACES})
        whole.set("key", xml_text(line.record.key))
        whole.set("kind", line.record.kind)
        if self._plan.audience:
            whole.set("audience", line.audience)
        document = make(line.record)
        document.set(tag("com:st96Version"), VERSION)
        whole.append(document)
        if licence := line.record.fields.get("licence"):
            _json(whole, "Licence", licence)
        if self._plan.findings:
            _json(whole, "Findings", [one.as_dict() for one in line.findings])
        if self._plan.provenance and line.provenance:
            _json(whole, "Provenance", line.provenance.as_dict())
        return whole

    def close(self) -> None:
        self._parts.send(None)
        self._parts.close()


def _json(parent: etree._Element, name: str, value: Any) -> None:
    etree.SubElement(parent, f"{{{ENVELOPE}}}{name}").text = xml_text(orjson.dumps(value).decode())
