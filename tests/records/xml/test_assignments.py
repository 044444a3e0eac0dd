"""Assignments recorded by the US office, and answers of its services."""

import json

import pytest

from records import reading, statement
from records.errors import UnreadableFile
from records.xml import answers

from .opened import drafts, written

FIELDS = {
    "displayId": "018247-0405",
    "conveyanceText": "ASSIGNMENT OF ASSIGNORS INTEREST (SEE DOCUMENT FOR DETAILS).",
    "recordedDate": "2006-09-20T04:00:00Z",
    "patAssignorExDate": ["0001-01-01T00:00:00Z", "2006-09-14T04:00:00Z"],
    "patAssignorName": ["OLD, INC.", "NULL"],
    "patAssigneeName": ["NEW LLC"],
    "inventionTitle": ["FIRST", "SECOND", "THIRD"],
    "applNum": ["10628795", "NULL", "29400000"],
    "patNum": ["7130913", "7321937", "D700000"],
    "publNum": ["20040073746", "NULL", "NULL"],
}


def response(fields: dict, named: bool) -> str:
    """Return an answer in either spelling: elements by name, or <str name> and <arr name>."""
    inside = ""
    for name, value in fields.items():
        texts = "".join(f"<str>{text}</str>" for text in value) if isinstance(value, list) else value
        tag = "arr" if isinstance(value, list) else "str"
        inside += f"<{name}>{texts}</{name}>" if named else f'<{tag} name="{name}">{texts}</{tag}>'
    return f'<?xml version="1.0"?><response><lst name="h"/><result numFound="1"><doc>{inside}</doc></result></response>'


@pytest.mark.parametrize("named", [True, False])
def test_a_recorded_assignment_is_an_event_a_right(tmp_path, named):
    rows = list(statement.rows(drafts(tmp_path, response(FIELDS, named))))
    assert [row.record.fields["right"] for row in rows] == [
        "patent_invention:US:10628795",
        "patent_invention:US:pub/US7321937",
        "design:US:29400000",
    ]
    assert {row.record.kind for row in rows} == {"assignment"}
    fields = rows[0].record.fields
    assert fields["date"] == "2006-09-14"
    assert fields["published"] == "2006-09-20"
    assert fields["register_no"] == "018247-0405"
    assert fields["right_title"] == "FIRST"
    assert fields["parties"] == [{"role": "transferor", "name": "OLD, INC."}, {"role": "transferee", "name": "NEW LLC"}]


@pytest.mark.parametrize(
    ("said", "kind", "roles"),
    [
        ("SECURITY INTEREST (SEE DOCUMENT)", "pledge", ["pledgor", "pledgee"]),
        ("RELEASE OF SECURITY INTEREST", "pledge", ["pledgor", "pledgee"]),
        ("LICENSE (SEE DOCUMENT)", "licence", ["licensor", "licensee"]),
        ("CHANGE OF NAME", "assignment", ["transferor", "transferee"]),
    ],
)
def test_what_was_conveyed_tells_the_kind(tmp_path, said, kind, roles):
    draft = drafts(tmp_path, response(FIELDS | {"conveyanceText": said}, True))[0]
    assert draft.kind == kind
    assert [party["role"] for party in draft.values["parties"]] == roles


def test_an_answer_without_hits_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="holds no rights or events"):
        drafts(tmp_path, '<response><result numFound="0"/></response>')


APPLICATION = {
    "applicationNumberText": "15123456",
    "inventionTitle": "RETRACTOR",
    "applicationTypeLabelName": "Utility",
    "filingDate": "2016-09-02",
    "firstApplicantName": "Hospital",
    "inventorBag": [{"inventorNameText": "M W"}],
    "earliestPublicationNumber": "US 2017-0071586 A1",
    "earliestPublicationDate": "2017-03-16",
    "cpcClassificationBag": ["A61B13/00"],
    "assignmentBag": [
        {
            "conveyanceText": "ASSIGNMENT",
            "reelNumber/frameNumber": "047305/0442",
            "assignorBag": [{"executionDate": "2018-09-23", "assignorName": "WANG"}],
            "assigneeBag": [{"assigneeNameText": "HOSPITAL"}],
            "assignmentRecordedDate": "2018-10-25",
        }
    ],
}


def rows(tmp_path, answer):
    reader = reading.recognise(written(tmp_path, json.dumps(answer, indent=1), "a.json"))
    assert reader.format == answers.FORMAT
    return list(statement.rows(reader.drafts(), stated=reader.stated))


def test_an_application_of_the_open_data_portal_and_what_was_recorded_of_it(tmp_path):
    right, event = rows(tmp_path, {"count": 1, "patentBag": [APPLICATION]})
    assert right.record.key == "patent_invention:US:15123456"
    assert right.record.fields["publications"] == [{"no": "US20170071586A1", "kind": "A1", "date": "2017-03-16"}]
    assert right.record.fields["cpc"] == ["A61B 13/00"]
    assert event.record.kind == "assignment"
    assert event.record.fields["right"] == right.record.key
    assert event.record.fields["register_no"] == "047305-0442"
    assert event.record.fields["date"] == "2018-09-23"


def test_a_dossier_is_a_right_an_application(tmp_path):
    one = {
        "appNum": "2017187096",
        "countryCode": "JP",
        "appDateStr": "09/27/2017",
        "title": None,
        "applicantNames": None,
    }
    one["pubList"] = [{"pubCountry": "JP", "pubNum": "6768620", "kindCode": "B2", "pubDateStr": "10/14/2020"}]
    (row,) = rows(tmp_path, {"country": "US", "corrAppNum": "16123456", "list": [one]})
    assert row.record.key == "patent_invention:JP:2017187096"
    assert row.record.fields["filing_date"] == "2017-09-27"
    assert row.record.fields["publications"] == [{"no": "JP6768620B2", "kind": "B2", "date": "2020-10-14"}]


def test_a_trial_is_a_dispute(tmp_path):
    one = {
        "proceedingNumber": "IPR2022-00037",
        "respondentPatentNumber": "6059576",
        "proceedingFilingDate": "10-15-2021",
    }
    one |= {"petitionerPartyName": "Apple Inc.", "respondentPartyName": "LoganTree LP", "decisionDate": "08-30-2023"}
    (row,) = rows(tmp_path, {"aggregationData": {}, "results": [one]})
    assert row.record.key == "dispute:patent_invention:US:pub/US6059576/IPR2022-00037/invalidation"
    assert row.record.fields["decided"] == "2023-08-30"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"patentBag": [{"transactionContentBag": []}]}, "does not say which application"),
        ({"corrAppNum": "1", "list": []}, "Global Dossier without applications"),
        ({"title": "x", "docs": [{"docCode": "A63"}]}, "a list of documents in a dossier"),
        ({"query": "x", "num_results": 1, "results": [{"doc_number": "1"}]}, "a list of search results"),
    ],
)
def test_an_answer_that_holds_neither_is_refused_by_what_it_is(tmp_path, answer, says):
    with pytest.raises(UnreadableFile, match=says) as error:
        rows(tmp_path, answer)
    assert error.value.message_zh.startswith("已识别：")


@pytest.mark.parametrize(
    "text", ['{"patentBag": [', '{"patentBag": [1, null, "x", {"applicationNumberText": {}}]}', '{"results": [[]]}']
)
def test_an_answer_that_is_not_as_expected_is_refused(tmp_path, text):
    with pytest.raises(UnreadableFile):
        reading.recognise(written(tmp_path, text, "a.json"))
