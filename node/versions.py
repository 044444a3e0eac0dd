"""The parts of a new version of a record: who sees what it says, and who is told that it was withdrawn."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from catalog.filed import Filed
from node.errors import NodeError
from node.messages import N_
from records import audience as audiences
from records import body, kinds
from records.body import Record
from records.errors import RecordsError
from records.kinds import Kinds
from sync.entry import SALT_BYTES

_WIDTH = {"path": 0, "alliance": 1, "federation": 2, "public": 3}
UNDONE = "undo"  # the reason of a withdrawal that takes an import back
Parts = list[tuple[str, bytes]]


class WiderAudience(NodeError):
    """More people would see it than by default: (audience,)."""

    facts = ("audience",)
    sentence = N_(
        "The audience {audience} shows records to more people than by default. Confirm it with --confirm-wider."
    )


def shown(held: Filed | None) -> str | None:
    """Return the widest audience that sees what is filed; None where nothing is, or not any more."""
    seen = [audience for audience, record in held.parts if record.op == "assert"] if held else []
    return max(seen, key=_width, default=None)


def version(
    new: Record,
    held: Filed | None,
    audience: str | None = None,
    wider: bool = False,
    known: Kinds = kinds.BUILT_IN,
) -> Parts:
    """Return the parts of a new version: one for its audience, and one for each audience that ever saw the key.

    Fields that their kind keeps narrower, such as contacts, are left out of the wider parts. Without `audience` it
    keeps the one that a person chose for what is filed, else it has the default. An audience that must not see it any
    more is told that it was withdrawn from there. Raises WiderAudience.
    """
    default = audiences.default_audience(new, known)
    now = shown(held)
    chosen = now if held and now != audiences.default_audience(held.record, known) else None
    wanted = audience or chosen or default
    if wanted not in (default, now) and not wider and _wider(wanted, default):
        raise WiderAudience(wanted)
    said = audiences.parts(new, known, wanted)
    for seen, _record in held.parts if held else ():
        if seen not in said:
            gone = replace(new, op="withdraw", fields={}, reason="audience")
            said[seen] = gone if _wider(seen, wanted) else audiences.parts(new, known, seen)[seen]
    return [(seen, body.encode(record)) for seen, record in said.items()]


def _wider(one: str, other: str) -> bool:
    return _width(one) > _width(other)


def _width(audience: str) -> int:
    return _WIDTH.get(audience.split(":")[0], 0)


def source_of(content: bytes) -> Mapping[str, Any]:
    """Return where a part of the own log says that it comes from; nothing where it is no record: sealed, or newer."""
    try:
        return body.decode(content[SALT_BYTES:]).source
    except RecordsError:
        return {}


def withdrawal(held: Filed, reason: str, number: int) -> Parts:
    """Return the parts of a withdrawal, one for each audience that ever saw the key."""
    record = held.record
    gone = Record(record.key, "withdraw", record.kind, record.version, {}, {"submission": number}, reason)
    return [(seen, body.encode(gone)) for seen, _record in held.parts]
