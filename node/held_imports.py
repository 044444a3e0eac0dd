"""A person's word on what a file would change: it is taken in as it would have been, or nothing of it is.

The copy in `held/` is read as the file was. A crash before the word is written down leaves the hold open, and the same
word again finds filed what is filed.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from node import cataloguing, feeds, holding, intake, mappings
from node.comparison import Choice
from node.errors import NodeError
from node.hold_book import RELEASED, Hold
from node.intake import Opened
from node.messages import N_
from node.node import Node
from node.spool import Spool
from node.submission_book import Submission
from node.submissions import IMPORT_WAIT_S
from records.layout import Mapping

log = logging.getLogger(__name__)
_CHOICE = ("audience", "clear_empty", "wider_confirmed")


class CopyLost(NodeError):
    """The copy of a held file is not what it was: (hold, file, path)."""

    facts = ("hold", "file", "path")
    sentence = N_(
        "The copy of {file} at {path} is gone or damaged, so {hold} cannot be released. Nothing was changed. Refuse "
        "it, and import the file again."
    )


def decide(
    node: Node, place: Node, one: Hold, state: str, person: str, reason: str, progress: Callable[[int], None]
) -> Submission | None:
    """Take in what `one` holds at `place`, `node` or a feed of it, or refuse it; return what was filed.

    Raises CopyLost, NoHold, Busy.
    """
    done = _take(node, place, one, person, progress) if state == RELEASED else None
    place.notebook.decide_hold(one.id, state, person, reason, node.clock(), done.number if done else 0)
    with place.home.hold("import", IMPORT_WAIT_S):
        holding.sweep(place)  # a crash before leaves a copy to the next decision
    log.info("hold decided file=%s state=%s submission=%d", one.file, state, done.number if done else 0)
    return done


def _take(node: Node, place: Node, one: Hold, person: str, progress: Callable[[int], None]) -> Submission:
    if not holding.is_whole(place.home, one.sha256):
        raise CopyLost(one.named, one.file, str(holding.copy_of(place.home, one.sha256)))
    choice = Choice(**{name: one.choice[name] for name in _CHOICE})
    return intake.take(place, reopened(node, place, one), person, choice, progress, f"hold/{one.id}", released=one)


def reopened(node: Node, place: Node, one: Hold) -> Opened:
    """Return the copy of a held file, opened as the file was (Opened.recipe). Raises UnreadableFile."""
    path, recipe = holding.copy_of(place.home, one.sha256), one.choice
    known = cataloguing.known_kinds(node)
    known = mappings.only(known, recipe["kind"]) if recipe["kind"] else known
    if recipe["prefix"]:
        return Opened(path, Spool(path, recipe["prefix"]), known, title=one.file)
    columns = Mapping.from_dict(recipe["columns"]) if recipe["columns"] else None
    file = replace(intake.open_file(path, columns, recipe["mapping"], known), title=one.file)
    if "licence" not in recipe:
        return file
    return feeds.Licensed(file.path, file.reader, file.known, file.mapping, file.title, recipe["licence"])


def changes(place: Node, one: Hold) -> list[dict[str, Any]]:
    """Return some of the rights that a held file would change: key, title as it stands, and whether it is withdrawn."""
    with cataloguing.catalogue(place) as found:
        rows = found.many("select key, title from record where key in ({}) and wider is null", list(one.keys))
        titles = dict(rows)
    return [{"key": key, "title": titles.get(key, ""), "change": word} for key, word in one.keys.items()]
