"""What a node keeps out of its catalogue, and what its people decide on it. Every decision is an entry of its log."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from catalog import decisions, showing, views
from catalog.bodies import Bodies
from catalog.catalogue import Catalogue
from catalog.showing import Quarantined
from catalog.statements import FORWARD, MAX_PLACES
from node import cataloguing, verdicts
from node.errors import NodeError
from node.messages import N_
from node.naming import whole_origin
from node.node import Node, Opened
from records import body
from records.errors import MalformedRecord
from sync.bundles import Bundles, spans
from sync.entry import commitments
from sync.schema import key

_ENTRY = re.compile(r"(.+)#([0-9]{1,12})(?:\.([0-7]))?", re.ASCII)
_AT_ONCE = MAX_PLACES


class NotQuarantined(NodeError):
    """Nothing like that is kept out here: (what,)."""

    facts = ("what",)
    sentence = N_("Nothing that is quarantined here is {what}. `quarantine list` shows what is.")


class SeveralRecords(NodeError):
    """One key, several entries: (what, entries)."""

    facts = ("what", "entries")
    sentence = N_("{what} stands in several entries: {entries}. Name one of them, or their node with --node.")


class NotReleasable(NodeError):
    """A person cannot make this record countable: (what, rule)."""

    facts = ("what", "rule")
    sentence = N_(
        "{what} cannot be released: {rule} says that this program cannot use it as it is. Forward it to its outlet; "
        "what is unknown here is taken up after an upgrade."
    )


class NotKept(NodeError):
    """No record here that this node could keep out: (what,)."""

    facts = ("what",)
    sentence = N_("There is no record {what} from a node below this one. Check the number with `search` or `show`.")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which quarantined records are meant: of a node or of those below it, by rule, by field; "" for any."""

    node: str = ""
    rule: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """What a decision came to: the records decided on, and those that it could not be made for."""

    chosen: Sequence[Quarantined]
    skipped: Sequence[Quarantined] = ()


def name(one: Quarantined) -> str:
    """Return how people name a quarantined part: origin#entry, with its number where that is not the first."""
    return f"{one.origin}#{one.index}" + (f".{one.part}" if one.part else "")


def listed(node: Node, chosen: Filter, limit: int, after: int = 0) -> tuple[int, list[dict[str, Any]]]:
    """Return how many are kept out, and a page of them beyond the id `after`, each as it is told everywhere."""
    origin = whole_origin(node, chosen.node)
    with node.opened() as opened, cataloguing.catalogue(node) as found:
        total = showing.count_quarantine(found, origin, chosen.rule, chosen.field)
        rows = showing.quarantine(found, origin, chosen.rule, limit, after, chosen.field)
        return total, [_as_dict(opened, found, one) for one in rows]


def _as_dict(opened: Opened, found: Catalogue, one: Quarantined) -> dict[str, Any]:
    made = decisions.newest(opened.store, found, one.origin, one.index, one.index + 1)
    said = [decisions.said(opened.store, decision) for place, decision in made if place & 7 == one.part]
    return {
        "id": one.id,
        "entry": name(one),
        "origin": one.origin,
        "index": one.index,
        "part": one.part,
        "key": one.key,
        "applied_at": one.applied_at,
        "findings": one.findings,
        "releasable": decisions.waivable(one.findings),
        "decisions": [
            {"entry": each.entry, "node": each.author, "decision": each.word, "by": each.person, "reason": each.reason}
            for each in said
        ],
    }


def shown(node: Node, what: str, chosen: Filter) -> dict[str, Any]:
    """Return one quarantined record with what it says and what was decided; raise NotQuarantined, SeveralRecords."""
    with node.opened() as opened, cataloguing.catalogue(node) as found:
        one = _named(node, found, what, chosen)
        return _as_dict(opened, found, one) | {"fields": _fields(opened, one)}


def _fields(opened: Opened, one: Quarantined) -> dict[str, Any]:
    try:
        record = Bodies(opened.store).load(one.id)
    except MalformedRecord:
        return {}
    return record.fields if record else {}


def _named(node: Node, found: Catalogue, what: str, chosen: Filter) -> Quarantined:
    """Return what a person names by origin#entry, by its key, or by the number in its key."""
    entry = _ENTRY.fullmatch(what)
    origin = whole_origin(node, entry[1] if entry else chosen.node)
    if entry:
        index, part = int(entry[2]), int(entry[3]) if entry[3] else None
        rows = showing.quarantine(found, origin, chosen.rule, -1, 0, chosen.field)
        same = [one for one in rows if one.origin == origin and one.index == index and part in (None, one.part)]
    else:
        same = [one for one in showing.find_kept(found, what, origin) if _is_meant(one, chosen)]
    if not same:
        raise NotQuarantined(what)
    if len(same) > 1:
        raise SeveralRecords(what, ", ".join(map(name, same[:10])))
    return same[0]


def _is_meant(one: Quarantined, chosen: Filter) -> bool:
    return any(chosen.rule in ("", each["rule"]) and chosen.field in ("", each["field"]) for each in one.findings)


def chosen(node: Node, whats: Iterable[str], which: Filter) -> list[Quarantined]:
    """Return the quarantined records that are named, or, with no names, all that the filter means."""
    with cataloguing.catalogue(node) as found:
        named = [_named(node, found, what, which) for what in whats]
        return named or showing.quarantine(found, whole_origin(node, which.node), which.rule, -1, 0, which.field)


# -- deciding ---------------------------------------------------------------------------------------------------------


def release(node: Node, rows: Sequence[Quarantined], person: str, reason: str) -> Done:
    """Let records count although a rule refuses them; raise NotReleasable where none of them can be."""
    good = [one for one in rows if decisions.waivable(one.findings)]
    if rows and not good:
        wrong = next(each["rule"] for each in rows[0].findings if each["rule"] in decisions.FIXED)
        raise NotReleasable(rows[0].key or name(rows[0]), wrong)
    _state(node, [(one.origin, one.index, one.part) for one in good], decisions.RELEASE, person, reason)
    return Done(good, [one for one in rows if one not in good])


def forward(node: Node, rows: Sequence[Quarantined], person: str, note: str) -> Done:
    """Have the outlets told of these records, with a person's note, in the next verdict."""
    _state(node, [(one.origin, one.index, one.part) for one in rows], FORWARD, person, note)
    return Done(rows)


def retry(node: Node, rows: Sequence[Quarantined], person: str) -> Done:
    """Judge records again now, by today's rules; return those that are kept out no more, then those that still are."""
    _state(node, [(one.origin, one.index, one.part) for one in rows], decisions.RETRY, person, "")
    with cataloguing.catalogue(node) as found:
        still = {one.id for one in showing.quarantined(found, [one.id for one in rows])}
    return Done([one for one in rows if one.id not in still], [one for one in rows if one.id in still])


def keep(node: Node, what: str, origin: str, person: str, reason: str) -> str:
    """Keep a record out that counts, or is kept out already; return it as origin#entry.

    Raises NotKept, and SeveralRecords where it stands in the logs of several nodes.
    """
    with node.opened() as opened, cataloguing.catalogue(node) as found:
        places = [
            one for one in _stated(node, opened, found, what, whole_origin(node, origin)) if _ours(opened, one[0])
        ]
    entries = sorted({(one[0], one[1]) for one in places})
    if not entries:
        raise NotKept(what)
    if len(entries) > 1:
        raise SeveralRecords(what, ", ".join(f"{origin}#{index}" for origin, index in entries[:10]))
    _state(node, places, decisions.KEEP, person, reason)
    return f"{entries[0][0]}#{entries[0][1]}"


def keep_behind(node: Node, origin: str, first: int, person: str, reason: str) -> int:
    """Keep out all that a log says from entry `first` on, as far as that is not decided yet; return how many parts."""
    with node.opened() as opened, cataloguing.catalogue(node) as found:
        log = opened.store.log(origin)
        if log is None or first >= log.stored:
            return 0
        decided = decisions.newest(opened.store, found, origin, first, log.stored, node.origin)
        made = {place: one.word for place, one in decided}  # the newest of each
        bundles, parts = Bundles(opened.store, log), []
        for start, end in spans(first, log.stored):
            for index, raw in enumerate(bundles.entries(start, end), start):
                numbers = range(len(commitments(raw)[1]))
                parts += [(origin, index, one) for one in numbers if made.get(index << 3 | one) != decisions.KEEP]
    _state(node, parts, decisions.KEEP, person, reason)
    return len(parts)


def _stated(node: Node, opened: Opened, found: Catalogue, what: str, origin: str) -> list[tuple[str, int, int]]:
    """Return (origin, index, part) of what a person names: the parts of an entry, or the newest of each origin."""
    entry = _ENTRY.fullmatch(what)
    if entry:
        log = opened.store.log(whole_origin(node, entry[1]))
        span = (key(log.id, int(entry[2])), key(log.id, int(entry[2]) + 1)) if log else (0, 0)
        query = " union ".join(f"select id from {one} where id >= ? and id < ?" for one in ("assertion", "quarantine"))
        ids = [id for (id,) in found.db.execute(query, span * 2)]
        return [(log.origin, int(entry[2]), id & 7) for id in ids if log and entry[3] in (None, str(id & 7))]
    known = showing.find_key(found, what)
    record = showing.show(opened.store, found, known, views.FULL) if known else None
    stated = record["assertions"] if record else []
    return [(one["origin"], one["index"], one["part"]) for one in stated if origin in ("", one["origin"])]


def _ours(opened: Opened, origin: str) -> bool:
    log = opened.store.log(origin)
    return log is not None and verdicts.is_below(opened, log)


def _state(node: Node, places: Sequence[tuple[str, int, int]], word: str, person: str, reason: str) -> None:
    """Add the decision to the own log, one entry an origin, and let it take effect in the catalogue."""
    by_origin: dict[str, list[int]] = {}
    for origin, index, part in places:
        by_origin.setdefault(origin, []).append(index << 3 | part)
    made = [
        body.encode(decisions.record(origin, numbers[at : at + _AT_ONCE], word, person, reason))
        for origin, numbers in sorted(by_origin.items())
        for at in range(0, len(numbers), _AT_ONCE)
    ]
    if made:
        with node.opened() as opened:
            opened.own.add([[("path", one)] for one in made])
        cataloguing.apply(node)
