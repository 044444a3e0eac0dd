"""What a catalogue shows and searches of a record."""

from dataclasses import dataclass
from typing import Any

from records import kinds, legal_status
from records.body import Record


@dataclass(frozen=True, slots=True)
class View:
    """A record's columns; texts are "" and tuples () where nothing is stated, dates are "2017-01-25".

    `ipc` holds canonical symbols, the main one first; `status` is "valid", "invalid", "pending" or "".
    `publication_date` is the newest one stated.
    """

    kind: str
    title: str
    number: str
    applicants: tuple[str, ...]
    inventors: tuple[str, ...]
    ipc: tuple[str, ...]
    filing_date: str
    publication_date: str
    status: legal_status.Status
    status_text: str
    abstract: str


def columns(record: Record) -> View:
    """Return the view of a record, by its kind's `x-view`; of an unknown kind only what carries the usual names."""
    fields = record.fields
    kind = kinds.get(record.kind)
    places: dict[str, Any] = kind.schema["x-view"] if kind else {"title": "title", "number": ["application_no"]}
    dates = (_text(fields, "publication_date"), *kinds.stated(fields, "publications.date"))
    status_text = _text(fields, "status_text")
    return View(
        kind=record.kind,
        title=_text(fields, places["title"]),
        number=next((number for path in places["number"] for number in kinds.stated(fields, path)), ""),
        applicants=kinds.stated(fields, "owners.name"),
        inventors=_texts(fields, "inventors"),
        ipc=_texts(fields, "ipc"),
        filing_date=_text(fields, "filing_date"),
        publication_date=max(dates, default=""),
        status=legal_status.status(status_text),
        status_text=status_text,
        abstract=_text(fields, "abstract"),
    )


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _texts(fields: dict[str, Any], name: str) -> tuple[str, ...]:
    value = fields.get(name)
    return tuple([item for item in value if isinstance(item, str)]) if isinstance(value, list) else ()
