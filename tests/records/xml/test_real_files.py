"""Files of offices and services out there, beside the checkout: each imports or is refused by what it is."""

from collections import Counter

import pytest

from records import kinds, reading, statement
from records.errors import UnreadableFile

CNIPA, USPTO, OPS = "cnipa_xml/CN10", "uspto_samples/xml", "epo_uspto_api/epo_ops_"
PATENT = {"patent_invention": 1}
FILES = [
    (
        f"{CNIPA}1985000000312CN00000851003120AFULZH19870204CN00Z.XML",
        "cnipa-xml",
        PATENT,
        "patent_invention:CN:85100312.5",
    ),
    (
        f"{CNIPA}2009000190429CN00001020256780AFULZH20110420CN00R.XML",
        "cnipa-xml",
        PATENT,
        "patent_invention:CN:200910190429.0",
    ),
    (
        f"{CNIPA}2010000298420CN00001019453140BFULZH20190802CN00D.XML",
        "cnipa-xml",
        PATENT,
        "patent_invention:CN:201010298420.4",
    ),
    (
        f"{CNIPA}2019000302430CN00001100838310AFULZH20190802CN00G.XML",
        "cnipa-xml",
        PATENT,
        "patent_invention:CN:201910302430.1",
    ),
    ("st96/PatentPublication_Example.xml", "st96", PATENT, "patent_invention:US:13797521"),
    ("st96/TrademarkApplication_Example.xml", "st96", {"trademark": 1}, "trademark:US:87035559/9"),
    ("st96/DesignApplication_Example.xml", "st96", {"design": 1}, "design:XX:35503842"),
    ("st96/GIApplication_Example.xml", "st96", {"gi": 1}, "gi:FR:IG18-002"),
    ("trademark_xml/rn2178784-ST-961_D3.xml", "st96", {"trademark": 1}, "trademark:US:74631225/9"),
    ("trademark_xml/rn2178784-ST-962.2.1.xml", "st96", {"trademark": 1}, "trademark:US:74631225/9"),
    ("trademark_xml/sn76044902.xml", "st66", {"trademark": 2}, "trademark:US:76044902/9"),
    (f"{USPTO}2004/US06859910.xml", "uspto", PATENT, "patent_invention:US:09832323"),
    (f"{USPTO}2004/US06970935.xml", "uspto", PATENT, "patent_invention:US:09703574"),
    (f"{USPTO}2006/US07272630B2.xml", "uspto", PATENT, "patent_invention:US:10991571"),
    (f"{USPTO}2014/US08926509.xml", "uspto", PATENT, "patent_invention:US:12134151"),
    (f"{USPTO}2014/US08927118.xml", "uspto", PATENT, "patent_invention:US:13349377"),
    (f"{USPTO}2014/US08930553.xml", "uspto", PATENT, "patent_invention:US:13648029"),
    (f"{USPTO}App2004/US20050004437A1.xml", "uspto", PATENT, "patent_invention:US:10830857"),
    (f"{USPTO}App2004/US20050004974A1.xml", "uspto", PATENT, "patent_invention:US:10687244"),
    (f"{OPS}family_fixtures_family_input.xml", "epo-ops", {"patent_invention": 5}, "patent_invention:EP:99203729"),
    (f"{OPS}legal_fixtures_example_1.xml", "epo-ops", PATENT | {"legal_status": 50}, "patent_invention:EP:99203729"),
    (f"{OPS}legal_fixtures_example_2.xml", "epo-ops", PATENT | {"legal_status": 51}, "patent_invention:EP:99203729"),
    (f"{OPS}legal_fixtures_example_3.xml", "epo-ops", PATENT | {"legal_status": 14}, "patent_invention:US:15919370"),
    (f"{OPS}published_test_biblio_example.xml", "epo-ops", PATENT, "patent_invention:US:11023667"),
    (f"{OPS}published_test_biblio_example_2.xml", "epo-ops", PATENT, "patent_invention:JP:2005505120"),
    (f"{OPS}published_test_biblio_example_3.xml", "epo-ops", PATENT, "patent_invention:AU:2013290010"),
    (f"{OPS}published_test_biblio_example_4.xml", "epo-ops", PATENT, "patent_invention:US:12942680"),
    (f"{OPS}published_test_full_cycle_example.xml", "epo-ops", PATENT, "patent_invention:EP:99203729"),
    ("epo_uspto_api/sample.xml", "uspto-assignment", {"assignment": 5}, "assignment:patent_invention:US:10628795/"),
    ("epo_uspto_api/uspto_assignment_fixtures_assignment_1.xml", "uspto-assignment", {"assignment": 5}, "assignment:"),
    ("epo_uspto_api/uspto_assignment_fixtures_assignment_2.xml", "uspto-assignment", {"assignment": 1}, "assignment:"),
    (
        "epo_uspto_api/uspto_assignment_fixtures_assignment_3.xml",
        "uspto-assignment",
        {"assignment": 1, "pledge": 378},
        "pledge:patent_invention:US:15356436/",
    ),
    (
        "epo_uspto_api/uspto_global_dossier_test_app.json",
        "uspto-api",
        {"patent_invention": 3},
        "patent_invention:JP:2017187096",
    ),
    ("epo_uspto_api/uspto_odp_fixtures_biblio.json", "uspto-api", PATENT, "patent_invention:US:15123456"),
    (
        "epo_uspto_api/uspto_ptab_fixtures_proceeding_input.json",
        "uspto-api",
        {"dispute": 1},
        "dispute:patent_invention:US:08976228/",
    ),
]
REFUSED = [
    ("uspto_samples/xml4ip/sample_XML4IP.ZIP", "a set of claims of a US file wrapper"),
    ("epo_uspto_api/epo_ops_published_fixtures_search_result.xml", "a list of search results"),
    ("epo_uspto_api/epo_ops_legal_fixtures_legal_code_descriptions_202417.xlsx", "a list of codes"),
    ("epo_uspto_api/uspto_global_dossier_test_doc_list.json", "a list of documents in a dossier"),
    ("epo_uspto_api/uspto_odp_fixtures_assignment.json", "does not say which application"),
    ("epo_uspto_api/uspto_odp_fixtures_transactions.json", "does not say which application"),
]
FOLDERS = ("cnipa_xml", "st96", "trademark_xml", "uspto_samples", "epo_uspto_api")


def rows(path):
    reader = reading.recognise(path)
    return reader, list(statement.rows(reader.drafts(), kinds.BUILT_IN, reader.stated))


@pytest.mark.parametrize(("name", "form", "count", "key"), FILES, ids=[name.rpartition("/")[2] for name, *_ in FILES])
def test_a_file_imports_whole(shared_data, name, form, count, key):
    reader, found = rows(shared_data / name)
    assert reader.format == form
    assert Counter(row.record.kind for row in found) == count
    assert not [row.findings for row in found if row.findings]
    assert found[0].record.key.startswith(key)


@pytest.mark.parametrize(("name", "says"), REFUSED)
def test_a_file_that_holds_neither_rights_nor_events_is_refused_by_what_it_is(shared_data, name, says):
    with pytest.raises(UnreadableFile, match=says):
        reading.recognise(shared_data / name)


def test_no_file_is_left_out(shared_data):
    there = {path.relative_to(shared_data).as_posix() for part in FOLDERS for path in (shared_data / part).rglob("*.*")}
    assert there == {name for name, *_ in FILES} | {name for name, _ in REFUSED}


def fields(shared_data, name, place=0):
    _, found = rows(shared_data / name)
    return found[place].record.fields


def test_values_of_cnipa(shared_data):
    found = fields(shared_data, FILES[1][0])
    assert found["title"] == "信道估计方法、装置及相干检测系统"
    assert found["filing_date"] == "2009-09-11"
    assert found["publications"] == [{"no": "CN102025678A", "kind": "A", "date": "2011-04-20", "gazette": "27-16"}]
    assert found["ipc"] == ["H04L 27/26", "H04L 25/03", "H04L 25/02"]
    assert found["owners"][0]["name"] == "华为技术有限公司"
    assert found["region"] == "440300"
    assert len(found["inventors"]) == 5
    granted = fields(shared_data, FILES[2][0])
    assert [item["no"] for item in granted["publications"]] == ["CN101945314B", "CN101945314A"]
    assert granted["region"] == "440100"
    old = fields(shared_data, FILES[0][0])
    assert old["ipc"] == ["B03C 3/09", "F28F 1/38", "F28G 1/02"]
    assert old["st13_no"] == "101985000000312"


def test_values_of_patents_abroad(shared_data):
    found = fields(shared_data, "st96/PatentPublication_Example.xml")
    assert found["divisional_of"] == "12741916"
    assert found["priority"] == "JP 2007-290922 2007-11-08"
    assert next(owner["name"] for owner in found["owners"]) == "Mitsubishi Heavy Industries, Ltd."
    assert (len(found["ipc"]), found["cpc"][0]) == (6, "H01L 21/2007")
    found = fields(shared_data, "uspto_samples/xml2014/US08930553.xml")
    assert found["owners"][0]["name"] == "International Business Machines Corporation"
    assert [item["no"] for item in found["publications"]] == ["US8930553B2", "US20140101323A1"]
    assert (found["agency"], len(found["inventors"])) == ("Cuenot, Forsythe & Kim, LLC", 3)
    found = fields(shared_data, "epo_uspto_api/epo_ops_published_test_full_cycle_example.xml")
    assert [item["no"] for item in found["publications"]] == ["EP1000000A1", "EP1000000B1"]
    assert found["title"].startswith("Apparatus for manufacturing green bricks")


def test_the_same_mark_in_two_versions_is_the_same_record(shared_data):
    older = fields(shared_data, "trademark_xml/rn2178784-ST-961_D3.xml")
    newer = fields(shared_data, "trademark_xml/rn2178784-ST-962.2.1.xml")
    assert older == newer
    assert (older["name"], older["filing_date"], older["registration_no"]) == ("JAVA", "1995-02-07", "2178784")
    assert [owner["name"] for owner in older["owners"]] == ["Oracle America, Inc."]
    python = [fields(shared_data, "trademark_xml/sn76044902.xml", place) for place in (0, 1)]
    assert [one["nice_class"] for one in python] == ["9", "42"]
    assert {one["name"] for one in python} == {"PYTHON"}


def test_values_of_designs_and_indications(shared_data):
    found = fields(shared_data, "st96/DesignApplication_Example.xml")
    assert (found["title"], found["locarno"], found["expiry_date"]) == ("Chair", ["06-01"], "2034-01-29")
    found = fields(shared_data, "st96/GIApplication_Example.xml")
    assert (found["name"], found["area"], len(found["users"])) == (
        "Tapisserie d'Aubusson",
        "Département de la Creuse",
        10,
    )


def test_values_of_events(shared_data):
    event = fields(shared_data, "epo_uspto_api/epo_ops_legal_fixtures_example_1.xml", 1)
    assert (event["code"], event["date"], event["published"]) == ("17Q", "2002-04-23", "2002-06-05")
    assert event["right"] == "patent_invention:EP:99203729"
    assigned = fields(shared_data, "epo_uspto_api/sample.xml")
    assert (assigned["date"], assigned["register_no"]) == ("2006-09-14", "018247-0405")
    assert assigned["parties"] == [
        {"role": "transferor", "name": "REALTIME DATA COMPRESSION SYSTEMS, INC."},
        {"role": "transferee", "name": "REALTIME DATA LLC"},
    ]
