"""The command `explain`: which parts of a record a node may see, by what right or why not, and who holds them."""

from dataclasses import asdict, dataclass
from typing import Any

import click

from node import commands, entries, frame, located
from node.errors import NodeError
from node.frame import passed
from node.messages import N_, _
from node.node import Node, Opened
from node.report import Context
from sync import erasing
from sync.erasing import Tombstone
from sync.rights import Right, Rights
from sync.store import Log

NOT_GRANTED = "not-granted"
NOT_ACTIVE = "not-active"
WHY = {
    "owner": N_("{reader} filed it"),
    "everybody": N_("every active node may see it"),
    "alliance": N_("{reader} is of that alliance"),
    "reader": N_("it is sealed for {reader}"),
    "relay": N_("it is sealed for another node, and goes there by way of {reader}, which cannot open it"),
    "hub": N_("{reader} is the hub"),
    "home": N_("{reader} is the home that {owner} began with"),
    "granted": N_("{owner} has granted it to {reader}"),
    "came-later": N_("{reader} came above {owner} later and was granted nothing of it: `grant` at {owner} does that"),
    NOT_GRANTED: N_("what {owner} has granted to {reader} does not reach to this entry"),
    "not-above": N_("{reader} is not above {owner}"),
    "not-of-the-alliance": N_("{reader} is not of that alliance, and {owner} has not granted it"),
    "sealed": N_("it is sealed for another node, and does not go there by way of {reader}"),
    "unknown": N_("this program does not know that audience"),
    NOT_ACTIVE: N_("{reader} is suspended or shut out, so nothing goes there now"),
}
_STATES = {"held": N_("held here"), "wanted": N_("awaited here"), "withheld": N_("withheld here")}


class NotKnown(NodeError):
    """A node that is not registered as far as this one knows: (reader,)."""

    facts = ("reader",)
    sentence = N_("This node knows no node {reader}. Check the name, or ask at the hub, which knows all.")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a record, and what a reader may see of it.

    `state` is held, wanted, withheld or erased (entries.py): how this node has it. `holders` have it as far as known
    here: by their receipt and their right. `ground` and `forgotten_by` are of a part that was erased.
    """

    origin: str
    index: int
    part: int
    audience: str
    may_see: bool
    why: str
    state: str
    holders: tuple[str, ...]
    ground: str = ""
    forgotten_by: tuple[str, ...] = ()


def explain(node: Node, text: str, reader: str) -> list[Part]:
    """Return the parts of all versions of a record, also those that are not held; raise NoSuchRecord, NotKnown."""
    places = located.entries_of(node, text)
    with node.opened() as here:
        known = here.registry.find(reader)
        if known is None:
            raise NotKnown(reader)
        explaining = _Explaining(here, reader, known.node.status == "active")
        return [part for origin, index in places for part in explaining.entry(origin, index)]


class _Explaining:
    def __init__(self, here: Opened, reader: str, active: bool):
        self.here, self.store, self.registry = here, here.store, here.registry
        self.me, self.reader, self.active = here.node.origin, reader, active
        self.rights = Rights(here.store, here.registry)

    def entry(self, origin: str, index: int) -> list[Part]:
        log = self.store.log(origin)
        if log is None:
            return []
        return [self._part(log, index, one) for one in entries.parts(self.here, log, index)]

    def _part(self, log: Log, index: int, one: entries.Part) -> Part:
        may_see, why = self._right(one.audience, log.origin, index)
        gone = erasing.find(self.store, log, index, one.part)
        forgotten = self._forgotten(log, gone) if gone else ()
        everybody = self._holders(log, one.audience, index, one.state == entries.HELD)
        holders = tuple(name for name in everybody if name not in forgotten)
        place = (log.origin, index, one.part, one.audience)
        return Part(*place, may_see, why, one.state, holders, one.ground, forgotten)

    def _right(self, audience: str, owner: str, index: int) -> tuple[bool, str]:
        right: Right = self.rights.right(audience, owner, self.reader)
        if right.covers(index):
            return (True, right.why) if self.active else (False, NOT_ACTIVE)
        return False, NOT_GRANTED if right.spans else right.why

    def _holders(self, log: Log, audience: str, index: int, held: bool) -> list[str]:
        """The owner, and who gave a receipt that covers the entry and may see the part; of this node what is so."""
        signers = {one.signer for one in self.store.receipts(log, index + 1)} | {log.origin}
        found = {one for one in signers if self.rights.may_see(audience, log.origin, one, index)} - {self.me}
        return sorted(found | ({self.me} if held else set()))

    def _forgotten(self, log: Log, gone: Tombstone) -> tuple[str, ...]:
        """Who states that it has forgotten a part; this node, too, once nothing here knows it any more."""
        rows = self.store.db.execute(
            "select distinct log.origin from control join log on log.id = control.log "
            "where about = ? and what = 'erased'",
            (log.origin,),
        ).fetchall()
        said = {origin for (origin,) in rows if erasing.stated_by(self.store, origin, gone) is not None}
        return tuple(sorted(said | ({self.me} if gone.cleared else set())))


def add(top: frame.Group) -> None:
    """Add `explain`."""

    @top.command(
        "explain",
        help=N_(
            "Say of each part of a record, in all versions that are known here, whether a node may see it, why or why "
            "not, and who holds it.\n\n"
            "Example: explain 201710601862.3 --for ip.gd.example/led\n"
            "Example: explain ip.gd.example/gz/scut#7 --for ip.gd.example"
        ),
    )
    @click.argument("record")
    @click.option("--for", "reader", required=True, metavar="NODE", help=N_("Whose right is asked about."))
    @passed
    def command(context: Context, record: str, reader: str) -> None:
        found = explain(commands.opened(context), record, reader)
        rows: list[dict[str, Any]] = [asdict(one) | {"sentence": sentence(one, reader)} for one in found]
        context.emit({"record": record, "for": reader, "parts": rows})
        if not context.json:
            for one in found:
                context.say(line(one, reader))


def sentence(part: Part, reader: str) -> str:
    """Return by what right the reader may see a part, or why not."""
    why = _(WHY[part.why]).format(reader=reader, owner=part.origin)
    return (_("may be seen: {why}.") if part.may_see else _("may not be seen: {why}.")).format(why=why)


def line(part: Part, reader: str) -> str:
    """Return all that is known of a part, for people."""
    place = f"{part.origin}#{part.index}.{part.part}  {part.audience}"
    if part.state == "erased":
        state = _("erased ({ground}), forgotten by {names}").format(
            ground=_(part.ground) if part.ground else "?", names=", ".join(part.forgotten_by) or "-"
        )
    else:
        state = _(_STATES[part.state])
    known = _("held by {names} as far as known here").format(names=", ".join(part.holders) or "-")
    return f"{place}  {sentence(part, reader)} {state}; {known}"
