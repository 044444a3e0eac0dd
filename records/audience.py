"""Who may see a record unless somebody says otherwise."""

from dataclasses import replace
from functools import lru_cache

from records import kinds, view
from records.body import Record
from records.kinds import Kind, Kinds

_WIDTHS = {"node": 0, "path": 1, "alliance": 2, "federation": 3, "public": 4}


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
    if "x-audience-published" in kind.schema and view.is_published(record.fields, kind):
        return str(kind.schema["x-audience-published"])
    return str(kind.schema["x-audience"])


def by_part(record: Record, known: Kinds = kinds.BUILT_IN, whole: str = "") -> dict[str, frozenset[str]]:
    """Return which fields go to which audience, the widest first; one audience unless a stated field is narrower.

    A field is narrower where its schema says so (`x-audience`); it never widens. `whole` is the record's audience, by
    default its default one.
    """
    whole = whole or default_audience(record, known)
    kind = known.get(record.kind)
    narrower = _narrower(kind) if kind else {}
    own = {name: narrower[name] for name in narrower if name in record.fields}
    if not own:
        return {whole: frozenset(record.fields)}
    found: dict[str, set[str]] = {whole: set(record.fields)}
    for name, audience in own.items():
        if _width(audience) < _width(whole):
            found[whole].discard(name)
            found.setdefault(audience, set()).add(name)
    return {audience: frozenset(names) for audience, names in sorted(found.items(), key=lambda one: -_width(one[0]))}


def parts(record: Record, known: Kinds = kinds.BUILT_IN, whole: str = "") -> dict[str, Record]:
    """Return what each audience is told, the widest first: a narrower one everything that a wider one is told, too.

    As it was written (`raw`), a field goes where it goes itself.
    """
    kind = known.get(record.kind)
    if kind is None or _narrower(kind).keys().isdisjoint(record.fields):  # as nearly always
        return {whole or default_audience(record, known): record}
    found = by_part(record, known, whole)
    if len(found) == 1:
        return dict.fromkeys(found, record)
    told: set[str] = set()
    made = {}
    for audience, names in found.items():
        told |= names
        fields = {name: value for name, value in record.fields.items() if name in told}
        if "raw" in fields:
            fields["raw"] = {path: text for path, text in fields["raw"].items() if path.partition(".")[0] in told}
        made[audience] = replace(record, fields={name: value for name, value in fields.items() if value != {}})
    return made


def _width(audience: str) -> int:
    return _WIDTHS[audience.partition(":")[0]]


@lru_cache(maxsize=1024)
def _narrower(kind: Kind) -> dict[str, str]:
    return {name: spec["x-audience"] for name, spec in kind.fields.items() if "x-audience" in spec}
