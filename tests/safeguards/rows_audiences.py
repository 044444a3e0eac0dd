"""Safeguards of who may see what, and of erasing."""

from catalog import applying
from node import erasures, explaining
from sync import erasing, rights, wants
from sync.bundles import Bundles
from tests.safeguards.switch import Safeguard, put, without

ROWS = [
    Safeguard(
        "path-since",
        "who comes above a node later sees its older path parts by a grant alone",
        without(rights.Rights, "_path", ("if asker == self.first_home(owner):", "if True:")),
        "tests/sync/test_rights.py::test_who_came_above_later_sees_what_it_was_granted",
    ),
    Safeguard(
        "grant-above",
        "a grant makes nobody an ancestor",
        without(rights.Rights, "right", ("if not registry.is_above(asker, owner):", "if False:")),
        "tests/sync/test_rights.py::test_who_came_above_later_sees_what_it_was_granted",
    ),
    Safeguard(
        "grant-newest",
        "of the grants from one entry on the newest counts",
        without(rights.Rights, "_granted", ("in self.grants(owner, asker)", "in reversed(self.grants(owner, asker))")),
        "tests/sync/test_rights.py::test_of_grants_from_one_index_on_the_newest_counts",
    ),
    Safeguard(
        "grant-owner",
        "the owner alone grants",
        without(rights.Rights, "grants", ("and log = ? and id < ?", "and ? and ?")),
        "tests/sync/test_rights.py::test_only_the_owner_grants",
    ),
    Safeguard(
        "grant-audience",
        "no grant opens a part that is sealed for a node, or for an audience that nobody knows",
        without(rights.Rights, "right", ('if kind == "alliance" else NOTHING', "")),
        "tests/sync/test_rights.py::test_unknown_audiences_are_granted_to_nobody",
    ),
    Safeguard(
        "close-ends",
        "who is left sees nothing that is added from then on",
        without(rights, "close_to", ("if last == ENDLESS:", "if False:")),
        "tests/sync/test_rights.py::"
        "test_a_program_grants_its_new_parent_what_is_added_from_now_on_and_ends_it_when_it_leaves",
    ),
    Safeguard(
        "explain-active",
        "who is shut out is not said to see anything",
        without(explaining._Explaining, "_right", ("if self.active else", "if True else")),
        "tests/node/test_explaining.py::test_a_suspended_node_sees_nothing_now",
    ),
    Safeguard(
        "explain-forgotten",
        "who has forgotten a part is not said to hold it",
        without(explaining._Explaining, "_part", ("if name not in forgotten", "")),
        "tests/node/test_explaining.py::test_an_erased_part_is_explained_by_its_entry_and_nobody_who_forgot_it_holds_it",
    ),
    Safeguard(
        "erase-who",
        "nobody but the owner, its home and the hub has a part erased",
        put(erasing, "may_ask", lambda *_of: True),
        "tests/sync/test_erasing.py::test_nobody_else_has_anything_forgotten_and_an_alarm_says_who_tried",
    ),
    Safeguard(
        "erase-believed",
        "a wish to erase counts under a head alone",
        without(erasing, "_open", ("index_of(id) >= registry.believed(author)", "False")),
        "tests/sync/test_erasing.py::test_a_wish_counts_once_it_is_under_a_head",
    ),
    Safeguard(
        "tombstone",
        "what was erased is not taken again",
        put(Bundles, "_not_erased", lambda self, rows: rows),
        "tests/sync/test_erasing.py::test_what_was_erased_stays_away_however_it_comes",
    ),
    Safeguard(
        "erase-files",
        "nothing is stated while a file still holds the bytes",
        without(erasures, "_clear", ("scrub(opened.store.db, node.home.log_db, gone, again=held > len(gone))", "pass")),
        "tests/node/test_erasures.py::test_nothing_is_stated_while_the_bytes_are_still_there",
    ),
    Safeguard(
        "erase-view",
        "what was erased leaves the catalogue and its index",
        put(applying, "_erased", lambda *_of: ()),
        "tests/node/test_erasures.py::test_it_goes_from_every_file_of_every_holder_and_each_says_so",
    ),
    Safeguard(
        "wants-later",
        "a right that comes later brings the parts",
        put(wants, "refresh_log", lambda *_of: 0),
        "tests/sync/test_wants.py::test_a_grant_brings_the_parts_in_the_same_session",
    ),
]
