"""What a node checks of itself, and what becomes of what it finds: noted, told to a person, mended or waiting for help.

`check` is one check; the nightly one takes a thirtieth of everything, so that a month has seen it all.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from node.node import Node, Opened
from node.schedule import share
from sync import damage, fsck
from sync.damage import Book, Damage
from sync.inspection import Slice
from sync.lock import HeadLock
from sync.mending import Mending

log = logging.getLogger(__name__)
NIGHTS = 30  # in which everything is looked at once
Progress = Callable[[str, int, int], None]


@dataclass
class Checked:
    """What a check found, which of it is mended, and what waits for a session, a command or a person."""

    entries: int = 0
    found: list[Damage] = field(default_factory=list)
    mended: list[Damage] = field(default_factory=list)
    waiting: list[Damage] = field(default_factory=list)


def check(
    node: Node,
    origin: str = "",
    which: Slice = fsck.WHOLE,
    mend: bool = True,
    progress: Progress = lambda origin, done, total: None,
) -> Checked:
    """Check this node's logs (or one), note what is damaged, and mend what can be mended here."""
    seen: dict[str, int] = {}

    def count(log_origin: str, done: int, total: int) -> None:
        seen[log_origin] = done
        progress(log_origin, done, total)

    with node.opened() as opened, node.lock() as lock:
        found = fsck.check(opened.store, opened.registry, lock, origin, which, count)
        if not origin and which.number == 1:
            found += _files(node)
        book = Book(opened.store)
        for one in book.note(found, int(node.clock())):
            log.error("damaged %s", damage.said(one))
        if which.is_whole:
            origins = [origin] if origin else ["", *(one.origin for one in opened.store.logs())]
            book.settle(origins, found, int(node.clock()))
        mended = _mended(node, opened, lock, found) if mend else []
        return Checked(sum(seen.values()), found, mended, book.open(origin or None))


def _mended(node: Node, opened: Opened, lock: HeadLock, found: list[Damage]) -> list[Damage]:
    """Mend what follows from what is whole here, of this check and what an earlier one left open."""
    mending = Mending(opened.store, opened.registry, lock, int(node.clock()))
    left = [one for one in mending.book.open() if one not in found]
    mended = mending.here([*found, *left])
    for one in mended:
        log.info("mended %s", damage.said(one))
    return mended


def _files(node: Node) -> list[Damage]:
    """Return which of the other databases SQLite itself finds damaged."""
    found = []
    for path in (node.home.node_db, node.home.head_lock):
        broken = fsck.integrity_of(path) if path.exists() else ""
        if broken:
            found.append(Damage("", damage.DATABASE, 0, 0, -1, f"{path.name}: {broken}"))
    return found


def tonight(node: Node) -> Slice:
    """Return which thirtieth is looked at in the night of this moment; nodes begin at different ones."""
    day = datetime.fromtimestamp(node.clock(), ZoneInfo(node.settings.timezone)).toordinal()
    return Slice((day + int(share(node.origin) * NIGHTS)) % NIGHTS + 1, NIGHTS)


def night(node: Node) -> Checked:
    """Check tonight's slice, and all of each log that somebody was refused packages of because they did not verify."""
    return check(node, which=tonight(node))
