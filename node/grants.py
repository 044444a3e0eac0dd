"""The command `grant`: an outlet lets a node above it see parts that were filed before it came (wire.md section 3)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import click

from node import commands, frame, located, lookups
from node.errors import NodeError
from node.frame import passed
from node.messages import N_, _
from node.node import Node, Opened
from node.report import Context
from sync.control import Grant
from sync.rights import Rights, Span

_ALLIANCE = re.compile(r"alliance:[0-9a-z]+")


class NotAbove(NodeError):
    """A grant gives nothing to who is not above the owner: (origin, here)."""

    facts = ("origin", "here")
    sentence = N_(
        "{origin} is not above {here}, as far as this node knows: it is neither its city nor an alliance that it "
        "belongs to. Join it and run `sync` first; a grant alone lets nobody in."
    )


@dataclass(frozen=True, slots=True)
class Granted:
    """What a grant added: the spans of entries, [first, last) each, and where in the own log they stand."""

    spans: tuple[Span, ...]
    entries: tuple[int, ...]

    @property
    def count(self) -> int:
        return sum(last - first for first, last in self.spans)


def missing(opened: Opened, reader: str, audience: str, indexes: Iterable[int]) -> tuple[Span, ...]:
    """Return the entries among `indexes` of the own log whose parts for `audience` the reader may not see yet.

    Raises NotAbove.
    """
    me = opened.node.origin
    if reader == me or not opened.registry.is_above(reader, me):
        raise NotAbove(reader, me)
    seen = Rights(opened.store, opened.registry).right(audience, me, reader)
    found: list[list[int]] = []
    for index in sorted({index for index in indexes if not seen.covers(index)}):
        if found and found[-1][1] == index:
            found[-1][1] += 1
        else:
            found.append([index, index + 1])
    return tuple((first, last) for first, last in found)


def grant(opened: Opened, reader: str, audience: str, spans: Iterable[Span]) -> Granted:
    """State the grant of these entries, which `missing` returned; a crash leaves some, and repeating adds the rest."""
    given = tuple(spans)
    stated = [opened.own.state(Grant(reader, audience, first, last)) for first, last in given]
    return Granted(given, tuple(stated))


def add(top: frame.Group) -> None:
    """Add `grant`."""

    @top.command(
        "grant",
        help=N_(
            "Let a city or alliance above this node see what was filed before it came: these records, in every "
            "version, or all. What is filed from now on it sees anyway.\n\n"
            "Example: grant ip.gd.example/led --records 201710601862.3 2017106018638\n"
            "Example: grant ip.gd.example/led --all"
        ),
    )
    @click.argument("origin")
    @click.argument("more", nargs=-1)
    @click.option("--records", multiple=True, metavar="KEY…", help=N_("These records."))
    @click.option("--all", "everything", is_flag=True, help=N_("All that was filed so far."))
    @click.option(
        "--audience", default="path", show_default=True, help=N_("Parts for whom: path, or alliance: and its id.")
    )
    @passed
    def command(
        context: Context, origin: str, more: tuple[str, ...], records: tuple[str, ...], everything: bool, audience: str
    ) -> None:
        keys = (*records, *more) if records else ()
        if bool(keys) == everything or (more and not records):
            raise click.UsageError(_("give --records with keys, or --all"))
        if audience != "path" and not _ALLIANCE.fullmatch(audience):
            raise click.UsageError(_("an audience is path, or alliance: and its id"))
        node = commands.opened(context)
        indexes = _indexes(node, keys)
        with node.opened() as opened:
            spans = missing(opened, origin, audience, indexes)
        given = Granted((), ())
        if spans:
            commands.acting_on(context, node, "grant", f"{origin} {audience}", ", ".join(keys)[:200])
            with node.opened() as opened:
                given = grant(opened, origin, audience, spans)
            said = _("{origin} may see {count} more entries; the parts go there with the next `sync`.")
        else:
            said = _("{origin} may see all of that already; nothing was added.")
        context.say(said.format(origin=origin, count=given.count))
        context.emit(
            {"origin": origin, "audience": audience, "spans": given.spans, "count": given.count}
            | {"entries": given.entries}
        )


def _indexes(node: Node, keys: Iterable[str]) -> Iterable[int]:
    """Return the entries of the own log that state these records; all for no keys."""
    found = [at for text in keys for at in _own(node, text)]
    if found:
        return found
    with node.opened() as opened:
        return range(opened.own.log.next_entry)


def _own(node: Node, text: str) -> list[int]:
    at = [index for origin, index in located.entries_of(node, text) if origin == node.origin]
    if not at:
        raise lookups.NoSuchRecord(text)
    return at
