"""What is too much: junk, huge messages, JSON nested deep, very many heads. The parent refuses, and serves on."""

import base64
import os
from collections.abc import Callable

import zstandard
from banyan.v1 import search_pb2, search_pb2_grpc
from banyan.v1 import sync_pb2 as pb

from node import cataloguing
from sync import head, tree
from sync.bundles import Bundles
from sync.checkpoint import Checkpoint
from sync.client import Client
from sync.schema import key
from sync.store import MAX_SIGHTINGS
from tests.faults import hostile
from tests.faults.hostile import ENROL, MB, METHODS, SYNC, TAKEN, Attack, Foe, answered, attack
from tests.faults.junk import CHANGED, FORK_OF_ITS_OWN, JUNK
from tests.faults.place import HOSTILE
from tests.faults.scene import Effect, Kind, Scene
from tests.faults.services import SERVICES, TOO_MUCH
from tests.faults.survey import Survey
from tests.world import CITY, HUB

AT_ONCE = 8  # attacks of one run
KNOWN = [*CHANGED, *JUNK, *SERVICES]
FLOOD = 700  # heads; the quota of a day is smaller


def _nothing_more(_scene: Scene) -> list[str]:
    return []


def _night(
    scene: Scene,
    attacks: list[Attack],
    after: Callable[[Scene], list[str]] = _nothing_more,
    comes_back: bool = True,
) -> Effect:
    """Let the hostile child do all these, then let all have their night; see that each was answered as it should be.

    Who `comes_back` behaves in the nights that follow, and must be let in again with all that it has filed.
    """
    scene.federation.start()
    said = attack(scene.place, attacks, scene.chance.getrandbits(32))
    wanted = {one.name: one.answers for one in attacks}
    wrong = [f"{name}: {word}" for name, word in said if word not in wanted[name]]
    wrong += [f"{one.name}: not answered" for one in attacks[len(said) :]]
    told = "; ".join(f"{name}: {word}" for name, word in said)
    places = tuple(name for name, _word in said)
    if wrong and scene.until_wrong:
        return Effect(len(said), told, tuple(wrong), places)
    ended = scene.federation.night()
    wrong += [f"{origin} was disturbed: {night.error}" for origin, night in ended.items() if night.error]
    if comes_back:
        scene.federation.guests.append(HOSTILE)
    return Effect(len(said), told, (*wrong, *after(scene)), places)


def _named(*attacks: Attack) -> Callable[[Survey], list[str]]:
    return lambda _survey: [one.name for one in attacks]


def _junk(scene: Scene) -> Effect:
    """Some of all attacks; every second time the child forks as well, and is not let in again."""
    known = [one for one in KNOWN if scene.only_at in one.name]
    if scene.only_at and scene.only_at in FORK_OF_ITS_OWN.name:
        return _night(scene, [FORK_OF_ITS_OWN], _frozen, comes_back=False)
    begin = scene.turn * AT_ONCE
    chosen = [known[(begin + at) % len(known)] for at in range(min(AT_ONCE, len(known)))]
    if scene.turn % 2 or scene.only_at:
        return _night(scene, chosen)
    return _night(scene, [*chosen, FORK_OF_ITS_OWN], _frozen, comes_back=False)


def _frozen(scene: Scene) -> list[str]:
    """The fork of the hostile child was found, and its log takes nothing more."""
    with scene.place.opened(CITY) as city:
        log = city.store.log(HOSTILE)
    return [] if log is not None and log.frozen else [f"{HOSTILE} forked and is not frozen"]


# -- huge messages ----------------------------------------------------------------------------------------------------


def _nine_mb(foe: Foe) -> str:
    """A message over gRPC's limit, to every method."""
    said = {foe.raw(one, [os.urandom(9 * MB)]) for one in METHODS}
    return ", ".join(sorted(said))


def _bomb(foe: Foe) -> str:
    """A frame that declares what it becomes: 3 MB of zeros."""
    packer = zstandard.ZstdCompressor(write_content_size=True)
    frame = packer.compress(bytes(3 * MB))
    return hostile.upload(foe, *hostile.shown(foe), True, frame)


def _silent_bomb(foe: Foe) -> str:
    """A frame that does not say what it becomes."""
    packer = zstandard.ZstdCompressor(write_content_size=False)
    return hostile.upload(foe, *hostile.shown(foe), True, packer.compress(bytes(64 * MB)))


def _large_package(foe: Foe) -> str:
    """A package of 5 MB that is not compressed."""
    return hostile.upload(foe, *hostile.shown(foe), False, os.urandom(5 * MB))


def _many_offers(foe: Foe) -> str:
    offers = [pb.LogSize(origin=f"ip.gd.example/gz/n{at}", size=at) for at in range(20_000)]
    return foe.raw(SYNC + "Hello", [pb.HelloRequest(version=1, offers=offers).SerializeToString()])


def _many_parts(foe: Foe) -> str:
    request = pb.GetPartsRequest(origin=CITY, parts=[pb.PartName(index=at) for at in range(5_000)])
    return foe.raw(SYNC + "GetParts", [request.SerializeToString()])


def _large_parts(foe: Foe) -> str:
    parts = [pb.Part(index=1, number=0, content=os.urandom(MB)) for _ in range(5)]
    return foe.raw(SYNC + "AddParts", [pb.AddPartsRequest(origin=HOSTILE, parts=parts).SerializeToString()])


def _long_note(foe: Foe) -> str:
    note = b"x" * (2 * MB)
    return foe.raw(SYNC + "AddCheckpoint", [pb.AddCheckpointRequest(origin=HOSTILE, note=note).SerializeToString()])


def _long_request(foe: Foe) -> str:
    """A message over the limit of the joining door, which is lower."""
    return foe.raw(ENROL, [os.urandom(MB)])


def _long_headers(foe: Foe) -> str:
    return foe.raw(SYNC + "Hello", [b""], metadata=[(f"x-{at}", "y" * 8_000) for at in range(10)])


HUGE = [
    Attack("a message of 9 MB", _nine_mb, ("RESOURCE_EXHAUSTED",)),
    Attack("a frame of 3 MB of zeros", _bomb, ("OVER_LIMIT",)),
    Attack("a frame that does not say what it becomes", _silent_bomb, ("OVER_LIMIT",)),
    Attack("a package of 5 MB", _large_package, ("OVER_LIMIT",)),
    Attack("20,000 offers", _many_offers, ("OVER_LIMIT",)),
    Attack("5,000 parts asked for", _many_parts, ("OVER_LIMIT",)),
    Attack("5 MB of parts", _large_parts, ("OVER_LIMIT",)),
    Attack("a note of 2 MB", _long_note, ("MALFORMED", "OVER_LIMIT")),
    Attack("1 MB at the joining door", _long_request, ("RESOURCE_EXHAUSTED",)),
    Attack("80 KB of headers", _long_headers, ("RESOURCE_EXHAUSTED", "INTERNAL", "UNKNOWN", "UNAVAILABLE")),
]


def _huge(scene: Scene) -> Effect:
    known = [one for one in (*HUGE, *TOO_MUCH) if scene.only_at in one.name]
    return _night(scene, scene.chance.sample(known, len(known)))


# -- JSON -------------------------------------------------------------------------------------------------------------


def deep(levels: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return opening * levels + b"1" + closing * levels


DEEP = [
    deep(64),
    deep(64, b'{"a":', b"}"),
    b'{"fields":{"title":' + deep(64) + b'},"key":"cn.1.2","kind":"patent","op":"assert"}',
    deep(20_000),
    b'{"a":' * 8_000,
]


def _bring_deep(foe: Foe) -> str:
    """Records whose JSON is nested deep, sealed and brought as any others."""
    foe.file(*DEEP)
    return foe.session(Client)


def _ask_deep(foe: Foe) -> str:
    request = search_pb2.FindRequest(scope=search_pb2.SCOPE_HERE, words="x", filters=deep(2_000))
    return answered(lambda: search_pb2_grpc.SearchStub(foe.channel).Find(request, timeout=hostile.PATIENCE_S))


def _go_on_deep(foe: Foe) -> str:
    """A token of the next page that is nested deep."""
    answers = set()
    for opening in (b"[", b'{"a":', b'[1,{"a":'):
        token = base64.urlsafe_b64encode(bytes(8) + opening * 4_000).decode().rstrip("=")
        request = search_pb2.FindRequest(scope=search_pb2.SCOPE_HERE, words="x", after=token)
        stub = search_pb2_grpc.SearchStub(foe.channel)
        answers.add(answered(lambda: stub.Find(request, timeout=hostile.PATIENCE_S)))  # noqa: B023
    return ", ".join(sorted(answers))


def _deep(scene: Scene) -> Effect:
    attacks = [
        Attack("records nested deep", _bring_deep, (TAKEN,)),
        Attack("a question nested deep", _ask_deep, ("INVALID_ARGUMENT",)),
        Attack("a token nested deep", _go_on_deep, ("INVALID_ARGUMENT",)),
    ]
    return _night(scene, attacks, _kept_out)


def _kept_out(scene: Scene) -> list[str]:
    """City and hub hold those records, and keep them out of their catalogues."""
    with scene.place.opened(HOSTILE) as foe:
        last = foe.own.log.next_entry
    wrong = []
    for origin in (CITY, HUB):
        with scene.place.opened(origin) as opened, cataloguing.catalogue(opened.node) as catalogue:
            log = opened.store.log(HOSTILE)
            span = (key(log.id, last - len(DEEP)), key(log.id, last)) if log else (0, 0)
            query = "select count(*) from quarantine where id >= ? and id < ?"
            (count,) = catalogue.db.execute(query, span).fetchone()
        if count != len(DEEP):
            wrong.append(f"{origin} keeps out {count} of {len(DEEP)} records that are nested deep")
    return wrong


# -- heads ------------------------------------------------------------------------------------------------------------


def _flood(foe: Foe) -> str:
    """Heads that grow by one entry each, all signed and proved, as fast as they go, until the parent says to wait."""
    start = foe.log.next_entry
    foe.file(*(b"%d" % at for at in range(FLOOD)))
    bundles, client = Bundles(foe.opened.store, foe.log), Client(foe.channel, CITY)
    recorded = client.hello(hostile.greeting(start)).logs[HOSTILE].recorded
    for size in range(start, start + FLOOD):
        signed = head.sign_head(foe.node.keys.log, Checkpoint(HOSTILE, size, bundles.root(size)), int(foe.node.clock()))
        proof = tree.consistency_proof(bundles, recorded, size)
        request = pb.AddCheckpointRequest(origin=HOSTILE, old_size=recorded, proof=proof, note=signed.note)
        word = foe.raw(SYNC + "AddCheckpoint", [request.SerializeToString()])
        if word != TAKEN:
            return word
        recorded = size
    return TAKEN


def _heads(scene: Scene) -> Effect:
    return _night(scene, [Attack(f"{FLOOD} tiny heads", _flood, ("SLOW_DOWN",))], _few_sightings)


def _few_sightings(scene: Scene) -> list[str]:
    with scene.place.opened(CITY) as city:
        log = city.store.log(HOSTILE)
        assert log is not None
        (count,) = city.store.db.execute("select count(*) from sighting where log = ?", (log.id,)).fetchone()
        (receipts,) = city.store.db.execute("select count(*) from receipt where log = ?", (log.id,)).fetchone()
    return [f"{count} heads are kept"] if count > MAX_SIGHTINGS + receipts else []


KINDS = [
    Kind(
        "junk",
        "a child that sends heads, packages, parts and bytes that are changed, forged or none",
        _junk,
        5,
        places=_named(*KNOWN),
    ),
    Kind(
        "huge-messages",
        "a child that sends messages, packages, lists and frames over every limit",
        _huge,
        3,
        places=_named(*HUGE, *TOO_MUCH),
    ),
    Kind("deep-json", "a child that seals JSON nested 64 and more levels deep, and asks with it", _deep, 2),
    Kind("tiny-heads", "a child that floods its parent with heads of one entry more each", _heads, 2),
]
