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
_OF_ZEROS = {digits: ord("0") * sum(_WEIGHTS[:digits]) for digits in (8, 12)}
_APPLICATION = re.compile(r"(?:CN|ZL)*(\d{12}|\d{8})(?:\.?([\dX]))?", re.ASCII)
_PUBLICATION = re.compile(r"(?:CN)?(\d{7,9})([ABCDSUY]\d?)?", re.ASCII)
_IPC = re.compile(r"([A-H])(\d{2})([A-Z])\s*0*(\d{1,4})\s*/\s*(\d{2,6})(?:\s*\((\d{4}\.\d{2})\))?\s*([IN])?")
_IPC_14 = re.compile(r"([A-H]\d{2}[A-Z])(\d{4})(\d{6})")
_LOCARNO = re.compile(r"(\d{2}-\d{2}(?:-[A-Z]\d{4})?)(?:\(\d+\))?")
_CPC = re.compile(r"([A-HY])(\d{2})([A-Z])\s*0*(\d{1,4})\s*/\s*(\d{2,6})(?:\s*\((\d{4}\.\d{2})\))?\s*([IAN])?")
_FOREIGN = re.compile(r"[A-Z0-9](?:[A-Z0-9./-]{0,38}[A-Z0-9])?")
_FOREIGN_PUBLICATION = re.compile(r"([A-Z]{2})([A-Z0-9/.-]*\d[A-Z0-9/.-]*)")
_ST13 = re.compile(r"(\d{2})(\d{4})(\d{9})", re.ASCII)
_AGENCY = re.compile(r"(?<!\d)(\d{5})(?!\d)", re.ASCII)
_RIGHT_KEY = re.compile(r"([a-z][a-z0-9_]*):([A-Z]{2}):(\S.{0,98}\S|\S)")
_KIND_OF_DIGIT = {"1": "patent_invention", "8": "patent_invention", "2": "utility_model", "9": "utility_model"}
_KIND_OF_DIGIT |= {"3": "design"}
_DATE = re.compile(r"(\d{4})(?:[-./年](\d{1,2})[-./月](\d{1,2})日?|(\d{2})(\d{2}))(?:\.0|[T ]\d{1,2}:\d{2}.*)?")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
BLANKS = frozenset({"", "无数据", "无", "-", "--", "/"})
_LIST = re.compile(r"[;；|｜]")
_ANY_SIGN = re.compile(r"[;；|｜,，、]")
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
    match = _APPLICATION.fullmatch(text) or _APPLICATION.fullmatch(squeezed(text))
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
    """Return the check digit, "0" to "9" or "X", of 8 or 12 ASCII digits. Source: ZC 0006-2003."""
    rest = (sum(map(mul, body.encode(), _WEIGHTS)) - _OF_ZEROS[len(body)]) % 11
    return "X" if rest == 10 else str(rest)


@lru_cache(maxsize=8192)
def publication_number(text: str) -> PublicationNumber | None:
    """Read a publication number: CN, 7 to 9 digits, a kind code that may be missing.

    The type digit is the first one, or the third of the eight digits of 1985 to 1988 (unconfirmed for later ones).
    """
    match = _PUBLICATION.fullmatch(text) or _PUBLICATION.fullmatch(squeezed(text))
    if not match:
        return None
    digits, kind = match[1], match[2] or ""
    return PublicationNumber(f"CN{digits}{kind}", kind, digits[2] if len(digits) == 8 else digits[0])


def foreign_number(text: str) -> str | None:
    """Read an office's number of whatever form: capitals, digits and ./- in between, at most 40, no blanks."""
    number = squeezed(text)
    return number if _FOREIGN.fullmatch(number) and any(char.isdigit() for char in number) else None


def foreign_publication(text: str) -> str | None:
    """Read a publication number of any office: two letters of ST.3, then what that office writes, "US8927118B2"."""
    number = squeezed(text)
    return number if len(number) <= 40 and _FOREIGN_PUBLICATION.fullmatch(number) else None


def st13_number(text: str) -> str | None:
    """Read an ST.13 number of 15 digits: type of right (2), year (4), serial number (9)."""
    number = squeezed(text)
    return number if _ST13.fullmatch(number) else None


def application_of_st13(number: str) -> ApplicationNumber | None:
    """Return the Chinese application number that an ST.13 number stands for; None where it does not tell.

    Types 10, 20 and 30 are an invention, a utility model, a design. It does not tell for PCT types such as 11, which
    stand for type digit 1 or 8, nor in 2003, when the form of numbers changed.
    """
    match = _ST13.fullmatch(number)
    if not match or match[1] not in ("10", "20", "30") or match[2] == "2003":
        return None
    digit, year, serial = match[1][0], match[2], match[3]
    wide = int(year) > 2003
    if int(serial) >= (10_000_000 if wide else 100_000):
        return None
    return application_number(f"{year}{digit}{serial[-7:]}" if wide else f"{year[2:]}{digit}{serial[-5:]}")


def right_key(text: str) -> str | None:
    """Return the key of the right that a number means: a Chinese application number by its type digit, a key as it is.

    A publication number gives the key of a right of which nothing else is known. `registrations.right_key` also knows
    the numbers of other kinds.
    """
    stripped = text.strip()
    if _RIGHT_KEY.fullmatch(stripped):
        return stripped
    number = application_number(text)
    if number:
        return f"{_KIND_OF_DIGIT[number.type_digit]}:CN:{number.canonical}"
    published = publication_number(text)
    if published and published.kind and published.type_digit in _KIND_OF_DIGIT:
        return f"{_KIND_OF_DIGIT[published.type_digit]}:CN:pub/{published.number}"
    return None


def agency_code(text: str) -> str | None:
    """Return the five digits of a patent agency, "44205", out of "某某专利事务所 44205"; None unless there is one."""
    found = _AGENCY.findall(unicodedata.normalize("NFKC", text))
    return found[0] if len(found) == 1 else None


def uscc(text: str) -> str | None:
    """Read a unified social credit code: 18 characters of its alphabet, whatever its check characters say."""
    code = squeezed(text)
    return code if len(code) == 18 and all(char in _USCC_ALPHABET for char in code) else None


def uscc_division(code: str) -> str | None:
    """Return the GB/T 2260 division in a code, that of its registration and so only a hint; None for central bodies."""
    found = code[2:8]
    return found if len(code) == 18 and found.isdigit() and found != "100000" else None


@lru_cache(maxsize=65_536)
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


@lru_cache(maxsize=65_536)
def cpc_symbol(text: str) -> str | None:
    """Read one CPC symbol into the form "B65D 1/02"; version and indicator are dropped."""
    match = _CPC.fullmatch(unicodedata.normalize("NFKC", text).strip().upper())
    return f"{match[1]}{match[2]}{match[3]} {match[4]}/{match[5]}" if match else None


def ipc_list(text: str) -> tuple[str, ...]:
    """Return the symbols of a list split on ; | or , in their order, each once; what is no symbol stays as written."""
    parts = (part.strip() for part in re.split(r"[;|,，；]", text))
    return tuple(dict.fromkeys(ipc_symbol(part) or part for part in parts if part))


@lru_cache(maxsize=8192)
def locarno(text: str) -> str | None:
    """Read one Locarno class: "12-16" or "21-01-C0293"; an edition in brackets is dropped."""
    match = _LOCARNO.fullmatch(squeezed(text))
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
    return text.strip() in BLANKS


def names(text: str) -> tuple[str, ...]:
    """Return the names of a list, in order: split on ; or |, and only where neither stands, on commas and 、.

    "·" is part of a name, and so is the comma before Ltd, Inc. and the like.
    """
    if not _ANY_SIGN.search(text):
        parts = [text]
    elif len(parts := _LIST.split(text)) == 1:
        parts = _COMMA.split(text)
    return tuple([name for part in parts if (name := part if part.isalnum() else " ".join(part.split()))])


def squeezed(text: str) -> str:
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return "".join(folded.upper().split())
