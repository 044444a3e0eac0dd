"""What entries of a log say of places in that log, once they stand at other places than when they were written.

Entries that wait for a seal are set aside when older ones come back, and are added again behind them (recovery.py).
What such an entry names in its own log, it named as the log was then: places before those set aside stay what they
are, the others have moved. No file is read or written here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sync import control, entry
from sync.control import Confirm, Erase, Erased, Grant, Manifest, Statement
from sync.errors import Malformed

_ENDLESS = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries [start, end) that were set aside together: where each stands now, by where it was.

    `fresh` are those that were added again, next to each other and in their order; the last of them ends before
    `behind`. The others stood in what came back already.
    """

    start: int
    end: int
    now: Mapping[int, int]
    fresh: frozenset[int]
    behind: int

    def index(self, was: int) -> int:
        """Return where the entry stands now that stood at `was`, or will stand that would have come there."""
        if was < self.start:
            return was
        return self.now[was] if was < self.end else self.behind + was - self.end


def count(raw: bytes, me: str, batch: Batch) -> int:
    """Return how many entries `entries` makes of one; it does not depend on where the fresh ones will stand."""
    return len(entries(raw, me, batch))


def entries(raw: bytes, me: str, batch: Batch) -> list[bytes]:
    """Return what an entry of the log `me` says, as one or more entries that name its places as they are now.

    Nothing is granted that was not granted before: a grant whose entries lie apart now becomes several. An entry that
    names no place that has moved stays as it is, to the byte.
    """
    if raw[1] != entry.CONTROL:
        return [raw]
    try:
        read = entry.Entry.decode(raw)
        statement = control.decode(read.control)
    except Malformed:
        return [raw]
    said = [statement] if statement is None else list(_said(statement, me, batch))
    if said == [statement]:
        return [raw]
    return [entry.control_entry(read.time_ms, control.encode(one)) for one in said if one is not None]


def _said(statement: Statement, me: str, batch: Batch) -> Iterator[Statement]:
    match statement:
        case Grant():
            yield from _granted(statement, batch)
        case Erase() if statement.origin == me:
            yield replace(statement, index=batch.index(statement.index))
        case Erased():
            index = batch.index(statement.index) if statement.origin == me else statement.index
            yield replace(statement, index=index, at=batch.index(statement.at) if statement.by == me else statement.at)
        case Confirm() if statement.home == me:
            yield replace(statement, index=batch.index(statement.index))
        case Manifest() if statement.previous:
            yield replace(statement, previous=batch.index(statement.previous - 1) + 1)
        case _:
            yield statement


def _granted(one: Grant, batch: Batch) -> Iterator[Grant]:
    """Yield grants of the same entries; a grant without an end from before on has none now, either."""
    if one.last <= batch.start or (one.first < batch.start and one.last == _ENDLESS):
        yield one
        return
    spans = [(one.first, batch.start)] if one.first < batch.start else []
    first = max(one.first, batch.start)
    inside = range(min(first, batch.end), min(one.last, batch.end))
    spans += _moved(one, first, [was for was in inside if was in batch.fresh], batch)
    spans += _runs(sorted(batch.now[was] for was in inside if was not in batch.fresh))
    for begin, end in spans or [(batch.index(one.first), batch.index(one.last))]:
        yield replace(one, first=begin, last=end)


def _moved(one: Grant, first: int, fresh: list[int], batch: Batch) -> list[tuple[int, int]]:
    """Return the span of the entries that were added again, and of those that are still to come."""
    if one.last <= batch.end:
        return [(batch.now[fresh[0]], batch.now[fresh[-1]] + 1)] if fresh else []
    end = one.last if one.last == _ENDLESS else batch.index(one.last)
    return [(batch.now[fresh[0]] if fresh else batch.index(max(first, batch.end)), end)]


def _runs(indices: list[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for index in indices:
        if found and found[-1][1] == index:
            found[-1] = (found[-1][0], index + 1)
        else:
            found.append((index, index + 1))
    return found
