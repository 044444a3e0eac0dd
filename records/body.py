"""The record body: one JSON object, in one way of writing it.

Members: key, op, kind, version, fields, source, reason. Two equal records are the same bytes.
"""

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec
import orjson

from records.errors import MalformedRecord

MAX_BYTES = 65_536
SMALL_CHARS = MAX_BYTES // 8  # a row of no more always fits, whatever is added to it
MAX_KEY = 255  # characters
Op = Literal["assert", "withdraw"]

_filled = msgspec.Meta(min_length=1)
_Text = Annotated[str, _filled]
_Scalar = _Text | int | float | bool
_Inner = _Scalar | Annotated[list[_Scalar], _filled]
_Item = _Inner | Annotated[dict[_Text, _Inner], _filled]
_Value = _Scalar | Annotated[list[_Item], _filled] | Annotated[dict[_Text, _Item], _filled]


@dataclass(slots=True)
class Record:
    """What one origin states of one right, event or register item. Nobody changes one: it is only not frozen because
    making millions of frozen ones takes four times as long.

    `fields` holds text, numbers, lists and objects, nested at most three deep; `source` says where it was read, at
    import {"submission": int, "row": int}; `reason` is for withdrawals. A withdrawal may have no fields.
    """

    key: str
    op: Op
    kind: str
    version: int
    fields: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


class _Body(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    key: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_KEY)]
    op: Op
    kind: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,63}$")]
    version: Annotated[int, msgspec.Meta(ge=1)]
    fields: dict[_Text, _Value] = msgspec.field(default_factory=dict)
    source: dict[_Text, _Value] = msgspec.field(default_factory=dict)
    reason: str = ""


_decoder = msgspec.json.Decoder(_Body)
_BACKSLASH = ord("\\")  # to look for one byte is much faster
_KIND = re.compile("[a-z][a-z0-9_]{0,63}")


def encode(record: Record) -> bytes:
    """Return the body: UTF-8 JSON, keys sorted, no blanks, nothing empty kept (null, "", [] and {} are left out).

    Raises MalformedRecord for what `decode` would refuse, so that nothing is sealed that nobody can read.
    """
    members = record.key, record.op, record.kind, record.version, record.fields, record.source, record.reason
    if _has_usual_names(record) and _is_usual(record.fields) and _is_usual(record.source):
        data = _dumped(*members)  # which `decode` reads, as `_written` makes sure of: in half the time
        _check_bytes(data)
        return data
    try:
        return _written(*members)
    except MalformedRecord:  # nearly always because something empty is in it: pruning every record would be slow
        fields, source = _without_empties(record.fields), _without_empties(record.source)
        return _written(record.key, record.op, record.kind, record.version, fields, source, record.reason)


def decode(data: bytes) -> Record:
    """Read exactly what `encode` writes; raise MalformedRecord for anything else.

    Refused: more than 64 KiB, unknown members, other types, deep nesting, lone surrogates, NUL, empty values, a second
    way of writing the same (blanks, order, repeated keys, needless escapes).
    """
    body = _read(data)
    if _dumped(body.key, body.op, body.kind, body.version, body.fields, body.source, body.reason) != data:
        raise MalformedRecord("written in another way than ours")
    return Record(body.key, body.op, body.kind, body.version, body.fields, body.source, body.reason)


def _written(*members: Any) -> bytes:
    data = _dumped(*members)
    _read(data)
    return data


def _dumped(
    key: str, op: str, kind: str, version: int, fields: dict[str, Any], source: dict[str, Any], reason: str
) -> bytes:
    members: dict[str, Any] = {"key": key, "op": op, "kind": kind, "version": version}
    if fields:
        members["fields"] = fields
    if source:
        members["source"] = source
    if reason:
        members["reason"] = reason
    try:
        return orjson.dumps(members, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:  # a lone surrogate, an integer beyond 64 bits, a value that JSON does not have
        raise MalformedRecord(str(error)) from error


def _is_usual(values: dict[str, Any]) -> bool:
    """Return True only for values that a body may hold, as nearly all are: texts, counts, lists of texts or of objects
    of texts. False says nothing."""
    for value in values.values():
        if value.__class__ is str:
            if not value:
                return False
        elif value.__class__ is list:
            if not value:
                return False
            for item in value:
                if item.__class__ is dict:
                    if not item or "" in item:
                        return False
                    for text in item.values():
                        if text.__class__ is not str or not text:
                            return False
                elif item.__class__ is not str or not item:
                    return False
        elif value.__class__ is not int:
            return False
    return "" not in values


def _has_usual_names(record: Record) -> bool:
    """Return True only for a record whose other members a body may hold."""
    return (
        0 < len(record.key) <= MAX_KEY
        and record.op in ("assert", "withdraw")
        and record.version.__class__ is int
        and record.version > 0
        and record.reason.__class__ is str
        and bool(_KIND.fullmatch(record.kind))
    )


def _check_bytes(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise MalformedRecord(f"{len(data)} bytes, more than {MAX_BYTES}")
    if _BACKSLASH in data and b"\\u0000" in data and b"\\u0000" in data.replace(b"\\\\", b""):
        raise MalformedRecord("a NUL character")


def _read(data: bytes) -> _Body:
    _check_bytes(data)
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRecord(str(error)) from error


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str | list | tuple | dict) and not value)


def _without_empties(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_empties(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if not _is_empty(item)}
    if isinstance(value, list | tuple):
        return [item for item in map(_without_empties, value) if not _is_empty(item)]
    return value
