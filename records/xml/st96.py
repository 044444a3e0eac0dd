"""WIPO ST.96, of any version and with any prefixes: which namespaces, which documents, and which reader reads them."""

import re
from collections.abc import Iterator

from records.xml import st96_designs, st96_patents, st96_trademarks
from records.xml.documents import Name, Unit
from records.xml.form import Form

_NAMESPACE = re.compile(
    r"https?://www\.wipo\.int/standards/XMLSchema/(?:ST96/)?"
    r"(Common|Patent|Trademark|Design|GeographicalIndication)(?:/\d[\w.]*)?/?"
)
_PATENTS = re.compile(r"Patent(?:Publication|Grant|Application|Document|Record)(?:Data)?")
_DESIGNS = re.compile(r"Design(?:Application|Registration|Publication)")
_ENVELOPES = frozenset({"urn:us:gov:doc:uspto:trademark", "urn:banyan:st96-documents:1"})
_INDICATIONS = re.compile(r"GI(?:Application|Registration|Publication|Certificate)")


def owns(namespace: str) -> bool:
    """Return whether elements of a namespace are of ST.96."""
    return bool(_NAMESPACE.fullmatch(namespace))


def takes(root: Name) -> bool:
    """Return whether a document with this root is of ST.96, or holds such documents: an office's, or our own export."""
    return owns(root.namespace) or root.namespace in _ENVELOPES


def is_unit(root: Name, element: Name) -> bool:
    """Return whether an element is one record."""
    match = _NAMESPACE.fullmatch(element.namespace)
    if not match:
        return False
    if match[1] == "Trademark":
        return element.local == "Trademark"
    pattern = {"Patent": _PATENTS, "Design": _DESIGNS, "GeographicalIndication": _INDICATIONS}.get(match[1])
    return pattern is not None and bool(pattern.fullmatch(element.local))


def format_of(root: Name) -> str:
    """Return the format's name."""
    return "st96"


def forms(unit: Unit, place: int) -> Iterator[Form]:
    """Read one record's element: a design application may hold several designs."""
    local = unit.name.local
    if local == "Trademark":
        yield st96_trademarks.form(unit, place)
    elif _PATENTS.fullmatch(local):
        yield st96_patents.form(unit, place)
    elif _DESIGNS.fullmatch(local):
        yield from st96_designs.designs(unit, place)
    else:
        yield st96_designs.indication(unit, place)
