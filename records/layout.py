"""Tables opened: which column is which field, and their rows as drafts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from records import apart, drafting, headings, proposal
from records.draft import Blank, Draft, Told
from records.finding import Finding, has_error
from records.headings import field_of
from records.kinds import Kinds
from records.mapping import Column, MalformedMapping, Mapping
from records.proposal import Proposal, Suggestion, propose
from records.readers.ahead import Ahead
from records.readers.table import NumberedRow, Table, is_blank
from records.rules import finding

__all__ = ["Column", "MalformedMapping", "Mapping", "Proposal", "Suggestion", "TableReader", "opened", "propose"]


@dataclass(frozen=True, slots=True)
class TableReader:
    """A table whose columns are known; `proposal` says why, and shows the first rows."""

    table: Table
    proposal: Proposal
    ahead: Ahead

    @property
    def format(self) -> str:
        return self.table.format

    @property
    def encoding(self) -> str:
        return self.table.encoding

    @property
    def layout(self) -> str:
        return self.proposal.layout

    @property
    def mapping(self) -> Mapping:
        return self.proposal.mapping

    @property
    def unknown(self) -> tuple[str, ...]:
        """Return the headings of the columns that nothing is read from."""
        return tuple(dict.fromkeys(one.heading for one in self.mapping.columns if one.heading and not one.path))

    @property
    def stated(self) -> frozenset[str]:
        """Return the fields that have a column; publications without a number are a publication date."""
        paths = {one.path for one in self.mapping.columns if one.path}
        dates = {path for path in paths if path.startswith("publications.") and path.endswith(".date")}
        found = {field_of(path) for path in paths - dates}
        return frozenset(found | {"publication_date"} if dates else found)

    def drafts(self) -> Iterator[Draft | Blank]:
        """Give the rows below the headings; the first says what is to be known of the columns."""
        return (one for one in drafts(self.ahead.rows(), self.proposal) if not isinstance(one, Told))

    def told(self, known: Kinds) -> Iterator[Draft | Blank | Told]:
        """Give what `drafts` gives, the most of it already stated, where a process of its own reads the file."""
        state = getattr(self.table, "state", None)
        if state is None or not any(number > self.proposal.after for number, _ in self.ahead.sample):
            return iter(self.drafts())
        return self._told(state, apart.order(self.proposal, known))

    def _told(self, state: Callable[[bytes], object], order: bytes) -> Iterator[Draft | Blank | Told]:
        state(order)
        try:
            yield from drafts(self.ahead.rows(), self.proposal)
        finally:
            state(b"")


def opened(table: Table, mapping: Mapping | None, known: Kinds) -> TableReader:
    """Return the reader of a table; raise UnreadableFile where it cannot be told what its columns are."""
    ahead = Ahead(table, proposal.LOOKED_AT_ROWS)
    if mapping is None:
        return TableReader(table, proposal.of(ahead, table.headings, table.format, known), ahead)
    carrier = next((one for one in headings.carriers(known) if one.kind == mapping.kind), None)
    if carrier is None:
        raise MalformedMapping(f"the kind {mapping.kind!r} is not known")
    return TableReader(table, proposal.fitted(ahead, table, mapping, carrier), ahead)


def drafts(rows: Iterator[NumberedRow], said: Proposal) -> Iterator[Draft | Blank | Told]:
    """Give the rows below the headings as drafts by a proposal; what has been told already is passed on."""
    read = drafting.reader(said.mapping, said.carrier)
    kind, titles, after = said.mapping.kind, [one.heading for one in said.mapping.columns], said.after
    names = [title or f"{place}" for place, title in enumerate(titles, 1)]
    count, first = len(titles), said.findings
    for number, cells in rows:
        if number <= after:
            continue
        if isinstance(cells, Told | Draft | Blank):
            yield cells
            continue
        elif isinstance(cells, Finding):
            yield Draft(number, kind, {}, {}, (*first, cells))
        elif is_blank(cells):
            yield Blank(number)
            continue
        else:
            found = list(first) if len(cells) == count else [*first, *_ragged(count, cells)]
            values = {} if has_error(found) else read(cells, found)
            yield Draft(number, kind, values, dict(zip(names, cells, strict=False)), tuple(found))
        first = ()


def _ragged(count: int, cells: Sequence[str]) -> list[Finding]:
    if len(cells) < count or any(map(str.strip, cells[count:])):
        return [finding("RAGGED_ROW", "", len(cells), wanted=count)]
    return []
