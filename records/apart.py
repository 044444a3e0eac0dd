"""Rows stated in the process that reads a workbook: what is asked of it, what it answers, and how that is read here.

Reading a row into records costs more than anything else of an import, and that process waits most of the time. So where
a file is taken whole, it is told what the columns are once the first rows have been looked at, and sends what the
others state. The order is a line of JSON; an answer is a line {"told": [[place], [place, statements, raw], …]}, or, for
every fourth batch, rows as they are. What was written comes along with large rows only.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import orjson

from records import headings, kinds
from records.body import SMALL_CHARS, Record
from records.draft import Blank, Draft, Told
from records.finding import Finding
from records.kinds import Kinds
from records.mapping import Mapping
from records.readers import limits
from records.readers.table import NumberedRow

if TYPE_CHECKING:
    from records.proposal import Proposal

_BATCH = 64
_LEFT_OVER = 4  # every fourth batch is left for whoever asked to state, so that both have about as much to do


def order(said: "Proposal", known: Kinds) -> bytes:
    """Return the line that asks for what rows state by these columns, and by kinds that may be published ones."""
    published = [kind.schema for kind in known.all() if kinds.BUILT_IN.get(kind.name) is not kind]
    return orjson.dumps({"mapping": said.mapping.as_dict(), "after": said.after, "published": published}) + b"\n"


def answers(line: bytes, rows: Iterable[NumberedRow]) -> Iterator[bytes]:
    """Yield the lines that answer an order: what each of the rows states, in their order."""
    from records import layout, statement  # these know the readers, which run this
    from records.proposal import Proposal

    asked = orjson.loads(line)
    known = kinds.BUILT_IN.with_published(asked["published"])
    mapping = Mapping.from_dict(asked["mapping"])
    carrier = next(one for one in headings.carriers(known) if one.kind == mapping.kind)
    said = Proposal(mapping, carrier, "", asked["after"], (), (), ())
    reading = statement.Reading(known)
    for nth, group in enumerate(_groups(rows)):
        if nth % _LEFT_OVER == _LEFT_OVER - 1:
            yield orjson.dumps([group[0][0], *(cells for _, cells in group)]) + b"\n"
            continue
        told = [_written(one, reading) for one in layout.drafts(iter(group), said) if not isinstance(one, Told)]
        yield b'{"told":[' + b",".join(told) + b"]}\n"


def _groups(rows: Iterable[NumberedRow]) -> Iterator[list[NumberedRow]]:
    """Yield rows in batches that hold about as much as a row may, at most."""
    group: list[NumberedRow] = []
    chars = 0
    for row in rows:
        group.append(row)
        chars += sum(map(len, row[1])) if isinstance(row[1], list) else 0
        if len(group) == _BATCH or chars > limits.MAX_ROW_CHARS:
            yield group
            group, chars = [], 0
    if group:
        yield group


def _written(draft: Draft | Blank, reading: Any) -> bytes:
    if isinstance(draft, Blank):
        return orjson.dumps([draft.place])
    raw = draft.raw if sum(map(len, draft.raw.values())) > SMALL_CHARS else {}  # its size may be judged
    try:
        return orjson.dumps([draft.place, reading.statements(draft), raw])
    except TypeError:  # a number that JSON cannot hold: whoever asked states the row
        return orjson.dumps([draft.place, draft.kind, draft.values, draft.raw, draft.findings])


def read(told: list[list[Any]]) -> Iterator[tuple[int, Blank | Draft | Told]]:
    """Yield (place, what a row states) of one answer; a draft for a row that is to be stated here."""
    for item in told:
        if len(item) == 3:
            place, statements, raw = item
            made = [
                (Record(**record) if record else None, [Finding(**one) for one in found])
                for record, found in statements
            ]
            yield place, Told(place, made, raw)
        elif len(item) == 1:
            yield item[0], Blank(item[0])
        else:
            place, kind, values, raw, found = item
            yield place, Draft(place, kind, values, raw, tuple([Finding(**one) for one in found]))
