"""Homes, and locks between processes."""

import subprocess
import sys
import threading

import pytest

from node.errors import Busy, HomeExists, NoHome
from node.home import Home, write_new, write_whole


def test_a_new_home_is_for_its_owner_only(tmp_path):
    home = Home.create(tmp_path / "a" / "home")
    assert [one.stat().st_mode & 0o777 for one in (home.path, home.inbox, home.outbox)] == [0o700] * 3


def test_an_existing_directory_is_closed_to_others(tmp_path):
    (tmp_path / "home").mkdir(mode=0o755)
    assert Home.create(tmp_path / "home").path.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("left", ["inbox", "keys.new"])
def test_what_a_broken_attempt_left_is_no_obstacle(tmp_path, left):
    (tmp_path / left).mkdir()
    assert Home.create(tmp_path).outbox.is_dir()


@pytest.mark.parametrize("there", ["node.toml", "thesis.docx", "keys", "inbox/rights.xlsx"])
def test_a_used_directory_is_refused(tmp_path, there):
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_text("x")
    with pytest.raises(HomeExists):
        Home.create(tmp_path)
    assert (tmp_path / there).read_text() == "x"


def test_opening_nothing_names_the_command(tmp_path):
    with pytest.raises(NoHome) as refused:
        Home.open(tmp_path, "banyan-hub init")
    assert refused.value.named() == {"path": str(tmp_path), "command": "banyan-hub init"}


def test_a_lock_keeps_out_other_threads_and_lets_in_other_names(tmp_path):
    home, seen = Home.create(tmp_path), []

    def other():
        try:
            with home.hold("import", 0):
                seen.append("in")
        except Busy as busy:
            seen.append(busy.args[0])

    with home.hold("import", 0), home.hold("serve", 0):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    other()
    assert seen == ["import", "in"]


def test_a_lock_ends_with_its_process_however_it_ends(tmp_path):
    code = (
        "import sys; from pathlib import Path; from node.home import Home\n"
        "with Home(Path(sys.argv[1])).hold('import', 0): print('held', flush=True); sys.stdin.read()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], **pipes) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Busy), Home(tmp_path).hold("import", 0.1):
            pass
        holder.kill()
        with Home(tmp_path).hold("import", 10):
            pass


def test_waiting_for_a_lock_pays(tmp_path):
    home, held, release = Home.create(tmp_path), threading.Event(), threading.Event()

    def first():
        with home.hold("import", 0):
            held.set()
            release.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    held.wait(10)
    threading.Timer(0.1, release.set).start()
    with home.hold("import", 10):
        assert release.is_set()
    thread.join()


def test_files_are_written_whole_and_private(tmp_path):
    path = tmp_path / "f"
    write_new(path, b"one")
    with pytest.raises(FileExistsError):
        write_new(path, b"two")
    (tmp_path / "f.new").write_bytes(b"half of an attempt that broke off")
    write_whole(path, b"three")
    assert path.read_bytes() == b"three"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["f"]
