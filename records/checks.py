"""The rules that every record is judged by, at import and again at every tier."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import jsonschema_rs

from records import identifiers, kinds
from records.body import Record
from records.finding import Finding
from records.kinds import Kind
from records.rules import finding

RULES_VERSION = 1

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def check(record: Record) -> list[Finding]:
    """Return what is wrong with a record, errors and warnings; nothing for one that is right.

    Of a withdrawal only the kind, its version and the beginning of the key are judged.
    """
    kind = kinds.get(record.kind)
    if kind is None:
        return [finding("UNKNOWN_KIND", "kind", record.kind)]
    if record.version > kind.version:
        return [finding("UNKNOWN_VERSION", "version", record.version, kind=kind.name, known=kind.version)]
    if record.op == "withdraw":
        wanted = kind.schema["x-key"][0].partition("{")[0]
        return [] if record.key.startswith(wanted) else [finding("KEY_MISMATCH", "key", record.key, right=wanted + "…")]
    found = check_fields(kind, record.fields)
    keys = kind.keys(record.fields)
    if keys and record.key not in keys:
        found.append(finding("KEY_MISMATCH", "key", record.key, right=keys[0]))
    return found


def check_fields(kind: Kind, fields: dict[str, Any]) -> list[Finding]:
    """Return what is wrong with the fields of a record that has no key yet."""
    if not _validator(kind).is_valid(fields):
        return [_schema_finding(error) for error in _validator(kind).iter_errors(fields)]
    found = [one for name, member, test in _formats(kind) for one in _test(kind, fields, name, member, test)]
    if not kind.keys(fields):
        found.append(finding("NO_IDENTIFIER", "", ""))
    if "x-type-digits" in kind.schema:
        found.extend(_patent(fields))
    return found


def _test(kind: Kind, fields: dict[str, Any], name: str, member: str, test: "_Test") -> Iterator[Finding]:
    value = fields.get(name)
    if value is None:
        return
    for item in value if isinstance(value, list) else (value,):
        text = item.get(member) if member else item
        if text is not None:
            yield from test(kind, f"{name}.{member}" if member else name, text)


def _patent(fields: dict[str, Any]) -> Iterator[Finding]:
    filed = fields.get("filing_date", "")
    number = identifiers.application_number(fields.get("application_no", ""))
    if number and number.type_digit in "123" and filed and not filed.startswith(str(number.year)):
        yield finding("YEAR_MISMATCH", "filing_date", filed, year=number.year)
    publications = fields.get("publications", ())
    if publications and "application_no" not in fields:
        yield finding("PUBNO_ONLY", "publications.no", publications[0]["no"])
    if not _ISO_DATE.fullmatch(filed):
        return
    for name, text in (("publication_date", fields.get("publication_date")), *_dates(publications)):
        if text and text < filed and _ISO_DATE.fullmatch(text):
            yield finding("DATE_ORDER", name, text, filed=filed)


def _dates(publications: list[dict[str, str]]) -> list[tuple[str, str | None]]:
    return [("publications.date", item.get("date")) for item in publications]


def _application_number(kind: Kind, field: str, text: str) -> Iterator[Finding]:
    number = identifiers.application_number(text)
    if number is None or number.canonical != text:
        yield finding("APPNO_FORM", field, text)
    elif not number.check_ok:
        yield finding("APPNO_CHECK", field, text, right=identifiers.check_digit(number.body))
    elif number.type_digit not in kind.schema["x-type-digits"]:
        yield _type_mismatch(kind, field, text)


def _publication_number(kind: Kind, field: str, text: str) -> Iterator[Finding]:
    number = identifiers.publication_number(text)
    if number is None or number.number != text:
        yield finding("PUBNO_FORM", field, text)
        return
    if not number.kind:
        yield finding("KIND_MISSING", field, text)
    letter_fits = not number.kind or number.kind[0] in kind.schema["x-publication-letters"]
    if not letter_fits or number.type_digit not in kind.schema["x-type-digits"]:
        yield _type_mismatch(kind, field, text)


def _type_mismatch(kind: Kind, field: str, text: str) -> Finding:
    return finding("TYPE_MISMATCH", field, text, kind=kind.title_zh, kind_en=kind.title_en)


def _date(kind: Kind, field: str, text: str) -> Iterator[Finding]:
    if identifiers.date(text) != text:
        yield finding("DATE_FORM", field, text)


def _ipc(kind: Kind, field: str, text: str) -> Iterator[Finding]:
    if identifiers.ipc_symbol(text) == text:
        return
    is_class = kind.name == "design" and identifiers.locarno(text)
    yield finding("LOCARNO_IN_IPC" if is_class else "IPC_FORM", field, text)


def _locarno(kind: Kind, field: str, text: str) -> Iterator[Finding]:
    if identifiers.locarno(text) != text:
        yield finding("LOCARNO_FORM", field, text)


def _uscc(kind: Kind, field: str, text: str) -> Iterator[Finding]:
    if not identifiers.uscc_ok(text):
        yield finding("USCC_CHECK", field, text)


_Test = Callable[[Kind, str, str], Iterator[Finding]]
_TESTS: dict[str, _Test] = {
    "cn-application-number": _application_number,
    "cn-publication-number": _publication_number,
    "date": _date,
    "ipc": _ipc,
    "locarno": _locarno,
    "uscc": _uscc,
}


@lru_cache
def _formats(kind: Kind) -> tuple[tuple[str, str, _Test], ...]:
    """Return (field, member or "", test) for every named format in the kind's schema."""
    found = []
    for name, spec in kind.fields.items():
        items = spec.get("items", spec)
        for member, one in {"": items, **items.get("properties", {})}.items():
            if "format" in one:
                found.append((name, member, _TESTS[one["format"]]))
    return tuple(found)


@lru_cache
def _validator(kind: Kind) -> Any:
    return jsonschema_rs.Draft202012Validator(kind.schema, validate_formats=False)


def _schema_finding(error: Any) -> Finding:
    path = ".".join(str(step) for step in error.instance_path)
    return finding("SCHEMA", path, "", detail=str(error.message)[:300])
