"""How a log's keys are registered, proved from the federation's root: what travels beside a fork's evidence.

`banyan-registrations/v1 LF`, then sections as in an evidence file: `root` statements, the `registration`s from the hub
down, `receipt`s, notes by the ancestors' mirror keys, and `consistency`. An evidence file shows the same, and is read
as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sync import evidence, head, proved
from sync.checkpoint import Checkpoint
from sync.errors import BadSignature, Malformed, SyncError
from sync.evidence import Registered
from sync.federation import Federation
from sync.note import Note, VerifierKey
from sync.registry import Registry
from sync.steps import Held
from sync.store import Store

TITLE = b"banyan-registrations/v1\n"
MAX_BYTES = evidence.MAX_BYTES
MAX_SECTIONS = 64
_WORDS = ("root", "registration", "receipt", "consistency", "record")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a file proves: the federation, each registrar's step, and receipts: signer, checkpoint, POSIX seconds."""

    federation: Federation
    chain: tuple[Registered, ...]
    receipts: tuple[tuple[str, Checkpoint, int], ...]

    def log_keys(self, origin: str) -> tuple[VerifierKey, ...] | None:
        """Return the keys that are proved to be those of a log, or None."""
        if origin == self.federation.name:
            return self.federation.newest.log_keys
        return next((one.node.log_keys for one in self.chain if one.node.origin == origin), None)


@dataclass(frozen=True, slots=True)
class Registrations:
    """The file as it was read or made, nothing verified."""

    statements: tuple[bytes, ...]
    proofs: tuple[bytes, ...]
    receipts: tuple[bytes, ...] = ()
    consistency: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, store: Store, registry: Registry, origin: str) -> "Registrations":
        """Return what this node can show of a log, with the newest receipts that it holds on it.

        Raises NotProved, UnknownOrigin while its registration is under no head.
        """
        log = store.log(origin)
        receipts = tuple(one.note for one in store.newest_receipts(log)) if log else ()
        writing = evidence.Writing(store, registry)
        proofs = tuple(writing.proved(one) for one in evidence.statements(store, registry, origin))
        return cls(registry.federation.statements, proofs, receipts, tuple(writing.consistency.values()))

    def encode(self) -> bytes:
        pairs = zip(_WORDS, (self.statements, self.proofs, self.receipts, self.consistency), strict=False)
        sections = [(word.encode(), one) for word, many in pairs for one in many]
        return TITLE + b"".join(word + b" %d\n" % len(one) + one for word, one in sections)

    @classmethod
    def decode(cls, raw: bytes) -> "Registrations":
        """Read the file, or an evidence file; raise Malformed."""
        title = next((one for one in (TITLE, evidence.TITLE) if raw.startswith(one)), None)
        if title is None or len(raw) > MAX_BYTES:
            raise Malformed("registrations", "not such a file, or too large")
        found = _sections(raw[len(title) :])
        notes = [proved.parse(one)[4] for one in found["record"]]
        receipts = (*found["receipt"], *notes)
        return cls(tuple(found["root"]), tuple(found["registration"]), receipts, tuple(found["consistency"]))

    def verify(self, pinned: Federation) -> Shown:
        """Return what is proved under the pinned federation; raise BadSignature where a step does not hold."""
        try:
            return self.examine(pinned, [])
        except evidence.NotProved as error:
            raise BadSignature(str(error.args[0]), str(error.args[1])) from error

    def examine(self, pinned: Federation, held: list[Held]) -> Shown:
        """Do the same, and add each step that holds to `held`; raise NotProved at the first that does not."""
        trusted, chain = evidence.registered(self.statements, self.proofs, pinned, self.consistency, held)
        mirrors = {trusted.name: trusted.newest.mirror_key} | {one.node.origin: one.node.mirror_key for one in chain}
        receipts = [one for raw in self.receipts for one in _receipts(raw, mirrors)]
        return Shown(trusted, chain, tuple(receipts))


def _sections(rest: bytes) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {word: [] for word in _WORDS}
    for _ in range(MAX_SECTIONS):
        if not rest:
            return found
        line, _lf, rest = rest.partition(b"\n")
        word, _space, length = line.partition(b" ")
        kind = word.decode("ascii", "replace")
        if kind not in found or not length.isdigit() or len(length) > 7 or int(length) > len(rest):
            raise Malformed("registrations", "a section is cut short or unknown")
        found[kind].append(rest[: int(length)])
        rest = rest[int(length) :]
    if rest:
        raise Malformed("registrations", "more sections than allowed")
    return found


def _receipts(raw: bytes, mirrors: dict[str, VerifierKey]) -> Sequence[tuple[str, Checkpoint, int]]:
    """Return what the mirrors that are known say in one note; others' lines say nothing."""
    try:
        lines = {(one.name, one.key_id) for one in Note.parse(raw).signatures}
        signed = [name for name, key in mirrors.items() if (key.name, key.key_id) in lines]
        opened = [head.open_receipt(raw, name, mirrors[name], 2**62) for name in signed]
    except SyncError as error:
        raise evidence.NotProved("receipt", str(error)) from error
    return [(one.signer, one.checkpoint, one.time_s) for one in opened]
