"""Which head of our own log the children hold: a newer one than ours means that we lost data (wire.md section 9).

A hub has no parent to ask before it signs: after a start it waits until half of its active substations have called.
"""

import os

from sync import head, recovery
from sync.bundles import Bundles
from sync.errors import NeedsRecovery, SyncError
from sync.head import Head
from sync.registry import Registry
from sync.store import Store


def start(store: Store) -> None:
    """Begin a new run: who called before does not count any more."""
    with store.write():
        store.set_meta("run", os.urandom(16))
        if store.meta("epoch") is None:
            store.set_meta("epoch", os.urandom(16))


def heard(store: Store, registry: Registry, child: str, note: bytes) -> None:
    """Remember that `child` called, and the head that it holds of our own log where that is newer than ours.

    A claim that our own keys did not sign is refused and reported, and changes nothing.
    """
    if not sight(store, registry, child, note):
        return
    run = store.meta("run") or b""
    if store.meta(f"called:{child}") != run:
        with store.write():
            store.set_meta(f"called:{child}", run)


def sight(store: Store, registry: Registry, child: str, note: bytes) -> bool:
    """Keep the head in `note` where it is a newer one of our own; tell whether nothing is wrong with the claim."""
    me = registry.me
    if not note:
        return True
    try:
        shown = registry.open_head(me, note)
    except SyncError:
        with store.write():
            store.alarm("bare-claim", child, "showed a head of ours that we did not sign")
        return False
    if shown.origin == me and not _is_ours(store, shown):
        with store.write():
            store.set_meta(recovery.AHEAD, _larger(store.meta(recovery.AHEAD) or b"", note))
            store.alarm("restored", me, f"{child} holds a newer head of our own log than log.db")
    return True


def _larger(known: bytes, note: bytes) -> bytes:
    """Return the note of the larger head, so that the log comes back up to the largest that anybody shows."""
    return known if known and head.stated(known).size >= head.stated(note).size else note


def beat(store: Store, child: str, now_s: int) -> None:
    """Remember that `child` said hello at `now_s`, POSIX seconds."""
    with store.write():
        store.db.execute("insert or replace into heartbeat(origin, at) values (?, ?)", (child, now_s))


def last_calls(store: Store) -> dict[str, int]:
    """Return when each child said hello last, POSIX seconds by this node's clock."""
    return dict(store.db.execute("select origin, at from heartbeat").fetchall())


def _is_ours(store: Store, shown: Head) -> bool:
    """Tell whether we know that we signed this head: not larger than our newest, and over the same entries."""
    log = store.log(shown.origin)
    if log is None or shown.size > log.stored:
        return False
    if store.signed_head(log, shown.checkpoint) is not None:  # whatever is damaged of the entries since
        return True
    return Bundles(store, log).root(shown.size) == shown.root


def owes(store: Store, child: str, shown_size: int, signed_size: int) -> None:
    """Remember the size of a receipt by us that `child` shows, where head.lock knows a smaller one: we lost data.

    A claim without its note can only keep the child from getting smaller receipts.
    """
    if shown_size > signed_size and shown_size > owed(store, child):
        with store.write():
            store.set_meta(f"owed:{child}", str(shown_size).encode())
            store.alarm("restored", child, f"shows a receipt of ours at size {shown_size}; head.lock has {signed_size}")


def owed(store: Store, child: str) -> int:
    """Return the size below which this node signs no receipt for `child`: one that it once gave, and forgot."""
    return int(store.meta(f"owed:{child}") or b"0")


def check_not_behind(store: Store, me: str) -> None:
    """Return unless a child showed a newer head of our own log; raise NeedsRecovery."""
    if store.meta(recovery.AHEAD):
        raise NeedsRecovery(me, "a child holds a newer head of our own log")


def check_may_sign(store: Store, registry: Registry) -> None:
    """Return if a node without a parent may sign now; raise NeedsRecovery with what it waits for."""
    check_not_behind(store, registry.me)
    run = store.meta("run") or b""
    substations = [
        one.origin
        for one in registry.children()
        if one.status == "active" and getattr(one, "role", "") in ("substation", "alliance")
    ]
    called = sum(store.meta(f"called:{origin}") == run for origin in substations)
    if 2 * called < len(substations):
        raise NeedsRecovery(
            registry.me, f"waiting: {called} of {len(substations)} substations have called since the start"
        )
