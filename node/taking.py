"""What a node takes from a disk: each file once its sum holds, each section by the code of a session by line.

Everything may be taken any number of times. A parent gives receipts for what it holds then; a child signs its log after
a cover that is newer than any before, and after nothing else.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from node import rotating, stands
from node.carrying import SESSION_WAIT_S, SUFFIX, Moved, NothingCarried, Progress
from node.node import Node, Opened
from sync import carry, covers, entry, erasing, forks, head, mirror, presence, receipting, signed, wants
from sync.bundles import Bundles
from sync.carry import Carried
from sync.client import Client
from sync.covers import Cover
from sync.errors import BadSignature, Malformed, NoHead, NotAllowed, ShutOut, SyncError, UnknownOrigin
from sync.head import Head, Receipt
from sync.lock import HeadLock
from sync.note import Note
from sync.package import unpack
from sync.quota import check_room
from sync.registry import Registration, ancestors
from sync.rights import Rights
from sync.session import Session

log = logging.getLogger(__name__)


def take(node: Node, folder: Path, progress: Progress = lambda entries: None) -> Moved:
    """Take every file in `folder` that is for this node; what is refused does not stop the rest.

    Raises NothingCarried, and NeedsRecovery or NotAllowed where all was taken and nothing signed; NoRoom.
    """
    files = sorted(folder.glob(f"*{SUFFIX}"))
    with node.home.hold("session", SESSION_WAIT_S), node.opened() as opened, node.lock() as lock:
        taking = _Taking(opened, lock, progress)
        for path in files:
            with path.open("rb") as file:
                taking.file(path.name, file)
        if not taking.done.files and not taking.done.refused:
            raise NothingCarried(str(folder), node.origin)
        taking.end()
        return taking.done


class _Taking:
    """What is taken in one call."""

    def __init__(self, opened: Opened, lock: HeadLock, progress: Progress):
        self._opened = opened
        self._node = opened.node
        self._store = opened.store
        self._registry = opened.registry
        self._lock = lock
        self._progress = progress
        self._fresh: dict[str, tuple[Cover, bytes]] = {}
        self.done = Moved()

    def file(self, name: str, file: BinaryIO) -> None:
        """Take one file, once its sum is known to hold."""
        try:
            begins = carry.check_file(file)
            cover = Cover.parse(Note.parse(begins.cover).text)
        except SyncError as error:
            self._refuse(name, error)
            return
        sender = begins.sender
        if cover.receiver != self._node.origin or sender == self._node.origin:
            return
        self.done.files.append(name)
        self._learn_root(name, begins.statements)
        self._hello(name, sender, begins.cover)
        heads: dict[tuple[str, int], Head] = {}
        for word, content in carry.sections(file):
            try:
                self._section(sender, word, content, heads)
            except SyncError as error:
                self._refuse(name, error)
        for end in heads.values():
            try:
                self._finish(sender, end)
            except SyncError as error:
                self._refuse(name, error)

    def _refuse(self, name: str, error: SyncError) -> None:
        if (name, repr(error)) not in [(known, repr(one)) for known, one in self.done.refused]:
            log.warning("carried refused file=%s error=%r", name, error)
            self.done.refused.append((name, error))

    def _learn_root(self, name: str, statements: Sequence[bytes]) -> None:
        """Keep root statements that follow those held, before the heads that they vouch for: they prove themselves."""
        if not statements:
            return
        try:
            self._registry.trust(rotating.learn(self._node, statements))
        except SyncError as error:
            self._refuse(name, error)

    def _hello(self, name: str, sender: str, raw: bytes) -> None:
        """Believe a cover that is newer than any before by this sender; without one nothing is concluded."""
        try:
            cover = covers.open_cover(raw, self._registry.log_keys(sender))
            if cover.sender != sender or cover.federation_id != self._node.federation.id:
                raise Malformed("cover", "of another sender, or federation")
        except SyncError as error:
            self._refuse(name, error)
            return
        last = int(self._store.meta(f"carry-in:{sender}") or b"0")
        if cover.number > last and (sender not in self._fresh or cover.number > self._fresh[sender][0].number):
            self._fresh[sender] = cover, raw
            if not self._is_above(sender):
                self._heard(cover)

    def _is_above(self, sender: str) -> bool:
        return any(one.origin == sender for one in self._node.settings.parents)

    def _registered(self, sender: str, origin: str) -> Registration:
        """Return the registration of a log that this sender may bring up, or show from above."""
        if self._is_above(sender):
            if origin not in ancestors(self._registry, sender):
                raise NotAllowed(origin, "not-above-me")
            return self._registry.get(origin)
        self._registry.check_caller(sender)
        return self._registry.check_bringer(sender, origin)

    def _section(self, sender: str, word: str, content: bytes, heads: dict[tuple[str, int], Head]) -> None:
        if word == carry.HEAD:
            origin = head.stated(content).origin
            path = "" if self._is_above(sender) else sender
            _log, shown = mirror.see_head(self._store, self._registered(sender, origin), path, content)
            heads[shown.origin, shown.size] = shown
        elif word == carry.PACKAGE:
            self._package(sender, Carried.parse(content), heads)
        elif word == carry.PARTS:
            self._parts(sender, content)
        elif word == carry.RECEIPT:
            self._receipt(content)
        elif word == carry.FORK:
            forks.learn(self._store, self._registry, *carry.parse_fork(content), sender)

    def _package(self, sender: str, one: Carried, heads: dict[tuple[str, int], Head]) -> None:
        registered = self._registered(sender, one.origin)
        end = heads.get((one.origin, one.end))
        if end is None:
            raise NoHead(one.origin, one.end)
        held, found = self._store.add_log(one.origin), unpack(one.frame)
        if found.last <= held.next_entry:
            return  # taken before
        check_room(self._node.home.path, self._node.settings.disk_floor_mb)
        due = Rights(self._store, self._registry).sees(one.origin, self._node.origin)
        taken = mirror.take(self._store, registered, found, end, self._committer(one.origin), due)
        self.done.entries += taken.next_entry - held.next_entry
        self._progress(taken.next_entry - held.next_entry)

    def _committer(self, origin: str) -> entry.Committer:
        return entry.Committer(self._node.federation.id, origin)

    def _parts(self, sender: str, box: bytes) -> None:
        """Take the parts that are wanted here; tombstones are obeyed where parts are stored."""
        mine = self._node.keys
        seeds = (mine.hpke_seed, *mine.earlier_hpke_seeds)
        by_log: dict[str, list[tuple[carry.PartName, bytes]]] = defaultdict(list)
        for origin, name, content in carry.unseal_parts(
            box, seeds, self._node.federation.id, sender, self._node.origin
        ):
            by_log[origin].append((name, content))
        for origin, parts in sorted(by_log.items()):
            held = self._store.log(origin)
            if held is None:
                raise UnknownOrigin(origin)
            due = Rights(self._store, self._registry).sees(origin, self._node.origin)
            wanted = set(Bundles(self._store, held).wanted(2**31, due))
            missing = [one for one in parts if one[0] in wanted]
            taken, _refused = mirror.take_parts(self._store, origin, missing, self._committer(origin), due)
            self.done.parts += taken

    def _receipt(self, note: bytes) -> None:
        """Keep a receipt by a node above, on a log of which we hold just what it says."""
        signer, seen = signed.signer_of(note), head.stated(note)
        held = self._store.log(seen.origin)
        if signer not in ancestors(self._registry, self._node.origin) or held is None:
            raise NotAllowed(signer or seen.origin, "not-above-me")
        receipt = self._opened_receipt(signer, note)
        if seen.size > held.next_entry or Bundles(self._store, held).root(seen.size) != seen.root:
            raise Malformed("receipt", "not of what is held here")
        with self._store.write():
            self._store.put_receipt(held, receipt)
        self.done.receipts += 1

    def _opened_receipt(self, signer: str, note: bytes) -> Receipt:
        """Return a receipt by the signer's mirror key, or by an earlier one that was not taken back."""
        refusal = BadSignature(signer, "no mirror key of it is known")
        for era in reversed(self._registry.eras(signer)):
            if not era.revoked:
                try:
                    return head.open_receipt(note, signer, era.mirror_key, int(self._node.clock()))
                except BadSignature as error:
                    refusal = error
        raise refusal

    def _finish(self, sender: str, end: Head) -> None:
        """Once a log has come as far as a head: record it; give a receipt, or count the log from above as stored."""
        held = self._store.add_log(end.origin)
        if held.next_entry < end.size or end.size < held.stored or held.frozen:
            return
        if Bundles(self._store, held).root(end.size) != end.root:
            return
        path = "" if self._is_above(sender) else sender
        with self._store.write():
            recorded = self._store.head(held, path)
            if recorded is None or (end.size, end.time_s) > (recorded.size, recorded.time_s):
                self._store.put_head(held, end, path)
        if self._is_above(sender):
            receipting.settle(self._store, end)
            return
        registered = self._registered(sender, end.origin)
        mirror.compare_heads(self._store, held, registered)
        signer, *also = self._node.mirrors(self._registry)
        given = receipting.give_receipt(self._store, self._lock, signer, self._node.origin, end, self._node.clock, also)
        self.done.receipts += given is not None

    def end(self) -> None:
        """Follow up what came: erasures, rights; a child signs its log after a fresh cover."""
        erasing.obey(self._store, self._registry)
        wants.refresh(self._store, self._registry)
        for sender, (cover, raw) in self._fresh.items():
            if self._is_above(sender):
                self._sign(cover)
            with self._store.write():  # a crash before this: the cover is as fresh when it is taken again
                self._store.set_meta(f"carry-in:{sender}", str(cover.number).encode())
                self._store.set_meta(f"carry-cover:{sender}", raw)

    def _heard(self, cover: Cover) -> None:
        """Do what a child's Hello has a parent do, before a receipt is given on anything that it brings."""
        sender = cover.sender
        presence.heard(self._store, self._registry, sender, cover.head)
        presence.beat(self._store, sender, int(self._node.clock()))
        mine = self._lock.signed(sender)
        presence.owes(self._store, sender, cover.receipts.get(self._node.origin, 0), mine.size if mine else 0)

    def _check_standing(self, parent: str) -> None:
        """Raise NotAllowed where this node's home, as its log has it now, has suspended or revoked it; note it."""
        node = self._node
        known = self._registry.find(node.origin)
        error: NotAllowed | None = None
        if known is not None and known.node.status != "active":
            status, because = known.node.status, known.node.reason
            error = ShutOut(node.origin, status, because) if because else NotAllowed(node.origin, status)
        if self._registry.home(node.origin) == parent:
            stands.note(node, parent, error)
        if error is not None:
            raise error

    def _sign(self, cover: Cover) -> None:
        """Sign the own log as in a session; over the channel nobody is called."""
        node = self._node
        self._check_standing(cover.sender)
        parent = next(one for one in node.settings.parents if one.origin == cover.sender)
        with node.channel(parent) as channel:
            session = Session(
                self._store,
                self._lock,
                self._opened.own,
                self._registry,
                Client(channel, parent.origin),
                node.clock,
                resign=node.settings.registers,
                parents=tuple(one.origin for one in node.settings.parents),
            )
            sealed = session.seal_after(cover.head)
        self.done.signed = sealed.size if sealed else 0
