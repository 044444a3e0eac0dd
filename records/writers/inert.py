"""Cells that a spreadsheet would run, made text, and back.

A cell is dangerous if it begins with =, +, -, @, TAB or CR, with the full-width form of one of the signs, or with one
of them after blanks. It gets an apostrophe in front; so does a cell that already looks like one so marked, so that
every text comes back as it was.
"""

import re

_DANGEROUS = re.compile(r"'*\s*[=+\-@\t\r＝＋－＠﹦﹢﹣﹫−]|'*[\t\r]")
_MARKED = re.compile(r"'+(?:\s*[=+\-@\t\r＝＋－＠﹦﹢﹣﹫−]|[\t\r])")


def inert(text: str) -> str:
    """Return a cell's text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def plain(cell: str) -> str:
    """Return the text that `inert` was given; any other text as it is."""
    return cell[1:] if cell[:1] == "'" and _MARKED.match(cell) else cell
