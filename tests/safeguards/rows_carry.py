"""Safeguards of what is carried on a disk."""

from node import taking
from sync import carry
from tests.safeguards.switch import Safeguard, passes, put, without

CARRYING = "tests/node/test_carrying.py::"

ROWS = [
    Safeguard(
        "carry-sum",
        "a file that is damaged, or not copied whole, is refused before anything of it is stored",
        without(carry, "sections", ("if content != found.digest() or file.read(1):", "if False:")),
        f"{CARRYING}test_a_damaged_file_is_refused_whole[0.9]",
    ),
    Safeguard(
        "carry-signature",
        "a cover that its sender did not sign has no effect",
        put(carry.keys, "verify_bytes", passes),
        f"{CARRYING}test_a_cover_is_read_as_it_is_written",
    ),
    Safeguard(
        "carry-number",
        "an older cover has no effect: a node signs nothing by it",
        without(taking._Taking, "_hello", ("if cover.number > last:", "if True:")),
        f"{CARRYING}test_an_old_disk_concludes_nothing",
    ),
]
