"""CNIPA's standardised XML (business: and base:, xsdVersion V2.2.1).

Every number stands there twice, as the office wrote it (dataFormat "original") and as ST.13 (dataFormat "standard"):
the original one is read, the other kept as the ST.13 number. Parts of an address that are "0" and the organisation code
"0000000000" mean that there is none.
"""

import re
from collections.abc import Iterator

from lxml import etree

from records import identifiers
from records.xml import numbers, righttype
from records.xml.documents import Name, Unit
from records.xml.form import MISSING, Form, attribute, text

_NAMESPACE = re.compile(r"https?://www\.(?:sipo|cnipa)\.gov\.cn/XMLSchema/(?:business|base)/?")
_ADDRESS_PARTS = (
    "Province",
    "City",
    "County",
    "Street",
    "AddressBuilding",
    "AddressFloor",
    "AddressRoom",
    "AddressLine",
)
_DOCUMENT = re.compile(r"\w*(?:PatentDocument|DesignDocument)\w*")
_Element = etree._Element


def owns(namespace: str) -> bool:
    """Return whether elements of a namespace are CNIPA's."""
    return bool(_NAMESPACE.fullmatch(namespace))


def takes(root: Name) -> bool:
    """Return whether a document with this root is CNIPA's standardised XML."""
    return owns(root.namespace)


def is_unit(root: Name, element: Name) -> bool:
    """Return whether an element is one patent document."""
    return owns(element.namespace) and bool(_DOCUMENT.fullmatch(element.local))


def format_of(root: Name) -> str:
    """Return the format's name."""
    return "cnipa-xml"


def forms(unit: Unit, place: int) -> Iterator[Form]:
    """Read one patent document."""
    form = Form(unit.element, place)
    biblio = next((one for one in unit.element if str(one.tag).endswith("BibliographicData")), unit.element)
    _numbers(form, biblio)
    form.put("title", form.take(_chosen([*biblio.findall("InventionTitle"), *biblio.findall("DesignTitle")])))
    _classes(form, biblio)
    _parties(form, biblio)
    _priority(form, biblio)
    _international(form, biblio)
    _texts(form, unit.element)
    yield form


def _chosen(twice: list[_Element], wanted: str = "original") -> _Element | None:
    """Return of what stands there twice the one that is `wanted`, else the first."""
    return next((one for one in twice if attribute(one, "dataFormat") == wanted), twice[0] if twice else None)


def _numbers(form: Form, biblio: _Element) -> None:
    references = biblio.findall("ApplicationReference")
    original, standard = _chosen(references), _chosen(references, "standard")
    written = form.take(_below(original, "DocumentID/DocNumber"))
    st13 = form.take(_below(standard, "DocumentID/DocNumber")) if standard is not original else ""
    if identifiers.st13_number(written):
        written, st13 = "", st13 or written
    told = identifiers.application_of_st13(st13)
    form.put("application_no", written or (told.canonical if told else ""))
    form.put("st13_no", st13)
    form.put("filing_date", numbers.date(form.take(_below(original, "DocumentID/Date"))))
    form.put("office", form.take(_below(original, "DocumentID/WIPOST3Code")) or "CN")
    published = _chosen(biblio.findall("PublicationReference"))
    one = _publication(form, _below(published, "DocumentID"))
    gazette = form.take(_below(biblio, "PublicAvailabilityDate/GazetteReference/GazetteNumber"))
    form.add("publications", [one | ({"gazette": gazette} if gazette and one else {})])
    related = biblio.findall("RelatedDocuments/RelatedPublicationDoc/DocumentID")
    form.add("publications", [_publication(form, other) for other in related])
    parent = _chosen(biblio.findall("RelatedDocuments/Division/ParentDoc/DocumentID")) if one else None
    form.put("divisional_of", form.take(_below(parent, "DocNumber")))
    kind = attribute(original, "applType") if original is not None else ""
    form.kind = righttype.of_type(kind) or righttype.of_code("CN", one.get("kind", ""))


def _below(element: _Element | None, path: str) -> _Element | None:
    return element.find(path) if element is not None else None


def _publication(form: Form, identifier: _Element | None) -> dict[str, str]:
    number, kind = form.take(_below(identifier, "DocNumber")), form.take(_below(identifier, "Kind"))
    office = form.take(_below(identifier, "WIPOST3Code")) or "CN"
    if not number:
        return {}
    one = {"no": numbers.publication(office, number, kind), "kind": kind}
    one["date"] = numbers.date(form.take(_below(identifier, "Date")))
    return {name: value for name, value in one.items() if value}


def _classes(form: Form, biblio: _Element) -> None:
    names = ("Section", "MainClass", "Subclass", "MainGroup", "Subgroup")
    for one in biblio.findall("ClassificationIPCRDetails/ClassificationIPCR"):
        section, main_class, subclass, group, subgroup = (form.take(one.find(name)) for name in names)
        form.take(one.find("Text"))
        form.add("ipc", [f"{section}{main_class}{subclass} {group}/{subgroup}" if group else text(one.find("Text"))])
    for old in biblio.findall("ClassificationIPC"):
        found = [*old.findall("MainClassification"), *old.findall("FurtherClassification")]
        form.add("ipc", [form.take(one) for one in found if attribute(one, "dataFormat") != "standard"])
    for design in biblio.findall("ClassificationLocarno"):
        found = [*design.findall("MainClassification"), *design.findall("FurtherClassification")]
        form.add("locarno", [form.take(one) for one in found if attribute(one, "dataFormat") != "standard"])


def _parties(form: Form, biblio: _Element) -> None:
    granted = biblio.findall("AssigneeDetails/Assignee") or biblio.findall("Parties/AssigneeDetails/Assignee")
    applicants = biblio.findall("Parties/ApplicantDetails/Applicant")
    owners = [_owner(form, one) for one in _originals(granted or applicants)]
    form.add("owners", [owner for owner in owners if owner.get("name")])
    address = next(iter(granted or applicants), None)
    form.put("address", _address(form, _below(address, "AddressBook/Address")))
    form.put("region", _place(form, _below(address, "AddressBook/Address")))
    inventors = [
        *biblio.findall("Parties/InventorDetails/Inventor"),
        *biblio.findall("Parties/DesignerDetails/Designer"),
    ]
    form.add("inventors", [form.take(one.find("AddressBook/Name")) for one in _originals(inventors)])
    for agent in biblio.findall("Parties/AgentDetails/Agent"):
        form.put("agency", form.take(agent.find("Agency/AddressBook/OrganizationName")))
        form.add("agents", [form.take(agent.find("AddressBook/Name"))])
    if "agency" in form.values:
        code = form.take(biblio.find("Parties/AgentDetails/CustomerNumber"))
        form.put("agency_code", "" if set(code) <= {"0"} else code)


def _originals(parties: list[_Element]) -> list[_Element]:
    return [one for one in parties if attribute(one, "dataFormat") != "standard"] or parties


def _owner(form: Form, party: _Element) -> dict[str, str]:
    address = party.find("AddressBook/Address")
    code = form.take(party.find("OrganizationCode")) or form.take(party.find("AssigneeCode"))
    country = form.take(_below(address, "WIPOST3Code"))
    one = {
        "name": form.take(party.find("AddressBook/Name")) or form.take(party.find("AddressBook/OrganizationName")),
        "uscc": code if len(code) == 18 else "",  # the nine characters of older files are no such code
        "address": _address(form, address),
        "country": "" if country in MISSING else country,
        "division": _place(form, address),
    }
    return {name: value for name, value in one.items() if value}


def _place(form: Form, address: _Element | None) -> str:
    return "".join(part for name in ("Province", "City") if (part := form.take(_below(address, name))) not in MISSING)


def _address(form: Form, address: _Element | None) -> str:
    whole = form.take(_below(address, "Text"))
    if whole and whole not in MISSING:
        return whole
    return "".join(part for name in _ADDRESS_PARTS if (part := form.take(_below(address, name))) not in MISSING)


def _priority(form: Form, biblio: _Element) -> None:
    claims = []
    for claim in biblio.findall("PriorityDetails/Priority") or biblio.findall("PriorityClaims/PriorityClaim"):
        identifier = claim.find("DocumentID") if claim.find("DocumentID") is not None else claim
        if attribute(claim, "dataFormat") != "standard":
            parts = [form.take(_below(identifier, name)) for name in ("WIPOST3Code", "DocNumber", "Date")]
            claims.append(" ".join(filter(None, (parts[0], parts[1], numbers.date(parts[2])))))
    form.put("priority", "; ".join(dict.fromkeys(filter(None, claims))))


def _international(form: Form, biblio: _Element) -> None:
    filed = _chosen(biblio.findall("PCTOrRegionalFilingData") or biblio.findall("InternationalFilingData"))
    published = _chosen(biblio.findall("PCTOrRegionalPublishingData") or biblio.findall("InternationalPublishingData"))
    number = form.take(_below(filed, "DocumentID/DocNumber"))
    said = _publication(form, _below(published, "DocumentID"))
    entry = next((one for one in biblio.iter("DatePCTArticle2239Fulfilled", "EnteredNationalPhaseDate")), None)
    one = {
        "application_no": numbers.international(number) if number else "",
        "application_date": numbers.date(form.take(_below(filed, "DocumentID/Date"))),
        "publication_no": said.get("no", ""),
        "publication_date": said.get("date", ""),
        "entry_date": numbers.date(form.take(entry)),
    }
    form.put("pct", {name: value for name, value in one.items() if value})


def _texts(form: Form, top: _Element) -> None:
    abstract = _chosen([*top.iter("Abstract"), *top.iter("DesignBriefExplanation")])
    if abstract is not None:
        paragraphs = abstract.findall("Paragraphs") or [abstract]
        form.put("abstract", "\n".join(filter(None, map(form.take, paragraphs))))
    claims = _chosen(top.findall("Claims"))
    form.put("claim1", form.take(_below(claims, "Claim")))
