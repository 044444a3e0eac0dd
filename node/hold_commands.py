"""The `holds` commands: what waits because it would change too much, and a person's word on it."""

from dataclasses import asdict
from typing import Any

import click

from node import frame, hold_book, holds
from node.commands import acting_on, moment, opened
from node.frame import passed
from node.hold_book import APPLY, OPEN, Hold
from node.messages import N_, _
from node.report import Context

_WORDS = (N_("apply"), N_("import"), N_("open"), N_("released"), N_("refused"), N_("withdrawn"), N_("changed"))


def add(top: frame.Group) -> None:
    """Add `holds` list, show, release and refuse."""
    group = frame.Group(
        "holds",
        help=N_(
            "See what waits because it would change or withdraw too large a share of a node's live rights at once, by "
            "its log or by a file, and decide on it.\n\nExample: holds list"
        ),
    )
    top.add_command(group)
    _list(group)
    _show(group)
    _decide(
        group,
        "release",
        N_(
            "Let through what waits; who did so, and why, stands in the own log. Of an import the file is taken in as "
            "it would have been.\n\nExample: holds release 3 --reason 已与该单位核实"
        ),
    )
    _decide(
        group,
        "refuse",
        N_(
            "Keep out each change that waits, and let the rest through; the node that brought it is told, and the "
            "receipt of an import says it.\n\nExample: holds refuse 3 --reason 误操作，已通知该单位"
        ),
    )


def _list(group: frame.Group) -> None:
    @group.command("list", help=N_("List what waits, newest first.\n\nExample: holds list --all"))
    @click.option("--all", "everything", is_flag=True, help=N_("What was decided before as well."))
    @passed
    def command(context: Context, everything: bool) -> None:
        rows = [_told(one) for one in holds.listed(opened(context), everything)]
        if not context.json:
            rows = [
                {**row, "since": moment(row["since"]), "what": _(row["what"]), "state": _(row["state"])} for row in rows
            ]
        columns = [("name", _("number")), ("what", _("what")), ("origin", _("origin")), ("since", _("since"))]
        counts = [("changed", _("changed")), ("deleted", _("withdrawn")), ("live", _("live rights"))]
        context.table(rows, [*columns, *counts, ("file", _("file")), ("state", _("status")), ("by", _("by"))])


def _show(group: frame.Group) -> None:
    @group.command(
        "show",
        help=N_(
            "Show what a hold would change, some of it by name; of a feed's import, as FEED/NUMBER.\n\n"
            "Example: holds show 3"
        ),
    )
    @click.argument("number")
    @passed
    def command(context: Context, number: str) -> None:
        node = opened(context)
        _place, one = holds.find(node, number)
        rows = holds.changes(node, one)
        context.emit({**_told(one), "changes": rows})
        if not context.json:
            context.say(hold_book.sentence(one) if one.state == OPEN else _decision(one))
            for row in rows:
                context.say(f"  {_(row['change'])}: {row['key']} {row['title']}")


def _decide(group: frame.Group, word: str, help: str) -> None:
    @group.command(word, help=help)
    @click.argument("number")
    @click.option("--reason", required=True, help=N_("Why; it is kept with the decision."))
    @passed
    def command(context: Context, number: str, reason: str) -> int:
        node = opened(context)
        one = holds.waiting(node, number)
        about = one.origin if one.what == APPLY else f"{one.origin}: {one.file}"
        who = acting_on(context, node, f"holds {word}", about, reason)
        if word == "refuse":
            return _report(context, holds.refuse(node, number, who, reason))
        with context.progress(_("rows read"), None) as advance:
            done = holds.release(node, number, who, reason, advance)
        return _report(context, done)


def _report(context: Context, done: holds.Decided) -> int:
    context.say(_decision(done.hold))
    filed = done.submission
    if filed:
        context.say(
            _("Submission {number}: {rows} rows, {sealed} sealed, {unchanged} unchanged, {refused} refused.").format(
                number=filed.number, rows=filed.rows, sealed=filed.sealed, unchanged=filed.unchanged,
                refused=filed.refused,
            )
        )  # fmt: skip
    context.emit({**_told(done.hold), "kept_out": done.kept_out})
    return frame.DONE


def _decision(one: Hold) -> str:
    text = _("{state}: {origin}, {changed} changes.").format(state=_(one.state), origin=one.origin, changed=one.changed)
    return f"{text} {one.file}" if one.file else text


def _told(one: Hold) -> dict[str, Any]:
    """Return a hold as programs read it: `choice` and `keys` are how it works inside."""
    return {name: value for name, value in asdict(one).items() if name not in ("choice", "keys")} | {"name": one.named}
