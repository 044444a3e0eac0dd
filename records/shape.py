"""Whether a record has the shape that its kind's schema wants: fields, types, choices, lengths."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from records import schema_rules
from records.finding import Finding
from records.formats import FORMATS
from records.kinds import Kind
from records.rules import finding


@lru_cache(maxsize=1024)
def validator(kind: Kind) -> Any:
    """Return the validator of a kind's schema; formats are not its business."""
    return schema_rules.compiled(kind.schema)


def findings(kind: Kind, fields: dict[str, Any]) -> list[Finding]:
    """Return what is wrong with the shape; nothing for a record that is as its schema wants it."""
    check = validator(kind)
    if check.is_valid(fields):
        return []
    return [one for error in check.iter_errors(fields) for one in _of_error(kind, error)]


def _of_error(kind: Kind, error: Any) -> Iterator[Finding]:
    place = ".".join(str(step) for step in error.instance_path)
    names = [step for step in error.instance_path if isinstance(step, str)]
    facts, what = error.kind.as_dict(), error.kind.name
    if what == "required":
        path = ".".join([*names, facts["property"]])
        zh, en = kind.titles(path) if _is_known(kind, path) else (path, path)
        yield finding("REQUIRED", place or facts["property"], "", title=zh, title_en=en)
    elif what == "enum":
        titles = _schema(kind, names).get("x-enum-titles", {})
        choices = [titles.get(option, [str(option)] * 2) for option in facts["options"]]
        zh, en = "、".join(one[0] for one in choices), ", ".join(one[1] for one in choices)
        yield finding("CHOICE", place, error.instance, choices=zh, choices_en=en)
    elif what == "maxLength":
        yield finding("TOO_LONG", place, error.instance, length=len(error.instance), limit=facts["limit"])
    elif what == "additionalProperties":
        for name in facts["unexpected"]:
            yield finding("UNKNOWN_FIELD", ".".join([*names, name]), name, kind=kind.title_zh, kind_en=kind.title_en)
    elif what == "type" and isinstance(error.instance, str) and "format" in _schema(kind, names):
        form = _schema(kind, names)["format"]
        yield finding(FORMATS[form].rule, place, error.instance)
    else:
        yield finding("SCHEMA", place, "", detail=str(error.message)[:300])


def _schema(kind: Kind, names: list[str]) -> dict[str, Any]:
    """Return the schema of a field, or of a member of its object or objects; {} for one that is not there."""
    node: Any = kind.schema
    for name in names:
        node = node.get("items", node).get("properties", {}).get(name, {})
    return node.get("items", node) if node.get("type") == "array" else node


def _is_known(kind: Kind, path: str) -> bool:
    return bool(_schema(kind, path.split(".")))
