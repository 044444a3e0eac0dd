"""Safeguards of asking, joining, leaving and moving."""

from node import admission, membership, registering, relay, request_book, requests
from tests.safeguards.switch import Safeguard, passes, put, without

ASKING = "tests/node/test_asking.py::"
MEMBERSHIP = "tests/node/test_membership.py::"

ROWS = [
    Safeguard(
        "ask-binds-fields",
        "nothing of a request can be exchanged behind its signatures",
        put(registering, "check_signed", passes),
        f"{ASKING}test_nothing_of_a_request_can_be_exchanged[contact]",
    ),
    Safeguard(
        "ask-waits",
        "who asks waits for a person",
        put(requests, "_may_pass", lambda *_of: True),
        f"{ASKING}test_who_asks_waits_until_a_person_approves_and_is_let_in_with_the_same_keys[fingerprint]",
    ),
    Safeguard(
        "ask-name-taken",
        "nobody is approved under a name that others hold",
        without(
            requests,
            "_let_in",
            ("registering.key_set(held.node) != registering.key_set(known)", "False"),
            ("held.node if held else known", "known"),
        ),
        f"{ASKING}test_whoever_claims_a_registered_name_is_seen_and_not_approved",
        also="NotAllowed",
    ),
    Safeguard(
        "ask-automatic-limits",
        "approval by itself needs an invitation of ours",
        without(requests, "_may_pass", ("or not found.token_hash", "")),
        f"{ASKING}test_approval_by_itself_needs_an_invitation_no_conflict_and_keeps_a_limit",
    ),
    Safeguard(
        "ask-room",
        "requests leave room for others",
        put(request_book, "_check_room", passes),
        f"{ASKING}test_requests_have_room_for_others",
    ),
    Safeguard(
        "register-keeps-keys",
        "an invitation replaces the keys of nobody",
        without(registering, "register", ("key_set(known.node) != key_set(asked)", "False")),
        f"{ASKING}test_an_invitation_replaces_the_keys_of_nobody",
    ),
    Safeguard(
        "leave-by-member",
        "only the member itself leaves",
        put(admission.EnrolService, "_check_by_log_keys", passes),
        f"{MEMBERSHIP}test_only_the_member_itself_leaves_and_only_an_alliance",
    ),
    Safeguard(
        "revoked-stays",
        "what is revoked is not resumed",
        put(membership, "_FROM", dict.fromkeys(membership._FROM, ("active", "suspended", "revoked"))),
        f"{MEMBERSHIP}test_what_is_said_already_is_not_said_again_and_what_is_revoked_stays_so",
    ),
    Safeguard(
        "revoked-search",
        "a revoked node is not answered at the search door",
        without(relay.SearchService, "_view", ("registry.check_caller(child)", "pass")),
        f"{MEMBERSHIP}test_a_revoked_node_is_refused_at_every_door_at_once",
    ),
    Safeguard(
        "move-proved",
        "a new home takes no other registration than the hub confirmed",
        without(
            admission.EnrolService,
            "_register",
            ("moving.registration(opened, asked, registration)", "None"),
        ),
        "tests/node/test_moving.py::test_the_new_home_takes_no_other_registration_than_the_hub_confirmed",
    ),
]
