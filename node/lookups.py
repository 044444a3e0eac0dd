"""Commands of looking records up that two or more programs have: search, show, history, evidence."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import click

from catalog import published, search, showing, views
from catalog.catalogue import Catalogue
from node import cataloguing, entries, frame, handouts, record_page, templates
from node.commands import moment, opened
from node.errors import NodeError
from node.frame import passed
from node.home import write_whole
from node.messages import N_, _
from node.node import Node, Opened
from node.report import Context
from records.kinds import Kinds
from sync import evidence as evidences
from sync.errors import UnknownOrigin

Further = Callable[[Node, str, dict[str, Any] | None], tuple[dict[str, Any] | None, list[str]]]


class NoSuchRecord(NodeError):
    """Nothing here has that key or number: (key,)."""

    facts = ("key",)
    sentence = N_("There is no record {key} here. Check the number; `search` finds records by title or applicant.")


class NoReceiptYet(NodeError):
    """No ancestor has signed for having an entry yet: (origin, index)."""

    facts = ("origin", "index")
    sentence = N_("No tier above has given a receipt for entry {index} of {origin} yet. Call `sync`, then ask again.")


def query_options(command: Any) -> Any:
    """Add a search's words, filters and paging to a command."""
    options = [
        click.argument("words", nargs=-1),
        click.option(
            "--kind",
            default="",
            help=N_("Only this kind, for example 发明专利; or right, event, register."),
        ),
        click.option("--applicant", default="", help=N_("Only records of this applicant, or parts of the name.")),
        click.option("--ipc", default="", help=N_("Only this IPC symbol, or its beginning: H05B, H05B45.")),
        click.option(
            "--city", default="", help=N_("Only records from this city's substation, for example gz or 广州.")
        ),
        click.option("--status", default="", help=N_("Only this legal status: valid, invalid or pending.")),
        click.option("--from", "date_from", default="", help=N_("Filed on this day or later, YYYY-MM-DD.")),
        click.option("--to", "date_to", default="", help=N_("Filed on this day or earlier, YYYY-MM-DD.")),
        click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help=N_("Hits a page.")),
        click.option("--after", default="", help=N_("Continue after a page: the token that it ended with.")),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def query(words: tuple[str, ...], given: dict[str, Any]) -> search.Query:
    """Return the query that the options of `query_options` give."""
    return search.Query(words=" ".join(words), **given)


def show_hits(context: Context, total: int, hits: list[dict[str, Any]], after: str) -> None:
    """Report a page of hits."""
    if context.json:
        context.emit({"total": total, "hits": hits, "next": after})
        return
    known, chinese = templates.known_here(context), context.language == "zh"
    rows = [{**hit, "what": _kind_title(hit["kind"], known, chinese), "number": _shown_number(hit)} for hit in hits]
    columns = [("what", _("kind")), ("number", _("number")), ("title", _("title")), ("applicants", _("applicant"))]
    context.table(rows, [*columns, ("city", _("city"))])
    context.say(_("{total} found.").format(total=total))
    if after:
        context.say(_("More: --after {token}").format(token=after))


def _kind_title(name: str, known: Kinds, chinese: bool) -> str:
    kind = known.get(name)
    return (kind.title_zh if chinese else kind.title_en) if kind else name


def _shown_number(hit: dict[str, Any]) -> str:
    """Return what `show` takes for a hit: its number, or its key where the number is that of another record."""
    return str(hit["key"] if ":" in hit["number"] else hit["number"])


def find_key(node: Node, text: str) -> str | None:
    """Return the key that a person means, or None. An outlet takes up first what it has just filed."""
    if node.settings.role == "outlet":
        cataloguing.apply_own(node)
    with cataloguing.catalogue(node) as found:
        return showing.find_key(found, text)


def find_here(context: Context, node: Node, words: tuple[str, ...], given: dict[str, Any]) -> None:
    """Report a page of hits from the own catalogue, everything that this node may see."""
    with cataloguing.catalogue(node) as found:
        page = search.find(found, query(words, given), views.FULL)
    show_hits(context, page.total, [hit.as_dict() for hit in page.hits], page.next)


def search_here(top: frame.Group) -> None:
    """Add `search` in the own catalogue, everything that this node may see."""

    @top.command("search", help=N_("Search this node's catalogue.\n\nExample: search 照明 散热 --ipc H05B --city gz"))
    @query_options
    @passed
    def command(context: Context, words: tuple[str, ...], **given: Any) -> None:
        find_here(context, opened(context), words, given)


def show_record(
    context: Context, record: dict[str, Any] | None, key: str, found: Catalogue, more: Iterable[str] = ()
) -> None:
    """Report one record with its sources, to people as a page that `more` lines end; raise NoSuchRecord for none."""
    if record is None:
        raise NoSuchRecord(key)
    context.emit(record)
    if not context.json:
        chinese = context.language.startswith("zh")
        for line in (*record_page.lines(record, published.known(found), found.names(), chinese), *more):
            context.say(line)


def _nothing_further(_node: Node, _key: str, record: dict[str, Any] | None) -> tuple[dict[str, Any] | None, list[str]]:
    return record, []


def show_here(top: frame.Group, further: Further = _nothing_further) -> None:
    """Add `show`: one record as this node has it, and where it came from.

    `further` gets the node, what was asked for, and the record or None; it returns the record with what it knows
    besides, and lines for people.
    """

    @top.command(
        "show",
        help=N_(
            "Show a record and where it came from, or one entry of a log as it is held here: its parts, and which were "
            "erased or withheld.\n\nExample: show 201710601862.3\nExample: show ip.gd.example/gz/scut#7"
        ),
    )
    @click.argument("key")
    @passed
    def command(context: Context, key: str) -> None:
        node = opened(context)
        if place := entries.named(key):
            return _show_entry(context, node, *place)
        known = find_key(node, key)
        with node.opened() as here, cataloguing.catalogue(node) as found:
            record = showing.show(here.store, found, known, views.FULL) if known else None
            record, lines = further(node, key, record)
            show_record(context, record, key, found, lines)
        return None


def _show_entry(context: Context, node: Node, origin: str, index: int) -> None:
    with node.opened() as here:
        found = entries.find(here, origin, index)
    context.emit(entries.shown(found))
    if not context.json:
        for line in entries.lines(found):
            context.say(line)


def history(top: frame.Group) -> None:
    """Add `history`: every version of one record, oldest first."""

    @top.command("history", help=N_("Show every version of a record, oldest first.\n\nExample: history 201710601862.3"))
    @click.argument("key")
    @passed
    def command(context: Context, key: str) -> None:
        node = opened(context)
        known = find_key(node, key)
        if known is None:
            raise NoSuchRecord(key)
        with node.opened() as here, cataloguing.catalogue(node) as found:
            versions = showing.history(here.store, found, known)
        if not context.json:
            versions = [{**one, "applied_at": moment(one["applied_at"]), "op": _(one["op"])} for one in versions]
        columns = [("applied_at", _("taken up")), ("origin", _("origin")), ("index", _("entry")), ("op", _("what"))]
        context.table(versions, [*columns, ("reason", _("reason"))])


def evidence(top: frame.Group) -> None:
    """Add `evidence`: the file that `banyan-verify` checks without a network."""

    @top.command(
        "evidence",
        help=N_(
            "Write the file that proves a record, or one entry of a log, for `banyan-verify`.\n\n"
            "Example: evidence 201710601862.3 --out proof.txt\n\n"
            "Example: evidence 201710601862.3 --all\n\n"
            "Example: evidence ip.gd.example/gz/scut#7"
        ),
    )
    @click.argument("key")
    @click.option("--origin", default="", help=N_("Whose statement, where several nodes state the record."))
    @click.option("--all", "whole", is_flag=True, help=N_("Of every version of the record, a file each."))
    @click.option("--out", type=click.Path(path_type=Path), help=N_("Where to write it; default: outbox/."))
    @passed
    def command(context: Context, key: str, origin: str, whole: bool, out: Path | None) -> None:
        node = opened(context)
        known, stated = _stated(node, key, origin)
        with node.opened() as here:
            made = [_evidence(here, *one) for one in (stated if whole else stated[-1:])]
        path = out or node.home.outbox / f"evidence-{safe(known)}.txt"
        for number, one in enumerate(made, 1):
            one.file = path.with_name(f"{path.stem}.{number}{path.suffix}") if whole else path
            handouts.note(node, one.file, handouts.EVIDENCE, one.held, sha256(one.raw).hexdigest())
            write_whole(one.file, one.raw, mode=0o644)
            context.say(_("Evidence written: {path}").format(path=one.file))
            for part in one.absent:
                said = _("Not in it: the part for {audience}, {why}.")
                context.say(said.format(audience=part.audience, why=entries.absent(part)))
        context.emit([one.as_dict() for one in made] if whole else made[0].as_dict())


def _stated(node: Node, text: str, origin: str) -> tuple[str, list[tuple[str, int]]]:
    """Return the key that is meant, and where its versions stand, oldest first; of one entry, its name and place.

    Raises NoSuchRecord.
    """
    if place := entries.named(text):
        if origin not in ("", place[0]):
            raise NoSuchRecord(text)
        return text, [place]
    known = find_key(node, text)
    with node.opened() as here, cataloguing.catalogue(node) as found:
        versions = showing.history(here.store, found, known) if known else []
    stated = [(one["origin"], one["index"]) for one in versions if origin in ("", one["origin"])]
    if not stated:
        raise NoSuchRecord(text)
    return known or text, stated


@dataclass
class _Evidence:
    origin: str
    index: int
    raw: bytes
    parts: Sequence[entries.Part]
    file: Path = Path()

    @property
    def absent(self) -> list[entries.Part]:
        return [one for one in self.parts if one.state != entries.HELD]

    @property
    def held(self) -> dict[tuple[str, int], list[tuple[int, int]]]:
        return {
            (self.origin, one.part): [(self.index, self.index + 1)] for one in self.parts if one.state == entries.HELD
        }

    def as_dict(self) -> dict[str, Any]:
        named = {"file": str(self.file), "origin": self.origin, "index": self.index, "bytes": len(self.raw)}
        withheld = [one.audience for one in self.absent]
        return {**named, "withheld": withheld, "absent": [entries.as_dict(one) for one in self.absent]}


def _evidence(here: Opened, origin: str, index: int) -> _Evidence:
    """Return the evidence of one entry, verified as its reader will; raise NeverHeld, NoReceiptYet."""
    found = entries.find(here, origin, index)
    try:
        raw = evidences.write(here.store, here.registry, origin, index)
    except (evidences.NotProved, UnknownOrigin) as error:  # or who is above is not known before the first session
        raise NoReceiptYet(origin, index) from error
    examined = evidences.examine(raw, here.registry.federation)
    if examined.miss is not None:
        raise examined.miss
    return _Evidence(origin, index, raw, found.parts)


def safe(text: str) -> str:
    """Return a key as a part of a file's name."""
    return "".join(one if one.isalnum() or one in ".-" else "_" for one in text)
