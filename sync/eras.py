"""Which keys an origin had when: its eras, oldest first, as its home and the hub state them (wire.md section 6).

An era ends at the last good head that the statement which ended it names. What its keys signed up to there stays good
for ever; a head of theirs counts only where it is shown to be a prefix of that one.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sync import control, head, rotation
from sync.checkpoint import Checkpoint
from sync.errors import BadSignature, Malformed, SyncError
from sync.federation import RootStatement
from sync.head import Head
from sync.note import Note, VerifierKey

Prefix = Callable[[Checkpoint, Checkpoint], bool]
Confirmed = Callable[[str, int, bytes], bool]


@dataclass(frozen=True, slots=True)
class Era:
    """One set of keys. `index` is where in the log of `home` it begins, -1 in a root statement.

    `last_good` is None while it lasts, and where it is not known yet. `revoked` says that the keys were taken back, not
    handed on by their owner, nor lost.
    """

    log_keys: tuple[VerifierKey, ...]
    mirror_key: VerifierKey
    hpke_key: bytes
    home: str
    index: int
    over: bool = False
    last_good: Checkpoint | None = None
    revoked: bool = False

    @property
    def keys(self) -> tuple[tuple[VerifierKey, ...], VerifierKey, bytes]:
        return self.log_keys, self.mirror_key, self.hpke_key


@dataclass(frozen=True, slots=True)
class Said:
    """A statement on an origin: entry `index` of the log of `home`, its bytes and what they say."""

    home: str
    index: int
    raw: bytes
    statement: control.Statement | None


def follow(said: Iterable[Said], federation_id: bytes, is_confirmed: Confirmed) -> tuple[Era, ...]:
    """Return the eras that a home's statements make, in the order in which it made them.

    The first `node` entry begins the first. `rotate` begins the next: signed by the keys before while these are good,
    or, they being lost or taken back, confirmed by the hub. `revoke` ends one. A `node` entry with other keys changes
    none: no home gives its child new keys by itself.
    """
    found: list[Era] = []
    for one in said:
        match one.statement:
            case control.Node() as node if not found:
                found.append(Era(*rotation.set_of(node), one.home, one.index))
            case control.Rotate() as rotate if found:
                if found[-1].keys != rotation.set_of(rotate) and _counts(
                    one, rotate, found[-1], federation_id, is_confirmed
                ):
                    _end(found, Checkpoint(rotate.origin, rotate.size, rotate.root), revoked=False)
                    found.append(Era(*rotation.set_of(rotate), one.home, one.index))
            case control.Revoke() as revoke if found:
                _end(found, Checkpoint(revoke.origin, revoke.size, revoke.root), revoked=True)
    return tuple(found)


def _counts(one: Said, rotate: control.Rotate, before: Era, federation_id: bytes, is_confirmed: Confirmed) -> bool:
    if rotate.signatures:  # revoked keys hand nothing on: whoever stole them could sign as well
        return not before.revoked and rotation.is_agreed(federation_id, rotate, before.log_keys)
    return is_confirmed(one.home, one.index, one.raw)


def _end(found: list[Era], last_good: Checkpoint, revoked: bool) -> None:
    if not found[-1].over:  # the first word counts: what was taken back stays so
        found[-1] = replace(found[-1], over=True, last_good=last_good, revoked=revoked)


def of_hub(statements: Sequence[RootStatement], said: Iterable[Said]) -> tuple[Era, ...]:
    """Return the eras that root statements make, version 1 first; `rotate` entries in the hub's log end them."""
    found: list[Era] = []
    ends = [one.statement for one in said if isinstance(one.statement, control.Rotate)]
    for one in statements:
        if found and found[-1].keys[:2] == (one.log_keys, one.mirror_key):
            continue  # another root only
        if found:
            ending = [end for end in ends if rotation.set_of(end)[:2] == (one.log_keys, one.mirror_key)]
            last_good = Checkpoint(one.name, ending[-1].size, ending[-1].root) if ending else None
            found[-1] = replace(found[-1], over=True, last_good=last_good)
        found.append(Era(one.log_keys, one.mirror_key, b"", "", -1))
    return tuple(found)


def signed_by(note: bytes, log_keys: Iterable[VerifierKey]) -> bool:
    """Tell whether a note that was verified before carries a line by each of these keys; one damaged since does not."""
    try:
        lines = {(one.name, one.key_id) for one in Note.parse(note).signatures}
    except Malformed:
        return False
    return all((key.name, key.key_id) in lines for key in log_keys)


def open_head(eras: Iterable[Era], raw: bytes, is_prefix: Prefix) -> Head:
    """Return the head in a note, signed by the keys of an era that has not ended, or shown to lie within one.

    `is_prefix(head, last good head)` tells whether the second continues the first. Raises Malformed, BadSignature.
    """
    refusal: SyncError = BadSignature(head.stated(raw).origin, "the log's two keys are not known")
    for era in reversed(tuple(eras)):
        try:
            found = head.open_head(raw, era.log_keys)
        except BadSignature as error:
            refusal = refusal if isinstance(refusal, BadSignature) and era.over else error
            continue
        if not era.over:
            return found
        if era.last_good is not None and within(found.checkpoint, era.last_good, is_prefix):
            return found
        refusal = BadSignature(found.origin, "its keys have been replaced, and this is not proved to be from before")
    raise refusal


def within(found: Checkpoint, last_good: Checkpoint, is_prefix: Prefix) -> bool:
    """Tell whether a head of an ended era counts."""
    if found.origin != last_good.origin or found.size > last_good.size:
        return False
    return found == last_good or is_prefix(found, last_good)


def is_overtaken(eras: Iterable[Era], found: Head) -> bool:
    """Tell whether a stored head is beyond the last good one of its keys: recorded before these were taken back."""
    limits = [era.last_good if era.over else None for era in eras if signed_by(found.note, era.log_keys)]
    return bool(limits) and all(limit is not None and found.size > limit.size for limit in limits)


def overtaken_from(eras: Sequence[Era]) -> int | None:
    """Return from where on what was stored by ended keys counts for nothing; None where no keys have ended."""
    ends = [era.last_good.size for era in eras if era.over and era.last_good is not None]
    return max(ends, default=None)


def is_by_current_keys(eras: Iterable[Era], found: Head) -> bool:
    """Tell whether a head that was verified before is signed by the keys of an era that has not ended."""
    return any(not era.over and signed_by(found.note, era.log_keys) for era in eras)
