"""What an origin filed last for a key, which imports compare with."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.filed import filed, keys_between
from records import body
from sync import entry
from sync.bundles import Bundles
from tests.catalog.logs import SCUT, SZU, key_of, patent, withdrawal


def test_the_newest_accepted_entry_of_one_origin_with_its_parts(bench):
    bench.logs.file(SCUT, patent(1, "旧"), [("federation", patent(1, "新")), ("path", patent(1, "新", abstract="内"))])
    bench.logs.file(SCUT, patent(1, "坏", ipc=["?"]), patent(2), withdrawal(2))
    bench.logs.file(SZU, patent(3))
    bench.apply()
    store, catalogue = bench.logs.store, bench.catalogue
    log = store.log(SCUT)
    found = filed(store, catalogue, log, [key_of(number) for number in (1, 2, 3)])
    assert {key: one.index for key, one in found.items()} == {key_of(1): 2, key_of(2): 5}
    assert [audience for audience, _record in found[key_of(1)].parts] == ["federation", "path"]
    assert found[key_of(1)].record.fields["abstract"] == "内"
    assert found[key_of(2)].record.op == "withdraw"
    assert filed(store, catalogue, log, [key_of(1)], before=2)[key_of(1)].record.fields["title"] == "旧"
    assert keys_between(catalogue, log, 3, 6) == [key_of(2)]


def one_by_one(store, log, indices):
    """The plain way: each entry's parts, read for itself."""
    bundles, found = Bundles(store, log), {}
    for index in indices:
        audiences = [audience for audience, _ in entry.commitments(bundles.entries(index, index + 1)[0])[1]]
        parts = [(audiences[part], content) for (_index, part), content in bundles.parts(index, index + 1)]
        found[index] = tuple((audience, body.decode(content[entry.SALT_BYTES :])) for audience, content in parts)
    return found


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.sets(st.integers(0, 599), max_size=40))
def test_entries_read_by_bundles_are_those_read_one_by_one(filled, wanted):
    store, catalogue = filled.logs.store, filled.catalogue
    log = store.log(SCUT)
    found = filed(store, catalogue, log, [key_of(number) for number in wanted])
    assert {key: one.parts for key, one in found.items()} == {
        key_of(number): parts
        for number, parts in zip(
            sorted(wanted), one_by_one(store, log, [number + 1 for number in sorted(wanted)]).values(), strict=True
        )
    }


@pytest.fixture
def filled(bench):
    both = [[("federation", patent(n)), ("path", patent(n, abstract="内"))] if n % 3 else patent(n) for n in range(600)]
    bench.logs.file(SCUT, *both)
    bench.apply()
    return bench
