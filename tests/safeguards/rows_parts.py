"""Safeguards of parts: who is given them, and what is kept of them."""

from sync import bringing, called, entry, fetching, mirror, rights, sealed, service
from tests.safeguards.switch import Safeguard, put, without

REFUSALS = "tests/sync/test_refusals.py::"
PARTS_DOWN = "tests/sync/test_parts_down.py::"
SYNC = "tests/sync/"


ROWS = [
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
]
