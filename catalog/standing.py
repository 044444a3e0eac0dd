"""Where one key stands in each view: its current statements by origin, merged, and the row that a search shows.

The result depends on the statements only, not on the order in which they were applied.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from catalog import events, views
from catalog.sources import Sources
from records import merge, view
from records.body import Record
from records.kinds import Kinds
from records.merge import Assertion, Merged
from sync.origin import generation
from sync.schema import INDEX_SHIFT, LOG_SHIFT

_GENERATION = re.compile(r"\.g[0-9]+$")
Load = Callable[[int], Record | None]


@dataclass(slots=True)
class Held:
    """One accepted part of a key: its id as in log.db, its mask of views, when it was applied, what it says if read.

    `of` is the record whose key it states; that may be another one, which has joined this. A log that goes on from
    another one speaks for the same contributor: `line` is the first such log, and `turn` says which of them this is.
    """

    id: int
    views: int
    applied_at: int
    record: Record | None = None
    of: int = 0
    line: int = 0
    turn: int = 1

    @property
    def log(self) -> int:
        return self.id >> LOG_SHIFT

    @property
    def entry(self) -> int:
        """The part's entry, comparable within its log."""
        return self.id >> INDEX_SHIFT

    @property
    def whose(self) -> tuple[int, int]:
        """What the part is a version of: a contributor's word on a key."""
        return self.line or self.log, self.of

    @property
    def age(self) -> tuple[int, int]:
        """The part's entry, comparable within all logs of its contributor."""
        return self.turn, self.entry


@dataclass(frozen=True, slots=True)
class Standing:
    """A key in the views of the mask; `origin` is the one whose word goes first. No fields: all have withdrawn."""

    views: int
    origin: str
    merged: Merged

    def record(self, key: str) -> Record:
        """Return the key as one record that states what is merged."""
        return Record(key, "assert", self.merged.kind, 1, self.merged.fields)


@lru_cache(maxsize=4096)
def city(origin: str) -> str:
    """Return the label of the home in an origin, `gz` of ip.gd.example/gz/scut; "" for the hub."""
    labels = origin.split("/")
    return _GENERATION.sub("", labels[1]) if len(labels) > 1 else ""


def current(held: Iterable[Held], one_view: int) -> list[list[Held]]:
    """Return the parts of each contributor's newest entry for a key that the view shows, in the order of logs."""
    newest: dict[tuple[int, int], list[Held]] = {}
    for one in held:
        if one.views & one_view:
            known = newest.get(one.whose)
            if known is None or one.age > known[0].age:
                newest[one.whose] = [one]
            elif one.age == known[0].age:
                known.append(one)
    return [newest[at] for at in sorted(newest)]


def stand(held: list[Held], one_view: int, load: Load, sources: Sources) -> Standing | None:
    """Return how the key stands in one view, or None if the view shows nothing of it."""
    found = assertions(held, one_view, load, sources)
    if not found:
        return None
    live = [one for one in found if one.record.op == "assert"] or found
    return Standing(one_view, merge.in_order(live)[0].origin, merge.merge(found))


def assertions(held: list[Held], one_view: int, load: Load, sources: Sources) -> list[Assertion]:
    """Return what each origin states of the key now, as a view shows it, with its rank."""
    said = (stated(parts, load, sources) for parts in current(held, one_view))
    found = [one for one in said if one]
    return merge.ranked(found, sources.source) if len(found) > 1 else found


def speakers(held: list[Held], one_view: int, load: Load, sources: Sources) -> frozenset[str]:
    """Return the authorities and owners that state a right in a view, by the names of their first logs; or none."""
    ranked = merge.ranked(assertions(held, one_view, load, sources), sources.source)
    return frozenset(
        generation(one.origin)[0] for one in ranked if one.rank != merge.OTHER and one.record.op == "assert"
    )


def stands(held: list[Held], load: Load, sources: Sources) -> list[Standing]:
    """Return the distinct results of all views, the full view's first."""
    alone = _alone(held, load, sources)
    if alone:
        return [alone]
    shown: dict[tuple[int, ...], int] = {}
    for one_view in reversed(views.ALL):
        ids = tuple(part.id for parts in current(held, one_view) for part in parts)
        if ids:
            shown[ids] = shown.get(ids, 0) | one_view
    found: list[Standing] = []
    for mask in shown.values():
        one = stand(held, mask & -mask, load, sources)
        same = next((at for at, other in enumerate(found) if one and _same(one, other)), None)
        if one and same is None:
            found.append(replace(one, views=mask))
        elif same is not None:
            found[same] = replace(found[same], views=found[same].views | mask)
    return found


def _alone(held: list[Held], load: Load, sources: Sources) -> Standing | None:
    """Return the standing of a key that one origin states in one part for everybody, as nearly all are; else None."""
    newest = current(held, views.FULL)
    if len(newest) != 1 or len(newest[0]) != 1 or newest[0][0].views != sum(views.ALL):
        return None
    part = newest[0][0]
    record, origin = part.record or load(part.id), sources.name(part.log)
    return Standing(part.views, origin, merge.merge([Assertion(origin, 0, "", record)])) if record else None


def _same(one: Standing, other: Standing) -> bool:
    return (one.origin, one.merged.kind, one.merged.fields) == (other.origin, other.merged.kind, other.merged.fields)


def stated(parts: list[Held], load: Load, sources: Sources) -> Assertion | None:
    """Return what one entry states: its parts laid over each other, the narrower audience on top; None if erased.

    Its rank is that of nobody yet.
    """
    said: Record | None = None
    for part in sorted(parts, key=lambda one: (-one.views, one.id)):
        record = part.record or load(part.id)
        if record is None or (said and said.op == "assert" and record.op == "withdraw"):
            continue
        fields = {**said.fields, **record.fields} if said and said.op == record.op else record.fields
        said = replace(record, fields=fields)
    if said is None:
        return None
    return Assertion(sources.name(parts[0].log), merge.OTHER, view.columns(said, sources.known).publication_date, said)


def row(key: str, standing: Standing, held: list[Held], known: Kinds, followed: tuple[str, str] = ("", "")) -> tuple:
    """Return the columns of `record` behind id, key and wider; `followed` is the status by events, and whose."""
    times = [one.applied_at for one in held if one.views & standing.views]
    state = "current" if standing.merged.fields else "tombstone"
    record = standing.record(key)
    return shape(record, standing.views, standing.origin, state, min(times), max(times), known, followed)


def shape(
    record: Record,
    mask: int,
    origin: str,
    state: str,
    first: int,
    last: int,
    known: Kinds,
    followed: tuple[str, str] = ("", ""),
) -> tuple:
    """Return the columns of `record` behind id, key and wider."""
    kind = known.get(record.kind)
    title, number, applicants, filed, published, said = view.brief(record.fields, kind)
    status: str = events.meaning(record.fields) if kind and kind.category == "event" else said
    return (
        mask,
        record.kind,
        kind.category if kind else "",
        title,
        number or record.key.rpartition(":")[2],
        "; ".join(applicants),
        filed,
        published,
        status or followed[0],
        "" if status else followed[1],
        city(origin),
        origin,
        state,
        first,
        last,
    )
