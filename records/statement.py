"""What drafts state, as records: the kind decided, the values read into canonical form, and everything judged.

Nothing is shifted, guessed or corrected.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from records import body, canonical, checks, events, identifiers, kinds
from records.body import Record
from records.canonical import tidied
from records.draft import Blank, Draft, Reader, Row, Told
from records.errors import MalformedRecord
from records.finding import Finding, has_error
from records.kinds import Kind, Kinds
from records.repeats import Repeats
from records.rules import finding
from records.splitting import listed
from records.writers.columns import KEY_HEADINGS

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MAX_CHARS = body.MAX_BYTES // 4  # a row of fewer characters always fits


def rows(
    drafts: Iterable[Draft | Blank | Told], known: Kinds = kinds.BUILT_IN, stated: frozenset[str] | None = None
) -> Iterator[Row | Blank]:
    """Read every draft, in order; a blank row is passed on as it is.

    `stated` are the fields that the file has a place for; None: each draft's own. Of records with the same key, the
    first is kept: a later one is an error if it states something else, else a warning.
    """
    reading, seen = Reading(known), Repeats()
    for draft in drafts:
        if isinstance(draft, Blank):
            yield draft
            continue
        if isinstance(draft, Told):
            fields, statements = stated or frozenset(), draft.statements
        else:
            fields = frozenset(draft.values) if stated is None else stated
            statements = reading.statements(draft)
        for record, found in statements:
            if record is not None and (again := seen.repeated(draft.place, record)):
                found = [*found, again]
            if found and has_error(found):
                record = None
            yield Row(draft.place, record, found, fields, draft.raw)


def records(reader: Reader, known: Kinds = kinds.BUILT_IN) -> Iterator[Record]:
    """Give the records that a file states, without what is refused."""
    for row in rows(reader.drafts(), known, reader.stated):
        if isinstance(row, Row) and row.record is not None:
            yield row.record


_Statement = tuple[Record | None, list[Finding]]


class Reading:
    """Drafts as records, with what the kinds' schemas say worked out once."""

    def __init__(self, known: Kinds) -> None:
        self._known = known
        self._typed = [kind for kind in known.all() if "x-type-digits" in kind.schema]
        self._by_word: dict[str, Kind | None] = {}

    def statements(self, draft: Draft) -> list[_Statement]:
        """Return what a draft states: nearly always one record."""
        if draft.kind:
            draft = events.told(draft, self._known)
        found = list(draft.findings)
        if found and has_error(found):
            return [(None, found)]
        written = "".join(draft.raw.values())
        if not written.isprintable() and (hidden := _control_characters(written, draft.raw)):
            return [(None, [*found, *hidden])]
        kind = self._kind(draft)
        if kind is None:
            return [(None, [*found, _untold(draft, self._typed)])]
        fields = canonical.fields(kind, draft.values)
        if kind.name == "design":
            found += _move_classes(fields)
        stated = [fields] if "x-split" not in kind.schema else _split(kind, fields)
        return [self._judged(kind, one, draft.place, found, len(written)) for one in stated]

    def _judged(self, kind: Kind, fields: dict[str, Any], place: int, found: list[Finding], chars: int) -> _Statement:
        keys = kind.keys(fields)
        if not keys:
            return None, [*found, *checks.check_fields(kind, fields)]
        record = Record(keys[0], "assert", kind.name, kind.version, fields, {"row": place})
        found = found + checks.check_keyed(record, kind, keys)
        if chars > _MAX_CHARS and not has_error(found):
            found += _size_findings(record)
        return record, found

    def _kind(self, draft: Draft) -> Kind | None:
        if draft.kind:
            return self._known.get(draft.kind)
        words = _one_text(draft.values.get("right_type_text"))
        if words:
            if words not in self._by_word:
                self._by_word[words] = _of_words(words, self._typed)
            if found := self._by_word[words]:
                return found
        found = self._known.get(_key_stated(draft.raw).partition(":")[0])
        if found in self._typed or words:
            return found if found in self._typed else None
        digit = _type_digit(draft.values)
        return next((kind for kind in self._typed if digit and digit in kind.schema["x-type-digits"]), None)


def _of_words(words: str, typed: list[Kind]) -> Kind | None:
    """Return the kind that a type column names, in words or by the type digit; the longest word that fits decides."""
    folded = unicodedata.normalize("NFKC", words).lower()
    fits = [(len(word), kind) for kind in typed for word in kind.schema["x-words"] if word in folded]
    if fits:
        return max(fits, key=lambda one: one[0])[1]
    return next((kind for kind in typed if len(folded) == 1 and folded in kind.schema["x-type-digits"]), None)


def _control_characters(written: str, raw: Mapping[str, str]) -> list[Finding]:
    if not _CONTROL.search(written):
        return []
    return [finding("CONTROL_CHARACTER", name, text) for name, text in raw.items() if _CONTROL.search(text)]


def _is_abroad(values: Mapping[str, Any]) -> bool:
    return _one_text(values.get("office")).upper() not in ("", "CN")


def _key_stated(raw: Mapping[str, str]) -> str:
    """Return the key in the column that our own exports have for it, "" where there is none."""
    return next((raw[heading] for heading in KEY_HEADINGS if heading in raw), "")


def _type_digit(values: Mapping[str, Any]) -> str:
    if _is_abroad(values):
        return ""  # another office's numbers say nothing of the kind
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
    if number and not _is_abroad(draft.values) and not identifiers.application_number(number):
        return finding("APPNO_FORM", "application_no", number)
    return finding("TYPE_UNKNOWN", "right_type_text", _one_text(draft.values.get("right_type_text")))


def _size_findings(record: Record) -> list[Finding]:
    try:
        body.encode(record)
    except MalformedRecord:
        size = sum(len(str(value).encode()) for value in record.fields.values())
        return [finding("TOO_LARGE", "", size)]
    return []


def _split(kind: Kind, fields: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields once for each value of the field of which a record has one."""
    name = kind.schema["x-split"]
    value = fields.get(name)
    parts = listed(value) if isinstance(value, str) else value
    if not isinstance(parts, list) or len(parts) < 2:
        return [{**fields, name: parts[0]} if isinstance(value, list) and parts else fields]
    return [{**fields, name: canonical.one_text(kind, name, str(part))} for part in dict.fromkeys(parts)]


def _move_classes(fields: dict[str, Any]) -> list[Finding]:
    """Move a design's Locarno classes from the IPC column, where the export writes them, to their own field."""
    symbols, known = fields.get("ipc", []), fields.get("locarno", [])
    if not all(isinstance(many, list) and all(isinstance(one, str) for one in many) for many in (symbols, known)):
        return []
    classes = {text: found for text in symbols if (found := identifiers.locarno(text))}
    if not classes:
        return []
    rest = [text for text in symbols if text not in classes]
    fields["locarno"] = list(dict.fromkeys([*classes.values(), *known]))
    del fields["ipc"]
    if rest:
        fields["ipc"] = rest
    return [finding("LOCARNO_IN_IPC", "ipc", text) for text in classes]


def _one_text(value: Any) -> str:
    return tidied(value) if isinstance(value, str) else ""
