"""A node's own log: adding entries, and sealing them under a signed head (wire.md section 9).

Adding needs no network; sealing happens inside a session only, after the parent has shown which head of ours it holds.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

from sync import control, entry, head, recovery, tree
from sync.bundles import Bundles, spans
from sync.checkpoint import Checkpoint
from sync.entry import Part
from sync.errors import BadSignature, Malformed, NeedsRecovery
from sync.head import Head
from sync.keys import Signer
from sync.lock import HeadLock, Signed
from sync.note import VerifierKey
from sync.store import Log, Store
from sync.tree import BUNDLE

RESIGN_AFTER_S = 20 * 3600
MAX_CLOCK_BEHIND_S = 300


class OwnLog:
    """The one log that this node writes. `clock` gives POSIX seconds.

    `signers` are the two keys in use; behind them those before, while these are not known everywhere yet.
    """

    def __init__(
        self,
        store: Store,
        origin: str,
        federation_id: bytes,
        signers: tuple[Signer, ...],
        clock: Callable[[], float],
    ):
        self._store = store
        self.origin = origin
        self._signers = signers
        self._clock = clock
        self._committer = entry.Committer(federation_id, origin)
        self._federation_id = federation_id

    def begin(self, home: str, follows: control.Successor | None = None) -> None:
        """Add entry 0, the genesis, to a log that is empty; nothing otherwise. It may go on from another log."""
        genesis = control.Genesis(self._federation_id, self.origin, home, self.verifiers)
        if follows is not None:
            genesis = replace(genesis, old=follows.old, size=follows.size, root=follows.root)
        with self._store.write():
            log = self._store.add_log(self.origin)
            if log.next_entry == 0:
                self._append(log, [entry.control_entry(self._now_ms(), control.encode(genesis))], [[]])

    @property
    def verifiers(self) -> tuple[VerifierKey, ...]:
        """The log's two public keys in use, 01 and 06."""
        return tuple(signer.verifier for signer in self._signers[:2])

    @property
    def log(self) -> Log:
        found = self._store.log(self.origin)
        if found is None:
            raise NeedsRecovery(self.origin, "log.db has no log of this node")
        return found

    def state(self, statement: control.Statement, beside: Callable[[int], None] = lambda index: None) -> int:
        """Add one control entry, and what `beside` writes for its index, in one transaction; return the index."""
        raw = entry.control_entry(self._now_ms(), control.encode(statement))
        return self.add_entries([raw], [[]], beside)

    def add(self, records: Sequence[Sequence[tuple[str, bytes]]]) -> int:
        """Add one record entry for each list of (audience, body), in one transaction; return the first index.

        Salts are made here. Raises OverLimit, and adds nothing, for what no node would take.
        """
        now_ms = self._now_ms()
        made = [[Part(audience, os.urandom(entry.SALT_BYTES), body) for audience, body in one] for one in records]
        entries = [entry.record_entry(self._committer, now_ms, parts) for parts in made]
        return self.add_entries(entries, made)

    def add_entries(
        self,
        entries: Sequence[bytes],
        parts: Sequence[Sequence[Part]],
        beside: Callable[[int], None] = lambda index: None,
    ) -> int:
        """Add entries made before, with their parts, in one transaction; return the first index."""
        with self._store.write():
            log = self.log
            if log.frozen:
                raise NeedsRecovery(self.origin, f"frozen: {log.frozen}")
            self._append(log, entries, parts)
            beside(log.next_entry)
        return log.next_entry

    def _append(self, log: Log, entries: Sequence[bytes], parts: Sequence[Sequence[Part]]) -> None:
        bundles = Bundles(self._store, log)
        leaves = [tree.leaf_hash(one) for one in entries]
        first = log.next_entry
        for start, last in spans(first, first + len(entries)):
            mine = leaves[start - first : last - first]
            whole = tree.root_hash(bundles.leaves(start - start % BUNDLE, start) + mine) if last % BUNDLE == 0 else None
            bundles.append(start, entries[start - first : last - first], mine, whole)
        named = (
            ((first + at, number), part.content()) for at, one in enumerate(parts) for number, part in enumerate(one)
        )
        bundles.add_parts(named)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    # -- sealing ------------------------------------------------------------------------------------------------------

    def sealed(self) -> Head | None:
        """Return the newest head that this node published, or None."""
        return self._store.head(self.log)

    def seal(self, lock: HeadLock, resign_after_s: int | None = None) -> Head:
        """Return a head over everything added so far, signing one where there is none, or where it is too old.

        Entries are committed in log.db, read back and hashed again; then head.lock is swapped; then the note goes into
        log.db. A crash between the two leaves the lock ahead, and the next call copies the note. Raises NeedsRecovery,
        and signs nothing, wherever lock and log disagree otherwise.
        """
        recovery.check_recovered(self._store, self.origin)
        with lock.swap(self.origin) as swap:
            log = self.log
            if log.frozen:
                raise NeedsRecovery(self.origin, f"frozen: {log.frozen}")
            held = self._agreed(log, swap.held)
            promised = Checkpoint(self.origin, log.next_entry, Bundles(self._store, log).root(log.next_entry))
            time_s = self._time(held)
            if (
                held
                and held.size == promised.size
                and self._stands(held)
                and (resign_after_s is None or time_s < held.time_s + resign_after_s)
            ):
                found = Head(promised, held.time_s, held.note)
            else:
                self._read_back(held.size if held else 0, log.next_entry)
                found = head.sign_head(self._signers, promised, time_s)
                swap.set(Signed(found.size, found.root, found.time_s, found.note))
        with self._store.write():
            published = self._store.head(log)  # perhaps newer by now: another process sealed after our swap
            if published is None or (published.size, published.time_s) < (found.size, found.time_s):
                self._store.put_head(log, found)
            self._store.sight(log, found, "", proved=True)
            self._store.set_stored(log, found.size)
        return found

    def _stands(self, held: Signed) -> bool:
        """Tell whether the note in head.lock is by the keys in use, and whole: else it is signed anew, as it was."""
        try:
            return head.open_head(held.note, self.verifiers).size == held.size
        except (Malformed, BadSignature):
            return False

    def _agreed(self, log: Log, held: Signed | None) -> Signed | None:
        """Return what head.lock holds if log.db agrees with it; raise NeedsRecovery."""
        published = self._store.head(log)
        if held is None:
            if published is not None:
                raise NeedsRecovery(self.origin, "log.db has a signed head that head.lock does not know")
            return None
        if log.next_entry < held.size:
            raise NeedsRecovery(self.origin, f"{held.size} entries were signed, log.db holds {log.next_entry}")
        if published is not None and published.size > held.size:
            raise NeedsRecovery(self.origin, "log.db has a newer head than head.lock")
        if Bundles(self._store, log).root(held.size) != held.root:
            raise NeedsRecovery(self.origin, "log.db holds other entries than were signed")
        return held

    def _time(self, held: Signed | None) -> int:
        now = int(self._clock())
        if held is None:
            return now
        if now < held.time_s - MAX_CLOCK_BEHIND_S:
            raise NeedsRecovery(self.origin, f"the clock is {held.time_s - now} s behind the last signature")
        return max(now, held.time_s + 1)

    def _read_back(self, start: int, end: int) -> None:
        """Hash what another connection reads of [start, end), and compare with the stored hashes; parts as well."""
        store = Store(self._store.path)
        try:
            bundles = Bundles(store, self.log)
            for first, last in spans(start, end):
                begin = first - first % BUNDLE
                entries = bundles.entries(begin, last)
                found = [tree.leaf_hash(one) for one in entries]
                if found != bundles.leaves(begin, last) or len(found) != last - begin:
                    raise NeedsRecovery(self.origin, f"entries {begin} to {last} do not read back as they were written")
                if last % BUNDLE == 0 and tree.root_hash(found) != bundles.hash_at(tree.BUNDLE_LEVEL, begin // BUNDLE):
                    raise NeedsRecovery(self.origin, f"the hash over entries {begin} to {last} is not what was written")
                self._read_parts_back(bundles, first, entries[first - begin :])
        except Malformed as error:
            raise NeedsRecovery(self.origin, f"entries {start} to {end} do not read back: {error.args}") from error
        finally:
            store.close()

    def _read_parts_back(self, bundles: Bundles, first: int, entries: Sequence[bytes]) -> None:
        """Compare the parts of new entries with what these commit to: what is signed without them is lost for good."""
        held = dict(bundles.parts(first, first + len(entries)))
        for index, raw in enumerate(entries, first):
            for number, (audience, commitment) in enumerate(entry.commitments(raw)[1]):
                content = held.get((index, number))
                is_whole = isinstance(content, bytes) and self._committer.opens(commitment, audience, content)
                if not is_whole and (index, number) not in bundles.erased(index, index + 1):
                    raise NeedsRecovery(self.origin, f"part {number} of entry {index} does not read back")
