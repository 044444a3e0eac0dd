"""The evidence of a fork as a third party gets it: two files, checked with nothing but the federation's root."""

import json

import pytest

from node import fork_commands, frame, messages, verify
from node.messages import N_
from sync import evidence, fork, forkcheck, forks, keys, note
from sync.checkpoint import Checkpoint
from sync.head import sign_receipt
from sync.registrations import Registrations
from tests.bits import flipped
from tests.sync.test_fork_told import twins
from tests.world import ALLIANCE, CITY, HUB, OUTLET


@pytest.fixture(autouse=True)
def english_afterwards():
    yield
    messages.use("en")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A world in which the hub has found a fork."""
    made = twins(tmp_path_factory.mktemp("found"), 3)
    try:
        made.sync(OUTLET, CITY)
        made.call_twin()
        made.sync(CITY)
        made.sync(ALLIANCE)
        yield made
    finally:
        made.world.close()


@pytest.fixture
def written(found, tmp_path):
    """The fork file and its registrations, as `fork write` at the hub leaves them, and the root beside them."""
    top = frame.group("banyan-hub", N_("The hub of a federation of intellectual-property records."))
    fork_commands.add(top)
    home = str(found.world.home(HUB))
    assert frame.run(top, ["fork", "write", OUTLET, "--out", str(tmp_path), "--home", home], {"LANG": "C"}) == 0
    (tmp_path / "federation.root").write_bytes(found.world.nodes[HUB].home.federation_root.read_bytes())
    (file,) = tmp_path.glob("*.fork")
    (registrations,) = tmp_path.glob("*.registrations")
    return file, registrations, tmp_path / "federation.root"


def run(capfd, written, *more, registrations=True):
    capfd.readouterr()
    file, shown, root = written
    given = [str(file), "--root", str(root), *(["--registrations", str(shown)] if registrations else []), *more]
    code = frame.run(verify.top, given, {"LANG": "C"})
    return (code, *capfd.readouterr())


def test_it_says_who_forked_and_at_which_sizes(found, written, capfd):
    code, out, _err = run(capfd, written)
    assert code == 0
    with found.world.nodes[HUB].opened() as opened:
        (kept,) = forks.kept(opened.store)
    smaller, larger = fork.decode(kept.file).sizes
    assert f"{OUTLET} signed {smaller} entries" in out
    assert f"{OUTLET} signed {larger} entries" in out
    assert out.endswith(f"PROVED: {OUTLET} has forked.\n")


def test_public_tools_get_both_notes_and_the_keys(written, capfd):
    code, out, _err = run(capfd, written, "--json")
    said = json.loads(out)
    assert (code, said["verified"], said["origin"], said["signed_both"]) == (0, True, OUTLET, [])
    known = [note.VerifierKey.parse(text) for text in said["keys"]]
    for one in said["heads"]:
        read = note.Note.parse(one["note"].encode())
        promised = Checkpoint.parse(read.text)
        assert (promised.size, promised.root.hex()) == (one["size"], one["root"])
        for key, line in zip(known, read.signatures, strict=True):
            keys.verify(key, promised, line)


def test_without_knowing_whose_keys_they_are_nothing_is_proved(written, capfd):
    code, out, _err = run(capfd, written, registrations=False)
    assert code == 1
    assert "--registrations" in out
    assert out.endswith("NOT PROVED.\n")
    assert "3. " not in out


def test_evidence_of_a_record_shows_the_keys_as_well(found, written, capfd):
    file, shown, root = written
    with found.world.nodes[HUB].opened() as opened:
        shown.write_bytes(evidence.write(opened.store, opened.registry, OUTLET, 0))
    assert run(capfd, (file, shown, root))[0] == 0


def test_a_changed_file_or_another_federation_proves_nothing(written, capfd, tmp_path):
    file, shown, root = written
    whole = file.read_bytes()
    file.write_bytes(flipped(whole))
    assert run(capfd, (file, shown, root))[0] == 1
    file.write_bytes(whole)
    raw = shown.read_bytes()
    shown.write_bytes(raw[:-200] + b"x" + raw[-199:])
    assert run(capfd, (file, shown, root))[0] == 1


def test_who_gave_receipts_on_both_heads_is_named(found, written, capfd):
    """A city whose mirror key signed for both branches; one that signed for one of them is not named."""
    file, shown, root = written
    raw, pinned = file.read_bytes(), found.world.nodes[HUB].federation
    heads = [one.head.checkpoint for one in fork.decode(raw).branches]
    known, mirror = Registrations.decode(shown.read_bytes()), found.world.nodes[CITY].keys.mirror
    for signed, named in ((heads[:1], ()), (heads, (CITY,))):
        receipts = tuple(sign_receipt(mirror, one, 1_800_000_000) for one in signed)
        beside = Registrations(known.statements, known.proofs, receipts).encode()
        assert forkcheck.examine(raw, pinned, [beside]).signed_both == named
        shown.write_bytes(beside)
        assert (f"5. {CITY} gave receipts on both heads." in run(capfd, (file, shown, root))[1]) is bool(named)


def test_what_shows_the_keys_is_read_as_it_is_written(written):
    known = Registrations.decode(written[1].read_bytes())
    whole = Registrations(known.statements, known.proofs, known.receipts, (b"a consistency proof",))
    assert Registrations.decode(whole.encode()) == whole


def test_a_receipt_by_another_key_is_refused(found, written):
    file, shown, _root = written
    raw, pinned = file.read_bytes(), found.world.nodes[HUB].federation
    known, mirror = Registrations.decode(shown.read_bytes()), found.world.nodes[CITY].keys.mirror
    receipt = sign_receipt(mirror, fork.decode(raw).branches[0].head.checkpoint, 1_800_000_000)
    other = Checkpoint(OUTLET, 1, bytes(32)).text().encode() + receipt[receipt.index(b"\n\n") + 1 :]
    told = forkcheck.examine(raw, pinned, [Registrations(known.statements, known.proofs, (other,)).encode()])
    assert told.found is None
    assert told.miss.args[0] == "receipt"


STEPS = ["1. The federation", "2. ip.gd.example registered", "2. From", "2. ip.gd.example/gz registered", "2. From"]
STEPS += ["2. The keys under both heads", "3. ip.gd.example/gz/scut signed", "3. ip.gd.example/gz/scut signed"]
STEPS += ["4. The two say different things", "PROVED"]


def test_each_step_that_holds_is_told_in_its_order(written, capfd):
    _code, out, _err = run(capfd, written)
    assert [line.startswith(begin) for line, begin in zip(out.splitlines(), STEPS, strict=True)] == [True] * len(STEPS)
    steps = json.loads(run(capfd, written, "--json")[1])["steps"]
    assert [one["step"] for one in steps] == ["root", *["registration"] * 3, "head", "head", "contradiction"]
    assert all(one["ok"] for one in steps)
    _code, out, _err = run(capfd, written, "--lang", "zh")
    assert [line[:2] for line in out.splitlines()[:-1]] == [begin[:2] for begin in STEPS[:-1]]
    assert not any(word in out for word in ("signed", "registered", "PROVED"))


def changed(raw, where):
    """The file with one byte changed: in the 06 line of the first head, or in the root over what both have."""
    heads = len(fork.TITLE) + 1 + raw[len(fork.TITLE)] + 32 + 1312
    size = 8 + 32 + 64 + 2428
    return flipped(raw, {"signature": heads + size - 1, "contradiction": heads + 2 * size + 8 + 3}[where])


@pytest.mark.parametrize(("where", "step", "kept"), [("signature", "head", 6), ("contradiction", "contradiction", 8)])
def test_of_a_file_that_fails_what_held_before_is_told_and_nothing_behind(written, capfd, where, step, kept):
    file, shown, root = written
    file.write_bytes(changed(file.read_bytes(), where))
    code, out, _err = run(capfd, (file, shown, root))
    assert code == 1
    said = out.splitlines()
    assert [line.startswith(begin) for line, begin in zip(said[:kept], STEPS, strict=False)] == [True] * kept
    assert said[kept].startswith("The evidence does not prove it")
    assert said[kept + 1 :] == ["NOT PROVED."]
    told = json.loads(run(capfd, (file, shown, root), "--json")[1])
    assert (told["verified"], told["steps"][-1]["ok"], told["steps"][-1]["step"]) == (False, False, step)


def test_forks_are_listed(found, capfd):
    top = frame.group("banyan-hub", N_("The hub of a federation of intellectual-property records."))
    fork_commands.add(top)
    home = str(found.world.home(HUB))
    assert frame.run(top, ["fork", "list", "--json", "--home", home], {"LANG": "C"}) == 0
    (row,) = json.loads(capfd.readouterr().out)
    assert (row["origin"], row["told_by"], row["smaller"] < row["larger"]) == (OUTLET, "", True)
    assert frame.run(top, ["fork", "write", CITY, "--home", home], {"LANG": "C"}) == 1
    assert CITY in capfd.readouterr().err
