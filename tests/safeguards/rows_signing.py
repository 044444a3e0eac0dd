"""Safeguards of what a node signs and what it reads as signed: notes, keys, head.lock."""

import time

from sync import federation, head, keys, lock, mirror, note, ownlog, presence, receipting, registry, session, store
from tests.safeguards.switch import Safeguard, passes, power_cut_safe_no_more, put, unsigned, without

REFUSALS = "tests/sync/test_refusals.py::"
CHANGED = REFUSALS + "test_what_a_child_changes_is_refused_and_nothing_of_it_is_stored"
SESSION = "tests/sync/test_session.py::"
SYNC = "tests/sync/"


ROWS = [
    # -- signatures and reading
    Safeguard(
        "head-01", "a head's Ed25519 signature", unsigned(keys.ED25519), f"{CHANGED}[outlet-a-bit-of-the-01-signature]"
    ),
    Safeguard(
        "head-06", "a head's ML-DSA signature", unsigned(keys.MLDSA44), f"{CHANGED}[outlet-a-bit-of-the-06-signature]"
    ),
    Safeguard(
        "head-both",
        "a head counts with both signatures only",
        without(
            head, "_verified", ('raise BadSignature(key.name, f"no signature of type {key.type:02x}")', "continue")
        ),
        f"{CHANGED}[outlet-no-06-signature]",
    ),
    Safeguard(
        "receipt-signature",
        "a receipt is by the parent's mirror key",
        put(head, "_verified", lambda parsed, stated, wanted: (parsed.signatures, int(time.time()))),
        f"{REFUSALS}test_a_receipt_that_another_key_signed_is_not_kept",
    ),
    Safeguard(
        "receipt-time",
        "a receipt from the future is refused",
        put(head, "MAX_AHEAD_S", 2**40),
        f"{SYNC}test_head.py::test_receipts_up_to_300_s_ahead_are_taken_and_later_ones_refused",
    ),
    Safeguard(
        "root-signature",
        "root statements are signed by the root",
        put(federation, "_check_signatures", passes),
        f"{SYNC}test_federation.py::test_every_line_of_a_root_key_must_verify",
    ),
    Safeguard(
        "root-announced",
        "a new root was announced by the one before",
        without(federation, "chain", ("statement.root_keys != before.next_root_keys", "False")),
        f"{SYNC}test_federation.py::test_other_chains_are_refused",
    ),
    Safeguard(
        "note-strict",
        "notes are read as we would write them",
        put(note, "decode_base64", lambda text: note.b64decode(text + "==")),
        f"{SYNC}test_note.py::test_anything_else_is_refused_whole",
    ),
    Safeguard(
        "weak-keys", "small-order keys are not registered", put(keys, "_SMALL_ORDER_Y", set()), f"{SYNC}test_keys.py"
    ),
    # -- what we sign
    Safeguard(
        "lock-swap",
        "head.lock moves from exactly what was read",
        without(lock.Swap, "set", ("changed.rowcount != 1", "False")),
        f"{SYNC}test_lock.py::test_exactly_the_row_that_was_read_is_replaced",
    ),
    Safeguard(
        "lock-agrees",
        "head.lock and log.db agree before we sign",
        put(ownlog.OwnLog, "_agreed", lambda self, log, held: held),
        f"{SYNC}test_ownlog.py::test_another_root_in_the_lock_stops_a_node",
    ),
    Safeguard(
        "read-back",
        "what is signed was read back from the disk",
        put(ownlog.OwnLog, "_read_back", passes),
        f"{SYNC}test_ownlog.py::test_reading_back_finds_a_flipped_byte",
    ),
    Safeguard(
        "shown-head",
        "a newer head of ours at a parent stops signing",
        put(session.Session, "_check_shown_head", passes),
        f"{SESSION}test_an_outlet_restored_from_a_backup_signs_nothing_when_its_parent_shows_a_newer_head",
        also="Fork",
    ),
    Safeguard(
        "quorum",
        "a hub asks half of its substations before it signs",
        without(presence, "check_may_sign", ("if 2 * called < len(substations):", "if False:")),
        f"{SYNC}test_presence.py::test_half_of_the_active_substations_must_have_called",
    ),
    Safeguard(
        "full-log",
        "log.db outlives a power cut",
        put(store, "connect", power_cut_safe_no_more),
        "tests/safeguards/test_durable.py::test_log_db_and_head_lock_are_written_through[log_db]",
    ),
    Safeguard(
        "full-lock",
        "head.lock outlives a power cut",
        put(lock, "connect", power_cut_safe_no_more),
        "tests/safeguards/test_durable.py::test_log_db_and_head_lock_are_written_through[head_lock]",
    ),
    Safeguard(
        "one-transaction",
        "a package is stored whole or not at all",
        without(mirror, "take", ("with store.write():", "if True:")),
        f"{SYNC}test_mirror.py::test_a_broken_take_leaves_the_mirror_whole_and_a_retry_finishes",
        also="OperationalError",
    ),
    Safeguard(
        "own-root",
        "our own leaves give the root of a receipt",
        without(receipting, "give_receipt", (" or Bundles(store, log).root(end.size) != end.root", "")),
        f"{SYNC}test_mirror_parts.py::test_a_root_that_our_own_leaves_do_not_give_gets_none",
    ),
    Safeguard(
        "smaller-receipt",
        "a smaller head never gets a receipt",
        without(receipting, "give_receipt", ("end.size < log.stored or ", ""), ("held.size > end.size:", "False:")),
        f"{SYNC}test_mirror_parts.py::test_a_smaller_head_never_gets_one",
    ),
    Safeguard(
        "receipt-continues",
        "a receipt continues what was signed last",
        without(receipting, "give_receipt", ("Bundles(store, log).root(held.size) != held.root:", "False:")),
        f"{SYNC}test_mirror.py::test_no_receipt_continues_another_branch_than_the_last_one",
    ),
    Safeguard(
        "receipt-after-storing",
        "a receipt's time is read once its entries are stored",
        without(
            receipting,
            "give_receipt",
            (
                "    with store.write():\n        log =",
                "    now_s = int(clock())\n    with store.write():\n        log =",
            ),
            ("        now_s = int(clock())\n", ""),
        ),
        f"{SYNC}test_mirror_parts.py::test_a_receipts_time_is_read_once_its_entries_are_stored",
    ),
    Safeguard(
        "own-branch",
        "entries stand behind those of their own branch",
        without(
            mirror, "take", ("if proof.left_hashes(start, found.last, end.size, found.proof) !=", "if False and [] !=")
        ),
        f"{SYNC}test_mirror.py::test_entries_of_another_branch_are_not_put_behind_those_held_but_show_the_fork",
    ),
    Safeguard(
        "own-log",
        "nobody brings a node its own log",
        without(registry.Registry, "check_bringer", ("name == self._me:", "False:")),
        f"{SYNC}test_registry.py::test_nobody_brings_a_node_its_own_log",
    ),
]
