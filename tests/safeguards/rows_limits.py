"""Safeguards of limits of one call."""

from sync import arriving, bundles, client, greeting, package
from tests.safeguards.switch import Safeguard, put, without

REFUSALS = "tests/sync/test_refusals.py::"
PARTS_DOWN = "tests/sync/test_parts_down.py::"
SESSION = "tests/sync/test_session.py::"
SYNC = "tests/sync/"


ROWS = [
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
]
