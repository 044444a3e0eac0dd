"""The values of a draft in the canonical form that its kind's schema wants.

What cannot be read stays as written, for the checks to find. Where reading a format changed more than blanks and
punctuation, the field `raw` keeps what was written. A million rows pass here: what the schema says is worked out once a
kind, and what a text reads as is remembered where texts repeat.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from records import formats, identifiers
from records.identifiers import BLANKS
from records.kinds import Kind
from records.splitting import from_json, listed

_ESSENCE = {
    "application-number": re.compile(r"[^\dX]"),
    "publication-number": re.compile(r"[^0-9A-Z]|^CN"),
    "date": re.compile(r"\D"),
    "ipc": re.compile(r"[^0-9A-Z;|,]"),
    "cpc": re.compile(r"[^0-9A-Z;|,]"),
    "locarno": re.compile(r"[^0-9A-Z]"),
}
_ANY_ESSENCE = re.compile(r"[\W_]")
_KIND_CODE = re.compile(r"(?<=\d)[A-Z]\d?$")
_USUAL_NUMBER = re.compile(r"(?:CN|ZL)?((?:20\d\d)[12389]\d{7})\.([\dX])", re.ASCII)
_USUAL_CLASS = re.compile(r"([A-H]\d\d[A-Z]) ?([1-9]\d{0,3}/\d{2,6})", re.ASCII)
_MAX_BLANK_CHARS = max(map(len, BLANKS))
_Read = Callable[[Any], Any]
_ReadText = Callable[[str], tuple[Any, bool]]


def fields(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the values state, as the fields of a record of that kind."""
    plan = _plan(kind, _office(values) if "office" in values else "CN")
    made: dict[str, Any] = {}
    raw: dict[str, str] = {}
    for name, value in values.items():
        of_text, of_value = plan.get(name, _AS_WRITTEN)
        if type(value) is str:
            text = value if value.isalnum() else " ".join(value.split())
            if len(text) <= _MAX_BLANK_CHARS and text in BLANKS:
                continue
            if of_text is None:
                made[name] = text
                continue
            found, is_changed = of_text(text)
            if not found and found != 0:
                continue  # a list of nothing but separators
            made[name] = found
            if is_changed:
                raw[name] = text
        elif (one := of_value(value))[0] or one not in _EMPTY:
            made[name], written = one
            if written:
                raw[name] = written
    _date_the_publication(made)
    if raw and "raw" in kind.fields:
        made["raw"] = raw
    return made


def tidied(text: str) -> str:
    """Return a text without needless blanks; "" for one that says nothing, such as 无数据."""
    text = text if text.isalnum() else " ".join(text.split())
    return "" if text in BLANKS else text


def one_text(kind: Kind, name: str, text: str) -> Any:
    """Return the canonical form of one text of a field."""
    of_text, _ = _plan(kind, "CN").get(name, _AS_WRITTEN)
    return of_text(text)[0] if of_text else text


def _date_the_publication(made: dict[str, Any]) -> None:
    """Give the one publication of a draft the one publication date that it states."""
    published = made.get("publication_date")
    if published:
        publications = made.get("publications")
        only = publications[0] if isinstance(publications, list) and len(publications) == 1 else None
        if isinstance(only, dict) and "date" not in only:
            only["date"] = published


def _office(values: Mapping[str, Any]) -> str:
    text = values.get("office")
    return (formats.read("office", " ".join(text.split())) or "CN") if isinstance(text, str) else "CN"


_EMPTY: tuple[Any, ...] = (("", ""), ([], ""), ({}, ""), (None, ""))
_Of = tuple[_ReadText | None, Callable[[Any], tuple[Any, str]]]


@lru_cache(maxsize=1024)
def _plan(kind: Kind, office: str) -> dict[str, _Of]:
    """Return for each field what reads a text of it, None for as it is, and what reads another value."""
    return {name: _readers(spec, office) for name, spec in kind.fields.items() if name != "raw"}


def _readers(spec: dict[str, Any], office: str) -> _Of:
    form = spec.get("format") or (spec.get("type") == "array" and spec["items"].get("format")) or ""
    read = _reader(spec, office)
    if not form or spec.get("type") == "object":
        return (None if read is _as_is else _unwritten(read)), lambda value: (read(value), "")
    essence = _ESSENCE.get(form, _ANY_ESSENCE)
    if spec.get("type") == "array":
        return _classes(form, office, essence)
    of_text: _ReadText = lru_cache(maxsize=8_192)(_compared(read, essence))
    if form == "application-number" and office == "CN":
        of_text = _usual_number(of_text)
    return of_text, lambda value: (read(value), "")


def _unwritten(read: _Read) -> _ReadText:
    return lambda text: (read(text), False)


def _usual_number(otherwise: _ReadText) -> _ReadText:
    """Return what reads application numbers, which seldom repeat: those written as usual are told at once."""

    def of_text(text: str) -> tuple[Any, bool]:
        match = _USUAL_NUMBER.fullmatch(text)
        return (f"{match[1]}.{match[2]}", False) if match and match[1] > "2003" else otherwise(text)

    return of_text


def _compared(read: _Read, essence: re.Pattern[str]) -> _ReadText:
    """Return what reads a text, and whether that changed more than blanks, punctuation and the office's letters CN."""

    def of_text(text: str) -> tuple[Any, bool]:
        value = read(text)
        return value, _differs(text, str(value), essence)

    return of_text


def _classes(form: str, office: str, essence: re.Pattern[str]) -> _Of:
    """Return what reads a list of classes or numbers: each item by itself, each once."""
    of_part: _ReadText = lru_cache(maxsize=8_192)(_compared(_in_form(form, office), essence))
    if form == "ipc":
        of_part = _usual_class(of_part)

    def of_parts(parts: dict[str, None]) -> tuple[list[Any], bool]:
        found: dict[Any, None] = {}
        is_any_changed = False
        for part in parts:
            value, is_changed = of_part(part)
            found[value] = None
            is_any_changed = is_any_changed or is_changed
        return list(found), is_any_changed

    def of_value(value: Any) -> tuple[Any, str]:
        if not isinstance(value, list) or not all([isinstance(one, str) for one in value]):  # noqa: C419 (faster for so few)
            return value, ""
        parts = dict.fromkeys([part for text in value for part in listed(" ".join(text.split()))])
        found, is_changed = of_parts(parts)
        return found, ";".join(parts) if is_changed else ""

    return lambda text: of_parts(dict.fromkeys(listed(text))), of_value


def _usual_class(otherwise: _ReadText) -> _ReadText:
    """Return what reads IPC symbols, of which there are too many to be remembered: the usual ones are told at once."""

    def of_part(text: str) -> tuple[Any, bool]:
        match = _USUAL_CLASS.fullmatch(text)
        return (f"{match[1]} {match[2]}", False) if match else otherwise(text)

    return of_part


def _differs(written: str, canonical: str, essence: re.Pattern[str]) -> bool:
    if written == canonical:
        return False
    return essence.sub("", unicodedata.normalize("NFKC", written).upper()) != essence.sub("", canonical.upper())


def _reader(spec: dict[str, Any], office: str) -> _Read:
    kind_of, form = spec.get("type", "string"), spec.get("format", "")
    if kind_of == "array":
        items = spec.get("items", {})
        if items.get("type") == "object":
            return _objects(items, office)
        return _texts
    if kind_of == "object":
        return _object(spec, office)
    if form:
        return _in_form(form, office)
    if kind_of in ("integer", "number"):
        return _number
    return _choice(spec.get("x-enum-titles", {}))


def _in_form(form: str, office: str) -> _Read:
    """Return what reads a text into its format's canonical form, and leaves what it cannot read as written."""
    known = formats.FORMATS[form]
    read = known.abroad if known.abroad and office != "CN" else known.read

    def in_form(text: Any) -> Any:
        canonical = read(text) if isinstance(text, str) else None
        return text if canonical is None else canonical

    return in_form


def _as_is(value: Any) -> Any:
    return value


def _choice(titles: dict[str, list[str]]) -> _Read:
    if not titles:
        return _as_is
    values = {title: value for value, both in titles.items() for title in both}
    return lambda text: values.get(text, text) if isinstance(text, str) else text


def _number(text: Any) -> Any:
    try:
        number = float(text.replace(",", "").replace("，", ""))
        return int(number) if number.is_integer() else number
    except (ValueError, AttributeError, OverflowError):
        return text


def _texts(value: Any) -> Any:
    if isinstance(value, str):
        found = from_json(value) if value[0] == "[" else None
        if found is None:
            return list(identifiers.names(value))
        value = found
    if not isinstance(value, list):
        return value
    return [made for one in value if (made := tidied(one) if isinstance(one, str) else one)]


def _objects(spec: dict[str, Any], office: str) -> _Read:
    read = _object(spec, office)
    required = spec.get("required") or ["name"]
    named = "name" if "name" in required else required[0]

    def objects(value: Any) -> Any:
        if isinstance(value, str):
            found = from_json(value) if value[0] == "[" else None
            if found is None:
                return [{named: name} for name in identifiers.names(value)]
            value = found
        if not isinstance(value, list):
            return value
        made = [read({named: one} if isinstance(one, str) else one) for one in value]
        return [one for one in made if one]

    return objects


def _object(spec: dict[str, Any], office: str) -> _Read:
    members = {name: _reader(one, office) for name, one in spec.get("properties", {}).items()}
    from_text = _in_form(spec["format"], office) if "format" in spec else _as_is
    adds_kind = "no" in members and "kind" in members

    def read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return from_text(value)
        made: dict[str, Any] = {}
        for name, one in value.items():
            text = tidied(one) if type(one) is str and not one.isalnum() else one
            if text != "" and text is not None:
                made[name] = members.get(name, _as_is)(text)
        if adds_kind and "kind" not in made and (match := _KIND_CODE.search(str(made.get("no", "")))):
            made["kind"] = match[0]
        return made

    return read


_AS_WRITTEN: _Of = (None, lambda value: (value, ""))
