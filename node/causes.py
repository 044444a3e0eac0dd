"""What an outlet must mend, as the tiers above have answered: by cause, and record by record."""

from collections.abc import Iterator
from typing import Any

from node.told import KEPT_OUT, Stages, Tier


def standing(tier: Tier) -> dict[str, Any]:
    """Return how one tier stands with our records, as it is told everywhere."""
    return {
        "origin": tier.origin,
        "role": tier.role,
        "received": tier.received,
        "judged": tier.judged,
        "quarantined": tier.quarantined,
        "told": len(tier.kept_out()),
        "more": tier.more,
        "unreadable": tier.unreadable,
    }


def by_cause(above: list[Tier]) -> list[dict[str, Any]]:
    """Return one row for each tier, rule and field that keeps records out: the tier that says so, most records first.

    Members: tier, rule, field, count, zh and en, the sentences of the example, whose key and entry come with them, and
    notes, what people remarked. A tier that only agrees with the one below says nothing of its own.
    """
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for tier in above:
        for place in sorted(tier.details):
            one = tier.details[place]
            said = {(each["rule"], each["field"]): each for each in one.findings if each["severity"] == "error"}
            for (rule, field), each in said.items():
                row = found.setdefault(
                    (tier.origin, rule, field),
                    {
                        "tier": tier.origin, "rule": rule, "field": field, "count": 0, "zh": each["zh"],
                        "en": each["en"], "example": one.key, "entry": place >> 3, "notes": [],
                    },
                )  # fmt: skip
                row["count"] += 1
                if one.note and one.note.text and _note(one.note) not in row["notes"]:
                    row["notes"].append(_note(one.note))
    return sorted(found.values(), key=lambda row: (-row["count"], row["tier"], row["rule"], row["field"]))


def _note(note: Any) -> dict[str, str]:
    return {"node": note.author, "by": note.person, "decision": note.word, "text": note.text}


def listed(above: list[Tier], rule: str = "", field: str = "", after: int = -1) -> Iterator[dict[str, Any]]:
    """Yield each record that a tier keeps out, by entry, beyond the place `after`; all, or by one rule or field.

    Members: place, entry, part, key, tiers, that keep it out, time (POSIX seconds), findings, and note, or None.
    """
    kept: dict[int, list[Tier]] = {}
    for tier in above:
        for place in tier.kept_out():
            kept.setdefault(place, []).append(tier)
    for place in sorted(kept):
        found = kept[place][0].detail(place)
        if found is None or place <= after:
            continue
        _said_by, one, time_s = found
        if any(rule in ("", each["rule"]) and field in ("", each["field"]) for each in one.findings):
            yield {
                "place": place,
                "entry": place >> 3,
                "part": place & 7,
                "key": one.key,
                "tiers": [tier.origin for tier in kept[place]],
                "time": time_s,
                "findings": list(one.findings),
                "note": _note(one.note) if one.note else None,
            }


def stage(stages: Stages, index: int) -> dict[str, Any]:
    """Return the stage of one entry, with the reason where it is kept out."""
    found = stages.of(index)
    answer: dict[str, Any] = {"stage": found.stage}
    if found.stage == KEPT_OUT:
        answer |= {"tier": found.tier, "at": found.at, "findings": list(found.detail.findings) if found.detail else []}
    return answer
