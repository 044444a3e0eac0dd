"""Safeguards of what one child may bring."""

from sync import pulling, quota
from tests.safeguards.switch import Safeguard, passes, put

LIMITS = "tests/sync/test_limits.py::"

ROWS = [
    Safeguard(
        "quota",
        "a child brings no more in a day than its parent allows",
        put(quota.Meter, "check", passes),
        f"{LIMITS}test_a_child_over_its_quota_is_told_when_to_come_back_and_nothing_is_lost[entries]",
    ),
    Safeguard(
        "heads-a-day",
        "a log shows a few heads a day",
        put(quota.Meter, "check", passes),
        f"{LIMITS}test_a_log_that_shows_a_head_for_every_entry_waits_and_other_logs_do_not",
    ),
    Safeguard(
        "floor-down",
        "a child with a full disk takes nothing from above",
        put(pulling, "check_room", passes),
        f"{LIMITS}test_under_the_floor_of_the_disk_nothing_more_is_taken[a log from above]",
    ),
]
