"""A session by disk, for a node without a line: what one node writes for another, and what it takes from it.

Heads, entries and receipts go open, parts encrypted to the receiver. Everything is verified by the code that verifies
what comes over a line, and may be taken any number of times. The newest receipt carried back says from where on to
bring a log; a parent signs nothing on what it does not hold, and a child signs only after a fresh cover.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from node import erasures
from node.errors import NodeError
from node.home import whole_file
from node.messages import N_
from node.node import Node, Opened
from sync import carry, control, covers, forks, recovery
from sync.bundles import Bundles, packages
from sync.carry import Carried
from sync.covers import Cover
from sync.errors import NeedsRecovery, SyncError
from sync.head import Head
from sync.note import Note
from sync.package import Packer
from sync.registry import Registry, ancestors
from sync.rights import Rights
from sync.store import Log, Store
from sync.tree import BUNDLE

log = logging.getLogger(__name__)
SUFFIX = ".banyan"
LIMIT_BYTES = 4_000_000_000  # what a file system of old sticks takes
SESSION_WAIT_S = 600.0
Progress = Callable[[int], None]


class NoNeighbour(NodeError):
    """Nothing is carried to a node that is neither a parent nor a child: (origin,)."""

    facts = ("origin",)
    sentence = N_("{origin} is neither above nor below this node. Name a parent, or a node that `nodes` lists.")


class NothingCarried(NodeError):
    """The folder holds no file for this node: (path, origin)."""

    facts = ("path", "origin")
    sentence = N_("{path} holds no file for {origin}. Name the folder that `carry out` was given.")


@dataclass
class Moved:
    """What was written, or taken. `refused` holds (file, why); `unsealed` that the receiver's key is not known here."""

    files: list[str] = field(default_factory=list)
    entries: int = 0
    parts: int = 0
    receipts: int = 0
    refused: list[tuple[str, SyncError]] = field(default_factory=list)
    unsealed: bool = False
    signed: int = 0


def out(
    node: Node, folder: Path, receiver: str, limit_bytes: int = LIMIT_BYTES, progress: Progress = lambda entries: None
) -> Moved:
    """Write files for `receiver`, a parent or a child, into `folder`; each is whole once it has its name.

    What is to be forgotten is forgotten first. A node that was restored and is not recovered yet writes nothing: it may
    not know of that. Raises NoNeighbour, NeedsRecovery, NodeError, SyncError, OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with node.opened() as opened:
        recovery.check_recovered(opened.store, node.origin)
    erasures.follow_up(node)
    with node.home.hold("session", SESSION_WAIT_S), node.opened() as opened:
        if node.settings.role == "hub":
            _say_key(opened)
        return _Writing(opened, folder, receiver, limit_bytes, progress).write()


def _say_key(opened: Opened) -> None:
    """Have the hub's own log say which key others encrypt to, once for each key, and sign what is new in it.

    Where it may not sign yet, what it has signed is carried.
    """
    node, registry = opened.node, opened.registry
    if registry.hpke_key(node.origin) != node.keys.hpke_public:
        root = node.federation.newest
        stated = control.Node(root.name, "hub", "active", root.log_keys, root.mirror_key, node.keys.hpke_public)
        opened.own.state(stated)
    try:
        opened.seal_as_hub()
    except NeedsRecovery as error:
        log.warning("not signed origin=%s why=%r", node.origin, error)


class _Writing:
    """One set of files."""

    def __init__(self, opened: Opened, folder: Path, receiver: str, limit_bytes: int, progress: Progress):
        self._opened = opened
        self._node = opened.node
        self._store = opened.store
        self._registry = opened.registry
        self._rights = Rights(self._store, self._registry)
        self._folder = folder
        self._receiver = receiver
        self._limit = limit_bytes
        self._progress = progress
        self._up = any(one.origin == receiver for one in self._node.settings.parents)
        if not self._up and not self._registry.is_parent(self._node.origin, receiver):
            raise NoNeighbour(receiver)
        self._known = _cover_of(self._store, receiver)
        self._done = Moved()
        self._proving = b""  # the head of the log whose packages are being written

    def write(self) -> Moved:
        number = self._number()
        own = self._opened.own
        cover = covers.sign(self._cover(number), self._node.keys.log, int(self._node.clock()))
        assert own.log is not None
        sections = self._sections()
        more = next(sections, None)
        for count in range(1, 10_000):
            if more is None and count > 1:
                break
            name = f"{self._node.origin}--{self._receiver}--{number:06d}-{count:03d}".replace("/", "_") + SUFFIX
            with whole_file(self._folder / name) as file:
                writer = carry.Writer(file, self._node.origin, cover)
                for one in self._statements():
                    writer.add(carry.ROOT, one)
                if more is not None and more[0] == carry.PACKAGE:  # each file stands alone
                    writer.add(carry.HEAD, self._proving)
                while more is not None and (writer.size + len(more[1]) < self._limit or writer.size < 20_000):
                    writer.add(*more)
                    more = next(sections, None)
                writer.end()
            self._done.files.append(name)
        return self._done

    def _number(self) -> int:
        """Return the next number for this receiver: the time, so that a log.db put back from a backup goes on above."""
        last = int(self._store.meta(f"carry-out:{self._receiver}") or b"0")
        number = max(last + 1, int(self._node.clock()))
        with self._store.write():  # before anything is written: no number is ever used twice
            self._store.set_meta(f"carry-out:{self._receiver}", str(number).encode())
        return number

    def _cover(self, number: int) -> Cover:
        store, me = self._store, self._node.origin
        logs = {one.origin: (one.next_entry, one.stored) for one in store.logs() if one.next_entry}
        if not self._up:  # of what the child brings, say as well that nothing is held: absence says nothing
            theirs = Registry(store, self._node.federation, self._receiver).children()
            logs = {one.origin: (0, 0) for one in theirs} | logs
        wanted: list[tuple[str, carry.PartName]] = []
        for held in store.logs_with_wanted():
            due = self._rights.sees(held.origin, me, self._receiver)
            names = Bundles(store, held).wanted(covers.MAX_LINES - len(wanted), due)
            wanted += [(held.origin, name) for name in names]
        receivers = store.log(self._receiver)
        newest = store.newest_head(receivers, at_most=2**63 - 1) if receivers else None
        receipts = {one.signer: one.size for one in store.newest_receipts(self._opened.own.log)}
        shown, epoch = newest.note if newest else b"", store.meta("epoch") or b""
        whole = Cover(
            self._node.federation.id, me, self._receiver, number, epoch, logs, tuple(wanted), receipts, shown
        )  # fmt: skip
        return covers.fitting(whole)

    def _statements(self) -> Sequence[bytes]:
        """The root statements for a child, which knows the first: heads by the hub's newest keys count by them."""
        known = self._node.federation.statements
        return () if self._up or len(known) < 2 else known

    def _sections(self) -> Iterator[tuple[str, bytes]]:
        for kept in forks.kept(self._store):
            yield carry.FORK, carry.encode_fork(kept.file, forks.with_registrations(self._store, self._registry, kept))
        logs = list(self._to_bring() if self._up else self._from_above())
        for held, start, end in logs:
            self._proving = end.note
            yield carry.HEAD, end.note
            yield from self._packages(held, start, end)
        if not self._up:
            yield from self._receipts()
            if not self._is_let_in():
                return
        key = self._registry.hpke_key(self._receiver)
        if len(key) != 32:
            self._done.unsealed = True
            return
        for box in self._boxes(logs):
            args = (key, self._node.federation.id, self._node.origin, self._receiver)
            yield carry.PARTS, carry.seal_parts(box, *args)
            self._done.parts += len(box)

    def _is_let_in(self) -> bool:
        """Tell whether a child would be let in by line: who is suspended learns so from the logs, and gets no parts."""
        try:
            self._registry.check_caller(self._receiver)
        except SyncError:
            return False
        return True

    def _to_bring(self) -> Iterator[tuple[Log, int, Head]]:
        """The own log and the children's, from the newest receipt on; from further back where the parent says so."""
        me = self._node.origin
        for held in self._store.logs():
            if (
                not held.next_entry
                or held.frozen
                or (held.origin != me and not self._registry.is_parent(me, held.origin))
            ):
                continue
            end = self._store.newest_head(held, at_most=held.stored)
            newest = self._store.newest_receipt(held, self._receiver)
            start = newest.size if newest else 0
            if self._known and held.origin in self._known.logs:
                start = min(start, self._known.logs[held.origin][1])
            if end is not None:
                yield held, start, end

    def _from_above(self) -> Iterator[tuple[Log, int, Head]]:
        """The own log and those above, from where the child says that it stands."""
        for origin in ancestors(self._registry, self._node.origin):
            held = self._store.log(origin)
            end = self._store.newest_head(held, at_most=held.stored) if held else None
            if held is not None and end is not None and not held.frozen:
                yield held, self._known.logs.get(origin, (0, 0))[0] if self._known else 0, end

    def _packages(self, held: Log, start: int, end: Head) -> Iterator[tuple[str, bytes]]:
        packer = Packer()
        for one in packages(self._store, held, start, end.size, end.size, lambda audience, index: False):
            yield carry.PACKAGE, Carried(held.origin, end.size, packer.pack(one)).encode()
            self._done.entries += len(one.entries)
            self._progress(len(one.entries))

    def _boxes(self, logs: list[tuple[Log, int, Head]]) -> Iterator[list[carry.NamedPart]]:
        """Yield the parts of what is brought, and those that the other side wants, in boxes of at most 1 MiB."""
        box: list[carry.NamedPart] = []
        size = 0
        for one in self._parts(logs):
            box.append(one)
            size += len(one[2]) + 256
            if size > carry.MAX_TEXT_BYTES // 2:
                yield box
                box, size = [], 0
        if box:
            yield box

    def _parts(self, logs: list[tuple[Log, int, Head]]) -> Iterator[carry.NamedPart]:
        for held, start, end in logs:
            bundles = Bundles(self._store, held)
            for first in range(start, end.size, BUNDLE):
                last = min(first + BUNDLE, end.size)
                names = [name for name, _content in bundles.parts(first, last)]
                for name, content in self._due(held, names):
                    yield held.origin, name, content
        for origin, name in self._known.wanted if self._known else ():
            wanted_of = self._store.log(origin)
            for _name, content in self._due(wanted_of, [name]) if wanted_of else ():
                yield origin, name, content

    def _due(self, held: Log, names: list[carry.PartName]) -> list[tuple[carry.PartName, bytes]]:
        may_see = self._rights.sees(held.origin, self._receiver)
        return Bundles(self._store, held).serve(names, held.next_entry, may_see, 2**40).parts

    def _receipts(self) -> Iterator[tuple[str, bytes]]:
        """The newest receipts on the logs that the child brings."""
        for held in self._store.logs():
            try:
                self._registry.check_bringer(self._receiver, held.origin)
            except SyncError:
                continue
            for one in self._store.newest_receipts(held):
                self._done.receipts += 1
                yield carry.RECEIPT, one.note


def _cover_of(store: Store, sender: str) -> Cover | None:
    """Return the newest cover of that sender, verified when it was taken; None before the first."""
    raw = store.meta(f"carry-cover:{sender}")
    return Cover.parse(Note.parse(raw).text) if raw else None
