"""Which head of our own log the children hold: a newer one than ours means that we lost data (wire.md section 9).

A hub has no parent to ask before it signs: after a start it waits until half of its active substations have called.
"""

import os

from sync import head
from sync.errors import NeedsRecovery, SyncError
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
    me = registry.me
    ahead = False
    if note:
        try:
            shown = head.open_head(note, registry.log_keys(me))
        except SyncError:
            with store.write():
                store.alarm("bare-claim", child, "showed a head of ours that we did not sign")
            return
        log = store.log(me)
        ahead = shown.origin == me and (log is None or shown.size > log.stored)
    run = store.meta("run") or b""
    if store.meta(f"called:{child}") != run or ahead:
        with store.write():
            store.set_meta(f"called:{child}", run)
            if ahead:
                store.set_meta("ahead", note)
                store.alarm("restored", me, f"{child} holds a newer head of our own log than log.db")


def check_not_behind(store: Store, me: str) -> None:
    """Return unless a child showed a newer head of our own log; raise NeedsRecovery."""
    if store.meta("ahead"):
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
