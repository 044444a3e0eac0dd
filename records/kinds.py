"""The kinds of record a federation carries, each read from its schema file in `schemas/`.

A file is a JSON Schema (2020-12) with annotations; adding a kind is adding a file. Files whose name begins with "_"
hold definitions that others refer to; a reference is replaced by what it names, its own members laid on top, so that
a whole set of fields can be taken over and added to.

Of the schema: `title` and `x-title-en`; `x-version`; `x-category`; `x-key`, templates of the key, the preferred one
first; `x-audience`, and `x-audience-published` for a right that is published; `x-view`, which field is the title, the
number and so on (view.py); `x-filed-by`, the roles that may state it; `x-words`, what a column of types calls it;
`x-split`, the field of which each value makes a record; `x-type-digits` and `x-publication-letters` of a patent.

Of a field, or of a member of an object or of a list of objects: `title`, `x-title-en`, `x-help` [zh, en]; `format`, one
of formats.py; `enum` with `x-enum-titles` {value: [zh, en]}; `x-headers`, the column headings that carry it, the
preferred one first; `x-audience`, where that is narrower than the record's; and for a list of objects `x-columns`, sets
of columns that belong together, member → headings, or → a text that every item of that set gets.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from records import schema_rules
from records.errors import MalformedKind
from records.schema_rules import Category
from records.template import Template, stated

_FOLDER = Path(__file__).parent / "schemas"
_REF = "#/$defs/"
__all__ = ["BUILT_IN", "Category", "Kind", "Kinds", "all", "get", "load", "read", "resolved", "stated"]


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind in one version; `schema` has no references left. A statement is the federation's word on records."""

    name: str
    version: int
    schema: dict[str, Any]
    title_zh: str
    title_en: str
    category: Category
    templates: tuple[Template, ...]

    @property
    def fields(self) -> dict[str, dict[str, Any]]:
        """Return the schema of each field by its name, in the order of the file."""
        return self.schema["properties"]

    def keys(self, fields: dict[str, Any]) -> tuple[str, ...]:
        """Return the keys that the stated identifiers give, by the first template that has its values; () for none."""
        for template in self.templates:
            found = template.fill(fields)
            if found:
                return found
        return ()

    def identifiers(self) -> tuple[str, ...]:
        """Return the paths that a key cannot do without, of all templates, each once, the preferred ones first."""
        holes = [hole for template in self.templates for hole in template.holes]
        return tuple(dict.fromkeys(path for hole in holes if hole.default is None for path in hole.paths))

    def titles(self, path: str) -> tuple[str, str]:
        """Return the Chinese and the English title of a field or of a member, "filing_date" or "publications.no"."""
        name, _, member = path.partition(".")
        spec = self.fields[name]
        spec = spec.get("items", spec)["properties"][member] if member else spec
        return spec["title"], spec["x-title-en"]


class Kinds(Mapping[str, Kind]):
    """An unchanging set of kinds by name; compared and hashed by identity, so that caches may be keyed by it."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._by_name = {kind.name: kind for kind in sorted(kinds, key=lambda one: one.name)}

    def __getitem__(self, name: str) -> Kind:
        return self._by_name[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the kind of that name, or the default; asked so often that Mapping's own is too slow."""
        return self._by_name.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def all(self) -> tuple[Kind, ...]:
        """Return every kind, by name."""
        return tuple(self._by_name.values())

    def of(self, *categories: Category) -> tuple[Kind, ...]:
        """Return the kinds of these categories, by name."""
        return tuple(kind for kind in self._by_name.values() if kind.category in categories)

    def with_published(self, schemas: Iterable[dict[str, Any]]) -> "Kinds":
        """Return these kinds and the new ones, of each the newest version; of two of the same version the one held.

        The order of `schemas` does not matter unless two give the same version. Raises MalformedKind.
        """
        newest = dict(self._by_name)
        for schema in schemas:
            kind = read(schema)
            held = newest.get(kind.name)
            if held is None or kind.version > held.version:
                newest[kind.name] = kind
        return Kinds(newest.values()) if newest != self._by_name else self


def get(name: str) -> Kind | None:
    """Return the built-in kind of that name, or None."""
    return BUILT_IN.get(name)


def all() -> tuple[Kind, ...]:
    """Return every built-in kind, by name."""
    return BUILT_IN.all()


def read(schema: Any) -> Kind:
    """Return the kind that a schema without outside references describes; raise MalformedKind, which says why not.

    Everything that other modules rely on is looked at here: nothing of a kind that was read fails later.
    """
    schema_rules.check(schema)
    return Kind(
        name=schema["$id"],
        version=schema["x-version"],
        schema=schema,
        title_zh=schema["title"],
        title_en=schema["x-title-en"],
        category=schema["x-category"],
        templates=tuple(map(Template.parse, schema["x-key"])),
    )


def load(folder: Path = _FOLDER) -> Kinds:
    """Return the kinds whose files lie in a folder; references are resolved within it."""
    files = sorted(path for path in folder.glob("*.json") if not path.name.startswith("_"))
    return Kinds(read(resolved(json.loads(path.read_text("utf-8")), folder)) for path in files)


def resolved(node: Any, folder: Path = _FOLDER) -> Any:
    """Return a schema with each reference to a definition file replaced by what it names."""
    if isinstance(node, dict):
        own = {name: resolved(value, folder) for name, value in node.items() if name != "$ref"}
        if "$ref" not in node:
            return own
        file, _, name = str(node["$ref"]).partition(_REF)
        return resolved(_definition(folder, file, name), folder) | own
    return [resolved(item, folder) for item in node] if isinstance(node, list) else node


def _definition(folder: Path, file: str, name: str) -> Any:
    try:
        return _definitions(folder / file)[name]
    except (OSError, KeyError, ValueError) as error:
        raise MalformedKind(f"$ref to {file}{_REF}{name}, which is not there") from error


@lru_cache
def _definitions(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))["$defs"]


BUILT_IN = load()
