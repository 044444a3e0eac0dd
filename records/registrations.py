"""Numbers of rights other than patents, as people write them, read into one canonical form; None for what is none.

What is said here of check digits, prefixes and lengths comes from published numbers; (unconfirmed) where one example is
all there is.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from records import identifiers
from records.identifiers import check_digit, squeezed

_TRADEMARK = re.compile(r"第?(G?)0*(\d{1,8})([A-Z])?号?", re.ASCII)
_NICE = re.compile(r"(?:第|国际分类|NICE|CLASS)?0?([1-9]|[1-3]\d|4[0-5])类?", re.ASCII)
_SIMILAR = re.compile(r"\d{4}", re.ASCII)
_SOFTWARE = re.compile(r"(?:软著登字第?)?((?:19|20)\d{2}SR[A-Z]?\d{6,7})号?", re.ASCII)
_CERTIFICATE = re.compile(r"(?:软著登字)?第?(\d{7,8})号", re.ASCII)
_WORK = re.compile(r"(国|[一-龥])作登字-?(\d{4})-?([A-L])-?(\d{8})号?", re.ASCII)
_LAYOUT = re.compile(r"BS\.?(\d{2}5\d{5})\.?([\dX])", re.ASCII)
_VARIETY_OLD = re.compile(r"(?:CNA)?((?:19|20)\d{6})\.?([\dX])", re.ASCII)
_VARIETY_NEW = re.compile(r"CNA(20\d{9})", re.ASCII)
_VARIETY_FOREST = re.compile(r"(?:品种权第?)?((?:19|20)\d{6})号?", re.ASCII)
_GI = re.compile(r"AGI\d{5}", re.ASCII)
_ANNOUNCEMENT = re.compile(r"[^\d]*?(\d{4})年第?(\d{1,4})号(?:公告)?", re.ASCII)


@lru_cache(maxsize=8192)
def trademark_number(text: str) -> str | None:
    """Read an application or registration number: "53696406", "53696406A" of a divided one, "G1234567" (Madrid).

    That an international registration is written with G is (unconfirmed).
    """
    match = _TRADEMARK.fullmatch(squeezed(text))
    return f"{match[1]}{match[2]}{match[3] or ''}" if match and match[2] != "0" else None


@lru_cache(maxsize=1024)
def nice_class(text: str) -> str | None:
    """Read one class of the Nice classification, 1 to 45: "9", "09", "第9类" → "9"."""
    match = _NICE.fullmatch(squeezed(text))
    return match[1] if match else None


def similar_group(text: str) -> str | None:
    """Read a similar-group code of four digits, whose first two are the class (unconfirmed)."""
    code = squeezed(text)
    return code if _SIMILAR.fullmatch(code) and nice_class(code[:2]) else None


@lru_cache(maxsize=8192)
def software_number(text: str) -> str | None:
    """Read a software registration number, "2016SR309930", also where it was written into a certificate number."""
    match = _SOFTWARE.fullmatch(squeezed(text))
    return match[1] if match else None


@lru_cache(maxsize=8192)
def software_certificate(text: str) -> str | None:
    """Read a software certificate number, "软著登字第0650314号"."""
    match = _CERTIFICATE.fullmatch(squeezed(text))
    return f"软著登字第{match[1]}号" if match else None


@lru_cache(maxsize=8192)
def work_number(text: str) -> str | None:
    """Read a registration number of a work, "国作登字-2016-F-00269796"; provinces have a character of their own."""
    match = _WORK.fullmatch(squeezed(text).translate(_DASHES))
    return f"{match[1]}作登字-{match[2]}-{match[3]}-{match[4]}" if match else None


@lru_cache(maxsize=8192)
def layout_number(text: str) -> str | None:
    """Read the number of an integrated circuit's layout, "BS.18555922.0"; the check digit is not judged."""
    match = _LAYOUT.fullmatch(squeezed(text))
    return f"BS.{match[1]}.{match[2]}" if match else None


def layout_check_digit(number: str) -> str:
    """Return the check digit that a canonical layout number should have, as of an old application number of type 5."""
    return check_digit(number[3:11])


@lru_cache(maxsize=8192)
def variety_number(text: str) -> str | None:
    """Read a plant variety's number: "CNA20080376.X", "CNA20201002638" (agriculture), "20180001" (forestry).

    Eight digits and a check character are agriculture's older form; forestry's eight digits are (unconfirmed).
    """
    code = squeezed(text)
    if match := _VARIETY_NEW.fullmatch(code):
        return f"CNA{match[1]}"
    if match := _VARIETY_OLD.fullmatch(code):
        return f"CNA{match[1]}.{match[2]}"
    match = _VARIETY_FOREST.fullmatch(code)
    return match[1] if match else None


def variety_check_digit(number: str) -> str | None:
    """Return the check digit of a canonical number of the older agricultural form, else None; (unconfirmed)."""
    return check_digit(number[3:11]) if number.startswith("CNA") and number[11:12] == "." else None


def gi_number(text: str) -> str | None:
    """Read the number of a geographical indication of an agricultural product, "AGI00122"."""
    code = squeezed(text)
    return code if _GI.fullmatch(code) else None


def announcement_number(text: str) -> str | None:
    """Read the number of the announcement that protects a geographical indication, "2006年第12号" (unconfirmed)."""
    match = _ANNOUNCEMENT.fullmatch(squeezed(text))
    return f"{match[1]}年第{int(match[2])}号" if match and int(match[2]) else None


def right_key(text: str, kind: str) -> str | None:
    """Return the key of the right of that kind that a number means; a trademark's is written "number/class".

    A trademark without its class has "-" in the class's place. None for another kind's number.
    """
    found = _READERS[kind](text) if kind in _READERS else None
    if found:
        return f"{kind}:CN:{found}"
    known = identifiers.right_key(text)
    return known if known and known.startswith(f"{kind}:") else None


def _mark_in_class(text: str) -> str | None:
    number, slash, written = text.partition("/")
    mark, found = trademark_number(number), nice_class(written)
    if not mark or (slash and not found and written.strip() != "-"):
        return None
    return f"{mark}/{found or '-'}"


_READERS: dict[str, Callable[[str], str | None]] = {
    "trademark": _mark_in_class,
    "copyright_software": software_number,
    "copyright_work": work_number,
    "ic_layout": layout_number,
    "plant_variety": variety_number,
    "gi": gi_number,
}
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")
