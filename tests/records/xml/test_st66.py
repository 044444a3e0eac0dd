"""Trademarks in ST.66."""

from .opened import drafts


def applicant(code: int, name: str) -> str:
    return f"""<Applicant><ApplicantAddressBook><FormattedNameAddress><Name><FreeFormatName><FreeFormatNameDetails>
    <FreeFormatNameLine>{name}</FreeFormatNameLine></FreeFormatNameDetails></FreeFormatName></Name><Address><FormattedAddress>
    <AddressStreet>1 Road</AddressStreet><AddressCity>Falls</AddressCity><FormattedAddressCountryCode>US
    </FormattedAddressCountryCode></FormattedAddress></Address></FormattedNameAddress></ApplicantAddressBook>
    <ApplicantExt><u:PartyTypeCode>{code}</u:PartyTypeCode></ApplicantExt></Applicant>"""


def mark(number: str, inside: str = "", office: str = "US") -> str:
    return f"""<TradeMark><RegistrationOfficeCode>{office}</RegistrationOfficeCode>
<ApplicationNumber>{number}</ApplicationNumber>
    <ApplicationDate>2000-05-09-04:00</ApplicationDate><RegistrationNumber>2824281</RegistrationNumber>
    <WordMarkSpecification><MarkVerbalElementText>PYTHON</MarkVerbalElementText></WordMarkSpecification>
    <GoodsServicesDetails><GoodsServices><ClassDescriptionDetails><ClassDescription><ClassNumber>009</ClassNumber>
    <GoodsServicesDescription>programs</GoodsServicesDescription></ClassDescription></ClassDescriptionDetails></GoodsServices>
    <GoodsServices><ClassDescriptionDetails><ClassDescription><ClassNumber>042</ClassNumber></ClassDescription>
    </ClassDescriptionDetails></GoodsServices></GoodsServicesDetails>{inside}</TradeMark>"""


def transaction(marks: str, beside: str = "") -> str:
    return f"""<?xml version="1.0"?><Transaction xmlns="http://www.wipo.int/standards/XMLSchema/trademarks"
    xmlns:u="urn:us:gov:doc:uspto:trademark:status"><TradeMarkTransactionBody><TransactionContentDetails><TransactionData>
    <TradeMarkDetails>{marks}</TradeMarkDetails>{beside}</TransactionData></TransactionContentDetails>
    </TradeMarkTransactionBody></Transaction>"""


def test_the_only_mark_of_a_transaction_has_the_applicants_beside_it(tmp_path):
    beside = f"<ApplicantDetails>{applicant(10, 'First')}{applicant(30, 'Foundation')}</ApplicantDetails>"
    (draft,) = drafts(tmp_path, transaction(mark("76044902"), beside))
    assert draft.kind == "trademark"
    assert draft.values == {
        "office": "US",
        "number": "76044902",
        "registration_no": "2824281",
        "filing_date": "2000-05-09",
        "name": "PYTHON",
        "feature": "word",
        "nice_class": ["9", "42"],
        "goods": "programs",
        "owners": [{"name": "Foundation", "address": "1 Road, Falls", "country": "US"}],
    }


def test_of_several_marks_each_has_its_own(tmp_path):
    own = f"<ApplicantDetails>{applicant(0, 'A')}{applicant(0, 'B')}</ApplicantDetails>"
    beside = f"<ApplicantDetails>{applicant(10, 'Nobody')}</ApplicantDetails>"
    found = drafts(tmp_path, transaction(mark("1", own, "EM") + mark("2", "", "EM"), beside))
    assert [[owner["name"] for owner in draft.values.get("owners", [])] for draft in found] == [["A", "B"], []]
    assert [draft.values["number"] for draft in found] == ["1", "2"]
