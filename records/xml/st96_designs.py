"""Designs and geographical indications in WIPO ST.96."""

from collections.abc import Iterator

from lxml import etree

from records.xml import contacts, numbers
from records.xml.documents import Unit
from records.xml.form import Form, attribute

_Element = etree._Element


def designs(unit: Unit, place: int) -> Iterator[Form]:
    """Read a design application: a form each design, the number of each of several with its own identifier."""
    top = unit.element
    listed = top.findall("DesignBag/Design") or top.findall("Design") or [top]
    for design in listed:
        form = Form(top, place, "design")
        office = _first(form, top, "ApplicationNumber/IPOfficeCode", "RegistrationOfficeCode", "ReceivingOfficeCode")
        number = _first(form, top, "ApplicationNumber/ApplicationNumberText") or form.take(
            next(design.iterfind("ApplicationNumber/ApplicationNumberText"), None)
        )
        identifier = form.take(design.find("DesignIdentifier"))
        form.put("office", office or "CN")
        form.put("application_no", f"{number}/{identifier}" if len(listed) > 1 and identifier else number)
        filed = form.take(top.find("ApplicationDate")) or form.take(design.find("ApplicationDate"))
        form.put("filing_date", numbers.date(filed))
        _design(form, top, design, office or "CN")
        yield form


def _design(form: Form, top: _Element, design: _Element, office: str) -> None:
    form.put("title", form.take(design.find("DesignTitleText")))
    form.put("abstract", "\n".join(form.take(one) for one in design.iterfind("DesignDescriptionText")))
    form.put("claim1", form.take(next(design.iterfind("DesignClaim//DesignClaimText"), None)))
    form.put("expiry_date", numbers.date(form.take(design.find("ExpiryDate"))))
    form.put("status_text", form.take(design.find("DesignCurrentStatusCategory")))
    form.put("status_date", numbers.date(form.take(design.find("DesignCurrentStatusDate"))))
    form.add("locarno", [form.take(one) for one in design.iter("LocarnoClassificationText", "LocarnoClassCode")])
    form.add("publications", [_publication(form, one, office) for one in design.iterfind("PublicationBag/Publication")])
    applicants = [*design.iterfind("ApplicantBag/Applicant"), *top.iterfind("ApplicantBag/Applicant")]
    form.add("owners", contacts.owners(form, applicants))
    form.add("inventors", [contacts.name(form, one) for one in design.iterfind("DesignerBag/Designer")])
    agent = next(design.iterfind("RepresentativeBag/Representative"), None)
    form.put("agency", contacts.name(form, agent) if agent is not None else "")
    claims = []
    for one in design.iterfind("PriorityBag/Priority"):
        said = (one.find("PriorityCountryCode"), next(one.iter("ApplicationNumberText"), None))
        parts = [*map(form.take, said), numbers.date(form.take(one.find("PriorityApplicationFilingDate")))]
        claims.append(" ".join(filter(None, parts)))
    form.put("priority", "; ".join(filter(None, claims)))


def _publication(form: Form, publication: _Element, office: str) -> dict[str, str]:
    number = form.take(publication.find("PublicationIdentifier"))
    if not number:
        return {}
    one = {"no": numbers.publication(office, number, "")}
    one["date"] = numbers.date(form.take(publication.find("PublicationDate")))
    return {name: value for name, value in one.items() if value}


def indication(unit: Unit, place: int) -> Form:
    """Read a geographical indication."""
    top, form = unit.element, Form(unit.element, place, "gi")
    data = top.find("GIData")
    data = data if data is not None else top
    form.put(
        "office", attribute(data, "officeCode") or _first(form, data, "RegistrationOfficeCode", "IPOfficeCode") or "CN"
    )
    number = _first(form, data, "RegistrationNumber", "ApplicationNumber/ApplicationNumberText")
    form.put("registration_no", number)
    form.put("name", form.take(next(data.iterfind("GINameBag/GINameText"), None)))
    english = [one for one in data.iterfind("GINameBag/GINameTranslationText") if "en" in one.attrib.values()]
    form.put("name_en", form.take(english[0]) if english else "")
    form.put("filing_date", numbers.date(form.take(data.find("ApplicationDate"))))
    form.put("registration_date", numbers.date(form.take(data.find("RegistrationDate"))))
    form.put("area", "\n".join(form.take(one) for one in data.iter("GeographicRegionDescriptionText")))
    form.put("quality", "\n".join(form.take(one) for one in data.iter("FeatureDescriptionText")))
    form.put("product_type", form.take(next(data.iter("GoodsServicesDescriptionText"), None)))
    form.add("owners", contacts.owners(form, top.iterfind("ApplicantBag/Applicant")))
    form.add("users", [contacts.name(form, one) for one in top.iterfind("AuthorizedUser")])
    return form


def _first(form: Form, element: _Element, *paths: str) -> str:
    return next((found for path in paths if (found := form.take(element.find(path)))), "")
