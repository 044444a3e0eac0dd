"""Files out: the command `export` of the three programs.

What may leave is exported unless a person asks for what is the node's own use: the file says so in its name then, and
each record whom it is meant for. A file is written beside its place and moved there whole.
"""

import csv
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, Literal

import click

from catalog import explaining, exporting, views
from catalog.exporting import Asked, Export, LeftOut
from catalog.search import Query
from node import cataloguing, frame, handouts, lookups
from node.commands import opened
from node.frame import passed
from node.home import whole_file
from node.messages import N_, _
from node.node import Node
from node.report import Context
from records import licence
from records.kinds import Kind
from records.writers import formats
from records.writers.inert import inert
from records.writers.line import Plan, Written

_VIEWS = {"open": views.OPEN, "alliance": views.ALLIANCE, "internal": views.FULL, "own": views.FULL}
_ADDITIONS = ("findings", "provenance")
_TEXT_FORMATS = ("csv", "jsonl", "st96")
_INTERNAL = "-internal"
REASONS = {
    exporting.AUDIENCE: N_("not meant for this audience"),
    exporting.LICENCE: N_("the licence of its source does not let it out"),
    exporting.LICENCE_PART: N_("the record is in the file, but without the statements of some sources (licence)"),
    exporting.ERASED: N_("its content was erased or is not held here"),
    "withdrawn": N_("withdrawn by all who stated it"),
    "st96": N_("ST.96 has no document for this kind of record"),
    "": N_("it leaves"),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asked for: which records, in which format, for whom, with what beside them."""

    query: Query
    format: str = "xlsx"
    scope: Literal["open", "alliance", "internal", "own"] = "open"
    findings: bool = False
    provenance: bool = False
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    language: Literal["zh", "en"] = "zh"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an order: how many records are in the file, how many were left out by reason, and the notes."""

    records: int
    left_out: dict[str, int]
    written: Written


def write(
    node: Node,
    order: Order,
    out: BinaryIO,
    told: Callable[[LeftOut], None] = lambda one: None,
    progress: Callable[[int], None] = lambda records: None,
    took: Callable[[Iterable[int]], None] = lambda parts: None,
) -> Done:
    """Write what is asked for to a stream; `told` hears of each record that is left out, `took` of parts that go in.

    Raises BadQuery, MissingLibrary.
    """
    counts: Counter[str] = Counter()

    def left_out(one: LeftOut) -> None:
        counts[one.reason] += 1
        told(one)

    asked = _asked(node, order)
    with (
        node.opened() as here,
        cataloguing.catalogue(node) as found,
        Export(here.store, found, asked, allowed(node, order.language), left_out, took) as export,
    ):
        counted = export.kinds()
        told_apart = tuple(kind for name in counted if (kind := export.known.get(name)))
        writer = formats.open_writer(order.format, out, _plan(order, told_apart))
        for line in export.lines():
            why = writer.add(line)
            if why:
                left_out(
                    LeftOut(
                        line.record.key, str(line.record.fields.get("title", line.record.fields.get("name", ""))), why
                    )
                )
            progress(1)
        writer.close()
        for one in export.hidden():
            left_out(one)
    return Done(writer.written.records, dict(sorted(counts.items())), writer.written)


def allowed(node: Node, language: str) -> exporting.Allowed:
    """Return what says of a statement's fields why its licence does not let it into a file, "" if it does."""
    today = datetime.fromtimestamp(node.clock()).date().isoformat()

    def may_leave(fields: dict[str, Any]) -> str:
        found = licence.may_leave(fields, today, "export")
        if isinstance(found, licence.Allowed):
            return ""
        return found.zh if language == "zh" else found.en

    return may_leave


def _asked(node: Node, order: Order) -> Asked:
    own = node.origin if order.scope == "own" else ""
    return Asked(
        order.query,
        _VIEWS[order.scope],
        own,
        order.findings,
        order.provenance,
        audience=order.scope == "internal",
    )


def _plan(order: Order, found: tuple[Kind, ...]) -> Plan:
    return Plan(
        found,
        order.language,
        order.findings,
        order.provenance,
        order.scope == "internal",
        order.encoding,
    )


def file_name(out: Path, order: Order) -> Path:
    """Return where an order goes: a file of the node's own use says so in its name."""
    if order.scope != "internal" or _INTERNAL in out.stem:
        return out
    return out.with_name(f"{out.stem}{_INTERNAL}{out.suffix}")


def export(top: frame.Group, own: bool = False) -> None:
    """Add `export`: records as a file, for others or for the node's own use; at an outlet, with `own`, its own."""
    scopes = ["own", "open"] if own else ["open", "alliance", "internal"]

    @top.command(
        "export",
        help=N_(
            "Write records into a file: all that a search finds, or everything; what may not leave is left out and "
            "counted.\n\nExample: export 照明 --kind patent_invention --out 照明.xlsx\n"
            "Example: export --format jsonl --with findings,provenance --out all.jsonl\n"
            "Example: export --explain 201710601862.3"
        ),
    )
    @click.option(
        "--format", "form", type=click.Choice(list(formats.FORMATS)), help=N_("Format; default: by the file's name.")
    )
    @click.option("--out", default="", help=N_("File to write; - is standard output. Default: a name in outbox/."))
    @click.option("--with", "additions", default="", help=N_("What to add: findings, provenance, or both by a comma."))
    @click.option(
        "--scope",
        type=click.Choice(scopes),
        default=scopes[0],
        show_default=True,
        help=N_("For whom: open holds what anybody may have, alliance also what its members may, own is all of yours.")
        if own
        else N_("For whom: open holds what anybody may have, alliance also what its members may, internal everything."),
    )
    @(_internal if not own else lambda command: command)
    @click.option(
        "--encoding",
        type=click.Choice(["utf-8", "gb18030"]),
        default="utf-8",
        show_default=True,
        help=N_("Encoding of CSV."),
    )
    @click.option("--left-out", type=click.Path(path_type=Path), help=N_("List what is left out, and why, as CSV."))
    @click.option("--explain", default="", metavar="KEY", help=N_("Only say who may see this record, and why."))
    @_filters
    @passed
    def command(context: Context, words: tuple[str, ...], **given: Any) -> int:
        return _run(context, words, given)


def _internal(command: Any) -> Any:
    named: dict[str, Any] = {"flag_value": "internal", "help": N_("The same as --scope internal.")}
    return click.option("--internal", "scope", **named)(command)


def _filters(command: Any) -> Any:
    """Add the words and filters of a search, without its paging."""
    made = lookups.query_options(command)
    made.__click_params__ = [one for one in made.__click_params__ if one.name not in ("limit", "after")]
    return made


def _run(context: Context, words: tuple[str, ...], given: dict[str, Any]) -> int:
    form, out, additions, scope, encoding, left_out, explain = (
        given.pop(name) for name in ("form", "out", "additions", "scope", "encoding", "left_out", "explain")
    )
    added = [one for one in additions.replace("，", ",").split(",") if one]
    if set(added) - set(_ADDITIONS):
        raise click.UsageError(_("--with takes findings and provenance, with a comma between them"))
    if out == "-" and context.json:
        raise click.UsageError(_("--out - and --json would both write to standard output"))
    node = opened(context)
    if explain:
        return _explain(context, node, explain, scope)
    if node.settings.role == "outlet":
        cataloguing.apply(node)
    order = Order(
        lookups.query(words, given),
        form or _format_of(out),
        scope,
        "findings" in added,
        "provenance" in added,
        encoding,
        "zh" if context.language == "zh" else "en",
    )
    place = None if out == "-" else file_name(Path(out) if out else _default(node, order), order)
    with (
        _listing(node, left_out) as told,
        context.progress(_("records written"), None) as advance,
        _stream(place, order) as stream,
        _noted(node, place, stream) as took,
    ):
        done = write(node, order, stream, told, advance, took)
    _report(context, place, order, done, left_out)
    return frame.DONE


def _format_of(out: str) -> str:
    suffix = Path(out).suffix.lower()
    found = next((name for name, one in formats.SUFFIXES.items() if one == suffix), "")
    if not found and out and out != "-":
        raise click.UsageError(_("the file's name does not tell the format; give --format"))
    return found or ("csv" if out == "-" else "xlsx")


def _default(node: Node, order: Order) -> Path:
    stamp = datetime.fromtimestamp(node.clock(), UTC).strftime("%Y%m%dT%H%M%SZ")
    return node.home.outbox / f"export-{stamp}{formats.SUFFIXES[order.format]}"


@contextmanager
def _stream(place: Path | None, order: Order) -> Iterator[BinaryIO]:
    """Yield where an export is written: a file that is moved into place at the end, or standard output."""
    if place is not None:
        with whole_file(place, 0o600 if order.scope in ("internal", "own") else 0o644) as out:
            yield out
    elif order.format in _TEXT_FORMATS:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    else:  # a format that is not written from its beginning to its end
        with tempfile.TemporaryFile() as out:
            yield out
            out.seek(0)
            shutil.copyfileobj(out, sys.stdout.buffer)
            sys.stdout.buffer.flush()


@contextmanager
def _noted(node: Node, place: Path | None, stream: BinaryIO) -> Iterator[Callable[[Iterable[int]], None]]:
    """Yield what takes down the parts that go into a file; they are noted before the file is in its place.

    What goes to standard output is gone before it is whole, so of that is noted what went, also after an error.
    """
    places = handouts.Places()
    try:
        yield places.add
    except BaseException:
        if place is None:
            handouts.note_places(node, None, handouts.EXPORT, places)
        raise
    handouts.note_places(node, place, handouts.EXPORT, places, stream if place else None)


@contextmanager
def _listing(node: Node, path: Path | None) -> Iterator[Callable[[LeftOut], None]]:
    """Yield what takes down each record that is left out, as CSV that a spreadsheet opens safely."""
    if path is None:
        yield lambda one: None
        return
    with whole_file(path) as out:
        out.write(b"\xef\xbb\xbf")
        text = TextIOWrapper(out, encoding="utf-8", newline="")
        rows, places = csv.writer(text), handouts.Places()
        rows.writerow([_("key"), _("title"), _("reason"), _("explanation"), _("detail")])

        def told(one: LeftOut) -> None:
            places.add(one.parts)
            rows.writerow(map(inert, [one.key, one.title, one.reason, _(REASONS.get(one.reason, "")), one.detail]))

        yield told
        text.flush()
        text.detach()
        handouts.note_places(node, path, handouts.LEFT_OUT, places, out)


def _report(context: Context, place: Path | None, order: Order, done: Done, left_out: Path | None) -> None:
    say = context.warn if place is None else context.say
    if place is not None:
        say(_("{records} records written: {path}").format(records=done.records, path=place))
    for reason, count in done.left_out.items():
        said = (
            N_("{count} records: {reason}") if reason == exporting.LICENCE_PART else N_("{count} left out ({reason})")
        )
        say(_(said).format(count=count, reason=_(REASONS.get(reason, reason))))
    if done.written.long_cells:
        say(
            _("{count} cells were too long for a sheet and are empty; JSON Lines holds them.").format(
                count=done.written.long_cells
            )
        )
    if left_out:
        say(_("What was left out is listed: {path}").format(path=left_out))
    context.emit(
        {
            "file": str(place) if place else "-",
            "format": order.format,
            "scope": order.scope,
            "records": done.records,
            "left_out": done.left_out,
            "long_cells": done.written.long_cells,
            "bytes": os.stat(place).st_size if place else None,
        }
    )


def _explain(context: Context, node: Node, text: str, scope: str) -> int:
    """Report why one record leaves or does not."""
    if node.settings.role == "outlet":
        cataloguing.apply(node)
    key = lookups.find_key(node, text)
    with node.opened() as here, cataloguing.catalogue(node) as found:
        said = key and explaining.explain(here.store, found, key, _VIEWS[scope], allowed(node, context.language))
    if not said:
        raise lookups.NoSuchRecord(text)
    context.say(f"{said['key']}: {_(REASONS[said['reason']])}")
    context.say(_("shown to: {audiences}").format(audiences=", ".join(said["shown_to"]) or "—"))
    for one in said["statements"]:
        context.say(f"  {one['origin']}#{one['index']}  {one['audience']}  {_(one['op'])}  {one['licence']}".rstrip())
    context.emit(said)
    return frame.DONE
