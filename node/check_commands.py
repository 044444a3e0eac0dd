"""`fsck`: everything that a node holds checked against what was signed, and mended."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click

from node import checking, commands, frame, nightly
from node.checking import Aside, Checked
from node.frame import passed
from node.messages import N_, _
from node.naming import whole_origin
from node.node import Node
from node.report import Context
from sync import damage
from sync.damage import Damage
from sync.rows import Slice

_FEW = 20
_CURES = {
    damage.ENTRIES: N_("Another node must bring it: it is asked for in every session, up and down."),
    damage.PART: N_("Another node must bring it: it is asked for in every session, up and down."),
    damage.LOCK: N_("This node signs nothing that disagrees with it. Run `recover`."),
    damage.DATABASE: N_("SQLite cannot read the file. Stop the node, `restore` the newest backup, then `recover`."),
    damage.CATALOGUE: N_("Run `rebuild`: it makes the catalogue again from the logs."),
}
_ELSE = N_("It could not be mended here; run `fsck` again after the next session.")


class SliceType(click.ParamType):
    """N/M, the N-th of M parts."""

    name = "N/M"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Slice:
        if isinstance(value, Slice):
            return value
        number, _slash, of = str(value).partition("/")
        if not (number.isascii() and number.isdigit() and of.isascii() and of.isdigit() and len(of) < 5):
            self.fail(_("{value} is no slice; write 3/30 for the third of thirty.").format(value=value), param, ctx)
        if not 1 <= int(number) <= int(of):
            self.fail(_("{value} is no slice; write 3/30 for the third of thirty.").format(value=value), param, ctx)
        return Slice(int(number), int(of))


def add(top: frame.Group) -> None:
    """Add `fsck`."""

    @top.command(
        "fsck",
        help=N_(
            "Check everything that this node holds: entries, hashes, parts, heads, receipts and head.lock against what "
            "was signed, the catalogue against the logs. What is damaged is mended from what is whole here, or from "
            "another node. A thirtieth is checked every night by itself. Ends with 1 where anything was damaged.\n\n"
            "Example: fsck\n"
            "Example: fsck --origin gz/scut --dry-run\n"
            "Example: fsck --slice 3/30"
        ),
    )
    @click.option("--origin", default="", help=N_("Check only the log of this node."))
    @click.option("--slice", "which", type=SliceType(), default="1/1", help=N_("Check only a part: 3/30."))
    @click.option("--full", is_flag=True, help=N_("Check everything, as without any option."))
    @click.option("--dry-run", is_flag=True, help=N_("Only look: mend nothing and call nobody."))
    @passed
    def command(context: Context, origin: str, which: Slice, full: bool, dry_run: bool) -> int:
        node = commands.opened(context)
        about = whole_origin(node, origin) if origin else ""
        found = _check(context, node, about, Slice() if full else which, not dry_run)
        if not dry_run and node.settings.parents and any(_is_elsewhere(one) for one in found.waiting):
            found.waiting = _fetched(context, node, found)
        _report(context, found)
        return frame.REFUSED if found.found or found.waiting else frame.DONE


def _check(context: Context, node: Node, origin: str, which: Slice, mend: bool) -> Checked:
    with context.progress(_("rows checked"), None) as advance:
        return checking.check(node, origin, which, mend, _by_steps(advance))


def _by_steps(advance: Callable[[int], None]) -> checking.Progress:
    last: dict[str, int] = {}

    def progress(origin: str, done: int, _total: int) -> None:
        advance(max(0, done - last.get(origin, 0)))
        last[origin] = done

    return progress


def _is_elsewhere(one: Damage) -> bool:
    return one.what in (damage.ENTRIES, damage.PART)


def _fetched(context: Context, node: Node, found: Checked) -> list[Damage]:
    """Call the parents, who may hold what is damaged here; return what is damaged still."""
    context.say(_("Asking the nodes above for what is damaged here …"))
    night = nightly.run(node)
    for parent, error in night.failures.items():
        context.warn(f"{parent}: {frame.sentence(error, context)}")
    return checking.left(node, {one.origin for one in found.waiting})


def _report(context: Context, found: Checked) -> None:
    context.say(
        _("{entries} entries checked: {found} damaged places, {waiting} not mended yet.").format(
            entries=found.entries, found=len(found.found), waiting=len(found.waiting)
        )
    )
    for one in found.found[:_FEW]:
        context.say(_("DAMAGED {origin} {place}").format(origin=one.origin or "-", place=damage.said(one)))
    if len(found.found) > _FEW:
        context.say(_("… and {count} more; --json shows all.").format(count=len(found.found) - _FEW))
    for what in dict.fromkeys(one.what for one in found.waiting):
        places = [one for one in found.waiting if one.what == what]
        shown = "; ".join(f"{one.origin or '-'} {damage.said(one)}" for one in places[:3])
        cure = _(_CURES.get(what, _ELSE))
        context.say(_("NOT MENDED ({count}): {shown}. {cure}").format(count=len(places), shown=shown, cure=cure))
    for aside in found.aside:
        context.say(_aside_line(aside))
    context.emit(
        {
            "entries": found.entries,
            "found": [_row(one) for one in found.found],
            "waiting": [_row(one) for one in found.waiting],
            "aside": [asdict(one) for one in found.aside],
        }
    )


def _aside_line(one: Aside) -> str:
    if not one.submission:
        return _(
            "SET ASIDE entry {index} of this node's own log: {why}. It was damaged before anybody had signed it. "
            "What it stated must be stated again."
        ).format(index=one.index, why=one.why)
    return _(
        "SET ASIDE entry {index} of this node's own log: {why}. It was damaged before anybody had signed it. "
        "It came with import {number} ({files}); import that file again."
    ).format(index=one.index, why=one.why, number=one.submission, files=", ".join(one.files))


def _row(one: Damage) -> dict[str, Any]:
    return {
        "origin": one.origin,
        "what": one.what,
        "first": one.first,
        "last": one.last,
        "part": one.part,
        "detail": one.detail,
    }
