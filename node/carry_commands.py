"""`carry out` and `carry in`: a session by disk, for a node without a line."""

from pathlib import Path
from typing import Any

import click

from node import carrying, cataloguing, commands, erasures, frame, manifests, taking, verdicts
from node.carrying import Moved
from node.errors import NodeError
from node.frame import passed
from node.messages import N_, _
from node.naming import whole_origin
from node.node import Node
from node.report import Context


class NameOne(NodeError):
    """There are several nodes that files could be for: (origins,)."""

    facts = ("origins",)
    sentence = N_("Say for whom with --for: {origins}.")


def add(top: frame.Group) -> None:
    """Add `carry`."""

    @top.group(
        "carry",
        help=N_(
            "Bring packages, parts and receipts on a disk, where there is no line.\n\nExample: carry out /media/usb"
        ),
    )
    def carry() -> None:
        pass

    @carry.command(
        "out",
        help=N_(
            "Write files for the node above, or for one below, into a folder; carry it there, and run `carry in`. "
            "Parts are encrypted to the receiver.\n\n"
            "Example: carry out /media/usb\nExample: carry out /media/usb --for gz"
        ),
    )
    @click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
    @click.option("--for", "receiver", default="", help=N_("For which node; the parent where there is one only."))
    @click.option(
        "--max-mb",
        type=click.IntRange(1, 4000),
        default=4000,
        show_default=True,
        help=N_("No file is larger than this."),
    )
    @passed
    def out(context: Context, folder: Path, receiver: str, max_mb: int) -> int:
        node = commands.opened(context)
        name = _receiver(node, receiver)
        with context.progress(_("entries written"), None) as advance:
            done = carrying.out(node, folder, name, max_mb * 1_000_000, advance)
        context.say(
            _("{files} files for {receiver}: {entries} entries, {parts} parts, {receipts} receipts.").format(
                files=len(done.files), receiver=name, entries=done.entries, parts=done.parts, receipts=done.receipts
            )
        )
        if done.unsealed:
            text = _("No parts are in them: {receiver}'s key is not known here yet. First carry its answer back.")
            context.warn(text.format(receiver=name))
        context.emit(_shown(done))
        return frame.DONE

    @carry.command(
        "in",
        help=N_(
            "Take the files for this node from a folder. Again changes nothing. Then `carry out` gives the answer: "
            "receipts, and what comes from above.\n\nExample: carry in /media/usb"
        ),
    )
    @click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
    @passed
    def in_(context: Context, folder: Path) -> int:
        node = commands.opened(context)
        if node.settings.role in ("substation", "alliance"):  # as before a session: what is taken may have it signed
            _answer(node)
        with context.progress(_("entries taken"), None) as advance:
            done = taking.take(node, folder, advance)
        cataloguing.apply(node)
        erasures.follow_up(node)
        if node.settings.role == "hub":  # which signs when it writes
            _answer(node)
        context.say(
            _("{files} files taken: {entries} entries, {parts} parts, {receipts} receipts.").format(
                files=len(done.files), entries=done.entries, parts=done.parts, receipts=done.receipts
            )
        )
        for name, error in done.refused:
            context.warn(_("Refused in {file}: {why}").format(file=name, why=frame.sentence(error, context)))
        context.emit(_shown(done))
        return frame.REFUSED if done.refused else frame.DONE


def _receiver(node: Node, given: str) -> str:
    if given:
        return whole_origin(node, given)
    above = [one.origin for one in node.settings.parents]
    if len(above) != 1:
        with node.opened() as opened:
            raise NameOne(", ".join(above or [one.origin for one in opened.registry.children()]))
    return above[0]


def _answer(node: Node) -> None:
    """Have the own log say what becomes of what those below have brought, and how they stand."""
    verdicts.decide(node)
    manifests.state(node)


def _shown(done: Moved) -> dict[str, Any]:
    return {
        "files": done.files,
        "entries": done.entries,
        "parts": done.parts,
        "receipts": done.receipts,
        "signed": done.signed,
        "refused": [{"file": name, "why": repr(error)} for name, error in done.refused],
    }
