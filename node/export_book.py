"""Files that left this node, and which parts each of them holds: they are named once one is to be forgotten."""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from node.page import Page

TABLES = {
    "handout": {"number": int, "at": int, "person": str, "what": str, "path": str, "sha256": str},
    "handout_part": {"handout": int, "origin": str, "part": int, "first": int, "last": int, "runs": bytes},
}
WHOLE = -1  # stands for every part of these entries
Span = tuple[int, int]
Held = Mapping[tuple[str, int], Sequence[Span]]  # (origin, part number) → entries [first, last), ascending and apart


@dataclass(frozen=True, slots=True)
class Handout:
    """One file that was written: `path` is absolute, or - for standard output; `sha256` of what was written, in hex."""

    number: int
    at: int
    person: str
    what: str
    path: str
    sha256: str


class ExportBook(Page):
    """The handouts of one notebook."""

    def add_handout(self, now: float, person: str, what: str, path: str, sha256: str, held: Held) -> int:
        """Note a file that holds these parts; return its number. One transaction."""
        with self._write() as db:
            row = db.execute(
                "insert into handout (at, person, what, path, sha256) values (?, ?, ?, ?, ?)",
                [int(now), person, what, path, sha256],
            )
            number = int(row.lastrowid or 0)
            db.executemany(
                "insert into handout_part (handout, origin, part, first, last, runs) values (?, ?, ?, ?, ?, ?)",
                [
                    (number, origin, part, spans[0][0], spans[-1][1], _packed(spans))
                    for (origin, part), spans in held.items()
                    if spans
                ],
            )
        return number

    def handouts_with(self, origin: str, index: int, part: int) -> list[Handout]:
        """Return the files that held a part when they were written, oldest first."""
        with self._open() as db:
            rows = db.execute(
                "select handout.*, runs from handout_part join handout on number = handout where origin = ? "
                "and part in (?, ?) and first <= ? and last > ? order by number",
                [origin, part, WHOLE, index, index],
            ).fetchall()
        found = [Handout(*tuple(row)[:-1]) for row in rows if _lies_in(index, _spans(row["runs"]))]
        return list(dict.fromkeys(found))

    def renumber_handouts(self, origin: str, moved: Sequence[tuple[int, int]]) -> None:
        """Let what was noted of entries of one log name the places where they stand now as well; `moved` are ascending
        (where it was, where it is). One transaction.

        The places before stay: whether a file was written before or after they moved is not known, and to name one
        too many does no harm. May be repeated.
        """
        if not moved:
            return
        with self._write() as db:
            rows = db.execute(
                "select rowid, runs from handout_part where origin = ? and last > ?", [origin, moved[0][0]]
            ).fetchall()
            for row in rows:
                spans = list(_spans(row["runs"]))
                spans = merged([*spans, *((now, now + 1) for was, now in moved if _lies_in(was, spans))])
                db.execute(
                    "update handout_part set first = ?, last = ?, runs = ? where rowid = ?",
                    [spans[0][0], spans[-1][1], _packed(spans), row["rowid"]],
                )


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans in any order as ascending ones that neither meet nor overlap."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def _packed(spans: Sequence[Span]) -> bytes:
    """Return spans as the gap before each and its length, in turn, as JSON, deflated."""
    behind = [0, *(last for _first, last in spans)]
    runs = [number for (first, last), end in zip(spans, behind, strict=False) for number in (first - end, last - first)]
    return zlib.compress(json.dumps(runs, separators=(",", ":")).encode())


def _spans(packed: bytes) -> Iterator[Span]:
    runs, end = json.loads(zlib.decompress(packed)), 0
    for gap, length in zip(runs[::2], runs[1::2], strict=True):
        yield end + gap, end + gap + length
        end += gap + length


def _lies_in(index: int, spans: Iterable[Span]) -> bool:
    return any(first <= index < last for first, last in spans)
