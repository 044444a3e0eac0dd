"""Templates: every kind has one, and what was filled in by it is imported."""

import io
from dataclasses import replace

import openpyxl
import pytest

import outlet.cli
from node import frame, messages, templates
from node.frame import DONE, REFUSED
from records import changes, kinds, reading, statement
from records.writers import examples, formats
from records.writers.columns import EXTRA_HEADINGS, columns
from records.writers.line import Line, Plan, Provenance

CARRIED = [kind for kind in kinds.all() if kind.category in ("right", "event", "register")]


PROVENANCE = Provenance((("ip.gd.example/gz/scut", 7),), {"title": "ip.gd.example/gz/scut"}, {}, 1, 2)


@pytest.fixture(autouse=True)
def english_afterwards():
    yield
    messages.use("en")


def made(kind, language="zh"):
    out = io.BytesIO()
    templates.write(kind, out, language)
    return openpyxl.load_workbook(io.BytesIO(out.getvalue()))


@pytest.mark.parametrize("kind", CARRIED, ids=lambda kind: kind.name)
def test_every_kind_has_a_template_with_help(kind):
    book = made(kind)
    sheet, helped = book.worksheets[:2]
    assert sheet.title == kind.title_zh
    headings = [cell.value for cell in sheet[1]]
    assert headings == [one.zh for one in columns(kind)]
    assert len({folded(one) for one in headings}) == len(headings), "a heading names one column"
    assert sheet.max_row == 1
    assert all(cell.comment.text.splitlines()[0].isascii() for cell in sheet[1]), "the English name"
    assert all(sheet.column_dimensions[one].number_format == "@" for one in "A")
    assert [row[0].value for row in helped.iter_rows(min_row=3)] == headings
    assert any(templates.needed(kind, one) for one in columns(kind))
    english = made(kind, "en")
    assert [cell.value for cell in english.worksheets[0][1]] == [one.en for one in columns(kind, "en")]


def folded(heading):
    return "".join(heading.lower().split())


def read(path):
    reader = reading.recognise(path)
    assert reader.unknown == ()
    (row,) = statement.rows(reader.drafts(), stated=reader.stated)
    return row


def filled_in(kind, language, path):
    book = made(kind, language)
    for at, column in enumerate(columns(kind, language), 1):
        cell = kind.title_zh if column.path == "right_type_text" else examples.example(kind, column, language)
        book.worksheets[0].cell(2, at).value = cell
    book.save(path)
    return path


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", CARRIED, ids=lambda kind: kind.name)
def test_what_was_filled_in_is_imported_and_exported_and_imported_unchanged(tmp_path, kind, language):
    row = read(filled_in(kind, language, tmp_path / "filled.xlsx"))
    assert [one.rule for one in row.findings] == []
    assert row.record.kind == kind.name
    wanted = {one.path.partition(".")[0] for one in columns(kind) if examples.example(kind, one)}
    assert set(row.record.fields) - {"raw"} == wanted, "every column was read"
    for form in ("xlsx", "csv", "jsonl"):
        path = tmp_path / f"exported.{form}"
        with path.open("w+b") as out:
            writer = formats.open_writer(form, out, Plan((kind,), language, findings=True, provenance=True))
            writer.add(Line(row.record, "", (), PROVENANCE))
            writer.close()
        reader = reading.recognise(path)
        assert set(getattr(reader, "unknown", ())) <= set(EXTRA_HEADINGS)
        (again,) = statement.rows(reader.drafts(), stated=reader.stated)
        assert again.record is not None, again.findings
        assert changes.change(row.record, again.record, again.stated, clear_empty=False) is None


def test_choices_are_a_drop_down_long_ones_on_a_hidden_sheet():
    known = kinds.get("organisation")
    rules = made(known).worksheets[0].data_validations.dataValidation
    assert any("outlet" in rule.formula1 or "网点" in rule.formula1 for rule in rules if rule.type == "list")
    many = {"type": "string", "title": "选", "x-title-en": "Choice", "enum": [f"值{n}" for n in range(200)]}
    fields = {**known.fields, "many": {**many, "x-headers": ["选"]}}
    longer = replace(known, schema={**known.schema, "properties": fields})
    book = made(longer)
    hidden = book.worksheets[-1]
    assert (hidden.title, hidden.sheet_state, hidden["A200"].value) == ("可选值", "hidden", "值199")
    rules = book.worksheets[0].data_validations.dataValidation
    assert "'可选值'!$A$1:$A$200" in {rule.formula1 for rule in rules}


def test_what_must_be_filled_in_is_marked():
    kind = kinds.get("patent_invention")
    need = {one.path: templates.needed(kind, one) for one in columns(kind)}
    assert (need["application_no"], need["publications.1.no"], need["title"]) == ("one", "one", "")
    assert {one.path: templates.needed(kinds.get("organisation"), one) for one in columns(kinds.get("organisation"))}[
        "name"
    ] == "required"


def run(capfd, *given):
    code = frame.run(outlet.cli.top, ["template", *map(str, given)], {"LANG": "C"})
    return code, *capfd.readouterr()


def test_the_command_needs_no_node(tmp_path, capfd):
    path = tmp_path / "a.xlsx"
    code, out, _err = run(capfd, "发明专利", "--out", path, "--home", tmp_path / "none", "--lang", "zh")
    assert (code, out) == (DONE, f"模板已写好：{path}\n")
    assert openpyxl.load_workbook(path).worksheets[0].title == "发明专利"
    code, _out, err = run(capfd, "patents", "--out", path, "--home", tmp_path / "none")
    assert code == REFUSED
    assert "There is no kind of record patents. Known are: " in err
    assert "design 外观设计" in err


def test_a_template_is_not_written_over_what_may_be_filled_in(tmp_path, capfd):
    path = tmp_path / "trademark.xlsx"
    path.write_bytes(b"filled in")
    arguments = ["template", "trademark", "--out", str(path), "--home", str(tmp_path / "none"), "--lang", "zh"]
    assert frame.run(outlet.cli.top, arguments, {}) == frame.REFUSED
    assert "--out" in capfd.readouterr().err
    assert path.read_bytes() == b"filled in"
