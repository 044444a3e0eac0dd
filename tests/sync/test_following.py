"""Entry 0 of a log that goes on from another one says from which, and from where, as the hub confirmed it."""

from dataclasses import replace

import pytest

from sync import control, entry, mirror, tree
from sync.control import Genesis, Successor
from sync.errors import Malformed
from sync.package import Package
from tests.sync import made
from tests.sync.made import CITY, OUTLET
from tests.sync.mirrored import Holds

NEXT = f"{OUTLET}.g2"
FOLLOWS = Successor(NEXT, OUTLET, 5, made.root_hash_of("5"))


def take(tmp_path, genesis: Genesis, follows: Successor | None):
    raw = entry.control_entry(1, control.encode(genesis))
    store = made.Store.create(tmp_path / "mirror.db")
    try:
        store.add_log(genesis.origin)
        end = made.signed(genesis.origin, 1, tree.leaf_hash(raw))
        registered = replace(made.registration(genesis.origin), follows=follows)
        found = Package(0, (raw,), (), ())
        return mirror.take(store, registered, found, end, made.committer(genesis.origin), Holds()).next_entry
    finally:
        store.close()


def genesis(name, old="", size=0, root=b""):
    keys = made.verifiers(made.signers(name))
    return Genesis(made.the_federation().id, name, CITY, keys, old, size, root)


def test_a_log_goes_on_from_what_the_hub_confirmed(tmp_path):
    assert take(tmp_path, genesis(NEXT, OUTLET, 5, FOLLOWS.root), FOLLOWS) == 1


@pytest.mark.parametrize(
    ("name", "said", "follows"),
    [
        (NEXT, (), FOLLOWS),
        (NEXT, (OUTLET, 6, FOLLOWS.root), FOLLOWS),
        (NEXT, (OUTLET, 5, bytes(32)), FOLLOWS),
        (NEXT, (f"{CITY}/other", 5, FOLLOWS.root), FOLLOWS),
        (OUTLET, (f"{CITY}/other", 5, FOLLOWS.root), None),
    ],
)
def test_from_any_other_log_or_place_it_is_refused(tmp_path, name, said, follows):
    with pytest.raises(Malformed, match="goes on from another log"):
        take(tmp_path, genesis(name, *said), follows)
