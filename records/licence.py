"""What a source's terms let leave this node, and why something may not.

A record carries its source's terms in the field `licence`: `redistribute` "yes", "no" or "derived" (what was made of
it may leave: counts, merged rights, our own formats; the record as it came may not), and `until`, the last day on which
the limit holds. Records without the field are without limits.
"""

from dataclasses import dataclass
from typing import Any, Literal

Way = Literal["search", "export", "harvest", "downwards"]
WAYS: tuple[Way, ...] = ("search", "export", "harvest", "downwards")
_AS_IT_CAME: frozenset[Way] = frozenset({"export", "harvest", "downwards"})  # a search shows what was made of records
_ZH = {"search": "查询", "export": "导出", "harvest": "收割", "downwards": "下发"}
_EN = {"search": "shown in a search", "export": "exported", "harvest": "harvested", "downwards": "sent downwards"}


@dataclass(frozen=True, slots=True)
class Allowed:
    """The record may leave this way; `source` must be named where it is not ""."""

    source: str = ""

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a record is left out, a sentence in each language, and its `source` and `until`, "" if not stated."""

    source: str
    until: str
    zh: str
    en: str

    def __bool__(self) -> bool:
        return False


def may_leave(fields: dict[str, Any], today: str, way: Way) -> Allowed | Reason:
    """Return whether a record of these fields may go out that way on a day, "2026-11-24".

    A limit that is not understood, such as a value that a newer version knows, is a limit.
    """
    terms = fields.get("licence")
    if not isinstance(terms, dict):
        return Allowed() if terms is None else _reason({}, way)
    limit, until = terms.get("redistribute", "yes"), str(terms.get("until", ""))
    over = bool(until) and until < today
    if limit == "yes" or over or (limit == "derived" and way not in _AS_IT_CAME):
        return Allowed(str(terms.get("source", "")))
    return _reason(terms, way)


def _reason(terms: dict[str, Any], way: Way) -> Reason:
    source, until = str(terms.get("source", "")), str(terms.get("until", ""))
    zh = f"来源“{source or '未注明'}”的条款不允许{_ZH[way]}"
    en = f"The terms of the source {source or 'not named'!r} do not let it be {_EN[way]}"
    zh, en = (zh + f"，限制至 {until}", en + f", until {until}") if until else (zh, en)
    return Reason(source, until, f"{zh}；请直接向该来源索取。", f"{en}; ask that source for it.")
