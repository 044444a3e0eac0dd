"""Cells that hold a list: separated by signs, or written as JSON."""

import re
from typing import Any

import orjson

MAX_DEPTH = 16  # of JSON in a file; a record's body needs less, and what checks it cannot take much more
_SEPARATOR = re.compile(r"\s*[;|,，；]\s*")


def separated(text: str) -> list[str]:
    """Return the parts of a list of numbers, dates or classes: split on ; | and commas, nothing empty.

    The text is not blank.
    """
    if text.isascii() and "," not in text and "|" not in text:  # as nearly always, and faster
        return [one for part in text.split(";") if (one := part.strip())] if ";" in text else [text.strip()]
    return list(filter(None, _SEPARATOR.split(text.strip())))


def from_json(text: str) -> list[Any] | None:
    """Return the list that a cell writes as JSON, or None for any other text, or one that is nested too deep."""
    if not (text.startswith("[") and text.endswith("]")):
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, list) and not is_deep(found) else None


def is_deep(value: Any) -> bool:
    """Return whether lists and objects are nested more than MAX_DEPTH deep; it does not recurse itself."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        inner = [list(one.values()) if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        if not inner:
            return False
        level = [one for many in inner for one in many]
    return True


def listed(text: str) -> list[str]:
    """Return the parts of a list of numbers, dates or classes, written in either way."""
    found = from_json(text) if text[:1] == "[" else None
    return separated(text) if found is None else [part for part in found if isinstance(part, str)]
