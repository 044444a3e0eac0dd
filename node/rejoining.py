"""A machine that was lost: its node joins anew in an empty home, and its log comes back from its parents."""

from node.home import Home
from node.node import Node
from sync import recovery
from sync.store import Store

REJOINED = "joined again"


def take_up(node: Node) -> None:
    """Begin no log in a new home whose parent holds one: it is fetched by `recover`, and nothing is signed before.

    Not by the next session: every parent must be asked, and the new home knows only the one that it joined first.
    """
    with node.opened() as opened, opened.store.write():
        recovery.mark_restored(opened.store, REJOINED)
        opened.store.add_log(node.origin)
        opened.store.alarm("joined-again", node.origin, "its log comes back from its parents")


def sign_nothing(home: Home) -> None:
    """Let a home that gets new keys sign nothing before it is recovered: it may not know what the old ones signed."""
    store = Store(home.log_db)
    try:
        with store.write():
            recovery.mark_restored(store, REJOINED)
    finally:
        store.close()


def waits_for_person(node: Node) -> bool:
    """Tell whether a person must say first that the node has joined all its parents again."""
    with node.opened() as opened:
        return recovery.restored(opened.store) == REJOINED
