"""Safeguards that the harness is for: how each is switched off in all nodes, and the fault that must show it then.

The checks of the harness itself keep theirs: only the nodes' processes do without. Any row of tests/safeguards can be
switched off; those here are known to show.
"""

from dataclasses import dataclass

from node import doors, reconcile_door, relay
from sync import arriving, bundles, greeting, lock, ownlog, receipting, service
from tests.safeguards import table
from tests.safeguards.switch import Safeguard, both, passes, put, without

_chosen: list[Safeguard] = []
_MANY = 2**40


@dataclass(frozen=True, slots=True)
class Unguarded:
    """A federation without one safeguard: the kind of fault that it is for, at which places, and enough runs of it.

    `unseen`: what shows then is that the fault is not seen to take effect.
    """

    safeguard: Safeguard
    kind: str
    place: str = ""
    runs: int = 1
    unseen: bool = False

    @property
    def name(self) -> str:
        return self.safeguard.name

    @property
    def protects(self) -> str:
        return self.safeguard.protects


def choose(name: str) -> None:
    """Let the nodes that are started from now on do without this safeguard."""
    _chosen[:] = [one for one in _known() if one.name == name]


def switch_off() -> None:
    """In a node's own process: do without what was chosen."""
    for one in _chosen:
        one.disable()


def names() -> list[str]:
    return [one.name for one in _known()]


def _known() -> list[Safeguard]:
    return [*table.TABLE, *OWN]


HARNESS = "tests/faults/test_safeguards.py"
OWN = [  # that no other test is for
    Safeguard(
        "receipt-whole",
        "a receipt is given once every entry is stored",
        without(
            receipting,
            "give_receipt",
            ("log.next_entry < end.size or ", ""),
            (" or Bundles(store, log).root(end.size) != end.root", ""),
        ),
        HARNESS,
    ),
    Safeguard("want-list", "a part that did not come stays wanted", put(bundles.Bundles, "want", passes), HARNESS),
    Safeguard("message-bytes", "a message is bounded", put(doors, "MAX_MESSAGE_BYTES", 64 << 20), HARNESS),
    Safeguard("join-bytes", "a request to join is bounded", put(doors, "MAX_JOIN_BYTES", 64 << 20), HARNESS),
    Safeguard("offers", "a Hello offers so many logs", put(service, "MAX_OFFERS", _MANY), HARNESS),
    Safeguard("forks-known", "a Hello names so many forks", put(greeting, "MAX_FORKS_KNOWN", _MANY), HARNESS),
    Safeguard("parts-brought", "parts of a call are bounded", put(service, "MAX_PARTS_BYTES", _MANY), HARNESS),
    Safeguard(
        "fork-bytes", "what comes with a fork is bounded", put(service, "MAX_REGISTRATIONS_BYTES", _MANY), HARNESS
    ),
    Safeguard(
        "calls-packages", "an upload ends after 32 packages", put(arriving, "MAX_PACKAGES_A_CALL", _MANY), HARNESS
    ),
    Safeguard(
        "compared-much",
        "what is compared in a call is bounded",
        both(
            put(reconcile_door, "MAX_LOGS", _MANY),
            put(reconcile_door, "MAX_NODES", _MANY),
            put(reconcile_door, "MAX_MENDED", _MANY),
            put(reconcile_door, "MAX_DRIFT", _MANY),
        ),
        HARNESS,
    ),
    Safeguard(
        "question-depth",
        "a question that is nested deep is refused",
        without(relay, "_query", (", RecursionError", "")),
        HARNESS,
    ),
    Safeguard(
        "clock",
        "a node whose clock is behind what it signed last signs nothing",
        put(ownlog, "MAX_CLOCK_BEHIND_S", _MANY),
        HARNESS,
    ),
    Safeguard(
        "lock-durable",
        "head.lock has what was signed before anybody is shown it",
        without(lock.HeadLock, "swap", ('self._db.execute("commit")', "self._db.rollback()")),
        HARNESS,
    ),
]


def _row(name: str, kind: str, place: str = "", runs: int = 1, unseen: bool = False) -> Unguarded:
    (found,) = [one for one in _known() if one.name == name]
    return Unguarded(found, kind, place, runs, unseen)


ROWS: list[Unguarded] = [
    _row("head-01", "junk", "a bit of the 01 signature"),
    _row("head-06", "junk", "a bit of the 06 signature"),
    _row("head-both", "junk", "no 06 signature"),
    _row("consistency", "junk", "a bit of the proof"),
    _row("subtree", "junk", "a bit of an entry"),
    _row("commitment", "junk", "a bit of a part"),
    _row("commitment-later", "junk", "another part than is wanted"),
    _row("want-list", "junk", "a bit of a part"),
    _row("audience-taking", "junk", "a part for others brought"),
    _row("audience-down", "junk", "packages with parts for others"),
    _row("parts-audience", "junk", "parts for others asked for"),
    _row("above-only", "junk", "a neighbour's entries asked for"),
    _row("bringer", "junk", "a neighbour's head"),
    _row("certificate", "junk", "no certificate"),
    _row("status-hello", "junk", "a suspended child"),
    _row("revoked-search", "junk", "a suspended child"),
    _row("other-head", "junk", "two heads"),
    _row("frozen", "junk", "two heads"),
    _row("receipt-whole", "junk", "a receipt for nothing"),
    _row("fork-keys", "junk", "forks of the neighbour"),
    _row("fork-contradicts", "junk", "two heads that agree"),
    _row("compared-logs", "junk", "a neighbour's catalogue"),
    _row("token-secret", "junk", "requests for another node"),
    _row("renewal-signatures", "junk", "requests for another node"),
    _row("bomb", "huge-messages", "zeros"),
    _row("message-bytes", "huge-messages", "9 MB"),
    _row("join-bytes", "huge-messages", "joining door"),
    _row("offers", "huge-messages", "offers"),
    _row("forks-known", "huge-messages", "forks named"),
    _row("fork-bytes", "huge-messages", "a fork of 1 MB"),
    _row("parts-a-call", "huge-messages", "parts asked for"),
    _row("parts-brought", "huge-messages", "5 MB of parts"),
    _row("calls-packages", "huge-messages", "40 packages"),
    _row("compared-much", "huge-messages", "too much to compare"),
    _row("question-depth", "deep-json"),
    _row("quota", "tiny-heads"),
    _row("receipt-signature", "lying-parent", "by another key"),
    _row("receipt-time", "clock-ahead", "", 5),
    _row("clock", "clock-behind", unseen=True),
    _row("lock-durable", "sigkill-after-write"),
]


def find(name: str) -> Unguarded:
    (found,) = [one for one in ROWS if one.name == name]
    return found
