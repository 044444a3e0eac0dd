"""Safeguards of what is erased and of what a recovery moves: places in the own log, files that left."""

from node import erasures, exporting, feeds, handouts, lookups, reconcile_door, recovering, relay
from node import node as nodes
from sync import aside, erasing, shifted
from tests.safeguards.switch import Safeguard, passes, put, without

SHIFTED = "tests/sync/test_shifted.py::"
MOVED = f"{SHIFTED}test_after_a_recovery_wishes_grants_and_tombstones_name_the_queued_records_where_they_are[False]"
HANDOUTS = "tests/node/test_handouts.py::"

REPLAYING = "tests/node/test_replaying.py::"
CITY_FORGETS = f"{REPLAYING}test_a_restored_city_forgets_what_was_erased_since_before_its_doors_answer"
HUB_FORGETS = (
    f"{REPLAYING}test_a_restored_hub_forgets_before_it_serves_and_answers_searches_once_its_catalogue_is_clear"
)

ROWS = [
    Safeguard(
        "queue-names",
        "what is queued names other queued entries where they stand after a recovery",
        put(shifted, "_said", lambda statement, me, batch: iter([statement])),
        MOVED,
    ),
    Safeguard(
        "queue-grants",
        "a grant across what came back is of the same entries, not of those between",
        put(shifted, "_granted", lambda one, batch: iter([one])),
        f"{SHIFTED}test_no_entry_is_granted_that_was_not_and_none_less",
    ),
    Safeguard(
        "queue-batches",
        "what was set aside later is not moved by what was set aside before",
        put(aside, "groupby", lambda kept, of: [(batch, kept) for batch in {of(one) for one in kept}]),
        f"{SHIFTED}test_each_batch_is_moved_by_itself",
    ),
    Safeguard(
        "queue-tombstones",
        "a tombstone follows the queued entry that it stands for",
        without(aside, "set_aside", ('db.execute(f"delete {stones}", span)', "pass")),
        MOVED,
    ),
    Safeguard(
        "erase-signed-alone",
        "what others want erased of the own log is never what waits for a seal",
        put(erasing, "_signed", lambda logs, id: 2**62),
        f"{SHIFTED}test_what_others_say_of_the_own_log_is_about_what_was_signed",
    ),
    Safeguard(
        "erase-handouts",
        "what was exported of an erased part goes from the outbox, or is named",
        put(erasures, "_take_back", passes),
        f"{HANDOUTS}test_an_export_that_held_it_goes_from_the_outbox_and_is_named_where_it_went_elsewhere",
    ),
    Safeguard(
        "handout-noted-first",
        "an export is noted before it is in its place",
        put(exporting.handouts, "note_places", passes),
        f"{HANDOUTS}test_a_file_is_noted_before_it_is_in_its_place[node.home.sync_directory]",
    ),
    Safeguard(
        "handout-evidence",
        "evidence is noted with what it holds",
        put(lookups.handouts, "note", passes),
        f"{HANDOUTS}test_whoever_hears_of_it_by_the_log_clears_its_own_outbox",
    ),
    Safeguard(
        "handout-changed",
        "a file that a person has changed is not deleted",
        without(handouts, "_left", ('state == THERE and one.sha256 != ""', "True")),
        f"{HANDOUTS}test_a_file_that_a_person_changed_is_named_and_stays",
    ),
    Safeguard(
        "restored-hears",
        "a restored node hears the newest word from above before it serves",
        put(recovering, "_hear", passes),
        f"{CITY_FORGETS}[ip.gd.example]",
    ),
    Safeguard(
        "restored-forgets",
        "a restored node clears what was erased before it serves",
        without(recovering, "recover", ("erasures.follow_up(node)", "pass")),
        f"{CITY_FORGETS}[ip.gd.example]",
    ),
    Safeguard(
        "restored-hub-forgets",
        "a restored hub forgets what was erased before it serves its logs",
        without(nodes.Opened, "seal_as_hub", ("erasing.obey(self.store, self.registry)", "pass")),
        f"{HUB_FORGETS}[ip.gd.example]",
    ),
    Safeguard(
        "restored-search",
        "a restored node answers no searches before its catalogue is clear",
        without(relay.SearchService, "_view", ("recovery.check_replayed(opened.store, self._node.origin)", "pass")),
        f"{HUB_FORGETS}[ip.gd.example]",
    ),
    Safeguard(
        "restored-reconcile",
        "a restored node compares no catalogues before its own is clear",
        without(
            reconcile_door.ReconcileService,
            "_call",
            ("recovery.check_replayed(call.store, self._node.origin)", "pass"),
        ),
        f"{REPLAYING}test_comparing_catalogues_is_refused_as_long",
    ),
    Safeguard(
        "feed-forgets",
        "a feed forgets as well, and says so",
        without(feeds, "sync", ("erasures.follow_up(feed)", "pass")),
        "tests/node/test_erasures.py::test_a_feed_forgets_what_its_node_wants_forgotten_and_says_so",
    ),
]
