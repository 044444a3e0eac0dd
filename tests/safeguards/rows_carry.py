"""Safeguards of what is carried on a disk, or waits to be brought."""

from node import carrying, overdue, taking
from sync import carry, covers, forks
from tests.safeguards.switch import Safeguard, passes, put, without

CARRYING = "tests/node/test_carrying.py::"
DISKS = "tests/node/test_disks.py::"
FAULTS = "tests/node/test_disk_faults.py::"

ROWS = [
    Safeguard(
        "carry-sum",
        "a file that is damaged, or not copied whole, is refused before anything of it is stored",
        without(
            carry,
            "sections",
            ("if length != found.digest_size or content != found.digest() or file.read(1):", "if False:"),
        ),
        f"{CARRYING}test_a_damaged_file_is_refused_whole[0.9]",
    ),
    Safeguard(
        "carry-signature",
        "a cover that its sender did not sign has no effect",
        put(covers.keys, "verify_bytes", passes),
        f"{CARRYING}test_a_cover_is_read_as_it_is_written",
    ),
    Safeguard(
        "carry-number",
        "an older cover has no effect: a node signs nothing by it",
        without(taking._Taking, "_hello", ("if cover.number > last and (", "if True and (")),
        f"{CARRYING}test_an_old_disk_concludes_nothing",
    ),
    Safeguard(
        "carry-standing",
        "a suspended node is told so by a disk, and signs nothing by it",
        without(taking._Taking, "_check_standing", ("if error is not None:", "if False:")),
        f"{DISKS}test_who_is_suspended_is_told_by_disk_gets_no_parts_and_brings_nothing",
    ),
    Safeguard(
        "carry-suspended-parts",
        "a suspended node gets no parts on a disk",
        put(carrying._Writing, "_is_let_in", lambda self: True),
        f"{DISKS}test_who_is_suspended_is_told_by_disk_gets_no_parts_and_brings_nothing",
    ),
    Safeguard(
        "carry-restored",
        "a restored node writes no disk before it is recovered",
        put(carrying.recovery, "check_recovered", passes),
        f"{DISKS}test_a_restored_node_writes_nothing_before_it_is_recovered",
    ),
    Safeguard(
        "carry-forgets-first",
        "what is to be forgotten is forgotten before a disk is written",
        put(carrying.erasures, "follow_up", passes),
        f"{DISKS}test_what_is_to_be_forgotten_is_forgotten_before_a_disk_is_written",
    ),
    Safeguard(
        "carry-number-goes-on",
        "covers written after a backup was put back are above those from before",
        without(carrying._Writing, "_number", ("max(last + 1, int(self._node.clock()))", "last + 1")),
        f"{DISKS}test_numbers_go_on_after_a_backup_was_put_back",
    ),
    Safeguard(
        "carry-number-last",
        "a cover counts as taken once everything that follows from it is done",
        without(
            taking._Taking,
            "_hello",
            (
                "self._fresh[sender] = cover, raw",
                "self._fresh[sender] = cover, raw; "
                "self._store.set_meta(f'carry-in:{sender}', str(cover.number).encode())",
            ),
        ),
        f"{FAULTS}test_a_child_whose_taking_broke_off_signs_when_it_takes_the_same_disk_again[False]",
    ),
    Safeguard(
        "overdue-alarm",
        "who holds entries and does not bring them above raises an alarm itself",
        put(overdue, "warn", lambda opened: []),
        "tests/node/test_overdue.py::test_a_city_that_does_not_reach_the_hub_counts_the_nights_and_alarms_after_two",
    ),
    Safeguard(
        "carry-fork",
        "a fork that a disk tells of is believed by its evidence alone",
        put(forks.fork, "check_signed", passes),
        "tests/node/test_disk_news.py::test_a_fork_is_told_by_disk_and_believed_by_its_evidence_alone",
    ),
]
