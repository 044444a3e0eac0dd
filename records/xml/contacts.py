"""Names and addresses as WIPO ST.96 writes them, for patents, marks, designs and indications alike."""

from collections.abc import Iterable

from lxml import etree

from records.xml.form import MISSING, Form

_Element = etree._Element
_PERSON = ("FirstName", "MiddleName", "LastName", "NameSuffix")


def name(form: Form, party: _Element) -> str:
    """Return a party's name: that of the organisation, else of the person, else free text; "" if there is none."""
    for path in ("EntityName", "OrganizationName/OrganizationStandardName", "PersonName/PersonFullName"):
        for element in party.iterfind(f".//Name/{path}"):
            written = form.take(element)
            if written and written not in MISSING:
                return written
    structured = next(party.iterfind(".//Name/PersonName/PersonStructuredName"), None)
    if structured is None:
        return ""
    return " ".join(filter(None, (form.take(structured.find(part)) for part in _PERSON)))


def owner(form: Form, party: _Element) -> dict[str, str]:
    """Return a party as an owner of the record: name, address, country."""
    one = {"name": name(form, party), "address": address(form, party), "country": country(form, party)}
    return {key: value for key, value in one.items() if value} if one["name"] else {}


def address(form: Form, party: _Element) -> str:
    """Return the postal address in one line, or ""."""
    place = next(party.iter("PostalAddress"), None)
    if place is None:
        return ""
    lines = [form.take(one) for one in place.iter("PostalAddressText", "AddressLineText")]
    lines += [form.take(one) for one in place.iter("CityName", "GeographicRegionName", "PostalCode")]
    return ", ".join(line for line in dict.fromkeys(lines) if line not in MISSING)


def country(form: Form, party: _Element) -> str:
    """Return the country of the address, else of incorporation, as an ST.3 code; "" if none is stated."""
    for tag in ("CountryCode", "IncorporationCountryCode"):
        written = form.take(next(party.iter(tag), None))
        if len(written) == 2:
            return written
    return ""


def owners(form: Form, parties: Iterable[_Element]) -> list[dict[str, str]]:
    """Return the parties that have a name, each once."""
    found = [owner(form, party) for party in parties]
    return [one for place, one in enumerate(found) if one and one not in found[:place]]
