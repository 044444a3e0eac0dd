"""Manifest rows: read as they are written, and each provable in its manifest's tree."""

import pytest

from sync import control, tree
from sync.errors import BadProof, Malformed
from sync.manifest import Leaves, Row, check_row, keys_hash
from tests.sync import made
from tests.sync.made import CITY, OUTLET


def row(name=OUTLET, **changed):
    values = {
        "size": 700,
        "root": made.seed("root"),
        "status": "active",
        "frozen": False,
        "keys": keys_hash(made.node(OUTLET)),
        "parts_missing": 3,
        "digest": made.seed("digest"),
        "receipt_time": made.NOW_S,
    }
    return Row(name, **(values | changed))


@pytest.mark.parametrize(
    "changed",
    [{}, {"status": "suspended"}, {"status": "revoked", "frozen": True}, {"size": 0, "receipt_time": 0}],
)
def test_a_row_is_read_as_it_was_written(changed):
    assert Row.decode(row(**changed).encode()) == row(**changed)


def test_anything_else_is_refused():
    raw = row().encode()
    at = 2 + len(OUTLET)
    for broken in (
        b"",
        raw[:1],
        raw[:-1],
        raw + b"\0",
        b"\2" + raw[1:],
        raw[:at] + b"\xff" + raw[at + 1 :],
        raw[: at + 40] + b"\0" + raw[at + 41 :],
        raw[: at + 40] + b"\x21" + raw[at + 41 :],
        raw.replace(OUTLET.encode(), b"IP" + OUTLET.encode()[2:]),
    ):
        with pytest.raises(Malformed):
            Row.decode(broken)


def test_the_layout_is_the_documented_one():
    raw, name = row(status="revoked", frozen=True).encode(), OUTLET.encode()
    keys = b"".join(
        len(one).to_bytes(4, "big") + one
        for one in (
            *(key.encode().encode() for key in (*made.node(OUTLET).log_keys, made.node(OUTLET).mirror_key)),
            made.node(OUTLET).hpke_key,
        )
    )
    assert raw == b"".join(
        (
            bytes([1, len(name)]),
            name,
            (700).to_bytes(8, "big"),
            made.seed("root"),
            bytes([16 + 3]),
            tree.sha256(keys).digest(),
            (3).to_bytes(8, "big"),
            made.seed("digest"),
            made.NOW_S.to_bytes(8, "big"),
        )
    )


@pytest.mark.parametrize("count", [1, 2, 3, 8, 9])
def test_each_row_is_proved_at_its_place_only(count):
    rows = [row(f"{CITY}/n{number}").encode() for number in range(count)]
    leaves = Leaves(rows)
    said = control.Manifest(20261124, count, leaves.root, 0)
    for place, raw in enumerate(rows):
        assert check_row(raw, place, leaves.prove(place), said) == Row.decode(raw)
        with pytest.raises(BadProof):
            check_row(row(size=1).encode(), place, leaves.prove(place), said)
        with pytest.raises(BadProof):
            check_row(raw, count, leaves.prove(place), said)
    assert leaves.root == tree.root_hash([tree.leaf_hash(one) for one in rows])
    assert Leaves([]).root == tree.EMPTY_ROOT
