"""The layout of the Chinese office's patent search export, and of files with the same headings, as records.

Columns are told by their headings (NFKC, blanks and case do not matter), which stand in the schema files.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from records import body, changes, checks, identifiers, kinds
from records.body import Record
from records.errors import MalformedRecord, UnreadableFile
from records.finding import Finding, has_error
from records.kinds import Kind
from records.rules import finding
from records.tables import Table

_KINDS = tuple(kind for kind in kinds.all() if "x-type-digits" in kind.schema)
_NAMES = """application_no publications publication_date filing_date title right_type_text owners inventors agency
agents ipc locarno status_text status_date abstract claim1 address priority"""
_FIELDS = {name: _KINDS[0].fields[name] for name in _NAMES.split()}  # as of each patent
_SEPARATOR = re.compile(r"\s*[;|,，；]\s*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MAX_CHARS = body.MAX_BYTES // 4  # a row of fewer characters always fits
_ESSENCE = {
    "application-number": re.compile(r"[^\dX]"),
    "publication-number": re.compile(r"[^0-9A-Z]|^CN"),
    "date": re.compile(r"\D"),
    "ipc": re.compile(r"[^0-9A-Z;|,]"),
    "locarno": re.compile(r"[^0-9A-Z]"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row that holds something: its number in the sheet, what it states, and what is wrong with it.

    `record` is None exactly if a finding is an error. `stated` are the fields that the file has a column for, and
    `raw` the cells under their headings.
    """

    row_no: int
    record: Record | None
    findings: list[Finding]
    stated: frozenset[str]
    raw: dict[str, str]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the columns are: `fields` gives for a field its column numbers, the preferred first.

    `publications` holds (number column, date column), either None. `unknown` are headings that nothing is read from.
    """

    fields: dict[str, tuple[int, ...]]
    publications: tuple[tuple[int | None, int | None], ...]
    unknown: tuple[str, ...]

    @property
    def stated(self) -> frozenset[str]:
        """Return the fields that have a column."""
        names = set(self.fields)
        if any(number is not None for number, _ in self.publications):
            names.add("publications")
        if any(date is not None for _, date in self.publications):
            names.add("publication_date")
        return frozenset(names)


def recognise(headers: list[str]) -> Layout:
    """Tell the columns by their headings; raise UnreadableFile without an identifier, or where one is there twice.

    A heading that nothing is read from may occur any number of times.
    """
    places: dict[str, int] = {}
    for place, heading in enumerate(map(_folded, headers)):
        if heading in places and heading in _HEADINGS:
            raise UnreadableFile(
                f"标题“{headers[place]}”出现两次，无法确定以哪一列为准；请删去其中一列。",
                f"The heading {headers[place]!r} occurs twice; delete one of the two columns.",
                headers[place],
            )
        if heading:
            places.setdefault(heading, place)
    left = dict(places)
    fields = {name: found for name, spec in _FIELDS.items() if (found := _take(left, spec.get("x-headers", ())))}
    sets = _FIELDS["publications"]["x-columns"]
    pairs = tuple((_first(_take(left, one["no"])), _first(_take(left, one["date"]))) for one in sets)
    layout = Layout(fields, pairs, tuple(headers[place] for place in left.values()))
    if not layout.stated & {"application_no", "publications"}:
        raise _no_identifier(headers)
    return layout


def statements(table: Table) -> Iterator[Row]:
    """Read every row of the table, in its order.

    The kind comes from 专利类型, else from the application number. Nothing is shifted, guessed or corrected: a row with
    another number of cells than headings, or with an error finding, has no record. Of rows with the same key, the first
    is kept: a later one is an error if it states something else, else a warning.
    Raises UnreadableFile for a file whose columns are not recognised.
    """
    layout = recognise(table.headers)
    headers, stated = table.headers, layout.stated
    seen: dict[str, tuple[int, int]] = {}
    for row_no, cells in table.rows():
        raw = {heading: cell for heading, cell in zip(headers, cells, strict=False) if heading}
        found = _cell_findings(headers, cells)
        record = None
        if not found:
            record, found = _statement(layout, row_no, cells)
        if record is not None:
            found = found + _repeated(seen, row_no, record)
        yield Row(row_no, None if has_error(found) else record, found, stated, raw)


def _cell_findings(headers: list[str], cells: list[str]) -> list[Finding]:
    if len(cells) < len(headers) or any(cell.strip() for cell in cells[len(headers) :]):
        return [finding("RAGGED_ROW", "", len(cells), wanted=len(headers))]
    if _CONTROL.search("".join(cells)):
        bad = [(heading, cell) for heading, cell in zip(headers, cells, strict=False) if _CONTROL.search(cell)]
        return [finding("CONTROL_CHARACTER", heading, cell) for heading, cell in bad]
    return []


def _statement(layout: Layout, row_no: int, cells: list[str]) -> tuple[Record | None, list[Finding]]:
    fields = _fields(layout, cells)
    kind = _kind(fields)
    if kind is None:
        if not _KINDS[0].keys(fields):
            return None, [checks.no_identifier(None)]
        number = fields.get("application_no")
        if number and not identifiers.application_number(number):
            return None, [finding("APPNO_FORM", "application_no", number)]
        return None, [finding("TYPE_UNKNOWN", "right_type_text", fields.get("right_type_text", ""))]
    moved = _move_classes(kind, fields)
    keys = kind.keys(fields)
    if not keys:
        return None, checks.check_fields(kind, fields)
    record = Record(keys[0], "assert", kind.name, kind.version, fields, {"row": row_no})
    found = moved + checks.check(record)
    if sum(map(len, cells)) > _MAX_CHARS and not has_error(found):
        found = found + _size_findings(record)
    return record, found


def _fields(layout: Layout, cells: list[str]) -> dict[str, Any]:
    """Return what the cells state in canonical form; what cannot be read stays as written, for the checks to find."""
    fields: dict[str, Any] = {}
    raw: dict[str, str] = {}
    for name, places in layout.fields.items():
        texts = [text for place in places if (cell := cells[place]) and not identifiers.is_blank(text := _tidy(cell))]
        if not texts:
            continue
        form, read = _READERS[name]
        text = ";".join(dict.fromkeys(_SEPARATOR.split(";".join(texts)))) if form == "ipc" else texts[0]
        fields[name] = read(text)
        if form in _ESSENCE and _is_changed(form, text, fields[name]):
            raw[name] = text
    _add_publications(layout, cells, fields)
    if raw:
        fields["raw"] = raw
    return fields


def _add_publications(layout: Layout, cells: list[str], fields: dict[str, Any]) -> None:
    found = []
    for number_at, date_at in layout.publications:
        number = _tidy(cells[number_at]) if number_at is not None else ""
        date = _tidy(cells[date_at]) if date_at is not None else ""
        date = "" if identifiers.is_blank(date) else date
        if identifiers.is_blank(number):
            fields.update({"publication_date": _date(date)} if date else {})
            continue
        found += [_publication(*pair) for pair in _pairs(number, date)]
    if len(found) == 1 and "date" not in found[0] and "publication_date" in fields:
        found[0]["date"] = fields["publication_date"]  # the export's one date is that of the publication it lists
    if found:
        fields["publications"] = found


def _pairs(number: str, date: str) -> list[tuple[str, str]]:
    """Return (number, date) for each publication of a cell; a list whose dates do not pair stays as written."""
    numbers, dates = (list(filter(None, _SEPARATOR.split(text))) for text in (number, date))
    dates = dates or [""] * len(numbers)
    return list(zip(numbers, dates, strict=True)) if len(numbers) == len(dates) else [(number, date)]


def _publication(number: str, date: str) -> dict[str, str]:
    read = identifiers.publication_number(number)
    one = {"no": read.number if read else number, "kind": read.kind if read else "", "date": _date(date)}
    return {name: value for name, value in one.items() if value}


def _kind(fields: dict[str, Any]) -> Kind | None:
    text = fields.get("right_type_text", "")
    if text:
        return next((kind for kind in _KINDS if any(word in text for word in kind.schema["x-words"])), None)
    number = identifiers.application_number(fields.get("application_no", ""))
    digits = number.type_digit if number else ""
    for item in fields.get("publications", ()) if not digits else ():
        read = identifiers.publication_number(item["no"])
        digits = read.type_digit if read else ""
    return next((kind for kind in _KINDS if digits and digits in kind.schema["x-type-digits"]), None)


def _move_classes(kind: Kind, fields: dict[str, Any]) -> list[Finding]:
    """Move a design's Locarno classes from the IPC column, where the export writes them, to their own field."""
    if kind.name != "design":
        return []
    classes = {text: found for text in fields.get("ipc", ()) if (found := identifiers.locarno(text))}
    if not classes:
        return []
    rest = [text for text in fields["ipc"] if text not in classes]
    fields["locarno"] = list(dict.fromkeys([*classes.values(), *fields.get("locarno", ())]))
    del fields["ipc"]
    if rest:
        fields["ipc"] = rest
    return [finding("LOCARNO_IN_IPC", "ipc", text) for text in classes]


def _repeated(seen: dict[str, tuple[int, int]], row_no: int, record: Record) -> list[Finding]:
    digest = hash(orjson.dumps(changes.meant(record.fields)))
    first, known = seen.setdefault(record.key, (row_no, digest))
    if first == row_no:
        return []
    rule = "DUPLICATE_ROW" if digest == known else "DUPLICATE_KEY"
    return [finding(rule, "", record.key, first=first)]


def _size_findings(record: Record) -> list[Finding]:
    try:
        body.encode(record)
    except MalformedRecord:
        size = sum(len(str(value).encode()) for value in record.fields.values())
        return [finding("TOO_LARGE", "", size)]
    return []


def _application_number(text: str) -> str:
    number = identifiers.application_number(text)
    return number.canonical if number else text


def _date(text: str) -> str:
    return identifiers.date(text) or text


def _owners(text: str) -> list[dict[str, str]]:
    return [{"name": name} for name in identifiers.names(text)]


def _classes(text: str) -> list[str]:
    return [identifiers.locarno(part) or part for part in identifiers.names(text)]


def _reader(spec: dict[str, Any]) -> tuple[str, Callable[[str], Any]]:
    items = spec.get("items", spec)
    form = items.get("format", "")
    if form:
        return form, _FORMATS[form]
    if items["type"] == "object":
        return "", _owners
    return "", (lambda text: list(identifiers.names(text))) if "items" in spec else (lambda text: text)


_FORMATS: dict[str, Callable[[str], Any]] = {
    "application-number": _application_number,
    "date": _date,
    "ipc": lambda text: list(identifiers.ipc_list(text)),
    "locarno": _classes,
}
_READERS = {name: _reader(spec) for name, spec in _FIELDS.items() if "x-headers" in spec}


def _headings() -> frozenset[str]:
    """Return every heading that something is read from, folded."""
    found = [heading for spec in _FIELDS.values() for heading in spec.get("x-headers", ())]
    found += [heading for one in _FIELDS["publications"]["x-columns"] for heading in (*one["no"], *one["date"])]
    return frozenset(map(_folded, found))


def _is_changed(form: str, text: str, value: Any) -> bool:
    """Return whether reading has changed more than blanks, punctuation and the office's letters CN."""
    canonical = ";".join(value) if isinstance(value, list) else value
    return text != canonical and _differs(form, text, canonical)


@lru_cache(maxsize=65_536)
def _differs(form: str, text: str, canonical: str) -> bool:
    return _ESSENCE[form].sub("", unicodedata.normalize("NFKC", text).upper()) != _ESSENCE[form].sub("", canonical)


def _tidy(cell: str) -> str:
    return cell if cell.isalnum() else " ".join(cell.split())  # letters and digits only: nothing to tidy


def _folded(heading: str) -> str:
    return "".join(unicodedata.normalize("NFKC", heading).lower().split())


def _take(left: dict[str, int], headings: list[str]) -> tuple[int, ...]:
    return tuple(left.pop(heading) for heading in map(_folded, headings) if heading in left)


def _first(places: tuple[int, ...]) -> int | None:
    return places[0] if places else None


def _no_identifier(headers: list[str]) -> UnreadableFile:
    wanted = [
        *_FIELDS["application_no"]["x-headers"],
        *(no for one in _FIELDS["publications"]["x-columns"] for no in one["no"]),
    ]
    found = "、".join(heading for heading in headers if heading)[:500]
    return UnreadableFile(
        f"没有找到标识号一列。文件的列：{found}。需要下列之一：{'、'.join(wanted)}；请改好标题行后重试。",
        f"No column holds an identifier. Found: {found}. Wanted is one of: {', '.join(wanted)}; mend the headings.",
        tuple(headers),
    )


_HEADINGS = _headings()
