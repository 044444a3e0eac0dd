"""The rules that every record is judged by, at import and again at every tier."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from records import body, identifiers, kinds, registrations, relations, schema_rules, shape
from records.body import Record
from records.finding import Finding
from records.formats import FORMATS, Format
from records.kinds import Kind, Kinds
from records.rules import finding

RULES_VERSION = 2

Found = tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """What a test of one text must know of its record."""

    kind: Kind
    office: str


def check(record: Record, known: Kinds = kinds.BUILT_IN) -> list[Finding]:
    """Return what is wrong with a record, errors and warnings; nothing for one that is right.

    Of a withdrawal only the kind, its version and the beginning of the key are judged.
    """
    kind = known.get(record.kind)
    if kind is None:
        return [finding("UNKNOWN_KIND", "kind", record.kind)]
    if record.version > kind.version:
        return [finding("UNKNOWN_VERSION", "version", record.version, kind=kind.name, known=kind.version)]
    if record.op == "withdraw":
        wanted = f"{kind.name}:"
        return [] if record.key.startswith(wanted) else [finding("KEY_MISMATCH", "key", record.key, right=wanted + "…")]
    return check_keyed(record, kind, kind.keys(record.fields))


def check_keyed(record: Record, kind: Kind, keys: tuple[str, ...]) -> list[Finding]:
    """Return what `check` does of a record that asserts something of `kind`, whose fields give these keys."""
    if record.key in keys and len(record.key) <= body.MAX_KEY and _is_surely_right(kind, record.fields):
        return relations.between(kind, record.fields)
    found = _check_fields(kind, record.fields, keys)
    if len(record.key) > body.MAX_KEY:
        found.append(finding("KEY_LONG", "key", record.key, length=len(record.key), limit=body.MAX_KEY))
    elif keys and record.key not in keys:
        found.append(finding("KEY_MISMATCH", "key", record.key, right=keys[0]))
    return found


def check_fields(kind: Kind, fields: dict[str, Any]) -> list[Finding]:
    """Return what is wrong with the fields of a record that has no key yet."""
    return _check_fields(kind, fields, kind.keys(fields))


def no_identifier(kind: Kind | None) -> Finding:
    """Return the finding for a record without a key: it names what the kind wants; None: of no known kind."""
    paths = kind.identifiers() if kind else ("application_no", "publications.no")
    titles = [(kind or kinds.BUILT_IN["patent_invention"]).titles(path) for path in paths]
    zh, en = ("、".join(zh for zh, _ in titles), ", ".join(en for _, en in titles))
    return finding("NO_IDENTIFIER", "", "", wanted=zh, wanted_en=en)


def _check_fields(kind: Kind, fields: dict[str, Any], keys: tuple[str, ...]) -> list[Finding]:
    found = shape.findings(kind, fields)
    if found:
        return found
    found = _each_field(kind, fields)
    if not keys:
        found.append(no_identifier(kind))
    found += relations.between(kind, fields)
    return found


def _each_field(kind: Kind, fields: dict[str, Any]) -> list[Finding]:
    """Return what is wrong with each field of a named format, in a record of the right shape."""
    found: list[Finding] = []
    case = _Case(kind, fields.get("office", "CN"))
    for name, member, test in _formats(kind):
        value = fields.get(name)
        for item in value if isinstance(value, list) else (value,):
            stated = item.get(member) if member and item is not None else item
            for text in stated if isinstance(stated, list) else (stated,):
                if text is not None:
                    found += test(case, f"{name}.{member}" if member else name, text)
    return found


def _application_number(case: _Case, field: str, text: str) -> Found:
    number = identifiers.application_number(text)
    if number is None or number.canonical != text:
        return (finding("APPNO_FORM", field, text),)
    if not number.check_ok:
        return (finding("APPNO_CHECK", field, text, right=identifiers.check_digit(number.body)),)
    if number.type_digit not in case.kind.schema.get("x-type-digits", number.type_digit) and field == "application_no":
        return (_type_mismatch(case.kind, field, text),)
    return ()


def _publication_number(case: _Case, field: str, text: str) -> Found:
    number = identifiers.publication_number(text)
    if number is None or number.number != text:
        return (finding("PUBNO_FORM", field, text),)
    schema = case.kind.schema
    missing = () if number.kind else (finding("KIND_MISSING", field, text),)
    letter_fits = not number.kind or number.kind[0] in schema.get("x-publication-letters", number.kind[0])
    if letter_fits and number.type_digit in schema.get("x-type-digits", number.type_digit):
        return missing
    return (*missing, _type_mismatch(case.kind, field, text))


def _type_mismatch(kind: Kind, field: str, text: str) -> Finding:
    return finding("TYPE_MISMATCH", field, text, kind=kind.title_zh, kind_en=kind.title_en)


def _ipc(case: _Case, field: str, text: str) -> Found:
    if identifiers.ipc_symbol(text) == text:
        return ()
    is_class = case.kind.name == "design" and identifiers.locarno(text)
    return (finding("LOCARNO_IN_IPC" if is_class else "IPC_FORM", field, text),)


def _uscc(case: _Case, field: str, text: str) -> Found:
    if identifiers.uscc(text) != text:
        return (finding("USCC_FORM", field, text),)
    return () if identifiers.uscc_ok(text) else (finding("USCC_CHECK", field, text),)


def _layout_number(case: _Case, field: str, text: str) -> Found:
    if registrations.layout_number(text) != text:
        return (finding("LAYOUT_FORM", field, text),)
    right = registrations.layout_check_digit(text)
    return () if text[-1] == right else (finding("LAYOUT_CHECK", field, text, right=right),)


def _variety_number(case: _Case, field: str, text: str) -> Found:
    if registrations.variety_number(text) != text:
        return (finding("VARIETY_FORM", field, text),)
    right = registrations.variety_check_digit(text)
    return () if right in (None, text[-1]) else (finding("VARIETY_CHECK", field, text, right=right),)


_Test = Callable[[_Case, str, str], Found]
_TESTS: dict[str, _Test] = {
    "application-number": _application_number,
    "publication-number": _publication_number,
    "ipc": _ipc,
    "uscc": _uscc,
    "layout-number": _layout_number,
    "variety-number": _variety_number,
}


def _test(form: str) -> _Test:
    """Return the test of a format: its own, else that a text is its canonical form; of what is abroad always that."""
    known = FORMATS[form]

    def plain(case: _Case, field: str, text: str) -> Found:
        return () if known.read(text) == text else (finding(known.rule, field, text, office=case.office),)

    at_home = _TESTS.get(form, plain)
    if known.abroad is None:
        return at_home
    abroad, rule = known.abroad, "PUBLICATION_FORM" if form == "publication-number" else "NUMBER_FORM"

    def by_office(case: _Case, field: str, text: str) -> Found:
        if case.office == "CN":
            return at_home(case, field, text)
        return () if abroad(text) == text else (finding(rule, field, text, office=case.office),)

    return by_office


@lru_cache(maxsize=1024)
def _formats(kind: Kind) -> tuple[tuple[str, str, _Test], ...]:
    """Return (field, member or "", test) for every text of a named format in the kind's schema."""
    return tuple((name, member, _test(form)) for name, member, form in _named(kind))


def _named(kind: Kind) -> list[tuple[str, str, str]]:
    found = []
    for name, spec in kind.fields.items():
        items = spec.get("items", spec)
        for member, one in {"": items, **items.get("properties", {})}.items():
            inner = one.get("items", one)
            if "format" in inner and inner.get("type") == "string":
                found.append((name, member, inner["format"]))
    return found


def _is_surely_right(kind: Kind, fields: dict[str, Any]) -> bool:
    """Return True only where shape and `_each_field` find nothing: one look for the usual record, which nearly all are.

    False says nothing. The patterns run in the schema validator; what a pattern cannot tell is looked at here.
    """
    sure = _sure(kind)
    if not sure.validator.is_valid(fields):
        return False
    for name, member, exactly in sure.exactly:
        value = fields.get(name)
        if value is None:
            continue
        if member:
            for item in value if isinstance(value, list) else (value,):
                if member in item and not exactly(item[member]):
                    return False
        elif isinstance(value, list):
            if not all(map(exactly, value)):
                return False
        elif not exactly(value):
            return False
    return True


@dataclass(frozen=True, slots=True)
class _Sure:
    """A validator of the schema and of each format's sure pattern; and what these patterns leave to be looked at."""

    validator: Any
    exactly: tuple[tuple[str, str, Callable[[str], bool]], ...]


@lru_cache(maxsize=1024)
def _sure(kind: Kind) -> _Sure:
    facts = {name: kind.schema.get(f"x-{long}", "") for name, long in _FACTS.items()}

    def narrowed(node: Any) -> Any:
        if isinstance(node, list):
            return [narrowed(one) for one in node]
        if not isinstance(node, dict):
            return node
        made = {name: narrowed(one) for name, one in node.items()}
        if isinstance(node.get("format"), str) and node.get("type") == "string":
            made["allOf"] = [_surely(FORMATS[node["format"]], facts)]
        return made

    schema = narrowed(kind.schema)
    if "office" in kind.fields:  # elsewhere numbers have other forms
        schema["properties"]["office"] = {"const": "CN"}
    found = [(name, member, exactly) for name, member, form in _named(kind) if (exactly := FORMATS[form].exactly)]
    return _Sure(schema_rules.compiled(schema), tuple(found))


_FACTS = {"type_digits": "type-digits", "letters": "publication-letters"}


def _surely(known: Format, facts: dict[str, str]) -> Any:
    """Return the schema that only canonical texts pass: False, nothing, where a pattern cannot tell."""
    if not known.sure or ("{type_digits}" in known.sure and not facts["type_digits"]):
        return False
    return {"pattern": known.sure.format(**facts)}
