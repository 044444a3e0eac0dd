"""The kinds of record a federation carries, each read from its schema file in `schemas/`.

A file is a JSON Schema (2020-12) with annotations: `title` and `x-title-en`; `x-version`; `x-category`; `x-key`,
templates of the key, the preferred one first; `x-audience`; `x-view`, which field is the title and which the number;
and on a field `x-headers`, the column headings that carry it, the preferred one first, or `x-columns` for a list of
objects. Files whose name begins with "_" hold definitions only.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

_FOLDER = Path(__file__).parent / "schemas"
_REF = "#/$defs/"
Category = Literal["right", "event", "register"]


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind in the version that this program knows; `schema` has no references left."""

    name: str
    version: int
    schema: dict[str, Any]
    title_zh: str
    title_en: str
    category: Category

    @property
    def fields(self) -> dict[str, dict[str, Any]]:
        """Return the schema of each field by its name, in the order of the file."""
        return self.schema["properties"]

    def keys(self, fields: dict[str, Any]) -> tuple[str, ...]:
        """Return the keys that the stated identifiers give, by the first template that has its value; () for none."""
        for before, path, after in _templates(self):
            values = stated(fields, path)
            if values:
                return tuple([f"{before}{value}{after}" for value in values])
        return ()


@lru_cache
def _templates(kind: Kind) -> tuple[tuple[str, str, str], ...]:
    """Return the key's templates, preferred one first, as what stands before the field, its path, and what behind."""
    parts = (template.partition("{") for template in kind.schema["x-key"])
    return tuple((before, rest.partition("}")[0], rest.partition("}")[2]) for before, _, rest in parts)


def get(name: str) -> Kind | None:
    """Return the kind of that name, or None if this program does not know it."""
    return _load().get(name)


def all() -> tuple[Kind, ...]:
    """Return every known kind, by name."""
    return tuple(_load().values())


def stated(fields: dict[str, Any], path: str) -> tuple[str, ...]:
    """Return the texts at `path`, "title" or "publications.no"; () where nothing is stated."""
    name, _, member = path.partition(".")
    value = fields.get(name)
    if value is None:
        return ()
    if member:
        items = value if isinstance(value, list) else []
        return tuple([item[member] for item in items if isinstance(item, dict) and isinstance(item.get(member), str)])
    return (value,) if isinstance(value, str) else ()


@lru_cache(maxsize=1)
def _load() -> dict[str, Kind]:
    files = sorted(path for path in _FOLDER.glob("*.json") if not path.name.startswith("_"))
    return {path.stem: _kind(path.stem, _resolved(json.loads(path.read_text("utf-8")))) for path in files}


def _kind(name: str, schema: dict[str, Any]) -> Kind:
    return Kind(name, schema["x-version"], schema, schema["title"], schema["x-title-en"], schema["x-category"])


def _resolved(node: Any) -> Any:
    if isinstance(node, dict) and _REF in str(node.get("$ref", "")):
        file, _, name = node["$ref"].partition(_REF)
        return _resolved(_definitions(file)[name])
    if isinstance(node, dict):
        return {name: _resolved(value) for name, value in node.items()}
    return [_resolved(item) for item in node] if isinstance(node, list) else node


@lru_cache
def _definitions(file: str) -> dict[str, Any]:
    return json.loads((_FOLDER / file).read_text("utf-8"))["$defs"]
