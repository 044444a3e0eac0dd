"""A draft while a reader fills it: fields, and what was written for each under the path of its element."""

from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from records.draft import Draft
from records.finding import Finding
from records.rules import finding

MISSING = frozenset({"", "0", "0000000000", "00000000", "NULL", "omitted", "unknown", "None"})
"""What office files write where they have nothing; only for parts of an address, codes and names, never for numbers."""


def text(element: etree._Element | None) -> str:
    """Return all text of an element, blanks folded; an entity that is not known stays as written ("&name;")."""
    return " ".join("".join(map(str, element.itertext())).split()) if element is not None else ""


def attribute(element: etree._Element, local: str) -> str:
    """Return an attribute by its local name, in whatever namespace, or ""."""
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == local:
            return str(value).strip()
    return ""


def path(element: etree._Element, top: etree._Element | None) -> str:
    """Return the names from below `top` to the element, parted by strokes."""
    names: list[str] = []
    here: etree._Element | None = element
    while here is not None and here is not top:
        names.append(str(here.tag).rpartition("}")[2])
        here = here.getparent()
    return "/".join(reversed(names))


@dataclass(slots=True)
class Form:
    """What is read of one record whose element is `top`. `kind` is a kind's name or ""."""

    top: etree._Element | None
    place: int
    kind: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def take(self, element: etree._Element | None) -> str:
        """Return an element's text, and note it as what was written."""
        if element is None:
            return ""
        found = text(element)
        if found:
            self.note(path(element, self.top), found)
            self._look_for_entities(element)
        return found

    def note(self, where: str, written: str) -> None:
        """Note what was written under a path; several under the same are listed once each."""
        before = self.raw.get(where)
        if before is None:
            self.raw[where] = written
        elif written not in before.split("; "):
            self.raw[where] = f"{before}; {written}"

    def put(self, name: str, value: Any) -> None:
        """State a field; what is empty is not stated, and what is stated already stays."""
        if value and name not in self.values:
            self.values[name] = value

    def add(self, name: str, items: list[Any]) -> None:
        """Add to a field that is a list what it does not hold yet."""
        for item in items:
            if item and item not in self.values.setdefault(name, []):
                self.values[name].append(item)
        if name in self.values and not self.values[name]:
            del self.values[name]

    def draft(self) -> Draft:
        return Draft(self.place, self.kind, self.values, self.raw, tuple(self.findings))

    def _look_for_entities(self, element: etree._Element) -> None:
        for entity in element.iter(etree.Entity):
            found = finding("XML_ENTITY", path(element, self.top), str(entity.text))
            if found not in self.findings:
                self.findings.append(found)
