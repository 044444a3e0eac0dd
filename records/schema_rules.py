"""What a kind's schema must say before the rest of the program relies on it."""

import re
from collections.abc import Iterator
from typing import Any, Literal, get_args

import jsonschema_rs

from records import formats
from records.errors import MalformedKind
from records.template import Template

Category = Literal["right", "event", "register", "statement"]
CATEGORIES: tuple[Category, ...] = get_args(Category)
ROLES = ("outlet", "feed", "substation", "alliance", "hub")
AUDIENCES = ("public", "federation", "path")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_TEXTS = ("$id", "title", "x-title-en", "x-category", "x-audience")
_MAX_NODES = 5_000


def check(schema: Any) -> None:
    """Raise MalformedKind, which says why, unless everything is there and usable that other modules look at."""
    for reason in _faults(schema):
        raise MalformedKind(reason)


def nodes(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (path, schema) of each field and of each member of an object or of a list of objects."""
    for name, spec in schema["properties"].items():
        yield name, spec
        inner = spec.get("items", spec)
        for member, one in inner.get("properties", {}).items():
            yield f"{name}.{member}", one


def _faults(schema: Any) -> Iterator[str]:
    if not isinstance(schema, dict):
        yield "it is no object"
        return
    for name in _TEXTS:
        if not isinstance(schema.get(name), str) or not schema[name]:
            yield f"{name} is missing"
    yield from _head(schema)
    if _count(schema) > _MAX_NODES:
        yield f"it has more than {_MAX_NODES} members"
    if "$ref" in str(schema):
        yield "it refers to another place"
    if not jsonschema_rs.meta.is_valid(schema):
        yield "it is no JSON Schema (2020-12)"
    yield from _fields(schema)
    yield from _places(schema)


def _head(schema: dict[str, Any]) -> Iterator[str]:
    if not _NAME.fullmatch(schema["$id"]):
        yield f"the name {schema['$id']!r} is not lower-case letters, digits and _"
    version = schema.get("x-version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        yield "x-version is no whole number from 1"
    if schema["x-category"] not in CATEGORIES:
        yield f"x-category is none of {', '.join(CATEGORIES)}"
    for name in ("x-audience", "x-audience-published"):
        if schema.get(name, "path") not in AUDIENCES:
            yield f"{name} is none of {', '.join(AUDIENCES)}"
    roles = schema.get("x-filed-by")
    if not isinstance(roles, list) or not roles or any(role not in ROLES for role in roles):
        yield f"x-filed-by lists none of {', '.join(ROLES)}, or others"


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    properties = schema.get("properties")
    if schema.get("type") != "object" or not isinstance(properties, dict) or not properties:
        yield "it has no properties"
        return
    for path, spec in nodes(schema):
        if not isinstance(spec, dict) or not isinstance(spec.get("title"), str) or "x-title-en" not in spec:
            yield f"{path} has no title in two languages"
        inner = spec.get("items", spec)
        if inner.get("format", formats.NONE) not in formats.FORMATS:
            yield f"{path} has the format {inner['format']!r}, which this program does not know"
        if spec.get("x-audience", "path") not in AUDIENCES:
            yield f"{path} has an x-audience that is none of {', '.join(AUDIENCES)}"
        if not all(isinstance(one, str) for one in spec.get("x-headers", ())):
            yield f"{path} has x-headers that are no texts"


def _places(schema: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with key templates and the view: they must lead to fields of their own."""
    known = {path for path, _ in nodes(schema)}
    keys = schema.get("x-key")
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
        yield "x-key has no template"
        return
    for key in keys:
        template = Template.parse(key)
        if not key.startswith(f"{schema['$id']}:"):
            yield f"the key {key!r} does not begin with the kind's name"
        for path in [path for hole in template.holes for path in hole.paths if path not in known]:
            yield f"the key {key!r} has no field {path!r}"
    view = schema.get("x-view")
    if not isinstance(view, dict) or not {"title", "number"} <= view.keys():
        yield "x-view has no title and number"
        return
    for place, paths in view.items():
        for path in [paths] if isinstance(paths, str) else paths:
            if path not in known:
                yield f"x-view's {place} has no field {path!r}"


def _count(node: Any) -> int:
    if isinstance(node, dict):
        return 1 + sum(map(_count, node.values()))
    return 1 + sum(map(_count, node)) if isinstance(node, list) else 1
