"""Safeguards of proofs: what is under a signed head, in logs and in evidence."""

from sync import chain, evidence, head, mirror, proof
from tests.safeguards.switch import Safeguard, both, passes, put, without
from tests.world import CITY, OUTLET

REFUSALS = "tests/sync/test_refusals.py::"
CHANGED = REFUSALS + "test_what_a_child_changes_is_refused_and_nothing_of_it_is_stored"
SESSION = "tests/sync/test_session.py::"
SYNC = "tests/sync/"
EVIDENCE = "tests/safeguards/test_evidence_steps.py::"


ROWS = [
    # -- proofs
    Safeguard(
        "inclusion",
        "a proved entry is in the signed tree",
        put(proof, "check_inclusion", passes),
        f"{SYNC}test_proved.py::test_another_index_another_hash_or_key_is_refused",
    ),
    Safeguard(
        "consistency",
        "a newer head continues the older",
        put(proof, "check_consistency", passes),
        f"{CHANGED}[outlet-a-bit-of-the-consistency-proof]",
    ),
    Safeguard(
        "subtree",
        "a package is part of the signed tree",
        put(mirror.proof, "check_subtree", passes),
        f"{CHANGED}[outlet-a-bit-of-an-entry]",
        also="Conflict",
    ),
    Safeguard(
        "overlap",
        "entries sent again are those stored",
        without(mirror, "take", ("if held != leaves[: len(held)]:", "if False:")),
        f"{SYNC}test_mirror.py::test_another_overlap_is_refused",
    ),
    Safeguard(
        "genesis",
        "entry 0 agrees with the registration",
        put(mirror, "_check_genesis", passes),
        f"{REFUSALS}test_a_log_that_begins_with_another_genesis_is_refused",
    ),
    Safeguard(
        "other-head",
        "two heads of one size are a fork",
        both(
            put(mirror, "_check_against_stored", passes),
            put(mirror, "compare_heads", passes),
            put(mirror, "_check_beginning", passes),
        ),
        f"{SESSION}test_two_heads_of_one_log_by_two_routes_freeze_it_at_the_hub_and_others_go_on",
    ),
    # -- evidence
    Safeguard(
        "evidence-pinned",
        "evidence is of the pinned federation",
        without(
            evidence,
            "_root",
            ("shown.id != pinned.id", "False"),
            ("any(one != other for one, other in zip(shown.versions, pinned.versions, strict=False))", "False"),
        ),
        f"{EVIDENCE}test_evidence_of_another_federation_proves_nothing",
    ),
    Safeguard(
        "evidence-home",
        "each registrar speaks for its own",
        put(chain.Chain, "_may_say", lambda self, home, statement: True),
        f"{EVIDENCE}test_a_registration_by_another_home_proves_nothing",
    ),
    Safeguard(
        "evidence-head",
        "the record is in a signed tree",
        both(
            put(chain.Chain, "_opener", lambda self, name: lambda note: head.Head(head.stated(note), 1, note)),
            put(chain.Chain, "era_of", lambda self, name, note: self.eras(name)[-1]),
        ),
        f"{EVIDENCE}test_a_changed_file_proves_nothing[head]",
    ),
    Safeguard(
        "evidence-part",
        "the opened part is the committed one",
        put(evidence.proved, "check_parts", passes),
        f"{EVIDENCE}test_a_changed_file_proves_nothing[part]",
    ),
    Safeguard(
        "evidence-receipt",
        "an ancestor signed for having it",
        without(evidence, "_verified", ("if not receipts:", "if False:")),
        f"{EVIDENCE}test_a_file_without_a_receipt_proves_nothing",
        also="IndexError",
    ),
    Safeguard(
        "evidence-record-head",
        "evidence of a record is written under a head of what is stored",
        without(
            evidence.Writing,
            "counting",
            (" if one.root == promised.root]", "]"),
            ("if one.root == promised.root and eras", "if eras"),
        ),
        f"{EVIDENCE}test_a_file_is_written_under_heads_of_what_is_stored_whatever_else_was_signed[{OUTLET}]",
        also="NotProved",
    ),
    Safeguard(
        "evidence-home-head",
        "what a home states is shown under a head of what is stored",
        without(evidence.Writing, "_newest", (" if bundles.root(one.size) == one.root", "")),
        f"{EVIDENCE}test_a_file_is_written_under_heads_of_what_is_stored_whatever_else_was_signed[{CITY}]",
        also="NotProved",
    ),
]
