"""head.lock: compare and swap, durable, never made anew by opening."""

import threading
from pathlib import Path

import pytest

from sync.errors import NeedsRecovery
from sync.lock import HeadLock, Signed
from tests.sync import made

ONE = Signed(5, made.root_hash_of("five"), 100, b"note five")
TWO = Signed(9, made.root_hash_of("nine"), 200, b"note nine")


@pytest.fixture
def path(tmp_path):
    HeadLock.create(tmp_path / "head.lock").close()
    return tmp_path / "head.lock"


def swapped(path, new, origin=made.CITY):
    with made.locked(path) as lock, lock.swap(origin) as swap:
        swap.set(new)


def held(path, origin=made.CITY):
    with made.locked(path) as lock:
        return lock.signed(origin)


def test_rows_are_by_origin_and_outlive_the_process(path):
    swapped(path, ONE)
    swapped(path, TWO, made.OUTLET)
    assert (held(path), held(path, made.OUTLET), held(path, made.HUB)) == (ONE, TWO, None)
    swapped(path, TWO)
    assert held(path) == TWO


def test_a_missing_file_is_not_made_by_opening(tmp_path):
    with pytest.raises(NeedsRecovery):
        HeadLock(tmp_path / "head.lock")
    assert not (tmp_path / "head.lock").exists()


def test_an_existing_file_is_not_made_again(path):
    swapped(path, ONE)
    with pytest.raises(NeedsRecovery):
        HeadLock.create(path)
    assert held(path) == ONE


def test_it_is_durable(path):
    with made.locked(path) as lock:
        assert lock._db.execute("pragma synchronous").fetchone()[0] == 2
        assert lock._db.execute("pragma journal_mode").fetchone()[0] == "wal"


def test_an_error_inside_leaves_the_row(path):
    swapped(path, ONE)
    with made.locked(path) as lock:
        with pytest.raises(KeyError), lock.swap(made.CITY) as swap:  # noqa: PT012 the block is what breaks
            swap.set(TWO)
            raise KeyError
        assert lock.signed(made.CITY) == ONE
        with lock.swap(made.CITY) as swap:  # and the file is not left locked
            assert swap.held == ONE


@pytest.mark.parametrize("changed", [(6, ONE.root), (5, TWO.root)])
def test_exactly_the_row_that_was_read_is_replaced(path, changed):
    swapped(path, ONE)
    with made.locked(path) as lock:
        with pytest.raises(NeedsRecovery), lock.swap(made.CITY) as swap:  # noqa: PT012 the block is what breaks
            lock._db.execute("update head set size = ?, root = ?", changed)
            swap.set(TWO)
        assert lock.signed(made.CITY) == ONE


def test_two_never_sign_from_the_same_row(path):
    """The second waits for the first, and then reads what the first has signed."""
    swapped(path, ONE)
    seen: list[int] = []
    inside = threading.Event()

    def second():
        inside.wait()
        with made.locked(path) as lock, lock.swap(made.CITY) as swap:
            seen.append(swap.held.size)

    other = threading.Thread(target=second)
    other.start()
    with made.locked(path) as lock, lock.swap(made.CITY) as swap:
        inside.set()
        other.join(0.2)
        assert seen == []
        swap.set(TWO)
    other.join(30)
    assert seen == [TWO.size]


def test_a_lock_file_that_broke_off_while_it_was_made_is_none(tmp_path, monkeypatch):
    path = tmp_path / "head.lock"
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError("power")))
        with pytest.raises(OSError, match="power"):
            HeadLock.create(path)
    assert not path.exists()
    made = HeadLock.create(path)
    assert made.signed("ip.gd.example") is None
