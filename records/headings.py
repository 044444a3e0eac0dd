"""Which column headings carry which field, as the kinds' schemas say.

A path names where a column's cells go: "title", "owners.name", or "publications.2.date", the member of the second set
of columns that belong together. Headings match whatever their width, case, blanks and kind of brackets.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from records.kinds import Kind, Kinds

BY_TYPE = ""  # the kind of each row is told by its type column or its number


@dataclass(frozen=True, slots=True)
class Carrier:
    """What a table may be about: one kind, or with `kind` "" those told by type.

    `paths`: folded heading → (path, rank); of several columns of a path, that of the lowest rank is preferred. One of
    the fields `identifiers` must have a column.
    """

    kind: str
    kinds: tuple[Kind, ...]
    paths: dict[str, tuple[str, int]]
    identifiers: frozenset[str]

    def spec(self, field: str) -> dict[str, Any]:
        """Return the schema of a field, of the first of the kinds that has it; {} for none."""
        return next((kind.fields[field] for kind in self.kinds if field in kind.fields), {})


def folded(heading: str) -> str:
    """Return a heading as it is compared: full-width forms, blanks and case do not matter."""
    return "".join(unicodedata.normalize("NFKC", heading).lower().split())


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
    return Carrier(name, tuple(members), paths, frozenset(field_of(path) for kind in members for path in _keys(kind)))


def _keys(kind: Kind) -> list[str]:
    return [template.partition("{")[2].partition("}")[0] for template in kind.schema["x-key"]]


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
