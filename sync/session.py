"""A child's session with one parent (wire.md section 4): hello, seal, down, up, parts. Every step may be repeated."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from sync import (
    entry,
    eras,
    erasing,
    evidence,
    forks,
    head,
    mirror,
    presence,
    recovery,
    rights,
    rollcall,
    rotation,
    wants,
)
from sync.bringing import Bringing, Report, known_epoch
from sync.bundles import Bundles
from sync.client import Client, Greeting, Hello, LogState, ShownHead
from sync.errors import BadSignature, Malformed, NeedsRecovery, NotAllowed, ShutOut, SlowDown, SyncError, Unreachable
from sync.federation import Federation
from sync.fetching import Fetching
from sync.fork import Branch
from sync.head import Head
from sync.healing import Healing
from sync.lock import HeadLock
from sync.ownlog import RESIGN_AFTER_S, OwnLog
from sync.package import unpack
from sync.quota import check_room
from sync.registry import Registration, Registry, ancestors, is_prefix
from sync.rights import Rights
from sync.store import Log, Store
from sync.telling import Telling

log = logging.getLogger(__name__)
MAX_SKEW_S = 300


@dataclass
class Session:
    """One session. `progress` hears (origin, entries stored there, entries in all) after each package.

    `parents` are all that this node has: each is granted what is added from now on (rights.py).
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
    trust: Callable[[Sequence[bytes]], Federation] | None = None
    floor_mb: int = 0
    parents: tuple[str, ...] = ()

    def run(self) -> Report:
        """Do all steps; return what was done.

        Raises Unreachable, NotAllowed (this node itself is refused), NeedsRecovery (nothing was signed).
        """
        report = Report(self.client.parent)
        try:
            telling = Telling(self.store, self.registry, self.client, report)
            hello = self._hello(report, telling)
            telling.learn(hello)
            try:
                self._check_shown_head(hello)
                recovery.check_recovered(self.store, self.own.origin)
                for parent in self.parents:  # all at once, so that each is brought the same log
                    rights.open_to(self.store, self.own, self.registry, parent)
                mine = self._sealed()
            except NeedsRecovery:
                self._pull_all(hello, report)  # the word from above is needed all the more
                raise
            self._pull_all(hello, report)
            self._attempt(report, self.client.parent, partial(self._check_row, hello))
            self._heal(report)
            self._keep_receipts(hello.receipts, report)
            if hello.reason == "moved":  # what is above is known now; nothing is taken from us here any more
                raise NotAllowed(self.own.origin, "moved")
            refusal = self._bring_all(mine, hello, report)
            telling.tell(hello, refusal)
            self._attempt(report, self.own.origin, partial(self._bring_manifest, hello))
            if refusal is not None:
                raise refusal
            self._remember(hello)
        finally:
            report.calls = self.client.calls
        return report

    # -- hello --------------------------------------------------------------------------------------------------------

    def _hello(self, report: Report, telling: Telling) -> Hello:
        parent = self.client.parent
        epoch = self._epoch()
        known = self.store.log(parent)
        parents_head = self.store.head(known) if known else None
        above = [(one, self._held_size(one)) for one in ancestors(self.registry, parent)]
        own = self.own.log
        receipts = [(one.signer, one.size) for one in self.store.newest_receipts(own)]
        shown = parents_head.note if parents_head else b""
        version, registration = self.registry.federation.newest.version, self._registration()
        greeting = Greeting(
            epoch,
            self._offers(),
            above,
            shown,
            receipts,
            telling.greeting(),
            root_version=version,
            registration=registration,
            manifest=rollcall.checked(self.store, parent),
        )
        hello = self._give_back(greeting, self.client.hello(greeting), report)
        if hello.root_statements and self.trust is not None:  # before the heads that they vouch for
            self.registry.trust(self.trust(hello.root_statements))
        if hello.status != "active":
            why = hello.reason or hello.status
            raise ShutOut(self.own.origin, why, hello.because) if hello.because else NotAllowed(self.own.origin, why)
        if registration:
            with self.store.write():
                self.store.set_meta(f"shown-keys:{parent}", self._keys_hash())
        report.please_reconcile = hello.please_reconcile
        report.authorities = hello.authorities
        report.skew_s = hello.time_ms / 1000 - self.clock()
        if epoch and hello.epoch != epoch:
            log.warning("parent restored parent=%s", parent)
            hello = replace(hello, logs=self._everything(hello.epoch).logs)
        return hello

    def _give_back(self, greeting: Greeting, hello: Hello, report: Report) -> Hello:
        """Bring the parent what it asks for of its own log; it may know more of who we are afterwards."""
        state = hello.logs.get(self.client.parent)
        if state is None or state.reason != "recover":
            return hello
        self._attempt(report, self.client.parent, partial(self._bringing(report).give_back, state))
        return self.client.hello(greeting) if state.next_entry < state.recorded else hello

    def _registration(self) -> Sequence[bytes]:
        """What shows a parent that is not our home that our keys have changed; nothing where it knows, or nobody can.

        Until our home has sealed its entry, heads and receipts carry the old keys' signatures as well.
        """
        parent, me = self.client.parent, self.own.origin
        if self.registry.home(me) == parent or len(self.registry.eras(me)) < 2:
            return ()
        if self.store.meta(f"shown-keys:{parent}") == self._keys_hash():
            return ()
        try:
            return evidence.registrations(self.store, self.registry, me)
        except evidence.NotProved:
            return ()

    def _keys_hash(self) -> bytes:
        return rotation.keys_hash(rotation.registered(*rotation.set_of(self.registry.get(self.own.origin).node)))

    def _everything(self, epoch: bytes) -> Hello:
        """The parent is not the one that we knew: its receipts say nothing any more, so every log is compared."""
        mine = [(one.origin, one.stored) for one in self._mine_to_bring()]
        return self.client.hello(Greeting(epoch, mine, (), b"", ()))

    def _remember(self, hello: Hello) -> None:
        """Keep the parent's epoch, once everything was compared with it."""
        if self.store.meta(f"epoch:{self.client.parent}") != hello.epoch:
            with self.store.write():
                self.store.set_meta(f"epoch:{self.client.parent}", hello.epoch)

    def _held_size(self, origin: str) -> int:
        """Return the size of the head held here of a log above; of one beyond what its keys were good for, 0."""
        held = self.store.log(origin)
        newest = self.store.head(held) if held else None
        known = self.registry.find(origin) if newest else None
        return newest.size if newest and not (known and eras.is_overtaken(known.ages, newest)) else 0

    def _offers(self) -> list[tuple[str, int]]:
        """Every log that holds more than the parent gave a receipt for; of our own also what is not sealed yet."""
        outstanding = self.store.outstanding(self.client.parent)
        found = {one.origin: one.stored for one in outstanding if self._may_bring(one.origin)}
        own, newest = self.own.log, self.store.newest_receipt(self.own.log, self.client.parent)
        if own.next_entry > (newest.size if newest else 0):
            found[own.origin] = own.next_entry
        return sorted(found.items())

    def _mine_to_bring(self) -> list[Log]:
        return [one for one in self.store.logs() if one.next_entry and self._may_bring(one.origin)]

    def _may_bring(self, origin: str) -> bool:
        """The own log, and those of children; other mirrors came down from a parent."""
        return origin == self.own.origin or self.registry.is_parent(self.own.origin, origin)

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
            forks.found(self.store, held, own.verifiers, shown, pairs)
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

    # -- down ---------------------------------------------------------------------------------------------------------

    def _pull_all(self, hello: Hello, report: Report) -> None:
        for shown in hello.ancestors:
            self._attempt(report, self.client.parent, partial(self._pull, shown, report))
        erasing.obey(self.store, self.registry)
        wants.refresh(self.store, self.registry)
        for origin in self._to_fetch():
            self._attempt(report, origin, partial(self._fetch, origin, report))

    def _pull(self, shown: ShownHead, report: Report) -> None:
        """Bring one ancestor's log up to the head shown, verified by the code that verifies children's logs."""
        promised = head.stated(shown.note)
        if promised.origin not in ancestors(self.registry, self.client.parent):
            raise NotAllowed(promised.origin, "not-above-me")
        registered = self.registry.get(promised.origin)
        shown = self._passing_over_stolen(registered, shown)
        if shown.old_size and promised.size < self._held_size(
            promised.origin
        ):  # another parent has shown more: only compare
            mirror.see_head(self.store, registered, "", shown.note)
            return
        mirror.record_head(self.store, registered, "", shown.note, shown.old_size, shown.proof)
        held = self.store.add_log(promised.origin)
        end = mirror.head_for(self.store, held, "", promised.size)
        committer = entry.Committer(self.registry.federation.id, end.origin)
        may_hold = Rights(self.store, self.registry).sees(end.origin, self.own.origin)
        at = held.next_entry
        while at < end.size:
            before = at
            for frame in self.client.entries(end.origin, at, end.size):
                check_room(self.store.path.parent, self.floor_mb)
                taken = mirror.take(self.store, registered, unpack(frame), end, committer, may_hold)
                report.entries_down += taken.next_entry - at
                at = taken.next_entry
            if at == before:
                raise Unreachable(self.client.parent, "UNAVAILABLE", "sent no entries")
        mirror.compare_heads(self.store, self.store.add_log(end.origin), registered)
        mirror.settle(self.store, end)

    def _to_fetch(self) -> list[str]:
        """Return the logs of which the parent may have parts that are missing here: those above, and those we bring."""
        above = ancestors(self.registry, self.client.parent)
        return above + [one.origin for one in self.store.logs_with_wanted() if self._may_fetch(one.origin, above)]

    def _may_fetch(self, origin: str, above: list[str]) -> bool:
        return origin not in (*above, self.own.origin) and self.registry.is_parent(self.own.origin, origin)

    def _passing_over_stolen(self, registered: Registration, shown: ShownHead) -> ShownHead:
        """Begin anew where the head held here is beyond what its keys, replaced by now, were good for."""
        return shown if self._held_size(registered.node.origin) else replace(shown, old_size=0, proof=())

    def _fetch(self, origin: str, report: Report) -> None:
        """Ask for the parts of one log from above that did not come with its entries."""
        fetching = Fetching(self.store, self.registry, self.client, self.own.origin, self.stop)
        report.parts_down += fetching.fetch(origin)

    def _heal(self, report: Report) -> None:
        """Fetch what is damaged here and what the parent has of it."""
        healing = Healing(self.store, self.registry, self.client, self.lock, self.clock, self.stop)
        for origin in healing.origins():
            self._attempt(report, origin, partial(self._heal_log, healing, origin, report))

    def _heal_log(self, healing: Healing, origin: str, report: Report) -> None:
        report.healed += healing.heal(origin)

    def _check_row(self, hello: Hello) -> None:
        """Compare what the parent's newest manifest says of us with what we know ourselves."""
        rollcall.check_own_row(self.store, self.registry, self.client.parent, hello.manifest)

    # -- up -----------------------------------------------------------------------------------------------------------

    def seal_after(self, your_head: bytes) -> Head | None:
        """Sign the own log once a parent has shown, by whatever way, which head of it it holds; raise NeedsRecovery."""
        self._check_shown_head(Hello(b"", 0, "active", "", your_head, {}, (), (), 0))
        for parent in self.parents:
            rights.open_to(self.store, self.own, self.registry, parent)
        return self._sealed()

    def _sealed(self) -> Head | None:
        """Return the own log's head, signed now; None where the log is frozen: nothing of it is signed any more."""
        if self.own.log.frozen:
            return None
        return self.own.seal(self.lock, RESIGN_AFTER_S if self.resign else None)

    def _bring_all(self, mine: Head | None, hello: Hello, report: Report) -> SyncError | None:
        """The own log first; the registry may have moved by it, so hello again before the logs that we mirror.

        Return a refusal of the own log, once the others have been brought.
        """
        others = {one.origin for one in self._mine_to_bring()} - {self.own.origin}
        state = hello.logs.get(self.own.origin)
        refusal: SyncError | None = None
        if mine is None:
            refusal = NotAllowed(self.own.origin, "frozen")
        elif state is not None:
            try:
                self._bringing(report).bring(mine, state)
            except Unreachable:
                raise
            except SyncError as error:
                if self._ends(error):
                    raise
                refusal = error
            if state.stored < mine.size and others:
                hello = self._again(others, set(hello.logs))
        elif hello.your_head != mine.note and (self.resign or self._is_by_earlier_keys(hello.your_head)):
            self._bringing(report).show_again(mine)
        for origin in sorted(set(hello.logs) & others):
            self._attempt(report, origin, partial(self._bring_mirrored, hello.logs[origin], report))
        return refusal

    def _is_by_earlier_keys(self, note: bytes) -> bool:
        return bool(note) and not eras.signed_by(note, self.own.verifiers)

    def _again(self, others: set[str], offered: set[str]) -> Hello:
        """Offer again what was offered before, too: a restored parent did not know whose it was."""
        offers = {one.origin: one.stored for one in self._mine_to_bring() if one.origin in offered & others}
        offers |= {origin: size for origin, size in self._offers() if origin in others}
        return self.client.hello(Greeting(self._epoch(), sorted(offers.items()), (), b"", ()))

    def _ends(self, error: SyncError) -> bool:
        """Tell whether the parent takes nothing more of us for now, whichever log it is."""
        return isinstance(error, SlowDown) and error.args[1] == self.own.origin

    def _attempt(self, report: Report, origin: str, step: Callable[[], None]) -> None:
        """One log's trouble does not stop the others; a broken line stops all."""
        try:
            step()
        except Unreachable:
            raise
        except SyncError as error:
            if self._ends(error):
                raise
            log.warning("log refused origin=%s parent=%s error=%r", origin, self.client.parent, error)
            report.refused.append((origin, f"{type(error).__name__}: {error}"))

    def _bring_manifest(self, hello: Hello) -> None:
        """Bring the rows of our newest manifest that the parent can look up, if it does not hold them."""
        own, receipt = self.own.log, self.store.newest_receipt(self.own.log, self.client.parent)
        held = rollcall.newest(self.store, own, below=receipt.size) if receipt else None
        if held is not None and held.index >= hello.your_manifest:
            self.client.add_manifest(held.index, rollcall.rows_of(self.store, own, held.index))

    def _bringing(self, report: Report) -> Bringing:
        return Bringing(self.store, self.registry, self.client, self.clock, self.progress, self.stop, report)

    def _bring_mirrored(self, state: LogState, report: Report) -> None:
        held = self.store.log(state.origin)
        end = self.store.newest_head(held, at_most=held.stored) if held else None
        if end is not None:
            self._bringing(report).bring(end, state)

    def _epoch(self) -> bytes:
        """The parent's epoch as last seen; empty before the first session."""
        return known_epoch(self.store, self.client.parent)

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
                    raise NeedsRecovery(own.origin, f"{signer} gave a receipt for other entries than ours")
                with self.store.write():
                    self.store.put_receipt(own, receipt)
                report.receipts.append((own.origin, signer, receipt.size))
