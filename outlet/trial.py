"""A dry run as people read it: what the file is, what its columns are taken for, the first rows, and what was found."""

from collections.abc import Iterator
from typing import Any

from node import mappings
from node.intake import Opened
from node.messages import _
from node.rehearsal import Rehearsal
from node.report import table_lines
from records.headings import field_of
from records.kinds import Kind, Kinds

_MOST_CHARS = 40


def page(found: Rehearsal, language: str) -> Iterator[str]:
    """Yield the lines of one file's page; the sentences of findings are in `language`, "zh" or "en"."""
    yield from heading(found.file)
    yield from _columns(found, language)
    yield from _sample(found, language)
    yield from _counts(found, language)


def proposal(found: Rehearsal, language: str) -> Iterator[str]:
    """Yield the lines of what a file's columns seem to be, with its first rows."""
    yield from heading(found.file)
    yield from _columns(found, language)
    yield from _sample(found, language)


def heading(file: Opened) -> Iterator[str]:
    """Yield what a file was recognised as, and which sheets of it are not read."""
    read = file.read_as()
    said = [_("{file}: format {format}").format(file=file.path.name, format=read.format)]
    said += [_("encoding {encoding}").format(encoding=read.encoding)] if read.encoding else []
    said += [_("layout {layout}").format(layout=read.layout)] if read.layout else []
    said += [_("mapping {name}").format(name=read.mapping)] if read.mapping else []
    yield ", ".join(said)
    if file.other_sheets:
        yield _("Only the first sheet is read; save these as files of their own: {sheets}").format(
            sheets=", ".join(file.other_sheets)
        )


def _columns(found: Rehearsal, language: str) -> Iterator[str]:
    columns = mappings.described(found.file)
    if columns is None:
        return
    yield ""
    yield _("Columns:")
    yield from column_lines(columns, language, found.file.known)


def column_lines(columns: dict[str, Any], language: str, known: Kinds) -> Iterator[str]:
    """Yield a table of what the columns of a file are taken for: each field by its title and its name."""
    kind = known.get(columns["kind"] or "")
    named = f"{_title(kind, language)} ({kind.name})" if kind else columns["kind"] or _("told by each row")
    rows = [
        {
            "number": number,
            "heading": one["heading"] or _("(no heading)"),
            "field": _field(one["field"], kind, known, language) if one["field"] else _("(not read)"),
            "confidence": _percent(one.get("confidence")),
            "reason": one.get(language, ""),
        }
        for number, one in enumerate(columns["columns"], 1)
    ]
    titles = [("number", _("no.")), ("heading", _("heading")), ("field", _("field"))]
    if any(row["confidence"] for row in rows):
        titles += [("confidence", _("confidence")), ("reason", _("reason"))]
    yield _("kind: {kind}").format(kind=named)
    yield from table_lines(rows, titles)


def _field(path: str, kind: Kind | None, known: Kinds, language: str) -> str:
    """Return a field by its title and its path; where each row tells its kind, by the title in a patent."""
    told = sorted(known.all(), key=lambda one: "x-type-digits" not in one.schema)  # by each row: patents
    of = kind or next((one for one in told if field_of(path) in one.fields), None)
    title = _name(path, of, language)
    return f"{title} ({path})" if title != path else path


def _name(path: str, kind: Kind | None, language: str) -> str:
    """Return the title of a field, of one of its members after it; the path itself where nobody has it."""
    field, member = field_of(path), path.rpartition(".")[2]
    if kind is None or field not in kind.fields:
        return path
    title = kind.titles(field)[language != "zh"]
    return title if field == path else f"{title} {kind.titles(f'{field}.{member}')[language != 'zh']}"


def _title(kind: Kind, language: str) -> str:
    return kind.title_zh if language == "zh" else kind.title_en


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _sample(found: Rehearsal, language: str) -> Iterator[str]:
    if not found.sample:
        return
    yield ""
    yield _("The first rows, as written and as read:")
    for one in found.sample:
        yield _("row {row}: {key}").format(row=one["row"], key=one["key"] or _("refused"))
        written = {name: text for name, text in one["written"].items() if text}
        yield "  " + _("written: {text}").format(text=_short(written))
        if one["read"]:
            kind = found.file.known.get(one["key"].partition(":")[0])
            read = {_name(name, kind, language): value for name, value in one["read"].items() if name != "raw"}
            yield "  " + _("read: {text}").format(text=_short(read))
        for note in one["findings"]:
            yield f"  {note['rule']}: {note['zh'] if language == 'zh' else note['en']}"


def _short(values: dict[str, Any]) -> str:
    return "; ".join(f"{name}={_cut(_plain(value))}" for name, value in values.items())


def _cut(text: str) -> str:
    text = "".join(one if one.isprintable() else " " for one in text)
    return text if len(text) <= _MOST_CHARS else text[: _MOST_CHARS - 1] + "…"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "/".join(map(_plain, value.values()))
    return ", ".join(map(_plain, value)) if isinstance(value, list) else str(value)


def _counts(found: Rehearsal, language: str) -> Iterator[str]:
    tally = found.tally
    yield ""
    yield _(
        "{rows} rows: {blank} blank, {refused} would be refused, the others state {records} records; "
        "{new} would be sealed, {unchanged} change nothing."
    ).format(
        rows=tally.rows, blank=tally.blank, refused=tally.refused, records=tally.records, new=tally.sealed,
        unchanged=tally.unchanged,
    )  # fmt: skip
    for rule, count in tally.findings.most_common():
        example = found.examples[rule]
        sentence = example.zh if language == "zh" else example.en
        yield _("{count} × {rule}, first in row {row}: {sentence}").format(
            count=count, rule=rule, row=example.row, sentence=sentence
        )
