"""What a parent says in Hello: of the child's log and of those that it brings, of receipts and of the heads above.

With service and client one of the modules that touch generated protobuf code.
"""

from collections.abc import Iterator, Mapping, Sequence

from banyan.v1 import sync_pb2 as pb

from sync import control, damage, eras, forks, head, mirror, proved, recovery, rollcall, tree
from sync.bundles import Bundles
from sync.called import Call
from sync.client import MAX_RANGES
from sync.damage import Book
from sync.door import Door, meta_of
from sync.errors import Malformed, NotAllowed, OverLimit, SyncError, UnknownOrigin
from sync.registry import ancestors
from sync.store import Store

MAX_PROOFS = 16
MAX_WANTED_A_PAGE = 1_000
MAX_HEADS_A_HELLO = 500  # 6 KB each
MAX_WANTED_A_HELLO = 10_000  # of all logs; who lacks more is asked again, log by log
MAX_FORKS_KNOWN = 1_000
MAX_FORKS_BYTES = 2 * 1024 * 1024


def take_registration(call: Call, proofs: Sequence[bytes]) -> None:
    """Keep what a child shows of its keys and of its home's: who is not the home learns of new keys by it alone."""
    if len(proofs) > MAX_PROOFS:
        raise OverLimit("proofs of a registration", len(proofs), MAX_PROOFS)
    for proof in proofs:
        _index, raw, *_rest = proved.parse(proof)
        _what, about = control.describe(control.body_of(raw))
        if about not in ancestors(call.registry, call.path)[1:]:
            raise Malformed("registration", f"of {about}")
        call.registry.introduce(about, proof)


def moved(call: Call, proofs: Sequence[bytes]) -> str:
    """Return the reason word for a child that the hub has moved: `moved` from here, or `moving`; else "".

    A member is `moving` while its new home's word on it is not known here; it shows that itself.
    """
    if call.registry.has_moved(call.path):
        return "moved"
    if not call.registry.is_moving(call.path):
        return ""
    take_registration(call, proofs)
    return "moving" if call.registry.is_moving(call.path) else ""


def take_door(call: Call, door: Door) -> None:
    """Keep where this child lets others in: what the hub moves there is told so."""
    if call.store.meta(meta_of(call.path)) != door.encode():
        with call.store.write():
            call.store.set_meta(meta_of(call.path), door.encode())


def newest_note(call: Call, origin: str) -> bytes:
    """Return the note of the largest head of that log that counts, whether or not its entries are here; b"" for none.

    What stolen keys signed beyond their last good head is nobody's promise.
    """
    held, known = call.store.log(origin), call.registry.find(origin)
    if held is None or known is None:
        return b""
    if len(known.ages) == 1 and not known.ages[0].over:
        newest = call.store.newest_head(held, at_most=2**63 - 1)
        return newest.note if newest else b""
    kept = call.store.signed_up_to(held, 2**63 - 1)
    return next((one.note for one in kept if not eras.is_overtaken(known.ages, one)), b"")


def please_reconcile(call: Call) -> int:
    """Return whether a person asks this child to compare catalogues: 0 no, 1 yes, 2 and to repair."""
    asked = call.store.meta(f"reconcile:{call.path}") or b""
    return asked[0] if asked else 0


def wanted_back(call: Call, note: bytes) -> list[pb.LogState]:
    """Ask for our own log where this child shows the newest head of it and we have lost entries, or parts.

    The reason word is `recover`; `next_entry` is where to send from. Entries that are damaged here are named as those
    of any other log.
    """
    me = call.serving.me
    held = call.store.log(me)
    newest = recovery.ahead(call.store, call.registry)
    state = pb.LogState(origin=me, reason="recover")
    if newest is not None and note and head.stated(note) == newest.checkpoint:
        with call.lock() as lock:
            signed = recovery.agreed(call.store, recovery.heads_of_ours(call.store, lock, me), me)
        state.recorded, state.stored, state.next_entry = newest.size, signed, recovery.begin_at(signed)
        return [state]
    if held is None or newest is not None:
        return []
    bundles = Bundles(call.store, held)
    wanted = bundles.wanted(MAX_WANTED_A_PAGE, call.may_see(me))
    state.recorded = state.stored = state.next_entry = held.stored
    state.wanted.extend(pb.PartName(index=index, number=number) for index, number in wanted)
    state.wanted_total = bundles.count_wanted()
    state.damaged.extend(_damaged(call.store, me))
    return [state] if wanted or state.damaged else []


def _logs_to_heal(call: Call) -> set[str]:
    """Return the logs with missing parts or damaged entries that this child may bring."""
    found = set()
    damaged = {one.origin for one in Book(call.store).open(what=damage.ENTRIES)}
    for origin in damaged.union(held.origin for held in call.store.logs_with_wanted()):
        try:
            call.registry.check_bringer(call.path, origin)
        except SyncError:
            continue
        found.add(origin)
    return found


def heads_asked(request: pb.HelloRequest) -> dict[str, int]:
    """Return the logs whose newest head is to be shown, where it is larger than the size that was offered."""
    if not request.want_heads:
        return {}
    if len(request.offers) > MAX_HEADS_A_HELLO:
        raise OverLimit("heads asked for", len(request.offers), MAX_HEADS_A_HELLO)
    return {one.origin: one.size for one in request.offers}


def states(call: Call, offered: set[str], heads: Mapping[str, int]) -> Iterator[pb.LogState]:
    """Yield the state of each log offered, then of those with parts or entries to heal; a message full of names.

    `heads` says whose newest head goes with it, and above which size.
    """
    room = MAX_WANTED_A_HELLO
    for origin in [*sorted(offered), *sorted(_logs_to_heal(call) - offered)]:
        state = _state(call, origin, min(room, MAX_WANTED_A_PAGE))
        room -= len(state.wanted)
        if not state.reason and state.stored > heads.get(origin, 2**63):
            state.note = _stored_note(call.store, origin)
        yield state


def _stored_note(store: Store, origin: str) -> bytes:
    held = store.log(origin)
    found = store.newest_head(held, at_most=held.stored) if held else None
    return found.note if found else b""


def _state(call: Call, origin: str, most_wanted: int) -> pb.LogState:
    try:
        registered = call.registry.check_bringer(call.path, origin)
    except NotAllowed as error:
        return pb.LogState(origin=origin, reason=error.reason)
    except UnknownOrigin:
        return pb.LogState(origin=origin, reason="unknown-origin")
    held = mirror.drop_overtaken(call.store, registered)
    if held is None:
        return pb.LogState(origin=origin, status=control.STATUSES["active"])
    bundles = Bundles(call.store, held)
    recorded = call.store.head(held, call.path)
    if recorded is not None and eras.is_overtaken(registered.ages, recorded):
        recorded = None
    wanted = bundles.wanted(most_wanted, call.may_see(origin))
    return pb.LogState(
        origin=origin,
        recorded=recorded.size if recorded else 0,
        stored=held.stored,
        next_entry=held.next_entry,
        status=control.STATUSES["active"],
        reason="frozen" if held.frozen else "",
        wanted=[pb.PartName(index=index, number=number) for index, number in wanted],
        wanted_total=bundles.count_wanted(),
        damaged=_damaged(call.store, origin),
    )


def _damaged(store: Store, origin: str) -> list[pb.Range]:
    return [pb.Range(first=first, last=last) for first, last in Book(store).ranges(origin)[:MAX_RANGES]]


def because(call: Call) -> str:
    """Return the reason that was given for the caller's not being active, in its home's or in this node's words."""
    found = call.registry.find(call.path)
    if found is not None and found.node.status != "active":
        return found.node.reason
    member = call.registry.membership(call.serving.me, call.path)
    return member.reason if member is not None else ""


def receipts_from_above(call: Call, request: pb.HelloRequest) -> list[bytes]:
    held = call.store.log(call.path)
    if held is None:
        return []
    known = {one.signer: one.size for one in request.receipts}
    above = (one for one in call.store.newest_receipts(held) if one.signer != call.serving.me)
    return [one.note for one in above if one.size > known.get(one.signer, 0)]


def shown_heads(call: Call, known: dict[str, int]) -> list[pb.Shown]:
    """Return the newest head of the own log and of each log above, proved from the size that the child holds."""
    shown = []
    for origin in ancestors(call.registry, call.serving.me):
        held = call.store.log(origin)
        newest = call.store.newest_head(held, at_most=held.stored) if held else None
        if held is None or newest is None:
            continue
        old = known.get(origin, 0)
        proof = tree.consistency_proof(Bundles(call.store, held), old, newest.size) if old <= newest.size else []
        shown.append(pb.Shown(note=newest.note, old_size=old, proof=proof))
    return shown


def show_manifest(call: Call, checked: int, answer: pb.HelloResponse) -> None:
    """Say which manifest of the child is held here, and show its row in our newest, if it has not checked that one."""
    theirs, ours = call.store.log(call.path), call.store.log(call.serving.me)
    held = rollcall.newest(call.store, theirs) if theirs else None
    answer.your_manifest = held.index + 1 if held else 0
    newest = rollcall.newest(call.store, ours, below=ours.stored) if ours else None
    if ours is None or newest is None or newest.index < checked:
        return
    found = rollcall.proved_row(call.store, ours, newest.index, call.path)
    if found is not None:
        place, row, hashes = found
        answer.manifest.CopyFrom(pb.ManifestRow(index=newest.index, place=place, row=row, proof=hashes))


def forks_told(call: Call, known: list[tuple[str, bytes]]) -> Iterator[pb.ForkFile]:
    """Yield the evidence of forks that the child lacks, oldest first, as much as one message takes."""
    room = MAX_FORKS_BYTES
    for one in forks.unknown_to(call.store, {name for _origin, name in known}):
        shown = forks.with_registrations(call.store, call.registry, one)
        room -= len(one.file) + len(shown)
        if room < 0:
            return
        yield pb.ForkFile(file=one.file, registrations=shown)
