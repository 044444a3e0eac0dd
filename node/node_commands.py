"""The `node` commands: what is known of one node below, and its standing."""

from typing import Any

import click

from node import decision, ended, frame, membership, moving, nightly, nodes, sentences
from node.commands import acting_on, moment, opened
from node.errors import NodeError
from node.frame import passed
from node.messages import N_, _
from node.naming import whole_origin
from node.node import Node
from node.report import Context
from sync.errors import SyncError

_HELP = {
    "suspend": N_(
        "Suspend a node, or a membership: nothing is taken from it until it is resumed; what it brought stays.\n\n"
        "Example: node suspend ip.gd.example/gz/scut --reason 欠费"
    ),
    "resume": N_(
        "Resume what was suspended; what waited is brought the next night.\n\n"
        "Example: node resume ip.gd.example/gz/scut --reason 已缴费"
    ),
    "remove": N_(
        "End a membership in this alliance: nothing new comes here any more; what is here stays.\n\n"
        "Example: node remove ip.gd.example/gz/scut --reason 合作期满"
    ),
}
_SAID = {
    "suspended": N_("{origin} is suspended: {reason}"),
    "active": N_("{origin} is active again: {reason}"),
    "revoked": N_("{origin} is shut out: {reason}"),
}
WHY = N_("Why; the node is told, and the log keeps it.")


def add(top: frame.Group, moves: bool = False) -> None:
    """Add `node` show, suspend, resume, remove; and move where the hub runs."""
    group = frame.Group(
        "node", help=N_("One node below this one: how it stands, and changing that.\n\nExample: node show ORIGIN")
    )
    top.add_command(group)
    _show(group)
    for what, said in _HELP.items():
        _change(group, what, said)
    if moves:
        _move(group)


def _show(group: frame.Group) -> None:
    @group.command(
        "show",
        help=N_("Show all that is known here of one node.\n\nExample: node show ip.gd.example/gz/scut"),
    )
    @click.argument("origin")
    @passed
    def command(context: Context, origin: str) -> None:
        node = opened(context)
        found = membership.shown(node, whole_origin(node, origin))
        context.emit(found)
        if not context.json:
            for line in _lines(found):
                context.say(line)


def _lines(found: dict[str, Any]) -> list[str]:
    rows = [
        (_("origin"), found["origin"]),
        (_("name"), found["name"]),
        (_("role"), _(found["role"])),
        (
            _("status"),
            nodes.status_said(found) + (f" ({sentences.reason(found['reason'])})" if found["reason"] else ""),
        ),
        (_("Home"), found["home"]),
        (_("entries"), found["entries"]),
        (_("last receipt"), moment(found["received"])),
        (_("quarantined"), found["quarantined"]),
        (_("Digits to compare by telephone"), found.get("spoken", "")),
        (_("Fingerprint of all keys"), found.get("fingerprint", "")),
    ]
    said = [f"{label}: {value}" for label, value in rows if value != ""]
    for one in found["statements"]:
        size = "" if one["size"] is None else str(one["size"])
        facts = " ".join(text for text in (one["what"], one["status"], one["home"], size, one["reason"]) if text)
        said.append(_("Entry {index}, {when}: {facts}").format(
            index=one["index"], when=moment(one["time_ms"] / 1000), facts=facts
        ))  # fmt: skip
    said += ended.lines(found)
    said += [_("ALARM {what}: {detail}").format(**one) for one in found["alarms_about_it"]]
    return said


def _change(group: frame.Group, what: str, said: str) -> None:
    @group.command(what, help=said)
    @click.argument("origin")
    @click.option("--reason", required=True, help=WHY)
    @passed
    def command(context: Context, origin: str, reason: str) -> None:
        change_standing(context, what, origin, reason)


def change_standing(context: Context, what: str, origin: str, reason: str) -> None:
    node = opened(context)
    origin = whole_origin(node, origin)
    with node.opened() as here:
        changes = membership.check(here, origin, what, reason)
    if changes:
        person = acting_on(context, node, f"node {what}", origin, reason)
        with node.opened() as here:
            found = membership.change(here, origin, what, reason)
        rows = [(_("origin"), origin), (_("status"), _(found.status)), (_("reason"), reason), (_("by"), person)]
        page = decision.write(node, number(node), _("Decision on a node: {what}").format(what=what), rows)
        context.say(_("Page written: {path}").format(path=page))
    with node.opened() as here:
        status = membership.stated(here, origin).status
    context.say(_(_SAID[status]).format(origin=origin, reason=reason))
    tell(context, node)
    context.emit({"origin": origin, "status": status, "reason": reason, "changed": changes})


def _move(group: frame.Group) -> None:
    @group.command(
        "move",
        help=N_(
            "Move a node to another home. Its records stay where they are; it goes to the new home by itself, in the "
            "nights that follow.\n\n"
            "Example: node move ip.gd.example/gz/scut --to ip.gd.example/sz --reason 迁址"
        ),
    )
    @click.argument("origin")
    @click.option("--to", "new", required=True, help=N_("The new home: a substation's origin."))
    @click.option("--reason", required=True, help=WHY)
    @passed
    def command(context: Context, origin: str, new: str, reason: str) -> None:
        node = opened(context)
        origin, new = whole_origin(node, origin), whole_origin(node, new)
        with node.opened() as here:
            before = here.registry.home(origin)
            if before != new:  # said once more, it may say another door
                moving.check(here, origin, new)
        person = acting_on(context, node, "node move", origin, f"{new}: {reason}")
        with node.opened() as here:
            index = moving.move(here, origin, new)
        rows = [(_("origin"), origin), (_("Home before"), before), (_("Home"), new), (_("reason"), reason)]
        page = decision.write(node, number(node), _("A node is moved"), [*rows, (_("by"), person)])
        context.say(_("{origin} belongs to {home} from now on.").format(origin=origin, home=new))
        with node.opened() as here:
            at = moving.door_of(here, new)
        text = (
            _(
                "Nothing is left to do: {home} hears of it in its next night, {origin} in the one after that, and goes "
                "there by itself."
            )
            if at
            else _(
                "{home} has not said yet where it lets others in. Run this once more after its next night; or use "
                "`invite {origin}` there, then `join` with that token at {origin}."
            )
        )
        context.say(text.format(origin=origin, home=new))
        context.say(_("Page written: {path}").format(path=page))
        tell(context, node)
        context.emit(
            {
                "origin": origin,
                "home": new,
                "door": at.join_address if at else "",
                "before": before,
                "index": index,
                "page": str(page),
            }
        )


def number(node: Node) -> str:
    """Return what tells this decision's page from others: where the own log ends now."""
    with node.opened() as here:
        return f"node-{here.own.log.next_entry}"


def tell(context: Context, node: Node) -> None:
    """Bring what was stated under a head, so that the nodes above hear of it; here it counts at once."""
    later = _("It counts here at once; others hear of it with the next night.")
    try:
        if node.settings.role == "hub":
            with node.opened() as here:
                here.seal_as_hub()
        elif nightly.run(node).failures:
            context.warn(later)
    except (SyncError, NodeError) as error:
        context.warn(f"{frame.sentence(error, context)} {later}")
