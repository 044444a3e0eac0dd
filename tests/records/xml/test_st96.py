"""WIPO ST.96: patents, marks, designs and indications, of any version and with any prefix."""

import pytest

from records import statement

from .opened import drafts, one

V6 = {
    part: f"http://www.wipo.int/standards/XMLSchema/ST96/{name}"
    for part, name in (
        ("com", "Common"), ("pat", "Patent"), ("tmk", "Trademark"), ("dgn", "Design"), ("gin", "GeographicalIndication")
    )
}  # fmt: skip
OLD = {part: uri.replace("ST96/", "") + "/1" for part, uri in V6.items()}


def rooted(root: str, inside: str, namespaces: dict[str, str] = V6) -> str:
    declared = " ".join(f'xmlns:{part}="{uri}"' for part, uri in namespaces.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><{root} {declared}>{inside}</{root}>'


PATENT = """<com:IPOfficeCode>US</com:IPOfficeCode><pat:BibliographicData><pat:PatentPublicationIdentification>
<com:IPOfficeCode>US</com:IPOfficeCode><pat:PublicationNumber>08936998</pat:PublicationNumber>
<com:PatentDocumentKindCode>B2</com:PatentDocumentKindCode><pat:PublicationDate>2015-01-20</pat:PublicationDate>
</pat:PatentPublicationIdentification><pat:ApplicationIdentification><com:IPOfficeCode>US</com:IPOfficeCode>
<com:ApplicationNumber><com:ApplicationNumberText>13797521</com:ApplicationNumberText></com:ApplicationNumber>
<pat:InventionSubjectMatterCategory>Utility</pat:InventionSubjectMatterCategory><pat:FilingDate>2013-03-12</pat:FilingDate>
</pat:ApplicationIdentification><pat:PatentClassificationBag><pat:IPCRClassificationBag><pat:IPCRClassification>
<pat:Section>H</pat:Section><pat:Class>01</pat:Class><pat:Subclass>L</pat:Subclass><pat:MainGroup>21</pat:MainGroup>
<pat:Subgroup>30</pat:Subgroup></pat:IPCRClassification></pat:IPCRClassificationBag></pat:PatentClassificationBag>
<pat:InventionTitleBag><pat:InventionTitle com:languageCode="en">Bonding</pat:InventionTitle>
<pat:InventionTitle com:languageCode="zh">接合</pat:InventionTitle></pat:InventionTitleBag>
<pat:ReferenceCitationBag><pat:Title>cited</pat:Title></pat:ReferenceCitationBag>
<pat:PartyBag><pat:ApplicantBag><pat:Applicant><com:PublicationContact><com:Name><com:PersonName><com:PersonStructuredName>
<com:FirstName>Jun</com:FirstName><com:LastName>Utsumi</com:LastName></com:PersonStructuredName></com:PersonName></com:Name>
</com:PublicationContact></pat:Applicant></pat:ApplicantBag><pat:AssigneeBag><pat:Assignee><com:Contact><com:Name>
<com:EntityName>Mitsubishi</com:EntityName></com:Name></com:Contact></pat:Assignee></pat:AssigneeBag></pat:PartyBag>
</pat:BibliographicData><pat:Claims><pat:Claim><pat:ClaimNumber>1</pat:ClaimNumber>
<pat:ClaimText>1. A method.</pat:ClaimText>
</pat:Claim></pat:Claims><pat:Abstract><com:P>A device.</com:P></pat:Abstract>"""


def test_a_patent(tmp_path):
    assert one(tmp_path, rooted("pat:PatentPublication", PATENT)).values == {
        "office": "US",
        "application_no": "13797521",
        "filing_date": "2013-03-12",
        "publications": [{"no": "US8936998B2", "kind": "B2", "date": "2015-01-20"}],
        "right_type_text": "Utility",
        "title": "接合",
        "title_en": "Bonding",
        "ipc": ["H01L 21/30"],
        "owners": [{"name": "Mitsubishi"}],
        "abstract": "A device.",
        "claim1": "1. A method.",
    }


def applicant(order: int, name: str) -> str:
    return f"""<tmk:Applicant com:sequenceNumber="{order}">
<com:IncorporationCountryCode>US</com:IncorporationCountryCode>
    <com:Contact><com:Name><com:EntityName>{name}</com:EntityName></com:Name><com:PostalAddressBag><com:PostalAddress>
    <com:PostalStructuredAddress><com:AddressLineText>500 Parkway</com:AddressLineText>
<com:CityName>Shores</com:CityName>
    <com:CountryCode>US</com:CountryCode></com:PostalStructuredAddress></com:PostalAddress></com:PostalAddressBag>
    </com:Contact></tmk:Applicant>"""


def classed(number: str, kind: str = "Nice") -> str:
    return f"""<tmk:GoodsServicesClassification><tmk:ClassificationKindCode>{kind}</tmk:ClassificationKindCode>
    <tmk:ClassNumber>{number}</tmk:ClassNumber></tmk:GoodsServicesClassification>"""


def goods(number: str, text: str) -> str:
    return f"""<tmk:ClassDescription><tmk:ClassNumber>{number}</tmk:ClassNumber><tmk:GoodsServicesDescriptionText>{text}
    </tmk:GoodsServicesDescriptionText></tmk:ClassDescription>"""


MARK = f"""<tmk:Trademark><com:RegistrationOfficeCode>US</com:RegistrationOfficeCode>
<com:ApplicationNumber><com:ApplicationNumberText>74631225</com:ApplicationNumberText></com:ApplicationNumber>
<com:RegistrationNumber>2178784</com:RegistrationNumber><tmk:ApplicationDate>1995-02-07-05:00</tmk:ApplicationDate>
<com:RegistrationDate>1998-08-04</com:RegistrationDate><tmk:MarkCurrentStatusCode>800</tmk:MarkCurrentStatusCode>
<tmk:MarkRepresentation><tmk:MarkReproduction><tmk:WordMarkSpecification><tmk:MarkVerbalElementText>JAVA
</tmk:MarkVerbalElementText></tmk:WordMarkSpecification></tmk:MarkReproduction></tmk:MarkRepresentation>
<tmk:GoodsServicesBag><tmk:GoodsServices><tmk:GoodsServicesClassificationBag>{classed("009", "Primary")}{classed("009")}
{classed("021", "Domestic")}</tmk:GoodsServicesClassificationBag><tmk:ClassDescriptionBag>{goods("009", "programs")}
</tmk:ClassDescriptionBag></tmk:GoodsServices><tmk:GoodsServices><tmk:GoodsServicesClassificationBag>{classed("042")}
</tmk:GoodsServicesClassificationBag><tmk:ClassDescriptionBag>{goods("042", "services")}</tmk:ClassDescriptionBag>
</tmk:GoodsServices></tmk:GoodsServicesBag><tmk:ApplicantBag>{applicant(31, "Oracle")}{applicant(30, "Sun")}
{applicant(10, "Sun")}</tmk:ApplicantBag></tmk:Trademark>"""
WRAPPED = f"<tmk:TrademarkBag>{MARK}</tmk:TrademarkBag>"
VALUES = {
    "office": "US",
    "number": "74631225",
    "registration_no": "2178784",
    "filing_date": "1995-02-07",
    "registration_date": "1998-08-04",
    "name": "JAVA",
    "feature": "word",
    "status_text": "800",
    "nice_class": ["9", "42"],
    "goods": "9: programs\n42: services",
    "owners": [{"name": "Oracle", "address": "500 Parkway, Shores", "country": "US"}],
}


@pytest.mark.parametrize("namespaces", [V6, OLD], ids=["V6", "older"])
def test_a_mark_of_any_version_with_any_prefix(tmp_path, namespaces):
    text = rooted("tmk:TrademarkApplication", WRAPPED, namespaces)
    assert one(tmp_path, text).values == VALUES
    for part in V6:
        text = text.replace(f"{part}:", f"ns-{part}:")
    assert one(tmp_path, text.replace("xmlns:", "xmlns:ns-")).values == VALUES


def test_a_mark_is_a_record_a_class(tmp_path):
    rows = list(statement.rows(drafts(tmp_path, rooted("tmk:TrademarkApplication", WRAPPED))))
    assert [row.record.key for row in rows] == ["trademark:US:74631225/9", "trademark:US:74631225/42"]


def test_every_mark_of_a_transaction_is_read(tmp_path):
    other = MARK.replace("74631225", "74631226")
    found = drafts(tmp_path, rooted("tmk:TrademarkTransaction", f"<tmk:TrademarkBag>{MARK}{other}</tmk:TrademarkBag>"))
    assert [(draft.place, draft.values["number"]) for draft in found] == [(1, "74631225"), (2, "74631226")]


def test_elements_of_another_namespace_are_not_read(tmp_path):
    text = rooted("tmk:TrademarkApplication", WRAPPED.replace("tmk:MarkVerbalElementText", "x:MarkVerbalElementText"))
    assert "name" not in one(tmp_path, text.replace("xmlns:com", "xmlns:x='urn:x' xmlns:com")).values


def test_a_chinese_mark_has_one_number(tmp_path):
    text = WRAPPED.replace("74631225", "53696406").replace("2178784", "53696406").replace(">US<", ">CN<", 1)
    values = one(tmp_path, rooted("tmk:TrademarkApplication", text)).values
    assert values["number"] == "53696406"
    assert "registration_no" not in values


DESIGN = """<dgn:DesignApplication><com:RegistrationOfficeCode>EM</com:RegistrationOfficeCode><com:ApplicationNumber>
<com:ApplicationNumberText>35503842</com:ApplicationNumberText></com:ApplicationNumber><dgn:DesignBag>{designs}</dgn:DesignBag>
<dgn:ApplicantBag><dgn:Applicant><com:Contact><com:Name><com:EntityName>HARPER Inc.</com:EntityName></com:Name>
</com:Contact>
</dgn:Applicant></dgn:ApplicantBag><dgn:ApplicationDate>2017-08-29</dgn:ApplicationDate></dgn:DesignApplication>"""
CHAIR = """<dgn:Design><dgn:DesignIdentifier>{number}</dgn:DesignIdentifier>
<dgn:DesignTitleText>Chair</dgn:DesignTitleText>
<dgn:LocarnoClassificationText>06-01</dgn:LocarnoClassificationText></dgn:Design>"""


def test_a_design_and_several_of_one_application(tmp_path):
    draft = one(tmp_path, rooted("dgn:Transaction", DESIGN.format(designs=CHAIR.format(number="0001"))))
    assert draft.kind == "design"
    assert draft.values == {
        "office": "EM",
        "application_no": "35503842",
        "filing_date": "2017-08-29",
        "title": "Chair",
        "locarno": ["06-01"],
        "owners": [{"name": "HARPER Inc."}],
    }
    both = CHAIR.format(number="0001") + CHAIR.format(number="0002")
    found = drafts(tmp_path, rooted("dgn:Transaction", DESIGN.format(designs=both)))
    assert [draft.values["application_no"] for draft in found] == ["35503842/0001", "35503842/0002"]


def test_a_geographical_indication(tmp_path):
    text = """<gin:GIData com:officeCode="FR"><com:ApplicationNumber><com:ApplicationNumberText>IG 18-002
    </com:ApplicationNumberText></com:ApplicationNumber><gin:ApplicationDate>2018-03-19</gin:ApplicationDate>
    <gin:GINameBag><gin:GINameText>Tapisserie</gin:GINameText><gin:GINameTranslationText com:languageCode="en">Tapestry
    </gin:GINameTranslationText></gin:GINameBag></gin:GIData><gin:AuthorizedUser><com:Contact><com:Name><com:OrganizationName>
    <com:OrganizationStandardName>Atelier</com:OrganizationStandardName></com:OrganizationName></com:Name></com:Contact>
    </gin:AuthorizedUser>"""
    (row,) = statement.rows(drafts(tmp_path, rooted("gin:GIApplication", text)))
    assert row.record.key == "gi:FR:IG18-002"
    assert row.record.fields["name_en"] == "Tapestry"
    assert row.record.fields["users"] == ["Atelier"]
