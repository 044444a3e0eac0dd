"""Assignments recorded by the US office, as its search service answers: a Solr response, in either of two spellings."""

from collections.abc import Iterator

from lxml import etree

from records.xml import numbers, rights
from records.xml.documents import Name, Unit
from records.xml.form import MISSING, Form, text

_Element = etree._Element


def owns(namespace: str) -> bool:
    """Return whether elements of a namespace belong to an answer: they have none."""
    return namespace == ""


def takes(root: Name) -> bool:
    """Return whether a document with this root is such an answer."""
    return root == Name("", "response")


def is_unit(root: Name, element: Name) -> bool:
    """Return whether an element is one recorded assignment."""
    return element == Name("", "doc")


def format_of(root: Name) -> str:
    """Return the format's name."""
    return "uspto-assignment"


def forms(unit: Unit, place: int) -> Iterator[Form]:
    """Read one recorded conveyance: an event for each right that it names, all under the same reel and frame."""
    said = _Answer(unit.element)
    applications, patents, published = said.all("applNum"), said.all("patNum"), said.all("publNum")
    for nth in range(max(len(applications), len(patents), len(published))):
        form = Form(unit.element, place)
        said.form = form
        number, patent, publication = (_nth(said.all(name), nth) for name in ("applNum", "patNum", "publNum"))
        key = rights.us_key(number, patent, publication)
        rights.conveyance(form, said.one("conveyanceText"))
        form.put("right", key)
        form.put("date", next(filter(None, map(numbers.date, said.all("patAssignorExDate"))), ""))
        form.put("published", numbers.date(said.one("recordedDate")))
        form.put("register_no", said.one("displayId") or said.one("id"))
        form.add("parties", rights.parties(form.kind, said.all("patAssignorName"), said.all("patAssigneeName")))
        title = _nth(said.all("inventionTitle"), nth)
        form.put("right_title", title)
        yield form


def _nth(texts: list[str], place: int) -> str:
    return texts[place] if place < len(texts) else ""


class _Answer:
    """The fields of one `doc`: <name><str>…</str></name>, <str name="…">…</str> or <arr name="…">…</arr>."""

    def __init__(self, element: _Element) -> None:
        self.form: Form | None = None
        self._fields: dict[str, list[str]] = {}
        for one in element:
            values = [text(child) for child in one] if len(one) else [text(one)]
            self._fields[one.get("name") or str(one.tag)] = ["" if value in MISSING else value for value in values]

    def all(self, name: str) -> list[str]:
        """Return the texts of a field, "" where the service writes NULL, so that lists stay parallel."""
        found = self._fields.get(name, [])
        if self.form is not None and any(found):
            self.form.note(name, "; ".join(filter(None, found)))
        return found

    def one(self, name: str) -> str:
        """Return the first text of a field, or ""."""
        return next(iter(self.all(name)), "")
