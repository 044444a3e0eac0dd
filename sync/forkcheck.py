"""What the evidence of a fork proves, step by step: whose keys signed two heads that cannot both be true.

The steps come in the order in which a reader can follow them: the root, who registered the keys, the heads by these
keys, the contradiction, and who gave receipts on both. Nothing is looked at after the first miss.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sync import fork, steps
from sync.chain import NotProved
from sync.errors import SyncError
from sync.federation import Federation
from sync.fork import Contradiction
from sync.registrations import Registrations, Shown
from sync.steps import Held


@dataclass(frozen=True, slots=True)
class Examined:
    """The steps that held; then the contradiction and who signed for both of its heads, or else the first miss."""

    held: tuple[Held, ...]
    found: Contradiction | None
    signed_both: tuple[str, ...]
    miss: NotProved | None


def examine(raw: bytes, pinned: Federation, files: Sequence[bytes]) -> Examined:
    """Return what a fork file proves under the pinned federation, with files beside it that show whose keys signed."""
    held: list[Held] = []
    try:
        found, both = _proved(raw, pinned, files, held)
    except NotProved as miss:
        return Examined(tuple(held), None, (), miss)
    return Examined(tuple(held), found, both, None)


def _proved(
    raw: bytes, pinned: Federation, files: Sequence[bytes], held: list[Held]
) -> tuple[Contradiction, tuple[str, ...]]:
    try:
        found = fork.read(raw)
        beside = [Registrations.decode(one) for one in files]
    except SyncError as error:
        raise NotProved("file", f"{type(error).__name__}: {error}") from error
    shown = _shown(beside, pinned, held)
    if not any(one.log_keys(found.origin) == found.log_keys for one in shown):
        raise NotProved("registration", f"nothing shows whose keys signed as {found.origin}: give --registrations")
    keys = [one.key_id.hex() for one in found.log_keys]
    held.append(Held("registration", "keys", {"origin": found.origin, "keys": keys}))
    try:
        fork.check_signed(found)
    except SyncError as error:
        raise NotProved("head", f"{type(error).__name__}: {error}") from error
    held += [_signed(found.origin, one) for one in found.branches]
    try:
        fork.check_contradicts(found)
    except SyncError as error:
        raise NotProved("contradiction", f"{type(error).__name__}: {error}") from error
    roots = [one.root.hex() for one in found.branches]
    held.append(Held("contradiction", "contradiction", {"origin": found.origin, "size": found.size, "roots": roots}))
    both = signed_both(found, shown)
    held += [Held("receipt", "both", {"by": one}) for one in both]
    return found, both


def _shown(beside: Sequence[Registrations], pinned: Federation, held: list[Held]) -> list[Shown]:
    """Return what the files beside it show, each step once; the root itself names the hub's keys."""
    told: list[Held] = [] if beside else steps.roots(pinned, pinned)
    try:
        shown = [one.examine(pinned, told) for one in beside]
    finally:
        held += [one for at, one in enumerate(told) if one not in told[:at]]
    return [Shown(pinned, (), ()), *shown]


def _signed(origin: str, one: fork.Branch) -> Held:
    facts = {"origin": origin, "size": one.head.size, "root": one.head.root.hex(), "at": one.head.time_s}
    return Held("head", "signed", facts)


def signed_both(found: Contradiction, shown: Sequence[Shown]) -> tuple[str, ...]:
    """Return who gave receipts on both heads, in order."""
    branches: dict[str, set[int]] = {}
    for one in shown:
        for signer, promised, _time_s in one.receipts:
            for number, branch in enumerate(found.branches):
                if branch.head.checkpoint == promised:
                    branches.setdefault(signer, set()).add(number)
    return tuple(sorted(signer for signer, numbers in branches.items() if len(numbers) == 2))
