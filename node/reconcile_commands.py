"""`reconcile NODE`: whether two catalogues over equal logs say the same, and repairing them."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import click

from catalog.reconciling import Drift
from node import commands, frame, reconciling, roles
from node.frame import passed
from node.messages import N_, _
from node.naming import whole_origin
from node.node import Node
from node.report import Context
from node.sentences import REASONS
from node.settings import Parent

_FEW = 20


def add(top: frame.Group) -> None:
    """Add `reconcile`."""

    @top.command(
        "reconcile",
        help=N_(
            "Compare the catalogue here with that of another node, by log, kind and month: matched, different, missing "
            "here, extra here. With a parent it is done now; a child is asked to do it at its next call, and what was "
            "found last is shown. Every night it is done by itself. Ends with 1 where something differs.\n\n"
            "Example: reconcile ip.gd.example/gz\n"
            "Example: reconcile gz --kind patent_invention --month 2026-03 --repair"
        ),
    )
    @click.argument("node")
    @click.option("--kind", default="", help=N_("Show only this kind: patent_invention, trademark …"))
    @click.option("--month", default="", help=N_("Show only what was filed in this month: 2026-03."))
    @click.option("--repair", is_flag=True, help=N_("Take up again from the own log what is wrong, on either side."))
    @passed
    def command(context: Context, node: str, kind: str, month: str, repair: bool) -> int:
        here = commands.opened(context)
        other = whole_origin(here, node)
        parent = next((one for one in here.settings.parents if one.origin == other), None)
        if repair:
            roles.check(context.settings, "reconcile --repair", "operator")
            commands.acting_on(context, here, "reconcile --repair", other)
        if parent is None:
            return _of_child(context, here, other, kind, month, repair)
        return _with_parent(context, here, parent, kind, month, repair)


def _with_parent(context: Context, node: Node, parent: Parent, kind: str, month: str, repair: bool) -> int:
    with context.progress(_("logs compared"), None) as advance:
        found = reconciling.run(node, parent, repair, progress=advance)
    rows = _chosen(found.drift, kind, month)
    entries = [one for one in found.differing if kind in ("", one["kind"]) and month in ("", one["month"])]
    _show(context, parent.origin, rows, entries, found.uncompared)
    if repair:
        context.say(
            _("Taken up again: {here} entries here, {there} at {node}.").format(
                here=found.mended_here, there=found.mended_there, node=parent.origin
            )
        )
    mended = {"here": found.mended_here, "there": found.mended_there}
    context.emit(_answer(parent.origin, node.clock(), node.origin, rows, entries, found.uncompared, mended))
    return frame.REFUSED if any(one.drifted for one in rows) else frame.DONE


def _of_child(context: Context, node: Node, child: str, kind: str, month: str, repair: bool) -> int:
    known = reconciling.ask(node, child, repair)
    context.say(_("{node} is asked to compare at its next call.").format(node=child))
    rows = _chosen(known.rows if known else (), kind, month)
    if known is not None:
        context.say(_("Found last, at {time}:").format(time=commands.moment(known.at)))
        _show(context, child, rows, [], known.uncompared)
    answer = _answer(child, known.at if known else None, known.found_by if known else "", rows, [], {}, None)
    context.emit({**answer, "asked": True})
    return frame.REFUSED if any(one.drifted for one in rows) else frame.DONE


def _chosen(rows: Iterable[Drift], kind: str, month: str) -> list[Drift]:
    """Return the rows that a person asks for; those that are summed over kinds only where no kind is meant."""
    return [one for one in rows if kind in ("", one.kind) and month in ("", one.month)]


def _answer(
    node: str,
    at: float | None,
    found_by: str,
    rows: list[Drift],
    entries: list[dict[str, Any]],
    uncompared: Any,
    mended: dict[str, int] | None,
) -> dict[str, Any]:
    return {
        "node": node,
        "at": at,
        "found_by": found_by,
        **reconciling.sums(rows),
        "rows": [asdict(one) for one in rows],
        "entries": entries,
        "uncompared": dict(uncompared),
        "mended": mended,
    }


def _show(
    context: Context, node: str, rows: list[Drift], entries: list[dict[str, Any]], uncompared: dict[str, str] | Any
) -> None:
    """Show what differs, and sums of what agrees."""
    if context.json:
        return
    shown = [asdict(one) for one in rows if one.drifted]
    if shown:
        columns = [("origin", _("origin")), ("kind", _("kind")), ("month", _("month")), ("matched", _("matched"))]
        counts = [("different", _("different")), ("missing", _("missing here")), ("extra", _("extra here"))]
        context.table(shown, [*columns, *counts])
    if any(one.about for one in rows):
        context.say(
            _("So much differs that whole groups were counted. On the side that is wrong, `rebuild` mends all of it.")
        )
    for one in entries[:_FEW]:
        context.say(_entry(one))
    for origin, reason in sorted(uncompared.items()):
        context.say(
            _("Not compared: {origin} ({reason}).").format(origin=origin, reason=_(REASONS.get(reason, reason)))
        )
    context.say(reconciling.sentence(node, rows))


def _entry(one: dict[str, Any]) -> str:
    """Return one entry that differs as a line, with why it stays so, where that is known."""
    text = f"  {one['origin']}#{one['index']} {one['key']}: " + _("here {here}, there {there}").format(
        here=_(one["here"]), there=_(one["there"])
    )
    if one["why_here"] or one["why_there"]:
        text += "; " + _("after looking at the logs: here {here}, there {there}").format(
            here=_why(one["why_here"]), there=_why(one["why_there"])
        )
    return text


_WORDS = (N_("sound"), N_("mended"), N_("waiting"), N_("stuck"))


def _why(text: str) -> str:
    word, space, rules = text.partition(" ")
    return _(word) + space + rules if word else "-"
