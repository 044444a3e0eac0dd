"""Backups: consistent while others write, whole or not there, without keys; restoring puts just that back."""

import json
import shutil
import sqlite3
import threading
from collections import namedtuple

import pytest

from node import backup, restoring, settings
from node.home import Home
from node.node import Node
from sync.errors import NeedsRecovery
from sync.store import Store
from tests.node import filing
from tests.node.drills import record
from tests.world import OUTLET

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def node(tmp_path):
    found = filing.node_at(tmp_path)
    with found.opened() as opened:
        opened.own.add([[("federation", record("a"))]])
    (found.home.inbox / "rows.csv").write_text("x")
    return found


def taken(node, to):
    return backup.write(node.home, node.origin, node.settings.role, node.federation.id, to)


def size_in(path):
    with sqlite3.connect(path / "log.db") as db:
        return db.execute("select next_entry from log where origin = ?", (OUTLET,)).fetchone()[0]


def test_what_is_in_it_and_what_is_not(node, tmp_path):
    made = taken(node, tmp_path / "to")
    assert set(made.files) == {"log.db", "node.db", "node.toml", "federation.root", "inbox/rows.csv"}
    there = {str(one.relative_to(tmp_path / "to")) for one in (tmp_path / "to").rglob("*") if one.is_file()}
    assert there == {*made.files, "manifest.json"}
    assert backup.read(tmp_path / "to") == made
    assert made.origin == OUTLET


def test_no_key_is_in_any_file_of_it(node, tmp_path):
    taken(node, tmp_path / "to")
    seeds = [one.read_bytes() for one in node.home.keys.iterdir()]
    for file in (tmp_path / "to").rglob("*"):
        assert not file.is_file() or not any(seed in file.read_bytes() for seed in seeds)


def test_it_is_consistent_while_others_write(node, tmp_path):
    stop = threading.Event()

    def write():
        while not stop.is_set():
            with node.opened() as opened:
                opened.own.add([[("federation", record("b"))]] * 20)

    with node.opened() as opened:
        opened.own.add([[("federation", record(f"r{at}"))] for at in range(5000)])
    writer = threading.Thread(target=write)
    writer.start()
    try:
        taken(node, tmp_path / "to")
    finally:
        stop.set()
        writer.join()
    store = Store(tmp_path / "to" / "log.db")
    log = store.log(OUTLET)
    bundles = store.db.execute("select count(*) from part where id >> 40 = ?", (log.id,)).fetchone()[0]
    store.close()
    assert 5001 <= log.next_entry - 1 == bundles


def test_a_place_that_is_not_empty_is_left_alone(node, tmp_path):
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "mine").write_text("x")
    with pytest.raises(backup.NotEmpty):
        taken(node, tmp_path / "to")
    assert [one.name for one in (tmp_path / "to").iterdir()] == ["mine"]


def test_a_disk_that_is_too_full_is_refused_before_anything_is_written(node, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10, 9, 1))
    with pytest.raises(backup.NoRoomThere):
        taken(node, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(node, tmp_path, monkeypatch):
    def full(*given, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(backup.NoRoomThere):
        taken(node, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def damaged(path):
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize(
    "harm",
    [
        lambda to: damaged(to / "log.db"),
        lambda to: (to / "inbox" / "rows.csv").unlink(),
        lambda to: (to / "manifest.json").unlink(),
        lambda to: (to / "manifest.json").write_text("{}"),
        lambda to: named(to, "../head.lock"),
        lambda to: named(to, "keys/tls.key"),
    ],
    ids=["a bit", "a file gone", "no manifest", "another manifest", "a way out", "a key"],
)
def test_a_backup_that_is_not_whole_changes_nothing(node, tmp_path, harm):
    to = tmp_path / "to"
    taken(node, to)
    harm(to)
    before = node.home.log_db.read_bytes()
    with pytest.raises(backup.BadBackup):
        restoring.restore(node.home, to)
    assert node.home.log_db.read_bytes() == before
    Node.open(node.home, {})


def named(to, name):
    found = json.loads((to / "manifest.json").read_text())
    found["files"][name] = found["files"]["node.toml"]
    (to / name).parent.mkdir(exist_ok=True)
    shutil.copy(to / "node.toml", to / name)
    (to / "manifest.json").write_text(json.dumps(found))


def test_a_restored_home_has_what_the_backup_has_signs_nothing_and_is_another_epoch(node, tmp_path):
    taken(node, tmp_path / "to")
    with node.opened() as opened:
        epoch = opened.store.meta("epoch")
        opened.own.add([[("federation", record("b"))]])
    restoring.restore(node.home, tmp_path / "to")
    with node.opened() as opened, node.lock() as lock:
        assert opened.own.log.next_entry == 2
        assert opened.store.meta("epoch") != epoch
        with pytest.raises(NeedsRecovery, match="not recovered yet"):
            opened.own.seal(lock)


def test_into_an_empty_home_come_all_but_the_keys(node, tmp_path):
    taken(node, tmp_path / "to")
    home = Home(tmp_path / "new")
    restoring.restore(home, tmp_path / "to")
    assert not restoring.has_keys(home, OUTLET)
    assert home.head_lock.exists()
    shutil.copytree(node.home.keys, home.keys)
    home.keys.chmod(0o700)
    assert restoring.has_keys(home, OUTLET)
    assert Node.open(home, {}).settings.name == node.settings.name


def test_another_nodes_backup_is_refused(node, tmp_path):
    taken(node, tmp_path / "to")
    found = json.loads((tmp_path / "to" / "manifest.json").read_text())
    found["origin"] = "ip.gd.example/gz/other"
    (tmp_path / "to" / "manifest.json").write_text(json.dumps(found))
    with pytest.raises(restoring.OtherBackup):
        restoring.restore(node.home, tmp_path / "to")


def test_a_parent_joined_since_is_not_forgotten(node, tmp_path):
    taken(node, tmp_path / "to")
    alliance = settings.Parent("ip.gd.example/led", "127.0.0.1:1", "127.0.0.1:2")
    settings.add_parent(node.home, alliance)
    restoring.restore(node.home, tmp_path / "to")
    assert alliance in settings.load(node.home, {}).parents


class Broken(Exception):
    pass


@pytest.mark.parametrize("at", range(6))
def test_a_crash_at_any_file_leaves_a_home_that_is_refused_until_it_is_restored(node, tmp_path, monkeypatch, at):
    taken(node, tmp_path / "to")
    calls = iter(range(100))

    def broken(step):
        def run(*given):
            if next(calls) == at:
                raise Broken
            step(*given)

        return run

    with monkeypatch.context() as patched:
        patched.setattr(restoring, "_put", broken(restoring._put))
        patched.setattr(restoring, "_mark", broken(restoring._mark))
        with pytest.raises(Broken):
            restoring.restore(node.home, tmp_path / "to")
    with pytest.raises(restoring.HalfRestored, match=str(tmp_path / "to")):
        Node.open(node.home, {})
    restoring.restore(node.home, tmp_path / "to")
    assert size_in(node.home.path) == 2
    with Node.open(node.home, {}).opened() as opened:
        assert opened.store.meta("restored")
