"""JSON Lines: an object a line, our own record bodies or flat objects whose members are fields or headings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from records.draft import Blank, Draft
from records.errors import UnreadableFile
from records.finding import Finding
from records.kinds import Kinds
from records.readers import limits
from records.readers.table import NumberedRow
from records.readers.text import Lines, Text
from records.rules import finding
from records.splitting import MAX_DEPTH, is_deep

_BODY = {"key", "op", "kind", "version"}
_MAX_TEXTS = 1000
_too_deep = f"nested more than {MAX_DEPTH} deep"


@dataclass(frozen=True, slots=True)
class FlatTable:
    """Flat objects as rows, numbered by line; a list or an object in a member stays JSON text."""

    text: Text
    headings: tuple[str, ...]
    format: str = "jsonl"
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()

    @property
    def encoding(self) -> str:
        return self.text.encoding

    def rows(self) -> Iterator[NumberedRow]:
        for number, one in _objects(self.text):
            if isinstance(one, Finding):
                yield number, one
            else:
                yield number, [_cell(one[name]) if name in one else "" for name in self.headings]


@dataclass(frozen=True, slots=True)
class BodyReader:
    """Record bodies as an export writes them; what they say of their source is left behind."""

    text: Text
    known: Kinds
    format: str = "jsonl"
    layout: str = "records"
    stated: frozenset[str] | None = None

    @property
    def encoding(self) -> str:
        return self.text.encoding

    def drafts(self) -> Iterator[Draft | Blank]:
        for number, one in _objects(self.text):
            if isinstance(one, Finding):
                yield Draft(number, "", {}, {}, (one,))
            else:
                yield _draft(number, one, self.known) if one else Blank(number)


def is_json(start: str) -> bool:
    """Return whether a text that begins so can only be JSON."""
    return start.lstrip("\ufeff \r\n\t")[:1] in ("{", "[")


def opened(text: Text, known: Kinds) -> FlatTable | BodyReader:
    """Return the reader for the objects of a text; raise UnreadableFile for JSON that is not one object a line."""
    first = next((one for _, one in _objects(text) if one), None)
    if not isinstance(first, dict):
        raise UnreadableFile(
            "这是 JSON，但不是每行一个对象（JSON Lines），不知道一条记录在哪里开始；请每行写一个对象，或导出为 xlsx。",
            "This is JSON, but not an object a line (JSON Lines), so it cannot be told where a record begins; write an "
            "object a line, or export it as xlsx.",
        )
    if first.keys() >= _BODY:
        return BodyReader(text, known)
    names: dict[str, None] = {}
    for _, one in _objects(text):
        if isinstance(one, dict):
            names.update(dict.fromkeys(one))
            limits.check_shape(0, len(names))
    return FlatTable(text, tuple(names))


def _objects(text: Text) -> Iterator[tuple[int, dict[str, Any] | Finding]]:
    """Give (line number, object) for each line, {} for a blank one, a finding for what is no object."""
    with text.open() as file:
        lines = Lines(file)
        for number, line in enumerate(lines, 1):
            lines.restart()
            limits.check_shape(number, 0)
            if not line.strip():
                yield number, {}
                continue
            try:
                made = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                yield number, finding("NO_OBJECT", "", line.strip(), detail=str(error)[:200])
                continue
            detail = "no object" if not isinstance(made, dict) else _too_deep if is_deep(made) else ""
            yield number, finding("NO_OBJECT", "", line.strip(), detail=detail) if detail else made


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return orjson.dumps(value).decode()


def _draft(number: int, one: Mapping[str, Any], known: Kinds) -> Draft:
    fields = one.get("fields")
    values = fields if isinstance(fields, dict) else {}
    raw = dict(_raw("", values))
    kind = str(one.get("kind") or "?")
    return Draft(number, kind, values, raw, tuple(_findings(one, kind, values, known)))


def _findings(one: Mapping[str, Any], name: str, values: dict[str, Any], known: Kinds) -> Iterator[Finding]:
    kind = known.get(name)
    if one.get("op") != "assert":
        yield finding("NO_ASSERTION", "op", one.get("op"))
    elif kind and isinstance(one.get("version"), int) and one["version"] > kind.version:
        yield finding("UNKNOWN_VERSION", "version", one["version"], kind=kind.name, known=kind.version)
    elif kind and (keys := kind.keys(values)) and one.get("key") not in keys:
        yield finding("KEY_MISMATCH", "key", one.get("key"), right=keys[0])


def _raw(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Give the texts of nested values by their path, at most so many that a page can hold them."""
    if isinstance(value, dict):
        for name, one in list(value.items())[:_MAX_TEXTS]:
            yield from _raw(f"{path}.{name}" if path else name, one)
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for place, one in enumerate(value[:_MAX_TEXTS], 1):
            yield from _raw(f"{path}.{place}", one)
    else:
        yield path, ";".join(map(str, value)) if isinstance(value, list) else str(value)
