"""Where the own records are on their way up, as `show`, `receipts` and `status` tell it."""

from collections.abc import Mapping
from typing import Any

from catalog import showing
from catalog.bodies import Bodies
from node import cataloguing, causes, told
from node.commands import moment
from node.messages import N_, _, either
from node.node import Node
from records.errors import MalformedRecord

_WORDS = {
    told.SEALED: N_("sealed"),
    told.AT_SUBSTATION: N_("at the substation"),
    told.AT_HUB: N_("at the hub"),
    told.PUBLISHED: N_("published"),
    told.KEPT_OUT: N_("quarantined"),
    told.REPLACED: N_("replaced"),
}


def counted(counts: Mapping[str, int]) -> str:
    """Return how many records are at each stage, as people read it."""
    return ", ".join(f"{_(_WORDS[stage])} {count}" for stage, count in counts.items())


def staged(node: Node, key: str, record: dict[str, Any] | None) -> tuple[dict[str, Any] | None, list[str]]:
    """Return a record with the stage of each own statement, and lines that say it.

    One that this node's own rules keep out, so that it is no record here, is shown as it was sealed.
    """
    shown = record or _kept_out(node, key)
    if shown is None:
        return None, []
    stages = told.Stages(node, told.tiers(node))
    own = [one for one in shown["assertions"] if one["origin"] == node.origin]
    lines = []
    for one in own:
        one["stage"] = causes.stage(stages, one["index"])
        lines += _said(one["index"], one["stage"])
    return shown, lines


def _said(index: int, stage: dict[str, Any]) -> list[str]:
    lines = [_("Entry {entry}: {stage}.").format(entry=index, stage=_(_WORDS[stage["stage"]]))]
    if stage["stage"] == told.KEPT_OUT:
        lines.append("  " + _("by {tier}, told {at}").format(tier=stage["tier"], at=moment(stage["at"])))
        lines += ["  " + either(one["zh"], one["en"]) for one in stage["findings"]]
    return lines


def kept_key(node: Node, text: str) -> str | None:
    """Return the key that a person means of what this node filed and its own rules keep out, or None."""
    with cataloguing.catalogue(node) as found:
        same = showing.find_kept(found, text, node.origin)
    return same[-1].key if same else None


def _kept_out(node: Node, text: str) -> dict[str, Any] | None:
    """Return what was sealed and is kept out here as `show` returns a record; None where nothing of that key is."""
    with node.opened() as opened, cataloguing.catalogue(node) as found:
        same = showing.find_kept(found, text, node.origin)
        if not same:
            return None
        newest = same[-1]
        try:
            said = Bodies(opened.store).load(newest.id)
        except MalformedRecord:
            said = None
        fields = said.fields if said else {}
        stated = {
            "origin": node.origin, "index": newest.index, "part": newest.part, "op": said.op if said else "erased",
            "fields": fields, "reason": said.reason if said else "", "applied_at": newest.applied_at, "size": 0,
            "findings": newest.findings,
        }  # fmt: skip
        return {
            "key": newest.key, "kind": said.kind if said else "", "state": "quarantined", "fields": fields,
            "sources": dict.fromkeys(fields, node.origin), "conflicts": {}, "others": [], "also": [], "contested": {},
            "events": [], "status": "", "status_from": "", "origin": node.origin, "first_applied": newest.applied_at,
            "last_applied": newest.applied_at, "assertions": [stated],
        }  # fmt: skip
