"""Safeguards of checking and mending."""

from catalog import checking
from sync import (
    belongings,
    forkrows,
    forks,
    graft,
    healing,
    inspection,
    lockrow,
    manifestrows,
    mirror,
    ownlog,
    rows,
    signed,
    tombstones,
    unsealed,
)
from tests.safeguards.switch import Safeguard, passes, put, without

FSCK = "tests/sync/test_fsck.py::"
ANNEX = "tests/sync/test_annex.py::"
UNSEALED = "tests/sync/test_unsealed.py::"
NO_FORK = "tests/sync/test_no_fork.py::"
HEALING = "tests/sync/test_healing.py::"

ROWS = [
    Safeguard(
        "fsck-leaves",
        "an entry that has changed on disk is found by its leaf hash",
        put(rows.Row, "in_doubt", property(lambda row: False)),
        f"{FSCK}test_damaged_entries_are_found_and_only_another_node_can_mend_them",
    ),
    Safeguard(
        "fsck-roots",
        "rows that agree on something else do not give the root that was signed",
        put(inspection.Inspection, "_promises", lambda self: iter(())),
        f"{FSCK}test_entries_leaves_and_tree_that_agree_on_something_else_do_not_give_the_signed_root",
    ),
    Safeguard(
        "fsck-commitments",
        "a part that has changed on disk is found by its commitment",
        without(
            belongings.Belongings,
            "_parts",
            (
                "not (isinstance(content, bytes) and opens(named[number][1], named[number][0], content))",
                "False",
            ),
        ),
        f"{FSCK}test_a_damaged_part_is_wanted_again_and_mended_once_it_has_come",
    ),
    Safeguard(
        "fsck-signatures",
        "a head or a receipt whose note has changed on disk is found",
        put(signed, "_why", lambda found, same: ""),
        f"{FSCK}test_a_damaged_head_is_mended_from_what_says_the_same[note-400-head]",
    ),
    Safeguard(
        "fsck-catalogue",
        "a row of the catalogue that its entries do not say is found",
        put(checking.Check, "_records", lambda self, ids: iter(())),
        "tests/catalog/test_checking.py::test_slices_together_look_at_everything",
    ),
    Safeguard(
        "mend-proof",
        "entries that were not signed do not take the place of damaged ones",
        put(graft.proof, "check_subtree", passes),
        f"{HEALING}test_other_entries_than_were_signed_do_not_mend",
    ),
    Safeguard(
        "mend-head",
        "a head that is damaged itself proves no package that mends",
        without(healing, "promised", ("if found is None or found.checkpoint != end.checkpoint:", "if False:")),
        f"{HEALING}test_a_head_whose_signatures_do_not_verify_any_more_proves_nothing",
    ),
    Safeguard(
        "mend-damaged-only",
        "mending writes rows that are known to be damaged, and no others",
        without(
            graft.Graft,
            "replace",
            ("if any(one.first < last and first < one.last for one in wrong):", "if True:"),
        ),
        f"{HEALING}test_only_damaged_rows_of_a_bundle_are_written",
    ),
    Safeguard(
        "seal-parts",
        "a part that does not read back is not signed away",
        without(ownlog.OwnLog, "_read_parts_back", ("if not is_whole and", "if False and")),
        f"{UNSEALED}test_a_bit_that_turned_in_a_part_is_turned_back",
    ),
    Safeguard(
        "unsealed-only",
        "what is signed is never written anew by its owner",
        without(unsealed.Unsealed, "_mend", ("one.first >= signed and", "")),
        f"{UNSEALED}test_what_is_signed_is_not_touched",
    ),
    Safeguard(
        "unsealed-restored",
        "a node that was put back takes nothing for unsigned",
        without(unsealed, "_signed", ("log.frozen or recovery.restored(store) or", "log.frozen or")),
        f"{UNSEALED}test_a_node_that_is_restored_repairs_nothing",
    ),
    Safeguard(
        "lock-row",
        "head.lock says what was signed, and nothing that only stands in log.db",
        put(lockrow, "_says", lambda columns, found: True),
        f"{UNSEALED}test_a_row_of_which_both_halves_are_damaged_waits_for_recovery",
    ),
    Safeguard(
        "fork-evidenced",
        "without evidence that verifies nothing is frozen",
        without(forks, "found", ("if not raw:", "if False:")),
        f"{NO_FORK}test_a_contradiction_without_damage_is_told_and_looked_at_once_an_hour",
        also="Fork",
    ),
    Safeguard(
        "damage-first",
        "what is damaged here is no fault of what comes",
        put(mirror, "_check_held", passes),
        f"{NO_FORK}test_a_package_that_does_not_fit_what_is_damaged_here_is_not_to_blame[0]",
        also="BadProof",
    ),
    Safeguard(
        "fsck-forks",
        "evidence that proves nothing any more is found",
        put(forkrows.ForkRows, "damages", lambda self: iter(())),
        f"{ANNEX}test_a_bit_in_the_evidence_of_a_fork_is_turned_back[file-700-not what its hash says]",
    ),
    Safeguard(
        "fsck-manifests",
        "a manifest whose rows are not what its author stated is found",
        put(manifestrows.ManifestRows, "damages", lambda self: iter(())),
        f"{ANNEX}test_a_bit_in_a_manifest_is_turned_back[manifest_row-row-60]",
    ),
    Safeguard(
        "fsck-tombstones",
        "a tombstone goes only where nobody asked for it, and everything that is said can be read",
        without(tombstones.Tombstones, "mend", ("log is None or any(", "log is None or False and any(")),
        f"{ANNEX}test_a_tombstone_stays_while_what_asked_for_it_cannot_be_read",
    ),
]
