"""banyan-outlet: the node of an enterprise, a university or an institute. Parses, calls, reports."""

from typing import Any

import click

from node import (
    alarm_commands,
    amendments,
    asking_commands,
    carry_commands,
    cataloguing,
    check_commands,
    commands,
    daily_commands,
    doctoring,
    erasure_commands,
    explaining,
    export_commands,
    fork_commands,
    frame,
    grants,
    hold_commands,
    key_commands,
    kinds,
    lookups,
    reconcile_commands,
    recovery_commands,
    relay,
    templates,
    told,
)
from node.frame import passed
from node.messages import N_, _
from node.node import Node
from node.report import Context
from outlet import filing, importing, mapping, source, stages, verdicts

top = frame.group("banyan-outlet", N_("An outlet: files an organisation's records, and searches the federation."))

asking_commands.join(top, listens=False)
asking_commands.request(top, ("outlet",), listens=False)
asking_commands.leave(top)
daily_commands.serve(top)
daily_commands.sync(top)
lookups.show_here(top, stages.staged)
verdicts.add(top)
lookups.history(top)
lookups.evidence(top)
export_commands.export(top, own=True)
templates.template(top)
kinds.kind(top)
daily_commands.status(top)
key_commands.add(top)
fork_commands.add(top)
erasure_commands.add(top)
explaining.add(top)
grants.add(top)
reconcile_commands.add(top)
hold_commands.add(top)
alarm_commands.add(top)
daily_commands.audit(top)
doctoring.add(top)
daily_commands.rebuild(top)
recovery_commands.add(top)
check_commands.add(top)
carry_commands.add(top)
importing.add(top)
mapping.add(top)
source.add(top)


def _key(node: Node, text: str) -> str:
    known = lookups.find_key(node, text) or stages.kept_key(node, text)
    if known is None:
        raise lookups.NoSuchRecord(text)
    return known


@top.command(
    "withdraw",
    help=N_("Withdraw a record that this node filed.\n\nExample: withdraw 201710601862.3 --reason 重复登记"),
)
@click.argument("key")
@click.option("--reason", required=True, help=N_("Why; it is kept with the withdrawal."))
@passed
def withdraw(context: Context, key: str, reason: str) -> int:
    node = commands.opened(context)
    cataloguing.apply_own(node)
    return importing.report(context, node, amendments.withdraw(node, _key(node, key), reason, commands.person(context)))


@top.command(
    "correct",
    help=N_(
        "Replace fields of a record that this node filed; an empty value clears the field.\n\n"
        "Example: correct 201710601862.3 --set title=一种散热灯具 --set inventors=张三;李四"
    ),
)
@click.argument("key")
@click.option("--set", "given", multiple=True, required=True, metavar="FIELD=VALUE", help=N_("The new value."))
@passed
def correct(context: Context, key: str, given: tuple[str, ...]) -> int:
    node = commands.opened(context)
    cataloguing.apply_own(node)
    found = _key(node, key)
    fields = filing.fields_given(found.partition(":")[0], given, cataloguing.known_kinds(node))
    return importing.report(context, node, amendments.correct(node, found, fields, commands.person(context)))


@top.command(
    "search",
    help=N_(
        "Search the own records, the parent's catalogue, or the whole province's through it.\n\n"
        "Example: search 照明 --scope province"
    ),
)
@click.option(
    "--scope",
    type=click.Choice(["own", "city", "province"]),
    default="province",
    show_default=True,
    help=N_("Where: in the own catalogue (needs no line), in the parent's, or in the whole province's."),
)
@lookups.query_options
@passed
def search(context: Context, scope: str, words: tuple[str, ...], **given: Any) -> None:
    node = commands.opened(context)
    if scope == "own":
        cataloguing.apply(node)
        lookups.find_here(context, node, words, given)
        return
    answer = relay.find(node, scope, lookups.query(words, given))
    lookups.show_hits(context, answer.total, answer.hits, answer.next)
    if not answer.total and not context.json:
        context.say(_("Records that are not published are found with --scope own."))


@top.command(
    "receipts",
    help=N_(
        "List submissions: when, how many rows, which tiers have them; with a number, one of them.\n\n"
        "Example: receipts\nExample: receipts 3 --page"
    ),
)
@click.argument("number", type=int, required=False)
@click.option("--page", is_flag=True, help=N_("Write a page in Chinese for the files, to be printed."))
@passed
def receipts(context: Context, number: int | None, page: bool) -> None:
    node = commands.opened(context)
    above = told.Stages(node, told.tiers(node))
    rows = [filing.receipt(node, one, above) for one in filing.submissions(node, number)]
    if page:
        if number is None:
            raise click.UsageError(_("--page needs the number of a submission"))
        path = filing.write_page(node, rows[0])
        context.say(_("Page written: {path}").format(path=path))
        rows[0]["page"] = str(path)
    shown = rows if context.json else [filing.readable(row) for row in rows]
    columns = [
        ("number", _("number")),
        ("time", _("time")),
        ("files", _("file")),
        ("state", _("status")),
        ("rows", _("rows")),
        ("sealed", _("sealed")),
        ("unchanged", _("unchanged")),
        ("refused", _("refused")),
        ("tiers", _("reached")),
        ("stages", _("stage")),
        ("hash", _("hash")),
    ]
    context.table(shown, columns)
    for row in () if context.json else rows:
        if row["held"]:
            context.say(_("Submission {number}:").format(number=row["number"]) + " " + filing.hold_line(row))


def main() -> None:
    """Run banyan-outlet."""
    frame.main(top)
