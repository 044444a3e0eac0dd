"""The ST.96 document of one right, by its kind."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from lxml import etree

from records import identifiers
from records.body import Record

VERSION = "V6_0"
ENVELOPE = "urn:banyan:st96-documents:1"
_ROOT = "http://www.wipo.int/standards/XMLSchema/ST96/"
NAMESPACES = {
    "com": f"{_ROOT}Common",
    "pat": f"{_ROOT}Patent",
    "tmk": f"{_ROOT}Trademark",
    "dgn": f"{_ROOT}Design",
    "gin": f"{_ROOT}GeographicalIndication",
}
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SYMBOL = re.compile(r"([A-H])(\d{2})([A-Z]) (\d{1,4})/(\d{2,6})")
Make = Callable[[Record], "etree._Element"]


def documents() -> dict[str, Make]:
    """Return what makes the document of each kind that ST.96 carries."""
    return {
        "patent_invention": patent,
        "utility_model": patent,
        "design": design,
        "trademark": trademark,
        "gi": indication,
    }


def tag(name: str) -> str:
    """Return a name with its prefix in lxml's form."""
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def xml_text(value: Any) -> str:
    """Return a value as text that XML can hold: the few characters that it cannot are replaced by U+FFFD."""
    return _NOT_XML.sub("\ufffd", value if isinstance(value, str) else str(value))


def patent(record: Record) -> "etree._Element":
    """Return a PatentPublication with the bibliographic data, the first claim and the abstract."""
    fields = record.fields
    office = _office(fields)
    root = _root("pat:PatentPublication")
    _add(root, "com:IPOfficeCode", office)
    data = _add(root, "pat:BibliographicData")
    newest, *earlier = sorted(fields.get("publications", ()), key=lambda one: str(one.get("date", "")))[::-1] or [{}]
    _publication(data, office, newest)
    _application(data, office, fields)
    _classes(data, fields)
    titles = _add(data, "pat:InventionTitleBag")
    _leaf(titles, "pat:InventionTitle", fields.get("title"), "zh")
    _leaf(titles, "pat:InventionTitle", fields.get("title_en"), "en")
    _related(data, office, fields.get("divisional_of"), earlier)
    _parties(data, fields)
    if fields.get("claim1"):
        claim = _add(_add(root, "pat:Claims"), "pat:Claim")
        _add(claim, "pat:ClaimNumber", "1")
        _add(claim, "pat:ClaimText", fields["claim1"])
    if fields.get("abstract"):
        _add(_add(root, "pat:Abstract"), "com:P", fields["abstract"])
    return _pruned(root)


def _publication(data: "etree._Element", office: str, one: dict[str, str]) -> None:
    number, kind = one.get("no", ""), one.get("kind", "")
    if not number:
        return
    read = identifiers.publication_number(number) if office == "CN" else None
    kind = kind or (read.kind if read else "")
    plain = number.removeprefix(office).removesuffix(kind)
    found = _add(data, "pat:PatentPublicationIdentification")
    _add(found, "com:IPOfficeCode", office)
    _add(found, "pat:PublicationNumber", plain)
    _leaf(found, "com:PatentDocumentKindCode", kind)
    _leaf(found, "com:PublicationDate", one.get("date"))


def _application(data: "etree._Element", office: str, fields: dict[str, Any]) -> None:
    found = _add(data, "pat:ApplicationIdentification")
    if fields.get("application_no"):
        _add(found, "com:IPOfficeCode", office)
        number = _add(found, "com:ApplicationNumber")
        _add(number, "com:ApplicationNumberText", fields["application_no"])
        _leaf(number, "com:ST13ApplicationNumber", fields.get("st13_no"))
    _leaf(found, "pat:FilingDate", fields.get("filing_date"))


def _related(data: "etree._Element", office: str, parent: Any, earlier: list[dict[str, str]]) -> None:
    """Add what the right was divided from, and its earlier publications: a document is of one of them."""
    bag = _add(data, "pat:RelatedDocumentBag")
    if parent:
        divided = _add(_add(_add(bag, "pat:Division"), "pat:ParentDocument"), "pat:PatentDocumentIdentification")
        found = _add(divided, "pat:ApplicationIdentification")
        _add(found, "com:IPOfficeCode", office)
        _add(_add(found, "com:ApplicationNumber"), "com:ApplicationNumberText", parent)
    for one in earlier:
        _publication(_add(_add(bag, "pat:RelatedPublication"), "pat:PatentDocumentIdentification"), office, one)


def _classes(data: "etree._Element", fields: dict[str, Any]) -> None:
    bag = _add(data, "pat:PatentClassificationBag")
    ipc = _add(bag, "pat:IPCRClassificationBag")
    for at, symbol in enumerate(fields.get("ipc", ())):
        if read := _SYMBOL.fullmatch(symbol):
            one = _add(ipc, "pat:IPCRClassification")
            _add(one, "com:SymbolPositionCode", "L" if at else "F")
            _symbol(one, read, "pat:Section")
    cpc = _add(bag, "pat:CPCClassificationBag")
    for at, symbol in enumerate(fields.get("cpc", ())):
        if read := _SYMBOL.fullmatch(symbol):
            one = _add(_add(cpc, "pat:FurtherCPC" if at else "pat:MainCPC"), "pat:CPCClassification")
            _symbol(one, read, "pat:CPCSection")
            _add(one, "com:SymbolPositionCode", "L" if at else "F")


def _symbol(one: "etree._Element", read: "re.Match[str]", section: str) -> None:
    for name, part in zip(
        (section, "pat:Class", "pat:Subclass", "pat:MainGroup", "pat:Subgroup"), read.groups(), strict=True
    ):
        _add(one, name, part)


def _parties(data: "etree._Element", fields: dict[str, Any]) -> None:
    bag = _add(data, "pat:PartyBag")
    applicants = _add(bag, "pat:ApplicantBag")
    for name in _names(fields.get("owners")):
        _entity(_add(_add(applicants, "pat:Applicant"), "com:PublicationContact"), name)
    inventors = _add(bag, "pat:InventorBag")
    for name in _names(fields.get("inventors")):
        _person(_add(_add(inventors, "pat:Inventor"), "com:PublicationContact"), name)
    practitioners = _add(bag, "pat:RegisteredPractitionerBag")
    for name in _names(fields.get("agency")):
        one = _add(practitioners, "pat:RegisteredPractitioner")
        _add(one, "pat:RegisteredPractitionerCategory", "Agent")
        _entity(_add(one, "com:PublicationContact"), name)
    for name in _names(fields.get("agents")):
        one = _add(practitioners, "pat:RegisteredPractitioner")
        _add(one, "pat:RegisteredPractitionerCategory", "Agent")
        _person(_add(one, "com:PublicationContact"), name)


def design(record: Record) -> "etree._Element":
    """Return a DesignApplication with its one design."""
    fields = record.fields
    office = _office(fields)
    root = _root("dgn:DesignApplication")
    _add(root, "com:RegistrationOfficeCode", office)
    _number(root, office, fields.get("application_no"))
    one = _add(_add(root, "dgn:DesignBag"), "dgn:Design")
    _leaf(one, "dgn:DesignTitleText", fields.get("title"))
    _leaf(one, "dgn:DesignDescriptionText", fields.get("abstract"))
    classes = _add(_add(one, "com:DesignClassificationBag"), "com:LocarnoClassificationBag")
    for symbol in fields.get("locarno", ()):
        _add(classes, "com:LocarnoClassificationText", symbol)
    publications = _add(one, "dgn:PublicationBag")
    for said in fields.get("publications", ()):
        published = _add(publications, "dgn:Publication")
        _add(published, "com:PublicationIdentifier", said.get("no", ""))
        _leaf(published, "com:PublicationDate", said.get("date"))
    applicants = _add(one, "dgn:ApplicantBag")
    for name in _names(fields.get("owners")):
        _entity(_add(_add(applicants, "dgn:Applicant"), "com:Contact"), name)
    _representatives(one, fields)
    designers = _add(one, "dgn:DesignerBag")
    for name in _names(fields.get("inventors")):
        _person(_add(_add(designers, "dgn:Designer"), "com:Contact"), name)
    _leaf(root, "com:ApplicationDate", fields.get("filing_date"))
    return _pruned(root)


def trademark(record: Record) -> "etree._Element":
    """Return a TrademarkApplication with its one mark, in the one class that the record is of."""
    fields = record.fields
    office = _office(fields)
    root = _root("tmk:TrademarkApplication")
    one = _add(_add(root, "tmk:TrademarkBag"), "tmk:Trademark")
    _add(one, "com:RegistrationOfficeCode", office)
    number = fields.get("number", "")
    _number(one, office, number)
    if fields.get("registration_date") or fields.get("registration_no"):
        _leaf(one, "com:RegistrationNumber", fields.get("registration_no", number))
    _leaf(one, "com:ApplicationDate", fields.get("filing_date"))
    _leaf(one, "com:RegistrationDate", fields.get("registration_date"))
    _leaf(one, "com:ExpiryDate", fields.get("expiry_date"))
    mark = _add(_add(_add(one, "tmk:MarkRepresentation"), "tmk:MarkReproduction"), "tmk:WordMarkSpecification")
    _leaf(mark, "tmk:MarkVerbalElementText", fields.get("name"))
    _goods(one, fields.get("nice_class"), fields.get("goods"))
    published = _add(_add(one, "tmk:PublicationBag"), "tmk:Publication")
    _leaf(published, "com:PublicationIdentifier", fields.get("first_publication_no"))
    _leaf(published, "com:PublicationDate", fields.get("first_publication_date"))
    applicants = _add(one, "tmk:ApplicantBag")
    for name in _names(fields.get("owners")):
        _entity(_add(_add(applicants, "tmk:Applicant"), "com:Contact"), name)
    _representatives(one, fields)
    return _pruned(root)


def _goods(parent: "etree._Element", nice_class: Any, said: Any) -> None:
    goods = _add(_add(parent, "tmk:GoodsServicesBag"), "tmk:GoodsServices")
    if nice_class:
        found = _add(_add(goods, "tmk:GoodsServicesClassificationBag"), "tmk:GoodsServicesClassification")
        _add(found, "tmk:ClassificationKindCode", "Nice")
        _add(found, "tmk:ClassNumber", nice_class)
    if said:
        described = _add(_add(goods, "tmk:ClassDescriptionBag"), "tmk:ClassDescription")
        _leaf(described, "tmk:ClassNumber", nice_class)
        _add(described, "tmk:GoodsServicesDescriptionText", said)


def indication(record: Record) -> "etree._Element":
    """Return a GIApplication."""
    fields = record.fields
    root = _root("gin:GIApplication")
    data = _add(root, "gin:GIData")
    data.set(tag("com:officeCode"), _office(fields))
    number = fields.get("registration_no") or fields.get("announcement_no")
    if number:
        _add(_add(data, "com:ApplicationNumber"), "com:ApplicationNumberText", number)
    _leaf(data, "com:ApplicationDate", fields.get("filing_date"))
    names = _add(data, "gin:GINameBag")
    _leaf(names, "gin:GINameText", fields.get("name"))
    _leaf(names, "gin:GINameTranslationText", fields.get("name_en"))
    feature = _add(_add(data, "gin:FeatureDescriptionBag"), "gin:FeatureDescription")
    _leaf(feature, "gin:FeatureDescriptionText", fields.get("quality"))
    region = _add(_add(data, "gin:GeographicRegionDescriptionBag"), "gin:GeographicRegionDescription")
    _leaf(region, "gin:GeographicRegionDescriptionText", fields.get("area"))
    _add(data, "gin:GICategory", "Geographical Indication")
    published = _add(_add(data, "gin:GIPublicationBag"), "gin:GIPublication")
    _leaf(published, "com:PublicationIdentifier", fields.get("announcement_no"))
    _leaf(published, "com:PublicationDate", fields.get("registration_date"))
    for name in _names(fields.get("users")):
        _entity(_add(_add(root, "gin:AuthorizedUser"), "com:Contact"), name)
    applicants = _add(root, "gin:ApplicantBag")
    for name in _names(fields.get("owners")):
        _entity(_add(_add(applicants, "gin:Applicant"), "com:Contact"), name)
    return _pruned(root)


def _root(name: str) -> "etree._Element":
    return etree.Element(tag(name), nsmap=NAMESPACES)


def _add(parent: "etree._Element", name: str, text: Any = None) -> "etree._Element":
    made = etree.SubElement(parent, tag(name))
    if text is not None:
        made.text = xml_text(text)
    return made


def _leaf(parent: "etree._Element", name: str, text: Any, language: str = "") -> None:
    """Add an element with text, nothing where there is none."""
    if text not in (None, ""):
        made = _add(parent, name, text)
        if language:
            made.set(tag("com:languageCode"), language)


def _number(parent: "etree._Element", office: str, number: Any) -> None:
    if number:
        found = _add(parent, "com:ApplicationNumber")
        _add(found, "com:IPOfficeCode", office)
        _add(found, "com:ApplicationNumberText", number)


def _entity(contact: "etree._Element", name: str) -> None:
    _add(_add(contact, "com:Name"), "com:EntityName", name)


def _person(contact: "etree._Element", name: str) -> None:
    _add(_add(_add(contact, "com:Name"), "com:PersonName"), "com:PersonFullName", name)


def _representatives(one: "etree._Element", fields: dict[str, Any]) -> None:
    bag = _add(one, "com:RepresentativeBag")
    for name in _names(fields.get("agency")):
        _entity(_add(_add(bag, "com:Representative"), "com:Contact"), name)


def _office(fields: dict[str, Any]) -> str:
    return str(fields.get("office", "CN"))


def _names(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return _texts([one.get("name") if isinstance(one, dict) else one for one in items])


def _texts(value: Any) -> list[str]:
    items: Iterable[Any] = value if isinstance(value, list) else [value]
    return [str(one) for one in items if one not in (None, "")]


def _pruned(root: "etree._Element") -> "etree._Element":
    """Take out the elements that hold nothing."""
    for one in reversed(list(root.iter())):
        parent = one.getparent()
        if parent is not None and not len(one) and not one.text and not one.attrib:
            parent.remove(one)
    return root
