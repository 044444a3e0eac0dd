"""A node's catalogue, opened by several at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from node import cataloguing
from tests.node.filing import node_at

AT_ONCE = 8


def test_whoever_comes_while_it_is_made_waits_and_finds_it_made(tmp_path):
    node = node_at(tmp_path)
    node.home.catalog_db.unlink(missing_ok=True)
    ready = Barrier(AT_ONCE)

    def generation(_nth):
        ready.wait()
        with cataloguing.catalogue(node) as found:
            assert found.is_current()
            return found.generation

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert len(set(pool.map(generation, range(AT_ONCE)))) == 1, "it is made once"
