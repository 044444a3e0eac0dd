"""Trademarks in WIPO ST.96: tmk:Trademark, of version 1_D3 to V6."""

from lxml import etree

from records.xml import contacts, marks, numbers
from records.xml.documents import Unit
from records.xml.form import Form, attribute, text

_Element = etree._Element


def form(unit: Unit, place: int) -> Form:
    """Read one mark, with all its Nice classes."""
    top, one = unit.element, Form(unit.element, place)
    office = (
        one.take(top.find("RegistrationOfficeCode")) or one.take(top.find("ApplicationNumber/IPOfficeCode")) or "CN"
    )
    applied = one.take(top.find("ApplicationNumber/ApplicationNumberText"))
    marks.state_numbers(one, office, applied, one.take(top.find("RegistrationNumber")))
    for field, name in (
        ("filing_date", "ApplicationDate"),
        ("registration_date", "RegistrationDate"),
        ("expiry_date", "ExpiryDate"),
        ("status_date", "MarkCurrentStatusDate"),
    ):
        one.put(field, numbers.date(one.take(top.find(name))))
    words = one.take(next(top.iter("MarkVerbalElementText"), None))
    one.put("name", words)
    image = text(next(top.iterfind("MarkRepresentation/MarkReproduction/MarkImageBag/MarkImage/FileName"), None))
    written = one.take(top.find("MarkRepresentation/MarkFeatureCategory"))
    one.put("feature", marks.feature(written, words, bool(image) and "no image" not in image.lower()))
    said = one.take(next(top.iter("MarkCurrentStatusExternalDescriptionText"), None))
    one.put("status_text", said or one.take(top.find("MarkCurrentStatusCode")))
    one.put("first_publication_date", numbers.date(one.take(top.find("PublicationBag/Publication/PublicationDate"))))
    marks.state_goods(one, _goods(one, top))
    one.add("owners", contacts.owners(one, _owners(top, office)))
    _representatives(one, top)
    one.put("priority", _priority(one, top))
    return one


def _goods(form: Form, top: _Element) -> list[tuple[str, str]]:
    """Return (class, goods) of each description, and the classes that have none.

    A description without a class stands for no class of its own: it belongs to the one of its group.
    """
    found: list[tuple[str, str]] = []
    for group in top.iterfind("GoodsServicesBag/GoodsServices"):
        classes = [
            form.take(one.find("ClassNumber"))
            for one in group.iter("GoodsServicesClassification")
            if text(one.find("ClassificationKindCode")) in ("Nice", "Primary", "")
        ]
        for one in group.iterfind("ClassDescriptionBag/ClassDescription"):
            said = " ".join(form.take(part) for part in one.iter("GoodsServicesDescriptionText"))
            number = form.take(one.find("ClassNumber")) or (classes[0] if len(set(classes)) == 1 else "")
            found.append((number, said))
        found += [(number, "") for number in classes]
    return found


def _owners(top: _Element, office: str) -> list[_Element]:
    applicants = top.findall("ApplicantBag/Applicant")
    if office != "US":
        return applicants
    orders = [attribute(one, "sequenceNumber") for one in applicants]
    return marks.present(
        [(int(order) if order.isdigit() else 0, one) for order, one in zip(orders, applicants, strict=True)]
    )


def _representatives(form: Form, top: _Element) -> None:
    for one in (*top.iterfind("RepresentativeBag/Representative"), *top.iterfind("NationalCorrespondent")):
        form.put("agency", form.take(next(one.iterfind(".//Name/OrganizationName/OrganizationStandardName"), None)))
        form.put("agency", form.take(next(one.iterfind(".//Name/EntityName"), None)))


def _priority(form: Form, top: _Element) -> str:
    claims = []
    for one in top.iterfind("PriorityBag/Priority"):
        country = form.take(one.find("PriorityCountryCode"))
        number = form.take(next(one.iter("ApplicationNumberText"), None))
        date = numbers.date(form.take(one.find("PriorityApplicationFilingDate")))
        claims.append(" ".join(filter(None, (country, number, date))))
    return "; ".join(filter(None, claims))
