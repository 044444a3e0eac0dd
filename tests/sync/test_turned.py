"""A bit that has turned is turned back where a hash says what was there; nothing is made up for what is lost."""

from random import Random

import pytest

from sync import tree, turned
from tests.bits import flipped

CHANCE = Random(20261124)
ENTRIES = [CHANCE.randbytes(length) for length in (1, 2, 46, 61, 200, 255, 256, 300, 46, 46)]
ROW = b"".join(len(one).to_bytes(2, "big") + one for one in ENTRIES)
LEAVES = [tree.leaf_hash(one) for one in ENTRIES]


def test_a_whole_row_reads_as_it_is():
    assert [(one.raw, one.is_proved) for one in turned.entries(ROW, LEAVES)] == [(one, True) for one in ENTRIES]


@pytest.mark.parametrize("bit", range(8))
def test_any_bit_of_a_row_is_turned_back(bit):
    for at in range(len(ROW)):
        found = turned.entries(ROW[:at] + bytes([ROW[at] ^ 1 << bit]) + ROW[at + 1 :], LEAVES)
        assert [one.raw for one in found] == ENTRIES, f"byte {at}"
        assert all(one.is_proved for one in found)


@pytest.mark.parametrize("number", range(len(LEAVES)))
def test_a_hash_in_which_a_bit_turned_is_known_by_its_nearness(number):
    hashes = [*LEAVES[:number], flipped(LEAVES[number], 17), *LEAVES[number + 1 :]]
    found = turned.entries(ROW, hashes)
    assert [(one.raw, one.is_proved) for one in found] == [(one, True) for one in ENTRIES]


def test_an_entry_of_which_more_is_lost_is_not_proved_and_the_others_are():
    at = ROW.index(ENTRIES[4])
    found = turned.entries(ROW[: at + 20] + bytes(30) + ROW[at + 50 :], LEAVES)
    assert [one.is_proved for one in found] == [number != 4 for number in range(len(ENTRIES))]
    assert [one.raw for one in found if one.is_proved] == [*ENTRIES[:4], *ENTRIES[5:]]


def test_a_length_of_which_more_is_lost_costs_one_entry_at_most():
    at = ROW.index(ENTRIES[4]) - 2
    found = turned.entries(ROW[:at] + b"\xff\xff" + ROW[at + 2 :], LEAVES)
    assert [one.raw for one in found] == ENTRIES


def test_another_hash_is_not_near():
    assert turned.is_near(LEAVES[0], flipped(LEAVES[0]))
    assert not turned.is_near(LEAVES[0], LEAVES[1])
    assert not turned.is_near(LEAVES[0], b"")


def test_what_is_too_long_is_not_tried():
    tried = []
    assert turned.back(bytes(17 * 1024), lambda raw: bool(tried.append(raw))) is None
    assert len(tried) == 1
