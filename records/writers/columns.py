"""The columns of a table of records, which follow from the schemas of their kinds.

A heading is the one that an import prefers for the field, so that a table that was written can be read again with
nothing changed. Kinds whose columns are the same share a layout.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any

from records import identifiers
from records.kinds import Kind
from records.writers.line import Language, Line, Plan

_BETWEEN = "; "
_MISSING = "/"  # in a list, where an item has no such member: an import takes it for nothing
_GRANTED = frozenset("BCDUYS")  # kind codes of what is published at the grant
_EXTRAS = {
    "kind": ("记录种类", "Kind of record"),
    "key": ("记录标识", "Record key"),
    "audience": ("可见范围（内部）", "Audience (internal)"),
    "findings": ("检查结果", "Findings"),
    "statements": ("来源条目", "Statements"),
    "sources": ("字段来源", "Sources of the fields"),
    "conflicts": ("不一致之处", "Conflicts"),
    "first_applied": ("首次收录", "First taken up"),
    "last_applied": ("最近收录", "Last taken up"),
}
EXTRA_HEADINGS = tuple(heading for both in _EXTRAS.values() for heading in both)  # an import reads nothing from them
KEY_HEADINGS = _EXTRAS["key"]  # but the kind of a right, where nothing else tells it
Cell = Callable[[dict[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a kind: its headings in both languages, the path that it shows, and what gives its cell.

    `spec` is the schema of what a cell holds, `all_headings` those that an import takes for it.
    """

    zh: str
    en: str
    path: str
    spec: dict[str, Any]
    all_headings: tuple[str, ...]
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
    language = plan.language
    by_kind = {kind.name: {one.heading(language): one.cell for one in columns(kind, language)} for kind in group}
    headings = tuple(dict.fromkeys(heading for cells in by_kind.values() for heading in cells))
    extras = tuple(_extras(plan, group))
    return Layout(
        name=" ".join(kind.title_zh if language == "zh" else kind.title_en for kind in group),
        headings=headings + tuple(one.heading(language) for one in extras),
        cells={name: tuple(cells.get(heading) for heading in headings) for name, cells in by_kind.items()},
        extras=extras,
    )


def _headings(kind: Kind, language: Language) -> tuple[str, ...]:
    return tuple(one.heading(language) for one in columns(kind, language))


@lru_cache(maxsize=256)
def columns(kind: Kind, language: Language = "zh") -> tuple[Column, ...]:
    """Return the columns of a kind, in the order of its fields; a field that no heading names has none.

    `language` is that of coded values, whose titles are shown.
    """
    found: list[Column] = []
    taken: set[str] = set()
    for name, spec in kind.fields.items():
        for path, headings, english, of, cell in _of_field(name, spec, language):
            zh = next((one for one in headings if _folded(one) not in taken), f"{headings[0]} ({name})")
            en = english if _folded(english) not in taken else f"{english} ({path})"
            taken |= {*map(_folded, headings), _folded(en)}
            found.append(Column(zh, en, path, of, tuple(headings), cell))
    return tuple(found)


def _folded(heading: str) -> str:
    return "".join(unicodedata.normalize("NFKC", heading).lower().split())


_Of = tuple[str, Sequence[str], str, dict[str, Any], Cell]  # path, headings, English title, schema, cell


def _of_field(name: str, spec: dict[str, Any], language: Language) -> Iterator[_Of]:
    english, headings = spec.get("x-title-en", name), spec.get("x-headers", ())
    members = spec.get("items", spec).get("properties", {})
    if "x-columns" in spec:
        yield from _of_sets(name, spec, members, language)
        return
    named = {member: one for member, one in members.items() if one.get("x-headers")}
    if spec.get("type") == "object" and named:
        headings = ()
    elif spec.get("format") == "amount":
        yield name, headings, english, spec, _amount(name)
        return
    first = (spec.get("items", {}).get("required") or ["name"])[0]
    if headings:
        yield (
            name,
            headings,
            english,
            spec,
            _listed_member(name, first, language, {}) if members else _whole(name, spec, language),
        )
    for member, one in named.items():
        path = f"{name}.{member}"
        yield path, one["x-headers"], one.get("x-title-en", path), one, _listed_member(name, member, language, one)


def _of_sets(name: str, spec: dict[str, Any], members: dict[str, Any], language: Language) -> Iterator[_Of]:
    sets = spec["x-columns"]
    for at, columns_of_set in enumerate(sets):
        fixed = [members_text for members_text in columns_of_set.values() if isinstance(members_text, str)]
        for member, headings in columns_of_set.items():
            if isinstance(headings, str):
                continue
            of = members.get(member, {})
            english = of.get("x-title-en", member)
            if fixed:
                english = f"{english}: {', '.join(fixed)}"
            elif at:
                english = f"{english} ({at + 1})"
            yield f"{name}.{at + 1}.{member}", headings, english, of, _set_member(name, member, at, sets, language, of)


def _whole(name: str, spec: dict[str, Any], language: Language) -> Cell:
    show = _shown_as(spec, language)

    def cell(fields: dict[str, Any]) -> str:
        value = fields.get(name)
        if isinstance(value, list):
            return listed([shown(one) for one in value])
        return "" if value is None else show(value)

    return cell


def _amount(name: str) -> Cell:
    def cell(fields: dict[str, Any]) -> str:
        value = fields.get(name)
        if not isinstance(value, dict):
            return "" if value is None else shown(value)
        return f"{text(value.get('value', ''))} {value.get('currency', '')}".strip()

    return cell


def _listed_member(name: str, member: str, language: Language, spec: dict[str, Any]) -> Cell:
    """Return the cell of one member of an object, or of each in a list of objects."""
    show = _shown_as(spec, language)

    def cell(fields: dict[str, Any]) -> str:
        value = fields.get(name)
        if isinstance(value, list):
            return _aligned([one.get(member) if isinstance(one, dict) else one for one in value], show)
        if isinstance(value, dict):
            return show(value[member]) if member in value else ""
        return "" if value is None else show(value)

    return cell


def _set_member(
    name: str, member: str, at: int, sets: Sequence[dict[str, Any]], language: Language, spec: dict[str, Any]
) -> Cell:
    show = _shown_as(spec, language)

    def cell(fields: dict[str, Any]) -> str:
        value = fields.get(name)
        items = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
        return _aligned([one.get(member) for one in items if _set_of(one, sets) == at], show)

    return cell


def _set_of(item: dict[str, Any], sets: Sequence[dict[str, Any]]) -> int:
    """Return the number of the set of columns that an item belongs into, -1 for none.

    It is the first whose fixed texts are the item's; what was published at the grant goes into the second of two sets
    without any.
    """
    for at, one in enumerate(sets):
        fixed = {member: said for member, said in one.items() if isinstance(said, str)}
        if fixed and all(item.get(member) == said for member, said in fixed.items()):
            return at
    plain = [at for at, one in enumerate(sets) if not any(isinstance(said, str) for said in one.values())]
    if not plain:
        return -1
    code = str(item.get("kind") or str(item.get("no", ""))[-1:])[:1]
    return plain[1] if len(plain) > 1 and code in _GRANTED else plain[0]


def _aligned(values: Sequence[Any], show: Callable[[Any], str]) -> str:
    """Return a list as one cell, with a sign for each item that says nothing; "" if none says anything."""
    if all(value is None for value in values):
        return ""
    return listed([_MISSING if value is None else show(value) for value in values])


def _shown_as(spec: dict[str, Any], language: Language) -> Callable[[Any], str]:
    titles = {value: both[0 if language == "zh" else 1] for value, both in spec.get("x-enum-titles", {}).items()}
    if not titles:
        return shown
    return lambda value: titles.get(value, value) if isinstance(value, str) else shown(value)


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
    wanted = {"kind": len(group) > 1, "audience": plan.audience, "findings": plan.findings}
    cells: dict[str, Callable[[Line], str]] = {
        "kind": lambda line: titles[line.record.kind],
        "key": lambda line: line.record.key,
        "audience": lambda line: line.audience,
        "findings": lambda line: _findings(line, zh),
        "statements": _statements,
        "sources": _sources,
        "conflicts": _conflicts,
        "first_applied": lambda line: _times(line)[0],
        "last_applied": lambda line: _times(line)[1],
    }
    for name, cell in cells.items():
        if wanted.get(name, name == "key" or plan.provenance):
            yield Extra(*_EXTRAS[name], cell)


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
    if line.provenance is None:
        return "", ""
    first, last = line.provenance.first_applied, line.provenance.last_applied
    return tuple(datetime.fromtimestamp(one, UTC).strftime("%Y-%m-%d %H:%M:%SZ") for one in (first, last))  # type: ignore[return-value]
