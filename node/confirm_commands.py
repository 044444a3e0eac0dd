"""`confirm`: the hub's word on what a home states of a child that lost its keys, or of its log that was forked."""

from typing import Any

import click

from node import fingerprint, frame, replacing
from node.commands import acting_on, opened
from node.enrolment import keys_hash
from node.frame import passed
from node.messages import N_, _
from node.naming import whole_origin
from node.node import Opened
from node.node_commands import tell
from node.report import Context
from sync import control, rotation


def add(top: frame.Group) -> None:
    """Add `confirm` to the hub."""

    @top.command(
        "confirm",
        help=N_(
            "Show what a home states of a node that lost its keys; with --reason, agree. Call the organisation at a "
            "number that you know, and let it read out the digits.\n\n"
            "Example: confirm ip.gd.example/gz/scut\n"
            "Example: confirm ip.gd.example/gz/scut --reason 已电话核对"
        ),
    )
    @click.argument("origin")
    @click.option("--reason", default="", help=N_("Agree, and why; the log keeps it."))
    @passed
    def command(context: Context, origin: str, reason: str) -> None:
        node = opened(context)
        origin = whole_origin(node, origin)
        with node.opened() as here:
            found = replacing.awaiting(here, origin)[-1]
            shown = _shown(here, found)
        for label, value in _rows(shown):
            context.say(f"{label}: {value}")
        if reason:
            acting_on(context, node, "confirm", origin, reason)
            with node.opened() as here:
                replacing.confirm(here, found.said)
            context.say(_("Confirmed. It counts everywhere once the next night has passed it on."))
            tell(context, node)
        else:
            context.say(_("Nothing is confirmed yet: `confirm {origin} --reason …` does it.").format(origin=origin))
        context.emit(shown | {"confirmed": bool(reason)})


def _shown(opened: Opened, found: replacing.Awaiting) -> dict[str, Any]:
    """Return the evidence: who states what, the keys before and after, and what the hub holds of the log."""
    one, statement = found.said, found.statement
    shown: dict[str, Any] = {"origin": statement.origin, "home": one.home, "index": one.index}
    shown |= {"size": statement.size, "root": statement.root.hex(), "held": found.held, "more": found.holds_more}
    shown["differs"] = found.differs
    if isinstance(statement, control.Rotate):
        before = keys_hash(rotation.registered(*rotation.set_of(opened.registry.get(statement.origin).node)))
        after = keys_hash(rotation.registered(*rotation.set_of(statement)))
        shown |= {"before": fingerprint.of_hex(before), "fingerprint": fingerprint.of_hex(after)}
        shown["spoken"] = fingerprint.spoken(after)
    else:
        shown["old"] = statement.old
    return shown


def _rows(shown: dict[str, Any]) -> list[tuple[str, Any]]:
    rows = [
        (_("origin"), shown["origin"]),
        (_("Stated by its home"), f"{shown['home']} ({shown['index']})"),
        (_("Goes on from"), shown.get("old", "")),
        (_("Entries that stay good"), shown["size"]),
        (_("Entries held here"), shown["held"]),
        (_("Fingerprint of the keys before"), shown.get("before", "")),
        (_("Fingerprint of all keys"), shown.get("fingerprint", "")),
        (_("Digits to compare by telephone"), shown.get("spoken", "")),
    ]
    if shown["more"]:
        rows.append((_("CONFLICT"), _("more entries are held here than stay good: let the home `sync` first")))
    if shown["differs"]:
        rows.append(
            (_("CONFLICT"), _("the entries held here are others than those that stay good: compare with the home"))
        )
    return [(label, value) for label, value in rows if value != ""]
