"""What may leave under a source's terms, and the reason where it may not."""

import pytest

from records import licence
from records.licence import Allowed, Reason, may_leave

TODAY = "2026-11-24"


def terms(**stated):
    return {"licence": {"source": "某数据库", **stated}}


@pytest.mark.parametrize("way", licence.WAYS)
def test_what_states_no_limit_may_leave(way):
    assert may_leave({}, TODAY, way) == Allowed()
    assert may_leave(terms(), TODAY, way) == Allowed("某数据库")
    assert may_leave(terms(redistribute="yes"), TODAY, way)


@pytest.mark.parametrize(
    ("limit", "way", "allowed"),
    [
        *(("no", way, False) for way in licence.WAYS),
        ("derived", "search", True),
        ("derived", "export", False),
        ("derived", "harvest", False),
        ("derived", "downwards", False),
        *(("perhaps", way, False) for way in licence.WAYS),
    ],
)
def test_a_limit_holds(limit, way, allowed):
    assert bool(may_leave(terms(redistribute=limit), TODAY, way)) == allowed


def test_a_limit_ends_after_its_last_day():
    assert not may_leave(terms(redistribute="no", until=TODAY), TODAY, "export")
    assert may_leave(terms(redistribute="no", until="2026-11-23"), TODAY, "export")


def test_terms_that_are_no_object_are_a_limit():
    assert not may_leave({"licence": "free"}, TODAY, "search")


@pytest.mark.parametrize("way", licence.WAYS)
def test_the_reason_names_the_source_and_the_day_in_both_languages(way):
    found = may_leave(terms(redistribute="no", until="2030-01-01"), TODAY, way)
    assert isinstance(found, Reason)
    assert (found.source, found.until) == ("某数据库", "2030-01-01")
    assert "某数据库" in found.zh
    assert "2030-01-01" in found.zh
    assert "until 2030-01-01" in found.en
    assert found.en.endswith(".")
    assert not may_leave({"licence": {"redistribute": "no"}}, TODAY, way).source
