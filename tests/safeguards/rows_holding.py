"""Safeguards of the brake on imports."""

from node import holding, intake
from tests.safeguards.switch import Safeguard, put, without

HELD = "tests/node/test_held_imports.py::"

ROWS = [
    Safeguard(
        "brake-import",
        "a file that changes too large a share of the own live rights waits",
        without(holding, "hold", ("found.changed < LEAST or", "True or")),
        HELD + "test_a_file_that_changes_too_much_waits_and_the_rest_of_it_is_filed",
    ),
    Safeguard(
        "brake-import-window",
        "many small files of seven days are one large one",
        without(holding, "measure", ("records |= brake.changed_rights", "_ = brake.changed_rights")),
        HELD + "test_many_small_files_of_seven_days_count_together[1.0-10]",
    ),
    Safeguard(
        "brake-import-again",
        "what waits once is not let through because the import is repeated",
        without(intake, "_held", ("under_way.notebook.waiting_import(digest, recipe, under_way.number)", "0")),
        HELD + "test_a_crash_while_it_is_held_leaves_one_hold_and_the_same_again[close_submission-False]",
    ),
    Safeguard(
        "brake-import-copy",
        "a person lets through the very file that was held",
        put(holding, "is_whole", lambda home, digest: True),
        HELD + "test_a_damaged_copy_is_not_taken_in",
    ),
    Safeguard(
        "brake-import-since",
        "what was changed since a file was held is not changed back",
        without(intake, "take", ("or released.submission, 0", "or 0, 0")),
        HELD + "test_what_was_changed_since_it_came_is_left_alone",
    ),
]
