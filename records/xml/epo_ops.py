"""Answers of EPO's Open Patent Services: bibliographic data, families, and INPADOC legal events."""

import re
from collections.abc import Iterator

from lxml import etree

from records.xml import numbers, rights, righttype, st36
from records.xml.documents import Name, Unit
from records.xml.form import Form, attribute, text

_NAMESPACES = frozenset({"http://ops.epo.org", "http://www.epo.org/exchange"})
_Element = etree._Element


def owns(namespace: str) -> bool:
    """Return whether elements of a namespace are of EPO's answers."""
    return namespace in _NAMESPACES


def takes(root: Name) -> bool:
    """Return whether a document with this root is an answer of the service."""
    return owns(root.namespace) and root.local == "world-patent-data"


def is_unit(root: Name, element: Name) -> bool:
    """Return whether an element is one publication, or one member of a family."""
    return owns(element.namespace) and element.local in ("exchange-document", "family-member")


def format_of(root: Name) -> str:
    """Return the format's name."""
    return "epo-ops"


def forms(unit: Unit, place: int) -> Iterator[Form]:
    """Read a publication, or a family member with its legal events: first the right, then an event each."""
    if unit.name.local == "exchange-document":
        yield from st36.forms(unit, place)
        return
    member = Form(unit.element, place)
    office = _right(member, unit.element)
    inner = unit.element.find("exchange-document")
    if inner is not None:
        for form in st36.forms(Unit(unit.root, Name("", "exchange-document"), inner), place):
            member.kind = form.kind or member.kind
            number = member.values.get("application_no") or form.values.get("application_no")
            member.values = member.values | form.values | ({"application_no": number} if number else {})
            member.raw |= form.raw
    yield member
    key = rights.key(member.kind, office, member.values)
    for event in unit.element.findall("legal"):
        yield _event(event, key, office, place)


def _right(form: Form, member: _Element) -> str:
    reference = member.find("publication-reference")
    published = st36.document_id(reference, "docdb")
    one = st36.publication(form, published, "")
    said = text(published.find("country")) if published is not None else ""
    office = st36.application(form, member.find("application-reference"), said)
    form.put("office", office)
    form.add("publications", [one])
    form.put("family_id", attribute(member, "family-id"))
    types = [righttype.of_docdb_type(text(event.find("L005EP"))) for event in member.findall("legal")]
    by_code = righttype.of_code(said, one.get("kind", ""))
    form.kind = by_code if by_code != "patent_invention" else next(filter(None, types), by_code)
    claims = []
    for claim in member.findall("priority-claim"):
        parts = [form.take(claim.find(f"document-id/{name}")) for name in ("country", "doc-number", "date")]
        claims.append(" ".join(filter(None, (parts[0], parts[1], numbers.date(parts[2])))))
    form.put("priority", "; ".join(dict.fromkeys(filter(None, claims))))
    return office


def _event(event: _Element, key: str, office: str, place: int) -> Form:
    """Read one legal event. What the service calls L001EP to L008EP is its head, L500EP holds what is particular."""
    form = Form(event, place)
    for line in event.findall("pre"):
        form.take(line)
    code = form.take(event.find("L008EP")) or attribute(event, "code")
    details = {str(one.tag): form.take(one) for one in event.iterfind("L500EP/*")}
    words = attribute(event, "desc")
    said = [words]
    said += [f"{attribute(one, 'desc')}: {text(one)}" for one in event.iterfind("L500EP/*") if text(one)]
    office = form.take(event.find("L001EP")) or office
    rights.state_event(form, key, office, code, (details.get("L501EP", ""), details.get("L502EP", "")))
    published = numbers.date(form.take(event.find("L007EP")))
    effective = numbers.date(details.get("L525EP", "")) or numbers.date(details.get("L518EP", ""))
    form.put("register_no", rights.register_number(details.get("L510EP", "")))
    form.put("date", effective or published)
    form.put("published", published)
    form.put("event_text", words if len(words) <= rights.MAX_EVENT_TEXT else "")
    form.put("raw_text", "; ".join(filter(None, said)))
    owner = details.get("L509EP", "")
    form.add("parties", [{"role": "owner", "name": name} for name in re.split(r"\s*;\s*", owner) if name])
    return form
