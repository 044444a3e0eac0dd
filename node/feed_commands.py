"""The commands of feeds, which hub and substation have: `feed add`, `feed import`, `feed rotate`, `feed list`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from node import cataloguing, commands, feeds, frame, holding, intake, keyfiles, returned, rotating
from node.errors import NodeError
from node.feeds import Terms
from node.frame import passed
from node.messages import N_, _
from node.node import Node
from node.report import Context
from node.settings import REDISTRIBUTE
from records.errors import UnreadableFile
from sync.errors import SyncError


def feed(top: frame.Group) -> None:
    """Add `feed`: an office's data in a log of its own below this node."""

    @top.group(
        "feed",
        help=N_(
            "Feeds: an office's data, imported like files, in a log of its own below this node.\n\n"
            "Example: feed add cnipa --name 国家知识产权局\nExample: feed import cnipa 公报.xlsx"
        ),
    )
    def found() -> None:
        pass

    _add(found)
    _import(found)
    _rotate(found)
    _list(found)


def _add(group: Any) -> None:
    @group.command(
        "add",
        help=N_(
            "Make a feed, or give one another name or other terms. `serve` must be running. After a crash, the same "
            "command finishes it.\n\n"
            "Example: feed add cnipa --name 国家知识产权局 --terms 不得原样再传播 --redistribute derived"
        ),
    )
    @click.argument("feed")
    @click.option("--name", required=True, help=N_("Name of the source, as people will see it."))
    @click.option("--terms", default="", help=N_("The terms of the source, for records that state none."))
    @click.option(
        "--redistribute",
        type=click.Choice(REDISTRIBUTE),
        default="yes",
        show_default=True,
        help=N_("Whether the source lets its data be passed on: yes, no, or derived data only."),
    )
    @passed
    def command(context: Context, feed: str, name: str, terms: str, redistribute: str) -> None:
        node = commands.opened(context)
        made = feeds.add(node, feed, name, Terms(terms, redistribute))
        context.say(_("The feed {feed} is ready as {origin}.").format(feed=feed, origin=made.origin))
        _called(context, node, made)
        (row,) = [one for one in feeds.listed(node) if one["feed"] == feed]
        context.emit(row)


def _import(group: Any) -> None:
    @group.command(
        "import",
        help=N_(
            "Import files into a feed, like an outlet's, and bring them to this node. Records that state no terms "
            "carry those of the feed.\n\nExample: feed import cnipa 公报.xlsx 专利.xml"
        ),
    )
    @click.argument("feed")
    @click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
    @passed
    def command(context: Context, feed: str, files: tuple[Path, ...]) -> int:
        node = commands.opened(context)
        found, person = feeds.find(node, feed), commands.person(context)
        answers = [_taken(context, node, found, path, person) for path in files]
        brought = _called(context, node, found)
        context.emit({"feed": feed, "brought": brought, "files": answers})
        is_left = any("error" in one or one["refused"] or one["held"] for one in answers)
        return frame.REFUSED if is_left else frame.DONE


def _taken(context: Context, node: Node, feed: Node, path: Path, person: str) -> dict[str, Any]:
    """Take one file in and say what became of it; a file that is refused as a whole stops no other."""
    try:
        file = feeds.open_file(feed, path, cataloguing.known_kinds(node))
        with context.progress(_("rows read"), None) as advance:
            done = intake.take(feed, file, person, progress=advance)
    except (UnreadableFile, OSError) as error:
        said = frame.sentence(error, context)
        context.warn(f"{path.name}: {said}")
        return {"file": path.name, "error": type(error).__name__, "message": said}
    context.say(
        _("{file}: {rows} rows, {sealed} sealed, {unchanged} unchanged, {refused} refused.").format(
            file=path.name, rows=done.rows, sealed=done.sealed, unchanged=done.unchanged, refused=done.refused
        )
    )
    if done.held:
        context.warn(
            _("{held} changes wait for a person under the number {number}: `holds show {number}`.").format(
                held=done.held, number=holding.named(feed, done.hold)
            )
        )
    name = f"feed-{feed.origin.rpartition('/')[2]}-{done.number}.xlsx"
    written = returned.write(feed, done, file, node.home.outbox / name, context.language)
    if written:
        context.say(_("The rows with their verdicts, to be mended and imported again: {path}").format(path=written))
    return {
        "file": path.name,
        "number": done.number,
        "rows": done.rows,
        "blank": done.blank,
        "records": done.records,
        "sealed": done.sealed,
        "unchanged": done.unchanged,
        "held": done.held,
        "hold": holding.named(feed, done.hold) if done.held else None,
        "refused": done.refused,
        "findings": dict(done.findings),
        "result_file": str(written) if written else None,
    }


def _called(context: Context, node: Node, feed: Node) -> bool:
    """Bring what the feed holds to this node now, or say that `serve` will; tell whether it was brought."""
    try:
        feeds.sync(node, feed)
    except (SyncError, NodeError) as error:
        context.warn(frame.sentence(error, context))
        context.say(_("What the feed holds is brought in the next night in which `serve` is running."))
        return False
    return True


def _rotate(group: Any) -> None:
    @group.command(
        "rotate",
        help=N_(
            "Replace the log, mirror or hpke keys of a feed; `serve` must be running. What the old ones signed stays "
            "proved. After a crash, the same command finishes it.\n\nExample: feed rotate cnipa log"
        ),
    )
    @click.argument("feed")
    @click.argument("kind", type=click.Choice(tuple(keyfiles.KINDS)))
    @passed
    def command(context: Context, feed: str, kind: str) -> None:
        node = commands.opened(context)
        found = feeds.find(node, feed)
        found = replace(found, settings=replace(found.settings, parents=(feeds.parent(node),)))
        commands.acting_on(context, node, "feed rotate", f"{found.origin} {kind}")
        rotating.rotate(found, [kind], lambda _parent: feeds.sync(node, found))
        context.say(_("The feed {feed} has new {kind} keys.").format(feed=feed, kind=kind))
        brought = _called(context, node, feeds.find(node, feed))
        generation = keyfiles.generations(found.home)[kind]
        context.emit({"feed": feed, "rotated": kind, "generation": generation, "brought": brought})


def _list(group: Any) -> None:
    @group.command(
        "list", help=N_("List the feeds: entries, how many are held here, terms of the source.\n\nExample: feed list")
    )
    @passed
    def command(context: Context) -> None:
        columns = [
            ("feed", _("feed")),
            ("name", _("name")),
            ("state", _("status")),
            ("entries", _("entries")),
            ("held", _("held here")),
            ("received", _("last receipt")),
            ("terms", _("terms")),
            ("redistribute", _("passed on")),
        ]
        rows = feeds.listed(commands.opened(context))
        if not context.json:
            rows = [{**row, "received": commands.moment(row["received"]), "state": _(row["state"])} for row in rows]
        context.table(rows, columns)


_WORDS = (N_("unfinished"), N_("active"), N_("suspended"), N_("revoked"))
