"""Commands of sources: repositories that are harvested by OAI-PMH, now and every night."""

from typing import Any

import click

from node import commands, frame, harvest
from node.frame import passed
from node.messages import N_, _
from node.report import Context
from node.source_book import Source
from node.spool import DUBLIN_CORE
from outlet import importing


def add(top: frame.Group) -> None:
    """Add `source` with its commands."""
    text = N_("Repositories that are harvested by OAI-PMH, every night while `serve` runs.\n\nExample: source list")
    group = frame.Group("source", help=text)
    top.add_command(group)
    _add(group)
    _list(group)
    _run(group)
    _remove(group)


def _add(group: frame.Group) -> None:
    @group.command(
        "add",
        help=N_(
            "Add a repository by its base URL. What it states of rights is filed as an import is; articles and theses "
            "are left aside.\n\nExample: source add 机构库 https://ir.example.edu.cn/oai --set patents"
        ),
    )
    @click.argument("name")
    @click.argument("url")
    @click.option(
        "--prefix",
        default=DUBLIN_CORE,
        show_default=True,
        help=N_("The metadata format: oai_dc, or one of the XML formats that files may have."),
    )
    @click.option("--set", "set_spec", default="", help=N_("Only this set of the repository; default: everything."))
    @click.option(
        "--audience", default="", help=N_("Who may see these records: path, federation, public, alliance:ID.")
    )
    @click.option("--confirm-wider", is_flag=True, help=N_("Yes, more people than by default may see them."))
    @passed
    def command(
        context: Context, name: str, url: str, prefix: str, set_spec: str, audience: str, confirm_wider: bool
    ) -> None:
        node = commands.opened(context)
        who, now = commands.person(context), int(node.clock())
        harvest.add(node, Source(name, url, prefix, set_spec, audience, who, now), confirm_wider)
        context.say(_("The source {name} is added; `source run {name}` harvests it now.").format(name=name))
        context.emit(_as_dict(node.notebook.source(name)))


def _list(group: frame.Group) -> None:
    @group.command("list", help=N_("List the sources, and how far each was harvested.\n\nExample: source list"))
    @passed
    def command(context: Context) -> None:
        rows = [_as_dict(one) for one in commands.opened(context).notebook.sources()]
        if not context.json:
            rows = [{**one, "complete_at": commands.moment(one["complete_at"])} for one in rows]
        titles = [("name", _("name")), ("url", _("address")), ("set", _("set")), ("complete_at", _("last harvest"))]
        context.table(rows, [*titles, ("error", _("trouble"))])


def _run(group: frame.Group) -> None:
    @group.command("run", help=N_("Harvest a source now.\n\nExample: source run 机构库"))
    @click.argument("name")
    @passed
    def command(context: Context, name: str) -> int:
        node = commands.opened(context)
        with context.progress(_("records fetched"), None) as advance:
            found = harvest.run(node, name, commands.person(context), progress=advance)
        context.say(
            _("{pages} pages with {records} records, {deleted} of them deleted there.").format(
                pages=found.pages, records=found.records, deleted=found.deleted
            )
        )
        facts = {"source": name, "since": found.since or None, "pages": found.pages, "deleted": found.deleted}
        if found.submission is None:
            context.emit({**facts, "fetched": found.records, "submission": None})
            return frame.DONE
        answer = importing.said(context, node, found.submission)
        context.emit({**facts, "fetched": found.records, "submission": answer})
        return frame.REFUSED if importing.is_left(answer) else frame.DONE


def _remove(group: frame.Group) -> None:
    @group.command("remove", help=N_("Forget a source; what was filed from it stays.\n\nExample: source remove 机构库"))
    @click.argument("name")
    @passed
    def command(context: Context, name: str) -> None:
        commands.opened(context).notebook.remove_source(name)
        context.say(_("The source {name} is removed.").format(name=name))
        context.emit({"removed": name})


def _as_dict(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "url": source.url,
        "prefix": source.prefix,
        "set": source.set_spec or None,
        "audience": source.audience or None,
        "added_by": source.added_by,
        "added_at": source.added_at,
        "complete_at": source.complete_at or None,
        "under_way": bool(source.began),
        "error": source.error or None,
    }
