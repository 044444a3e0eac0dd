"""CNIPA's XML, both generations."""

from records import statement

from .opened import drafts, one

SCHEMAS = "http://www.sipo.gov.cn/XMLSchema"
NAMESPACES = f'xmlns:base="{SCHEMAS}/base" xmlns:business="{SCHEMAS}/business"'


def numbers(kind: str, number: str, standard: str, filed: str, typed: str = "10") -> str:
    """Return publication and application, each twice, as the office writes them."""

    def twice(tag: str, attributes: str, original: str, other: str, rest: str) -> str:
        return "".join(
            f'<business:{tag} {attributes} dataFormat="{form}"><base:DocumentID><base:WIPOST3Code>CN</base:WIPOST3Code>'
            f"<base:DocNumber>{text}</base:DocNumber>{rest}</base:DocumentID></business:{tag}>"
            for form, text in (("original", original), ("standard", other))
        )

    dated = f"<base:Kind>{kind}</base:Kind><base:Date>20110420</base:Date>"
    published = twice("PublicationReference", "", "102025678", "102025678", dated)
    applied = twice("ApplicationReference", f'applType="{typed}"', number, standard, f"<base:Date>{filed}</base:Date>")
    return published + applied


def document(numbers: str, rest: str = "", outside: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8" standalone="no"?>\n'
        '<!DOCTYPE business:PatentDocumentAndRelated SYSTEM "/DTDS/ExternalStandards/ipphdb-entities.dtd"[]>\n'
        f"<business:PatentDocumentAndRelated {NAMESPACES}><business:BibliographicData>{numbers}{rest}"
        f"</business:BibliographicData>{outside}</business:PatentDocumentAndRelated>"
    )


USUAL = numbers("A", "200910190429.0", "102009000190429", "20090911")
REST = """
<business:PublicAvailabilityDate><business:GazetteReference><business:GazetteNumber>27-16</business:GazetteNumber>
</business:GazetteReference></business:PublicAvailabilityDate>
<business:ClassificationIPCRDetails><business:ClassificationIPCR sequence="1"><base:Section>H</base:Section>
<base:MainClass>04</base:MainClass><base:Subclass>L</base:Subclass><base:MainGroup>27</base:MainGroup>
<base:Subgroup>26</base:Subgroup><base:Text>H04L   27/26    (2006.01)</base:Text></business:ClassificationIPCR>
</business:ClassificationIPCRDetails>
<business:InventionTitle lang="zh" dataFormat="original">一种灯&hellip;</business:InventionTitle>
<business:Parties><business:ApplicantDetails><business:Applicant dataFormat="original"><base:AddressBook>
<base:Name>深圳某某有限公司</base:Name><base:Address><base:AddressLine>0</base:AddressLine><base:Street>0</base:Street>
<base:City>深圳市</base:City><base:Province>广东省</base:Province><base:PostCode>518129</base:PostCode>
<base:WIPOST3Code>CN</base:WIPOST3Code><base:Text>0</base:Text></base:Address></base:AddressBook>
<base:OrganizationCode>0000000000</base:OrganizationCode></business:Applicant></business:ApplicantDetails>
<business:InventorDetails><business:Inventor><base:AddressBook><base:Name>甲</base:Name></base:AddressBook>
</business:Inventor><business:Inventor><base:AddressBook><base:Name>D·W·乙</base:Name></base:AddressBook>
</business:Inventor></business:InventorDetails>
<business:AgentDetails><business:CustomerNumber>42222</business:CustomerNumber><business:Agent><business:Agency>
<base:AddressBook><base:OrganizationName>某事务所 42222</base:OrganizationName></base:AddressBook></business:Agency>
<base:AddressBook><base:Name>丙</base:Name></base:AddressBook></business:Agent></business:AgentDetails></business:Parties>
<business:PriorityDetails><business:Priority dataFormat="original"><base:WIPOST3Code>KR</base:WIPOST3Code>
<base:DocNumber>10-2022-0100096</base:DocNumber><base:Date>20220810</base:Date></business:Priority>
<business:Priority dataFormat="standard"><base:DocNumber>KR102022000100096</base:DocNumber></business:Priority>
</business:PriorityDetails>
"""
OUTSIDE = """<business:Abstract dataFormat="original"><base:Paragraphs>第一段。</base:Paragraphs>
<base:Paragraphs>第二段。</base:Paragraphs></business:Abstract>
<business:Description><base:Paragraphs>说明书</base:Paragraphs></business:Description>
<business:Claims dataFormat="original"><business:Claim num="0001">
<business:ClaimText>1.一种灯，其特征在于<base:i>亮</base:i>。
</business:ClaimText></business:Claim><business:Claim num="0002">2.另一种灯。</business:Claim></business:Claims>"""


def test_a_document_says_what_it_says_once(tmp_path):
    draft = one(tmp_path, document(USUAL, REST, OUTSIDE))
    assert draft.kind == "patent_invention"
    assert draft.values == {
        "office": "CN",
        "application_no": "200910190429.0",
        "st13_no": "102009000190429",
        "filing_date": "2009-09-11",
        "publications": [{"no": "CN102025678A", "kind": "A", "date": "2011-04-20", "gazette": "27-16"}],
        "title": "一种灯&hellip;",
        "ipc": ["H04L 27/26"],
        "owners": [
            {"name": "深圳某某有限公司", "address": "广东省深圳市", "country": "CN", "division": "广东省深圳市"}
        ],
        "address": "广东省深圳市",
        "region": "广东省深圳市",
        "inventors": ["甲", "D·W·乙"],
        "agency": "某事务所 42222",
        "agency_code": "42222",
        "agents": ["丙"],
        "priority": "KR 10-2022-0100096 2022-08-10",
        "abstract": "第一段。\n第二段。",
        "claim1": "1.一种灯，其特征在于亮。",
    }
    assert draft.raw["BibliographicData/ApplicationReference/DocumentID/DocNumber"] == "200910190429.0; 102009000190429"
    assert draft.raw["BibliographicData/ClassificationIPCRDetails/ClassificationIPCR/Text"] == "H04L 27/26 (2006.01)"
    assert [found.rule for found in draft.findings] == ["XML_ENTITY"]


def test_it_becomes_a_record(tmp_path):
    (row,) = statement.rows(drafts(tmp_path, document(USUAL, REST, OUTSIDE)))
    assert row.record.key == "patent_invention:CN:200910190429.0"
    assert row.record.fields["region"] == "440300"
    assert row.record.fields["owners"][0]["division"] == "440300"


def test_any_prefix_does_and_another_namespace_does_not(tmp_path):
    text = document(USUAL, REST, OUTSIDE)
    renamed = (
        text.replace(":business=", ":b=").replace(":base=", ":x=").replace("business:", "b:").replace("base:", "x:")
    )
    assert one(tmp_path, renamed).values == one(tmp_path, text).values
    other = text.replace("<business:InventionTitle", "<o:InventionTitle xmlns:o='urn:o'")
    other = other.replace("</business:InventionTitle", "</o:InventionTitle")
    assert "title" not in one(tmp_path, other).values


def test_the_standard_number_alone_gives_the_application_number(tmp_path):
    text = document(numbers("A", "101985000000312", "101985000000312", "19850401"))
    assert one(tmp_path, text).values["application_no"] == "85100312.5"
    pct = one(tmp_path, document(numbers("A", "112009000190429", "112009000190429", "20090911", "11")))
    assert "application_no" not in pct.values  # more than one number can stand behind it
    assert pct.values["st13_no"] == "112009000190429"


def test_the_kind_is_told_by_type_else_by_publication(tmp_path):
    for typed, code, kind in (("10", "A", "patent_invention"), ("20", "U", "utility_model"), ("30", "S", "design")):
        for text in (typed, ""):
            assert one(tmp_path, document(numbers(code, "1", "1", "20090911", text))).kind == kind


def test_the_application_published_before_a_grant_is_its_publication(tmp_path):
    before = """<business:RelatedDocuments><business:RelatedPublicationDoc><base:DocumentID>
    <base:WIPOST3Code>CN</base:WIPOST3Code>
    <base:DocNumber>101945314</base:DocNumber><base:Kind>A</base:Kind><base:Date>20110112</base:Date></base:DocumentID>
    </business:RelatedPublicationDoc></business:RelatedDocuments>"""
    published = one(tmp_path, document(USUAL, before)).values["publications"]
    assert [item["no"] for item in published] == ["CN102025678A", "CN101945314A"]


def test_the_same_application_twice_in_a_file_is_one_right(tmp_path):
    granted = document(numbers("B", "200910190429.0", "102009000190429", "20090911").replace("20110420", "20130501"))
    found = drafts(tmp_path, document(USUAL, REST) + "\n" + granted)
    assert [item["no"] for item in found[0].values["publications"]] == ["CN102025678A", "CN102025678B"]
    assert len(found) == 1
    assert found[0].values["title"] == "一种灯&hellip;"


OLD = """<?xml version="1.0" encoding="GB2312"?>
<!DOCTYPE cn-patent-document SYSTEM "dtd/cn-patent-document-06-10-27.dtd">
<cn-patent-document lang="ZH" country="CN"><cn-bibliographic-data lang="ZH" country="CN">
<cn-publication-reference><document-id><country>CN</country><doc-number>101123456</doc-number><kind>A</kind>
<date>20080213</date></document-id><gazette-reference><gazette-num>24-07</gazette-num></gazette-reference>
</cn-publication-reference>
<application-reference appl-type="发明专利"><document-id><country>CN</country><doc-number>200710076543</doc-number>
<date>20070810</date></document-id></application-reference>
<priority-claims><priority-claim sequence="1" kind="international"><country>JP</country><doc-number>2006-1</doc-number>
<date>20060811</date></priority-claim></priority-claims>
<classification-ipc><main-classification>H01L33/00(2006.01)I</main-classification>
<further-classification>F21V7/00</further-classification></classification-ipc>
<invention-title lang="ZH">一种灯</invention-title>
<abstract lang="ZH"><p>摘要文字。</p></abstract>
<cn-related-publication><cn-publication-reference><document-id><country>CN</country><doc-number>101123455</doc-number>
<kind>A</kind></document-id></cn-publication-reference></cn-related-publication>
<cn-parties><cn-applicants><cn-applicant sequence="1"><addressbook><name>东莞某公司</name><address>
<text>523000 广东省东莞市</text></address></addressbook></cn-applicant></cn-applicants>
<cn-inventors><cn-inventor sequence="1"><addressbook><name>甲</name></addressbook></cn-inventor></cn-inventors>
<cn-agents><cn-agent><cn-agency><name>某事务所</name></cn-agency><name>丙</name></cn-agent></cn-agents></cn-parties>
<date-pct-article-22-39-fulfilled><date>20070801</date></date-pct-article-22-39-fulfilled>
<pct-or-regional-filing-data><document-id><country>JP</country><doc-number>PCT/JP2006/012345</doc-number><date>20060811</date>
</document-id></pct-or-regional-filing-data>
<pct-or-regional-publishing-data><document-id><country>WO</country><doc-number>2007/012345</doc-number><kind>A1</kind>
<date>20070215</date></document-id></pct-or-regional-publishing-data>
</cn-bibliographic-data><application-body><description><p>说明</p></description><claims><claim num="001">
<claim-text>1、一种灯。</claim-text></claim></claims></application-body></cn-patent-document>"""


def test_the_older_dialect_in_its_encoding(tmp_path):
    draft = one(tmp_path, OLD.encode("gb2312"))
    assert draft.kind == "patent_invention"
    assert draft.values == {
        "office": "CN",
        "right_type_text": "发明专利",
        "application_no": "200710076543",
        "filing_date": "2007-08-10",
        "publications": [
            {"no": "CN101123456A", "kind": "A", "date": "2008-02-13", "gazette": "24-07"},
            {"no": "CN101123455A", "kind": "A"},
        ],
        "title": "一种灯",
        "ipc": ["H01L 33/00(2006.01)I", "F21V 7/00"],
        "owners": [{"name": "东莞某公司", "address": "523000 广东省东莞市"}],
        "inventors": ["甲"],
        "agency": "某事务所",
        "agents": ["丙"],
        "priority": "JP 2006-1 2006-08-11",
        "pct": {
            "application_no": "PCT/JP2006/012345",
            "application_date": "2006-08-11",
            "publication_no": "WO2007012345A1",
            "publication_date": "2007-02-15",
            "entry_date": "2007-08-01",
        },
        "abstract": "摘要文字。",
        "claim1": "1、一种灯。",
    }
    (row,) = statement.rows([draft])
    assert row.record.key.startswith("patent_invention:CN:200710076543.")
