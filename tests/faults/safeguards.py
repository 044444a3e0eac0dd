"""Safeguards that the harness is for: how each is switched off in all nodes, and the fault that must show it then.

The checks of the harness itself keep theirs: only the nodes' processes do without.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from node import doors, relay
from sync import bundles, greeting, head, keys, lock, mirror, ownlog, package, proof, quota, registry, service
from tests.safeguards.switch import passes, put, unsigned, without

_chosen: list["Unguarded"] = []


@dataclass(frozen=True, slots=True)
class Unguarded:
    """A federation without one safeguard: what it protects, the kind of fault that it is for, and enough runs of it."""

    name: str
    protects: str
    disable: Callable[[], None]
    kind: str
    runs: int = 1
    first: int = 0


def choose(name: str) -> None:
    """Let the nodes that are started from now on do without this safeguard."""
    _chosen[:] = [one for one in ROWS if one.name == name]


def switch_off() -> None:
    """In a node's own process: do without what was chosen."""
    for one in _chosen:
        one.disable()


def _no_pool(*_of: object) -> None:
    """Write down nothing."""


ROWS: list[Unguarded] = [
    Unguarded("head-01", "a head's Ed25519 signature", unsigned(keys.ED25519), "junk", 1, 0),
    Unguarded("head-06", "a head's ML-DSA signature", unsigned(keys.MLDSA44), "junk", 1, 0),
    Unguarded(
        "head-both",
        "a head counts with both signatures only",
        without(
            head, "_verified", ('raise BadSignature(key.name, f"no signature of type {key.type:02x}")', "continue")
        ),
        "junk",
    ),
    Unguarded("consistency", "a newer head continues the older", put(proof, "check_consistency", passes), "junk"),
    Unguarded(
        "subtree", "a package is part of the signed tree", put(mirror.proof, "check_subtree", passes), "junk", 1, 1
    ),
    Unguarded(
        "commitment",
        "a part is what its entry committed to",
        without(mirror, "_sorted_parts", (" or not committer.opens(stated[1], stated[0], content)", "")),
        "junk",
        1,
        2,
    ),
    Unguarded(
        "want-list",
        "a part that did not come stays wanted",
        put(bundles.Bundles, "want", _no_pool),
        "junk",
        1,
        2,
    ),
    Unguarded(
        "bringer",
        "a log comes by its own path only",
        without(registry.Registry, "check_bringer", ("if path == name or self.home(name) == path:", "if True:")),
        "junk",
        1,
        2,
    ),
    Unguarded(
        "certificate",
        "the door wants a certificate of our authority",
        without(
            doors,
            "_credentials",
            ("require_client_authentication=asks_for_certificate", "require_client_authentication=False"),
        ),
        "junk",
        1,
        3,
    ),
    Unguarded(
        "fork-freeze",
        "a log with two heads takes nothing more",
        put(mirror, "_check_against_stored", passes),
        "junk",
    ),
    Unguarded(
        "receipt-after-storing",
        "a receipt is given once every entry is stored",
        without(
            mirror,
            "give_receipt",
            ("log.next_entry < end.size or ", ""),
            (" or Bundles(store, log).root(end.size) != end.root", ""),
        ),
        "junk",
        1,
        2,
    ),
    Unguarded("bomb", "what a frame inflates to is bounded", put(package, "MAX_RATIO", 2**40), "huge-messages"),
    Unguarded("message-bytes", "a message is bounded", put(doors, "MAX_MESSAGE_BYTES", 64 << 20), "huge-messages"),
    Unguarded("offers", "a Hello offers so many logs", put(service, "MAX_OFFERS", 2**40), "huge-messages"),
    Unguarded(
        "parts-a-call", "a child asks for so many parts", put(greeting, "MAX_WANTED_A_PAGE", 2**40), "huge-messages"
    ),
    Unguarded("parts-bytes", "parts of a call are bounded", put(service, "MAX_PARTS_BYTES", 2**40), "huge-messages"),
    Unguarded(
        "question-depth",
        "a question that is nested deep is refused",
        without(relay, "_query", (", RecursionError", "")),
        "deep-json",
    ),
    Unguarded("quota", "a child shows so many heads a day", put(quota.Meter, "check", passes), "tiny-heads"),
    Unguarded(
        "receipt-signature",
        "a receipt is by the parent's mirror key",
        put(head, "_verified", lambda parsed, stated, wanted: (parsed.signatures, int(time.time()))),
        "lying-parent",
    ),
    Unguarded(
        "verify-before-storing",
        "what comes down from a parent is verified before it is stored",
        put(mirror.proof, "check_subtree", passes),
        "lying-parent",
        1,
        1,
    ),
    Unguarded(
        "receipt-time", "a receipt from the future is refused", put(head, "MAX_AHEAD_S", 2**40), "clock-ahead", 5
    ),
    Unguarded(
        "clock",
        "a node whose clock is behind what it signed last signs nothing",
        put(ownlog, "MAX_CLOCK_BEHIND_S", 2**40),
        "clock-behind",
    ),
    Unguarded(
        "one-transaction",
        "a package is stored whole or not at all",
        without(mirror, "take", ("with store.write():", "if True:")),
        "sigkill-before-write",
        60,
    ),
    Unguarded(
        "lock-durable",
        "head.lock has what was signed before anybody is shown it",
        without(lock.HeadLock, "swap", ('self._db.execute("commit")', "self._db.rollback()")),
        "sigkill-after-write",
    ),
]


def find(name: str) -> Unguarded:
    (found,) = [one for one in ROWS if one.name == name]
    return found
