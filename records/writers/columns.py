"""The columns of a table of records, which follow from the schemas of their kinds.

A heading is the one that an import prefers for the field, so that a table that was written can be read again with
nothing changed. Kinds whose columns are the same share a layout.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

from records import identifiers
from records.kinds import Kind
from records.writers.line import Language, Line, Plan

_BETWEEN = "; "
_GRANTED = frozenset("BCDUYS")  # kind codes of what is published at the grant
Cell = Callable[[dict[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a kind: its headings, the field that it shows, and how a record's fields give its cell."""

    zh: str
    en: str
    field: str
    cell: Cell

    def heading(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Extra:
    """One column that no field gives: what is known of the record besides."""

    zh: str
    en: str
    cell: Callable[[Line], str]

    def heading(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one table: its name, and for each kind the cells in the order of the headings."""

    name: str
    headings: tuple[str, ...]
    cells: dict[str, tuple[Cell | None, ...]]
    extras: tuple[Extra, ...]

    def row(self, line: Line) -> list[str]:
        """Return the cells of one record."""
        fields = line.record.fields
        found = [cell(fields) if cell else "" for cell in self.cells[line.record.kind]]
        return found + [extra.cell(line) for extra in self.extras]


def layouts(plan: Plan) -> list[Layout]:
    """Return a layout for each group of kinds with the same columns, in the order of the kinds."""
    ordered = sorted(plan.kinds, key=lambda kind: (_headings(kind, plan.language), plan.kinds.index(kind)))
    groups = [list(same) for _, same in groupby(ordered, key=lambda kind: _headings(kind, plan.language))]
    groups.sort(key=lambda group: plan.kinds.index(group[0]))
    return [_layout(group, plan) for group in groups]


def together(plan: Plan) -> Layout:
    """Return one layout for all kinds: headings that several of them have are one column."""
    return _layout(plan.kinds, plan)


def _layout(group: Sequence[Kind], plan: Plan) -> Layout:
    by_kind = {kind.name: {one.heading(plan.language): one.cell for one in columns(kind)} for kind in group}
    headings = tuple(dict.fromkeys(heading for cells in by_kind.values() for heading in cells))
    extras = tuple(_extras(plan, group))
    return Layout(
        name=" ".join(kind.title_zh if plan.language == "zh" else kind.title_en for kind in group),
        headings=headings + tuple(one.heading(plan.language) for one in extras),
        cells={name: tuple(cells.get(heading) for heading in headings) for name, cells in by_kind.items()},
        extras=extras,
    )


def _headings(kind: Kind, language: Language) -> tuple[str, ...]:
    return tuple(one.heading(language) for one in columns(kind))


@lru_cache(maxsize=256)
def columns(kind: Kind) -> tuple[Column, ...]:
    """Return the columns of a kind, in the order of its fields; fields without a heading have none."""
    found: list[Column] = []
    taken: set[str] = set()
    for name, spec in kind.fields.items():
        for zh, en, cell in _of_field(name, spec, taken):
            taken |= {zh, en}
            found.append(Column(zh, en, name, cell))
    return tuple(found)


def _of_field(name: str, spec: dict[str, Any], taken: set[str]) -> Iterable[tuple[str, str, Cell]]:
    title = spec.get("x-title-en", name)
    members = spec.get("items", {}).get("properties", {})
    for at, one in enumerate(sets := spec.get("x-columns", ())):
        for member, headings in one.items():
            cell = _member(name, member, at, sets)
            english = members.get(member, {}).get("x-title-en") or f"{title}: {member}"
            yield _free(headings, taken), english if at == 0 else f"{english} ({at + 1})", cell
    headings = [one for one in spec.get("x-headers", ()) if one not in taken]
    if headings:
        yield headings[0], title if title not in taken else f"{title} ({name})", _whole(name, spec)


def _free(headings: Sequence[str], taken: set[str]) -> str:
    return next((one for one in headings if one not in taken), headings[0])


def _whole(name: str, spec: dict[str, Any]) -> Cell:
    titles = spec.get("items", spec).get("x-enum-titles", {})
    first = next(iter(spec.get("items", {}).get("properties", {"name": 0})))

    def cell(fields: dict[str, Any]) -> str:
        value = fields.get(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return titles[value][0] if value in titles else value
        if isinstance(value, dict):
            return text(value.get("name", value.get("value", "")))
        if not isinstance(value, list):
            return text(value)
        items = [text(one.get("name", one.get(first, "")) if isinstance(one, dict) else one) for one in value]
        return listed([titles[one][0] if one in titles else one for one in items])

    return cell


def _member(name: str, member: str, at: int, sets: Sequence[dict[str, Any]]) -> Cell:
    """Return the cell of one member of the items that belong into the set of columns `at`."""

    def cell(fields: dict[str, Any]) -> str:
        value = fields.get(name)
        if isinstance(value, dict):
            return text(value.get(member, ""))
        items = [one for one in value or () if isinstance(one, dict)] if isinstance(value, list) else []
        found = [text(one.get(member, "")) for one in _shared_out(items, sets)[at]]
        if not all(found):
            found = []  # where one is missing, nobody could tell which one
        return listed(found) if len(found) != 1 else found[0]

    return cell


def _shared_out(items: list[dict[str, Any]], sets: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the items for each set of columns: what was published at the grant into the second, where there is one.

    Of a set whose items differ in which members they have, the poorer ones go to another that is empty.
    """
    shared: list[list[dict[str, Any]]] = [[] for _ in sets]
    for one in items:
        code = str(one.get("kind") or str(one.get("no", ""))[-1:])[:1]
        shared[1 if len(sets) > 1 and code in _GRANTED else 0].append(one)
    for at, held in enumerate(shared):
        rich = [one for one in held if all(one.get(member) for member in sets[at])]
        empty = next((place for place, others in enumerate(shared) if not others), None)
        if 0 < len(rich) < len(held) and empty is not None:
            shared[empty] = [one for one in held if one not in rich]
            shared[at] = rich
    return shared


def listed(values: Sequence[str]) -> str:
    """Return several texts as one cell that an import splits again; one with a comma in it ends with the separator."""
    joined = _BETWEEN.join(values)
    if len(values) == 1 and identifiers.names(joined) != tuple(values):
        return f"{joined};"
    return joined


def text(value: Any) -> str:
    """Return a value as a cell shows it: whole numbers without a point, yes and no as in JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return str(int(value))
    return value if isinstance(value, str) else str(value)


def _extras(plan: Plan, group: Sequence[Kind]) -> Iterable[Extra]:
    zh = plan.language == "zh"
    titles = {kind.name: kind.title_zh if zh else kind.title_en for kind in group}
    if len(group) > 1:
        yield Extra("记录种类", "Kind of record", lambda line: titles[line.record.kind])
    yield Extra("记录标识", "Record key", lambda line: line.record.key)
    if plan.audience:
        yield Extra("可见范围（内部）", "Audience (internal)", lambda line: line.audience)
    if plan.findings:
        yield Extra("检查结果", "Findings", lambda line: _findings(line, zh))
    if plan.provenance:
        yield Extra("来源条目", "Statements", _statements)
        yield Extra("字段来源", "Sources of the fields", _sources)
        yield Extra("不一致之处", "Conflicts", _conflicts)
        yield Extra("首次收录", "First taken up", lambda line: _times(line)[0])
        yield Extra("最近收录", "Last taken up", lambda line: _times(line)[1])


def _findings(line: Line, zh: bool) -> str:
    return "\n".join(f"{one.rule} {one.zh if zh else one.en}" for one in line.findings)


def _statements(line: Line) -> str:
    found = line.provenance.statements if line.provenance else ()
    return _BETWEEN.join(f"{origin}#{index}" for origin, index in found)


def _sources(line: Line) -> str:
    """Return which origin gave which fields, an origin a line."""
    by_origin: dict[str, list[str]] = {}
    for name, origin in line.provenance.sources.items() if line.provenance else ():
        by_origin.setdefault(origin, []).append(name)
    return "\n".join(f"{origin}: {', '.join(names)}" for origin, names in sorted(by_origin.items()))


def _conflicts(line: Line) -> str:
    found = line.provenance.conflicts if line.provenance else {}
    return "\n".join(f"{name}: {origin} = {shown(value)}" for name, values in found.items() for origin, value in values)


def shown(value: Any) -> str:
    """Return any value of a field as people read it."""
    if isinstance(value, list):
        return _BETWEEN.join(map(shown, value))
    if isinstance(value, dict):
        return " ".join(map(shown, value.values()))
    return text(value)


def _times(line: Line) -> tuple[str, str]:
    from datetime import UTC, datetime

    if line.provenance is None:
        return "", ""
    first, last = line.provenance.first_applied, line.provenance.last_applied
    return tuple(datetime.fromtimestamp(one, UTC).strftime("%Y-%m-%d %H:%M:%SZ") for one in (first, last))  # type: ignore[return-value]
