"""The `holds` commands: what waits because it would change too much, and a person's word on it."""

from dataclasses import asdict
from typing import Any

import click

from node import frame, hold_book, holds
from node.commands import acting_on, moment, opened
from node.frame import passed
from node.messages import N_, _
from node.report import Context

_WORDS = (N_("apply"), N_("import"), N_("open"), N_("released"), N_("refused"), N_("withdrawn"), N_("changed"))


def add(top: frame.Group) -> None:
    """Add `holds` list, show, release and refuse."""
    group = frame.Group(
        "holds",
        help=N_(
            "See what waits because it would change or withdraw too large a share of a node's live rights at once, and "
            "decide on it.\n\nExample: holds list"
        ),
    )
    top.add_command(group)
    _list(group)
    _show(group)
    _release(group)
    _refuse(group)


def _list(group: frame.Group) -> None:
    @group.command("list", help=N_("List what waits, newest first.\n\nExample: holds list --all"))
    @click.option("--all", "everything", is_flag=True, help=N_("What was decided before as well."))
    @passed
    def command(context: Context, everything: bool) -> None:
        rows: list[dict[str, Any]] = [asdict(one) for one in holds.listed(opened(context), everything)]
        if not context.json:
            rows = [
                {**row, "since": moment(row["since"]), "what": _(row["what"]), "state": _(row["state"])} for row in rows
            ]
        columns = [("id", _("number")), ("what", _("what")), ("origin", _("origin")), ("since", _("since"))]
        counts = [("changed", _("changed")), ("deleted", _("withdrawn")), ("live", _("live rights"))]
        context.table(rows, [*columns, *counts, ("file", _("file")), ("state", _("status")), ("by", _("by"))])


def _show(group: frame.Group) -> None:
    @group.command("show", help=N_("Show what a hold would change, some of it by name.\n\nExample: holds show 3"))
    @click.argument("number", type=int)
    @passed
    def command(context: Context, number: int) -> None:
        node = opened(context)
        one = node.notebook.hold(number)
        rows = holds.changes(node, one)
        context.emit({**asdict(one), "changes": rows})
        if not context.json:
            context.say(hold_book.sentence(one))
            for row in rows:
                context.say(f"  {_(row['change'])}: {row['key']} {row['title']}")


def _release(group: frame.Group) -> None:
    @group.command(
        "release",
        help=N_(
            "Let through what waits; who did so, and why, stands in the own log.\n\n"
            "Example: holds release 3 --reason 已与该单位核实"
        ),
    )
    @click.argument("number", type=int)
    @click.option("--reason", required=True, help=N_("Why; it is kept with the decision."))
    @passed
    def command(context: Context, number: int, reason: str) -> int:
        node = opened(context)
        one = holds.waiting(node, number)
        who = acting_on(context, node, "holds release", one.origin, reason)
        return _report(context, holds.release(node, number, who, reason))


def _refuse(group: frame.Group) -> None:
    @group.command(
        "refuse",
        help=N_(
            "Keep out each change that waits, and let the rest through; the node that brought it is told.\n\n"
            "Example: holds refuse 3 --reason 误操作，已通知该单位"
        ),
    )
    @click.argument("number", type=int)
    @click.option("--reason", required=True, help=N_("Why; it is kept with the decision."))
    @passed
    def command(context: Context, number: int, reason: str) -> int:
        node = opened(context)
        one = holds.waiting(node, number)
        who = acting_on(context, node, "holds refuse", one.origin, reason)
        return _report(context, holds.refuse(node, number, who, reason))


def _report(context: Context, done: holds.Decided) -> int:
    context.say(_("{state}: {origin}, {changed} changes.").format(
        state=_(done.hold.state), origin=done.hold.origin, changed=done.hold.changed
    ))  # fmt: skip
    context.emit({**asdict(done.hold), "kept_out": done.kept_out})
    return frame.DONE
