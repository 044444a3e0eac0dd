"""Commands of surviving: `backup`, `restore`, `recover`. Each program has all three."""

from dataclasses import asdict
from pathlib import Path

import click

from node import backup, commands, frame, recovering, restoring
from node.frame import passed
from node.home import Home
from node.messages import N_, _
from node.report import Context


def add(top: frame.Group) -> None:
    """Add the three commands to a program."""
    _backup(top)
    _restore(top)
    _recover(top)


def _backup(top: frame.Group) -> None:
    @top.command(
        "backup",
        help=N_(
            "Copy this node's data into a new directory, while it serves: everything but the keys, head.lock and the "
            "catalogue. Keep the keys in a backup of their own.\n\nExample: backup /mnt/disk/banyan-2026-11-24"
        ),
    )
    @click.argument("to", type=click.Path(path_type=Path))
    @passed
    def command(context: Context, to: Path) -> None:
        node = commands.opened(context)
        with context.progress(_("bytes copied"), backup.size(node.home)) as advance:
            made = backup.write(node.home, node.origin, node.settings.role, node.federation.id, to, advance)
        context.say(
            _("Backup of {origin} in {path}: {count} files, {mb} MB, read back and compared.").format(
                origin=made.origin, path=to, count=len(made.files), mb=made.total >> 20
            )
        )
        context.say(
            _("The keys are not in it: copy the directory {keys} to a safe place of its own.").format(
                keys=node.home.keys
            )
        )
        context.emit(
            {
                "origin": made.origin,
                "path": str(to),
                "files": len(made.files),
                "bytes": made.total,
                "made_at": made.made_at,
            }
        )


def _restore(top: frame.Group) -> None:
    @top.command(
        "restore",
        help=N_(
            "Put a backup in the place of this home's data, or into an empty home; stop `serve` first. Nothing is "
            "signed before the node is recovered, which the next `sync` does by itself.\n\n"
            "Example: restore /mnt/disk/banyan-2026-11-24"
        ),
    )
    @click.argument("where", type=click.Path(path_type=Path, exists=True, file_okay=False))
    @passed
    def command(context: Context, where: Path) -> None:
        home = Home(context.home_path.absolute())
        commands.check_program(context, *_whose(where))
        with context.progress(_("bytes read"), backup.read(where).total) as advance:
            made = restoring.restore(home, where, advance)
        context.say(
            _("Restored {origin} as it was at {when}.").format(origin=made.origin, when=commands.moment(made.made_at))
        )
        has_keys = restoring.has_keys(home, made.origin)
        if not has_keys:
            context.say(_("Its keys are not here: copy them from their own backup to {keys}.").format(keys=home.keys))
        if made.role == "hub":
            context.say(_("Run `serve`: it signs again once half of the substations have called."))
        else:
            context.say(_("Run `recover`, or `sync`: every parent is asked what was signed since."))
        context.emit({"origin": made.origin, "made_at": made.made_at, "files": len(made.files), "keys": has_keys})


def _whose(where: Path) -> tuple[str, str]:
    made = backup.read(where)
    return made.origin, made.role


def _recover(top: frame.Group) -> None:
    @top.command(
        "recover",
        help=N_(
            "Get the own log back from the parents, after a restore or where head.lock and log.db disagree. Every "
            "parent must answer; one that never will again can be waived by name, which is logged.\n\n"
            "Example: recover\nExample: recover --waive ip.gd.example/led"
        ),
    )
    @click.option("--waive", multiple=True, metavar="PARENT", help=N_("Do not wait for this parent's answer."))
    @passed
    def command(context: Context, waive: tuple[str, ...]) -> None:
        node = commands.opened(context)
        found = recovering.recover(node, waive, progress=commands.shown_progress(context))
        by = commands.acting_on(context, node, "recover", " ".join(waive))
        recovering.note_waived(node, waive, by)
        text = _(
            "Recovered: {size} entries signed, {entries} of them fetched, with {parts} parts. Queued entries added "
            "again behind them: {added_again}. Entries of nodes below fetched: {mirrored}."
        )
        context.say(text.format(**asdict(found)))
        context.emit({**asdict(found), "waived": list(found.waived)})
