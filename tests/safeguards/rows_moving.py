"""Safeguards of a node that the hub has moved: whom it believes on its way, and who still speaks of it; and of the
doors that stay shut for who is not active.
"""

from node import arrival, asking, reconcile_door
from sync import greeting, registry, service
from tests.safeguards.switch import Safeguard, both, put, without

ARRIVAL = "tests/node/test_arrival.py::"
IMPOSTOR = f"{ARRIVAL}test_who_answers_there_and_is_not_whom_the_hub_named_gets_nothing"

ROWS = [
    Safeguard(
        "moved-fingerprint",
        "who answers at the new home's address has the authority that the hub's word names",
        both(
            without(asking, "door_at", ("sha256(der).digest() != expected", "False")),
            without(arrival, "arrive", ("door.parent != move.home", "False")),
        ),
        IMPOSTOR,
    ),
    Safeguard(
        "moved-home",
        "the authority that the hub's word names is the new home's own",
        without(arrival, "arrive", ("door.parent != move.home", "False")),
        IMPOSTOR,
    ),
    Safeguard(
        "moved-unlisted",
        "the home before has no row on a moved node in its manifests",
        without(registry.Registry, "children", ("not self._is_gone(one.origin)", "True")),
        f"{ARRIVAL}test_no_manifest_of_the_city_before_names_it_and_nobody_is_alarmed_for_it",
    ),
    Safeguard(
        "moved-proof",
        "an alliance takes nothing of a moved member before its new home's word is proved",
        put(greeting, "moved", lambda call, proofs: ""),
        f"{ARRIVAL}test_a_moved_node_arrives_by_itself_and_its_alliance_takes_its_new_registration_by_proof",
    ),
    Safeguard(
        "revoked-compared",
        "who is not active compares no catalogues",
        without(reconcile_door.ReconcileService, "_call", ("call.registry.check_caller(child)", "pass")),
        "tests/node/test_reconciling.py::"
        "test_a_suspended_and_a_revoked_child_are_refused_at_this_door_too_whatever_they_ask",
    ),
    Safeguard(
        "revoked-fetching",
        "status is read before every package that goes down",
        without(service.SyncService, "GetEntries", ("call.registry.check_reader(call.path)", "pass")),
        "tests/sync/test_session.py::test_a_child_revoked_in_the_middle_of_what_it_fetches_gets_no_further_package",
    ),
]
