"""One right out of what several origins state of it."""

from dataclasses import dataclass
from typing import Any

from records import body
from records.body import Record

_OWN_TO_EACH = frozenset({"raw"})  # how one origin's file wrote it: says nothing of the right


@dataclass(frozen=True, slots=True)
class Assertion:
    """What `origin` states, with its authority `rank` (0 is highest) and the date of its statement, "" if unknown."""

    origin: str
    rank: int
    dated: str
    record: Record


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged right: its fields, the origin that each was taken from, and where the origins differ.

    `conflicts` lists for such a field every (origin, value), the one taken first. No fields: all have withdrawn.
    """

    kind: str
    fields: dict[str, Any]
    sources: dict[str, str]
    conflicts: dict[str, list[tuple[str, Any]]]


def merge(assertions: list[Assertion]) -> Merged:
    """Take each field from the lowest rank that states it, then the newer `dated`, then the lesser origin name.

    The order of `assertions` does not matter. Withdrawals state nothing. All are of one key. Raises
    ValueError for none at all.
    """
    if not assertions:
        raise ValueError("nothing to merge")
    ranked = sorted(assertions, key=lambda one: (one.origin, body.encode(one.record) if len(assertions) > 1 else b""))
    ranked.sort(key=lambda one: one.dated, reverse=True)
    ranked.sort(key=lambda one: one.rank)
    values: dict[str, list[tuple[str, Any]]] = {}
    for one in ranked:
        if one.record.op == "assert":
            for name, value in one.record.fields.items():
                values.setdefault(name, []).append((one.origin, value))
    for name in _OWN_TO_EACH & values.keys():
        del values[name]
    return Merged(
        kind=ranked[0].record.kind,
        fields={name: stated[0][1] for name, stated in sorted(values.items())},
        sources={name: stated[0][0] for name, stated in sorted(values.items())},
        conflicts={
            name: stated for name, stated in sorted(values.items()) if any(v != stated[0][1] for _, v in stated)
        },
    )
