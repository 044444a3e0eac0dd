"""What an origin filed last for a key, which imports compare with."""

from catalog.filed import filed, keys_between
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
