"""Trademarks in WIPO ST.66 (namespace …/XMLSchema/trademarks), with the extensions of the US office."""

from collections.abc import Iterator

from lxml import etree

from records.xml import marks, numbers
from records.xml.documents import Name, Unit
from records.xml.form import MISSING, Form, text

_NAMESPACE = "http://www.wipo.int/standards/XMLSchema/trademarks"
_NAMESPACES = frozenset({_NAMESPACE, f"{_NAMESPACE}/", "urn:us:gov:doc:uspto:trademark:status"})
_LINES = ("Room", "Floor", "Building", "Street", "City", "County", "State", "Postcode")
_ADDRESS = tuple(f"Address{line}" for line in _LINES)
_Element = etree._Element


def owns(namespace: str) -> bool:
    """Return whether elements of a namespace are of ST.66, or the US office's extensions of it."""
    return namespace in _NAMESPACES


def takes(root: Name) -> bool:
    """Return whether a document with this root is of ST.66."""
    return owns(root.namespace)


def is_unit(root: Name, element: Name) -> bool:
    """Return whether an element is a transaction's data: marks, and beside them their applicants."""
    return owns(element.namespace) and element.local == "TransactionData"


def format_of(root: Name) -> str:
    """Return the format's name."""
    return "st66"


def forms(unit: Unit, place: int) -> Iterator[Form]:
    """Read the marks of a transaction, each with all its Nice classes.

    Applicants that stand beside a mark and not in it are its own if it is the transaction's only one.
    """
    found = list(unit.element.iter("TradeMark"))
    for mark in found:
        beside = unit.element.findall("ApplicantDetails/Applicant") if len(found) == 1 else []
        yield _mark(mark, beside, unit.element, place)


def _mark(mark: _Element, beside: list[_Element], top: _Element, place: int) -> Form:
    form = Form(top, place)
    office = form.take(mark.find("RegistrationOfficeCode")) or "CN"
    marks.state_numbers(
        form, office, form.take(mark.find("ApplicationNumber")), form.take(mark.find("RegistrationNumber"))
    )
    for field, name in (
        ("filing_date", "ApplicationDate"),
        ("registration_date", "RegistrationDate"),
        ("expiry_date", "ExpiryDate"),
        ("status_date", "MarkCurrentStatusDate"),
        ("first_publication_date", "PublicationDetails/Publication/PublicationDate"),
    ):
        form.put(field, numbers.date(form.take(mark.find(name))))
    words = form.take(mark.find("WordMarkSpecification/MarkVerbalElementText"))
    form.put("name", words)
    image = text(next(mark.iterfind("MarkImageDetails/MarkImage/MarkImageFilename"), None))
    form.put("feature", marks.feature(form.take(mark.find("MarkFeature")), words, bool(image)))
    said = form.take(next(mark.iter("MarkCurrentStatusExternalDescriptionText"), None))
    form.put("status_text", said or form.take(mark.find("MarkCurrentStatusCode")))
    marks.state_goods(form, _goods(form, mark))
    _owners(form, [*mark.findall("ApplicantDetails/Applicant"), *beside], office)
    for one in mark.iter("Representative"):
        lines = [
            form.take(line) for line in one.iterfind(".//Name/FreeFormatName/FreeFormatNameDetails/FreeFormatNameLine")
        ]
        form.put("agency", lines[1] if len(lines) > 1 else "")  # the first line is a person
    return form


def _goods(form: Form, mark: _Element) -> list[tuple[str, str]]:
    found = []
    for one in mark.iterfind("GoodsServicesDetails/GoodsServices/ClassDescriptionDetails/ClassDescription"):
        said = " ".join(form.take(part) for part in one.iterfind("GoodsServicesDescription"))
        found.append((form.take(one.find("ClassNumber")), said))
    return found


def _owners(form: Form, applicants: list[_Element], office: str) -> None:
    ordered = [(_order(one) if office == "US" else 0, one) for one in applicants]
    for one in marks.present(ordered):
        name = _name(form, one)
        place = next(one.iter("FormattedAddress"), None)
        country = form.take(place.find("FormattedAddressCountryCode")) if place is not None else ""
        owner = {"name": name, "address": _address(form, place), "country": country}
        if name:
            form.add("owners", [{key: value for key, value in owner.items() if value}])


def _order(applicant: _Element) -> int:
    """Return the US party type: 10 the applicant, 20 at publication, 30 at registration, 31 and on who came after."""
    code = text(next(applicant.iter("PartyTypeCode"), None))
    return int(code) if code.isdigit() and code.isascii() and len(code) < 5 else 0


def _name(form: Form, party: _Element) -> str:
    lines = [
        form.take(one) for one in party.iterfind(".//Name/FreeFormatName/FreeFormatNameDetails/FreeFormatNameLine")
    ]
    if lines:
        return " ".join(lines)
    formatted = next(party.iterfind(".//Name/FormattedName"), None)
    if formatted is None:
        return ""
    whole = form.take(formatted.find("OrganizationName"))
    parts = (form.take(formatted.find(name)) for name in ("FirstName", "MiddleName", "LastName"))
    return whole or " ".join(filter(None, parts))


def _address(form: Form, place: _Element | None) -> str:
    if place is None:
        return ""
    parts = [form.take(place.find(name)) for name in _ADDRESS]
    return ", ".join(part for part in parts if part not in MISSING)
