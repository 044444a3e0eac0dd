"""What counts as stored, and the receipts that say so (wire.md sections 4 and 9).

A receipt is signed only for entries that are durable here, through head.lock, and never for less than before.
"""

from collections.abc import Callable, Sequence
from typing import NoReturn

from sync import forks, head, presence, recovery
from sync.bundles import Bundles
from sync.checkpoint import Checkpoint
from sync.errors import Conflict, Damaged, Fork
from sync.fork import Branch
from sync.head import Head, Receipt
from sync.keys import Signer
from sync.lock import HeadLock, Signed
from sync.note import VerifierKey
from sync.store import Log, Store


def give_receipt(
    store: Store,
    lock: HeadLock,
    signer: Signer,
    parent: str,
    end: Head,
    clock: Callable[[], float],
    also: Sequence[Signer] = (),
    log_keys: Sequence[VerifierKey] = (),
) -> Receipt | None:
    """Return this node's receipt on `end` once every entry below it is stored; None before that.

    `stored` moves first, then the clock is read, so that whoever reads the log later than the receipt's time finds the
    entries; then head.lock is swapped, then the note is kept. A smaller head than one already signed is
    never signed again; raises Conflict then, and where our own leaves do not give the head's root. Where they do not
    give the root signed last, raises Fork if a head of that root by `log_keys` proves one, Damaged if none does. Nor,
    with None, one smaller than a receipt that the child shows and that we forgot, nor any while this node is restored
    and not recovered.
    """
    if recovery.restored(store):
        return None
    with store.write():
        log = store.add_log(end.origin)
        if log.next_entry < end.size or end.size < presence.owed(store, end.origin):
            return None
        if end.size < log.stored or Bundles(store, log).root(end.size) != end.root:
            raise Conflict(end.size, log.stored, log.next_entry)
        store.set_stored(log, end.size)
    with lock.swap(end.origin) as swap:
        held = swap.held
        if held is not None and held.size > end.size:
            raise Conflict(held.size, log.stored, log.next_entry)
        if held is not None and Bundles(store, log).root(held.size) != held.root:
            _contradicted(store, log, Checkpoint(end.origin, held.size, held.root), log_keys)
        now_s = int(clock())
        time_s = max(now_s, held.time_s + 1) if held else now_s
        note = head.sign_receipt(signer, end.checkpoint, time_s, also)
        swap.set(Signed(end.size, end.root, time_s, note))
    receipt = Receipt(end.checkpoint, time_s, note, parent)
    with store.write():
        store.put_receipt(log, receipt)
    return receipt


def _contradicted(store: Store, log: Log, signed: Checkpoint, log_keys: Sequence[VerifierKey]) -> NoReturn:
    """We gave a receipt for another branch, before log.db was put back, or one of both is damaged: sign nothing."""
    shown = store.signed_head(log, signed)
    held = forks.held_branch(store, log, signed.size, log_keys) if shown and log_keys else None
    if shown and held and forks.found(store, log, log_keys, shown, [(signed.size, Branch(shown, shown.root), held)]):
        raise Fork(log.origin, f"two heads at size {signed.size}")
    raise Damaged(log.origin, f"we gave a receipt for {signed.size} other entries than log.db holds")


def settle(store: Store, end: Head) -> None:
    """Count a log from above as stored up to `end`, once our own leaves give its root; raise Conflict otherwise."""
    with store.write():
        log = store.add_log(end.origin)
        if log.next_entry < end.size or Bundles(store, log).root(end.size) != end.root:
            raise Conflict(end.size, log.stored, log.next_entry)
        store.set_stored(log, end.size)
