"""The command `export` of the three programs: what a person asks for, and what is told of the file."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from catalog import explaining
from catalog import exporting as catalog_exporting
from node import cataloguing, exporting, frame, lookups
from node.commands import opened
from node.frame import passed
from node.messages import N_, _
from node.node import Node
from node.report import Context
from records.writers import formats

_ADDITIONS = ("findings", "provenance")


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
    order = exporting.Order(
        lookups.query(words, given),
        form or _format_of(out),
        scope,
        "findings" in added,
        "provenance" in added,
        encoding,
        "zh" if context.language == "zh" else "en",
    )
    place = None if out == "-" else exporting.file_name(Path(out) if out else _default(node, order), order)
    with (
        exporting.listing(node, left_out) as told,
        context.progress(_("records written"), None) as advance,
        exporting.stream(place, order) as stream,
        exporting.noted(node, place, stream) as took,
    ):
        done = exporting.write(node, order, stream, told, advance, took)
    _report(context, place, order, done, left_out)
    return frame.DONE


def _format_of(out: str) -> str:
    suffix = Path(out).suffix.lower()
    found = next((name for name, one in formats.SUFFIXES.items() if one == suffix), "")
    if not found and out and out != "-":
        raise click.UsageError(_("the file's name does not tell the format; give --format"))
    return found or ("csv" if out == "-" else "xlsx")


def _default(node: Node, order: exporting.Order) -> Path:
    stamp = datetime.fromtimestamp(node.clock(), UTC).strftime("%Y%m%dT%H%M%SZ")
    return node.home.outbox / f"export-{stamp}{formats.SUFFIXES[order.format]}"


def _report(
    context: Context, place: Path | None, order: exporting.Order, done: exporting.Done, left_out: Path | None
) -> None:
    say = context.warn if place is None else context.say
    if place is not None:
        say(_("{records} records written: {path}").format(records=done.records, path=place))
    for reason, count in done.left_out.items():
        said = (
            N_("{count} records: {reason}")
            if reason == catalog_exporting.LICENCE_PART
            else N_("{count} left out ({reason})")
        )
        say(_(said).format(count=count, reason=_(exporting.REASONS.get(reason, reason))))
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
        said = key and explaining.explain(
            here.store, found, key, exporting.VIEWS[scope], exporting.allowed(node, context.language)
        )
    if not said:
        raise lookups.NoSuchRecord(text)
    context.say(f"{said['key']}: {_(exporting.REASONS[said['reason']])}")
    context.say(_("shown to: {audiences}").format(audiences=", ".join(said["shown_to"]) or "—"))
    for one in said["statements"]:
        context.say(f"  {one['origin']}#{one['index']}  {one['audience']}  {_(one['op'])}  {one['licence']}".rstrip())
    context.emit(said)
    return frame.DONE
