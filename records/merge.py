"""One right out of what several origins state of it: by authority, then by date, then by name."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from records import body
from records.body import Record

OWNER, OTHER = 4, 5
_RANKS = {"feed": 0, "hub": 1, "substation": 2, "alliance": 3}
_OWN_TO_EACH = frozenset({"raw", "licence"})  # how one origin's file wrote it, and its terms: say nothing of the right
_STRICTNESS = {"no": 0, "derived": 1, "yes": 2}  # of a licence's `redistribute`
_HOLDERS = ("owners", "parties")  # fields that name whose right it is, or whom an event is between
_BRACKETS = str.maketrans("", "", "()[]{}<>（）【】〔〕〈〉《》「」『』")


@dataclass(frozen=True, slots=True)
class Source:
    """Who an origin is: its role in the federation, and the name and code that its home registered, "" if unknown."""

    role: str
    name: str = ""
    uscc: str = ""


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

    `conflicts` lists for such a field every (origin, value), the one taken first. `others` are the origins that state
    it without being an authority or among its owners, by name: shown, not merged. No fields: all have withdrawn.
    """

    kind: str
    fields: dict[str, Any]
    sources: dict[str, str]
    conflicts: dict[str, list[tuple[str, Any]]]
    others: tuple[str, ...] = field(default=())


def ranked(assertions: Iterable[Assertion], source_of: Callable[[str], Source]) -> list[Assertion]:
    """Return the assertions of one key with their ranks: feed 0, hub 1, home city 2, alliance 3, then contributors.

    A contributor among the owners has rank 4, any other 5. Who the owners are is said by the highest authority that
    names any; where none does, by the contributors, each of whom may name itself. An owner is known by its code, else
    by its name.
    """
    found = [replace(one, rank=_RANKS.get(source_of(one.origin).role, OTHER)) for one in assertions]
    owners = _owners(found)
    return [
        replace(one, rank=OWNER) if one.rank == OTHER and _is_among(source_of(one.origin), owners) else one
        for one in found
    ]


def is_authority(source: Source) -> bool:
    """Return whether an origin's word goes before that of contributors."""
    return source.role in _RANKS


def merge(assertions: list[Assertion]) -> Merged:
    """Take each field from the lowest rank that states it, then the newer `dated`, then the lesser origin name.

    Rank 5 counts only where nobody else asserts anything. The order of `assertions` does not matter. Withdrawals state
    nothing. `licence` is the strictest of those under which any field was taken. All are of one key. Raises ValueError
    for none at all.
    """
    if not assertions:
        raise ValueError("nothing to merge")
    ordered = in_order(assertions)
    live = [one for one in ordered if one.record.op == "assert"]
    merged = [one for one in live if one.rank != OTHER] or live
    values: dict[str, list[tuple[str, Any]]] = {}
    for one in merged:
        for name, value in one.record.fields.items():
            if name not in _OWN_TO_EACH:
                values.setdefault(name, []).append((one.origin, value))
    if licence := _strictest(merged, {stated[0][0] for stated in values.values()}):
        values["licence"] = [licence]
    return Merged(
        kind=(merged or ordered)[0].record.kind,
        fields={name: stated[0][1] for name, stated in sorted(values.items())},
        sources={name: stated[0][0] for name, stated in sorted(values.items())},
        conflicts={
            name: stated for name, stated in sorted(values.items()) if any(v != stated[0][1] for _, v in stated)
        },
        others=tuple(sorted({one.origin for one in live} - {one.origin for one in merged})),
    )


def in_order(assertions: list[Assertion]) -> list[Assertion]:
    """Return the assertions, the one whose word goes first first."""
    if len(assertions) < 2:
        return assertions
    ordered = sorted(assertions, key=lambda one: (one.origin, one.record.key, body.encode(one.record)))
    ordered.sort(key=lambda one: one.dated, reverse=True)
    ordered.sort(key=lambda one: one.rank)
    return ordered


def _strictest(merged: list[Assertion], taken: set[str]) -> tuple[str, Any] | None:
    stated = ((one.origin, one.record.fields.get("licence")) for one in merged if one.origin in taken)
    found = [(origin, licence) for origin, licence in stated if isinstance(licence, dict)]
    return min(found, key=lambda one: _STRICTNESS.get(str(one[1].get("redistribute", "")), 0), default=None)


def holders(fields: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the owners that a right's fields name, or the parties of an event's."""
    stated = (fields.get(name) for name in _HOLDERS)
    return [one for many in stated if isinstance(many, list) for one in many if isinstance(one, dict)]


@lru_cache(maxsize=4096)
def same_name(name: str) -> str:
    """Return a name as it is compared: NFKC, without blanks, brackets and case."""
    return "".join(unicodedata.normalize("NFKC", name).translate(_BRACKETS).casefold().split())


def _owners(assertions: list[Assertion]) -> list[dict[str, Any]]:
    naming = [(one.rank, holders(one.record.fields)) for one in assertions if one.record.op == "assert"]
    best = min((rank for rank, named in naming if named), default=OTHER)
    return [one for rank, named in naming if rank == best for one in named]


def _is_among(source: Source, owners: list[dict[str, Any]]) -> bool:
    name = same_name(source.name)
    for one in owners:
        code = one.get("uscc")
        if source.uscc and code:
            if source.uscc == code:
                return True
        elif name and same_name(str(one.get("name", ""))) == name:
            return True
    return False
