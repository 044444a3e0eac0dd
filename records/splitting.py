"""Cells that hold a list."""

import re

_SEPARATOR = re.compile(r"\s*[;|,，；]\s*")


def separated(text: str) -> list[str]:
    """Return the parts of a list of numbers, dates or classes: split on ; | and commas, nothing empty."""
    return list(filter(None, _SEPARATOR.split(text.strip())))
