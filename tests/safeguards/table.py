"""Every safeguard by name: how it is switched off from outside, and the test that must notice."""

import importlib
import pkgutil
import time

import node.exporting
import tests.safeguards
from catalog import answers, composing, decisions, exporting, showing, standing, statements, views
from node import admission, doors, harvest, inbox, registering, report, repository, roles
from node.invitation_book import InvitationBook
from records import audience, licence, schema_rules, splitting
from records.writers import comma_separated
from records.xml import archive, limits, prolog
from sync import (
    arriving,
    bringing,
    bundles,
    called,
    chain,
    client,
    entry,
    evidence,
    federation,
    fetching,
    greeting,
    head,
    keys,
    lock,
    mirror,
    note,
    ownlog,
    package,
    presence,
    proof,
    registry,
    rights,
    sealed,
    service,
    session,
    store,
)
from sync.statements import Statements
from tests.safeguards.switch import Safeguard, both, passes, power_cut_safe_no_more, put, unsigned, without

REFUSALS = "tests/sync/test_refusals.py::"
CHANGED = REFUSALS + "test_what_a_child_changes_is_refused_and_nothing_of_it_is_stored"
PARTS_DOWN = "tests/sync/test_parts_down.py::"
SESSION = "tests/sync/test_session.py::"
SYNC = "tests/sync/"
NODE = "tests/node/"
DECISIONS = "tests/catalog/test_decisions.py::"
RECORDS = "tests/records/"
XML = "tests/records/xml/"
EVIDENCE = "tests/safeguards/test_evidence_steps.py::"
SIBLING = "ip.gd.example/gz/scut-ip.gd.example/gz-ip.gd.example/gz/giants-NotAllowed-not-of-this-path-bring_nothing"


TABLE = [
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
    # -- parts and audiences
    Safeguard(
        "commitment",
        "a part is what its entry committed to",
        without(mirror, "_sorted_parts", (" or not committer.opens(stated[1], stated[0], content)", "")),
        f"{REFUSALS}test_a_bad_part_is_dropped_stays_wanted_and_comes_later",
    ),
    Safeguard(
        "commitment-later",
        "a part that comes later is what its entry committed to",
        without(mirror, "take_parts", ("if committer.opens(commitment, audience, content):", "if True:")),
        f"{REFUSALS}test_a_wanted_part_that_is_wrong_is_dropped_and_stays_wanted",
    ),
    Safeguard(
        "commitment-binds",
        "nobody passes off another's part",
        put(entry.Committer, "commit", lambda self, audience, content: entry.sha256(content).digest()),
        f"{SYNC}test_entry.py",
    ),
    Safeguard(
        "audience-up",
        "parts are sent to whom they are for",
        without(bringing.Bringing, "_frames", ("sees(end.origin, self.client.parent)", "sees(end.origin)")),
        f"{REFUSALS}test_a_part_for_others_does_not_leave_the_outlet",
    ),
    Safeguard(
        "audience-down",
        "parts are served to whom they are for",
        without(service.SyncService, "GetEntries", ("call.may_see(request.origin)", "(lambda audience, index: True)")),
        f"{REFUSALS}test_a_path_part_is_not_served_downwards",
    ),
    Safeguard(
        "audience-taking",
        "an undue part is not kept",
        without(called.Call, "may_hold", ("sees(origin, self.serving.me)", "sees(origin)")),
        f"{REFUSALS}test_a_part_that_is_not_due_here_is_dropped",
    ),
    Safeguard(
        "sealed-binds",
        "a sealed text opens in its own log only",
        put(sealed, "_info", lambda federation_id, author, reader: b""),
        f"{SYNC}test_sealed.py::test_it_opens_nowhere_else",
    ),
    Safeguard(
        "sealed-relays",
        "what is sealed for a node goes to it and those above it",
        without(rights.Rights, "_sealed", ("if relays", "if True")),
        f"{SYNC}test_rights.py::test_who_may_see_a_part_of_the_outlets_log",
    ),
    Safeguard(
        "parts-audience",
        "parts asked for by name are served to whom they are for",
        without(service.SyncService, "GetParts", ("call.may_see(request.origin)", "(lambda audience, index: True)")),
        f"{PARTS_DOWN}test_parts_for_others_are_not_served",
    ),
    Safeguard(
        "parts-above",
        "parts of logs above alone are served",
        without(called.Call, "log_to_fetch", ("self.registry.check_bringer(self.path, origin)", "pass")),
        f"{PARTS_DOWN}test_logs_that_are_not_above_are_not_served",
    ),
    Safeguard(
        "parts-sealed",
        "parts of entries under no head are not served",
        without(service.SyncService, "GetParts", ("held.stored,", "held.next_entry,")),
        f"{PARTS_DOWN}test_what_is_not_sealed_yet_is_not_served",
    ),
    Safeguard(
        "parts-asked",
        "what comes unasked is not kept",
        without(fetching.Fetching, "_asked", (" if name in asked}", "}")),
        f"{PARTS_DOWN}test_what_a_parent_sends_else_is_not_kept[unasked]",
    ),
    Safeguard(
        "lost-part",
        "a part that did not come stays wanted",
        without(mirror, "take", ("bundles.want(wanted)", "pass")),
        f"{REFUSALS}test_a_bad_part_is_dropped_stays_wanted_and_comes_later",
    ),
    # -- who may
    Safeguard(
        "certificate",
        "the door wants a certificate of our authority",
        without(
            doors,
            "_credentials",
            ("require_client_authentication=asks_for_certificate", "require_client_authentication=False"),
        ),
        f"{NODE}test_doors.py::test_no_certificate_a_foreign_or_an_ended_one_opens_nothing",
    ),
    Safeguard(
        "peer",
        "who calls is read from the certificate",
        put(doors, "peer", lambda context: "ip.gd.example/gz/giants"),
        f"{NODE}test_doors.py::test_the_right_certificate_opens_the_sync_door_and_says_who_calls",
    ),
    Safeguard(
        "bringer",
        "a log comes by its own path only",
        without(registry.Registry, "check_bringer", ("if path == name or self.home(name) == path:", "if True:")),
        f"{REFUSALS}test_a_log_that_is_not_the_callers_to_bring_is_refused[{SIBLING}]",
    ),
    Safeguard(
        "above-only",
        "only logs above are served",
        without(called.Call, "log_to_fetch", ("self.registry.check_bringer(self.path, origin)", "pass")),
        f"{REFUSALS}test_a_log_that_the_parent_does_not_mirror_above_is_not_served",
    ),
    Safeguard(
        "status-hello",
        "a suspended child is told at hello",
        without(service.SyncService, "Hello", ("call.registry.check_caller(call.path)", "pass")),
        f"{SESSION}test_a_child_that_is_not_active_is_told_so_at_hello_and_goes_on_when_it_is",
    ),
    Safeguard(
        "status-package",
        "status is read before every package",
        without(
            arriving,
            "_take",
            ("registered = call.check_bringer(origin)\n        call.check_room()", "call.check_room()"),
        ),
        f"{SESSION}test_a_child_suspended_in_the_middle_of_an_upload_sends_no_further_package",
    ),
    Safeguard(
        "home-rule",
        "only the home speaks for an origin",
        without(
            Statements,
            "in_log",
            (
                "log = self._store.log(log_origin)",
                "log = max(self._store.logs(), key=lambda one: one.origin == 'ip.gd.example/sz')",
            ),
        ),
        f"{SYNC}test_registry.py::test_only_the_home_speaks_for_an_origin",
        also="UnknownOrigin",
    ),
    Safeguard(
        "role-rule",
        "a home gives only the roles below its own",
        without(
            registry.Registry,
            "role",
            (
                "found.node.role if found and found.node.role in control.BELOW.get(role, ()) else",
                "found.node.role if found else",
            ),
        ),
        f"{SYNC}test_registry.py::test_a_role_that_its_home_may_not_give_is_none",
    ),
    Safeguard(
        "member-rule",
        "a membership that ended closes that path",
        without(registry.Registry, "check_caller", ('member.status != "active"', "False")),
        f"{SESSION}test_a_membership_that_is_suspended_closes_that_path_only",
    ),
    Safeguard(
        "introduction",
        "an older introduction does not bring back",
        without(Statements, "said", ("in sorted(found)", "in sorted(found, reverse=True)")),
        f"{SYNC}test_registry.py::test_an_older_introduction_does_not_bring_back",
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
        without(mirror, "give_receipt", (" or Bundles(store, log).root(end.size) != end.root", "")),
        f"{SYNC}test_mirror_parts.py::test_a_root_that_our_own_leaves_do_not_give_gets_none",
    ),
    Safeguard(
        "smaller-receipt",
        "a smaller head never gets a receipt",
        without(mirror, "give_receipt", ("end.size < log.stored or ", ""), ("held.size > end.size:", "False:")),
        f"{SYNC}test_mirror_parts.py::test_a_smaller_head_never_gets_one",
    ),
    Safeguard(
        "receipt-continues",
        "a receipt continues what was signed last",
        without(mirror, "give_receipt", ("Bundles(store, log).root(held.size) != held.root:", "False:")),
        f"{SYNC}test_mirror.py::test_no_receipt_continues_another_branch_than_the_last_one",
    ),
    Safeguard(
        "receipt-after-storing",
        "a receipt's time is read once its entries are stored",
        without(
            mirror,
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
    # -- limits
    Safeguard(
        "bomb",
        "what a frame declares is bounded",
        without(
            package,
            "_inflated",
            ("if not 0 <= declared <= min(MAX_CONTENT_BYTES, MAX_RATIO * len(content)):", "if False:"),
        ),
        f"{SYNC}test_package.py::test_a_bomb_is_refused_before_it_is_inflated",
    ),
    Safeguard(
        "unacknowledged",
        "at most 8 packages are under way",
        put(client, "MAX_UNACKNOWLEDGED", 1000),
        f"{SESSION}test_at_most_8_packages_are_unacknowledged",
    ),
    Safeguard(
        "parts-a-call",
        "a child asks for 1,000 parts at once",
        put(greeting, "MAX_WANTED_A_PAGE", 2**40),
        f"{PARTS_DOWN}test_a_list_of_over_1000_names_is_refused",
    ),
    Safeguard(
        "parts-bytes",
        "an answer with parts is bounded",
        without(bundles.Bundles, "serve", ("if size > max_bytes - entry.MAX_PART_BYTES:", "if False:")),
        f"{PARTS_DOWN}test_one_name_a_thousand_times_gets_4_mib_and_no_more",
        also="Unreachable",
    ),
    Safeguard(
        "packages-a-call",
        "a call ends after 32 packages",
        put(arriving, "MAX_PACKAGES_A_CALL", 2**40),
        f"{REFUSALS}test_a_call_of_more_than_32_packages_is_ended",
    ),
    # -- joining
    Safeguard(
        "token-once",
        "a token lets one set of keys in",
        without(InvitationBook, "use_invitation", ("if found.used_keys_hash != keys_hash:", "if False:")),
        f"{NODE}test_enrolment.py::test_the_same_keys_again_get_the_same_standing_and_other_keys_an_alarm",
        also="NotAllowed",
    ),
    Safeguard(
        "token-secret",
        "a token is known by its secret",
        without(
            InvitationBook,
            "find_invitation",
            ('"select * from invitation where secret_hash = ?", [secret_hash]', '"select * from invitation limit 1"'),
        ),
        f"{NODE}test_enrolment.py::test_a_token_ends_by_time_by_withdrawal_and_is_none_elsewhere",
        also="NotAllowed",
    ),
    Safeguard(
        "token-expiry",
        "a token ends",
        without(
            InvitationBook,
            "use_invitation",
            ('found.state == "expired" or found.expires <= now', "False"),
        ),
        f"{NODE}test_enrolment.py::test_a_token_ends_by_time_by_withdrawal_and_is_none_elsewhere",
    ),
    Safeguard(
        "join-signatures",
        "every registered key signs the request",
        without(registering, "check_signed", ("keys.verify_bytes(key, text, signature)", "pass")),
        f"{NODE}test_admission.py::test_a_request_that_its_keys_did_not_sign_uses_no_token",
    ),
    Safeguard(
        "join-home-keys",
        "an alliance takes keys from the home alone",
        without(
            registering,
            "check_introduced",
            ("key_set(registry.check_active(asked.origin).node) != key_set(asked)", "False"),
        ),
        f"{NODE}test_admission.py::test_an_alliance_takes_no_keys_from_the_joiner",
    ),
    Safeguard(
        "renewal-signatures",
        "a certificate is renewed by the log keys",
        without(admission.EnrolService, "_check_by_log_keys", ("keys.verify_bytes(key, text, signature)", "pass")),
        f"{NODE}test_enrolment.py::test_the_clock_must_be_near_and_the_keys_those_registered",
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
    # -- records
    Safeguard(
        "narrow-fields",
        "contacts and contract sums stay out of the parts that many see",
        put(audience, "_narrower", lambda kind: {}),
        f"{NODE}test_versions.py::test_a_field_that_is_narrower_is_left_out_of_the_wider_part",
    ),
    Safeguard(
        "unpublished",
        "what is not published goes no further than its path by itself",
        put(audience.view, "is_published", lambda fields, kind: True),
        f"{RECORDS}test_view.py::test_only_what_is_published_leaves_its_path",
    ),
    Safeguard(
        "terms",
        "what its source does not let leave stays",
        without(licence, "may_leave", ('limit == "yes" or over', "True")),
        f"{RECORDS}test_licence.py::test_a_limit_holds",
    ),
    Safeguard(
        "kind-form",
        "a published kind uses no more of JSON Schema than ours do",
        without(schema_rules, "_faults", ("in _form().iter_errors(schema)", "in ()")),
        f"{RECORDS}test_new_kinds.py::test_a_schema_that_is_not_usable_is_refused_with_the_reason",
    ),
    # -- what comes in
    Safeguard(
        "inbox-once",
        "a file of the inbox is filed once, though a crash came before it was moved",
        without(inbox.Inbox, "_settle_done", ("self.node.notebook.done_via(_via(item)) or ", "")),
        f"{NODE}test_inbox.py::test_a_crash_at_any_step_neither_loses_nor_doubles",
    ),
    Safeguard(
        "inbox-still",
        "a file that somebody still writes is left",
        put(inbox, "_is_written", lambda path: False),
        f"{NODE}test_inbox.py::test_a_file_that_still_grows_or_is_partial_is_left",
    ),
    Safeguard(
        "harvest-place",
        "a repository sends nobody to another place",
        put(repository, "_is_same_place", lambda url, target: True),
        f"{NODE}test_repository.py::test_only_a_redirect_within_the_same_place_is_followed",
    ),
    Safeguard(
        "harvest-bytes",
        "a page without end is cut off",
        without(repository._Client, "_read", ("if size > MAX_PAGE_BYTES:", "if False:")),
        f"{NODE}test_repository.py::test_a_page_without_end_is_cut_off",
    ),
    Safeguard(
        "harvest-doctype",
        "no document type of a page is read",
        without(repository._Client, "_strictly", ("if root.getroottree().docinfo.doctype:", "if False:")),
        f"{NODE}test_repository.py::test_a_page_that_is_no_answer_is_refused_with_its_bytes",
    ),
    Safeguard(
        "harvest-deleted",
        "what a repository has deleted stands here, and is told",
        without(harvest, "_report_deleted", ("node.notebook.add_late_findings(done.number, notes)", "pass")),
        f"{NODE}test_harvest.py::test_what_was_deleted_there_is_reported_and_stands_here",
    ),
    # -- what leaves as a file
    Safeguard(
        "export-view",
        "an export holds what its audience may see",
        put(node.exporting, "_VIEWS", {"open": views.FULL, "internal": views.FULL}),
        f"{NODE}test_exporting.py::test_what_is_not_meant_for_all_stays_here[ip.gd.example/gz]",
    ),
    Safeguard(
        "export-licence",
        "nothing of a statement that may not leave is in a file",
        without(exporting.Export, "_may_leave", ("if why:", "if False:")),
        "tests/catalog/test_exporting.py::test_no_field_of_a_statement_that_may_not_leave_remains",
    ),
    Safeguard(
        "csv-inert",
        "no spreadsheet runs a cell",
        put(comma_separated, "inert", lambda text: text),
        "tests/records/test_writers.py::test_no_cell_of_a_table_is_run",
    ),
    # -- files of XML
    Safeguard(
        "xml-dtd",
        "a DTD in a file declares images only",
        put(prolog, "_declaration", lambda data, place: (data.find(b">", place) + 1) or -1),
        f"{XML}test_prolog.py::test_any_other_declaration_is_refused",
    ),
    Safeguard(
        "xml-depth",
        "elements nest so deep",
        put(limits, "MAX_DEPTH", 10**9),
        f"{XML}test_documents.py::test_each_limit_is_held",
    ),
    Safeguard(
        "xml-size",
        "one record holds so much text",
        put(limits, "MAX_UNIT_CHARS", 10**12),
        f"{XML}test_documents.py::test_each_limit_is_held",
    ),
    Safeguard(
        "zip-names",
        "a member's name does not lead out of the archive",
        without(archive, "_judge", ('".." in parts', "False")),
        f"{XML}test_archive.py::test_a_member_that_is_not_read_is_listed_with_the_reason",
        also="ValueError",
    ),
    Safeguard(
        "zip-bombs",
        "a member unpacks to a multiple of itself at most",
        put(archive, "_is_bomb", lambda unpacked, packed: False),
        f"{XML}test_archive.py::test_a_member_that_is_not_read_is_listed_with_the_reason",
    ),
    Safeguard(
        "zip-links",
        "a link in an archive is not followed",
        without(archive, "_judge", ("stat.S_ISLNK(info.external_attr >> 16)", "False")),
        f"{XML}test_archive.py::test_a_link_and_an_encrypted_member_are_not_read",
    ),
    # -- verdicts and decisions
    Safeguard(
        "verdict-size",
        "an outlet inflates no more of a verdict than it declares, and no more than 4 MiB",
        without(answers, "_inflated", ("if not 0 < size <= MAX_OPENED_BYTES:", "if False:")),
        "tests/catalog/test_answers.py::test_a_frame_that_declares_more_than_an_outlet_opens_is_refused_unread",
    ),
    Safeguard(
        "verdict-places",
        "a verdict answers for entries that there are",
        without(answers, "indices", ("if end > last or count > most:", "if False:")),
        "tests/catalog/test_answers.py::test_runs_beyond_the_log_are_refused_before_they_are_counted[at2]",
    ),
    Safeguard(
        "decision-say",
        "nobody decides on records of another node's outlets",
        without(decisions, "_rank", ("return 1 if author == me else 0", "return 1")),
        f"{DECISIONS}test_the_hub_goes_before_the_home_and_an_alliance_counts_for_itself[said7-ip.example-False]",
    ),
    Safeguard(
        "decision-fixed",
        "nobody releases what the catalogue cannot use",
        put(decisions, "FIXED", frozenset()),
        f"{DECISIONS}test_what_cannot_be_used_is_not_released[filed1]",
    ),
    Safeguard(
        "decision-role",
        "who may look only decides nothing",
        put(roles, "check", passes),
        f"{NODE}test_quarantine.py::test_an_observer_or_somebody_unnamed_may_only_look[observer]",
    ),
    # -- what others wrote
    Safeguard(
        "verdict-swell",
        "a small verdict cannot become very much text",
        put(answers, "_check_told", passes),
        "tests/catalog/test_answers.py::test_a_verdict_that_becomes_very_much_text_is_refused_before_it_does[a-little]",
    ),
    Safeguard(
        "decision-places",
        "a decision is a bounded number of rows",
        put(statements, "MAX_PLACES", 1 << 20),
        f"{DECISIONS}test_a_decision_on_more_places_than_anybody_makes_decides_nothing[1-5001]",
    ),
    Safeguard(
        "hidden-numbers",
        "what is stated for others leads nobody to a record",
        without(showing, "find_key", ('f"views & {view} <> 0"', '"views & 7 <> 0"')),
        "tests/catalog/test_showing.py::test_a_number_that_is_stated_for_others_leads_to_nothing",
    ),
    Safeguard(
        "event-rank",
        "a stranger's event does not change the status of a right",
        put(standing, "speakers", lambda *_of: frozenset()),
        "tests/catalog/test_sources.py::test_a_stranger_does_not_end_the_right_of_somebody_else",
    ),
    Safeguard(
        "claim-rank",
        "who is shown and not merged claims no numbers",
        without(composing.Composer, "_counting", ("one.rank != merge.OTHER", "True")),
        "tests/catalog/test_sources.py::test_what_a_stranger_says_of_a_right_claims_no_number",
    ),
    Safeguard(
        "terminal",
        "what others wrote controls no terminal",
        put(report, "_lines", str),
        f"{NODE}test_frame.py::test_what_others_wrote_controls_no_terminal",
    ),
    Safeguard(
        "inbox-names",
        "no file's name stops the inbox",
        put(inbox, "_usable", str),
        f"{NODE}test_inbox.py::test_whatever_a_file_is_called_it_stops_no_other",
        also="UnicodeEncodeError",
    ),
    Safeguard(
        "json-depth",
        "JSON in a file is nested a little only",
        put(splitting, "MAX_DEPTH", 1 << 20),
        f"{RECORDS}readers/test_hostile.py::test_json_that_is_nested_deep",
    ),
]


for _module in sorted(pkgutil.iter_modules(tests.safeguards.__path__), key=lambda one: one.name):
    if _module.name.startswith("rows_"):  # each room beyond the first table brings its own rows
        TABLE += importlib.import_module(f"tests.safeguards.{_module.name}").ROWS


def find(name: str) -> Safeguard:
    (found,) = [one for one in TABLE if one.name == name]
    return found
