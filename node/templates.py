"""Templates: an empty workbook for one kind of record, with what a person needs to fill it in."""

import re
from pathlib import Path
from typing import Any, BinaryIO

import click

from node import cataloguing, frame
from node.commands import opened
from node.errors import NodeError, NoHome
from node.frame import passed
from node.home import whole_file
from node.messages import N_, _
from node.report import Context
from records import kinds
from records.kinds import Kind, Kinds
from records.writers import examples
from records.writers.columns import Column, columns
from records.writers.line import Language
from records.writers.sheets import MAX_ROWS, sheet_name, workbook

_HELP: dict[Language, tuple[str, tuple[str, ...]]] = {
    "zh": ("填写说明", ("栏目", "英文名称", "要求", "说明", "填法", "示例", "可选值")),
    "en": ("Help", ("Heading", "In Chinese", "Needed", "Meaning", "Form", "Example", "Choices")),
}
_NEED: dict[Language, dict[str, str]] = {
    "zh": {"required": "必填", "one": "标有此项的栏目至少填一项", "": "可不填"},
    "en": {"required": "required", "one": "at least one of those marked so", "": "may stay empty"},
}
_ADVICE: dict[Language, str] = {
    "zh": "从第 2 行起每行填一条记录；不要改动第 1 行的标题。红色为必填，黄色的几栏至少填一栏。",
    "en": "One record a row from row 2 on; leave the headings in row 1 as they are. Red is required; of the yellow "
    "ones, at least one.",
}
_COLOURS = {"required": "#FFC7CE", "one": "#FFEB9C", "": "#DDEBF7"}
_CHOICES_SHEET: dict[Language, str] = {"zh": "可选值", "en": "Choices"}
_MAX_LIST_CHARS = 255
_WIDTHS = (12, 40)
_HOLE = re.compile(r"\{([^{}=]+)(=[^{}]*)?\}")


class NoSuchKind(NodeError):
    """No kind has that name or title: (kind, known)."""

    facts = ("kind", "known")
    sentence = N_("There is no kind of record {kind}. Known are: {known}.")


class AlreadyThere(NodeError):
    """A file of that name, perhaps one that was filled in: (path,)."""

    facts = ("path",)
    sentence = N_("{path} is there already and may have been filled in. Name another file with --out, or remove it.")


def find(text: str, known: Kinds = kinds.BUILT_IN) -> Kind:
    """Return the kind of that name or title; raise NoSuchKind."""
    wanted = text.strip().casefold()
    carried = known.of("right", "event", "register")
    for kind in carried:
        if wanted in (kind.name, kind.title_zh, kind.title_en.casefold()):
            return kind
    raise NoSuchKind(text, ", ".join(f"{kind.name} {kind.title_zh}" for kind in carried))


def write(kind: Kind, out: BinaryIO, language: Language = "zh") -> None:
    """Write a workbook whose first sheet holds the headings of the kind alone, every cell below them text.

    The sheet's name is the kind's title; a second sheet helps; long lists of choices are on a hidden one.
    """
    book = workbook(out, in_rows=False)
    title = kind.title_zh if language == "zh" else kind.title_en
    sheet = book.add_worksheet(sheet_name(title))
    help_sheet = book.add_worksheet(_HELP[language][0])
    choices = _Choices(book, _CHOICES_SHEET[language])
    found = columns(kind, language)
    text = book.add_format({"num_format": "@"})
    formats = {
        need: book.add_format({"bold": True, "bg_color": colour, "num_format": "@", "border": 1})
        for need, colour in _COLOURS.items()
    }
    for at, column in enumerate(found):
        heading = column.heading(language)
        sheet.set_column(at, at, min(max(2 * len(heading) + 2, _WIDTHS[0]), _WIDTHS[1]), text)
        sheet.write_string(0, at, heading, formats[needed(kind, column)])
        sheet.write_comment(0, at, _comment(kind, column, language), {"x_scale": 2, "y_scale": 1.5})
        values = choices_of(column, language)
        if values:
            rule = {"validate": "list", "source": choices.source(values), "error_type": "warning"}
            sheet.data_validation(1, at, MAX_ROWS - 1, at, rule)
    sheet.freeze_panes(1, 0)
    _write_help(book, help_sheet, kind, found, language)
    book.close()


class _Choices:
    """Where the values of drop-downs are: short lists stand in the rule, long ones in a hidden sheet."""

    def __init__(self, book: Any, name: str) -> None:
        self._book, self._name, self._column = book, name, 0
        self._sheet: Any = None

    def source(self, values: list[str]) -> list[str] | str:
        if len(",".join(values)) <= _MAX_LIST_CHARS and not any("," in one for one in values):
            return values
        if self._sheet is None:
            self._sheet = self._book.add_worksheet(self._name)
            self._sheet.hide()
        for row, value in enumerate(values):
            self._sheet.write_string(row, self._column, value)
        letter = _letters(self._column)
        self._column += 1
        return f"='{self._name}'!${letter}$1:${letter}${len(values)}"


def _letters(column: int) -> str:
    above, last = divmod(column, 26)
    return (_letters(above - 1) if above else "") + chr(ord("A") + last)


def choices_of(column: Column, language: Language) -> list[str]:
    """Return what a cell may be one of, as people read it; none where it may hold several."""
    spec = column.spec
    if spec.get("type") == "array" or not spec.get("enum"):
        return []
    titles = spec.get("x-enum-titles", {})
    return [titles[one][0 if language == "zh" else 1] if one in titles else str(one) for one in spec["enum"]]


def needed(kind: Kind, column: Column) -> str:
    """Return "required", "one" for a column of which, with others, one must be filled in, or ""."""
    path = ".".join(part for part in column.path.split(".") if not part.isdigit())
    holes = [
        [hole[0].split("|") for hole in _HOLE.findall(template) if not hole[1]] for template in kind.schema["x-key"]
    ]
    sure = [hole for template in holes[:1] for hole in template if len(holes) == 1]
    if path in kind.schema.get("required", ()) or [path] in sure:
        return "required"
    return "one" if any(path in hole for template in holes for hole in template) else ""


def _comment(kind: Kind, column: Column, language: Language) -> str:
    said = [
        column.en if language == "zh" else column.zh,
        _NEED[language][needed(kind, column)],
        _meaning(column, language),
        examples.form(column)[0 if language == "zh" else 1],
    ]
    return "\n".join(one for one in said if one)


def _meaning(column: Column, language: Language) -> str:
    said = column.spec.get("x-help")
    return str(said[0 if language == "zh" else 1]) if said else ""


def _write_help(book: Any, sheet: Any, kind: Kind, found: tuple[Column, ...], language: Language) -> None:
    wrapped = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
    bold = book.add_format({"bold": True, "bg_color": _COLOURS[""]})
    for at, width in enumerate((22, 26, 16, 40, 36, 24, 50)):
        sheet.set_column(at, at, width, wrapped)
    sheet.write_string(0, 0, _ADVICE[language], book.add_format({"bold": True}))
    for at, heading in enumerate(_HELP[language][1]):
        sheet.write_string(1, at, heading, bold)
    for row, column in enumerate(found, 2):
        inner = column.spec.get("items", column.spec)
        titles = inner.get("x-enum-titles", {})
        cells = [
            column.heading(language),
            column.en if language == "zh" else column.zh,
            _NEED[language][needed(kind, column)],
            _meaning(column, language),
            examples.form(column)[0 if language == "zh" else 1],
            examples.example(kind, column, language),
            "; ".join(
                titles[one][0 if language == "zh" else 1] if one in titles else str(one)
                for one in inner.get("enum", ())
            ),
        ]
        for at, cell in enumerate(cells):
            sheet.write_string(row, at, cell, wrapped)


def template(top: frame.Group) -> None:
    """Add `template`: an empty workbook to be filled in and imported."""

    @top.command(
        "template",
        help=N_(
            "Write an empty workbook for one kind of record, with help and drop-downs, to be filled in and imported."
            "\n\nExample: template trademark --out 商标.xlsx\nExample: template 发明专利"
        ),
    )
    @click.argument("kind")
    @click.option("--out", type=click.Path(path_type=Path), help=N_("Where to write it; default: KIND.xlsx here."))
    @passed
    def command(context: Context, kind: str, out: Path | None) -> None:
        found = find(kind, known_here(context))
        language: Language = "zh" if context.language == "zh" else "en"
        path = out or Path(f"{found.name}.xlsx")
        if path.exists():
            raise AlreadyThere(str(path))
        with whole_file(path, 0o644) as stream:
            write(found, stream, language)
        context.say(_("Template written: {path}").format(path=path))
        context.emit({"file": str(path), "kind": found.name, "columns": len(columns(found, language))})


def known_here(context: Context) -> Kinds:
    """Return the kinds that the node here knows, those that the hub has published among them; without a node, ours."""
    try:
        node = opened(context)
    except NoHome:
        return kinds.BUILT_IN
    return cataloguing.known_kinds(node)
