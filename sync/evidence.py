"""Evidence: one file that proves, offline and years later, what an origin filed (wire.md section 8).

`banyan-evidence/v1 LF`, then sections, each a line `<word> <bytes> LF` and that many bytes: `root` statements, the
`registration`s from the hub down (tlog-proofs), and the `record` (a tlog-proof for each head that an ancestor first
gave a receipt for). Nothing is trusted but the pinned federation.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from sync import entry, eras, federation, head, proved, steps, tree
from sync.bundles import Bundles
from sync.chain import Chain, Registered
from sync.chain import NotProved as NotProved
from sync.checkpoint import Checkpoint
from sync.eras import Era, Said
from sync.errors import BadProof, BadSignature, Malformed, SyncError, UnknownOrigin
from sync.federation import Federation
from sync.head import Head, Receipt
from sync.note import Note, VerifierKey, decode_base64
from sync.registry import Registry, ancestors, is_prefix
from sync.steps import Held
from sync.store import Log, Store

TITLE = b"banyan-evidence/v1\n"
MAX_BYTES = 4 * 1024 * 1024
MAX_SECTIONS = 64


@dataclass(frozen=True, slots=True)
class Verified:
    """All that a file proves. `receipts` are (ancestor, size, POSIX seconds), oldest first; `as_of` is for statuses."""

    federation: Federation
    chain: tuple[Registered, ...]
    origin: str
    index: int
    entry: entry.Entry
    parts: tuple[tuple[str, bytes], ...]
    receipts: tuple[tuple[str, int, int], ...]
    as_of: int


@dataclass(frozen=True, slots=True)
class Examined:
    """The steps that held, in their order; then all that is proved, or else the first step that did not hold."""

    held: tuple[Held, ...]
    found: Verified | None
    miss: NotProved | None


# -- writing ----------------------------------------------------------------------------------------------------------


def write(store: Store, registry: Registry, origin: str, index: int) -> bytes:
    """Return the evidence for entry `index` of the log `origin`, with the parts that are held here.

    Raises UnknownOrigin, and NotProved where no receipt covers the entry yet.
    """
    log = store.log(origin)
    if log is None or index >= log.next_entry:
        raise UnknownOrigin(origin)
    sections = [(b"root", one) for one in registry.federation.statements]
    writing = Writing(store, registry)
    sections += [(b"registration", writing.proved(one)) for one in statements(store, registry, origin)]
    bundles = Bundles(store, log)
    raw = bundles.entries(index, index + 1)[0]
    held = {number: bundles.part(index, number) for number in range(len(entry.commitments(raw)[1]))}
    parts = {number: content for number, content in held.items() if content is not None}
    by_size: dict[int, list[Receipt]] = {}
    for receipt in store.receipts(log, index + 1):
        by_size.setdefault(receipt.size, []).append(receipt)
    records = []
    for size, receipts in sorted(by_size.items()):
        signed = writing.counting(log, receipts[0].checkpoint)
        if signed is not None:
            together = _with_receipts(signed.note, receipts)
            records.append((b"record", proved.prove(bundles, index, raw, size, together, parts)))
    sections += [(b"consistency", one) for one in writing.consistency.values()]
    sections += records
    if sections[-1][0] != b"record":
        raise NotProved("receipt", f"no receipt covers entry {index} of {origin} yet")
    return TITLE + b"".join(word + b" %d\n" % len(one) + one for word, one in sections)


@dataclass
class Writing:
    """One file being written: which proofs its heads by replaced keys need beside them."""

    store: Store
    registry: Registry
    consistency: dict[tuple[str, int, int], bytes] = field(default_factory=dict)

    def proved(self, said: Said) -> bytes:
        """Return the proof of a statement under the newest head of its log that counts here."""
        held = self.store.log(said.home)
        counting = self._newest(held) if held else None
        if held is None or counting is None or said.index >= counting.size:
            raise NotProved("registration", said.home)
        receipts = [one for one in self.store.newest_receipts(held) if one.checkpoint == counting.checkpoint]
        together = _with_receipts(counting.note, receipts)
        return proved.prove(Bundles(self.store, held), said.index, said.raw, counting.size, together, {})

    def _newest(self, held: Log) -> Head | None:
        """Return the newest head of what is stored that counts; one that stolen keys had recorded stands in no way."""
        bundles = Bundles(self.store, held)
        stored = (one for one in self.store.signed_up_to(held, held.stored) if bundles.root(one.size) == one.root)
        return next((found for one in stored if (found := self.counting(held, one.checkpoint))), None)

    def counting(self, log: Log, promised: Checkpoint) -> Head | None:
        """Return a kept note on this checkpoint that counts, by the newest keys of those; None where there is none."""
        notes = [one for one in self.store.promises(log, promised.size, promised.size) if one.root == promised.root]
        for era in reversed(self.registry.eras(log.origin) or self.registry.get(log.origin).ages):
            for one in notes + self.store.sighted(log, promised.size):
                if one.root == promised.root and eras.signed_by(one.note, era.log_keys):
                    return self._with_proof(log, one, era)
        return None

    def _with_proof(self, log: Log, one: Head, era: Era) -> Head | None:
        if era.over:
            last_good = era.last_good
            if last_good is None or not eras.within(one.checkpoint, last_good, partial(is_prefix, self.store)):
                return None
            if one.size < last_good.size:
                hashes = tree.consistency_proof(Bundles(self.store, log), one.size, last_good.size)
                named = (log.origin, one.size, last_good.size)
                self.consistency[named] = _consistency(*named, hashes)
        return one


def _consistency(origin: str, old: int, new: int, hashes: Sequence[bytes]) -> bytes:
    return "".join(f"{one}\n" for one in (origin, old, new, *(b64encode(one).decode() for one in hashes))).encode()


def statements(store: Store, registry: Registry, origin: str) -> list[Said]:
    """Return what a reader must know of `origin` and of all who register or registered it, the hub's word first.

    What an earlier home said is left out where its log is not held here.
    """
    found = registry.hub_changes()
    for name in ancestors(registry, origin)[1:]:
        found += registry.moves(name) + registry.confirmations(name)
        for home in registry.homes(name):
            if home != registry.home(name) and store.log(home) is not None and home != registry.federation.name:
                found += registry.history(home)
        earlier = [home for home in registry.homes(name)[:-1] if store.log(home) is not None]
        found += [one for one in registry.successions(name) if store.log(one.home) is not None]
        for home in (*earlier, registry.home(name)):
            found += registry.history(name, home)
    return list({(one.home, one.index): one for one in found}.values())


def registrations(store: Store, registry: Registry, origin: str) -> list[bytes]:
    """Return tlog-proofs of the registrations of `origin` and of the homes above it, hub's entry first; [] for the hub.

    Of each, what log it goes on from, what begins and ends its eras, then its newest registration. Raises NotProved
    while a home has not sealed its entry.
    """
    writing = Writing(store, registry)
    chain = ancestors(registry, origin)[1:]
    said = ((*registry.successions(name), *registry.history(name)) for name in chain)
    return [writing.proved(one) for many in said for one in many]


def _with_receipts(signed: bytes, receipts: Sequence[Receipt]) -> bytes:
    """Return a head's note with the lines of receipts on the same checkpoint under it."""
    whole = Note.parse(signed)
    lines = [line for one in receipts for line in Note.parse(one.note).signatures]
    return Note(whole.text, (*whole.signatures, *lines)).encode()


# -- verifying --------------------------------------------------------------------------------------------------------


def verify(raw: bytes, pinned: Federation) -> Verified:
    """Return what a file proves under the pinned federation; raise NotProved at the first step that does not hold."""
    return _verified(raw, pinned, [])


def examine(raw: bytes, pinned: Federation) -> Examined:
    """Return the steps of `verify`, with those that held before a miss. Nothing is looked at after the first miss."""
    held: list[Held] = []
    try:
        found = _verified(raw, pinned, held)
    except NotProved as miss:
        return Examined(tuple(held), None, miss)
    return Examined(tuple(held), found, None)


def _verified(raw: bytes, pinned: Federation, held: list[Held]) -> Verified:
    sections = _sections(raw)
    trusted = _root(sections["root"], pinned)
    held += steps.roots(trusted, pinned)
    proofs = dict(_read_consistency(one) for one in sections["consistency"])
    found = _followed(sections["registration"], Chain(trusted, proofs, held=held))
    chain = found.chain()
    records = [_record(one, found, chain) for one in sections["record"]]
    first = records[0][0]
    if any((step.index, step.raw, step.parts) != (first.index, first.raw, first.parts) for step, _receipts in records):
        raise NotProved("record", "the sections speak of different entries")
    commitments = first.entry.commitments
    parts = tuple((commitments[number][0], content[entry.SALT_BYTES :]) for number, content in first.parts.items())
    receipts = sorted({one for _step, given in records for one in given}, key=lambda one: one[2])
    if not receipts:
        raise NotProved("receipt", "no ancestor of the origin signed for having it")
    as_of = min((one.time_s for one in chain), default=receipts[0][2])
    held += [Held("receipt", "receipt", {"by": by, "size": size, "at": at}) for by, size, at in receipts]
    held.append(Held("statuses", "statuses", {"at": as_of}))
    return Verified(trusted, chain, first.head.origin, first.index, first.entry, parts, tuple(receipts), as_of)


def registered(
    statements: Sequence[bytes],
    proofs: Sequence[bytes],
    pinned: Federation,
    consistency: Sequence[bytes] = (),
    held: list[Held] | None = None,
) -> tuple[Federation, tuple[Registered, ...]]:
    """Return what root statements and registrations prove under the pinned federation; raise NotProved.

    Each step that holds is added to `held`.
    """
    told = [] if held is None else held
    trusted = _root(statements, pinned)
    told += steps.roots(trusted, pinned)
    shown = dict(_read_consistency(one) for one in consistency)
    return trusted, _followed(proofs, Chain(trusted, shown, held=told)).chain()


def _sections(raw: bytes) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {"root": [], "registration": [], "consistency": [], "record": []}
    if len(raw) > MAX_BYTES or not raw.startswith(TITLE):
        raise NotProved("file", "not a banyan-evidence/v1 file, or too large")
    rest = raw[len(TITLE) :]
    for _ in range(MAX_SECTIONS):
        if not rest:
            break
        line, _lf, rest = rest.partition(b"\n")
        word, _space, length = line.partition(b" ")
        kind = word.decode("ascii", "replace")
        if kind not in found or not length.isdigit() or len(length) > 7 or int(length) > len(rest):
            raise NotProved("file", "a section is cut short or unknown")
        found[kind].append(rest[: int(length)])
        rest = rest[int(length) :]
    if rest or not found["record"]:
        raise NotProved("file", "no record, or more sections than allowed")
    return found


def _root(statements: Sequence[bytes], pinned: Federation) -> Federation:
    try:
        shown = federation.chain(statements)
    except SyncError as error:
        raise NotProved("root", str(error)) from error
    if shown.id != pinned.id:
        raise NotProved("root", "another federation's")
    if any(one != other for one, other in zip(shown.versions, pinned.versions, strict=False)):
        raise NotProved("root", "a root statement is another than the one that you trust")
    return shown


def _followed(proofs: Sequence[bytes], chain: Chain) -> Chain:
    for one in proofs:
        chain.take(one)
    return chain


def _read_consistency(raw: bytes) -> tuple[tuple[str, int, int], list[bytes]]:
    """Read exactly what `_consistency` writes; raise NotProved."""
    try:
        origin, old, new, *hashes = raw.decode("ascii").removesuffix("\n").split("\n")
        found = (origin, int(old), int(new)), [decode_base64(one) for one in hashes]
        if _consistency(*found[0], found[1]) != raw:
            raise Malformed("consistency", "not as we write it")
    except (ValueError, Malformed) as error:
        raise NotProved("file", "a consistency proof is not of this layout") from error
    return found


def _record(raw: bytes, found: Chain, chain: tuple[Registered, ...]) -> tuple[proved.Step, list[tuple[str, int, int]]]:
    """Return the proved entry, its parts opened, and the receipts on its head by mirrors of its ancestors."""
    trusted = found.trusted
    origin = chain[-1].node.origin if chain else trusted.name
    step = found.opened(raw, origin, "record")
    if step.head.origin != origin:
        raise NotProved("record", f"a head of {step.head.origin}, not of {origin}")
    found.held.append(steps.record(step, found.era_of(origin, step.note)))
    try:
        proved.check_parts(step, entry.Committer(trusted.id, origin))
    except BadProof as error:
        raise NotProved("part", str(error)) from error
    if not any(one.step == "part" for one in found.held):
        found.held += steps.parts(step)
    mirrors = [(name, key) for name, known in found.mirror_keys(apart=origin).items() for key in known]
    return step, [_receipt(step, name, key) for name, key in mirrors if _signed_by(step, key)]


def _signed_by(step: proved.Step, key: VerifierKey) -> bool:
    return any((one.name, one.key_id) == (key.name, key.key_id) for one in Note.parse(step.note).signatures)


def _receipt(step: proved.Step, name: str, key: VerifierKey) -> tuple[str, int, int]:
    try:
        receipt = head.open_receipt(step.note, name, key, 2**62)
    except (Malformed, BadSignature) as error:
        raise NotProved("receipt", f"{name}: {error}") from error
    return name, receipt.size, receipt.time_s
