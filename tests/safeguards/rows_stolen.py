"""Safeguards of keys that were stolen, and of logs that go on from another."""

from catalog.catalogue import Catalogue
from node import enrolment, membership, quarantine, replacing, requests, stolen, succeeding
from sync import mirror
from tests.safeguards.switch import Safeguard, passes, put, without

STOLEN = "tests/node/test_stolen.py::"
SUCCEEDING = "tests/node/test_succeeding.py::"
OVERTAKEN = "tests/sync/test_overtaken.py::"

ROWS = [
    Safeguard(
        "taken-back-by-home",
        "only the home takes keys back",
        without(stolen, "check", ("if known.home != opened.node.origin:", "if False:")),
        f"{STOLEN}test_only_the_home_takes_keys_back_up_to_a_head_that_it_holds",
    ),
    Safeguard(
        "taken-back-recorded",
        "keys are good up to a head that is held",
        without(stolen, "check", ("if size not in sizes:", "if False:")),
        f"{STOLEN}test_only_the_home_takes_keys_back_up_to_a_head_that_it_holds",
    ),
    Safeguard(
        "taken-back-not-resumed",
        "stolen keys are not resumed",
        without(membership, "check", ("found.reason == stolen.TAKEN_BACK", "False")),
        f"{STOLEN}test_the_home_takes_keys_back_and_everybody_says_so",
    ),
    Safeguard(
        "taken-back-way",
        "new keys do not go on with a log that more was signed for",
        without(replacing, "check", ("stolen.way(opened, origin) == stolen.SUCCEED", "False")),
        f"{STOLEN}test_what_the_thief_had_signed_for_is_not_proved",
    ),
    Safeguard(
        "new-keys-sign-nothing",
        "new keys in an old home sign nothing before it is recovered",
        put(enrolment.rejoining, "sign_nothing", passes),
        f"{STOLEN}test_the_thief_signs_nothing_that_counts_and_the_owner_goes_on",
    ),
    Safeguard(
        "overtaken-signed-for",
        "what somebody signed for is never dropped",
        without(
            mirror,
            "drop_overtaken",
            ("or not log.stored <= good < log.next_entry:", "or not good < log.next_entry:"),
            ("if log.stored <= good < log.next_entry and", "if good < log.next_entry and"),
        ),
        f"{OVERTAKEN}test_what_was_signed_for_stays",
    ),
    Safeguard(
        "overtaken-by-new-keys",
        "what new keys brought is never dropped",
        without(mirror, "drop_overtaken", ("not later and ", "")),
        f"{OVERTAKEN}test_what_new_keys_brought_stays",
    ),
    Safeguard(
        "succeeded-by-home",
        "only the home ends a log",
        without(succeeding, "check", ("if known.home != opened.node.origin:", "if False:")),
        f"{SUCCEEDING}test_only_a_home_ends_the_log_of_one_without_nodes_below",
        also="IndexError",
    ),
    Safeguard(
        "succeeded-without-nodes",
        "no log takes the place of one that others are named after",
        without(succeeding, "check", ("if known.node.role not in _ROLES:", "if False:")),
        f"{SUCCEEDING}test_only_a_home_ends_the_log_of_one_without_nodes_below",
    ),
    Safeguard(
        "succeeded-confirmed",
        "nobody joins under the name of a successor without the hub's word",
        put(requests.succeeding, "check_confirmed", passes),
        f"{SUCCEEDING}test_a_forked_log_ends_and_another_one_goes_on",
        also="NotAllowed",
    ),
    Safeguard(
        "succeeded-not-resumed",
        "a log that ended is not resumed",
        without(membership, "check", ("found.reason == succeeding.SUCCEEDED and", "False and")),
        f"{SUCCEEDING}test_only_a_home_ends_the_log_of_one_without_nodes_below",
    ),
    Safeguard(
        "genesis-follows",
        "a log goes on from what the hub confirmed",
        without(mirror, "_check_genesis", ("if (genesis.old, genesis.size, genesis.root) !=", "if False and () !=")),
        "tests/sync/test_following.py::test_from_any_other_log_or_place_it_is_refused",
    ),
    Safeguard(
        "one-contributor",
        "logs that go on from one another speak for one contributor",
        put(Catalogue, "lines", lambda catalogue: {}),
        "tests/catalog/test_lines.py::test_what_the_next_log_states_takes_the_place_of_what_the_one_before_stated",
    ),
    Safeguard(
        "thief-kept-out",
        "what stolen keys filed is in no catalogue",
        put(quarantine, "keep_behind", lambda node, origin, first, person, reason: 2),
        f"{STOLEN}test_what_the_thief_filed_is_kept_out_of_every_catalogue",
    ),
]
