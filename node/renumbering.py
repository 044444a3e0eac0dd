"""After a recovery: submissions whose entries stand at other places of the own log now, or that node.db does not know.

Each record says in its own part to which submission it belongs, so the log tells what node.db must say.
"""

from collections.abc import Iterator, Mapping

from node.node import Node
from node.submission_book import Submission
from node.versions import source_of
from sync import aside, entry, recovery, sealed
from sync.bundles import Bundles, spans
from sync.store import Log, Store

Run = tuple[int, int, int, int, int]  # number, first, last, entries, time of the first in POSIX seconds


def settle(node: Node) -> int:
    """Let node.db agree with the own log on where the entries of each submission are; return how many changed.

    One that node.db does not know, because it comes from an older backup, is written down with what the log tells of
    it. A crash before the end leaves it to the next call.
    """
    with node.opened() as opened:
        changed = opened.store.meta(recovery.CHANGED)
        if not changed:
            return 0
        known = {one.number: one for one in node.notebook.submissions()}
        runs = list(_runs(opened.store, opened.own.log, int(changed), known))
        placed = node.notebook.place_submissions(runs)
        node.notebook.renumber_handouts(node.origin, aside.moved(opened.store))
        node.notebook.place_acts(int(changed), _acts(opened.store, opened.own.log, int(changed)))
        with opened.store.write():
            opened.store.set_meta(recovery.CHANGED, b"")
            aside.forget_moved(opened.store)
    return placed


def _acts(store: Store, log: Log, start: int) -> Iterator[int]:
    """Yield the entries of which the one part is sealed to the node itself: they say who did what (acting.py)."""
    mine = sealed.audience(log.origin)
    bundles = Bundles(store, log)
    for first, last in spans(start, log.next_entry):
        for index, raw in enumerate(bundles.entries(first, last), first):
            if [audience for audience, _commitment in entry.commitments(raw)[1]] == [mine]:
                yield index


def _runs(store: Store, log: Log, start: int, known: Mapping[int, Submission]) -> Iterator[Run]:
    """Yield the runs of entries of one submission each, oldest first; other entries may lie between.

    A number was used twice where node.db came from an older backup: the time tells the known submission from another.
    """
    run: Run | None = None
    was_known = False
    for index, number, time_s in _numbered(store, log, start):
        is_known = number in known and known[number].lasted(time_s)
        if run is not None and (run[0], was_known) == (number, is_known):
            run = (number, run[1], index + 1, run[3] + 1, run[4])
            continue
        was_known = is_known
        if run is not None:
            yield run
        run = (number, index, index + 1, 1, time_s)
    if run is not None:
        yield run


def _numbered(store: Store, log: Log, start: int) -> Iterator[tuple[int, int, int]]:
    """Yield (index, submission, POSIX seconds) of each entry that a submission made."""
    bundles = Bundles(store, log)
    for first, last in spans(_whole_run(bundles, start), log.next_entry):
        entries = bundles.entries(first, last)
        seen = -1
        for (index, _number), content in bundles.parts(first, last):
            number = _submission(content) if index != seen else 0
            if number:
                seen = index
                yield index, number, int.from_bytes(entries[index - first][2:10], "big") // 1000


def _whole_run(bundles: Bundles, start: int) -> int:
    """Return where the submission that `start` lies in begins, so that its run is found whole."""
    mine = _number_at(bundles, start)
    while mine and start and _number_at(bundles, start - 1) == mine:
        start -= 1
    return start


def _number_at(bundles: Bundles, index: int) -> int:
    return next((found for _name, one in bundles.parts(index, index + 1) if (found := _submission(one))), 0)


def _submission(content: bytes) -> int:
    found = source_of(content).get("submission", 0)
    return found if isinstance(found, int) else 0
