"""Keys of a node below that were stolen: its home takes them back, up to the last head that the owner surely signed.

From the statement on nothing that they sign counts but what leads to that head. The log goes on under new keys where
nobody has signed for more than that (replacing.py); else it ends there and another one goes on from it (succeeding.py).
"""

import logging
from dataclasses import dataclass

from node.errors import NodeError
from node.messages import N_
from node.node import Opened
from sync import control, entry, tree
from sync.bundles import Bundles
from sync.checkpoint import Checkpoint
from sync.eras import Era
from sync.registry import Registration
from sync.store import Log

log = logging.getLogger(__name__)
TAKEN_BACK = "keys-revoked"
RECOVER, SUCCEED = "recover", "succeed"
MANY = 12


class OnlyOwnChildren(NodeError):
    """Only the home takes keys back: (origin, home)."""

    facts = ("origin", "home")
    sentence = N_(
        "The keys of {origin} are registered by {home}, and only {home} can take them back. Tell its operator."
    )


class NotRecorded(NodeError):
    """No head of that size is kept which the keys in use could have signed: (origin, size, sizes)."""

    facts = ("origin", "size", "sizes")
    sentence = N_(
        "No head of {origin} with {size} entries is kept here that its present keys signed. Those kept last: {sizes}. "
        "Nothing was changed."
    )


class TakenBackAlready(NodeError):
    """The keys were taken back before, up to another head: (origin, size)."""

    facts = ("origin", "size")
    sentence = N_(
        "The keys of {origin} were taken back already, good up to {size} entries; the first word counts. "
        "Nothing was changed."
    )


class KeysTakenBack(NodeError):
    """A standing does not bring back keys that were taken back: (origin,)."""

    facts = ("origin",)
    sentence = N_(
        "The keys of {origin} were taken back as stolen, so it cannot be resumed with them. `node show {origin}` says "
        "how it goes on."
    )


class MustSucceed(NodeError):
    """New keys cannot go on with this log: (origin,)."""

    facts = ("origin",)
    sentence = N_(
        "The log of {origin} cannot go on: it is forked, or more of it was signed for than stays good. Another log "
        "goes on from it: `node succeed {origin}` at its home."
    )


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What stands: the keys are good up to `size` entries under `root`, and how the log goes on (RECOVER, SUCCEED)."""

    size: int
    root: bytes
    way: str
    changed: bool


def check(opened: Opened, origin: str, good_until: int | None) -> Checkpoint | None:
    """Return the last good head that a statement would name, None where the same stands already.

    By default that is the head stored here, the largest that this node gave a receipt for. Raises UnknownOrigin,
    OnlyOwnChildren, NotRecorded, TakenBackAlready.
    """
    known = opened.registry.get(origin)
    if known.home != opened.node.origin:
        raise OnlyOwnChildren(origin, known.home)
    stood = standing(known)
    if stood is not None:
        if good_until not in (None, stood.size):
            raise TakenBackAlready(origin, stood.size)
        return None
    held = opened.store.log(origin)
    sizes = recorded(opened, held, known.ages)
    size = (held.stored if held else 0) if good_until is None else good_until
    if size not in sizes:
        raise NotRecorded(origin, size, ", ".join(map(str, sizes[-MANY:])))
    return Checkpoint(origin, size, Bundles(opened.store, held).root(size) if held else tree.EMPTY_ROOT)


def take_back(opened: Opened, origin: str, reason: str, good_until: int | None = None) -> TakenBack:
    """State that the keys of a child are good up to a last head only, and that it is suspended; return what stands.

    Both entries are one transaction: a crash before leaves the keys as they were, one after it leaves both. What stands
    already is not said again. Raises what `check` raises.
    """
    last_good = check(opened, origin, good_until)
    if last_good is not None:
        known = opened.registry.get(origin).node
        said: list[control.Statement] = [control.Revoke(origin, last_good.size, last_good.root, reason)]
        if known.status == "active":  # one that is shut out for another reason stays so for that
            said.append(known.with_status("suspended", TAKEN_BACK))
        now_ms = int(opened.node.clock() * 1000)
        raws = [entry.control_entry(now_ms, control.encode(one)) for one in said]
        opened.own.add_entries(raws, [[] for _one in raws])
        log.warning("keys taken back origin=%s size=%d", origin, last_good.size)
    stood = standing(opened.registry.get(origin))
    assert stood is not None
    return TakenBack(stood.size, stood.root, way(opened, origin), last_good is not None)


def standing(known: Registration) -> Checkpoint | None:
    """Return the last good head of keys that were taken back and have none behind them yet; None for others."""
    last = known.ages[-1]
    return last.last_good if last.over and last.revoked else None


def way(opened: Opened, origin: str) -> str:
    """Return how a log goes on: under new keys, or, where more was signed for than stays good, by another log."""
    held, last = opened.store.log(origin), opened.registry.get(origin).ages[-1]
    if held is None:
        return RECOVER
    beyond = last.last_good is not None and held.stored > last.last_good.size
    return SUCCEED if held.frozen or beyond else RECOVER


def recorded(opened: Opened, held: Log | None, ages: tuple[Era, ...]) -> list[int]:
    """Return the sizes of the heads kept of what is stored here, from where the keys in use began, rising.

    Before that place other keys signed: theirs ended there for good.
    """
    before = ages[-2].last_good if len(ages) > 1 else None
    begin = before.size if before else 0
    if held is None:
        return [0]
    bundles = Bundles(opened.store, held)
    kept = [one for one in opened.store.promises(held, begin, held.stored) if one.size]
    given = {one.size for one in kept if bundles.root(one.size) == one.root}
    return sorted({begin, held.stored, *given} if begin <= held.stored else given)
