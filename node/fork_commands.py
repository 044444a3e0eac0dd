"""The `fork` commands: logs with two heads that cannot both be true, and their evidence as files for a third party."""

from datetime import UTC, datetime
from pathlib import Path

import click

from node import frame
from node.commands import moment, opened
from node.errors import NodeError
from node.frame import passed
from node.home import write_whole
from node.messages import N_, _
from node.naming import whole_origin
from node.report import Context
from sync import fork, forks


class NoFork(NodeError):
    """No evidence of a fork of that log is held here: (origin,)."""

    facts = ("origin",)
    sentence = N_("No evidence of a fork of {origin} is held here. `fork list` names those that are.")


def add(top: frame.Group) -> None:
    """Add `fork` list and write."""
    group = frame.Group("fork", help=N_("Logs that were forked, and the evidence.\n\nExample: fork list"))
    top.add_command(group)
    _list(group)
    _write(group)


def _list(group: frame.Group) -> None:
    @group.command("list", help=N_("List the evidence of forks that is held here.\n\nExample: fork list"))
    @passed
    def command(context: Context) -> None:
        with opened(context).opened() as here:
            rows = [_row(one) for one in forks.kept(here.store)]
        if not context.json:
            rows = [{**row, "found_at": moment(int(str(row["found_at"])))} for row in rows]
        columns = [("origin", _("origin")), ("smaller", _("smaller head")), ("larger", _("larger head"))]
        columns += [
            ("common", _("differ within")),
            ("told_by", _("told by")),
            ("found_at", _("known since")),
        ]
        context.table(rows, columns)


def _row(one: forks.Kept) -> dict[str, object]:
    found = fork.decode(one.file)
    smaller, larger = found.sizes
    return {
        "origin": one.origin,
        "smaller": smaller,
        "larger": larger,
        "common": found.size,
        "told_by": one.told_by,
        "found_at": one.found_at,
        "name": one.name,
    }


def _write(group: frame.Group) -> None:
    @group.command(
        "write",
        help=N_(
            "Write the evidence of a fork, and what shows whose keys signed, as two files for `banyan-verify`.\n\n"
            "Example: fork write ip.gd.example/gz/scut --out evidence/"
        ),
    )
    @click.argument("origin")
    @click.option("--out", type=click.Path(file_okay=False, path_type=Path), help=N_("Directory; default: outbox/."))
    @passed
    def command(context: Context, origin: str, out: Path | None) -> None:
        node = opened(context)
        origin = whole_origin(node, origin)
        with node.opened() as here:
            held = forks.kept(here.store, origin)
            if not origin or not held:
                raise NoFork(origin)
            shown = forks.with_registrations(here.store, here.registry, held[0])
        folder = out or node.home.outbox
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"fork-{origin.replace('/', '_')}-{datetime.fromtimestamp(held[0].found_at, UTC):%Y%m%d}"
        paths = [(folder / f"{stem}.fork", held[0].file), (folder / f"{stem}.registrations", shown)]
        written = [path for path, content in paths if content]
        for path, content in paths:
            if content:
                write_whole(path, content, mode=0o644)
                context.say(_("Written: {path}").format(path=path))
        context.emit({"origin": origin, "files": [str(path) for path in written]})
