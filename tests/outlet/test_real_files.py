"""Every file of the collection, tried by the command: those of rights and events give the counts of its index, and the
others are refused with a sentence. Nothing of them is shown but numbers."""

import json
from collections import Counter

import pytest

from node import frame, intake
from node.frame import DONE, REFUSED
from outlet import cli
from records.draft import Row

GIVEN = {  # file: (format, encoding, rows, blank rows, records)
    "pss_xls/专利_34304.xls": ("xls", "", 110, 0, 110),
    "pss_xls/专利_207872.xls": ("xls", "", 751, 0, 751),
    "pss_xls/专利-副本_203776.xls": ("xls", "", 744, 0, 744),
    "cnipa_xml/CN101985000000312CN00000851003120AFULZH19870204CN00Z.XML": ("cnipa-xml", "utf-8", 1, 0, 1),
    "cnipa_xml/CN102009000190429CN00001020256780AFULZH20110420CN00R.XML": ("cnipa-xml", "utf-8", 1, 0, 1),
    "cnipa_xml/CN102010000298420CN00001019453140BFULZH20190802CN00D.XML": ("cnipa-xml", "utf-8", 1, 0, 1),
    "cnipa_xml/CN102019000302430CN00001100838310AFULZH20190802CN00G.XML": ("cnipa-xml", "utf-8", 1, 0, 1),
    "st96/PatentPublication_Example.xml": ("st96", "utf-8", 1, 0, 1),
    "st96/TrademarkApplication_Example.xml": ("st96", "utf-8", 1, 0, 1),
    "st96/DesignApplication_Example.xml": ("st96", "utf-8", 1, 0, 1),
    "st96/GIApplication_Example.xml": ("st96", "utf-8", 1, 0, 1),
    "trademark_xml/rn2178784-ST-961_D3.xml": ("st96", "utf-8", 1, 0, 1),
    "trademark_xml/rn2178784-ST-962.2.1.xml": ("st96", "utf-8", 1, 0, 1),
    "trademark_xml/sn76044902.xml": ("st66", "utf-8", 1, 0, 2),  # one mark, in two classes
    "uspto_samples/xml2004/US06859910.xml": ("uspto", "utf-8", 1, 0, 1),
    "uspto_samples/xml2004/US06970935.xml": ("uspto", "utf-8", 1, 0, 1),
    "uspto_samples/xml2006/US07272630B2.xml": ("uspto", "utf-8", 1, 0, 1),
    "uspto_samples/xml2014/US08926509.xml": ("uspto", "utf-8", 1, 0, 1),
    "uspto_samples/xml2014/US08927118.xml": ("uspto", "utf-8", 1, 0, 1),
    "uspto_samples/xml2014/US08930553.xml": ("uspto", "utf-8", 1, 0, 1),
    "uspto_samples/xmlApp2004/US20050004437A1.xml": ("uspto", "utf-8", 1, 0, 1),
    "uspto_samples/xmlApp2004/US20050004974A1.xml": ("uspto", "utf-8", 1, 0, 1),
    "epo_uspto_api/epo_ops_family_fixtures_family_input.xml": ("epo-ops", "utf-8", 5, 0, 5),
    "epo_uspto_api/epo_ops_legal_fixtures_example_1.xml": ("epo-ops", "utf-8", 51, 0, 51),
    "epo_uspto_api/epo_ops_legal_fixtures_example_2.xml": ("epo-ops", "utf-8", 52, 0, 52),
    "epo_uspto_api/epo_ops_legal_fixtures_example_3.xml": ("epo-ops", "utf-8", 15, 0, 15),
    "epo_uspto_api/epo_ops_published_test_biblio_example.xml": ("epo-ops", "utf-8", 1, 0, 1),
    "epo_uspto_api/epo_ops_published_test_biblio_example_2.xml": ("epo-ops", "utf-8", 1, 0, 1),
    "epo_uspto_api/epo_ops_published_test_biblio_example_3.xml": ("epo-ops", "utf-8", 1, 0, 1),
    "epo_uspto_api/epo_ops_published_test_biblio_example_4.xml": ("epo-ops", "utf-8", 1, 0, 1),
    "epo_uspto_api/epo_ops_published_test_full_cycle_example.xml": ("epo-ops", "utf-8", 1, 0, 1),
    "epo_uspto_api/sample.xml": ("uspto-assignment", "utf-8", 5, 0, 5),
    "epo_uspto_api/uspto_assignment_fixtures_assignment_1.xml": ("uspto-assignment", "utf-8", 5, 0, 5),
    "epo_uspto_api/uspto_assignment_fixtures_assignment_2.xml": ("uspto-assignment", "utf-8", 1, 0, 1),
    "epo_uspto_api/uspto_assignment_fixtures_assignment_3.xml": ("uspto-assignment", "utf-8", 379, 0, 379),
    "epo_uspto_api/uspto_global_dossier_test_app.json": ("uspto-api", "utf-8", 3, 0, 3),
    "epo_uspto_api/uspto_odp_fixtures_biblio.json": ("uspto-api", "utf-8", 1, 0, 1),
    "epo_uspto_api/uspto_ptab_fixtures_proceeding_input.json": ("uspto-api", "utf-8", 1, 0, 1),
    "cpc_labels/sample_train.csv": ("csv", "utf-8-sig", 4101, 4082, 19),
    "cpc_labels/sample_test.csv": ("csv", "utf-8-sig", 491, 472, 19),
    "cpc_labels/sample_val.csv": ("csv", "utf-8-sig", 492, 473, 19),
    "trs_sample/sample_utf8.trs": ("trs", "utf-8", 2, 0, 2),
    "trs_sample/sample_gb18030.trs": ("trs", "gb18030", 2, 0, 2),
}
NO_RECORDS = {"LICENSE", "README.md", "INDEX.md"}


@pytest.fixture
def tried(tmp_path, capfd):
    """Return what a dry run says of a file, at a place without a node."""

    def tried(path):
        code = frame.run(cli.top, ["import", str(path), "--dry-run", "--json", "--home", str(tmp_path)], {"LANG": "C"})
        return code, json.loads(capfd.readouterr().out)

    return tried


@pytest.mark.parametrize("name", GIVEN)
def test_a_file_of_rights_or_events_gives_its_count(shared_data, tried, name):
    code, found = tried(shared_data / name)
    form, encoding, rows, blank, records = GIVEN[name]
    assert (code, found["format"], found["encoding"]) == (DONE, form, encoding)
    assert (found["rows"], found["blank"], found["records"], found["refused"]) == (rows, blank, records, 0)
    assert found["unchanged"] == 0
    assert len(found["sample"]) == min(20, records), "rows as written next to as read"


def test_the_counts_of_the_index_come_out():
    """57 patents among 5,084 rows; 90 inventions, 16 utility models and 4 designs are told apart below."""
    labels = [given for name, given in GIVEN.items() if name.startswith("cpc_labels")]
    assert (sum(one[2] for one in labels), sum(one[3] for one in labels), sum(one[4] for one in labels)) == (
        5084,
        5027,
        57,
    )


def test_the_search_export_has_its_kinds(shared_data):
    file = intake.open_file(shared_data / "pss_xls" / "专利_34304.xls")
    kinds = Counter(row.record.kind for row in file.rows() if isinstance(row, Row) and row.record)
    assert kinds == {"patent_invention": 90, "utility_model": 16, "design": 4}


def test_every_other_file_is_refused_with_a_sentence(shared_data, tried):
    others = [path for path in sorted(shared_data.rglob("*")) if path.is_file() and path.name not in NO_RECORDS]
    others = [path for path in others if path.relative_to(shared_data).as_posix() not in GIVEN]
    assert others
    for path in others:
        code, found = tried(path)
        assert (code, found["error"]) == (REFUSED, "UnreadableFile"), path.name
        assert found["message"].rstrip().endswith("."), path.name
