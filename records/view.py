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
    status_text = _first(fields, places["status"])
    return View(
        kind=record.kind,
        title=_first(fields, places["title"]),
        number=_first(fields, places["number"]),
        applicants=_every(fields, places["applicants"]),
        inventors=_every(fields, places["inventors"]),
        ipc=_every(fields, places["ipc"]),
        filing_date=_first(fields, places["filed"]),
        publication_date=max(_every(fields, places["published"]), default=""),
        status=legal_status.of(status_text, str(fields.get("legal_state", ""))),
        status_text=status_text,
        abstract=_first(fields, places["abstract"]),
    )


@lru_cache(maxsize=1024)
def _places(kind: Kind) -> dict[str, tuple[str, ...]]:
    said: dict[str, Any] = kind.schema["x-view"]
    return _USUAL | {place: (paths,) if isinstance(paths, str) else tuple(paths) for place, paths in said.items()}


def _first(fields: dict[str, Any], paths: tuple[str, ...]) -> str:
    for path in paths:
        values = stated(fields, path)
        if values:
            return values[0]
    return ""


def _every(fields: dict[str, Any], paths: tuple[str, ...]) -> tuple[str, ...]:
    if len(paths) == 1:
        return stated(fields, paths[0])
    return tuple([value for path in paths for value in stated(fields, path)])
