"""Evidence: one file that proves, offline and years later, what an origin filed (wire.md section 8).

`banyan-evidence/v1 LF`, then sections, each a line `<word> <bytes> LF` and that many bytes: `root` statements, the
`registration`s from the hub down (tlog-proofs), and the `record` (a tlog-proof for each head that an ancestor first
gave a receipt for). Nothing is trusted but the pinned federation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sync import control, entry, federation, head, proved
from sync.bundles import Bundles
from sync.errors import BadProof, BadSignature, Malformed, SyncError, UnknownOrigin
from sync.federation import Federation
from sync.head import Receipt
from sync.note import Note, VerifierKey
from sync.origin import default_home
from sync.registry import Registry, ancestors
from sync.store import Store

TITLE = b"banyan-evidence/v1\n"
MAX_BYTES = 4 * 1024 * 1024
MAX_SECTIONS = 64


class NotProved(SyncError):
    """The file does not prove what it is for: (step, why)."""


@dataclass(frozen=True, slots=True)
class Registered:
    """One step of the registrar chain: whom a home registers, and when that head was signed (POSIX seconds)."""

    node: control.Node
    home: str
    index: int
    time_s: int


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


# -- writing ----------------------------------------------------------------------------------------------------------


def write(store: Store, registry: Registry, origin: str, index: int) -> bytes:
    """Return the evidence for entry `index` of the log `origin`, with the parts that are held here.

    Raises UnknownOrigin, and NotProved where no receipt covers the entry yet.
    """
    log = store.log(origin)
    if log is None or index >= log.next_entry:
        raise UnknownOrigin(origin)
    sections = [(b"root", one) for one in registry.federation.statements]
    sections += [(b"registration", one) for one in registrations(store, registry, origin)]
    bundles = Bundles(store, log)
    raw = bundles.entries(index, index + 1)[0]
    held = {number: bundles.part(index, number) for number in range(len(entry.commitments(raw)[1]))}
    parts = {number: content for number, content in held.items() if content is not None}
    by_size: dict[int, list[Receipt]] = {}
    for receipt in store.receipts(log, index + 1):
        by_size.setdefault(receipt.size, []).append(receipt)
    for size, receipts in sorted(by_size.items()):
        signed = store.signed_head(log, receipts[0].checkpoint)
        if signed is not None:
            together = _with_receipts(signed.note, receipts)
            sections.append((b"record", proved.prove(bundles, index, raw, size, together, parts)))
    if sections[-1][0] != b"record":
        raise NotProved("receipt", f"no receipt covers entry {index} of {origin} yet")
    return TITLE + b"".join(word + b" %d\n" % len(one) + one for word, one in sections)


def registrations(store: Store, registry: Registry, origin: str) -> list[bytes]:
    """Return tlog-proofs of the registrations of `origin` and of the homes above it, hub's entry first; [] for the hub.

    Raises NotProved while a home has not sealed its entry.
    """
    return [_registration(store, registry, name) for name in ancestors(registry, origin)[1:]]


def _registration(store: Store, registry: Registry, name: str) -> bytes:
    home = registry.home(name)
    known, held = registry.find(name), store.log(home)
    signed = store.newest_head(held, at_most=held.stored) if held else None
    if known is None or held is None or signed is None or known.index >= signed.size:
        raise NotProved("registration", home)
    bundles = Bundles(store, held)
    raw = bundles.entries(known.index, known.index + 1)[0]
    receipts = [one for one in store.newest_receipts(held) if one.checkpoint == signed.checkpoint]
    return proved.prove(bundles, known.index, raw, signed.size, _with_receipts(signed.note, receipts), {})


def _with_receipts(signed: bytes, receipts: Sequence[Receipt]) -> bytes:
    """Return a head's note with the lines of receipts on the same checkpoint under it."""
    whole = Note.parse(signed)
    lines = [line for one in receipts for line in Note.parse(one.note).signatures]
    return Note(whole.text, (*whole.signatures, *lines)).encode()


# -- verifying --------------------------------------------------------------------------------------------------------


def verify(raw: bytes, pinned: Federation) -> Verified:
    """Return what a file proves under the pinned federation; raise NotProved at the first step that does not hold."""
    sections = _sections(raw)
    trusted = _root(sections["root"], pinned)
    chain = _chain(sections["registration"], trusted)
    records = [_record(one, chain, trusted) for one in sections["record"]]
    first = records[0][0]
    if any((step.index, step.raw, step.parts) != (first.index, first.raw, first.parts) for step, _receipts in records):
        raise NotProved("record", "the sections speak of different entries")
    commitments = first.entry.commitments
    parts = tuple((commitments[number][0], content[entry.SALT_BYTES :]) for number, content in first.parts.items())
    receipts = sorted({one for _step, found in records for one in found}, key=lambda one: one[2])
    if not receipts:
        raise NotProved("receipt", "no ancestor of the origin signed for having it")
    as_of = min((one.time_s for one in chain), default=receipts[0][2])
    return Verified(trusted, chain, first.head.origin, first.index, first.entry, parts, tuple(receipts), as_of)


def registered(
    statements: Sequence[bytes], proofs: Sequence[bytes], pinned: Federation
) -> tuple[Federation, tuple[Registered, ...]]:
    """Return what root statements and registrations prove under the pinned federation; raise NotProved."""
    trusted = _root(statements, pinned)
    return trusted, _chain(proofs, trusted)


def _sections(raw: bytes) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {"root": [], "registration": [], "record": []}
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
    return shown


def _chain(proofs: Sequence[bytes], trusted: Federation) -> tuple[Registered, ...]:
    """Follow the registrations down from the hub: heads signed by keys found so far, each home speaking for its own."""
    known = {trusted.name: trusted.newest.log_keys}
    chain: list[Registered] = []
    home = trusted.name
    for raw in proofs:
        step = _opened(raw, known[home], "registration")
        if step.entry.kind != entry.CONTROL:
            raise NotProved("registration", "not a control entry")
        try:
            statement = control.decode(step.entry.control)
        except Malformed as error:
            raise NotProved("registration", f"{home} sealed no statement: {error}") from error
        if (
            not isinstance(statement, control.Node)
            or default_home(statement.origin) != home
            or step.head.origin != home
        ):
            raise NotProved("registration", f"{home} does not speak for it")
        chain.append(Registered(statement, home, step.index, step.head.time_s))
        home = statement.origin
        known[home] = statement.log_keys
    return tuple(chain)


def _record(
    raw: bytes, chain: tuple[Registered, ...], trusted: Federation
) -> tuple[proved.Step, list[tuple[str, int, int]]]:
    """Return the proved entry, its parts opened, and the receipts on its head by mirrors of its ancestors."""
    origin = chain[-1].node.origin if chain else trusted.name
    log_keys = chain[-1].node.log_keys if chain else trusted.newest.log_keys
    step = _opened(raw, log_keys, "record")
    if step.head.origin != origin:
        raise NotProved("record", f"a head of {step.head.origin}, not of {origin}")
    try:
        proved.check_parts(step, entry.Committer(trusted.id, origin))
    except BadProof as error:
        raise NotProved("part", str(error)) from error
    mirrors = {trusted.name: trusted.newest.mirror_key} | {one.node.origin: one.node.mirror_key for one in chain[:-1]}
    return step, [_receipt(step, name, key) for name, key in mirrors.items() if _signed_by(step, key)]


def _opened(raw: bytes, log_keys: tuple[VerifierKey, ...], what: str) -> proved.Step:
    try:
        return proved.open_entry(raw, log_keys)
    except (Malformed, BadSignature, BadProof) as error:
        raise NotProved(what, f"{type(error).__name__}: {error}") from error


def _signed_by(step: proved.Step, key: VerifierKey) -> bool:
    return any((one.name, one.key_id) == (key.name, key.key_id) for one in Note.parse(step.note).signatures)


def _receipt(step: proved.Step, name: str, key: VerifierKey) -> tuple[str, int, int]:
    try:
        receipt = head.open_receipt(step.note, name, key, 2**62)
    except (Malformed, BadSignature) as error:
        raise NotProved("receipt", f"{name}: {error}") from error
    return name, receipt.size, receipt.time_s
