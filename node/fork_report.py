"""What the evidence of a fork proves, step by step: whose keys signed two heads that cannot both be true."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from node.messages import _
from node.report import Context
from sync import fork
from sync.errors import SyncError
from sync.evidence import NotProved
from sync.federation import Federation
from sync.fork import Contradiction
from sync.registrations import Registrations, Shown


def tell(context: Context, raw: bytes, pinned: Federation, files: Sequence[bytes]) -> None:
    """Say what is proved; raise NotProved at the first step that does not hold."""
    found, shown = proved(raw, pinned, files)
    context.emit({"verified": True, **as_dict(found, shown)})
    for line in lines(found, shown, pinned):
        context.say(line)


def proved(raw: bytes, pinned: Federation, files: Sequence[bytes]) -> tuple[Contradiction, list[Shown]]:
    """Return what a fork file proves, and what the files beside it show; raise NotProved."""
    try:
        found = fork.decode(raw)
    except SyncError as error:
        raise NotProved("fork", f"{type(error).__name__}: {error}") from error
    try:
        shown = [Registrations.decode(one).verify(pinned) for one in files]
    except SyncError as error:
        raise NotProved("registration", f"{type(error).__name__}: {error}") from error
    known = [Shown(pinned, (), ()), *shown]  # the root itself names the hub's keys
    if not any(one.log_keys(found.origin) == found.log_keys for one in known):
        raise NotProved("registration", f"nothing shows whose keys signed as {found.origin}: give --registrations")
    return found, shown


def signed_both(found: Contradiction, shown: Sequence[Shown]) -> list[str]:
    """Return who gave receipts on both heads."""
    branches: dict[str, set[int]] = {}
    for one in shown:
        for signer, promised, _time_s in one.receipts:
            for number, branch in enumerate(found.branches):
                if branch.head.checkpoint == promised:
                    branches.setdefault(signer, set()).add(number)
    return sorted(signer for signer, numbers in branches.items() if len(numbers) == 2)


def as_dict(found: Contradiction, shown: Sequence[Shown]) -> dict[str, Any]:
    """Return what is proved; the notes are such as public tools read."""
    heads = [
        {
            "size": one.head.size,
            "root": one.head.root.hex(),
            "signed_at": one.head.time_s,
            "root_of_common": one.root.hex(),
            "note": one.head.note.decode(),
        }
        for one in found.branches
    ]
    keys = [key.encode() for key in found.log_keys]
    return {
        "origin": found.origin,
        "common": found.size,
        "heads": heads,
        "keys": keys,
        "signed_both": signed_both(found, shown),
    }


def lines(found: Contradiction, shown: Sequence[Shown], pinned: Federation) -> list[str]:
    """Return what is proved as people read it."""
    said = [_("1. The federation is {name}, id {id}.").format(name=pinned.name, id=pinned.id.hex())]
    said.append(_("2. The keys under both heads are registered for {origin}.").format(origin=found.origin))
    for one in found.branches:
        text = _("3. {origin} signed {size} entries under the root {root}, as of {when}.")
        when = datetime.fromtimestamp(one.head.time_s, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
        said.append(text.format(origin=found.origin, size=one.head.size, root=one.head.root.hex(), when=when))
    text = _("4. The two say different things of its first {size} entries, so they cannot both be true.")
    said.append(text.format(size=found.size))
    for signer in signed_both(found, shown):
        said.append(_("5. {origin} gave receipts on both heads.").format(origin=signer))
    said.append(_("PROVED: {origin} has forked.").format(origin=found.origin))
    return said
