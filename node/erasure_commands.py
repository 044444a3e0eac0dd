"""The commands `erase` and `erasures` of the three programs: having parts forgotten, and who has forgotten them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from catalog import showing
from catalog.bodies import place
from node import cataloguing, commands, entries, erasures, frame, handouts, lookups
from node.errors import NodeError
from node.frame import passed
from node.messages import N_, _
from node.node import Node, Opened
from node.report import Context
from sync import control, entry, erasing
from sync.bundles import Bundles
from sync.control import Erase
from sync.erasing import Tombstone
from sync.rights import Rights
from sync.store import Log


class NothingToErase(NodeError):
    """No part of that record is this node's to have erased: (key,)."""

    facts = ("key",)
    sentence = N_(
        "No part of {key} can be erased from here: its owner, the owner's home and the hub can, and only parts that "
        "are held. `erasures` lists what was erased."
    )


class NothingErased(NodeError):
    """Nothing of an entry was erased as far as known here: (entry,)."""

    facts = ("entry",)
    sentence = N_("Nothing was erased under {entry}. `erasures` lists what was; name it like ip.gd.example/gz/scut#7.")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a record: where it is, and for whom."""

    origin: str
    index: int
    number: int
    audience: str


def parts_of(node: Node, key: str, audience: str = "") -> list[Part]:
    """Return the parts, in every version, that state `key` and that this node may have erased."""
    with node.opened() as here, cataloguing.catalogue(node) as found:
        held = [
            *found.db.execute(
                "select assertion.id from assertion join record on record.id = assertion.record where record.key = ? "
                "and record.wider is null",
                (key,),
            ),
            *((one.id,) for one in showing.find_kept(found, key)),
        ]
        logs = {log.id: log for log in here.store.logs()}
        made = [_part(here, logs[place(id)[0]], *place(id)[1:]) for (id,) in held]
        ours = [one for one in dict.fromkeys(made) if _is_ours(here, one.origin)]
    return [one for one in ours if audience in ("", one.audience)]


def _part(here: Opened, log: Log, index: int, number: int) -> Part:
    stated = entry.commitments(Bundles(here.store, log).entries(index, index + 1)[0])[1]
    return Part(log.origin, index, number, stated[number][0])


def _is_ours(here: Opened, owner: str) -> bool:
    return erasing.may_ask(here.registry, here.node.origin, Erase(owner, 0, 0, ""))


def erase(node: Node, parts: Sequence[Part], ground: str) -> list[int]:
    """State that these parts are to be forgotten, and forget them here; return the entries of the own log."""
    with node.opened() as opened:
        stated = [opened.own.state(Erase(one.origin, one.index, one.number, ground)) for one in parts]
    erasures.follow_up(node)
    return stated


def add(top: frame.Group) -> None:
    """Add `erase` and `erasures`."""

    @top.command(
        "erase",
        help=N_(
            "Have all versions of a record forgotten by everybody who holds them; this cannot be undone. The log keeps "
            "that something was there, and still verifies.\n\nExample: erase 201710601862.3 --ground mistake --yes\n"
            "Example: erase 201710601862.3 --part path --ground owner --yes"
        ),
    )
    @click.argument("key")
    @click.option("--part", "audience", default="", help=N_("Only the parts for this audience: path, federation …"))
    @click.option("--ground", type=click.Choice(erasing.GROUNDS), required=True, help=N_("Why it must go."))
    @click.option("--yes", is_flag=True, help=N_("Do it; without this, only what would be erased is listed."))
    @passed
    def command(context: Context, key: str, audience: str, ground: str, yes: bool) -> int:
        node = commands.opened(context)
        known = lookups.find_key(node, key) or key
        found = parts_of(node, known, audience)
        if not found:
            raise NothingToErase(known)
        for one in found:
            context.say(f"{one.origin}#{one.index}  {one.audience}")
        listed = [{"origin": one.origin, "index": one.index, "part": one.number} for one in found]
        if not yes:
            context.say(_("Nothing was erased yet; repeat with --yes. It cannot be undone."))
            context.emit({"key": known, "parts": listed, "erased": False})
            return frame.REFUSED
        commands.acting_on(context, node, "erase", f"{len(found)} parts", ground)
        stated = erase(node, found, ground)
        context.say(
            _("{count} parts erased here; others follow when they are called. See `erasures`.").format(count=len(found))
        )
        left = [one for one in held_by(node, found) if one.state != handouts.GONE]
        _tell(context, left)
        files = [handouts.as_dict(one) for one in left]
        context.emit({"key": known, "parts": listed, "erased": True, "entries": stated, "files": files})
        return frame.DONE

    _erasures(top)


def _erasures(top: frame.Group) -> None:
    @top.command(
        "erasures",
        help=N_(
            "List what was erased, and which nodes say that they have forgotten it; of one entry, also the files that "
            "were written while it was here, so that a person can delete them.\n\n"
            "Example: erasures\nExample: erasures ip.gd.example/gz/scut#7"
        ),
    )
    @click.argument("entry", required=False, default="")
    @passed
    def command(context: Context, entry: str) -> None:
        node, place = commands.opened(context), entries.named(entry)
        rows = [one for one in standing(node) if place in (None, (one["origin"], one["index"]))]
        if entry and (place is None or not rows):
            raise NothingErased(entry)
        if context.json:
            context.emit(rows)
        elif place:
            _show(context, node, rows)
        else:
            _list(context, rows)


def _list(context: Context, rows: list[dict[str, Any]]) -> None:
    shown = [
        {**row, "done": ", ".join(row["done"]), "waiting": ", ".join(row["waiting"])}
        | {
            "place": f"{row['origin']}#{row['index']}.{row['part']}",
            "ground": _(row["ground"]) if row["ground"] else "?",
        }
        | {"files": sum(one["state"] != handouts.GONE for one in row["files"])}
        for row in rows
    ]
    columns = [("place", _("entry")), ("ground", _("ground")), ("by", _("asked by")), ("done", _("done"))]
    context.table(shown, [*columns, ("waiting", _("waiting for")), ("files", _("files to look at"))])


def _show(context: Context, node: Node, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        place = f"{row['origin']}#{row['index']}.{row['part']}"
        asked = _("erased: {by} asked for it on {when}, ground: {ground}").format(
            by=row["by"], when=commands.moment(row["asked_at"]), ground=_(row["ground"]) if row["ground"] else "?"
        )
        context.say(f"{place}  {asked}")
        for title, name in ((_("done"), "done"), (_("waiting for"), "waiting"), (_("not heard here"), "unheard")):
            if row[name]:
                context.say(f"  {title}: {', '.join(row[name])}")
        _tell(context, handouts.holding(node, (row["origin"], row["index"], row["part"])))


def held_by(node: Node, parts: Sequence[Part]) -> list[handouts.Left]:
    """Return the files that were written while these parts were here, each once."""
    found = (one for part in parts for one in handouts.holding(node, (part.origin, part.index, part.number)))
    return list(dict.fromkeys(found))


def _tell(context: Context, left: Sequence[handouts.Left]) -> None:
    if left:
        context.say(_("It was in these files when they were written; copies of them are for you to find:"))
    for one in left:
        context.say(f"  {handouts.line(one, commands.moment)}")


def standing(node: Node) -> list[dict[str, Any]]:
    """Return each erased part that is known here, who states that it was forgotten, and whose statement is awaited.

    `unheard` are holders whose own log does not come to this node: their statements stand at the hub. `files` were
    written here while the part was held, with how they are now.
    """
    with node.opened() as opened:
        return [_standing(opened, one) for one in erasing.tombstones(opened.store)]


def _standing(opened: Opened, one: Tombstone) -> dict[str, Any]:
    holders = _holders(opened, one)
    done = [origin for origin in holders if erasing.stated_by(opened.store, origin, one) is not None]
    left = [origin for origin in holders if origin not in done]
    unheard = [origin for origin in left if opened.store.log(origin) is None]
    ground, asked_at = erasing.asked(opened.store, one)
    said = {"origin": one.origin, "index": one.index, "part": one.part, "ground": ground}
    asked = {"by": one.by, "at": one.at, "asked_at": asked_at, "cleared": one.cleared}
    files = [handouts.as_dict(file) for file in handouts.holding(opened.node, (one.origin, one.index, one.part))]
    waiting = [one for one in left if one not in unheard]
    return said | asked | {"done": done, "waiting": waiting, "unheard": unheard, "files": files}


def _holders(opened: Opened, one: Tombstone) -> list[str]:
    """Return who holds, or held, such a part as far as this node knows: the owner, who is above it, and this node."""
    registry, store = opened.registry, opened.store
    log = store.log(one.origin)
    above = {registry.federation.name, registry.home(one.origin), *_alliances(opened, one.origin)} - {""}
    found = {one.origin, *above}
    raw = Bundles(store, log).entries(one.index, one.index + 1) if log else []
    stated = entry.commitments(raw[0])[1] if raw else ()
    if one.part < len(stated):
        rights = Rights(store, registry)
        found = {name for name in found if rights.may_see(stated[one.part][0], one.origin, name, one.index)}
    said = store.db.execute(
        "select distinct origin from control join log on log.id = control.log where about = ? and what = 'erased'",
        (one.origin,),
    ).fetchall()
    return sorted(found | {name for (name,) in said if erasing.stated_by(store, name, one) is not None})


def _alliances(opened: Opened, origin: str) -> list[str]:
    """Return the alliances that count, or counted, a node as a member."""
    rows = opened.store.db.execute(
        "select distinct origin from control join log on log.id = control.log where about = ? and what = 'member'",
        (origin,),
    ).fetchall()
    found = ((name, opened.registry.membership(name, origin)) for (name,) in rows)
    return [name for name, said in found if isinstance(said, control.Member)]
