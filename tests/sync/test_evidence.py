"""Evidence files: made at every tier, and refused at the step that does not hold."""

import base64
import random
from dataclasses import replace

import pytest

from node import founding, intake, settings
from node.intake import Choice
from sync import control, entry, evidence, head, keys, proved
from sync.bundles import Bundles
from sync.checkpoint import Checkpoint
from sync.errors import UnknownOrigin
from sync.evidence import TITLE, NotProved
from sync.note import Note
from tests.bits import flipped
from tests.node.filing import row, write
from tests.world import CITY, HUB, OTHER_CITY, OUTLET, World

NARROWED = 4  # the entry with two parts: one for its path, one that withdraws from the federation


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """An outlet, its city, another city and the hub; the outlet's record was narrowed, and everybody signed for it."""
    world = World(tmp_path_factory.mktemp("world"))
    try:
        world.hub()
        world.node(CITY, "substation", HUB)
        world.node(OTHER_CITY, "substation", HUB)
        world.node(OUTLET, "outlet", CITY)
        world.sync(CITY)
        file = write(world.path / "x.csv", [row(1, 法律状态="授权")])
        for choice in (Choice(), Choice("path")):
            intake.take_file(world.nodes[OUTLET], file, "王", choice)
        for _night in range(2):
            world.sync(OUTLET)
            world.sync(CITY)
            world.seal_hub()
        world.sync(OUTLET)
        yield world
    finally:
        world.close()


def written(world, at, index=NARROWED, origin=OUTLET):
    with world.nodes[at].opened() as opened:
        return evidence.write(opened.store, opened.registry, origin, index)


@pytest.fixture(scope="module")
def raw(built):
    return written(built, OUTLET)


@pytest.fixture(scope="module")
def pinned(built):
    return built.nodes[HUB].federation


def sections(raw):
    """(word, content) of a file's sections."""
    found, rest = [], raw.removeprefix(TITLE)
    while rest:
        line, _lf, rest = rest.partition(b"\n")
        word, length = line.split(b" ")
        found.append((word, rest[: int(length)]))
        rest = rest[int(length) :]
    return found


def joined(parts):
    return TITLE + b"".join(word + b" %d\n" % len(content) + content for word, content in parts)


def verdict(raw, pinned):
    """What a file proves, or the step at which it is refused; nothing but NotProved may come out."""
    try:
        return evidence.verify(raw, pinned)
    except NotProved as error:
        return error.args[0]


def refused(raw, pinned):
    """The step at which a file is refused."""
    found = verdict(raw, pinned)
    assert isinstance(found, str), "it was taken for proved"
    return found


# -- what holds -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "signers"), [(OUTLET, {CITY, HUB}), (CITY, {CITY, HUB}), (HUB, {HUB})])
def test_every_tier_can_prove_what_was_filed(built, pinned, at, signers):
    found = evidence.verify(written(built, at), pinned)
    assert (found.origin, found.index) == (OUTLET, NARROWED)
    assert [(one.node.origin, one.home) for one in found.chain] == [(CITY, HUB), (OUTLET, CITY)]
    assert [audience for audience, _content in found.parts] == ["path", "federation"]
    assert b"assert" in found.parts[0][1]
    assert {by for by, _size, _at in found.receipts} == signers
    assert [at for _by, _size, at in found.receipts] == sorted(at for _by, _size, at in found.receipts)
    assert found.as_of <= min(one.time_s for one in found.chain)


def test_a_part_that_is_not_held_is_withheld_and_the_proof_stands(built, pinned, raw):
    word, content = sections(raw)[-1]
    index, stated, parts, hashes, note = proved.parse(content)
    for kept in ({}, {1: parts[1]}):
        extra = base64.b64encode(proved._extra(stated, kept)).decode()
        lines = content.split(b"\n")
        shorter = b"\n".join([lines[0], f"extra {extra}".encode(), *lines[2:]])
        found = evidence.verify(joined([*sections(raw)[:-1], (word, shorter)]), pinned)
        assert len(found.parts) == len(kept)
        assert found.index == index
    assert hashes
    assert note


def test_evidence_needs_a_receipt_and_an_entry(built):
    index = built.file(OUTLET, b'{"n": 1}')
    with pytest.raises(NotProved) as error:
        written(built, OUTLET, index)
    assert error.value.args[0] == "receipt"
    for origin, index in ((OUTLET, 10_000), (f"{CITY}/nobody", 0)):
        with pytest.raises(UnknownOrigin):
            written(built, OUTLET, index, origin)


# -- what does not hold -----------------------------------------------------------------------------------------------

STEPS = {b"root": {"root"}, b"registration": {"registration"}, b"record": {"record", "part", "receipt"}}


def test_a_flipped_bit_is_refused_at_its_step_or_changes_nothing_that_is_claimed(raw, pinned):
    """Lines of keys that a step does not ask for are ignored: the verdict is the same then, but for fewer receipts."""
    whole, seed = evidence.verify(raw, pinned), random.randrange(2**32)
    print("seed", seed)
    dice, at, steps = random.Random(seed), len(TITLE), set()
    for word, content in sections(raw):
        at += len(word) + 2 + len(str(len(content)))
        for place in {*range(0, 120, 7), *dice.sample(range(len(content)), 60)}:
            changed = bytearray(raw)
            changed[at + place] ^= 1 << dice.randrange(8)
            found = verdict(bytes(changed), pinned)
            if isinstance(found, str):
                assert found in STEPS[word], (word, place)
                steps.add(found)
                continue
            assert replace(found, receipts=whole.receipts) == whole, (word, place)
            assert set(found.receipts) <= set(whole.receipts)
            assert found.receipts
        at += len(content)
    assert {"root", "registration", "record"} <= steps


def test_a_flipped_bit_between_sections_is_refused(raw, pinned):
    at = len(TITLE)
    assert refused(b"b" + raw[1:-1], pinned) == "file"
    for word, content in sections(raw):
        line = len(word) + 2 + len(str(len(content)))
        for place in range(line):
            for bit in (0, 4):
                changed = bytearray(raw)
                changed[at + place] ^= 1 << bit
                refused(bytes(changed), pinned)
        at += line + len(content)


def test_a_file_cut_short_anywhere_is_refused(raw, pinned):
    for length in range(0, len(raw) - 1, 997):
        refused(raw[:length], pinned)
    assert refused(raw + b"x", pinned) == "file"
    assert refused(raw + b"record 0\n", pinned) == "record"
    assert refused(b"x" * (evidence.MAX_BYTES + 1), pinned) == "file"
    assert refused(joined(sections(raw) * 20), pinned) == "file"


def test_another_federation_proves_nothing_here(raw, tmp_path):
    made = settings.Settings(HUB, "hub", "冒名主站")
    other = founding.found(tmp_path / "hub", made, tmp_path / "keys").federation
    assert refused(raw, other) == "root"
    swapped = [(word, other.statements[0] if word == b"root" else content) for word, content in sections(raw)]
    assert refused(joined(swapped), other) == "registration", "the hub's keys are others there"


@pytest.mark.parametrize("word", [b"root", b"registration", b"record"])
def test_no_section_may_be_missing(raw, pinned, word):
    kept = [one for one in sections(raw) if one[0] != word]
    assert refused(joined(kept), pinned) == {b"root": "root", b"registration": "record", b"record": "file"}[word]


def test_the_chain_is_followed_in_its_order(raw, pinned):
    root, city, outlet, *records = sections(raw)
    for chain in ([city], [outlet], [outlet, city], [city, city, outlet], [city, outlet, outlet]):
        assert refused(joined([root, *chain, *records]), pinned) in ("registration", "record")


# -- forged with keys that are true, but of somebody else -------------------------------------------------------------


def with_note(content, note):
    return content.partition(b"\n\n")[0] + b"\n\n" + note


def resigned(content, signers, time_s=1_800_000_000, receipts=()):
    """The same proof under a note with lines by other keys."""
    parsed = Note.parse(content.partition(b"\n\n")[2])
    promised = Checkpoint.parse(parsed.text)
    lines = tuple(signer.sign(promised, time_s) for signer in (*signers, *receipts))
    return with_note(content, Note(parsed.text, lines).encode())


def test_a_record_without_any_receipt_is_not_proved(raw, pinned, built):
    *before, (word, content) = sections(raw)
    before = [one for one in before if one[0] != b"record"]
    assert refused(joined([*before, (word, resigned(content, built.nodes[OUTLET].keys.log))]), pinned) == "receipt"


def test_each_key_signs_only_what_it_is_for(raw, pinned, built):
    """A mirror key never verifies a head, nor a log key a receipt."""
    *before, (word, content) = sections(raw)
    before = [one for one in before if one[0] != b"record"]
    outlet, city, hub = (built.nodes[one].keys for one in (OUTLET, CITY, HUB))
    same = evidence.verify(joined([*before, (word, resigned(content, outlet.log, receipts=[city.mirror]))]), pinned)
    assert [by for by, _size, _at in same.receipts] == [CITY], "so made, it does hold"
    named = keys.Signer(city.mirror.name, keys.MLDSA44, city.log[1].seed)
    for signers, receipts, step in (
        ((outlet.log[0], outlet.mirror), [city.mirror], "record"),
        ((outlet.log[0], keys.Signer(OUTLET, keys.MLDSA44, outlet.mirror.seed)), [city.mirror], "record"),
        ((outlet.log[0],), [city.mirror], "record"),
        ((outlet.log[1],), [city.mirror], "record"),
        (city.log, [city.mirror], "record"),
        (outlet.log, [city.log[1]], "receipt"),
        (outlet.log, [named], "receipt"),
        (outlet.log, [outlet.mirror], "receipt"),
        (outlet.log, [built.nodes[OTHER_CITY].keys.mirror], "receipt"),
        (outlet.log, [hub.log[1]], "receipt"),
    ):
        forged = joined([*before, (word, resigned(content, signers, receipts=receipts))])
        assert refused(forged, pinned) == step


def proof_by(world, author, said):
    """A proof, out of the author's true log, of a control entry that the author has no right to make."""
    with world.nodes[author].opened() as opened, world.nodes[author].lock() as lock:
        index = opened.own.add_entries([entry.control_entry(0, said)], [[]])
        sealed = opened.own.seal(lock)
        bundles = Bundles(opened.store, opened.own.log)
        return proved.prove(bundles, index, bundles.entries(index, index + 1)[0], sealed.size, sealed.note, {})


def test_a_registration_by_a_stranger_is_void(raw, pinned, built):
    root, city, _outlet, *records = sections(raw)
    with built.nodes[CITY].opened() as opened:
        statement = opened.registry.get(OUTLET).node
    with built.nodes[OTHER_CITY].opened() as opened:
        other_city = evidence.registrations(opened.store, opened.registry, OTHER_CITY)[0]
    forged = proof_by(built, OTHER_CITY, control.encode(statement))
    for chain in ([city[1], forged], [other_city, forged]):
        assert refused(joined([root, *((b"registration", one) for one in chain), *records]), pinned) == "registration"


def test_a_member_or_a_record_entry_registers_nobody(raw, pinned, built):
    root, city, outlet, *records = sections(raw)
    for said in (control.encode(control.Member(OUTLET, "active")), b"\xff\xff", b""):
        forged = proof_by(built, CITY, said)
        assert refused(joined([root, city, (b"registration", forged), *records]), pinned) == "registration"
    assert refused(joined([root, city, (b"registration", records[-1][1]), *records]), pinned) == "registration"
    assert refused(joined([root, city, outlet, (b"record", outlet[1])]), pinned) == "record"


def test_parts_are_those_that_the_entry_committed_to(raw, pinned):
    word, content = sections(raw)[-1]
    _index, stated, parts, _hashes, _note = proved.parse(content)
    for wrong in (
        {0: parts[1]},
        {0: parts[1], 1: parts[0]},
        {0: flipped(parts[0])},
        {0: flipped(parts[0], 0)},
        {2: parts[0]},
        {0: b""},
    ):
        lines = content.split(b"\n")
        extra = base64.b64encode(proved._extra(stated, wrong))
        forged = b"\n".join([lines[0], b"extra " + extra, *lines[2:]])
        before = [one for one in sections(raw) if one[0] != b"record"]
        assert refused(joined([*before, (word, forged)]), pinned) == "part"


def test_a_larger_head_alone_says_nothing_of_the_entry(raw, pinned, built):
    """A head and receipt that are true, over another number of entries than the proof leads to."""
    *before, (word, content) = sections(raw)
    parsed = Note.parse(content.partition(b"\n\n")[2])
    promised = Checkpoint.parse(parsed.text)
    larger = Checkpoint(promised.origin, promised.size + 1, promised.root)
    signed = head.sign_head(built.nodes[OUTLET].keys.log, larger, 1_800_000_000)
    lines = (*Note.parse(signed.note).signatures, built.nodes[CITY].keys.mirror.sign(larger, 1_800_000_000))
    forged = with_note(content, Note(larger.text(), lines).encode())
    before = [one for one in before if one[0] != b"record"]
    assert refused(joined([*before, (word, forged)]), pinned) == "record"


def test_nothing_but_a_refusal_comes_out_of_noise(raw, pinned):
    dice = random.Random(7)
    for _attempt in range(300):
        changed = bytearray(raw)
        for _flip in range(dice.randrange(1, 6)):
            changed[dice.randrange(len(raw))] = dice.randrange(256)
        found = verdict(bytes(changed), pinned)
        assert isinstance(found, str) or found.origin == OUTLET
