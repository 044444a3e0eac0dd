"""Commands of mappings: what the columns of a table are taken for, proposed, corrected, and kept under a name."""

from pathlib import Path

import click

from node import commands, frame, mappings, rehearsal, templates
from node.frame import passed
from node.mapping_book import SavedMapping
from node.messages import N_, _
from node.report import Context
from outlet import trial


def add(top: frame.Group) -> None:
    """Add `mapping` with its commands."""

    text = N_("What the columns of a table are taken for.\n\nExample: mapping propose 商标.csv")
    group = frame.Group("mapping", help=text)
    top.add_command(group)
    _propose(group)
    _list(group)
    _show(group)
    _set(group)
    _remove(group)


def _propose(group: frame.Group) -> None:
    @group.command(
        "propose",
        help=N_(
            "Say what the columns of a file seem to be, with its first rows; --save keeps it under a name, to be "
            "corrected with `mapping set`.\n\nExample: mapping propose 商标.csv --kind trademark --save 商标处"
        ),
    )
    @click.argument("file", type=click.Path(path_type=Path))
    @click.option("--kind", default="", help=N_("All rows are of this kind: patent_invention, trademark …"))
    @click.option("--save", default="", help=N_("Keep it under this name."))
    @passed
    def command(context: Context, file: Path, kind: str, save: str) -> None:
        known = templates.known_here(context)
        known = mappings.only(known, kind) if kind else known
        opened = mappings.propose(file, known)
        if save:
            node = commands.opened(context)
            assert opened.columns is not None
            mappings.save(node, save, opened.columns, commands.person(context))
        found = rehearsal.first_rows(opened)
        for line in () if context.json else trial.proposal(found, context.language):
            context.say(line)
        answer = found.as_dict()
        context.emit({name: answer[name] for name in ("file", "format", "encoding", "layout", "mapping", "sample")})


def _list(group: frame.Group) -> None:
    @group.command("list", help=N_("List the mappings that were saved.\n\nExample: mapping list"))
    @passed
    def command(context: Context) -> None:
        rows = [
            {
                "name": one.name,
                "kind": one.body["kind"] or None,
                "columns": sum(bool(column["path"]) for column in one.body["columns"]),
                "person": one.person,
                "saved_at": one.saved_at if context.json else commands.moment(one.saved_at),
            }
            for one in commands.opened(context).notebook.mappings()
        ]
        titles = [("name", _("name")), ("kind", _("kind")), ("columns", _("columns read")), ("person", _("by"))]
        context.table(rows, [*titles, ("saved_at", _("saved"))])


def _show(group: frame.Group) -> None:
    @group.command("show", help=N_("Show what a mapping reads from where.\n\nExample: mapping show 商标处"))
    @click.argument("name")
    @passed
    def command(context: Context, name: str) -> None:
        _say(context, commands.opened(context).notebook.mapping(name))


def _set(group: frame.Group) -> None:
    @group.command(
        "set",
        help=N_(
            "Correct a mapping: COLUMN is a heading or a number from 1, FIELD a field's name or title; nothing after "
            "the equals sign means that the column is not read.\n\nExample: mapping set 商标处 sql=filing_date 3="
        ),
    )
    @click.argument("name")
    @click.argument("given", nargs=-1, metavar="COLUMN=FIELD...")
    @click.option("--kind", help=N_("All rows are of this kind; empty: each row tells its own."))
    @passed
    def command(context: Context, name: str, given: tuple[str, ...], kind: str | None) -> None:
        if not given and kind is None:
            raise click.UsageError(_("nothing to change: name COLUMN=FIELD or --kind"))
        pairs = dict(_pair(one) for one in given)
        node = commands.opened(context)
        saved = node.notebook.mapping(name)
        found = mappings.changed(saved, pairs, kind, templates.known_here(context))
        mappings.save(node, name, found, commands.person(context))
        _say(context, node.notebook.mapping(name))


def _remove(group: frame.Group) -> None:
    @group.command("remove", help=N_("Forget a mapping.\n\nExample: mapping remove 商标处"))
    @click.argument("name")
    @passed
    def command(context: Context, name: str) -> None:
        commands.opened(context).notebook.remove_mapping(name)
        context.say(_("The mapping {name} is removed.").format(name=name))
        context.emit({"removed": name})


def _pair(text: str) -> tuple[str, str]:
    column, equals, field = text.rpartition("=")
    if not equals or not column:
        raise click.UsageError(_("write COLUMN=FIELD, not {text}").format(text=text))
    return column.strip(), field.strip()


def _say(context: Context, saved: SavedMapping) -> None:
    found = mappings.as_columns(saved.name, mappings.of(saved))
    for line in () if context.json else trial.column_lines(found, context.language, templates.known_here(context)):
        context.say(line)
    context.emit({**found, "person": saved.person, "saved_at": saved.saved_at})
