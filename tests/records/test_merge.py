"""One right out of several statements, whatever order they came in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.body import Record
from records.merge import Assertion, merge

few = st.sampled_from(["灯", "光", "泡"])
fields = st.dictionaries(st.sampled_from(["title", "abstract", "agency"]), few)
stated = st.builds(
    lambda op, values: Record("design:CN:1", op, "design", 1, values), st.sampled_from(["assert", "withdraw"]), fields
)
assertions = st.builds(
    Assertion, st.sampled_from("abcd"), st.integers(0, 2), st.sampled_from(["", "2018", "2019"]), stated
)


def assertion(origin, rank, dated, op="assert", **values):
    return Assertion(origin, rank, dated, Record("design:CN:1", op, "design", 1, values))


@given(
    st.lists(assertions, min_size=1, max_size=6).flatmap(
        lambda found: st.tuples(st.just(found), st.permutations(found))
    )
)
def test_the_order_of_arrival_does_not_matter(orders):
    one, other = map(merge, orders)
    assert one == other
    assert one.fields.keys() == one.sources.keys()
    for name, values in one.conflicts.items():
        assert values[0] == (one.sources[name], one.fields[name])
        assert len({value for _, value in values}) > 1


def test_rank_then_date_then_origin():
    found = merge([assertion("b", 2, "2019", title="低"), assertion("a", 1, "2017", title="高", agency="甲")])
    assert found.fields == {"title": "高", "agency": "甲"}
    assert found.conflicts == {"title": [("a", "高"), ("b", "低")]}
    assert merge([assertion("a", 1, "2017", title="旧"), assertion("b", 1, "2018", title="新")]).fields == {
        "title": "新"
    }
    assert merge([assertion("b", 1, "2018", title="乙"), assertion("a", 1, "2018", title="甲")]).sources == {
        "title": "a"
    }


def test_a_field_comes_from_whoever_states_it():
    found = merge([assertion("hub", 0, "", title="灯"), assertion("scut", 4, "", abstract="照明")])
    assert (found.fields, found.conflicts) == ({"title": "灯", "abstract": "照明"}, {})
    assert found.sources == {"title": "hub", "abstract": "scut"}


def test_how_a_file_wrote_it_says_nothing_of_the_right():
    assert merge([assertion("a", 0, "", title="灯", raw={"title": "灯!"})]).fields == {"title": "灯"}


def test_withdrawals_state_nothing_and_only_withdrawals_leave_a_tombstone():
    gone = assertion("hub", 0, "", "withdraw", title="灯")
    assert merge([gone, assertion("a", 1, "", title="光")]).fields == {"title": "光"}
    assert merge([gone]).fields == {}
    assert merge([gone]).kind == "design"


def test_nothing_at_all_is_a_mistake():
    with pytest.raises(ValueError, match="nothing to merge"):
        merge([])
