"""Heads and receipts: notes on one checkpoint, by a log's own two keys or by a parent's mirror key (wire.md 2, 4)."""

from collections.abc import Iterable
from dataclasses import dataclass

from sync import keys, note
from sync.checkpoint import Checkpoint
from sync.errors import BadSignature
from sync.origin import mirror_name

MAX_AHEAD_S = 300


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint with the note that promises it; `time_s` is when the 06 signature says it was made."""

    checkpoint: Checkpoint
    time_s: int
    note: bytes

    @property
    def origin(self) -> str:
        return self.checkpoint.origin

    @property
    def size(self) -> int:
        return self.checkpoint.size

    @property
    def root(self) -> bytes:
        return self.checkpoint.root


@dataclass(frozen=True, slots=True)
class Receipt(Head):
    """A parent's word: all entries below `size` are durable there. `signer` is the parent's origin."""

    signer: str


def sign_head(signers: Iterable[keys.Signer], promised: Checkpoint, time_s: int) -> Head:
    """Return a head with one line by each of the log's signers (01, then 06)."""
    lines = tuple(signer.sign(promised, time_s) for signer in signers)
    return Head(promised, time_s, note.Note(promised.text(), lines).encode())


def open_head(raw: bytes, log_keys: Iterable[note.VerifierKey]) -> Head:
    """Return the head in `raw`; both of the log's keys must have signed. Raises Malformed, BadSignature.

    Lines of unknown keys are dropped, so that nothing unverified is stored or forwarded.
    """
    parsed = note.Note.parse(raw)
    promised = Checkpoint.parse(parsed.text)
    wanted = tuple(log_keys)
    if {key.type for key in wanted} != {keys.ED25519, keys.MLDSA44}:
        raise BadSignature(promised.origin, "the log's two keys are not known")
    kept, time_s = _verified(parsed, promised, wanted)
    return Head(promised, time_s, note.Note(promised.text(), kept).encode())


def stated(raw: bytes) -> Checkpoint:
    """Return the checkpoint in a note, nothing verified."""
    return Checkpoint.parse(note.Note.parse(raw).text)


def sign_receipt(signer: keys.Signer, seen: Checkpoint, time_s: int, also: Iterable[keys.Signer] = ()) -> bytes:
    """Return a receipt's note: the mirror key's 06 line on the checkpoint as we parsed it.

    `also` are mirror keys before, while the new one is not known everywhere yet: each adds its line.
    """
    return note.Note(seen.text(), tuple(one.sign(seen, time_s) for one in (signer, *also))).encode()


def open_receipt(raw: bytes, parent: str, mirror_key: note.VerifierKey, now_s: int) -> Receipt:
    """Return the receipt by `parent` in `raw`; raise Malformed, BadSignature, also for a time over 300 s ahead."""
    if mirror_key.name != mirror_name(parent) or mirror_key.type != keys.MLDSA44:
        raise BadSignature(mirror_key.name, "not a mirror key of " + parent)
    parsed = note.Note.parse(raw)
    seen = Checkpoint.parse(parsed.text)
    kept, time_s = _verified(parsed, seen, (mirror_key,))
    if time_s > now_s + MAX_AHEAD_S:
        raise BadSignature(mirror_key.name, "signed in the future")
    return Receipt(seen, time_s, note.Note(seen.text(), kept).encode(), parent)


def _verified(
    parsed: note.Note, stated: Checkpoint, wanted: tuple[note.VerifierKey, ...]
) -> tuple[tuple[note.Signature, ...], int]:
    """Return each wanted key's newest line, all verified, in their order, and the newest time; raise BadSignature."""
    kept: list[note.Signature] = []
    newest = 0
    for key in wanted:
        lines = [one for one in parsed.signatures if (one.name, one.key_id) == (key.name, key.key_id)]
        if not lines:
            raise BadSignature(key.name, f"no signature of type {key.type:02x}")
        times = [keys.verify(key, stated, line) for line in lines]
        newest = max(newest, *times)
        kept.append(lines[times.index(max(times))])  # what is kept states the time that it is kept under
    return tuple(kept), newest
