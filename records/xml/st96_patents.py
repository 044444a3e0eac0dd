"""Patents in WIPO ST.96: pat:PatentPublication and its like."""

from lxml import etree

from records.xml import contacts, numbers, righttype, varieties
from records.xml.documents import Unit
from records.xml.form import Form, attribute, text

_Element = etree._Element
_SYMBOL = ("Class", "Subclass", "MainGroup", "Subgroup")


def form(unit: Unit, place: int) -> Form:
    """Read one patent document."""
    one = Form(unit.element, place)
    biblio = unit.element.find("BibliographicData")
    biblio = biblio if biblio is not None else unit.element
    _numbers(one, unit.element, biblio)
    _titles(one, biblio)
    _classes(one, biblio)
    _parties(one, biblio)
    _priority(one, biblio)
    _texts(one, unit.element)
    return varieties.renamed(one, "", "") if one.kind == "plant_variety" else one


def application_number(form: Form, identification: _Element | None) -> tuple[str, str]:
    """Return an application's number as its office writes it, and its ST.13 number, each "" if not stated."""
    if identification is None:
        return "", ""
    written = form.take(next(identification.iter("ApplicationNumberText"), None))
    return written, form.take(next(identification.iter("ST13ApplicationNumber"), None))


def _numbers(form: Form, top: _Element, biblio: _Element) -> None:
    applied, published = biblio.find("ApplicationIdentification"), biblio.find("PatentPublicationIdentification")
    said = form.take(top.find("IPOfficeCode"))
    office = form.take(_below(applied, "IPOfficeCode")) or form.take(_below(published, "IPOfficeCode")) or said or "CN"
    written, st13 = application_number(form, applied)
    form.put("office", office)
    form.put("application_no", numbers.application(office, written))
    form.put("st13_no", st13)
    form.put("filing_date", numbers.date(form.take(_below(applied, "FilingDate"))))
    one = _publication(form, published, office)
    related = biblio.iterfind("RelatedDocumentBag/RelatedPublication//PatentPublicationIdentification")
    form.add("publications", [one, *(_publication(form, other, office) for other in related)])
    category = form.take(_below(applied, "InventionSubjectMatterCategory"))
    form.kind = righttype.of_type(category) or righttype.of_code(office, one.get("kind", ""))
    form.put("right_type_text", category)
    parent = next(biblio.iterfind("RelatedDocumentBag/Division/ParentDocument/PatentDocumentIdentification"), None)
    if parent is not None and text(next(parent.iter("IPOfficeCode"), None)) in ("", office):
        form.put("divisional_of", numbers.application(office, application_number(form, parent)[0]))


def _below(element: _Element | None, path: str) -> _Element | None:
    return element.find(path) if element is not None else None


def _publication(form: Form, identification: _Element | None, office: str) -> dict[str, str]:
    number = form.take(_below(identification, "PublicationNumber"))
    kind = form.take(_below(identification, "PatentDocumentKindCode"))
    office = form.take(_below(identification, "IPOfficeCode")) or office
    if not number:
        return {}
    one = {"no": numbers.publication(office, number, kind), "kind": kind}
    one["date"] = numbers.date(form.take(_below(identification, "PublicationDate")))
    return {name: value for name, value in one.items() if value}


def _titles(form: Form, biblio: _Element) -> None:
    titles = [*biblio.iterfind("InventionTitleBag/InventionTitle"), *biblio.iterfind("InventionTitle")]
    languages = {attribute(one, "languageCode").lower(): one for one in reversed(titles)}
    main = languages.get("zh", titles[0] if titles else None)
    form.put("title", form.take(main))
    if "en" in languages and languages["en"] is not main:
        form.put("title_en", form.take(languages["en"]))


def _classes(form: Form, biblio: _Element) -> None:
    bag = biblio.find("PatentClassificationBag")
    if bag is None:
        return
    form.add("ipc", [_symbol(form, one) for one in bag.iterfind("IPCRClassificationBag/IPCRClassification")])
    old = bag.iterfind("IPCClassification/*")
    form.add("ipc", [form.take(one) for one in old if str(one.tag) in ("MainClassification", "FurtherClassification")])
    for path in ("MainCPC", "FurtherCPC"):
        found = bag.iterfind(f"CPCClassificationBag/{path}/CPCClassification")
        form.add("cpc", [_symbol(form, one) for one in found])


def _symbol(form: Form, element: _Element) -> str:
    section = form.take(element.find("Section")) or form.take(element.find("CPCSection"))
    main_class, subclass, group, subgroup = (form.take(element.find(name)) for name in _SYMBOL)
    if section and group:
        return f"{section}{main_class}{subclass} {group}/{subgroup or '00'}"
    return form.take(element.find("PatentClassificationText"))


def _parties(form: Form, biblio: _Element) -> None:
    bag = biblio.find("PartyBag")
    if bag is None:
        return
    applicants = bag.findall("ApplicantBag/Applicant")
    form.add("owners", contacts.owners(form, bag.findall("AssigneeBag/Assignee") or applicants))
    form.add("inventors", [contacts.name(form, one) for one in bag.iterfind("InventorBag/Inventor")])
    for one in bag.iterfind("RegisteredPractitionerBag/RegisteredPractitioner"):
        is_person = next(one.iter("PersonName"), None) is not None
        if is_person:
            form.add("agents", [contacts.name(form, one)])
        else:
            form.put("agency", contacts.name(form, one))


def _priority(form: Form, biblio: _Element) -> None:
    claims = []
    for claim in biblio.iterfind("PriorityClaimBag/PriorityClaim"):
        office, number = form.take(claim.find("IPOfficeCode")), application_number(form, claim)[0]
        date = numbers.date(form.take(claim.find("FilingDate")))
        claims.append(" ".join(filter(None, (office, number, date))))
    form.put("priority", "; ".join(dict.fromkeys(filter(None, claims))))


def _texts(form: Form, top: _Element) -> None:
    abstracts = list(top.iter("Abstract"))
    languages = {attribute(one, "languageCode").lower(): one for one in reversed(abstracts)}
    chosen = languages.get("zh", abstracts[0] if abstracts else None)
    if chosen is not None:
        paragraphs = list(chosen.iter("P")) or [chosen]
        form.put("abstract", "\n".join(filter(None, map(form.take, paragraphs))))
    claim = next(top.iter("Claim"), None)
    if claim is not None:
        parts = claim.findall("ClaimText") or [claim]  # beside its text, its number and category
        form.put("claim1", " ".join(filter(None, map(form.take, parts))))
