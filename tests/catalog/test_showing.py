"""One key in full, and finding it by what people have in hand."""

import pytest

from catalog.showing import find_key, history, show
from catalog.views import FULL, OPEN
from tests.catalog.logs import HUB, SCUT, SZU, key_of, organisation, patent

PUBLISHED = [{"no": "CN107000001A", "kind": "A", "date": "2018-01-25"}]


@pytest.fixture
def shelf(bench):
    bench.logs.file(SCUT, patent(1, publications=PUBLISHED), patent(1, "改名", publications=PUBLISHED))
    bench.logs.file(HUB, organisation(HUB, "主站", "hub"))
    bench.apply()
    return bench


@pytest.mark.parametrize(
    "written",
    [
        key_of(1),
        "201710000001.X",
        "CN201710000001",
        "ZL201710000001X",
        "CN107000001A",
        "107000001A",
        "CN107000001",
        " 201710000001.X ",
    ],
)
def test_a_key_is_found_by_key_or_number(shelf, written):
    assert find_key(shelf.catalogue, written) == key_of(1)


@pytest.mark.parametrize("written", ["", "201710000002", "CN107000002A", "照明", "\ud800", "' or 1 --", "\0"])
def test_what_names_no_key_gives_none(shelf, written):
    assert find_key(shelf.catalogue, written) is None


def test_a_number_that_is_stated_for_others_leads_to_nothing(shelf):
    secret = [{"no": "CN107000002A", "kind": "A", "date": "2018-01-25"}]
    told = [("federation", patent(2)), ("path", patent(2, publications=secret))]
    shelf.logs.file(SCUT, told, [("path", patent(3))])
    shelf.apply()
    assert find_key(shelf.catalogue, "CN107000002A") == key_of(2)
    assert find_key(shelf.catalogue, "CN107000002A", OPEN) is None
    assert find_key(shelf.catalogue, "CN107000002", OPEN) is None
    assert find_key(shelf.catalogue, key_of(2), OPEN) == key_of(2)
    assert find_key(shelf.catalogue, key_of(3), OPEN) is None


def test_an_organisation_is_found_by_its_origin(shelf):
    assert find_key(shelf.catalogue, HUB) == f"organisation:{HUB}"


def test_an_unknown_key_shows_nothing(shelf):
    assert show(shelf.logs.store, shelf.catalogue, key_of(9), FULL) is None
    assert history(shelf.logs.store, shelf.catalogue, key_of(9)) == []


def test_an_entry_of_ones_own_that_is_under_no_receipt_yet_has_no_position(shelf):
    with shelf.logs.store.write() as db:
        db.execute("update log set stored = 2")
    (one,) = show(shelf.logs.store, shelf.catalogue, key_of(1), OPEN)["assertions"]
    assert (one["index"], one["size"], one["op"]) == (2, 0, "assert")


def test_an_erased_part_is_shown_as_erased_and_stops_nothing(shelf):
    shelf.logs.file(SZU, patent(1, "他名"))
    shelf.apply()
    shelf.logs.lose(SCUT, 2)
    found = show(shelf.logs.store, shelf.catalogue, key_of(1), FULL)
    assert found["fields"]["title"] == "他名"
    assert [(one["origin"], one["op"]) for one in found["assertions"]] == [(SCUT, "erased"), (SZU, "assert")]
    assert [(one["origin"], one["index"]) for one in history(shelf.logs.store, shelf.catalogue, key_of(1))] == [
        (SCUT, 1),
        (SZU, 1),
    ]
