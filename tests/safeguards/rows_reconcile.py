"""Safeguards of comparing catalogues, and of the brake."""

from catalog import brake, mending
from node import node, reconcile_door, verdicts
from sync.called import Call
from tests.safeguards.switch import Safeguard, put, without

RECONCILING = "tests/node/test_reconciling.py::"
BRAKE = "tests/catalog/test_brake.py::"
HOLDS = "tests/node/test_holds.py::"
ROWS = [
    Safeguard(
        "compared-may-see",
        "digests and rows are of parts that both sides may see",
        without(node, "shared", ("registry.me, other", "registry.me")),
        RECONCILING + "test_what_the_parent_may_not_see_is_not_compared",
    ),
    Safeguard(
        "compared-logs",
        "a child compares logs that it may fetch or bring, and no others",
        put(Call, "log_to_fetch", lambda self, origin: self.log(origin)),
        RECONCILING + "test_a_child_hears_nothing_of_logs_that_it_may_not_have",
    ),
    Safeguard(
        "compared-listed",
        "no more than few rows of a node are listed",
        without(reconcile_door.ReconcileService, "Rows", ("> LIST_ROWS", "> 10**9")),
        RECONCILING + "test_what_is_asked_for_is_read_strictly",
    ),
    Safeguard(
        "mended-when-wrong",
        "only rows that are not what the log says are taken up again",
        without(mending._Check, "wrong", ("for id, *_said in now ^ had", "for id, *_said in now | had")),
        "tests/catalog/test_mending.py::test_what_is_right_is_left_alone",
    ),
    Safeguard(
        "brake",
        "what changes too large a share of live rights waits",
        without(brake, "_held", ("changed < LEAST or", "True or")),
        BRAKE + "test_a_mass_withdrawal_waits_whole_and_others_go_on",
    ),
    Safeguard(
        "brake-window",
        "a share that is too large over seven days waits as well",
        without(brake, "_held", ("len(withdraws) + before", "len(withdraws)")),
        BRAKE + "test_what_was_changed_within_seven_days_counts_with_it[1-True]",
    ),
    Safeguard(
        "brake-own-word",
        "the brake is released by this node's own people alone",
        without(brake, "released", ("and id >= ? and id < ?", "and id + ? > 0 and ? > 0")),
        BRAKE + "test_who_is_not_this_node_lets_nothing_through",
    ),
    Safeguard(
        "held-not-judged",
        "an origin is not told that entries are judged that wait",
        put(verdicts, "_held", lambda opened, found: {}),
        HOLDS + "test_nothing_that_waits_counts_as_judged",
    ),
]
