"""Files out: what was written is read again with nothing changed, and no cell is run by a spreadsheet."""

import csv
import io
import json
import tracemalloc

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pyarrow import parquet

from records import kinds, reading, statement
from records.body import Record
from records.errors import MissingLibrary
from records.finding import Finding
from records.writers import columns, formats, sheets
from records.writers.inert import inert, plain
from records.writers.line import Line, Plan, Provenance

PATENTS = tuple(kind for kind in kinds.all() if "x-type-digits" in kind.schema)
FINDING = Finding("YEAR_MISMATCH", "warning", "filing_date", "2018-01-25", "年份不符。", "The year differs.")
PROVENANCE = Provenance(
    (("ip.gd.example/gz/scut", 7),),
    {"title": "ip.gd.example/gz/scut"},
    {"title": [("ip.gd.example/gz/scut", "甲"), ("ip.gd.example/led", "乙")]},
    1_700_000_000,
    1_700_000_100,
)


def patent(title="一种照明装置", **more):
    fields = {
        "application_no": "201710601862.3",
        "publications": [
            {"no": "CN107000001A", "kind": "A", "date": "2017-12-01"},
            {"no": "CN107000001B", "kind": "B", "date": "2019-12-01"},
        ],
        "filing_date": "2017-07-21",
        "title": title,
        "owners": [{"name": "华南理工大学"}, {"name": "ACME CO., LTD"}],
        "inventors": ["D·W·贝特", "李四"],
        "ipc": ["B65D 1/02", "H05B 45/00"],
        "agency": "甲代理公司",
        **more,
    }
    return Record("patent_invention:CN:201710601862.3", "assert", "patent_invention", 1, fields)


def write(name, lines, plan=None, **named):
    out = io.BytesIO()
    writer = formats.open_writer(name, out, plan or Plan(PATENTS, **named))
    left = [writer.add(line) for line in lines]
    writer.close()
    return out.getvalue(), left, writer.written


def read_back(tmp_path, raw, name):
    path = tmp_path / f"out.{name}"
    path.write_bytes(raw)
    reader = reading.recognise(path)
    return list(statement.rows(reader.drafts(), stated=reader.stated))


@given(st.text())
def test_every_text_comes_back_from_an_inert_cell(text):
    assert plain(inert(text)) == text


@given(st.sampled_from("=+-@\t\r＝＋－＠"), st.text(alphabet=" \u3000\n"), st.text())
def test_no_inert_cell_begins_with_what_is_run(sign, before, text):
    assert inert(before + sign + text) == "'" + before + sign + text


@pytest.mark.parametrize("text", ["a=1", "CN1+2", "'", "'a", "", "(=)", "张三"])
def test_a_harmless_cell_is_left_alone(text):
    assert inert(text) is text


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_csv_is_in_the_asked_encoding(encoding):
    raw, _left, written = write("csv", [Line(patent())], encoding=encoding)
    assert raw.startswith(b"\xef\xbb\xbf") == (encoding == "utf-8")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig" if encoding == "utf-8" else encoding))))
    assert (rows[0]["申请号"], rows[0]["记录种类"], written.records) == ("201710601862.3", "发明专利", 1)


@pytest.mark.parametrize("name", ["csv", "xlsx"])
@pytest.mark.parametrize("title", ["一种照明装置", "=1+1", "'=1+1", " ＝cmd", "-1", "+86", "@x", "a\tb", '="12"'])
def test_a_table_is_read_again_with_nothing_changed(tmp_path, name, title):
    raw, _left, _written = write(name, [Line(patent(title=title))])
    (row,) = read_back(tmp_path, raw, name)
    assert row.record is not None, row.findings
    stated = {name: value for name, value in row.record.fields.items() if name != "raw"}
    assert stated == patent(title=" ".join(title.split())).fields


def test_a_list_of_objects_stays_aligned_where_a_member_is_missing():
    said = [{"no": "CN107000001A", "kind": "A"}, {"no": "CN107000002A", "kind": "A", "date": "2017-12-01"}]
    (row,) = csv.DictReader(io.StringIO(write("csv", [Line(patent(publications=said))])[0].decode("utf-8-sig")))
    assert (row["公开（公告）号"], row["公开（公告）日"]) == ("CN107000001A; CN107000002A", "/; 2017-12-01")
    assert (row["授权公告号"], row["授权公告日"]) == ("", "")


def test_no_cell_of_a_table_is_run():
    titles = ["=1+1", "+86", "-1", "@x", "\t=1", "\r=1", "＝1", "  =1"]
    rows = csv.reader(io.StringIO(write("csv", [Line(patent(title=one)) for one in titles])[0].decode("utf-8-sig")))
    assert not [
        cell for row in rows for cell in row if (cell and cell[0] in "\t\r") or cell.strip()[:1] in tuple("=+-@＝")
    ]


def test_cells_of_a_workbook_are_text_and_never_formulas():
    raw, _left, _written = write("xlsx", [Line(patent(title="=HYPERLINK(1)", agency="123456789012345678"))])
    sheet = openpyxl.load_workbook(io.BytesIO(raw)).active
    cells = {sheet.cell(1, cell.column).value: cell for cell in sheet[2]}
    assert (cells["专利名称"].value, cells["专利名称"].data_type) == ("=HYPERLINK(1)", "s")
    assert cells["专利名称"].quotePrefix
    assert cells["代理机构"].value == "123456789012345678"
    assert cells["代理机构"].number_format == "@"


def test_a_full_sheet_is_followed_by_another_with_headings():
    out = io.BytesIO()
    writer = sheets.Workbook(out, Plan(PATENTS), max_rows=3)
    for _ in range(5):
        writer.add(Line(patent()))
    writer.close()
    book = openpyxl.load_workbook(io.BytesIO(out.getvalue()))
    assert [len(list(sheet.rows)) for sheet in book] == [3, 3, 2]
    assert {sheet.cell(1, 1).value for sheet in book} == {columns.columns(PATENTS[0])[0].zh}
    assert (writer.written.records, writer.written.sheets) == (5, book.sheetnames)


def test_kinds_with_other_columns_have_a_sheet_of_their_own():
    organisation = Record(
        "organisation:a/b", "assert", "organisation", 1, {"origin": "a/b", "name": "甲", "role": "hub"}
    )
    plan = Plan((*PATENTS, kinds.get("organisation")))
    raw, _left, written = write("xlsx", [Line(patent()), Line(organisation), Line(patent())], plan)
    book = openpyxl.load_workbook(io.BytesIO(raw))
    assert book.sheetnames == written.sheets
    assert [len(list(sheet.rows)) for sheet in book] == [3, 2]
    table = list(csv.DictReader(io.StringIO(write("csv", [Line(organisation)], plan)[0].decode("utf-8-sig"))))
    assert (table[0]["单位名称"], table[0]["申请号"]) == ("甲", "")


def test_a_cell_that_no_sheet_holds_is_left_empty_and_counted():
    long = [Line(patent(claim1="长" * 32_768)), Line(patent(claim1="𠮷" * 16_384)), Line(patent(claim1="长" * 32_767))]
    raw, _left, written = write("xlsx", long)
    rows = [[cell.value or "" for cell in row] for row in openpyxl.load_workbook(io.BytesIO(raw)).active]
    assert written.long_cells == 2
    assert [max(map(len, row)) > 1000 for row in rows[1:]] == [False, False, True]


def test_findings_provenance_and_audience_stand_beside_a_record():
    line = Line(patent(), "path", (FINDING,), PROVENANCE)
    asked = {"findings": True, "provenance": True, "audience": True}
    (row,) = csv.DictReader(io.StringIO(write("csv", [line], **asked)[0].decode("utf-8-sig")))
    assert row["可见范围（内部）"] == "path"
    assert row["检查结果"] == "YEAR_MISMATCH 年份不符。"
    assert row["来源条目"] == "ip.gd.example/gz/scut#7"
    assert row["字段来源"] == "ip.gd.example/gz/scut: title"
    assert row["不一致之处"].splitlines() == ["title: ip.gd.example/gz/scut = 甲", "title: ip.gd.example/led = 乙"]
    assert row["首次收录"] == "2023-11-14 22:13:20Z"
    said = json.loads(write("jsonl", [line], **asked)[0])
    assert said["findings"] == [FINDING.as_dict()]
    assert said["provenance"] == json.loads(json.dumps(PROVENANCE.as_dict()))
    assert said["audience"] == "path"
    plain_line = json.loads(write("jsonl", [line])[0])
    assert set(plain_line) == {"key", "op", "kind", "version", "fields"}


def test_json_lines_are_record_bodies():
    raw, _left, _written = write("jsonl", [Line(patent()), Line(patent(title="=1"))])
    bodies = [json.loads(one) for one in raw.splitlines()]
    assert [one["fields"] for one in bodies] == [patent().fields, patent(title="=1").fields]


def test_parquet_keeps_lists_as_lists():
    line = Line(patent(), "path", (FINDING,), PROVENANCE)
    raw, _left, _written = write("parquet", [line] * 3, findings=True, provenance=True)
    table = parquet.read_table(io.BytesIO(raw))
    row = table.to_pylist()[0]
    assert (table.num_rows, row["key"], row["kind"]) == (3, patent().key, "patent_invention")
    assert row["inventors"] == ["D·W·贝特", "李四"]
    assert [one["name"] for one in row["owners"]] == ["华南理工大学", "ACME CO., LTD"]
    assert row["_findings"][0]["rule"] == "YEAR_MISMATCH"
    assert json.loads(row["_provenance"])["first_applied"] == 1_700_000_000


def test_a_missing_library_is_named_with_the_extra_that_brings_it(monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(name, name="pyarrow")

    monkeypatch.setattr(formats, "import_module", absent)
    with pytest.raises(MissingLibrary) as caught:
        formats.open_writer("parquet", io.BytesIO(), Plan(PATENTS))
    assert caught.value.args == ("parquet", "pyarrow", "parquet")


NS = {
    "b": "urn:banyan:st96-documents:1",
    "com": "http://www.wipo.int/standards/XMLSchema/ST96/Common",
    "pat": "http://www.wipo.int/standards/XMLSchema/ST96/Patent",
    "dgn": "http://www.wipo.int/standards/XMLSchema/ST96/Design",
}


def test_a_patent_is_a_document_of_st96():
    more = {"st13_no": "102017010601862", "title_en": "Lamp", "divisional_of": "201610000001.X"}
    terms = {"source": "某局", "redistribute": "yes"}
    said = patent(claim1="1. 一种\x0b装置", abstract="甲<乙&丙", licence=terms, **more)
    raw, left, _written = write("st96", [Line(said)])
    root = etree.fromstring(raw)
    assert left == [""]
    (one,) = root.findall("b:Document", NS)
    assert one.get("key") == patent().key
    said = one.find("pat:PatentPublication", NS)
    assert said.get(f"{{{NS['com']}}}st96Version") == "V6_0"
    data = said.find("pat:BibliographicData", NS)
    assert [one.text for one in data.findall(".//pat:PublicationNumber", NS)] == ["107000001", "107000001"]
    assert data.findtext("pat:PatentPublicationIdentification/com:PatentDocumentKindCode", None, NS) == "B", (
        "the newest"
    )
    assert text_at(
        data, "RelatedPublication", "PatentDocumentIdentification", "PatentPublicationIdentification", "*"
    ) == [
        "CN",
        "107000001",
        "A",
        "2017-12-01",
    ]
    assert [one.text for one in data.findall(".//com:ApplicationNumberText", NS)] == [
        "201710601862.3",
        "201610000001.X",
    ]
    assert text_at(data, "ApplicationNumber", "ST13ApplicationNumber") == ["102017010601862"]
    titles = {one.get(f"{{{NS['com']}}}languageCode"): one.text for one in data.findall(".//pat:InventionTitle", NS)}
    assert titles == {"zh": "一种照明装置", "en": "Lamp"}
    assert json.loads(one.findtext("b:Licence", None, NS)) == terms
    symbols = ["".join(part.text for part in one) for one in data.findall(".//pat:IPCRClassification", NS)]
    assert symbols == ["FB65D102", "LH05B4500"]
    assert [one.text for one in data.findall(".//pat:Applicant//com:EntityName", NS)] == [
        "华南理工大学",
        "ACME CO., LTD",
    ]
    assert [one.text for one in data.findall(".//pat:Inventor//com:PersonFullName", NS)] == ["D·W·贝特", "李四"]
    assert said.findtext("pat:Abstract/com:P", None, NS) == "甲<乙&丙"
    assert said.findtext("pat:Claims/pat:Claim/pat:ClaimText", None, NS) == "1. 一种\ufffd装置"
    assert not [one for one in root.iter() if not len(one) and not one.text]


def text_at(root, *names):
    """Return the texts of the elements at a path of local names, whatever the namespace."""
    path = "/".join(f"{{*}}{name}" for name in names)
    return [one.text for one in root.iterfind(f".//{path}")]


def test_a_trademark_and_an_indication_are_documents_of_st96():
    mark = {
        "number": "53696406",
        "nice_class": "9",
        "name": "蓝翼",
        "goods": "音频电缆",
        "owners": [{"name": "甲公司"}],
        "filing_date": "2016-05-12",
        "registration_date": "2017-03-28",
        "first_publication_no": "1530",
        "first_publication_date": "2017-01-10",
        "agency": "乙代理",
    }
    gi = {"registration_no": "AGI00122", "name": "英德红茶", "area": "英德市", "quality": "红艳", "users": ["丙公司"]}
    records = [
        Record("trademark:CN:53696406/9", "assert", "trademark", 1, mark),
        Record("gi:CN:AGI00122", "assert", "gi", 1, {**gi, "owners": [{"name": "丁协会"}]}),
    ]
    raw, left, _written = write("st96", [Line(one) for one in records])
    root = etree.fromstring(raw)
    assert left == ["", ""]
    assert [etree.QName(one[0]).localname for one in root] == ["TrademarkApplication", "GIApplication"]
    assert text_at(root, "Trademark", "ApplicationNumber", "ApplicationNumberText") == ["53696406"]
    assert text_at(root, "Trademark", "RegistrationNumber") == ["53696406"]
    assert text_at(root, "WordMarkSpecification", "MarkVerbalElementText") == ["蓝翼"]
    assert text_at(root, "GoodsServicesClassification", "ClassNumber") == ["9"]
    assert text_at(root, "ClassDescription", "GoodsServicesDescriptionText") == ["音频电缆"]
    assert text_at(root, "Publication", "PublicationIdentifier") == ["1530"]
    assert text_at(root, "Representative", "Contact", "Name", "EntityName") == ["乙代理"]
    assert text_at(root, "GIData", "ApplicationNumber", "ApplicationNumberText") == ["AGI00122"]
    assert text_at(root, "GINameBag", "GINameText") == ["英德红茶"]
    assert text_at(root, "AuthorizedUser", "Contact", "Name", "EntityName") == ["丙公司"]
    assert text_at(root, "ApplicantBag", "Applicant", "Contact", "Name", "EntityName") == ["甲公司", "丁协会"]


def test_a_design_and_what_st96_cannot_carry():
    fields = {"application_no": "201730601862.3", "title": "灯", "locarno": ["26-05"], "filing_date": "2017-07-21"}
    drawn = Record("design:CN:201730601862.3", "assert", "design", 1, fields)
    register = Record("organisation:a/b", "assert", "organisation", 1, {"name": "甲"})
    raw, left, written = write("st96", [Line(drawn), Line(register)])
    assert (left, written.records) == (["", "st96"], 1)
    root = etree.fromstring(raw)
    assert root.findtext(".//com:LocarnoClassificationText", None, NS) == "26-05"
    assert root.findtext(".//dgn:DesignTitleText", None, NS) == "灯"
    assert root.findtext(".//dgn:DesignApplication/com:ApplicationDate", None, NS) == "2017-07-21"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1))
def test_every_text_is_read_again_from_csv_and_none_of_it_is_run(texts):
    lines = [Line(patent(title=one or "-")) for one in texts]
    rows = list(csv.DictReader(io.StringIO(write("csv", lines)[0].decode("utf-8-sig"), newline="")))
    assert [plain(row["专利名称"]) for row in rows] == [one or "-" for one in texts]
    assert not [cell for row in rows for cell in row.values() if cell.strip()[:1] in tuple("=+-@＝＋－＠") and cell]
    assert not [cell for row in rows for cell in row.values() if cell[:1] in ("\t", "\r")]


@pytest.mark.parametrize("name", list(formats.FORMATS))
def test_memory_stays_flat(name, tmp_path):
    line = Line(patent(abstract="长" * 300), "path", (FINDING,), PROVENANCE)
    with (tmp_path / "out").open("w+b") as out:
        writer = formats.open_writer(name, out, Plan(PATENTS, findings=True, provenance=True, audience=True))
        for _ in range(5000):
            writer.add(line)
        tracemalloc.start()
        for _ in range(5000):
            writer.add(line)
        _held, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        writer.close()
    assert peak < 40 << 20, "a batch of Parquet is the most that is held"


@pytest.mark.parametrize("name", list(formats.FORMATS))
def test_a_file_without_records_is_whole(name):
    raw, _left, written = write(name, [])
    assert written.records == 0
    assert raw or name == "jsonl"


def test_our_documents_of_st96_are_read_again(tmp_path):
    drawn = Record(
        "design:CN:201730000001.0",
        "assert",
        "design",
        1,
        {"application_no": "201730000001.0", "title": "灯", "filing_date": "2017-01-02", "locarno": ["26-05"]},
    )
    raw, left, _written = write("st96", [Line(patent()), Line(drawn)], Plan((*PATENTS, kinds.get("design"))))
    assert left == ["", ""]
    first, second = read_back(tmp_path, raw, "xml")
    assert first.record.key == "patent_invention:CN:201710601862.3"
    for name in ("application_no", "filing_date", "title", "inventors", "ipc"):
        assert first.record.fields[name] == patent().fields[name], name
    numbers = {one["no"] for one in first.record.fields["publications"]}
    assert numbers == {"CN107000001A", "CN107000001B"}
    assert (second.record.kind, second.record.fields["title"]) == ("design", "灯")
