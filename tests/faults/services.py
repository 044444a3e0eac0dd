"""What a hostile child asks of the services beside the mirror: forks, manifests, mending, comparing, joining."""

import os

from banyan.v1 import enrolment_pb2, reconcile_pb2, search_pb2
from banyan.v1 import sync_pb2 as pb

from node import authority, enrolment, membership
from sync import fork
from sync.bundles import Bundles
from sync.checkpoint import Checkpoint
from sync.entry import commitments
from sync.head import sign_head
from sync.manifest import Row
from sync.package import Frame, Packer, unpack
from sync.rights import Rights
from sync.tree import EMPTY_ROOT, consistency_proof
from tests.bits import flipped
from tests.faults.hostile import ENROL, MB, PATIENCE_S, RECONCILE, SEARCH, SYNC, TAKEN, Attack, Foe, shown
from tests.faults.place import HOSTILE, SECOND
from tests.sync import made
from tests.world import CITY

Asked = enrolment_pb2.EnrolRequest
MANY = 100_000  # rows of a manifest, in messages of 1,000


def _forged_fork(foe: Foe) -> str:
    """Evidence that the neighbour forked, by keys that a stranger made."""
    one, other = (made.signed(SECOND, 9, made.root_hash_of(word)) for word in ("one", "other"))
    branches = (fork.Branch(one, one.root), fork.Branch(other, other.root))
    file = fork.encode(made.verifiers(made.signers(SECOND)), 9, *branches)
    said = {_told(foe, each) for each in (file, flipped(file), file[:-9], b"", foe.chance.randbytes(5_000))}
    return ", ".join(sorted(said))


def _agreeing_fork(foe: Foe) -> str:
    """Two heads of one tree, put together as if they contradicted each other."""
    with foe.node.lock() as lock:
        newest = foe.opened.own.seal(lock)
    older = sign_head(foe.node.keys.log, Checkpoint(HOSTILE, 1, Bundles(foe.opened.store, foe.log).root(1)), 1)
    hashes = tuple(consistency_proof(Bundles(foe.opened.store, foe.log), 1, newest.size))
    decode, fork.decode = fork.decode, lambda raw: None  # which would not write it
    try:
        branches = (fork.Branch(older, older.root), fork.Branch(newest, older.root, hashes))
        file = fork.encode([one.verifier for one in foe.node.keys.log], 1, *branches)
    finally:
        fork.decode = decode
    return _told(foe, file)


def _told(foe: Foe, file: bytes, registrations: bytes = b"") -> str:
    told = pb.ForkFile(file=file, registrations=registrations)
    return foe.raw(SYNC + "AddFork", [pb.AddForkRequest(fork=told).SerializeToString()])


def _manifest(foe: Foe) -> str:
    """A manifest by one who registers nobody, of an entry that states none."""
    row = Row(SECOND, 0, EMPTY_ROOT, "revoked", False, bytes(32), 0, bytes(32), 0).encode()
    return foe.raw(SYNC + "AddManifest", [pb.AddManifestRequest(index=0, rows=[row]).SerializeToString()])


def _endless_manifest(foe: Foe) -> str:
    row = Row(SECOND, 0, EMPTY_ROOT, "active", False, bytes(32), 0, bytes(32), 0).encode()
    message = pb.AddManifestRequest(index=1, rows=[row] * 1_000).SerializeToString()
    return foe.raw(SYNC + "AddManifest", [message] * (MANY // 1_000))


def _mended(foe: Foe, origin: str, changed: bool) -> str:
    """Packages in the place of entries that are not damaged: nothing is written, and nothing looked at."""
    with foe.place.opened(CITY) as city:
        held = city.store.log(origin)
        assert held is not None
        end = held.stored
    package = foe.packages(origin, 0)[0]
    entries = [one if number != 1 or not changed else flipped(one) for number, one in enumerate(package.entries)]
    frame = Packer().pack(type(package)(package.first, entries[:end], package.proof, []))
    header = pb.AddEntriesRequest.Header(origin=origin, start=0, end=end, mend=True)
    sent = pb.Package(first=frame.first, compressed=frame.compressed, frame=frame.content)
    messages = pb.AddEntriesRequest(header=header), pb.AddEntriesRequest(package=sent)
    return foe.raw(SYNC + "AddEntries", [one.SerializeToString() for one in messages])


def _parents_log(foe: Foe) -> str:
    """Entries of the parent's own log, as if it had lost them."""
    header = pb.AddEntriesRequest.Header(origin=CITY, start=0, end=10_000)
    frame = Packer().pack(foe.packages(HOSTILE, 0)[0])
    sent = pb.Package(first=frame.first, compressed=frame.compressed, frame=frame.content)
    messages = pb.AddEntriesRequest(header=header), pb.AddEntriesRequest(package=sent)
    return foe.raw(SYNC + "AddEntries", [one.SerializeToString() for one in messages])


def _parents_parts(foe: Foe) -> str:
    request = pb.AddPartsRequest(origin=CITY, parts=[pb.Part(index=1, number=0, content=os.urandom(40))])
    return foe.raw(SYNC + "AddParts", [request.SerializeToString()])


def _no_entries(foe: Foe) -> str:
    """Ranges that are none, of the log above."""
    said = {
        foe.raw(SYNC + "GetEntries", [pb.GetEntriesRequest(origin=CITY, start=start, end=end).SerializeToString()])
        for start, end in ((0, 2**63 - 1), (5, 5), (9, 3), (2**64 - 1, 2**64 - 1), (0, 0))
    }
    return ", ".join(sorted(said))


def _neighbours_catalogue(foe: Foe) -> str:
    """The neighbour's rows, asked for in every way, and taken up again."""
    nodes = reconcile_pb2.NodesRequest(origin=SECOND, size=9, nodes=[reconcile_pb2.NodesRequest.Node(kind="patent")])
    asked = {
        "Buckets": reconcile_pb2.BucketsRequest(origin=SECOND, size=9),
        "Split": nodes,
        "Rows": nodes,
        "Mend": reconcile_pb2.MendRequest(origin=SECOND, indices=[1, 2]),
    }
    return ", ".join(sorted({foe.raw(RECONCILE + name, [one.SerializeToString()]) for name, one in asked.items()}))


def _odd_prefixes(foe: Foe) -> str:
    odd = ("g", "0" * 17, "０", "A", "-1", "0x", "%")
    return ", ".join(sorted({_split(foe, [prefix]) for prefix in odd}))


def _split(foe: Foe, prefixes: list[str]) -> str:
    named = [reconcile_pb2.NodesRequest.Node(kind="patent_invention", month="", prefix=one) for one in prefixes]
    request = reconcile_pb2.NodesRequest(origin=HOSTILE, size=1, nodes=named)
    return foe.raw(RECONCILE + "Split", [request.SerializeToString()])


def _at_the_joining_door(foe: Foe) -> str:
    """Requests by who may not make them: for another node, with a secret that nobody gave, or signed by nobody."""
    csr, time_ms = authority.csr(foe.node.keys.tls_key_pem, SECOND), int(foe.node.clock() * 1000)
    text = enrolment.renewal_text(SECOND, time_ms, csr)
    signed = [one.sign_bytes(text) for one in foe.node.keys.log]
    asked = (
        Asked(origin=SECOND, csr=csr, renewal=enrolment_pb2.Renewal(time_ms=time_ms, signatures=signed)),
        Asked(origin=SECOND, csr=csr, leaving=enrolment_pb2.Leaving(time_ms=time_ms, signatures=signed)),
        Asked(origin=SECOND, csr=csr, joining=enrolment_pb2.Joining(token_secret=os.urandom(16), signatures=signed)),
        Asked(origin=SECOND, csr=csr, asking=enrolment_pb2.Asking(role="hub", name="x" * 9_000, signatures=signed)),
        Asked(origin=SECOND, csr=csr, rotation=enrolment_pb2.Rotation(size=1, root=bytes(32), signatures=signed)),
        Asked(origin=SECOND, csr=csr),
    )
    return ", ".join(sorted({foe.raw(ENROL, [one.SerializeToString()]) for one in asked}))


def _parents_log_as_mine(foe: Foe) -> str:
    """A head of the parent's own log, brought as a child's."""
    with foe.place.opened(CITY) as city:
        newest = city.own.sealed()
    assert newest is not None
    request = pb.AddCheckpointRequest(origin=CITY, old_size=newest.size, note=newest.note)
    return foe.raw(SYNC + "AddCheckpoint", [request.SerializeToString()])


def _undue_packages(foe: Foe) -> str:
    """Entries of the log above, whose parts for others must not come with them."""
    end = _size(foe)
    request = pb.GetEntriesRequest(origin=CITY, start=0, end=end).SerializeToString()
    answers = foe.channel.unary_stream(SYNC + "GetEntries")(request, timeout=PATIENCE_S)
    sent = [pb.Package.FromString(one) for one in answers]
    packages = [unpack(Frame(one.first, one.compressed, one.frame)) for one in sent]
    return _undue(foe, end, {name for one in packages for name, _content in one.parts})


def _undue_parts(foe: Foe) -> str:
    """Every part of the log above, asked for by name."""
    end = _size(foe)
    names = [pb.PartName(index=index, number=number) for index in range(end) for number in range(2)][:1_000]
    request = pb.GetPartsRequest(origin=CITY, parts=names).SerializeToString()
    answer = foe.channel.unary_unary(SYNC + "GetParts")(request, timeout=PATIENCE_S)
    return _undue(foe, end, {(one.index, one.number) for one in pb.GetPartsResponse.FromString(answer).parts})


def _size(foe: Foe) -> int:
    with foe.place.opened(CITY) as city:
        return city.own.log.stored


def _undue(foe: Foe, end: int, came: set[tuple[int, int]]) -> str:
    """Return TAKEN where parts came that are for others; there must be some that did not."""
    with foe.place.opened(CITY) as city:
        bundles = Bundles(city.store, city.own.log)
        sees = Rights(city.store, city.registry).sees(CITY, HOSTILE)
        undue = {
            (index, number)
            for index, raw in enumerate(bundles.entries(0, end))
            for number, (audience, _commitment) in enumerate(commitments(raw)[1])
            if not sees(audience, index)
        }
    return TAKEN if came & undue else "none for others" if undue else "nothing for others is there"


def _suspended(foe: Foe) -> str:
    """What a suspended child calls. A Hello is answered, and says so."""
    _change(foe, "suspend")
    try:
        hello = pb.HelloRequest(version=1).SerializeToString()
        answer = foe.channel.unary_unary(SYNC + "Hello")(hello, timeout=PATIENCE_S)
        status = pb.HelloResponse.FromString(answer).reason
        start, size = foe.log.stored, foe.log.next_entry
        header = pb.AddEntriesRequest(header=pb.AddEntriesRequest.Header(origin=HOSTILE, start=start, end=size))
        asked = {
            SYNC + "AddCheckpoint": pb.AddCheckpointRequest(origin=HOSTILE),
            SYNC + "AddEntries": header,
            SYNC + "AddParts": pb.AddPartsRequest(origin=HOSTILE),
            SYNC + "AddFork": pb.AddForkRequest(),
            SYNC + "AddManifest": pb.AddManifestRequest(),
            SYNC + "GetEntries": pb.GetEntriesRequest(origin=CITY, start=0, end=1),
            SYNC + "GetParts": pb.GetPartsRequest(origin=CITY),
            RECONCILE + "Digests": reconcile_pb2.DigestsRequest(),
            SEARCH + "Find": search_pb2.FindRequest(scope=search_pb2.SCOPE_HERE, words="x"),
        }
        said = {foe.raw(method, [one.SerializeToString()]) for method, one in asked.items()}
    finally:
        _change(foe, "resume")
    return ", ".join(sorted({*said, status}))


def _change(foe: Foe, what: str) -> None:
    with foe.place.opened(CITY) as city:
        membership.change(city, HOSTILE, what, "tried")


SERVICES = [
    Attack("the parent's own log brought as a child's", _parents_log_as_mine, ("NOT_ALLOWED",)),
    Attack("packages with parts for others", _undue_packages, ("none for others",)),
    Attack("parts for others asked for", _undue_parts, ("none for others",)),
    Attack("a suspended child calls", _suspended, ("NOT_ALLOWED, suspended",)),
    Attack("forks of the neighbour that are none", _forged_fork, ("BAD_SIGNATURE, MALFORMED",)),
    Attack("two heads that agree, told as a fork", _agreeing_fork, ("BAD_PROOF",)),
    Attack("a manifest by who registers nobody", _manifest, ("MALFORMED",)),
    Attack(f"a manifest of {MANY} rows", _endless_manifest, ("MALFORMED",)),
    Attack("other entries in the place of sound ones", lambda foe: _mended(foe, HOSTILE, True), (TAKEN,)),
    Attack("a neighbour's entries mended", lambda foe: _mended(foe, SECOND, False), ("NOT_ALLOWED",)),
    Attack("the parent's own log given back", _parents_log, ("NOT_ALLOWED", "NO_HEAD")),
    Attack("the parent's own parts given back", _parents_parts, ("NOT_ALLOWED",)),
    Attack("ranges that are none", _no_entries, ("CONFLICT",)),
    Attack("a neighbour's catalogue", _neighbours_catalogue, ("NOT_ALLOWED",)),
    Attack("prefixes that are none", _odd_prefixes, ("MALFORMED",)),
    Attack("requests for another node", _at_the_joining_door, ("BAD_SIGNATURE, MALFORMED, NOT_ALLOWED, NoInvitation",)),
]


# -- too much of it ---------------------------------------------------------------------------------------------------


def _large_fork(foe: Foe) -> str:
    return ", ".join(sorted({_told(foe, os.urandom(MB)), _told(foe, b"", os.urandom(MB))}))


def _many_forks(foe: Foe) -> str:
    names = [pb.ForkName(origin=SECOND, name=os.urandom(32)) for _ in range(5_000)]
    request = pb.HelloRequest(version=1, known_forks=pb.Forks(names=names))
    return foe.raw(SYNC + "Hello", [request.SerializeToString()])


def _many_rows(foe: Foe) -> str:
    message = pb.AddManifestRequest(index=0, rows=[b"row"] * 50_000)
    return foe.raw(SYNC + "AddManifest", [message.SerializeToString()])


def _much_to_compare(foe: Foe) -> str:
    logs = [reconcile_pb2.Applied(origin=f"ip.gd.example/gz/n{at}", size=at) for at in range(5_000)]
    drift = [reconcile_pb2.ReportRequest.Drift(origin=HOSTILE, kind="patent", month="2020-01")] * 80_000
    said = {
        foe.raw(RECONCILE + "Digests", [reconcile_pb2.DigestsRequest(logs=logs).SerializeToString()]),
        foe.raw(RECONCILE + "Report", [reconcile_pb2.ReportRequest(drift=drift).SerializeToString()]),
        foe.raw(
            RECONCILE + "Mend", [reconcile_pb2.MendRequest(origin=CITY, indices=range(50_000)).SerializeToString()]
        ),
        _split(foe, ["0"] * 5_000),
    }
    return ", ".join(sorted(said))


def _many_packages(foe: Foe) -> str:
    """The same package again and again in one call."""
    start, end = shown(foe)
    frame = Packer().pack(foe.packages(HOSTILE, start)[0])
    sent = pb.Package(first=frame.first, compressed=frame.compressed, frame=frame.content)
    header = pb.AddEntriesRequest(header=pb.AddEntriesRequest.Header(origin=HOSTILE, start=start, end=end))
    messages = [header, *[pb.AddEntriesRequest(package=sent)] * 40]
    return foe.raw(SYNC + "AddEntries", [one.SerializeToString() for one in messages])


TOO_MUCH = [
    Attack("40 packages in a call", _many_packages, ("OVER_LIMIT",)),
    Attack("evidence of a fork of 1 MB", _large_fork, ("MALFORMED, OVER_LIMIT",)),
    Attack("5,000 forks named", _many_forks, ("OVER_LIMIT",)),
    Attack("50,000 rows in a message", _many_rows, ("OVER_LIMIT", "MALFORMED")),
    Attack("too much to compare", _much_to_compare, ("OVER_LIMIT",)),
]
