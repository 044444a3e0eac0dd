"""Safeguards of backups, restoring and recovering."""

from node import backup, recovering, rejoining, replacing, restoring
from sync import aside, ownlog, receipting, recovery, statements
from tests.safeguards.switch import Safeguard, passes, put, without

OUTLET = "tests/node/test_drills_outlet.py::"
HUB = "tests/node/test_drills_hub.py::"
BACKUP = "tests/node/test_backup.py::"
SYNC = "tests/sync/test_recovery.py::"

REJOINING = "tests/node/test_rejoining.py::"

ROWS = [
    Safeguard(
        "new-keys-need-the-hub",
        "new keys that no old ones have signed count with the hub's word alone",
        without(statements.Statements, "is_confirmed", ("return any", "return True or any")),
        f"{REJOINING}test_new_keys_count_once_the_hub_confirms_and_the_log_goes_on",
    ),
    Safeguard(
        "new-keys-for-own-children",
        "only a home gives new keys, and only to a child that is not shut out",
        without(replacing, "check", ("if known.home != opened.node.origin:", "if False:")),
        f"{REJOINING}test_only_a_node_that_is_registered_here_gets_new_keys",
    ),
    Safeguard(
        "restored-signs-nothing",
        "a restored node signs nothing before it is recovered",
        put(recovery, "check_recovered", passes),
        f"{SYNC}test_a_restored_node_signs_no_head",
    ),
    Safeguard(
        "restored-no-receipt",
        "a restored node gives no receipts before it is recovered",
        without(receipting, "give_receipt", ("if recovery.restored(store):", "if False:")),
        f"{HUB}test_a_restored_hub_serves_no_logs_before_it_is_recovered",
    ),
    Safeguard(
        "frozen-signs-nothing",
        "a log with two branches is signed no more",
        without(ownlog.OwnLog, "seal", ("if log.frozen:", "if False:")),
        f"{OUTLET}test_a_recovery_that_finds_two_branches_freezes_the_own_log_with_evidence",
    ),
    Safeguard(
        "every-parent",
        "every parent answers before a recovered node signs",
        without(
            recovering,
            "_ask",
            (
                'raise NotAnswered(parent.origin, f"{type(error).__name__}: {error}") from error',
                "return Shown(Client(channel, parent.origin, deadline), None)",
            ),
        ),
        f"{OUTLET}test_every_parent_must_answer_before_anything_is_signed",
        also="NeedsRecovery",
    ),
    Safeguard(
        "other-parents-asked",
        "what another parent holds is asked before anything new is signed",
        put(recovering, "is_behind", lambda *given: False),
        f"{OUTLET}test_a_snapshot_is_not_signed_on_after_a_parent_with_less_while_another_has_more",
    ),
    Safeguard(
        "recovery-proof",
        "a package of the own log leads to a head of ours",
        put(recovery.proof, "check_subtree", passes),
        f"{SYNC}test_a_package_that_does_not_lead_to_the_head_changes_nothing",
    ),
    Safeguard(
        "recovery-fork",
        "what is signed here is not replaced by another branch",
        without(recovery, "take", ("if is_fork:", "if False:"), ("if not is_fork:", "if True:")),
        f"{SYNC}test_another_branch_than_what_is_signed_freezes_the_log_and_replaces_nothing",
        also="NotAllowed",
    ),
    Safeguard(
        "recovery-parts",
        "a part that comes back opens what the entry commits to",
        without(recovery, "_add_parts", ("committer.opens(stated[name][1], stated[name][0], content)", "True")),
        f"{SYNC}test_a_part_that_does_not_open_is_dropped_and_wanted",
    ),
    Safeguard(
        "recovery-queue",
        "what waits for a seal is set aside, not overwritten",
        without(
            aside,
            "set_aside",
            ("for index, raw in enumerate(bundles.entries(first, last), first):", "for index, raw in ():"),
        ),
        f"{OUTLET}test_a_node_put_back_gets_back_what_its_parent_has_and_adds_what_it_queued[log.db]",
    ),
    Safeguard(
        "settle-complete",
        "nothing is signed behind a head whose entries are not all here",
        without(recovery, "settle", ("if not is_promised(store, end):", "if False:")),
        f"{SYNC}test_nothing_is_settled_before_all_that_was_signed_is_here",
    ),
    Safeguard(
        "rejoined-waits",
        "who joins again asks every parent, not the first one alone",
        put(rejoining, "waits_for_person", lambda node: False),
        "tests/node/test_rejoining.py::test_an_alliance_that_holds_more_is_asked_once_it_is_joined_again",
    ),
    Safeguard(
        "backup-checked",
        "a backup is compared with its manifest before it replaces anything",
        put(backup, "check", passes),
        f"{BACKUP}test_a_backup_that_is_not_whole_changes_nothing[a bit]",
    ),
    Safeguard(
        "backup-names",
        "a manifest names nothing outside of the home, and no key",
        put(backup, "_check_names", passes),
        f"{BACKUP}test_a_backup_that_is_not_whole_changes_nothing[a key]",
    ),
    Safeguard(
        "restore-pending",
        "a home that is half restored is not used",
        put(restoring, "check_whole", passes),
        f"{BACKUP}test_a_crash_at_any_file_leaves_a_home_that_is_refused_until_it_is_restored[3]",
    ),
    Safeguard(
        "restored-epoch",
        "a restored node is known as another one",
        without(restoring, "_mark", ('store.set_meta("epoch", os.urandom(16))', "pass")),
        f"{BACKUP}test_a_restored_home_has_what_the_backup_has_signs_nothing_and_is_another_epoch",
    ),
]
