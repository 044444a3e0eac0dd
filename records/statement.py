"""What drafts state, as records: the kind decided, each value read into canonical form, and everything judged.

What cannot be read stays as written, for the checks to find; nothing is shifted, guessed or corrected. Where reading
changed more than blanks and punctuation, the field `raw` keeps what was written.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson

from records import body, changes, checks, formats, identifiers, kinds
from records.body import Record
from records.draft import Blank, Draft, Reader, Row
from records.errors import MalformedRecord
from records.finding import Finding, has_error
from records.kinds import Kind, Kinds
from records.rules import finding
from records.splitting import from_json, listed, separated

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MAX_CHARS = body.MAX_BYTES // 4  # a row of fewer characters always fits
_ESSENCE = {
    "application-number": re.compile(r"[^\dX]"),
    "publication-number": re.compile(r"[^0-9A-Z]|^CN"),
    "date": re.compile(r"\D"),
    "ipc": re.compile(r"[^0-9A-Z;|,]"),
    "cpc": re.compile(r"[^0-9A-Z;|,]"),
    "locarno": re.compile(r"[^0-9A-Z]"),
}
_KIND_CODE = re.compile(r"(?<=\d)[A-Z]\d?$")
_ANY_ESSENCE = re.compile(r"[\W_]")


def rows(
    drafts: Iterable[Draft | Blank], known: Kinds = kinds.BUILT_IN, stated: frozenset[str] | None = None
) -> Iterator[Row | Blank]:
    """Read every draft, in order; a blank row is passed on as it is.

    `stated` are the fields that the file has a place for; None: each draft's own. Of records with the same key, the
    first is kept: a later one is an error if it states something else, else a warning.
    """
    reading, seen = _Reading(known), _Seen()
    for draft in drafts:
        if isinstance(draft, Blank):
            yield draft
            continue
        fields = frozenset(draft.values) if stated is None else stated
        for record, found in reading.statements(draft):
            if record is not None and (again := seen.repeated(draft.place, record)):
                found = [*found, again]
            yield Row(draft.place, None if has_error(found) else record, found, fields, draft.raw)


def records(reader: Reader, known: Kinds = kinds.BUILT_IN) -> Iterator[Record]:
    """Give the records that a file states, without what is refused."""
    for row in rows(reader.drafts(), known, reader.stated):
        if isinstance(row, Row) and row.record is not None:
            yield row.record


_Statement = tuple[Record | None, list[Finding]]


class _Reading:
    """Drafts as records, with what the kinds' schemas say worked out once."""

    def __init__(self, known: Kinds) -> None:
        self._known = known
        self._typed = [kind for kind in known.all() if "x-type-digits" in kind.schema]
        self._by_word: dict[str, Kind | None] = {}

    def statements(self, draft: Draft) -> list[_Statement]:
        """Return what a draft states: nearly always one record."""
        found = list(draft.findings)
        if not has_error(found):
            found += _control_characters(draft.raw)
        if has_error(found):
            return [(None, found)]
        kind = self._kind(draft)
        if kind is None:
            return [(None, [*found, _untold(draft, self._typed)])]
        fields = _fields(kind, draft.values)
        found += _move_classes(kind, fields)
        return [_judged(kind, one, draft, found, self._known) for one in _split(kind, fields)]

    def _kind(self, draft: Draft) -> Kind | None:
        if draft.kind:
            return self._known.get(draft.kind)
        words = _one_text(draft.values.get("right_type_text"))
        if words:
            if words not in self._by_word:
                self._by_word[words] = _of_words(words, self._typed)
            return self._by_word[words]
        digit = _type_digit(draft.values)
        return next((kind for kind in self._typed if digit and digit in kind.schema["x-type-digits"]), None)


def _of_words(words: str, typed: list[Kind]) -> Kind | None:
    """Return the kind that a type column names, in words or by the type digit; the longest word that fits decides."""
    folded = unicodedata.normalize("NFKC", words).lower()
    fits = [(len(word), kind) for kind in typed for word in kind.schema["x-words"] if word in folded]
    if fits:
        return max(fits, key=lambda one: one[0])[1]
    return next((kind for kind in typed if len(folded) == 1 and folded in kind.schema["x-type-digits"]), None)


def _control_characters(raw: Mapping[str, str]) -> list[Finding]:
    if not _CONTROL.search("".join(raw.values())):
        return []
    return [finding("CONTROL_CHARACTER", name, text) for name, text in raw.items() if _CONTROL.search(text)]


def _type_digit(values: Mapping[str, Any]) -> str:
    number = identifiers.application_number(_one_text(values.get("application_no")))
    if number:
        return number.type_digit
    for text in _numbers(values):
        read = identifiers.publication_number(text)
        if read:
            return read.type_digit
    return ""


def _numbers(values: Mapping[str, Any]) -> list[str]:
    items = values.get("publications", ())
    return [str(item.get("no", "")) for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _untold(draft: Draft, typed: list[Kind]) -> Finding:
    if draft.kind:
        return finding("UNKNOWN_KIND", "kind", draft.kind)
    number = _one_text(draft.values.get("application_no"))
    if not number and not any(map(_one_text, _numbers(draft.values))):
        return checks.no_identifier(None)
    if number and not identifiers.application_number(number):
        return finding("APPNO_FORM", "application_no", number)
    return finding("TYPE_UNKNOWN", "right_type_text", _one_text(draft.values.get("right_type_text")))


def _judged(kind: Kind, fields: dict[str, Any], draft: Draft, found: list[Finding], known: Kinds) -> _Statement:
    keys = kind.keys(fields)
    if not keys:
        return None, [*found, *checks.check_fields(kind, fields)]
    record = Record(keys[0], "assert", kind.name, kind.version, fields, {"row": draft.place})
    found = found + checks.check(record, known)
    if sum(map(len, draft.raw.values())) > _MAX_CHARS and not has_error(found):
        found = found + _size_findings(record)
    return record, found


def _size_findings(record: Record) -> list[Finding]:
    try:
        body.encode(record)
    except MalformedRecord:
        size = sum(len(str(value).encode()) for value in record.fields.values())
        return [finding("TOO_LARGE", "", size)]
    return []


def _split(kind: Kind, fields: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields once for each value of the field that a record has one of."""
    name = kind.schema.get("x-split", "")
    value = fields.get(name)
    if not isinstance(value, list):
        return [fields]
    return [{**fields, name: one} for one in value]


class _Seen:
    """The keys of a file so far; a million take about 100 MB."""

    def __init__(self) -> None:
        self._first: dict[int, tuple[int, int]] = {}

    def repeated(self, row_no: int, record: Record) -> Finding | None:
        """Remember a record; return what to say if its key came before."""
        digest = hash(orjson.dumps(changes.meant(record.fields), option=orjson.OPT_SORT_KEYS))
        first, known = self._first.setdefault(hash(record.key), (row_no, digest))
        if (first, known) == (row_no, digest):
            return None
        return finding("DUPLICATE_ROW" if digest == known else "DUPLICATE_KEY", "", record.key, first=first)


def _fields(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the values state in canonical form."""
    plan = _plan(kind, _office(values))
    fields: dict[str, Any] = {}
    raw: dict[str, str] = {}
    for name, value in values.items():
        read, essence = plan.get(name, _AS_WRITTEN)
        if isinstance(value, str):
            text = _tidy(value)
            if text in identifiers.BLANKS:
                continue
            fields[name] = canonical = read(text)
        else:
            canonical = read(value)
            if not canonical:
                continue
            fields[name] = canonical
            text = _joined(value) if essence else ""
        if essence and canonical != text and _is_changed(essence, text, canonical):
            raw[name] = text
    publications = fields.get("publications")
    if publications and len(publications) == 1 and "publication_date" in fields and "date" not in publications[0]:
        publications[0]["date"] = fields["publication_date"]  # the one date of an export is that of the publication
    if raw and "raw" in kind.fields:
        fields["raw"] = raw
    return fields


def _office(values: Mapping[str, Any]) -> str:
    text = values.get("office")
    return (formats.read("office", _tidy(text)) or "CN") if isinstance(text, str) else "CN"


def _joined(value: Any) -> str:
    parts = (part for text in value for part in separated(" ".join(text.split())))
    return ";".join(dict.fromkeys(parts))


_Read = Callable[[Any], Any]
_Plan = dict[str, tuple[_Read, re.Pattern[str] | None]]


@lru_cache(maxsize=1024)
def _plan(kind: Kind, office: str) -> _Plan:
    """Return for each field what reads it, and for a format what of a text must survive the reading."""
    return {name: _reader(spec, office) for name, spec in kind.fields.items() if name != "raw"}


def _reader(spec: dict[str, Any], office: str) -> tuple[_Read, re.Pattern[str] | None]:
    kind_of, form = spec.get("type", "string"), spec.get("format", "")
    if kind_of == "array":
        items = spec.get("items", {})
        if items.get("type") == "object":
            return _objects(items, office), None
        form = items.get("format", "")
        return (_classes(form, office), _essence(form)) if form else (_texts, None)
    if kind_of == "object":
        return _object(spec, office), None
    if form:
        return _in_form(form, office), _essence(form)
    if kind_of in ("integer", "number"):
        return _number, None
    return _choice(spec.get("x-enum-titles", {})), None


def _essence(form: str) -> re.Pattern[str] | None:
    return _ESSENCE.get(form, _ANY_ESSENCE)


def _in_form(form: str, office: str) -> _Read:
    """Return what reads a text into its format's canonical form, and leaves what it cannot read as written."""
    known = formats.FORMATS[form]
    read = known.abroad if known.abroad and office != "CN" else known.read

    def in_form(text: Any) -> Any:
        canonical = read(text) if isinstance(text, str) else None
        return text if canonical is None else canonical

    return in_form


def _as_is(value: Any) -> Any:
    return value


def _choice(titles: dict[str, list[str]]) -> _Read:
    if not titles:
        return _as_is
    values = {title: value for value, both in titles.items() for title in both}
    return lambda text: values.get(text, text) if isinstance(text, str) else text


def _number(text: Any) -> Any:
    try:
        number = float(text.replace(",", "").replace("，", ""))
        return int(number) if number.is_integer() else number
    except (ValueError, AttributeError, OverflowError):
        return text


def _texts(value: Any) -> Any:
    if isinstance(value, str):
        found = from_json(value) if value[0] == "[" else None
        if found is None:
            return list(identifiers.names(value))
        value = found
    if not isinstance(value, list):
        return value
    return [made for one in value if (made := _tidy(one) if isinstance(one, str) else one)]


def _classes(form: str, office: str) -> _Read:
    read = _in_form(form, office)

    def classes(value: Any) -> Any:
        if isinstance(value, str):
            return list(dict.fromkeys(map(read, listed(value))))
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            return value
        return list(dict.fromkeys(read(part) for text in value for part in listed(_tidy(text))))

    return classes


def _objects(spec: dict[str, Any], office: str) -> _Read:
    read = _object(spec, office)
    named = (spec.get("required") or ["name"])[-1 if "role" in spec.get("required", ()) else 0]

    def objects(value: Any) -> Any:
        if isinstance(value, str):
            found = from_json(value) if value[0] == "[" else None
            if found is None:
                return [{named: name} for name in identifiers.names(value)]
            value = found
        if not isinstance(value, list):
            return value
        made = [read({named: one} if isinstance(one, str) else one) for one in value]
        return [one for one in made if one]

    return objects


def _object(spec: dict[str, Any], office: str) -> _Read:
    members = {name: _reader(one, office)[0] for name, one in spec.get("properties", {}).items()}
    from_text = _in_form(spec["format"], office) if "format" in spec else _as_is
    adds_kind = "no" in members and "kind" in members

    def read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return from_text(value)
        made: dict[str, Any] = {}
        for name, one in value.items():
            text = _tidy(one) if isinstance(one, str) else one
            if text and text not in identifiers.BLANKS if isinstance(text, str) else text is not None:
                made[name] = members.get(name, _as_is)(text)
        if adds_kind and "kind" not in made and (match := _KIND_CODE.search(str(made.get("no", "")))):
            made["kind"] = match[0]
        return made

    return read


def _move_classes(kind: Kind, fields: dict[str, Any]) -> list[Finding]:
    """Move a design's Locarno classes from the IPC column, where the export writes them, to their own field."""
    if "locarno" not in kind.fields or not (kind.name == "design" and "ipc" in fields):
        return []
    classes = {text: found for text in fields["ipc"] if (found := identifiers.locarno(text))}
    if not classes:
        return []
    rest = [text for text in fields["ipc"] if text not in classes]
    fields["locarno"] = list(dict.fromkeys([*classes.values(), *fields.get("locarno", ())]))
    del fields["ipc"]
    if rest:
        fields["ipc"] = rest
    return [finding("LOCARNO_IN_IPC", "ipc", text) for text in classes]


_AS_WRITTEN: tuple[_Read, None] = (_as_is, None)


def _is_changed(essence: re.Pattern[str], text: str, value: Any) -> bool:
    """Return whether reading has changed more than blanks, punctuation and the office's letters CN."""
    canonical = ";".join(value) if isinstance(value, list) else str(value)
    return text != canonical and _differs(essence, text, canonical)


@lru_cache(maxsize=65_536)
def _differs(essence: re.Pattern[str], text: str, canonical: str) -> bool:
    return essence.sub("", unicodedata.normalize("NFKC", text).upper()) != essence.sub("", canonical)


def _one_text(value: Any) -> str:
    return "" if not isinstance(value, str) or identifiers.is_blank(text := _tidy(value)) else text


def _tidy(cell: str) -> str:
    return cell if cell.isalnum() else " ".join(cell.split())  # letters and digits only: nothing to tidy
