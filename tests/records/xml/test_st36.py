"""US grants and applications, and ST.36 of other offices."""

import pytest

from records import statement
from records.xml import numbers, righttype

from .opened import drafts, one, us_grant

BIBLIO = """
<priority-claims><priority-claim sequence="01" kind="national"><country>JP</country><doc-number>2007-290922</doc-number>
<date>20071108</date></priority-claim></priority-claims>
<classifications-ipcr><classification-ipcr><section>G</section><class>06</class><subclass>F</subclass>
<main-group>15</main-group><subgroup>16</subgroup></classification-ipcr>
<classification-ipcr><text>H04L  29/    06            A I</text></classification-ipcr></classifications-ipcr>
<classifications-cpc><main-cpc><classification-cpc><section>H</section><class>04</class><subclass>L</subclass>
<main-group>67</main-group><subgroup>125</subgroup></classification-cpc></main-cpc></classifications-cpc>
<us-references-cited><us-citation><patcit><document-id><country>US</country><doc-number>1</doc-number></document-id></patcit>
</us-citation></us-references-cited>
<us-related-documents><division><relation><parent-doc><document-id><country>US</country><doc-number>09/876,376</doc-number>
</document-id></parent-doc></relation></division>
<related-publication><document-id><country>US</country><doc-number>20140101323</doc-number><kind>A1</kind>
<date>20140410</date></document-id></related-publication></us-related-documents>
<us-parties><us-applicants><us-applicant app-type="applicant"><addressbook><last-name>Magar</last-name>
<first-name>Surendar</first-name></addressbook></us-applicant></us-applicants>
<inventors><inventor><addressbook><last-name>Magar</last-name><first-name>Surendar</first-name></addressbook></inventor>
</inventors><agents><agent rep-type="attorney"><addressbook><last-name>Born</last-name>
<first-name>Joseph H.</first-name>
<address><country>unknown</country></address></addressbook></agent>
<agent><addressbook><orgname>Foley LLP</orgname></addressbook></agent></agents></us-parties>
<assignees><assignee><addressbook><orgname>Hmicro, Inc.</orgname><role>02</role><address><city>Fremont</city>
<state>CA</state><country>US</country></address></addressbook></assignee></assignees>
"""


def test_a_us_grant(tmp_path):
    draft = one(tmp_path, us_grant(biblio=BIBLIO, more="<abstract><p>One.</p><p>Two.</p></abstract>"))
    assert draft.kind == "patent_invention"
    assert draft.values == {
        "office": "US",
        "right_type_text": "utility",
        "application_no": "13648029",
        "filing_date": "2012-10-09",
        "publications": [
            {"no": "US8930553B2", "kind": "B2", "date": "2015-01-06"},
            {"no": "US20140101323A1", "kind": "A1", "date": "2014-04-10"},
        ],
        "divisional_of": "09876376",
        "title": "Managing messages number 13648029",
        "ipc": ["G06F 15/16", "H04L 29/06"],
        "cpc": ["H04L 67/125"],
        "owners": [{"name": "Hmicro, Inc.", "address": "Fremont, CA", "country": "US"}],
        "inventors": ["Surendar Magar"],
        "agents": ["Joseph H. Born"],
        "agency": "Foley LLP",
        "priority": "JP 2007-290922 2007-11-08",
        "abstract": "One.\nTwo.",
        "claim1": "1. A lamp, with a switch.",
    }
    assert draft.raw["us-bibliographic-data-grant/publication-reference/document-id/doc-number"] == "08930553"
    assert not draft.findings


def test_a_weekly_file_gives_every_grant_in_order(tmp_path):
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE us-patent-grant SYSTEM "us-patent-grant-v45.dtd" [ ]>\n'
    found = drafts(tmp_path, "".join(head + us_grant(str(13_000_000 + n), f"0{9_000_000 + n}") for n in range(20)))
    assert [draft.place for draft in found] == list(range(1, 21))
    assert [draft.values["application_no"] for draft in found] == [str(13_000_000 + n) for n in range(20)]
    assert next(row.record.key for row in statement.rows(found)) == "patent_invention:US:13000000"


def test_before_2012_applicants_are_the_inventors(tmp_path):
    parties = """<parties><applicants><applicant app-type="applicant-inventor"><addressbook><last-name>Croy</last-name>
    <first-name>John</first-name><middle-name>C.</middle-name></addressbook></applicant></applicants></parties>"""
    values = one(tmp_path, us_grant(biblio=parties)).values
    assert values["inventors"] == ["John C. Croy"]
    assert values["owners"] == [{"name": "John C. Croy"}]
    assigned = parties + "<assignees><assignee><orgname>Bluestreak.com</orgname></assignee></assignees>"
    assert one(tmp_path, us_grant(biblio=assigned)).values["owners"] == [{"name": "Bluestreak.com"}]


def test_a_design_and_a_plant_patent(tmp_path):
    design = us_grant(
        "29400000",
        "D0700000",
        biblio="<classification-locarno><main-classification>0601</main-classification></classification-locarno>",
    )
    draft = one(tmp_path, design.replace('"utility"', '"design"').replace(">B2<", ">S1<"))
    assert draft.kind == "design"
    assert draft.values["locarno"] == ["06-01"]
    assert draft.values["publications"][0]["no"] == "USD700000S1"
    botanic = "<us-botanic><latin-name>Rosa hybrida</latin-name><variety>Meilambra</variety></us-botanic>"
    plant = us_grant("13500000", "PP024000", biblio=botanic).replace('"utility"', '"plant"').replace(">B2<", ">P2<")
    (row,) = statement.rows(drafts(tmp_path, plant))
    assert row.record.key == "plant_variety:US:13500000"
    assert row.record.fields["name"] == "Meilambra"
    assert row.record.fields["species"] == "Rosa hybrida"
    assert row.record.fields["grant_date"] == "2015-01-06"


def test_an_application(tmp_path):
    text = us_grant(patent="20050004437").replace("us-patent-grant", "us-patent-application").replace(">B2<", ">A1<")
    draft = one(tmp_path, text.replace("data-grant", "data-application"))
    assert draft.values["publications"] == [{"no": "US20050004437A1", "kind": "A1", "date": "2015-01-06"}]


def test_st36_of_another_office(tmp_path):
    text = """<wo-patent-document country="WO"><bibliographic-data><publication-reference><document-id>
<country>WO</country>
    <doc-number>2013/012345</doc-number><kind>A1</kind><date>20130124</date></document-id></publication-reference>
    <application-reference><document-id><country>WO</country><doc-number>PCT/EP2012/63456</doc-number><date>20120710</date>
    </document-id></application-reference><invention-title lang="fr">Lampe</invention-title>
    <invention-title lang="en">Lamp</invention-title></bibliographic-data></wo-patent-document>"""
    draft = one(tmp_path, text)
    assert draft.values["application_no"] == "PCT/EP2012/063456"
    assert draft.values["title"] == "Lamp"
    assert draft.values["publications"] == [{"no": "WO2013012345A1", "kind": "A1", "date": "2013-01-24"}]


def test_too_long_a_claim_is_found_and_not_cut(tmp_path):
    text = us_grant().replace("1. A lamp", "1. A lamp" + " very" * 5_000 + " long")
    draft = one(tmp_path, text)
    assert draft.values["claim1"].endswith("with a switch.")
    (row,) = statement.rows([draft])
    assert row.record is None
    assert {found.field for found in row.findings} == {"claim1"}


@pytest.mark.parametrize(
    ("office", "written", "number"),
    [
        ("US", "13/547,826", "13547826"),
        ("US", "201213547826", "13547826"),
        ("US", "09832323", "09832323"),
        ("US", "94268010", "94268010"),
        ("EP", "99203729.5", "99203729"),
        ("EP", "EP99203729", "99203729"),
        ("WO", "PCT/US2013/050328", "PCT/US2013/050328"),
        ("WO", "US2013050328", "PCT/US2013/050328"),
        ("WO", "PCT/CH02/00573", "PCT/CH2002/000573"),
        ("CN", "201710601862.3", "201710601862.3"),
        ("JP", "2005-505120", "2005-505120"),
    ],
)
def test_an_application_number_has_one_form(office, written, number):
    assert numbers.application(office, written) == number


@pytest.mark.parametrize(
    ("office", "written", "kind", "number"),
    [
        ("US", "08930553", "B2", "US8930553B2"),
        ("US", "2006142694", "A1", "US20060142694A1"),
        ("US", "20060142694", "A1", "US20060142694A1"),
        ("US", "D0700000", "S1", "USD700000S1"),
        ("US", "PP024000", "P2", "USPP24000P2"),
        ("US", "4000000", "A", "US4000000A"),
        ("EP", "1000000", "A1", "EP1000000A1"),
        ("CN", "CN102025678A", "A", "CN102025678A"),
        ("WO", "2013/012345", "A1", "WO2013012345A1"),
    ],
)
def test_a_publication_number_has_one_form(office, written, kind, number):
    assert numbers.publication(office, written, kind) == number


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("1995-02-07-05:00", "1995-02-07"),
        ("2006-09-14T04:00:00Z", "2006-09-14"),
        ("20110420", "2011-04-20"),
        ("19980800", ""),
        ("0001-01-01T00:00:00Z", ""),
        ("00000000", ""),
        ("", ""),
        ("spring 1998", "spring 1998"),
    ],
)
def test_a_date_loses_its_zone_and_no_date_is_none(written, date):
    assert numbers.date(written) == date


@pytest.mark.parametrize(
    ("office", "code", "kind"),
    [
        ("CN", "C", "patent_invention"), ("CN", "Y", "utility_model"), ("CN", "D", "design"), ("US", "S1", "design"),
        ("US", "P3", "plant_variety"), ("US", "E1", "patent_invention"), ("DE", "U1", "utility_model"),
        ("JP", "Y2", "utility_model"), ("DE", "D1", "patent_invention"), ("EP", "A1", "patent_invention"),
        ("EP", "", ""),
    ],
)  # fmt: skip
def test_the_kind_by_the_publications_code(office, code, kind):
    assert righttype.of_code(office, code) == kind
