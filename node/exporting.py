"""Files out: what is written for an order, what is left out and why, and what is noted of it.

What may leave is exported unless a person asks for what is the node's own use: the file says so in its name then, and
each record whom it is meant for. A file is written beside its place and moved there whole.
"""

import csv
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, Literal

from catalog import exporting, views
from catalog.exporting import Asked, Export, LeftOut
from catalog.search import Query
from node import cataloguing, handouts
from node.home import whole_file
from node.messages import N_, _
from node.node import Node
from records import licence
from records.kinds import Kind
from records.writers import formats
from records.writers.inert import inert
from records.writers.line import Plan, Written

VIEWS = {"open": views.OPEN, "alliance": views.ALLIANCE, "internal": views.FULL, "own": views.FULL}
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
        VIEWS[order.scope],
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


@contextmanager
def stream(place: Path | None, order: Order) -> Iterator[BinaryIO]:
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
def noted(node: Node, place: Path | None, stream: BinaryIO) -> Iterator[Callable[[Iterable[int]], None]]:
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
def listing(node: Node, path: Path | None) -> Iterator[Callable[[LeftOut], None]]:
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
