"""Which column headings carry which field, as the kinds' schemas say.

A path names where a column's cells go: "title", "owners.name", or "publications.2.date", the member of the second set
of columns that belong together. Headings match whatever their width, case, blanks and kind of brackets.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from records.kinds import Kind, Kinds
from records.writers import columns as written

_REMARK = re.compile(r"[(\[【](必填|选填|可选|可空|必需|required|optional|格式.*|如.*|例.*)[)\]】]|^[*★]+|[*★:：]+$")
BY_TYPE = ""  # the kind of each row is told by its type column or its number


_LAST_RANK = 999


@dataclass(frozen=True, slots=True)
class Carrier:
    """What a table may be about: one kind, or with `kind` "" those told by type.

    `paths`: folded heading → (path, rank); of several columns of a path, that of the lowest rank is preferred. One of
    the fields `identifiers` must have a column. `titles` are the fields that name a right. `forms`
    gives (path, named format) for each path that has one.
    """

    kind: str
    kinds: tuple[Kind, ...]
    paths: dict[str, tuple[str, int]]
    identifiers: frozenset[str]

    near: dict[str, tuple[str, int]]
    titles: frozenset[str]
    forms: tuple[tuple[str, str], ...]

    def is_identified(self, fields: Collection[str]) -> bool:
        """Return whether these fields are enough for a key."""
        templates = (template for kind in self.kinds for template in kind.templates)
        return any(
            all(any(field_of(path) in fields for path in hole.paths) for hole in one.holes if hole.default is None)
            for one in templates
        )

    def told(self, heading: str) -> tuple[str, int, bool]:
        """Return the path and rank of a heading, and whether it is exactly one that is known; ("", 0, False) for none.

        Near ones differ in punctuation, or in a remark in brackets such as （必填）.
        """
        found = self.paths.get(folded(heading))
        if found:
            return (*found, True)
        return (*self.near.get(loose(heading), ("", 0)), False)

    def spec(self, field: str) -> dict[str, Any]:
        """Return the schema of a field, of the first of the kinds that has it; {} for none."""
        return next((kind.fields[field] for kind in self.kinds if field in kind.fields), {})


@lru_cache(maxsize=4096)
def folded(heading: str) -> str:
    """Return a heading as it is compared: full-width forms, blanks and case do not matter."""
    return "".join(unicodedata.normalize("NFKC", heading).lower().split())


@lru_cache(maxsize=4096)
def loose(heading: str) -> str:
    """Return the letters, signs and digits of a heading, without remarks that people add for who fills it in."""
    return "".join(char for char in _REMARK.sub("", folded(heading)) if char.isalnum())


def field_of(path: str) -> str:
    """Return the field that a path lies in."""
    return path.partition(".")[0]


@lru_cache(maxsize=8)
def carriers(known: Kinds) -> tuple[Carrier, ...]:
    """Return what tables may be about, those told by type first."""
    kinds = [kind for kind in known.all() if kind.category in ("right", "event", "register")]
    typed = [kind for kind in kinds if "x-type-digits" in kind.schema]
    groups = [(BY_TYPE, typed), *((kind.name, [kind]) for kind in kinds)]
    return tuple(_carrier(name, members) for name, members in groups if members)


def _carrier(name: str, members: list[Kind]) -> Carrier:
    paths: dict[str, tuple[str, int]] = {}
    for kind in members:
        for path, headings in by_path(kind):
            for rank, heading in enumerate(headings):
                paths.setdefault(folded(heading), (path, rank))
    for kind in members:
        for field, spec in kind.fields.items():
            for heading in (field, spec.get("title", ""), spec.get("x-title-en", "")):
                if "items" not in spec or field not in _grouped(kind):
                    paths.setdefault(folded(heading), (field, _LAST_RANK))
        for column in written.columns(kind):
            paths.setdefault(folded(column.en), (column.path, _LAST_RANK))
    paths.pop("", None)
    near: dict[str, tuple[str, int]] = {}
    for heading, found in paths.items():
        near.setdefault(loose(heading), found)
    identifiers = frozenset(field_of(path) for kind in members for path in kind.identifiers())
    titles = frozenset(title for kind in members for title in _texts(kind.schema["x-view"]["title"]))
    forms = {path: form for kind in members for path, form in _forms(kind)}
    return Carrier(name, tuple(members), paths, identifiers, near, titles, tuple(forms.items()))


def _grouped(kind: Kind) -> list[str]:
    """Return the fields whose columns come in sets, so that their own name is no column."""
    return [name for name, spec in kind.fields.items() if "x-columns" in spec]


def _texts(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _forms(kind: Kind) -> Iterator[tuple[str, str]]:
    for name, spec in kind.fields.items():
        items = spec.get("items", spec)
        if "format" in items:
            yield name, items["format"]
        members = items.get("properties", {})
        for number, columns in enumerate(spec.get("x-columns", ()), 1):
            yield from ((f"{name}.{number}.{member}", members[member].get("format", "")) for member in columns)
        for member, one in members.items() if "x-columns" not in spec else ():
            if "format" in one:
                yield f"{name}.{member}", one["format"]


def by_path(kind: Kind) -> Iterator[tuple[str, list[str]]]:
    """Give each path that columns can go to, with its headings, the preferred one first."""
    for name, spec in kind.fields.items():
        yield name, spec.get("x-headers", [])
        for number, columns in enumerate(spec.get("x-columns", ()), 1):
            for member, headings in columns.items():
                if isinstance(headings, list):
                    yield f"{name}.{number}.{member}", headings
        for member, one in spec.get("items", spec).get("properties", {}).items():
            yield f"{name}.{member}", one.get("x-headers", [])
