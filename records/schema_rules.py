"""What a kind's schema must say before the rest of the program relies on it.

The form stands in `schemas/_kind_file.json`: plain fields, lists and objects, nested as deep as a record's body may be,
and no other means of JSON Schema, so that what a hub publishes can neither refer elsewhere nor take for ever. What
leads from one place of a schema to another is looked at here.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

import jsonschema_rs

from records import formats
from records.errors import MalformedKind
from records.template import Template

Category = Literal["right", "event", "register", "statement"]
CATEGORIES: tuple[Category, ...] = get_args(Category)
ROLES = ("outlet", "feed", "substation", "alliance", "hub")
FORM = Path(__file__).parent / "schemas" / "_kind_file.json"
_MAX_BYTES = 60_000  # of the JSON text, which travels in a record


def check(schema: Any) -> None:
    """Raise MalformedKind, which says why, unless everything is there and usable that other modules look at."""
    for reason in _faults(schema):
        raise MalformedKind(reason)


def compiled(schema: dict[str, Any]) -> Any:
    """Return a validator whose patterns take time that is linear in the text, whoever wrote them."""
    options = jsonschema_rs.RegexOptions()
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=False, pattern_options=options)


def nodes(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (path, schema) of each field and of each member of an object or of a list of objects."""
    for name, spec in schema["properties"].items():
        yield name, spec
        for member, one in spec.get("items", spec).get("properties", {}).items():
            yield f"{name}.{member}", one


def _faults(schema: Any) -> Iterator[str]:
    for error in _form().iter_errors(schema):
        place = ".".join(str(step) for step in error.instance_path)
        yield f"{place}: {str(error.message)[:300]}" if place else str(error.message)[:300]
    if len(json.dumps(schema, ensure_ascii=False).encode("utf-8", "replace")) > _MAX_BYTES:
        yield f"it has more than {_MAX_BYTES} bytes"
    known = dict(nodes(schema))
    yield from _patterns(schema, known)
    yield from _keys(schema, known)
    yield from _places(schema, known)
    for path, spec in known.items():
        leaf = spec.get("items", spec)
        if sorted(leaf.get("enum", [])) != sorted(leaf.get("x-enum-titles", {})):
            yield f"{path}: x-enum-titles has not the same values as enum"
        if leaf.get("type") not in ("string", "object") and "format" in leaf:
            yield f"{path}: a format is for texts"
        if spec.get("x-derived-from", path) not in known:
            yield f"{path}: x-derived-from is no field"


def _patterns(schema: dict[str, Any], known: dict[str, dict[str, Any]]) -> Iterator[str]:
    try:
        compiled(schema)
    except (ValueError, jsonschema_rs.ValidationError) as error:
        yield f"a pattern or a number in it is not usable: {str(error)[:300]}"
    if "office" in known and known["office"].get("format") != "office":
        yield "office: its format must be office"


def _keys(schema: dict[str, Any], known: dict[str, dict[str, Any]]) -> Iterator[str]:
    for key in schema["x-key"]:
        if not key.startswith(f"{schema['$id']}:"):
            yield f"x-key: {key!r} does not begin with the kind's name"
        for path in Template.parse(key).paths:
            if path not in known:
                yield f"x-key: {key!r} has no field {path!r}"
    needed = {path.partition(".")[0] for key in schema["x-key"] for path in Template.parse(key).paths}
    for name in [*sorted(needed), *schema.get("required", ())]:
        if "x-audience" in schema["properties"].get(name, {}):
            yield f"{name}: what a record needs cannot have an audience of its own"


def _places(schema: dict[str, Any], known: dict[str, dict[str, Any]]) -> Iterator[str]:
    for place, paths in schema["x-view"].items():
        for path in [paths] if isinstance(paths, str) else paths:
            if path not in known:
                yield f"x-view: {place} has no field {path!r}"
    for chain in schema.get("x-order", ()):
        for path in chain:
            if known.get(path, {}).get("format") != "date" or ("." in path and path == chain[0]):
                yield f"x-order: {path!r} is no date that can be compared"
    split = schema.get("x-split", "")
    if split and known.get(split, {}).get("type") != "string":
        yield f"x-split: {split!r} is no text of its own"
    for name, spec in schema["properties"].items():
        members = spec.get("items", {}).get("properties", {})
        for member in [member for columns in spec.get("x-columns", ()) for member in columns if member not in members]:
            yield f"{name}: x-columns has no member {member!r}"


@lru_cache(maxsize=1)
def _form() -> Any:
    form = json.loads(FORM.read_text("utf-8"))
    form["$defs"]["format"] = {"enum": [name for name in formats.FORMATS if name]}
    return compiled(form)
