"""Safeguards of the doors: who may call, and who is let in."""

from node import admission, doors, registering
from node.invitation_book import InvitationBook
from sync import arriving, called, registry, service
from sync.statements import Statements
from tests.safeguards.switch import Safeguard, put, without

REFUSALS = "tests/sync/test_refusals.py::"
SESSION = "tests/sync/test_session.py::"
SYNC = "tests/sync/"
NODE = "tests/node/"
SIBLING = "ip.gd.example/gz/scut-ip.gd.example/gz-ip.gd.example/gz/giants-NotAllowed-not-of-this-path-bring_nothing"


ROWS = [
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
        without(Statements, "_stated", ("in sorted(found)", "in sorted(found, reverse=True)")),
        f"{SYNC}test_registry.py::test_an_older_introduction_does_not_bring_back",
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
]
