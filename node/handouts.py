"""Files that were written out of what is held here, and what becomes of them once a part in one is to be forgotten.

Each is noted before it is in its place, with the parts that it holds. Of those in outbox/ that are still as they were
written, the file goes: it can be written again, without what was erased. All others are named to a person.
"""

import contextlib
import hashlib
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from node import export_book, roles
from node.export_book import Handout
from node.home import sync_directory
from node.messages import N_, _
from node.node import Node
from sync.schema import INDEX_SHIFT, LOG_SHIFT, index_of

STDOUT = "-"
EXPORT, LEFT_OUT, EVIDENCE, RESULT, IMPORT = "export", "left-out", "evidence", "result", "import"
THERE, CHANGED, GONE, SENT = "there", "changed", "gone", "sent"
_WHATS = {
    EXPORT: N_("an export"),
    LEFT_OUT: N_("a list of what an export left out"),
    EVIDENCE: N_("evidence"),
    RESULT: N_("the findings of an import"),
    IMPORT: N_("an imported file"),
}
_STATES = {
    THERE: N_("it is still there: delete it"),
    CHANGED: N_("there is another file now; look whether it holds the same"),
    GONE: N_("it is not there any more"),
    SENT: N_("it went to standard output"),
}
Place = tuple[str, int, int]  # origin, index, part number


@dataclass(frozen=True, slots=True)
class Left:
    """A file that held a part: `state` is a word of above, how it is now; ours are as this node wrote them."""

    path: str
    what: str
    at: int
    person: str
    state: str
    is_ours: bool = False


class Places:
    """Which parts go into a file, by their ids in log.db, in any order; neighbours cost nothing."""

    def __init__(self) -> None:
        self._runs: dict[tuple[int, int], array[int]] = {}

    def add(self, ids: Iterable[int]) -> None:
        for id in ids:
            log, index, part = id >> LOG_SHIFT, index_of(id), id & (1 << INDEX_SHIFT) - 1
            runs = self._runs.setdefault((log, part), array("q"))
            if runs and runs[-1] == index:
                runs[-1] += 1
            else:
                runs.extend((index, index + 1))

    def by_origin(self, names: Mapping[int, str]) -> export_book.Held:
        """Return the entries by origin and part number; `names` are the origins by the id of their log."""
        return {
            (names[log], part): export_book.merged(zip(runs[::2], runs[1::2], strict=True))
            for (log, part), runs in self._runs.items()
        }


def note(node: Node, path: Path | None, what: str, held: export_book.Held, sha256: str = "") -> None:
    """Note a file with what it holds, before it is put in its place; None is standard output.

    Without its hash, a file is named when its time comes, and never deleted: a person may have worked in it.

    A crash behind this leaves a note of a file that is not there, which does no harm.
    """
    place = str(path.absolute()) if path else STDOUT
    node.notebook.add_handout(node.clock(), roles.person(node.settings).name, what, place, sha256, held)


def note_places(node: Node, path: Path | None, what: str, places: Places, out: BinaryIO | None = None) -> None:
    """Note a file, all of which stands in `out` by now, with the parts that went into it."""
    with node.opened() as opened:
        names = {log.id: log.origin for log in opened.store.logs()}
    note(node, path, what, places.by_origin(names), digest_of(out) if out else "")


def digest_of(out: BinaryIO) -> str:
    """Return the SHA-256, in hex, of all that was written to a file that is open for reading as well."""
    out.flush()
    out.seek(0)
    return _sha256(out)


def _sha256(file: BinaryIO) -> str:
    made = hashlib.sha256()
    while piece := file.read(1 << 20):
        made.update(piece)
    return made.hexdigest()


def holding(node: Node, place: Place) -> list[Left]:
    """Return the files that held a part when they were written, oldest first, and imports that brought it."""
    origin, index, _part = place
    found = [_left(one) for one in node.notebook.handouts_with(*place)]
    return (_imported(node, index) if origin == node.origin else []) + found


def _left(one: Handout) -> Left:
    state = _state(one.path, one.sha256)
    return Left(one.path, one.what, one.at, one.person, state, state == THERE and one.sha256 != "")


def _state(path: str, sha256: str) -> str:
    if path == STDOUT:
        return SENT
    try:
        with Path(path).open("rb") as file:
            known = not sha256 or _sha256(file) == sha256
            return THERE if known else CHANGED
    except OSError:
        return GONE


def _imported(node: Node, index: int) -> list[Left]:
    """Return the files in the inbox of which an entry was made."""
    found = []
    for item in node.notebook.items_of(index):
        path = str(node.home.inbox / (item.moved_to or item.name))
        found.append(Left(path, IMPORT, item.at, item.name, _state(path, item.sha256)))
    return found


def take_back(node: Node, places: Iterable[Place]) -> list[Left]:
    """Delete what this node wrote into its outbox and what holds one of these parts; return what a person must see to.

    May be repeated after a crash.
    """
    found = list(dict.fromkeys(one for place in places for one in holding(node, place)))
    ours = [Path(one.path) for one in found if one.is_ours and Path(one.path).parent in _outboxes(node)]
    for path in ours:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
    for folder in {path.parent for path in ours}:
        sync_directory(folder)
    return [one for one in found if one.state != GONE and Path(one.path) not in ours]


def _outboxes(node: Node) -> set[Path]:
    """The outbox of this node; of a feed also that of the node that it feeds, which gets its results."""
    mine = {node.home.outbox}
    return mine | {node.home.path.parent.parent / "outbox"} if node.home.path.parent.name == "feeds" else mine


def as_dict(one: Left) -> dict[str, Any]:
    """Return a file for programs."""
    return {name: value for name, value in asdict(one).items() if name != "is_ours"}


def line(one: Left, moment: Any) -> str:
    """Return what a person must know of a file that held an erased part."""
    place = _("standard output") if one.path == STDOUT else one.path
    what = _(_WHATS.get(one.what, one.what))
    return f"{moment(one.at)}  {what}  {place}: {_(_STATES[one.state])}"
