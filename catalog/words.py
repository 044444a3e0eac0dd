"""Text as search sees it: single Chinese characters and runs of Latin letters and digits, separated by blanks.

A phrase of such tokens finds any piece of Chinese text, of one, two or more characters, and whole Latin words. A
sign ¶ stands for punctuation, and between two names or numbers, so that no phrase reaches across. FTS5 gets all this
with its `ascii` tokenizer, which takes every character beyond ASCII as it is.
"""

import re
import unicodedata
from collections.abc import Iterable

from records import identifiers

_BREAK = "¶"
_TOKEN = re.compile(r"[a-z0-9]+|[^\W_]|(?:[^\w\s]|_)+")
_IPC = re.compile(r"([A-H])(?:(\d{2})(?:([A-Z])(?:\s*0*(\d{1,4})(?:\s*/\s*(\d{0,6}))?)?)?)?")
_SPACED_IPC = re.compile(r"\b([A-Ha-h]\d{2}[A-Za-z])\s+(\d{1,4}/\d{2,6})\b")


def tokens(text: str) -> list[str]:
    """Return the tokens of a text, in order; blanks and case are gone, and punctuation at both ends."""
    found = [one if one[0].isalnum() else _BREAK for one in _TOKEN.findall(unicodedata.normalize("NFKC", text).lower())]
    start = found[:1] == [_BREAK]
    return found[start : len(found) - (found[-1:] == [_BREAK])] if len(found) > start else []


def spaced(texts: Iterable[str]) -> str:
    """Return several texts as one column of the index."""
    return f" {_BREAK} ".join(" ".join(tokens(text)) for text in texts if text)


def written(number: str) -> tuple[str, ...]:
    """Return the forms under which a number in a record is indexed: a publication number also without its kind code."""
    publication = identifiers.publication_number(number) if number.startswith("CN") else None
    if publication and publication.kind:
        return number, publication.number.removesuffix(publication.kind)
    return (number,)


def match(query: str) -> str:
    """Return the FTS5 expression for what a person typed, "" where it holds nothing to search for.

    Words separated by blanks must all be found, each as a phrase. A word, or the whole, that reads as an application
    or publication number or an IPC symbol finds that one too, however it is written. Nothing typed reaches FTS5 but
    as quoted tokens.
    """
    if identifiers.application_number(query) or identifiers.publication_number(query):
        return _alternatives(query)
    found = (_alternatives(word) for word in _SPACED_IPC.sub(r"\1\2", query).split())
    return " AND ".join(one for one in found if one)


def phrase(text: str) -> str:
    """Return the quoted phrase of a text, "" where it holds no token."""
    found = " ".join(tokens(text))
    return f'"{found}"' if found else ""


def all_of(text: str) -> str:
    """Return the FTS5 expression that wants every word of a text as a phrase, "" where it holds no token."""
    return " AND ".join(one for one in map(phrase, text.split()) if one)


def _alternatives(word: str) -> str:
    application, publication = identifiers.application_number(word), identifiers.publication_number(word)
    numbers = (application and application.canonical, publication and publication.number, identifiers.ipc_symbol(word))
    found = [f"numbers : {phrase(number)}" for number in numbers if number]
    plain = phrase(word)
    return "(" + " OR ".join([plain, *found]) + ")" if plain else ""


def ipc_prefix(text: str) -> str | None:
    """Return the beginning that all symbols below a section, class, subclass, group or symbol have; None for no IPC.

    "b65d1" gives "B65D 1/": a main group, not the groups 10 to 19. Whole symbols are read in every form of records.
    """
    found = _IPC.fullmatch(unicodedata.normalize("NFKC", text).strip().upper())
    if not found:
        return identifiers.ipc_symbol(text)
    above = "".join(part or "" for part in found.groups()[:3])
    return f"{above} {found[4]}/{found[5] or ''}" if found[4] else above
