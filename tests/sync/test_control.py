"""Control entries as values: round trips, and what is refused of their keys and names."""

from dataclasses import replace

import pytest
from banyan.v1 import control_pb2 as pb
from hypothesis import given
from hypothesis import strategies as st

from sync import control, entry
from sync.control import Genesis, Home, Member
from sync.errors import Malformed
from tests.sync import made

ORIGINS = st.sampled_from([made.HUB, made.CITY, made.ALLIANCE, made.OUTLET, made.OTHER_OUTLET])
STATUSES = st.sampled_from(sorted(control.STATUSES))
WORDS = st.sampled_from(["", "left", "keys-lost"])
NODES = st.builds(
    lambda name, role, status, reason: replace(made.node(name, role, status, "9f3c01aa"), reason=reason),
    ORIGINS,
    st.sampled_from(sorted(control.ROLES)),
    STATUSES,
    WORDS,
)
SIZES = st.integers(0, 2**63 - 1)
HASHES = st.binary(min_size=32, max_size=32)
GENESES = st.builds(
    lambda name, home: Genesis(made.the_federation().id, name, home, made.verifiers(made.signers(name))),
    ORIGINS,
    st.sampled_from(["", made.HUB, made.CITY]),
)
FOLLOWING = st.builds(
    lambda one, old, size, root: replace(one, old=old, size=size, root=root), GENESES, ORIGINS, SIZES, HASHES
)
ROTATIONS = st.builds(
    lambda node, size, root, signatures: control.Rotate(
        node.origin, size, root, node.log_keys, node.mirror_key, node.hpke_key, tuple(signatures)
    ),
    NODES,
    SIZES,
    HASHES,
    st.lists(st.binary(), min_size=0, max_size=0) | st.lists(st.binary(), min_size=2, max_size=2),
)
PARTS = (ORIGINS, SIZES, st.integers(0, 7))
PLAIN = (
    st.builds(Home, ORIGINS, ORIGINS)
    | st.builds(Home, ORIGINS, ORIGINS, st.sampled_from(["gz.example:7444", "[::1]:7444"]), HASHES)
    | st.builds(control.Revoke, ORIGINS, SIZES, HASHES, WORDS)
    | st.builds(control.Confirm, ORIGINS, ORIGINS, SIZES, HASHES)
    | st.builds(control.Successor, ORIGINS, ORIGINS, SIZES, HASHES)
    | st.builds(control.Grant, ORIGINS, st.sampled_from(["path", "alliance:9f3c01aa"]), SIZES, SIZES)
    | st.builds(control.Erase, *PARTS, WORDS)
    | st.builds(control.Erased, *PARTS, ORIGINS, SIZES)
    | st.builds(control.Manifest, st.integers(0, 2**32 - 1), SIZES, HASHES, SIZES)
    | st.builds(control.Close, ORIGINS | st.just(""))
)
STATEMENTS = NODES | GENESES | FOLLOWING | st.builds(Member, ORIGINS, STATUSES, WORDS) | ROTATIONS | PLAIN


@given(STATEMENTS)
def test_what_is_written_is_read(statement):
    raw = control.encode(statement)
    assert control.decode(raw) == statement
    assert control.describe(raw) == (type(statement).__name__.lower(), statement.origin)
    assert control.body_of(entry.control_entry(1, raw)) == raw


def message(**changes) -> bytes:
    """Return a node entry with some fields of its own, as another program might write it."""
    found = pb.Control.FromString(control.encode(made.node(made.OUTLET)))
    for name, value in changes.items():
        if name == "log_keys":
            del found.node.log_keys[:]
            found.node.log_keys.extend(value)
        else:
            setattr(found.node, name, value)
    return found.SerializeToString()


KEYS = [key.encode() for key in made.verifiers(made.signers(made.OUTLET))]
WEAK = made.keys.note.VerifierKey(made.OUTLET, 1, (1).to_bytes(32, "little")).encode()
OTHERS = [key.encode() for key in made.verifiers(made.signers(made.OTHER_OUTLET))]
BROKEN = {
    "no keys": message(log_keys=[]),
    "one key": message(log_keys=KEYS[:1]),
    "three keys": message(log_keys=[*KEYS, KEYS[0]]),
    "in another order": message(log_keys=KEYS[::-1]),
    "one key twice": message(log_keys=[KEYS[0], KEYS[0]]),
    "another log's": message(log_keys=OTHERS),
    "a weak key": message(log_keys=[WEAK, KEYS[1]]),
    "another node's mirror": message(mirror_key=made.mirror_signer(made.CITY).verifier.encode()),
    "a log key for a mirror": message(mirror_key=KEYS[1]),
    "no mirror": message(mirror_key=""),
    "a short hpke key": message(hpke_key=b"k" * 31),
    "no role": message(role=0),
    "a role of a later version": message(role=99),
    "another origin than its keys": message(origin=made.OTHER_OUTLET),
    "no origin": message(origin=""),
    "an origin that is none": pb.Control(member=pb.Member(origin="IP.gd", status=1)).SerializeToString(),
    "a home that is none": pb.Control(home=pb.Home(origin=made.CITY)).SerializeToString(),
    "an address alone": pb.Control(
        home=pb.Home(origin=made.OUTLET, home=made.CITY, join_address="a:1")
    ).SerializeToString(),
    "an authority alone": pb.Control(
        home=pb.Home(origin=made.OUTLET, home=made.CITY, authority=bytes(32))
    ).SerializeToString(),
    "an address that is none": pb.Control(
        home=pb.Home(origin=made.OUTLET, home=made.CITY, join_address="a b:1", authority=bytes(32))
    ).SerializeToString(),
    "not a message": b"\xff\xff\xff",
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN.keys())
def test_broken_statements_are_refused_and_describe_nothing(raw):
    assert control.decode(message()) == made.node(made.OUTLET)
    with pytest.raises(Malformed):
        control.decode(raw)
    assert control.describe(raw) == ("", "")


def test_a_statement_of_a_later_version_is_no_error():
    unknown = b"\x7a\x02hi"  # field 15
    assert control.decode(unknown) is None
    assert control.describe(unknown) == ("", "")
    assert control.decode(b"") is None


def test_a_status_of_a_later_version_counts_as_suspended():
    found = control.decode(message(status=99))
    assert found.status == "suspended"


def test_a_status_is_changed_with_its_reason():
    changed = made.node(made.OUTLET).with_status("revoked", "left")
    assert (changed.status, changed.reason, changed.log_keys) == ("revoked", "left", made.node(made.OUTLET).log_keys)


@pytest.mark.parametrize(
    "statement",
    [
        control.Revoke(made.OUTLET, 1, b"short"),
        control.Confirm(made.OUTLET, made.CITY, 1, b""),
        control.Successor("Not/An/Origin", made.OUTLET, 1, bytes(32)),
        control.Grant(made.OUTLET, "path", 0, 2**63),
        control.Close("of nobody"),
    ],
)
def test_a_plain_statement_is_read_strictly(statement):
    with pytest.raises(Malformed):
        control.decode(control.encode(statement))


def test_a_rotation_needs_a_head_and_both_signatures_or_none():
    node = made.node(made.OUTLET)
    keys = (node.log_keys, node.mirror_key, node.hpke_key)
    for root, signatures in ((b"short", (b"",) * 2), (bytes(32), (b"",) * 3), (bytes(32), (b"",))):
        with pytest.raises(Malformed):
            control.decode(control.encode(control.Rotate(node.origin, 1, root, *keys, signatures)))


@pytest.mark.parametrize(
    "changed", [{"size": 1}, {"root": bytes(32)}, {"old": made.CITY}, {"old": "x y", "root": bytes(32)}]
)
def test_a_genesis_names_all_of_the_log_before_or_nothing(changed):
    genesis = Genesis(made.the_federation().id, made.OUTLET, made.CITY, made.verifiers(made.signers(made.OUTLET)))
    with pytest.raises(Malformed):
        control.decode(control.encode(replace(genesis, **changed)))
