"""Safeguards of keys that change: whose word replaces them, and what old ones are still good for."""

from node import enrolment, rotating, succession
from sync import chain, eras, mirror, rotation, statements
from tests.safeguards.switch import Safeguard, passes, put, without

ERAS = "tests/sync/test_eras.py::"
ROTATING = "tests/node/test_rotating.py::"
SUCCESSION = "tests/node/test_succession.py::"

ROWS = [
    Safeguard(
        "rotation-signatures",
        "the present keys hand on to new ones",
        put(rotation, "is_agreed", lambda federation_id, rotate, old_keys: True),
        f"{ERAS}test_other_keys_than_the_present_ones_hand_nothing_on",
    ),
    Safeguard(
        "rotation-confirmed",
        "lost keys are replaced with the hub's word only",
        put(statements.Statements, "is_confirmed", lambda self, name, home, index, raw: True),
        f"{ERAS}test_lost_keys_are_replaced_once_the_hub_has_confirmed_it",
    ),
    Safeguard(
        "keys-by-node-entry",
        "a home gives its child no other keys by itself",
        without(eras, "follow", ("case control.Node() as node if not found:", "case control.Node() as node:")),
        f"{ERAS}test_a_home_gives_its_child_no_other_keys_by_itself",
    ),
    Safeguard(
        "revoked-keys",
        "revoked keys hand nothing on",
        without(eras, "_counts", ("not before.revoked and ", "")),
        f"{ERAS}test_revoked_keys_sign_and_hand_on_nothing",
    ),
    Safeguard(
        "old-heads",
        "a replaced key's head counts within its last good one only",
        put(eras, "within", lambda found, last_good, is_prefix: True),
        f"{ERAS}test_an_old_head_within_what_is_stored_is_taken_after_a_rotation",
    ),
    Safeguard(
        "overtaken-recorded",
        "a head that stolen keys had recorded is passed over",
        without(mirror, "record_head", ("eras.is_overtaken(registered.ages, recorded)", "False")),
        f"{ERAS}test_a_head_that_a_thief_had_recorded_stands_in_nobodys_way",
        also="OldSize",
    ),
    Safeguard(
        "overtaken-end",
        "no package is taken towards a head of stolen keys",
        without(mirror, "take", ("eras.is_overtaken(registered.ages, end)", "False")),
        f"{ERAS}test_a_head_that_a_thief_had_recorded_stands_in_nobodys_way",
        also="BadProof",
    ),
    Safeguard(
        "successor-confirmed",
        "a log goes on from another with the hub's word only",
        put(statements.Statements, "may_exist", lambda self, name: True),
        f"{ERAS}test_a_successor_needs_its_home_and_the_hub",
    ),
    Safeguard(
        "rotation-in-step",
        "old keys end with the head that the home holds",
        put(rotating, "_check_in_step", passes),
        f"{ROTATING}test_a_home_that_lacks_what_the_old_keys_signed_registers_nothing",
    ),
    Safeguard(
        "retired-evidence",
        "evidence under replaced keys leads to their last good head",
        put(chain.Chain, "_is_prefix", lambda self, found, last_good: False),
        f"{ROTATING}test_evidence_of_before_and_after_proves",
        also="NotProved",
    ),
    Safeguard(
        "authorities-of-the-parent",
        "a child trusts authorities of its parent alone",
        without(enrolment, "_keep", ("found != parent", "False")),
        f"{SUCCESSION}test_authorities_of_another_node_are_not_kept",
    ),
    Safeguard(
        "authority-awaits-children",
        "the doors change over when every active child knows the new authority",
        put(succession, "awaited", lambda node, opened: succession.Awaited((), (), ())),
        f"{SUCCESSION}test_the_doors_change_over_once_every_active_child_has_called_with_a_new_certificate",
    ),
    Safeguard(
        "authority-ends",
        "certificates of a replaced authority open nothing",
        without(succession, "_switch", ("authority.certificate_file(node.home, number).unlink()", "pass")),
        f"{SUCCESSION}test_a_certificate_of_the_old_authority_opens_nothing_after_the_change",
    ),
]
