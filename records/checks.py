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
Found = tuple[Finding, ...]


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
    keys = kind.keys(record.fields)
    found = [] if _is_surely_right(kind, record.fields) else _check_fields(kind, record.fields, keys)
    if keys and record.key not in keys:
        found.append(finding("KEY_MISMATCH", "key", record.key, right=keys[0]))
    return found


def check_fields(kind: Kind, fields: dict[str, Any]) -> list[Finding]:
    """Return what is wrong with the fields of a record that has no key yet."""
    return _check_fields(kind, fields, kind.keys(fields))


def _check_fields(kind: Kind, fields: dict[str, Any], keys: tuple[str, ...]) -> list[Finding]:
    if not _validator(kind).is_valid(fields):
        return [_schema_finding(error) for error in _validator(kind).iter_errors(fields)]
    found: list[Finding] = []
    for name, member, test in _formats(kind):
        value = fields.get(name)
        for item in value if isinstance(value, list) else (value,):
            text = item.get(member) if member and item else item
            if text is not None:
                found += test(kind, f"{name}.{member}" if member else name, text)
    if not keys:
        found.append(finding("NO_IDENTIFIER", "", ""))
    if "x-type-digits" in kind.schema:
        found += _patent(fields)
    return found


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
    dates = [("publication_date", fields.get("publication_date", ""))]
    dates += [("publications.date", item.get("date", "")) for item in publications]
    for name, text in dates:
        if text and text < filed and _ISO_DATE.fullmatch(text):
            yield finding("DATE_ORDER", name, text, filed=filed)


def _application_number(kind: Kind, field: str, text: str) -> Found:
    number = identifiers.application_number(text)
    if number is None or number.canonical != text:
        return (finding("APPNO_FORM", field, text),)
    if not number.check_ok:
        return (finding("APPNO_CHECK", field, text, right=identifiers.check_digit(number.body)),)
    if number.type_digit not in kind.schema["x-type-digits"]:
        return (_type_mismatch(kind, field, text),)
    return ()


def _publication_number(kind: Kind, field: str, text: str) -> Found:
    number = identifiers.publication_number(text)
    if number is None or number.number != text:
        return (finding("PUBNO_FORM", field, text),)
    missing = () if number.kind else (finding("KIND_MISSING", field, text),)
    letter_fits = not number.kind or number.kind[0] in kind.schema["x-publication-letters"]
    if letter_fits and number.type_digit in kind.schema["x-type-digits"]:
        return missing
    return (*missing, _type_mismatch(kind, field, text))


def _type_mismatch(kind: Kind, field: str, text: str) -> Finding:
    return finding("TYPE_MISMATCH", field, text, kind=kind.title_zh, kind_en=kind.title_en)


def _date(kind: Kind, field: str, text: str) -> Found:
    return () if identifiers.date(text) == text else (finding("DATE_FORM", field, text),)


def _ipc(kind: Kind, field: str, text: str) -> Found:
    if identifiers.ipc_symbol(text) == text:
        return ()
    is_class = kind.name == "design" and identifiers.locarno(text)
    return (finding("LOCARNO_IN_IPC" if is_class else "IPC_FORM", field, text),)


def _locarno(kind: Kind, field: str, text: str) -> Found:
    return () if identifiers.locarno(text) == text else (finding("LOCARNO_FORM", field, text),)


def _uscc(kind: Kind, field: str, text: str) -> Found:
    return () if identifiers.uscc_ok(text) else (finding("USCC_CHECK", field, text),)


_Test = Callable[[Kind, str, str], Found]
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


_SURE: dict[str, str | None] = {  # what every test of that format passes; None: nothing can be told by a pattern
    "cn-application-number": r"^20(0[3-9]|[1-9][0-9])[{type_digits}][0-9]{{7}}\.[0-9X]$",
    "cn-publication-number": r"^CN[{type_digits}][0-9]{{8}}[{letters}][0-9]?$",
    "date": r"^(19|20)[0-9]{{2}}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    r"|02-(0[1-9]|1[0-9]|2[0-8]))$",
    "ipc": r"^[A-H][0-9]{{2}}[A-Z] [1-9][0-9]{{0,3}}/[0-9]{{2}}$",
    "locarno": r"^[0-9]{{2}}-[0-9]{{2}}$",
    "uscc": None,
}


def _is_surely_right(kind: Kind, fields: dict[str, Any]) -> bool:
    """Return True only where `_check_fields` finds nothing: one look for the usual patent, which nearly all are.

    False says nothing. The patterns run in the schema validator; what compares two fields is compared here.
    """
    if "x-type-digits" not in kind.schema or not _sure_validator(kind).is_valid(fields):
        return False
    number, filed = fields["application_no"], fields["filing_date"]
    return (
        number[:4] == filed[:4]
        and identifiers.check_digit(number[:12]) == number[13]
        and fields.get("publication_date", filed) >= filed
        and all(one.get("date", filed) >= filed for one in fields.get("publications", ()))
    )


@lru_cache
def _sure_validator(kind: Kind) -> Any:
    """Return a validator of the kind's schema and, for each format in it, of what is surely right of that format."""
    facts = {"type_digits": kind.schema["x-type-digits"], "letters": kind.schema["x-publication-letters"]}

    def sure(node: Any) -> Any:
        if isinstance(node, list):
            return [sure(one) for one in node]
        if not isinstance(node, dict):
            return node
        made = {name: sure(one) for name, one in node.items()}
        if isinstance(node.get("format"), str):
            pattern = _SURE[node["format"]]
            made["allOf"] = [{"pattern": pattern.format(**facts)} if pattern else False]
        return made

    required = [*kind.schema.get("required", ()), "application_no", "filing_date"]
    schema = sure(kind.schema) | {"required": required}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=False)


@lru_cache
def _validator(kind: Kind) -> Any:
    return jsonschema_rs.Draft202012Validator(kind.schema, validate_formats=False)


def _schema_finding(error: Any) -> Finding:
    path = ".".join(str(step) for step in error.instance_path)
    return finding("SCHEMA", path, "", detail=str(error.message)[:300])
