"""The brake on imports: what a file would change is counted before anything is filed, and waits where it is too much.

Counted are the live rights of the own log that the file would change or withdraw, with those that other files changed
in the 7 days before. Where they wait, a copy of the file is kept in `held/`, so that a person's word later has the very
file to go by; what else the file says is filed at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from catalog import brake
from catalog.brake import LEAST, WINDOW_S
from node import comparison
from node.comparison import NOTHING, Choice, Waiting
from node.errors import FileChanged
from node.hold_book import CHANGED, IMPORT, OPEN, WITHDRAWN, Hold
from node.home import Home, sync_directory, whole_file
from node.node import Node
from node.submissions import Submitting
from node.versions import Parts
from records import body
from records.draft import Blank, Row
from records.kinds import Kinds

FEW = 20
_CHUNK = 1 << 20
Batch = list[Row | Blank]


@dataclass(frozen=True, slots=True)
class Measure:
    """What rows would do: `rights` says by key whether one is changed or withdrawn.

    `changed` are these with those of the 7 days before, of `live` ones; `live` is 0 where they are too few to count.
    """

    rights: dict[str, str]
    changed: int
    live: int


def may_hold(under_way: Submitting) -> bool:
    """Tell whether an import can be held at all: not where the brake is off, nor in a log that is too short for it."""
    return 0 < under_way.catalogue.brake_share < 1 and under_way.log.next_entry >= LEAST


def measure(
    under_way: Submitting, batches: Iterable[Batch], choice: Choice, taken: int, known: Kinds, now: float
) -> Measure:
    """Return what rows would change of the live rights of the own log, and file nothing. Raises as filing them does."""
    rights: dict[str, str] = {}
    records: set[int] = set()
    for batch in batches:
        live = _live(under_way, batch)
        if live:
            mine: Batch = [row for row in batch if isinstance(row, Row) and row.record and row.record.key in live]
            held = under_way.filed(list(live))
            found = comparison.compare(mine, held, choice, under_way.number, taken, known, Waiting(live))
            rights |= {key: _word(parts) for key, parts in found.held}
            records |= {live[key] for key, _parts in found.held}
    if records:
        for first, last in under_way.notebook.imported_since(now - WINDOW_S):
            records |= brake.changed_rights(under_way.catalogue, under_way.log, first, last)
    enough = len(records) >= LEAST
    alive = brake.live(under_way.catalogue, under_way.log, under_way.log.next_entry) if enough else 0
    return Measure(rights, len(records), alive)


def _live(under_way: Submitting, batch: Batch) -> dict[str, int]:
    return brake.live_rights(under_way.catalogue, under_way.log, comparison.keys(batch), under_way.log.next_entry)


def _word(parts: Parts) -> str:
    return WITHDRAWN if any(body.decode(raw).op == "withdraw" for _audience, raw in parts) else CHANGED


def hold(
    node: Node, under_way: Submitting, path: Path, title: str, digest: str, recipe: dict[str, Any], found: Measure
) -> int:
    """Keep the file, and write down that its changes wait, if they are too many; return the hold's number, 0 if not.

    Raises FileChanged, OSError. A crash before it is written down leaves a copy that the next decision sweeps.
    """
    share = under_way.catalogue.brake_share
    if found.changed < LEAST or found.changed <= share * found.live:
        return 0
    keep(node.home, path, digest)
    gone = sum(word == WITHDRAWN for word in found.rights.values())
    some = dict(list(found.rights.items())[:FEW])
    one = Hold(
        id=0, what=IMPORT, origin=node.origin, since=node.clock(), state=OPEN, changed=found.changed, deleted=gone,
        live=found.live, share=brake.thousandths(share), file=title, sha256=digest, submission=under_way.number,
        choice=recipe, keys=some,
    )  # fmt: skip
    return under_way.notebook.hold_import(one)


def waiting(node: Node, under_way: Submitting, batch: Batch, hold: int) -> Waiting:
    """Return what of a batch of rows must wait under that hold; nothing for none."""
    return Waiting(_live(under_way, batch), named(node, hold)) if hold else NOTHING


def named(node: Node, hold: int) -> str:
    """Return what people call a hold of this node by (hold_book.Hold.named)."""
    return f"{node.origin.rpartition('/')[2]}/{hold}" if node.settings.role == "feed" else str(hold)


# -- the copies -------------------------------------------------------------------------------------------------------


def copy_of(home: Home, digest: str) -> Path:
    """Return where the copy of a file lies that has this SHA-256, in hex."""
    return home.held / digest


def keep(home: Home, path: Path, digest: str) -> None:
    """Put a copy of a file into `held/`, durably; raise FileChanged where it is not the file of that digest."""
    home.held.mkdir(mode=0o700, exist_ok=True)
    sync_directory(home.path)
    made = sha256()
    with path.open("rb") as source, whole_file(copy_of(home, digest)) as copy:
        while piece := source.read(_CHUNK):
            made.update(piece)
            copy.write(piece)
        if made.hexdigest() != digest:
            raise FileChanged(path.name)


def is_whole(home: Home, digest: str) -> bool:
    """Tell whether the copy is there, byte for byte."""
    try:
        with copy_of(home, digest).open("rb") as content:
            return file_digest(content, "sha256").hexdigest() == digest
    except OSError:
        return False


def sweep(node: Node) -> None:
    """Remove the copies that no open hold needs; under the home's import lock, so that none is on its way."""
    if not node.home.held.is_dir():
        return
    needed = {one.sha256 for one in node.notebook.open_holds() if one.what == IMPORT}
    for path in node.home.held.iterdir():
        if path.name not in needed:
            path.unlink()
