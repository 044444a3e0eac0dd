"""What a hostile outlet or substation sends is refused at the first tier, with its reason; nothing of it is kept."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from node import doors, keyfiles, settings
from node.node import Node
from sync import control, head
from sync.checkpoint import Checkpoint
from sync.client import Client, Greeting
from sync.entry import control_entry
from sync.errors import (
    BadProof,
    BadSignature,
    Fork,
    Malformed,
    NotAllowed,
    OverLimit,
    SyncError,
    UnknownOrigin,
    Unreachable,
)
from sync.keys import ED25519, MLDSA44, Signer
from sync.note import Note
from sync.ownlog import OwnLog
from sync.package import Packer, unpack
from tests.bits import flipped
from tests.sync import hostile
from tests.sync.hostile import FIRST, NEIGHBOUR, SECOND, Attack, Nights
from tests.world import CITY, HUB, OTHER_CITY, OUTLET, World

BAD_PROOF, BAD_SIGNATURE, MALFORMED = "BadProof", "BadSignature", "Malformed"
OTHER_KEYS = (Signer(OUTLET, ED25519, b"\x01" * 32), Signer(OUTLET, MLDSA44, b"\x02" * 32))


def other_root(text: str) -> str:
    root = text.split("\n")[2]
    return text.replace(root, ("B" if root[0] == "A" else "A") + root[1:])


def by_other_keys(nights: Nights, proof, note):
    stated = head.stated(note)
    return proof, head.sign_head(OTHER_KEYS, stated, 1_800_000_000).note


def by_the_mirror_key(nights: Nights, proof, note):
    """The right Ed25519 line, and the city's mirror key in place of the log's own 06 key."""
    whole, mirror = Note.parse(note), nights.world.nodes[CITY].keys.mirror
    line = mirror.sign(head.stated(note), 1_800_000_000)
    return proof, Note(whole.text, (whole.signatures[0], replace(line, name=OUTLET))).encode()


def note(change):
    """Put another note in place of the head; its proof stays."""
    return lambda nights, proof, _note: (proof, change(nights))


def proof(change):
    """Change the consistency proof under the right head."""
    return lambda nights, proof, note: (change(list(proof)), note)


def shortened(nights: Nights, _proof, _note):
    return nights.prove(200, FIRST), nights.sign(200)


def signed(change):
    return hostile.text(lambda text: change(text, f"\n{SECOND}\n"))


def behind_the_end(nights: Nights, sent):
    return [replace(sent[-1], first=SECOND, parts=[]), *sent]


def older_entries(nights: Nights, sent):
    return [replace(sent[0], entries=nights.old[0].entries[: len(sent[0].entries)])]


def stored_and_changed(nights: Nights, sent):
    first, *more = nights.old[1].entries
    return [replace(nights.old[1], entries=[flipped(first), *more])]


HEADS = [
    Attack("a bit of the root", BAD_SIGNATURE, hostile.text(other_root)),
    Attack("another size", BAD_SIGNATURE, signed(lambda text, size: text.replace(size, f"\n{SECOND + 1}\n"))),
    Attack("another origin", BAD_SIGNATURE, hostile.text(lambda text: text.replace(OUTLET, NEIGHBOUR))),
    Attack("a line below the root", MALFORMED, hostile.text(lambda text: text + "more\n")),
    Attack("a size with a plus", MALFORMED, signed(lambda text, size: text.replace(size, f"\n+{SECOND}\n"))),
    Attack("a bit of the 01 signature", BAD_SIGNATURE, hostile.signature(1, flipped)),
    Attack("a bit of the 06 signature", BAD_SIGNATURE, hostile.signature(6, flipped)),
    Attack("the time of the 06 signature", BAD_SIGNATURE, hostile.signature(6, lambda value: flipped(value, 7))),
    Attack("no 01 signature", BAD_SIGNATURE, hostile.signature(1, None)),
    Attack("no 06 signature", BAD_SIGNATURE, hostile.signature(6, None)),
    Attack("wrong keys under the right name", BAD_SIGNATURE, by_other_keys),
    Attack("a mirror key in place of a log key", BAD_SIGNATURE, by_the_mirror_key),
    Attack("another log's head", BAD_SIGNATURE, note(lambda nights: nights.sign(SECOND, b"", NEIGHBOUR, NEIGHBOUR))),
    Attack("my name, another's keys", BAD_SIGNATURE, note(lambda nights: nights.sign(SECOND, keys_of=NEIGHBOUR))),
    Attack("the head of an older night", BAD_PROOF, note(lambda nights: nights.old_head)),
    Attack("a log shortened", "Malformed older", shortened),
    Attack("a bit of the consistency proof", BAD_PROOF, proof(lambda held: [flipped(held[0]), *held[1:]])),
    Attack("a consistency proof cut short", BAD_PROOF, proof(lambda held: held[:-1])),
    Attack("a consistency proof too long", BAD_PROOF, proof(lambda held: [*held, b"\0" * 32])),
]

PACKAGES = [
    Attack(name, answer, packages=change)
    for name, answer, change in (
        ("a bit of an entry", BAD_PROOF, hostile.entries(lambda held: [*held[:7], flipped(held[7]), *held[8:]])),
        ("entries reordered", BAD_PROOF, hostile.entries(lambda held: [held[1], held[0], *held[2:]])),
        ("an entry dropped", BAD_PROOF, hostile.entries(lambda held: [*held[:3], *held[4:]])),
        ("the last entry dropped", BAD_PROOF, hostile.entries(lambda held: held[:-1])),
        ("an entry twice", BAD_PROOF, hostile.entries(lambda held: [*held[:3], held[2], *held[3:-1]])),
        ("an entry invented", BAD_PROOF, hostile.entries(lambda held: [*held[:-1], control_entry(1, b"")])),
        ("a bit of a proof", BAD_PROOF, hostile.proofs(lambda held: [flipped(held[0]), *held[1:]])),
        ("a proof cut short", BAD_PROOF, hostile.proofs(lambda held: held[:-1])),
        ("a proof too long", BAD_PROOF, hostile.proofs(lambda held: [*held, b"\0" * 32])),
        ("packages in another order", "Conflict", lambda nights, sent: sent[::-1]),
        ("a package dropped", "Conflict", lambda nights, sent: sent[1:]),
        ("a package behind the end", "Conflict", behind_the_end),
        ("the packages of an older night", BAD_PROOF, lambda nights, sent: nights.old),
        ("entries of an older night as new ones", BAD_PROOF, older_entries),
        ("another log's packages", BAD_PROOF, lambda nights, sent: nights.packages(NEIGHBOUR)),
        ("a stored entry changed and sent again", BAD_PROOF, stored_and_changed),
    )
]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    made = Nights.begin(tmp_path_factory.mktemp("nights") / "first")
    made.world.close()
    return made


@pytest.fixture
def nights(first: Nights, tmp_path: Path) -> Iterator[Nights]:
    made = first.again(tmp_path / "nights")
    try:
        yield made
    finally:
        made.world.close()


def refused_at_the_city(nights: Nights, attack: Attack) -> None:
    """The outlet changes what it sends: the city keeps nothing, the neighbour arrives, a clean night mends all."""
    world = nights.world
    before = hostile.kept(world.nodes[CITY], OUTLET)
    name, _blank, word = attack.answer.partition(" ")
    with pytest.raises(SyncError) as refused:
        hostile.session(world, OUTLET, nights.client(OUTLET, attack))
    assert type(refused.value).__name__ == name
    assert word in str(refused.value)
    compare(before, hostile.kept(world.nodes[CITY], OUTLET), attack)
    world.sync(NEIGHBOUR)
    assert hostile.is_whole(world, NEIGHBOUR, CITY)
    world.sync(OUTLET)
    assert hostile.is_whole(world, OUTLET, CITY)


def refused_at_the_hub(nights: Nights, attack: Attack) -> None:
    """The city changes one outlet's log on its way up: only that log is refused."""
    world = nights.world
    for origin in (OUTLET, NEIGHBOUR):
        world.sync(origin)
    before = hostile.kept(world.nodes[HUB], OUTLET)
    report = hostile.session(world, CITY, nights.client(OUTLET, attack))
    ((origin, reason),) = report.refused
    name, _blank, word = attack.answer.partition(" ")
    assert origin == OUTLET
    assert reason.startswith(name + ":")
    assert word in reason
    compare(before, hostile.kept(world.nodes[HUB], OUTLET), attack)
    assert hostile.is_whole(world, NEIGHBOUR, HUB)
    assert hostile.is_whole(world, CITY, HUB)
    assert world.sync(CITY).refused == []
    assert hostile.is_whole(world, OUTLET, HUB)


def test_a_substation_whose_own_log_is_refused_still_brings_those_of_its_outlets(nights):
    world = nights.world
    world.file(CITY, b"of the city")
    world.sync(OUTLET)
    attack = Attack("own", BAD_PROOF, packages=hostile.entries(lambda held: [flipped(held[0]), *held[1:]]))
    with pytest.raises(BadProof):
        hostile.session(world, CITY, nights.client(CITY, attack))
    assert hostile.is_whole(world, OUTLET, HUB)
    assert not hostile.is_whole(world, CITY, HUB)


def compare(before: dict, after: dict, attack: Attack) -> None:
    """Nothing of the log was stored; a head that is genuine was recorded before its packages were refused."""
    if attack.packages is not Attack.packages:
        before, after = dict(before, head=[]), dict(after, head=[])
    assert after == before


@pytest.mark.parametrize("attack", [*HEADS, *PACKAGES], ids=lambda attack: attack.name.replace(" ", "-"))
@pytest.mark.parametrize("refused", [refused_at_the_city, refused_at_the_hub], ids=["outlet", "substation"])
def test_what_a_child_changes_is_refused_and_nothing_of_it_is_stored(nights, refused, attack):
    refused(nights, attack)


def test_packages_before_a_bad_one_stay_and_no_receipt_is_given(nights):
    world = nights.world
    worse = hostile.entries(lambda held: [*held[:-1], flipped(held[-1], 3)])
    attack = Attack("late", BAD_PROOF, packages=lambda nights, sent: [sent[0], *worse(nights, sent[1:])])
    with pytest.raises(BadProof):
        hostile.session(world, OUTLET, nights.client(OUTLET, attack))
    with world.nodes[CITY].opened() as opened:
        log = opened.store.log(OUTLET)
        assert (log.next_entry, log.stored) == (512, FIRST)
        assert opened.store.newest_receipt(log, CITY).size == FIRST
    assert world.sync(OUTLET).packages == 1
    assert hostile.is_whole(world, OUTLET, CITY)


# -- another federation, which has the same names ---------------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Nights]:
    made = Nights.begin(tmp_path / "elsewhere")
    try:
        yield made
    finally:
        made.world.close()


@pytest.mark.parametrize("refused", [refused_at_the_city, refused_at_the_hub], ids=["outlet", "substation"])
@pytest.mark.parametrize("what", ["heads", "packages"])
def test_another_federations_bytes_are_refused(nights, elsewhere, refused, what):
    elsewhere.world.sync(OUTLET)
    note = hostile.newest_note(elsewhere.world.nodes[OUTLET], OUTLET)
    attacks = {
        "heads": Attack("heads", BAD_SIGNATURE, head=lambda nights, proof, held: (proof, note)),
        "packages": Attack("packages", BAD_PROOF, packages=lambda nights, sent: elsewhere.packages(OUTLET)),
    }
    refused(nights, attacks[what])


def test_a_child_of_another_federation_cannot_call_at_all(nights, elsewhere):
    """It trusts our door, whose authority is no secret, and shows a certificate for the same name by its own city."""
    stranger, known = elsewhere.world.nodes[OUTLET], nights.world.nodes[OUTLET]
    certificate, _theirs = keyfiles.client_certificate(stranger.home, CITY)
    _ours, authority = keyfiles.client_certificate(known.home, CITY)
    address = known.settings.parents[0].sync_address
    line = doors.channel(address, authority, stranger.keys.tls_key_pem, certificate, CITY)
    with line, pytest.raises(Unreachable, match="UNAVAILABLE"):
        Client(line, CITY).add_checkpoint(OUTLET, FIRST, [], nights.old_head)


@pytest.mark.parametrize("of", ["another federation", "another origin", "nothing"])
def test_a_log_that_begins_with_another_genesis_is_refused(tmp_path, of):
    world = World(tmp_path)
    try:
        world.hub()
        world.node(CITY, "substation", HUB)
        node = world.node(OUTLET, "outlet", CITY)
        rebegin(node, of)
        with pytest.raises(Malformed, match="genesis"):
            world.sync(OUTLET)
        assert set(hostile.kept(world.nodes[CITY], OUTLET)) == {"lock"}
    finally:
        world.close()


def rebegin(node: Node, of: str) -> None:
    """Put another entry 0 in place of the genesis that joining wrote, as the log's owner could."""
    with node.opened() as opened:
        store = opened.store
        log = opened.own.log
        with store.write() as db:
            db.execute("delete from bundle where id >= ? and id < ?", (log.id << 40, (log.id + 1) << 40))
            db.execute("delete from control where log = ?", (log.id,))
            db.execute("update log set next_entry = 0 where id = ?", (log.id,))
        if of == "another federation":
            OwnLog(store, node.origin, b"\x07" * 32, node.keys.log, node.clock).begin(CITY)
        elif of == "another origin":
            keys = tuple(Signer(NEIGHBOUR, one.type, one.seed).verifier for one in node.keys.log)
            opened.own.state(control.Genesis(node.federation.id, NEIGHBOUR, CITY, keys))
        else:
            opened.own.add([[("federation", b"a record first")]])


# -- parts: dropped, still wanted, reported; their entries are stored -------------------------------------------------


def flipped_part(nights: Nights, held):
    return [(held[0][0], flipped(held[0][1])), *held[1:]]


def swapped_parts(nights: Nights, held):
    return [(held[0][0], held[1][1]), (held[1][0], held[0][1]), *held[2:]]


def anothers_part(nights: Nights, held):
    (name, content), *_rest = nights.packages(NEIGHBOUR)[0].parts
    assert name == held[0][0]
    return [(name, content), *held[1:]]


def older_part(nights: Nights, held):
    return [(held[0][0], nights.old[0].parts[0][1]), *held[1:]]


@pytest.mark.parametrize(
    ("change", "lost"), [(flipped_part, 1), (swapped_parts, 2), (anothers_part, 1), (older_part, 1)]
)
@pytest.mark.parametrize("by", [OUTLET, CITY])
def test_a_bad_part_is_dropped_stays_wanted_and_comes_later(nights, by, change, lost):
    world, parent = nights.world, CITY if by == OUTLET else HUB
    if by == CITY:
        world.sync(OUTLET)
        world.sync(NEIGHBOUR)
    clients = []
    attack = Attack("parts", "", packages=hostile.parts(change))
    report = hostile.session(world, by, lambda *of: clients.append(nights.client(OUTLET, attack)(*of)) or clients[-1])
    assert (clients[0].parts_refused, report.parts_wanted, report.refused) == (lost, lost, [])
    with world.nodes[parent].opened() as opened:
        assert list(hostile.wanted(opened.store, OUTLET)) == [(FIRST + at, 0) for at in range(lost)]
        assert opened.store.log(OUTLET).stored == SECOND
    assert not hostile.is_whole(world, OUTLET, parent)
    world.sync(by)
    assert hostile.is_whole(world, OUTLET, parent)


@pytest.mark.parametrize("name", [(SECOND, 0), (FIRST, 5)], ids=["of-no-entry", "of-no-number"])
def test_a_part_that_no_entry_commits_to_is_dropped(nights, name):
    which = -1 if name[0] == SECOND else 0
    change = hostile.parts(lambda nights, held: [*held, (name, b"s" * 40)], which)
    hostile.session(nights.world, OUTLET, nights.client(OUTLET, Attack("parts", "", packages=change)))
    assert hostile.is_whole(nights.world, OUTLET, CITY)


def test_a_part_that_is_not_due_here_is_dropped(nights):
    """A part of a later version's audience, and one for an alliance's members, pushed to the city."""
    world = nights.world
    with world.nodes[OUTLET].opened() as opened:
        opened.own.add([[("federation", b"open"), ("something-later", b"later"), ("alliance:0123abcd", b"closed")]])
    every = hostile.held(world.nodes[OUTLET], OUTLET, FIRST, SECOND + 1)
    attack = Attack("undue", "", packages=lambda nights, sent: every)
    clients = []
    hostile.session(world, OUTLET, lambda *of: clients.append(nights.client(OUTLET, attack)(*of)) or clients[-1])
    assert clients[0].parts_refused == 2
    rows = hostile.kept(world.nodes[CITY], OUTLET)
    assert b"open" in b"".join(content for _id, content in rows["part"])
    assert not any(content[16:] in (b"later", b"closed") for _id, content in rows["part"])
    assert rows["wanted"] == []


def test_a_wanted_part_that_is_wrong_is_dropped_and_stays_wanted(nights):
    world = nights.world
    lost = Attack("lost", "", packages=hostile.parts(lambda nights, held: held[1:]))
    hostile.session(world, OUTLET, nights.client(OUTLET, lost))

    class Wrong(Client):
        def add_parts(self, origin, parts):
            return super().add_parts(origin, [(name, flipped(content)) for name, content in parts])

    hostile.session(world, OUTLET, Wrong)
    with world.nodes[CITY].opened() as opened:
        assert list(hostile.wanted(opened.store, OUTLET)) == [(FIRST, 0)]
    world.sync(OUTLET)
    assert hostile.is_whole(world, OUTLET, CITY)


def test_a_part_for_others_does_not_leave_the_outlet(nights):
    world, left = nights.world, []
    world.file(OUTLET, b"closed", audience="alliance:0123abcd")

    def watched(nights, sent):
        left.extend(content[16:] for one in sent for _name, content in one.parts)
        return sent

    hostile.session(world, OUTLET, nights.client(OUTLET, Attack("none", "", packages=watched)))
    assert len(left) == SECOND - FIRST
    assert b"closed" not in left


def test_a_path_part_is_not_served_downwards(nights):
    world, node = nights.world, nights.world.nodes[OUTLET]
    world.file(CITY, b"for the hub alone", audience="path")
    world.file(CITY, b"for everybody")
    world.sync(CITY)
    with world.nodes[CITY].opened() as opened:
        size = opened.own.log.stored
    with node.channel(node.settings.parents[0]) as line:
        served = [part for one in Client(line, CITY).entries(CITY, 0, size) for part in unpack(one).parts]
    assert b"for everybody" in [content[16:] for _name, content in served]
    assert b"for the hub alone" not in [content[16:] for _name, content in served]


def test_a_call_of_more_than_32_packages_is_ended(nights):
    """The same stored package again and again: harmless, but a call is short."""
    packer, node = Packer(), nights.world.nodes[OUTLET]
    nights.world.sync(OUTLET)
    frames = [packer.pack(nights.packages(OUTLET)[-1])] * 33
    with node.channel(node.settings.parents[0]) as line, pytest.raises(OverLimit, match="packages of a call"):
        Client(line, CITY).add_entries(OUTLET, SECOND, SECOND, frames, lambda at: None)


# -- calls that a child has no right to -------------------------------------------------------------------------------


@pytest.fixture
def wider(nights) -> Nights:
    nights.world.node(OTHER_CITY, "substation", HUB)
    return nights


def bring_head(client: Client, nights: Nights, origin: str) -> None:
    client.add_checkpoint(
        origin, FIRST, [], nights.sign(SECOND, b"\1" * 32, origin, origin if origin in nights.world.nodes else OUTLET)
    )


def bring_entries(client: Client, nights: Nights, origin: str) -> None:
    packer = Packer()
    frames = [packer.pack(one) for one in nights.packages(NEIGHBOUR)]
    client.add_entries(origin, FIRST, SECOND, frames, lambda at: None)


def bring_nothing(client: Client, nights: Nights, origin: str) -> None:
    client.add_entries(origin, FIRST, FIRST, [], lambda at: None)


def bring_part(client: Client, nights: Nights, origin: str) -> None:
    client.add_parts(origin, nights.packages(NEIGHBOUR)[0].parts[:1])


@pytest.mark.parametrize("call", [bring_head, bring_entries, bring_nothing, bring_part])
@pytest.mark.parametrize(
    ("by", "parent", "origin", "error", "reason"),
    [
        (OUTLET, CITY, NEIGHBOUR, NotAllowed, "not-of-this-path"),
        (OUTLET, CITY, CITY, NotAllowed, "not-of-this-path"),
        (OTHER_CITY, HUB, NEIGHBOUR, NotAllowed, "not-of-this-path"),
        (OTHER_CITY, HUB, CITY, NotAllowed, "not-of-this-path"),
        (OUTLET, CITY, "ip.gd.example/gz/nobody", UnknownOrigin, "nobody"),
        (CITY, HUB, "ip.gd.example/gz/nobody", UnknownOrigin, "nobody"),
    ],
)
def test_a_log_that_is_not_the_callers_to_bring_is_refused(wider, call, by, parent, origin, error, reason):
    world = wider.world
    before = hostile.kept(world.nodes[parent], origin)
    child = world.nodes[by]
    known = next(one for one in child.settings.parents if one.origin == parent)
    with child.channel(known) as line, pytest.raises(error, match=reason):
        call(Client(line, parent), wider, origin)
    assert hostile.kept(world.nodes[parent], origin) == before
    world.sync(NEIGHBOUR)
    assert hostile.is_whole(world, NEIGHBOUR, CITY)


def test_a_log_that_the_parent_does_not_mirror_above_is_not_served(nights):
    node = nights.world.nodes[OUTLET]
    with node.channel(node.settings.parents[0]) as line, pytest.raises(NotAllowed, match="not-above-you"):
        list(Client(line, CITY).entries(NEIGHBOUR, 0, FIRST))


# -- forks: evidence is kept, the log is frozen, others go on ---------------------------------------------------------


@pytest.mark.parametrize("size", [FIRST, 280], ids=["same-size", "shortened-and-rewritten"])
def test_a_rewritten_log_is_frozen_with_its_evidence(nights, size):
    world = nights.world
    attack = Attack("fork", "Fork", head=lambda nights, proof, note: (proof, nights.sign(size, b"\x05" * 32)))
    before = hostile.kept(world.nodes[CITY], OUTLET)
    with pytest.raises(SyncError, match="two heads") as refused:
        hostile.session(world, OUTLET, nights.client(OUTLET, attack))
    assert type(refused.value).__name__ == "Fork"
    after = hostile.kept(world.nodes[CITY], OUTLET)
    assert dict(after, log=None) == dict(before, log=None)
    with world.nodes[CITY].opened() as opened:
        ((_id, _at, what, about, _detail, evidence, _done),) = opened.store.db.execute("select * from alarm").fetchall()
        assert (what, about, opened.store.log(OUTLET).frozen) == ("fork", OUTLET, "fork")
    assert nights.old_head in evidence
    with pytest.raises(NotAllowed, match="frozen"):
        world.sync(OUTLET)
    world.sync(NEIGHBOUR)
    assert hostile.is_whole(world, NEIGHBOUR, CITY)


def test_a_frozen_log_takes_nothing_more_whatever_its_owner_sends(nights):
    """The owner does not stop by itself: it has recorded a true head, forks, and sends what it can."""
    world = nights.world
    node, packer = world.nodes[OUTLET], Packer()
    with node.channel(settings.load(node.home, {}).parents[0]) as channel:
        client = Client(channel, CITY)
        client.add_checkpoint(OUTLET, FIRST, nights.prove(FIRST, SECOND), nights.sign(SECOND))
        with pytest.raises(Fork):
            client.add_checkpoint(OUTLET, SECOND, [], nights.sign(100, b"\x05" * 32))
        before = hostile.kept(world.nodes[CITY], OUTLET)
        frames = [packer.pack(one) for one in nights.packages(OUTLET)]
        with pytest.raises(NotAllowed, match="frozen"):
            client.add_entries(OUTLET, FIRST, SECOND, iter(frames), lambda _next_entry: None)
        with pytest.raises(NotAllowed, match="frozen"):
            client.add_checkpoint(OUTLET, SECOND, [], nights.sign(SECOND))
        said = client.hello(Greeting(b"", [(OUTLET, SECOND)], (), b"", ()))
        assert said.logs[OUTLET].reason == "frozen"
    assert hostile.kept(world.nodes[CITY], OUTLET) == before


def test_a_head_over_other_entries_ahead_of_the_log_is_a_fork_as_soon_as_the_true_one_comes(nights):
    """Signed by the right keys, so it was kept as evidence when its proof failed."""
    world = nights.world
    attack = Attack("ahead", BAD_PROOF, head=lambda nights, proof, note: (proof, nights.sign(SECOND, b"\x05" * 32)))
    before = hostile.kept(world.nodes[CITY], OUTLET)
    with pytest.raises(BadProof):
        hostile.session(world, OUTLET, nights.client(OUTLET, attack))
    assert hostile.kept(world.nodes[CITY], OUTLET) == before
    with pytest.raises(Fork):
        world.sync(OUTLET)
    with pytest.raises(NotAllowed, match="frozen"):
        world.sync(OUTLET)


# -- a hostile parent -------------------------------------------------------------------------------------------------


def test_a_receipt_that_another_key_signed_is_not_kept(nights):
    class Forger(Client):
        def add_entries(self, *of):
            sent = super().add_entries(*of)
            seen = Checkpoint(OUTLET, SECOND, head.stated(sent.receipt).root)
            forger = Signer(f"{CITY}/mirror", MLDSA44, b"\x09" * 32)
            sent.receipt = head.sign_receipt(forger, seen, 1_800_000_000)
            return sent

    with pytest.raises(BadSignature, match="mirror"):
        hostile.session(nights.world, OUTLET, Forger)
    with nights.world.nodes[OUTLET].opened() as opened:
        assert opened.store.newest_receipt(opened.own.log, CITY).size == FIRST
