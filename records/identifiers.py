"""Identifiers, classes, dates and names as people write them, read into one canonical form.

A reader returns None for what it does not understand; nothing is guessed or corrected. Every reader takes full-width
forms (NFKC) and stray blanks.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date as _date
from datetime import datetime, timedelta
from functools import lru_cache
from operator import mul

_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_APPLICATION = re.compile(r"(?:CN|ZL)*(\d{12}|\d{8})(?:\.?([\dX]))?", re.ASCII)
_PUBLICATION = re.compile(r"(?:CN)?(\d{7,9})([ABCDSUY]\d?)?", re.ASCII)
_IPC = re.compile(r"([A-H])(\d{2})([A-Z])\s*0*(\d{1,4})\s*/\s*(\d{2,6})(?:\s*\((\d{4}\.\d{2})\))?\s*([IN])?")
_IPC_14 = re.compile(r"([A-H]\d{2}[A-Z])(\d{4})(\d{6})")
_LOCARNO = re.compile(r"(\d{2}-\d{2}(?:-[A-Z]\d{4})?)(?:\(\d+\))?")
_DATE = re.compile(r"(\d{4})(?:[-./年](\d{1,2})[-./月](\d{1,2})日?|(\d{2})(\d{2}))(?:\.0|[T ]\d{1,2}:\d{2}.*)?")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_BLANKS = frozenset({"", "无数据", "无", "-", "--", "/"})
_LIST = re.compile(r"[;；|｜]")
_COMMA = re.compile(
    r"[,，、](?!\s*(?:Ltd|Inc|LLC|L\.L\.C|Corp|Co|S\.A|GmbH|LP|L\.P|Limited|PLC|Pte|SE|AG|KG|B\.V|N\.V|K\.K)\b)",
    re.IGNORECASE,
)
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class ApplicationNumber:
    """A Chinese patent application number.

    `canonical` is `body` (12 or 8 digits), a dot and the check digit, computed where none was written; `check` is the
    one that was written or ""; `check_ok` is None where none was written. `year` has four digits.
    """

    canonical: str
    body: str
    check: str
    year: int
    type_digit: str
    check_ok: bool | None


@dataclass(frozen=True, slots=True)
class PublicationNumber:
    """A Chinese patent publication number: `number` with CN and kind code, `kind` "" if none was written."""

    number: str
    kind: str
    type_digit: str


@lru_cache(maxsize=8192)
def application_number(text: str) -> ApplicationNumber | None:
    """Read an application number in any form of ZC 0006-2003 or older, with or without CN, ZL, dot or check digit.

    A written check digit that does not fit is kept in `canonical` and told by `check_ok`. None for what cannot be one:
    another length, a year outside the form's (1985 to 2003, 2003 on), a type digit other than 1, 2, 3, 8 and 9.
    """
    match = _APPLICATION.fullmatch(text) or _APPLICATION.fullmatch(_squeezed(text))
    if not match:
        return None
    body, check = match[1], match[2] or ""
    if len(body) == 12:
        year, type_digit = int(body[:4]), body[4]
    else:
        year, type_digit = int(body[:2]) + (1900 if body[0] != "0" else 2000), body[2]
    first, last = (1985, 2003) if len(body) == 8 else (2003, 2099)
    if type_digit not in "12389" or not first <= year <= last:
        return None
    right = check_digit(body)
    return ApplicationNumber(
        f"{body}.{check or right}", body, check, year, type_digit, check == right if check else None
    )


def check_digit(body: str) -> str:
    """Return the check digit, "0" to "9" or "X", of 8 or 12 digits. Source: ZC 0006-2003."""
    rest = sum(map(mul, map(int, body), _WEIGHTS)) % 11
    return "X" if rest == 10 else str(rest)


@lru_cache(maxsize=8192)
def publication_number(text: str) -> PublicationNumber | None:
    """Read a publication number: CN, 7 to 9 digits, a kind code that may be missing.

    The type digit is the first one, or the third of the eight digits of 1985 to 1988 (unconfirmed for later ones).
    """
    match = _PUBLICATION.fullmatch(text) or _PUBLICATION.fullmatch(_squeezed(text))
    if not match:
        return None
    digits, kind = match[1], match[2] or ""
    return PublicationNumber(f"CN{digits}{kind}", kind, digits[2] if len(digits) == 8 else digits[0])


def uscc_ok(code: str) -> bool:
    """Return whether both check characters of a unified social credit code fit. Source: GB 32100-2015, GB 11714."""
    if len(code) != 18 or any(char not in _USCC_ALPHABET for char in code):
        return False
    total = sum(_USCC_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(code[:17]))
    inner = sum(int(char, 36) * weight for char, weight in zip(code[8:16], _ORG_WEIGHTS, strict=True))
    right = (11 - inner % 11) % 11
    return _USCC_ALPHABET[-total % 31] == code[17] and code[16] == ("X" if right == 10 else str(right))


@lru_cache(maxsize=65_536)
def ipc_symbol(text: str) -> str | None:
    """Read one IPC symbol into the form "B65D 1/02"; version and indicator are dropped.

    The 14-character form is that of WIPO ST.8.
    """
    folded = unicodedata.normalize("NFKC", text).strip().upper()
    match = _IPC.fullmatch(folded)
    if match:
        return f"{match[1]}{match[2]}{match[3]} {match[4]}/{match[5]}"
    match = _IPC_14.fullmatch(folded)
    if not match or not int(match[2]):
        return None
    return f"{match[1]} {int(match[2])}/{match[3].rstrip('0').ljust(2, '0')}"


def ipc_list(text: str) -> tuple[str, ...]:
    """Return the symbols of a list split on ; | or , in their order, each once; what is no symbol stays as written."""
    parts = (part.strip() for part in re.split(r"[;|,，；]", text))
    return tuple(dict.fromkeys(ipc_symbol(part) or part for part in parts if part))


@lru_cache(maxsize=8192)
def locarno(text: str) -> str | None:
    """Read one Locarno class: "12-16" or "21-01-C0293"; an edition in brackets is dropped."""
    match = _LOCARNO.fullmatch(_squeezed(text))
    return match[1] if match else None


@lru_cache(maxsize=65_536)
def date(text: str) -> str | None:
    """Read a date in any of the forms of office and company files into "2017-01-25"; a time of day is dropped.

    Forms: 2017.01.25, 20170125, 2017-1-25, 2017/1/25, 2017年1月25日, each with a time or without, and the day number of
    a spreadsheet (five digits). None for what is empty and for what is no date; `is_blank` tells them apart.
    """
    folded = unicodedata.normalize("NFKC", text).strip()
    try:
        if _SERIAL.fullmatch(folded):
            return (datetime(1899, 12, 30) + timedelta(days=float(folded))).date().isoformat()
        match = _DATE.fullmatch(folded)
        if not match:
            return None
        return _date(int(match[1]), int(match[2] or match[4]), int(match[3] or match[5])).isoformat()
    except ValueError:
        return None


def is_blank(text: str) -> bool:
    """Return whether a cell says nothing: empty, 无数据, 无, a dash or a stroke."""
    return text.strip() in _BLANKS


def names(text: str) -> tuple[str, ...]:
    """Return the names of a list, in order: split on ; or |, and only where neither stands, on commas and 、.

    "·" is part of a name, and so is the comma before Ltd, Inc. and the like.
    """
    parts = _LIST.split(text)
    if len(parts) == 1:
        parts = _COMMA.split(text)
    return tuple([name for part in parts if (name := " ".join(part.split()))])


def _squeezed(text: str) -> str:
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return "".join(folded.upper().split())
