"""EPO's answers: documents, families and legal events."""

import pytest

from records import statement
from records.xml import rights

from .opened import drafts

HEAD = '<ops:world-patent-data xmlns="http://www.epo.org/exchange" xmlns:ops="http://ops.epo.org">'


def identifier(office: str, number: str, kind: str, date: str = "", form: str = "docdb") -> str:
    dated = f"<date>{date}</date>" if date else ""
    return f"""<document-id document-id-type="{form}"><country>{office}</country><doc-number>{number}</doc-number>
    <kind>{kind}</kind>{dated}</document-id>"""


def exchange(number: str, kind: str, date: str, title: str) -> str:
    return f"""<exchange-document country="EP" doc-number="{number}" kind="{kind}" family-id="19768124">
<bibliographic-data>
    <publication-reference>{identifier("EP", number, kind, date)}
    <document-id document-id-type="epodoc"><doc-number>EP{number}</doc-number></document-id></publication-reference>
    <application-reference>{identifier("EP", "99203729", "A")}<document-id document-id-type="epodoc">
    <doc-number>EP19990203729</doc-number><date>19991108</date></document-id><document-id document-id-type="original">
    <doc-number>99203729.5</doc-number></document-id></application-reference>
    <patent-classifications><patent-classification><classification-scheme office="EP" scheme="CPCI"/>
<section>B</section>
    <class>28</class><subclass>B</subclass><main-group>1</main-group><subgroup>29</subgroup></patent-classification>
    <patent-classification><classification-scheme office="JP" scheme="FTERM"/><section>X</section>
</patent-classification>
    </patent-classifications><parties><applicants><applicant data-format="epodoc"><applicant-name>
<name>BOER BEHEER BV [NL]</name>
    </applicant-name></applicant><applicant data-format="original"><applicant-name><name>DE BOER B.V.,</name>
</applicant-name>
    </applicant></applicants><inventors><inventor data-format="epodoc"><inventor-name><name>KOSMAN W [NL]</name>
</inventor-name>
    </inventor></inventors></parties><invention-title lang="de">Vorrichtung</invention-title>
    <invention-title lang="en">{title}</invention-title></bibliographic-data>
    <abstract lang="en"><p>The invention.</p></abstract></exchange-document>"""


def test_a_documents_two_publications_are_one_right(tmp_path):
    text = exchange("1000000", "A1", "20000517", "Old") + exchange("1000000", "B1", "20030212", "Apparatus")
    (draft,) = drafts(tmp_path, f"{HEAD}<exchange-documents>{text}</exchange-documents></ops:world-patent-data>")
    assert draft.values == {
        "office": "EP",
        "application_no": "99203729",
        "filing_date": "1999-11-08",
        "publications": [
            {"no": "EP1000000A1", "kind": "A1", "date": "2000-05-17"},
            {"no": "EP1000000B1", "kind": "B1", "date": "2003-02-12"},
        ],
        "family_id": "19768124",
        "title": "Apparatus",
        "cpc": ["B28B 1/29"],
        "owners": [{"name": "DE BOER B.V."}],
        "inventors": ["KOSMAN W"],
        "abstract": "The invention.",
    }


def member(office: str, number: str, application: str, events: str = "", kind: str = "A") -> str:
    return f"""<ops:family-member family-id="7"><publication-reference>{identifier(office, number, kind, "20110420")}
    </publication-reference>
<application-reference>{identifier(office, application, "A", "20090911")}</application-reference>
    <priority-claim>{identifier(office, application, "A", "20090911")}</priority-claim>{events}</ops:family-member>"""


def event(office: str, code: str, gazette: str, details: str = "", words: str = "SOMETHING") -> str:
    return f"""<ops:legal code="{code}" desc="{words}"><ops:pre line="1">{office} {code}</ops:pre>
    <ops:L001EP desc="Country Code">{office}</ops:L001EP><ops:L005EP desc="IPR Type">PI</ops:L005EP>
    <ops:L007EP desc="Gazette DATE">{gazette}</ops:L007EP><ops:L008EP desc="Legal Event Code 1">{code}</ops:L008EP>
    <ops:L500EP>{details}</ops:L500EP></ops:legal>"""


def family(*members: str) -> str:
    return f'{HEAD}<ops:patent-family legal="true">{"".join(members)}</ops:patent-family></ops:world-patent-data>'


def test_a_family_is_a_right_an_office(tmp_path):
    found = drafts(
        tmp_path, family(member("CN", "102025678", "200910190429"), member("US", "2011096866", "201113123456"))
    )
    assert [(draft.values["office"], draft.values["application_no"]) for draft in found] == [
        ("CN", "200910190429"),
        ("US", "13123456"),
    ]
    assert found[0].values["family_id"] == "7"
    rows = list(statement.rows(found))
    assert [row.record.key for row in rows] == ["patent_invention:CN:200910190429.0", "patent_invention:US:13123456"]


def test_a_family_with_bibliographic_data_has_it_in_its_members(tmp_path):
    whole = member("EP", "1000000", "99203729").replace("</ops:family-member>", "")
    text = family(f"{whole}{exchange('1000000', 'A', '20110420', 'Apparatus')}</ops:family-member>")
    (draft,) = drafts(tmp_path, text)
    assert (draft.values["application_no"], draft.values["title"]) == ("99203729", "Apparatus")
    assert draft.values["priority"] == "EP 99203729 2009-09-11"


CODES = [
    ("GR01", "legal_status", "F10-F11-CN_GR01"), ("CF01", "legal_status", "H10-H13-CN_CF01"),
    ("TR01", "assignment", "R10-R14-CN_TR01"), ("EE01", "licence", "S10-S11-CN_EE01"),
    ("OL01", "open_licence", "S10-S26-CN_OL01"), ("PE01", "pledge", "S10-S20-CN_PE01"),
    ("PP01", "preservation", "T10-T14-CN_PP01"), ("C06", "legal_status", "Q10-Q12-CN_C06"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "kind", "st27"), CODES)
def test_a_chinese_event_has_the_kind_and_st27_of_its_code(tmp_path, code, kind, st27):
    text = family(member("CN", "102025678", "200910190429", event("CN", code, "2013-05-01")))
    right, happened = statement.rows(drafts(tmp_path, text))
    assert happened.record.kind == kind
    assert happened.record.fields["st27"] == st27
    assert happened.record.fields["code"] == code
    assert happened.record.fields["right"] == right.record.key == "patent_invention:CN:200910190429.0"
    assert happened.record.fields["published"] == "2013-05-01"


def test_the_event_of_another_office_keeps_its_code_and_the_state_it_is_about(tmp_path):
    lapse = '<ops:L501EP desc="Ref Country Code">AT</ops:L501EP><ops:L525EP desc="Effective DATE">20030212</ops:L525EP>'
    other = lapse.replace("AT", "BE")
    text = family(
        member(
            "EP",
            "1000000",
            "99203729",
            event("EP", "PG25", "2004-01-01", lapse) + event("EP", "PG25", "2004-01-01", other),
        )
    )
    rows = list(statement.rows(drafts(tmp_path, text)))
    assert [row.record.fields.get("code") for row in rows] == [None, "PG25AT", "PG25BE"]
    assert rows[1].record.kind == "legal_status"
    assert rows[1].record.fields["date"] == "2003-02-12"
    assert rows[1].record.fields["raw_text"] == "SOMETHING; Ref Country Code: AT; Effective DATE: 20030212"
    assert [row.row_no for row in rows] == [1, 2, 3]


def test_a_utility_model_by_its_kind_code(tmp_path):
    text = family(member("CN", "201234567", "200920190429", event("CN", "GR01", "2010-05-01"), kind="U"))
    right, granted = statement.rows(drafts(tmp_path, text))
    assert right.record.key.startswith("utility_model:CN:200920190429.")
    assert granted.record.fields["st27"] == "F10-F12-CN_GR01"


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("TRIAL NO: PGR2020-00078; OPPONENT: X", "PGR2020-00078"),
        ("ASSIGNORS INTEREST;REEL/FRAME:045210/0369", "045210-0369"),
        ("Contract record no.: 2012440000016", "2012440000016"),
        ("ENTITY STATUS SET", ""),
    ],
)
def test_the_number_of_a_trial_or_contract_is_read_from_the_text(said, number):
    assert rights.register_number(said) == number


def test_an_international_application(tmp_path):
    text = family(
        member("WO", "2013012345", "2013050328")
        .replace("<kind>A</kind>", "<kind>W</kind>")
        .replace("<country>WO</country><doc-number>2013050328", "<country>US</country><doc-number>2013050328")
    )
    (draft,) = drafts(tmp_path, text)
    assert draft.values["office"] == "WO"
    assert draft.values["application_no"] == "PCT/US2013/050328"
