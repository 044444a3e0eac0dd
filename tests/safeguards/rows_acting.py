"""Safeguards of roles and acts."""

from node import acting, roles
from node.submissions import Submitting
from tests.safeguards.switch import Safeguard, passes, put, without

ROWS = [
    Safeguard(
        "role",
        "a command is given by those whose role reaches for it",
        put(roles, "check", passes),
        "tests/node/test_acting.py::test_whose_role_does_not_reach_changes_nothing[observer]",
    ),
    Safeguard(
        "act-sealed",
        "who did what is read at the node itself alone",
        without(acting, "entry_for", ("[(sealed.audience(node.origin), body)]", '[("federation", text)]')),
        "tests/node/test_acting.py::"
        "test_what_an_operator_did_stands_in_the_log_under_the_name_and_nobody_else_reads_it",
    ),
    Safeguard(
        "act-in-front",
        "no record is filed without who filed it",
        without(Submitting, "_file", ("[self._act, *entries]", "entries")),
        "tests/node/test_submissions.py::test_who_imported_what_stands_in_front_of_it_once_an_import",
    ),
]
