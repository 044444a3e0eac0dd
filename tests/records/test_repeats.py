"""Keys that come again, against a plain dictionary."""

from hypothesis import given
from hypothesis import strategies as st

from records.body import Record
from records.repeats import Repeats


def record(key, title):
    return Record(f"patent_invention:CN:{key}", "assert", "patent_invention", 1, {"title": title})


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2))))
def test_the_first_of_a_key_is_kept_and_a_later_one_told(given_rows):
    repeats, first = Repeats(), {}
    for row, (key, title) in enumerate(given_rows, 2):
        found = repeats.repeated(row, record(key, str(title)))
        if key not in first:
            first[key] = (row, title)
            assert found is None
            continue
        assert found.rule == ("DUPLICATE_ROW" if first[key][1] == title else "DUPLICATE_KEY")
        assert str(first[key][0]) in found.en


def test_many_keys_are_told_apart_and_found_again():
    repeats = Repeats()
    assert not any(repeats.repeated(n, record(n, "灯")) for n in range(5_000))
    assert all(repeats.repeated(9_000, record(n, "灯")).rule == "DUPLICATE_ROW" for n in range(5_000))


def test_keys_whose_hashes_meet_in_one_place_are_told_apart():
    repeats = Repeats()
    assert [repeats._place(key) for key in (1, 1 + 1024, 1 + 2048, -1023, 1, 1 + 2048)] == [0, 1, 2, 3, 0, 2]
