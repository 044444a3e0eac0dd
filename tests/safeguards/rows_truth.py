"""Safeguards of the two routes: forks and their evidence, heads pooled by path."""

from sync import (
    arriving,
    eras,
    fork,
    forkcheck,
    forks,
    greeting,
    manifest,
    mirror,
    ownrow,
    rollcall,
    session,
    silence,
    store,
)
from tests.safeguards.switch import Safeguard, both, passes, put, without

FORK = "tests/sync/test_fork.py::"
REPORT = "tests/node/test_fork_report.py::"
FORKS = "tests/sync/test_forks.py::"
TOLD = "tests/sync/test_fork_told.py::"
MANIFESTS = "tests/node/test_manifests.py::"

ROWS = [
    Safeguard(
        "fork-contradicts",
        "what proves no fork is no evidence",
        without(fork, "check_contradicts", ("or one.root == other.root", "")),
        f"{FORK}test_heads_of_one_tree_are_no_fork",
    ),
    Safeguard(
        "fork-proofs",
        "what a head says of its first entries is proved",
        without(
            fork,
            "check_contradicts",
            ("proof.check_consistency(found.size, each.root, each.head.size, each.proof, each.head.root)", "pass"),
        ),
        f"{FORK}test_another_root_than_the_head_was_signed_over_is_no_fork",
    ),
    Safeguard(
        "fork-verify-keys",
        "a fork is proved to a reader once it is shown whose keys signed",
        without(forkcheck, "_proved", ("if not any(one.log_keys(found.origin) == found.log_keys", "if not any(True")),
        f"{REPORT}test_without_knowing_whose_keys_they_are_nothing_is_proved",
    ),
    Safeguard(
        "fork-verify-signed",
        "both heads of a fork's evidence are signed",
        put(fork, "check_signed", passes),
        f"{REPORT}test_of_a_file_that_fails_what_held_before_is_told_and_nothing_behind[signature-head-6]",
    ),
    Safeguard(
        "fork-beginning",
        "a larger head by another path begins with what is stored",
        put(mirror, "_check_beginning", passes),
        f"{FORKS}test_a_larger_head_whose_tree_begins_otherwise",
    ),
    Safeguard(
        "frozen",
        "a log with two heads takes nothing more",
        both(
            without(mirror, "_check_against_stored", ("if log.frozen:", "if False:")),
            without(mirror, "take", ("if log.frozen:", "if False:")),
            without(arriving, "_end", ("if held.frozen:", "if False:")),
            without(greeting, "_state", ('"frozen" if held.frozen else ""', '""')),
        ),
        "tests/sync/test_refusals.py::test_a_frozen_log_takes_nothing_more_whatever_its_owner_sends",
        also="Fork",
    ),
    Safeguard(
        "fork-pooled",
        "heads that were ahead are compared once the entries are there",
        put(mirror, "compare_heads", passes),
        f"{FORKS}test_a_head_that_was_ahead_is_compared_once_the_entries_are_there",
    ),
    Safeguard(
        "fork-stolen",
        "a head by stolen keys freezes nothing",
        put(eras, "is_by_current_keys", lambda ages, found: True),
        f"{FORKS}test_a_pooled_head_by_keys_that_were_taken_back_since_freezes_nothing",
        also="Fork",
    ),
    Safeguard(
        "fork-quota",
        "a quota loses no head that nothing was compared with",
        without(store.Store, "sight", ("if waiting >= MAX_SIGHTINGS and", "if False and")),
        f"{FORKS}test_the_quota_never_loses_a_head_that_nothing_was_compared_with",
    ),
    Safeguard(
        "fork-keys",
        "who tells of a fork shows whose keys signed",
        put(forks, "check_keys", passes),
        f"{TOLD}test_a_child_that_brings_a_fork_by_other_keys_is_refused",
    ),
    Safeguard(
        "fork-told-frozen",
        "a log that others proved forked is not begun here",
        without(mirror, "see_head", ("if not log.frozen and forks.is_forked(store, shown.origin):", "if False:")),
        f"{FORKS}test_a_log_of_which_nothing_was_held_is_frozen_at_its_first_head",
    ),
    Safeguard(
        "fork-signs-nothing",
        "whoever forked signs nothing more",
        without(session.Session, "_sealed", ("if self.own.log.frozen:", "if False:")),
        f"{TOLD}test_an_outlet_that_is_shown_its_other_branch_evidences_it_and_its_city_hears_at_once",
        also="NeedsRecovery",
    ),
    Safeguard(
        "manifest-rows",
        "rows are those that the author's entry states",
        without(rollcall, "take", ("len(found) != said.count or Leaves(found).root != said.root", "False")),
        f"{MANIFESTS}test_rows_that_are_not_what_the_entry_states_are_refused_and_nothing_is_kept[another-size]",
    ),
    Safeguard(
        "manifest-everybody",
        "a manifest has a row on everybody",
        without(rollcall, "take", ("registered - set(names)", "set()")),
        f"{MANIFESTS}test_a_registration_without_a_row_is_found_above_and_below",
    ),
    Safeguard(
        "manifest-own-row",
        "a child checks its row",
        put(ownrow, "_problems", lambda *of: []),
        f"{MANIFESTS}test_a_size_that_falls_is_found_above_and_below",
    ),
    Safeguard(
        "manifest-proved",
        "a child's row is proved in the manifest",
        put(manifest.proof, "check_inclusion", passes),
        "tests/sync/test_manifest.py::test_each_row_is_proved_at_its_place_only[3]",
    ),
    Safeguard(
        "left-out",
        "who leaves a node out is found by the other route",
        put(rollcall, "left_out", lambda *of: []),
        f"{MANIFESTS}test_a_city_that_leaves_an_outlet_out_is_found_by_the_alliances_manifest",
        also="ValueError",
    ),
    Safeguard(
        "silence",
        "silence is not health",
        put(silence, "SILENT_AFTER_S", 2**40),
        f"{MANIFESTS}test_who_has_not_called_for_26_hours_is_named_and_alarmed_once",
    ),
]
