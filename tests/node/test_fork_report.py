"""The evidence of a fork as a third party gets it: two files, checked with nothing but the federation's root."""

import json

import pytest

from node import fork_commands, fork_report, frame, messages, verify
from node.messages import N_
from sync import evidence, fork, forks, keys, note
from sync.checkpoint import Checkpoint
from sync.evidence import NotProved
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
    code, out, err = run(capfd, written, registrations=False)
    assert (code, out) == (1, "")
    assert "--registrations" in err


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


def test_who_gave_receipts_on_both_heads_is_named(found, written):
    """A city whose mirror key signed for both branches; one that signed for one of them is not named."""
    file, shown, _root = written
    raw, pinned = file.read_bytes(), found.world.nodes[HUB].federation
    heads = [one.head.checkpoint for one in fork.decode(raw).branches]
    known, mirror = Registrations.decode(shown.read_bytes()), found.world.nodes[CITY].keys.mirror
    for signed, named in ((heads[:1], []), (heads, [CITY])):
        receipts = tuple(sign_receipt(mirror, one, 1_800_000_000) for one in signed)
        beside = Registrations(known.statements, known.proofs, receipts).encode()
        contradiction, read = fork_report.proved(raw, pinned, [beside])
        assert fork_report.signed_both(contradiction, read) == named
        messages.use("en")
        said = "\n".join(fork_report.lines(contradiction, read, pinned))
        assert ("gave receipts on both" in said) is bool(named)


def test_a_receipt_by_another_key_is_refused(found, written):
    file, shown, _root = written
    raw, pinned = file.read_bytes(), found.world.nodes[HUB].federation
    known, mirror = Registrations.decode(shown.read_bytes()), found.world.nodes[CITY].keys.mirror
    receipt = sign_receipt(mirror, fork.decode(raw).branches[0].head.checkpoint, 1_800_000_000)
    other = Checkpoint(OUTLET, 1, bytes(32)).text().encode() + receipt[receipt.index(b"\n\n") + 1 :]
    with pytest.raises(NotProved):
        fork_report.proved(raw, pinned, [Registrations(known.statements, known.proofs, (other,)).encode()])


def test_forks_are_listed(found, capfd):
    top = frame.group("banyan-hub", N_("The hub of a federation of intellectual-property records."))
    fork_commands.add(top)
    home = str(found.world.home(HUB))
    assert frame.run(top, ["fork", "list", "--json", "--home", home], {"LANG": "C"}) == 0
    (row,) = json.loads(capfd.readouterr().out)
    assert (row["origin"], row["told_by"], row["smaller"] < row["larger"]) == (OUTLET, "", True)
    assert frame.run(top, ["fork", "write", CITY, "--home", home], {"LANG": "C"}) == 1
    assert CITY in capfd.readouterr().err
