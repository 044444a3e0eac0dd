"""Feeds: an office's data in a log of its own below this node, imported like files.

A feed is a home of its own, `feeds/NAME` in the home of the node that registers it: it has keys and a log as any node
has, joins through this node's joining door and calls its sync door. It opens no doors and keeps no nights; `serve` and
`feed import` call for it.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from node import admission, enrolment, erasures, keyfiles, mappings, nightly, registering, settings
from node.errors import BadSetting, Interrupted, NodeError
from node.home import Home, sync_directory
from node.intake import Opened
from node.messages import N_
from node.node import Node
from node.settings import Parent, Settings
from records import body
from records.body import Record
from records.draft import Blank, Row
from records.errors import MalformedRecord
from records.kinds import Kinds
from records.rules import finding
from sync.bringing import Report
from sync.errors import SyncError, Unreachable
from sync.origin import check, federation

log = logging.getLogger(__name__)
MAX_TITLE = 200  # of a source, in the terms that a record carries
_MAX_RECORD = body.MAX_BYTES - 512  # with room for salt and number
_INVITED_DAYS = 1
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}


class NoFeed(NodeError):
    """No feed of this name here: (name,)."""

    facts = ("name",)
    sentence = N_("There is no feed {name} here. Make it with `feed add`; `feed list` shows those that there are.")


class BadFeedName(NodeError):
    """A name that cannot be the last word of an origin: (name,)."""

    facts = ("name",)
    sentence = N_("{name} is no name for a feed: use a-z, 0-9 and hyphens, as in cnipa-gazette.")


class NameTaken(NodeError):
    """Another node has this name: (origin, role)."""

    facts = ("origin", "role")
    sentence = N_(
        "{origin} is registered already, with the role {role}. Names are never used again: choose another one."
    )


class FeedLost(NodeError):
    """The feed is registered, and its home is not the one that it had: (origin, path)."""

    facts = ("origin", "path")
    sentence = N_(
        "{origin} is registered with keys that are not in {path}. Bring that directory back from its backup, or add "
        "the feed under another name."
    )


class NotServing(NodeError):
    """A door of this node itself does not answer: (address,)."""

    facts = ("address",)
    sentence = N_(
        "This node's door at {address} does not answer. Start `serve` on this home, then give the same command "
        "again: it goes on where it stopped."
    )


@dataclass(frozen=True, slots=True)
class Terms:
    """What a feed's source allows: its terms in words, and whether raw data may be passed on: yes, no, derived."""

    text: str = ""
    redistribute: str = "yes"


def add(node: Node, name: str, title: str, terms: Terms) -> Node:
    """Make the feed `name`, called `title`, below this node, whose doors must be open, and return it.

    Each step may be repeated: the same call finishes what a crash left, and gives a finished feed the title and terms
    stated now. Raises BadFeedName, BadSetting, RoleNotHere, NameTaken, FeedLost, NotServing, and what joining raises.
    """
    origin, home = _origin(node, name), _home(node, name)
    _check_kept(origin, title, terms)
    with node.home.hold("feeds", wait_s=5.0):
        if _is_registered(node, origin, home) and home.settings_file.exists():
            return _restate(node, find(node, name), title, terms)
        node.notebook.withdraw_invitations(origin)  # of attempts that broke off: their secrets are kept nowhere
        invited = admission.invite(node, origin, "feed", title, _INVITED_DAYS)
        node.home.feeds.mkdir(mode=0o700, exist_ok=True)
        sync_directory(node.home.path)
        token = replace(invited, join_address=_near(node.settings.join_listen))
        try:
            enrolment.join(home, token, title, licence_terms=terms.text, redistribute=terms.redistribute)
        except Unreachable as error:
            raise NotServing(token.join_address) from error
        return _restate(node, find(node, name), title, terms)


def _origin(node: Node, name: str) -> str:
    if "/" in name:
        raise BadFeedName(name)
    try:
        check(f"{federation(node.origin)}/{name}")
        return check(f"{node.origin}/{name}")
    except SyncError as error:
        raise BadFeedName(name) from error


def _check_kept(origin: str, title: str, terms: Terms) -> None:
    """Raise BadSetting, before anything is made, for a title or terms that node.toml or a record could not hold."""
    if len(title) > MAX_TITLE:
        raise BadSetting("name", title[:20] + "…", f"at most {MAX_TITLE} characters")
    Settings(origin, "feed", title, licence_terms=terms.text, redistribute=terms.redistribute)


def _home(node: Node, name: str) -> Home:
    return Home(node.home.feeds / name)


def _is_registered(node: Node, origin: str, home: Home) -> bool:
    """Tell whether the keys in `home` are registered under this name; raise NameTaken, FeedLost where others are."""
    for one in node.notebook.invitations():
        if (one.origin, one.state) == (origin, "invited") and one.role != "feed" and one.expires > node.clock():
            raise NameTaken(origin, one.role)
    with node.opened() as opened:
        known = opened.registry.find(origin)
    if known is None:
        return False
    if known.node.role != "feed":
        raise NameTaken(origin, known.node.role)
    mine = keyfiles.load(home, origin) if home.keys.exists() else None
    if mine is None or tuple(one.verifier for one in mine.log) != known.node.log_keys:
        raise FeedLost(origin, str(home.path))
    return True


def _restate(node: Node, feed: Node, title: str, terms: Terms) -> Node:
    """Give a finished feed another title or other terms; what it imported before keeps those of then."""
    if feed.settings.name != title:
        with node.opened() as opened:
            opened.own.add([[("federation", registering.name_record(feed.origin, "feed", title))]])
    own = settings.load(feed.home, {})
    stated = replace(own, name=title, licence_terms=terms.text, redistribute=terms.redistribute)
    if stated != own:
        settings.save(feed.home, stated)
    return find(node, feed.home.path.name)


def names(node: Node) -> list[str]:
    """Return the names of the feeds of this node, those not finished among them."""
    return sorted(one.name for one in node.home.feeds.iterdir() if one.is_dir()) if node.home.feeds.is_dir() else []


def finished(node: Node) -> list[str]:
    """Return the names of the finished feeds of this node."""
    return [name for name in names(node) if _home(node, name).settings_file.is_file()]


def find(node: Node, name: str) -> Node:
    """Return a finished feed, whose people and brake are those of this node; raise NoFeed."""
    home = _home(node, name)
    if name not in names(node) or not home.settings_file.is_file():
        raise NoFeed(name)
    found = Node.open(home, {})
    ours = replace(found.settings, brake_share=node.settings.brake_share, people=node.settings.people)
    return replace(found, settings=ours, clock=node.clock)


def parent(node: Node) -> Parent:
    """Return this node as its feeds call it: by the addresses at which it listens, whatever others call it by."""
    known = node.settings
    return Parent(node.origin, _near(known.sync_listen), _near(known.join_listen))


def _near(address: str) -> str:
    """Return where a door that listens at `address` is reached from the same machine."""
    host, colon, port = address.rpartition(":")
    return _EVERYWHERE.get(host, host) + colon + port


def sync(
    node: Node,
    feed: Node,
    deadline: Callable[[], float] = lambda: 3600.0,
    stop: threading.Event | None = None,
    progress: nightly.Progress = lambda origin, done, total: None,
) -> Report:
    """Bring what a feed imported into this node's mirror, by a session like any child's; it forgets what it must.

    Raises NotServing where the own doors are shut, Interrupted, NodeError, SyncError.
    """
    try:
        report = nightly.visit(feed, parent(node), deadline, stop, progress)
    except Unreachable as error:
        raise NotServing(parent(node).sync_address) from error
    erasures.follow_up(feed)
    return report


def sync_all(node: Node, deadline: Callable[[], float], stop: threading.Event) -> dict[str, Exception]:
    """Call for every finished feed, one after the other; return what failed, by origin. One stops no other.

    A failure is an alarm of this node. Raises Interrupted where `stop` ended it.
    """
    failures: dict[str, Exception] = {}
    for name in finished(node):
        try:
            sync(node, find(node, name), deadline, stop)
        except Interrupted:
            raise
        except (SyncError, NodeError, OSError) as error:
            origin = f"{node.origin}/{name}"
            log.error("feed failed origin=%s error=%r", origin, error)
            failures[origin] = error
            with node.opened() as opened, opened.store.write():
                opened.store.alarm("feed-failed", origin, type(error).__name__)
    return failures


@dataclass(frozen=True, slots=True)
class Licensed(Opened):
    """A file whose records carry these terms where they state none."""

    licence: Mapping[str, str] = field(default_factory=dict)

    def recipe(self) -> dict[str, Any]:
        """Return how to read the file just so again, the terms among it."""
        return {**Opened.recipe(self), "licence": dict(self.licence)}

    def rows(self) -> Iterator[Row | Blank]:
        """Yield what each row states, the terms among it. Raises UnreadableFile."""
        takes = {kind.name for kind in self.known.all() if "licence" in kind.fields}
        for row in Opened.rows(self):
            yield self._licensed(row, takes) if isinstance(row, Row) and self.licence else row

    def _licensed(self, row: Row, takes: set[str]) -> Row:
        record = row.record
        if record is None or record.kind not in takes or record.fields.get("licence"):
            return row
        licensed = replace(record, fields={**record.fields, "licence": dict(self.licence)})
        if sum(map(len, row.raw.values())) > body.SMALL_CHARS and (size := _size(licensed)) > _MAX_RECORD:
            return replace(row, record=None, findings=[*row.findings, finding("TOO_LARGE", "", size)])
        return replace(row, record=licensed, stated=row.stated | {"licence"})


def _size(record: Record) -> int:
    """Return how many bytes a record is, or its values are where it is too many."""
    try:
        return len(body.encode(record))
    except MalformedRecord:
        return max(body.MAX_BYTES, sum(len(str(value).encode()) for value in record.fields.values()))


def open_file(feed: Node, path: Path, kinds_here: Kinds) -> Licensed:
    """Return a file as a feed takes it: recognised, by a mapping saved there, with the terms of the source.

    Raises UnreadableFile, OSError.
    """
    file, known = mappings.fitting(feed, path, kinds_here), feed.settings
    licence = {}
    if known.licence_terms or known.redistribute != "yes":
        stated = {"source": known.name, "terms": known.licence_terms, "redistribute": known.redistribute}
        licence = {name: text for name, text in stated.items() if text}
    return Licensed(file.path, file.reader, file.known, file.mapping, file.title, licence)


def listed(node: Node) -> list[dict[str, Any]]:
    """Return what there is to say of each feed: name, title, state, entries, those held here, terms."""
    with node.opened() as opened:
        rows = []
        for name in names(node):
            origin, home = f"{node.origin}/{name}", _home(node, name)
            finished = home.settings_file.is_file()
            known = settings.load(home, {}) if finished else Settings(origin, "feed", name)
            registered, mirror = opened.registry.find(origin), opened.store.log(origin)
            receipt = opened.store.newest_receipt(mirror, node.origin) if mirror else None
            status = registered.node.status if registered else "unfinished"
            rows.append(
                {
                    "feed": name,
                    "origin": origin,
                    "name": known.name,
                    "state": status if finished else "unfinished",
                    "entries": _entries(home) if finished else 0,
                    "held": mirror.stored if mirror else 0,
                    "received": receipt.time_s if receipt else None,
                    "terms": known.licence_terms,
                    "redistribute": known.redistribute,
                }
            )
        return rows


def _entries(home: Home) -> int:
    with Node.open(home, {}).opened() as opened:
        return opened.own.log.next_entry
