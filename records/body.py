"""The record body: one JSON object, in one way of writing it.

Members: key, op, kind, version, fields, source, reason. Two equal records are the same bytes.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec
import orjson

from records.errors import MalformedRecord

MAX_BYTES = 65_536
Op = Literal["assert", "withdraw"]

_Scalar = str | int | float | bool
_Inner = _Scalar | list[_Scalar]
_Item = _Inner | dict[str, _Inner]
_Value = _Scalar | list[_Item] | dict[str, _Item]
_EMPTIES = (b':""', b'[""', b',""', b'{""', b"[]", b"{}")


@dataclass(frozen=True, slots=True)
class Record:
    """What one origin states of one right, event or register item.

    `fields` holds text, numbers, lists and objects, nested at most three deep; `source` says where it was read, at import
    {"submission": int, "row": int}; `reason` is for withdrawals. A withdrawal may have no fields.
    """

    key: str
    op: Op
    kind: str
    version: int
    fields: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


class _Body(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    key: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    op: Op
    kind: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,63}$")]
    version: Annotated[int, msgspec.Meta(ge=1)]
    fields: dict[str, _Value] = msgspec.field(default_factory=dict)
    source: dict[str, _Value] = msgspec.field(default_factory=dict)
    reason: str = ""


_decoder = msgspec.json.Decoder(_Body)


def encode(record: Record) -> bytes:
    """Return the body: UTF-8 JSON, keys sorted, no blanks, nothing empty kept (null, "", [] and {} are left out).

    Raises MalformedRecord for what `decode` would refuse, so that nothing is sealed that nobody can read.
    """
    members = {"key": record.key, "op": record.op, "kind": record.kind, "version": record.version}
    for name in ("fields", "source", "reason"):
        value = _without_empties(getattr(record, name))
        if not _is_empty(value):
            members[name] = value
    try:
        data = orjson.dumps(members, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:  # a lone surrogate, an integer beyond 64 bits, a value that JSON does not have
        raise MalformedRecord(str(error)) from error
    _read(data)
    return data


def decode(data: bytes) -> Record:
    """Read exactly what `encode` writes; raise MalformedRecord for anything else.

    Refused: more than 64 KiB, unknown members, other types, deep nesting, lone surrogates, NUL, empty values, a second
    way of writing the same (blanks, order, repeated keys, needless escapes).
    """
    body = _read(data)
    if any(mark in data for mark in _EMPTIES) and _has_empties(body):  # the marks may also stand inside a text
        raise MalformedRecord("an empty value is kept")
    try:
        again = orjson.dumps(_members(body), option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise MalformedRecord(str(error)) from error
    if again != data:
        raise MalformedRecord("written in another way than ours")
    return Record(body.key, body.op, body.kind, body.version, body.fields, body.source, body.reason)


def _read(data: bytes) -> _Body:
    if len(data) > MAX_BYTES:
        raise MalformedRecord(f"{len(data)} bytes, more than {MAX_BYTES}")
    if b"\\u0000" in data and b"\\u0000" in data.replace(b"\\\\", b""):
        raise MalformedRecord("a NUL character")
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRecord(str(error)) from error


def _members(body: _Body) -> dict[str, Any]:
    members: dict[str, Any] = {"key": body.key, "op": body.op, "kind": body.kind, "version": body.version}
    if body.fields:
        members["fields"] = body.fields
    if body.source:
        members["source"] = body.source
    if body.reason:
        members["reason"] = body.reason
    return members


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str | list | tuple | dict) and not value)


def _without_empties(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_empties(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if name and not _is_empty(item)}
    if isinstance(value, list | tuple):
        return [item for item in map(_without_empties, value) if not _is_empty(item)]
    return value


def _has_empties(body: _Body) -> bool:
    members = _members(body)
    return members != _without_empties(members)
