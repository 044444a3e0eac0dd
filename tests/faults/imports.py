"""A file in the inbox of one outlet: every night of the harness begins by importing what lies there."""

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from node import inbox
from node.home import Home
from node.node import Node
from records import body
from sync.bundles import Bundles
from sync.entry import SALT_BYTES, commitments
from tests.node import filing

NAME = "专利.csv"
NUMBERS = range(9_000_001, 9_000_013)  # of its rows: no made-up record of the federation has them
_READ = ("public", "federation", "path")  # audiences of what an import makes


def drop(home: Home) -> None:
    """Put the file into a node's inbox."""
    filing.write(home.inbox / NAME, map(filing.row, NUMBERS))


def take(node: Node) -> None:
    """Take what lies in the inbox, as `serve` does: looked at twice, so far apart as a file must stand still."""
    looking = inbox.Inbox(node)
    for now in (0.0, inbox.STILL_S):
        looking.look(now)


def waiting(node: Node) -> list[str]:
    return inbox.Inbox(node).waiting()


def lost(node: Node) -> Iterator[str]:
    """Yield what became of the file where it is not there as it was, and rows of it that are not in the node's log."""
    lying = [one for one in node.home.inbox.rglob("*") if one.name == NAME]
    if len(lying) != 1 or _digest(lying[0]) != _wanted(node.home.path.parent):
        yield f"the file of the inbox is there {len(lying)} times, or not as it was"
    missing = sorted(_keys() - set(_filed(node)))
    if missing:
        yield f"{len(missing)} rows of the file are not in the log: {missing[0]}"


def again(node: Node) -> Iterator[str]:
    """Yield rows of the file that are in the node's log more than once."""
    twice = sorted(key for key, count in _filed(node).items() if count > 1 and key in _keys())
    if twice:
        yield f"{len(twice)} rows of the file are in the log again: {twice[0]}"


def _keys() -> set[str]:
    return {filing.key(number) for number in NUMBERS}


def _filed(node: Node) -> Counter[str]:
    """Return in how many entries of the node's own log each key is."""
    with node.opened() as opened:
        log = opened.own.log
        bundles = Bundles(opened.store, log)
        raws = bundles.entries(0, log.next_entry)
        found: dict[int, set[str]] = {}
        for (index, number), content in bundles.parts(0, log.next_entry):
            if commitments(raws[index])[1][number][0] in _READ:
                found.setdefault(index, set()).add(body.decode(content[SALT_BYTES:]).key)
    return Counter(key for keys in found.values() for key in keys)


def _digest(path: Path) -> bytes:
    return sha256(path.read_bytes()).digest()


def _wanted(folder: Path) -> bytes:
    """Return the digest of the file as it is dropped, made once more beside the homes."""
    made = filing.write(folder / NAME, map(filing.row, NUMBERS))
    found = _digest(made)
    made.unlink()
    return found
