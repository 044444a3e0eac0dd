"""log.db and head.lock are opened so that a commit outlives a power cut."""

import pytest

from tests.world import World

FULL = 2


@pytest.mark.parametrize("file", ["log_db", "head_lock"])
def test_log_db_and_head_lock_are_written_through(world: World, file: str):
    node = world.hub()
    with node.opened() as opened, node.lock() as lock:
        opened_file = {"log_db": opened.store.db, "head_lock": lock._db}[file]
        assert opened_file.execute("pragma synchronous").fetchone()[0] == FULL
        assert opened_file.execute("pragma journal_mode").fetchone()[0] == "wal"
