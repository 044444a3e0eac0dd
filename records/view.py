"""What a catalogue shows and searches of a record."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from records import kinds, legal_status
from records.body import Record
from records.kinds import Kind, Kinds
from records.template import stated

_USUAL: dict[str, tuple[str, ...]] = {  # where a kind's x-view does not say otherwise, and of unknown kinds
    "title": ("title",),
    "number": ("application_no",),
    "applicants": ("owners.name",),
    "inventors": ("inventors",),
    "ipc": ("ipc",),
    "filed": ("filing_date",),
    "published": ("publication_date", "publications.date"),
    "status": ("status_text",),
    "abstract": ("abstract",),
}
PLACES = tuple(_USUAL)


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


def columns(record: Record, known: Kinds = kinds.BUILT_IN) -> View:
    """Return the view of a record, by its kind's `x-view`; of an unknown kind only what carries the usual names.

    `x-view` says for title, number, applicants, inventors, ipc, filed, published, status and abstract which paths hold
    them; of title, number, filed, status and abstract the first one stated counts.
    """
    fields, kind = record.fields, known.get(record.kind)
    places = _places(kind) if kind else _USUAL
    title, number, applicants, filed, published, status = brief(fields, kind)
    return View(
        kind=record.kind,
        title=title,
        number=number,
        applicants=applicants,
        inventors=_every(fields, places["inventors"]),
        ipc=_every(fields, places["ipc"]),
        filing_date=filed,
        publication_date=published,
        status=status,
        status_text=_first(fields, places["status"]),
        abstract=_first(fields, places["abstract"]),
    )


def brief(fields: dict[str, Any], kind: Kind | None) -> tuple[str, str, tuple[str, ...], str, str, legal_status.Status]:
    """Return title, number, applicants, filing date, publication date and status, as `columns` gives them; in half the
    time, for those who need no more."""
    title, number, applicants, filed, published, status = _brief_places(kind)
    dates = _every(fields, published)
    return (
        _first(fields, title),
        _first(fields, number),
        _every(fields, applicants),
        _first(fields, filed),
        max(dates) if dates else "",
        legal_status.of(_first(fields, status), str(fields.get("legal_state", ""))),
    )


def is_published(fields: dict[str, Any], kind: Kind | None) -> bool:
    """Return whether `columns` would give a publication date, or a status text that only what is published has."""
    *_, published, status = _brief_places(kind)
    for path in published:
        value = fields.get(path)
        if value.__class__ is str:
            if value:
                return True
        elif ("." in path or value is not None) and any(stated(fields, path)):
            return True
    return legal_status.is_published(_first(fields, status))


@lru_cache(maxsize=1024)
def _places(kind: Kind) -> dict[str, tuple[str, ...]]:
    said: dict[str, Any] = kind.schema["x-view"]
    return _USUAL | {place: (paths,) if isinstance(paths, str) else tuple(paths) for place, paths in said.items()}


@lru_cache(maxsize=1024)
def _brief_places(kind: Kind | None) -> tuple[tuple[str, ...], ...]:
    places = _places(kind) if kind else _USUAL
    return tuple(places[place] for place in ("title", "number", "applicants", "filed", "published", "status"))


def _first(fields: dict[str, Any], paths: tuple[str, ...]) -> str:
    for path in paths:
        value = fields.get(path)
        if value.__class__ is str:  # as nearly always
            return str(value)
        values = stated(fields, path) if value is not None or "." in path else ()
        if values:
            return values[0]
    return ""


def _every(fields: dict[str, Any], paths: tuple[str, ...]) -> tuple[str, ...]:
    if len(paths) == 1:
        return stated(fields, paths[0])
    found: tuple[str, ...] = ()
    for path in paths:
        value = fields.get(path)
        if value.__class__ is str:
            found += (value,)
        elif value is not None or "." in path:
            found += stated(fields, path)
    return found
