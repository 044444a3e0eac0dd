"""banyan-outlet: the node of an enterprise, a university or an institute. Parses, calls, reports."""

from pathlib import Path
from typing import Any

import click

from node import amendments, cataloguing, commands, exporting, frame, intake, lookups, relay, templates
from node.frame import passed
from node.messages import N_, _
from node.node import Node
from node.report import Context
from node.submission_book import Submission
from outlet import filing

top = frame.group("banyan-outlet", N_("An outlet: files an organisation's records, and searches the federation."))

commands.join(top, listens=False)
commands.serve(top)
commands.sync(top)
lookups.show_here(top)
lookups.history(top)
lookups.evidence(top)
exporting.export(top, own=True)
templates.template(top)
commands.status(top)
commands.rebuild(top)


@top.command(
    "import",
    help=N_(
        "Import a file (XLS, XLSX or CSV with the headings of the CNIPA search export), or undo an import.\n\n"
        "Example: import 专利.xls\nExample: import undo 3"
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("number", type=int, required=False)
@click.option("--audience", help=N_("Who may see these records: path, federation, public, alliance:ID."))
@click.option("--confirm-wider", is_flag=True, help=N_("Yes, more people than by default may see them."))
@click.option("--clear-empty", is_flag=True, help=N_("An empty cell clears its field; otherwise it changes nothing."))
@passed
def take_in(
    context: Context,
    file: Path,
    number: int | None,
    audience: str | None,
    confirm_wider: bool,
    clear_empty: bool,
) -> int:
    node, who = commands.opened(context), commands.person(context)
    if number is not None:
        if str(file) != "undo":
            raise click.UsageError(_("only `import undo NUMBER` takes a number"))
        return _report(context, node, amendments.undo(node, number, who))
    choice = intake.Choice(audience, clear_empty, confirm_wider)
    with context.progress(_("rows read"), None) as advance:
        done = intake.take_file(node, file, who, choice, advance)
    return _report(context, node, done)


def _report(context: Context, node: Node, done: Submission) -> int:
    """Report a submission; refused rows are listed in a file, and make the command end with 1."""
    listed = filing.write_findings(node, done)
    context.say(
        _("Submission {number}: {rows} rows, {sealed} sealed, {unchanged} unchanged, {refused} refused.").format(
            number=done.number, rows=done.rows, sealed=done.sealed, unchanged=done.unchanged, refused=done.refused
        )
    )
    if listed:
        context.say(_("What was found, row by row: {path}").format(path=listed))
    context.emit({**filing.as_dict(done), "findings_file": str(listed) if listed else None})
    return frame.REFUSED if done.refused else frame.DONE


def _key(node: Node, text: str) -> str:
    known = lookups.find_key(node, text)
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
    return _report(context, node, amendments.withdraw(node, _key(node, key), reason, commands.person(context)))


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
    fields = filing.fields_given(found.partition(":")[0], given)
    return _report(context, node, amendments.correct(node, found, fields, commands.person(context)))


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
    rows = [filing.receipt(node, one) for one in filing.submissions(node, number)]
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
        ("hash", _("hash")),
    ]
    context.table(shown, columns)


def main() -> None:
    """Run banyan-outlet."""
    frame.main(top)
