"""A child's session with one parent (wire.md section 4): hello, seal, down, up, parts. Every step may be repeated.

This node's own log is signed here alone, once the parent has shown which head of it it holds.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from sync import eras, forks, head, ownrow, presence, recovery, rights, rollcall
from sync.bringing import Bringing, Report, attempt, ends
from sync.bundles import Bundles
from sync.client import Client, Hello, LogState
from sync.door import Door
from sync.errors import BadSignature, Malformed, NeedsRecovery, NotAllowed, SyncError, Unreachable
from sync.fork import Branch
from sync.handshake import Handshake, Trust
from sync.head import Head
from sync.lock import HeadLock
from sync.ownlog import RESIGN_AFTER_S, OwnLog
from sync.pulling import Pulling
from sync.registry import Registry, ancestors, is_prefix
from sync.repair import Repair
from sync.store import Store
from sync.telling import Telling

log = logging.getLogger(__name__)
MAX_SKEW_S = 300
_Found = TypeVar("_Found")


@dataclass
class Session:
    """One session. `progress` hears (origin, entries stored there, entries in all) after each package.

    `parents` are all that this node has: each is granted what is added from now on (rights.py). `door` is where it
    lets others in, if it does.
    """

    store: Store
    lock: HeadLock
    own: OwnLog
    registry: Registry
    client: Client
    clock: Callable[[], float]
    progress: Callable[[str, int, int], None] = lambda origin, done, total: None
    stop: threading.Event = field(default_factory=threading.Event)
    resign: bool = False
    trust: Trust | None = None
    floor_mb: int = 0
    parents: tuple[str, ...] = ()
    door: Door | None = None

    def run(self) -> Report:
        """Do all steps; return what was done.

        Raises Unreachable, NotAllowed (this node itself is refused), NeedsRecovery (nothing was signed).
        """
        report, me = Report(self.client.parent), self.own.origin
        telling = Telling(self.store, self.registry, self.client, report)
        up, down = self._bringing(report), self._pulling(report)
        handshake = Handshake(self.store, self.own, self.registry, self.client, self.clock, up, self.trust, self.door)
        try:
            hello = handshake.hello(telling)
            telling.learn(hello)
            try:
                mine = self._made_whole(partial(self._sealed_after, hello), down.heal_own)
            except NeedsRecovery:
                down.pull_all(hello.ancestors)  # the word from above is needed all the more
                raise
            down.pull_all(hello.ancestors)
            down.heal()
            if hello.reason in ("moved", "moving"):  # what is above is known now; nothing is taken from us here
                raise NotAllowed(me, hello.reason)
            attempt(report, me, self.client.parent, partial(self._check_row, hello))
            self._made_whole(partial(self._keep_receipts, hello.receipts, report), down.heal_own)
            refusal = self._bring_all(mine, hello, up, handshake)
            telling.tell(hello, refusal)
            attempt(report, me, me, partial(self._bring_manifest, hello))
            if refusal is not None:
                raise refusal
            handshake.remember(hello)
        finally:
            report.calls = self.client.calls
        return report

    def _bringing(self, report: Report) -> Bringing:
        return Bringing(self.store, self.registry, self.client, self.clock, self.progress, self.stop, report)

    def _pulling(self, report: Report) -> Pulling:
        return Pulling(self.store, self.lock, self.registry, self.client, self.clock, self.stop, report, self.floor_mb)

    # -- the own log --------------------------------------------------------------------------------------------------

    def _check_shown_head(self, hello: Hello) -> None:
        """Raise NeedsRecovery if anybody shows a head of ours that head.lock does not know; report a bare claim.

        One that contradicts what we signed ourselves is a fork: our log is frozen, the session goes on without it.
        """
        if self.own.log.frozen:
            return
        presence.check_not_behind(self.store, self.own.origin)
        if not hello.your_head:
            return
        own = self.own
        try:
            shown = self._open_own(hello.your_head)
        except SyncError as error:
            log.warning("bare claim parent=%s error=%r", self.client.parent, error)
            with self.store.write():
                self.store.alarm("bare-claim", self.client.parent, "showed a head of ours that we did not sign")
            return
        held = own.log
        if shown.origin != own.origin:
            raise NotAllowed(self.client.parent, "showed another log's head")
        signed = self.lock.signed(own.origin)
        known = min(signed.size, held.next_entry) if signed else -1
        ours = forks.held_branch(self.store, held, shown.size, own.verifiers) if 0 < shown.size <= known else None
        if ours is not None and ours.root != shown.root:
            pairs = [(shown.size, Branch(shown, shown.root), ours)]
            if forks.found(self.store, held, own.verifiers, shown, pairs):
                return
        if shown.size > known or Bundles(self.store, held).root(shown.size) != shown.root:
            raise NeedsRecovery(own.origin, f"{self.client.parent} holds a head of size {shown.size} that is not ours")

    def _open_own(self, note: bytes) -> Head:
        """Return a head of our own log: by the keys in use, or by earlier ones where it agrees with what we hold.

        What earlier keys signed beside the new ones is ours; what else they may have signed since is somebody's claim.
        """
        known = (self.own.verifiers, *(era.log_keys for era in reversed(self.registry.eras(self.own.origin))))
        for log_keys in dict.fromkeys(known):
            try:
                found = head.open_head(note, log_keys)
            except BadSignature:
                continue
            if log_keys == known[0] or is_prefix(self.store, found.checkpoint, found.checkpoint):
                return found
        raise BadSignature(self.own.origin, "not by the keys of our own log")

    def seal_after(self, your_head: bytes) -> Head | None:
        """Sign the own log once a parent has shown, by whatever way, which head of it it holds; raise NeedsRecovery."""
        shown = Hello(b"", 0, "active", "", your_head, {}, (), (), 0)
        return self._made_whole(partial(self._sealed_after, shown))

    def _sealed_after(self, hello: Hello) -> Head | None:
        """Sign the own log after what the parent has shown of it, opened to all parents at once; or NeedsRecovery."""
        self._check_shown_head(hello)
        recovery.check_recovered(self.store, self.own.origin)
        for parent in self.parents:  # all at once, so that each is brought the same log
            rights.open_to(self.store, self.own, self.registry, parent)
        return self._sealed()

    def _made_whole(self, step: Callable[[], _Found], heal: Callable[[str], int] = lambda origin: 0) -> _Found:
        """Return what `step` returns, after a repair where what is here does not give what was signed or written."""
        try:
            return step()
        except (NeedsRecovery, Malformed):
            if not Repair(self.store, self.registry, self.lock, int(self.clock())).run(heal):
                raise
        return step()

    def _sealed(self) -> Head | None:
        """Return the own log's head, signed now; None where the log is frozen: nothing of it is signed any more."""
        if self.own.log.frozen:
            return None
        return self.own.seal(self.lock, RESIGN_AFTER_S if self.resign else None)

    # -- up -----------------------------------------------------------------------------------------------------------

    def _bring_all(self, mine: Head | None, hello: Hello, up: Bringing, handshake: Handshake) -> SyncError | None:
        """The own log first; the registry may have moved by it, so hello again before the logs that we mirror.

        Return a refusal of the own log, once the others have been brought.
        """
        others = {one.origin for one in handshake.mine_to_bring()} - {self.own.origin}
        state = hello.logs.get(self.own.origin)
        refusal: SyncError | None = None
        if mine is None:
            refusal = NotAllowed(self.own.origin, "frozen")
        elif state is not None:
            try:
                up.bring(mine, state)
            except Unreachable:
                raise
            except SyncError as error:
                if ends(error, self.own.origin):
                    raise
                refusal = error
            if state.stored < mine.size and others:
                hello = handshake.again(others, set(hello.logs))
        elif hello.your_head != mine.note and (self.resign or self._is_by_earlier_keys(hello.your_head)):
            up.show_again(mine)
        for origin in sorted(set(hello.logs) & others):
            attempt(up.report, self.own.origin, origin, partial(self._bring_mirrored, hello.logs[origin], up))
        return refusal

    def _is_by_earlier_keys(self, note: bytes) -> bool:
        return bool(note) and not eras.signed_by(note, self.own.verifiers)

    def _bring_manifest(self, hello: Hello) -> None:
        """Bring the rows of our newest manifest that the parent can look up, if it does not hold them."""
        own, receipt = self.own.log, self.store.newest_receipt(self.own.log, self.client.parent)
        held = rollcall.newest(self.store, own, below=receipt.size) if receipt else None
        if held is not None and held.index >= hello.your_manifest:
            self.client.add_manifest(held.index, rollcall.rows_of(self.store, own, held.index))

    def _bring_mirrored(self, state: LogState, up: Bringing) -> None:
        held = self.store.log(state.origin)
        end = self.store.newest_head(held, at_most=held.stored) if held else None
        if end is not None:
            up.bring(end, state)

    def _check_row(self, hello: Hello) -> None:
        """Compare what the parent's newest manifest says of us with what we know ourselves."""
        ownrow.check_own_row(self.store, self.registry, self.client.parent, hello.manifest)

    # -- receipts -----------------------------------------------------------------------------------------------------

    def _keep_receipts(self, notes: tuple[bytes, ...], report: Report) -> None:
        """Keep the receipts that nodes above the parent gave for our own log."""
        own = self.own.log
        above = [one for one in ancestors(self.registry, self.client.parent) if one != self.client.parent]
        for raw in notes:
            for signer in above:
                try:
                    receipt = head.open_receipt(raw, signer, self.registry.mirror_key(signer), int(self.clock()))
                except SyncError:
                    continue
                promised = receipt.checkpoint
                if promised.origin != own.origin or promised.size > own.next_entry:
                    raise Malformed("receipt", "not of our log")
                if Bundles(self.store, own).root(promised.size) != promised.root:
                    if own.frozen:  # for the other branch: that there are two is told in this session
                        continue
                    raise NeedsRecovery(own.origin, f"{signer} gave a receipt for other entries than ours")
                with self.store.write():
                    self.store.put_receipt(own, receipt)
                report.receipts.append((own.origin, signer, receipt.size))
