"""The `quarantine` commands of a node that judges: what it keeps out, and what its people decide on it."""

import json
from typing import Any

import click

from node import frame, quarantine
from node.commands import moment, opened, person
from node.frame import passed
from node.messages import N_, _
from node.node import Node
from node.quarantine import Done, Filter
from node.report import Context

_FEW = 20


def add(top: frame.Group) -> None:
    """Add `quarantine` list, show, release, keep, forward and retry."""

    group = frame.Group(
        "quarantine", help=N_("See what is kept out of the catalogue, and decide on it.\n\nExample: quarantine list")
    )
    top.add_command(group)
    _list(group)
    _show(group)
    _release(group)
    _keep(group)
    _forward(group)
    _retry(group)


def _filters(command: Any) -> Any:
    """Add --node, --rule and --field, which arrive as one Filter."""
    options = [
        click.option("--node", default="", help=N_("Only of this node, or of those below it: gz/scut, gz.")),
        click.option("--rule", default="", help=N_("Only what this rule found, for example APPNO_CHECK.")),
        click.option("--field", default="", help=N_("Only what was found in this field, for example application_no.")),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _what(command: Any) -> Any:
    return click.argument("what", nargs=-1)(command)


def _list(group: frame.Group) -> None:
    @group.command(
        "list",
        help=N_("List what is kept out, and why.\n\nExample: quarantine list --node gz/scut --rule APPNO_CHECK"),
    )
    @_filters
    @click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help=N_("Rows a page."))
    @click.option("--after", type=int, default=0, help=N_("Continue after a page: the number that it ended with."))
    @passed
    def command(context: Context, node: str, rule: str, field: str, limit: int, after: int) -> None:
        total, rows = quarantine.listed(opened(context), Filter(node, rule, field), limit + 1, after)
        more, rows = len(rows) > limit, rows[:limit]
        next_one = rows[-1]["id"] if more else 0
        if context.json:
            context.emit({"total": total, "rows": rows, "next": next_one})
            return
        shown = [_readable(context, row) for row in rows]
        columns = [("entry", _("entry")), ("key", _("key")), ("rules", _("rules")), ("said", _("what is wrong"))]
        context.table(shown, [*columns, ("decided", _("decided"))])
        context.say(_("{total} quarantined.").format(total=total))
        if more:
            context.say(_("More: --after {token}").format(token=next_one))


def _readable(context: Context, row: dict[str, Any]) -> dict[str, Any]:
    found = [one for one in row["findings"] if one["severity"] == "error"]
    newest = row["decisions"][-1] if row["decisions"] else None
    decided = f"{_(newest['decision'])} {newest['by']}" if newest else ""
    return {
        **row,
        "rules": ", ".join(sorted({one["rule"] for one in found})),
        "said": " ".join(one[_member(context)] for one in found),
        "decided": decided,
    }


def _member(context: Context) -> str:
    return "zh" if context.language == "zh" else "en"


_WORDS = (N_("release"), N_("keep"), N_("forward"), N_("retry"))  # decisions, as rows show them


def _show(group: frame.Group) -> None:
    @group.command(
        "show",
        help=N_(
            "Show one quarantined record: what it says, what is wrong, what was decided. Name it by its entry or its "
            "key.\n\nExample: quarantine show gz/scut#12\nExample: quarantine show 201710000002.0"
        ),
    )
    @click.argument("what")
    @_filters
    @passed
    def command(context: Context, what: str, node: str, rule: str, field: str) -> None:
        found = quarantine.shown(opened(context), what, Filter(node, rule, field))
        context.emit(found)
        if context.json:
            return
        context.say(f"{found['entry']}  {found['key']}  {moment(found['applied_at'])}")
        for one in found["findings"]:
            context.say(f"  {one['rule']} {one['field']}: {one[_member(context)]}")
        for one in found["decisions"]:
            context.say(f"  {_(one['decision'])}: {one['by']} ({one['node']}) {one['reason']}")
        context.say(json.dumps(found["fields"], ensure_ascii=False, indent=2))


def _deciding(context: Context) -> tuple[Node, str]:
    """Return the node and who decides."""
    node = opened(context)
    return node, person(context)


def _chosen(node: Node, what: tuple[str, ...], which: Filter) -> list[quarantine.Quarantined]:
    if not what and which == Filter():
        raise click.UsageError(_("name records, or choose some by --node, --rule or --field"))
    return quarantine.chosen(node, what, which)


def _report(context: Context, word: str, done: Done, left: str) -> int:
    """Report what was decided; what could not be decided on makes the command end with 1."""
    context.say(_("{word}: {count} records.").format(word=_(word), count=len(done.chosen)))
    if done.skipped:
        names = ", ".join(quarantine.name(one) for one in done.skipped[:_FEW])
        context.warn(left.format(count=len(done.skipped), names=names))
    context.emit(
        {
            "decision": word,
            "records": [quarantine.name(one) for one in done.chosen],
            "left": [quarantine.name(one) for one in done.skipped],
        }
    )
    return frame.REFUSED if done.skipped else frame.DONE


def _release(group: frame.Group) -> None:
    @group.command(
        "release",
        help=N_(
            "Let records count although a rule refuses them; it is kept in the log who did so, and why.\n\n"
            "Example: quarantine release gz/scut#12 --reason 已核对受理通知书"
        ),
    )
    @_what
    @_filters
    @click.option("--reason", required=True, help=N_("Why; it is kept with the decision."))
    @passed
    def command(context: Context, what: tuple[str, ...], node: str, rule: str, field: str, reason: str) -> int:
        here, who = _deciding(context)
        done = quarantine.release(here, _chosen(here, what, Filter(node, rule, field)), who, reason)
        return _report(context, "release", done, _("{count} cannot be released: {names}"))


def _keep(group: frame.Group) -> None:
    @group.command(
        "keep",
        help=N_(
            "Keep a record out although no rule refuses it.\n\n"
            "Example: quarantine keep 201710601862.3 --node gz/scut --reason 冒用他人专利"
        ),
    )
    @click.argument("what")
    @click.option("--node", default="", help=N_("Whose statement, where several nodes state the record."))
    @click.option("--reason", required=True, help=N_("Why; it is kept with the decision."))
    @passed
    def command(context: Context, what: str, node: str, reason: str) -> None:
        here, who = _deciding(context)
        entry = quarantine.keep(here, what, node, who, reason)
        context.say(_("Kept out: {entry}").format(entry=entry))
        context.emit({"decision": "keep", "records": [entry], "left": []})


def _forward(group: frame.Group) -> None:
    @group.command(
        "forward",
        help=N_(
            "Tell the outlet of records once more, with a note of yours; it arrives with the next verdict.\n\n"
            "Example: quarantine forward --node gz/scut --rule APPNO_CHECK --note 请核对受理通知书"
        ),
    )
    @_what
    @_filters
    @click.option("--note", required=True, help=N_("What the outlet should know."))
    @passed
    def command(context: Context, what: tuple[str, ...], node: str, rule: str, field: str, note: str) -> int:
        here, who = _deciding(context)
        done = quarantine.forward(here, _chosen(here, what, Filter(node, rule, field)), who, note)
        return _report(context, "forward", done, "")


def _retry(group: frame.Group) -> None:
    @group.command(
        "retry",
        help=N_("Judge records again now, by today's rules.\n\nExample: quarantine retry --rule UNKNOWN_KIND"),
    )
    @_what
    @_filters
    @passed
    def command(context: Context, what: tuple[str, ...], node: str, rule: str, field: str) -> int:
        here, who = _deciding(context)
        done = quarantine.retry(here, _chosen(here, what, Filter(node, rule, field)), who)
        return _report(context, "retry", done, _("{count} are still quarantined: {names}"))
