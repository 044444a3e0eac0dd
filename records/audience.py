"""Who may see a record unless somebody says otherwise."""

from functools import lru_cache

from records import kinds, legal_status
from records.body import Record
from records.kinds import Kind, Kinds
from records.view import columns

_WIDTH = {"path": 0, "federation": 1, "public": 2}


def default_audience(record: Record, known: Kinds = kinds.BUILT_IN) -> str:
    """Return "federation" for what is published and for registers meant for all, else "path"; never "public".

    A right is published if it states a publication, grant or registration with number and date. The office's own
    search lists dates and a legal status without numbers, so a stated publication date, or a legal status that only a
    published application or right can have, counts as well; an event is published on the date of its gazette. Of kinds
    that this program does not know, nothing is assumed: "path".
    """
    kind = known.get(record.kind)
    if kind is None:
        return "path"
    if "x-audience-published" in kind.schema and _is_published(record, known):
        return str(kind.schema["x-audience-published"])
    return str(kind.schema["x-audience"])


def by_part(record: Record, known: Kinds = kinds.BUILT_IN) -> dict[str, frozenset[str]]:
    """Return which fields go by default to which audience, the widest first; one audience unless a field is narrower.

    A field is narrower where its schema says so (`x-audience`); it never widens. Only fields that are stated count.
    """
    whole = default_audience(record, known)
    kind = known.get(record.kind)
    narrower = _narrower(kind) if kind else {}
    found: dict[str, set[str]] = {whole: set()}
    for name in record.fields:
        own = narrower.get(name, whole)
        found.setdefault(own if _WIDTH[own] < _WIDTH[whole] else whole, set()).add(name)
    return {audience: frozenset(found[audience]) for audience in sorted(found, key=lambda one: -_WIDTH[one])}


@lru_cache(maxsize=1024)
def _narrower(kind: Kind) -> dict[str, str]:
    return {name: spec["x-audience"] for name, spec in kind.fields.items() if "x-audience" in spec}


def _is_published(record: Record, known: Kinds) -> bool:
    """Return whether a published date is stated; of publications that have numbers, one with its own date."""
    shown = columns(record, known)
    return bool(shown.publication_date) or legal_status.is_published(shown.status_text)
