"""A node's home directory: where its files are, and locks between the processes that use it (architecture.md)."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from node.errors import Busy, HomeExists, NoHome

_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Home:
    """The paths of one home; makes no claim that they exist."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> "Home":
        """Make an empty home, mode 0700, with inbox/ and outbox/; raise HomeExists if anything is there.

        What an attempt that broke off here or in keyfiles.create left behind does not count.
        """
        home = cls(path.absolute())
        home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        ours = (home.inbox, home.outbox, home.new_keys)
        found = [*home.path.iterdir(), *home.inbox.glob("*"), *home.outbox.glob("*")]
        if not set(found) <= set(ours):
            raise HomeExists(str(home.path))
        home.path.chmod(0o700)
        home.inbox.mkdir(mode=0o700, exist_ok=True)
        home.outbox.mkdir(mode=0o700, exist_ok=True)
        return home

    @classmethod
    def open(cls, path: Path, command: str = "banyan-hub init, banyan-substation join, banyan-outlet join") -> "Home":
        """Return the home at `path`; raise NoHome, naming the command that makes one, if it has no node.toml."""
        home = cls(path.absolute())
        if not home.settings_file.is_file():
            raise NoHome(str(home.path), command)
        return home

    @property
    def settings_file(self) -> Path:
        return self.path / "node.toml"

    @property
    def federation_root(self) -> Path:
        return self.path / "federation.root"

    @property
    def keys(self) -> Path:
        return self.path / "keys"

    @property
    def new_keys(self) -> Path:
        """Where keys are made, before they become `keys` all at once."""
        return self.path / "keys.new"

    @property
    def head_lock(self) -> Path:
        return self.path / "head.lock"

    @property
    def log_db(self) -> Path:
        return self.path / "log.db"

    @property
    def catalog_db(self) -> Path:
        return self.path / "catalog.db"

    @property
    def node_db(self) -> Path:
        return self.path / "node.db"

    @property
    def inbox(self) -> Path:
        return self.path / "inbox"

    @property
    def outbox(self) -> Path:
        return self.path / "outbox"

    @property
    def held(self) -> Path:
        """Where copies of files are kept while a person decides on what they would change."""
        return self.path / "held"

    @property
    def feeds(self) -> Path:
        """Where the homes of this node's feeds are, each under the feed's name."""
        return self.path / "feeds"

    @contextmanager
    def hold(self, name: str, wait_s: float) -> Iterator[None]:
        """Hold the lock `name` of this home against every other process and thread; raise Busy after `wait_s`.

        The kernel lets go when the process ends, however it ends; the file stays and means nothing.
        """
        path = self.path / f"{name}.flock"
        until = time.monotonic() + wait_s
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not _locked(file):
                if time.monotonic() >= until:
                    raise Busy(name, str(path))
                time.sleep(_POLL_S)
            yield
        finally:
            os.close(file)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_whole(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Put `content` at `path`, durably: after a crash the file is the old one or the new one, never half of one."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    write_new(beside, content, mode)
    beside.replace(path)
    sync_directory(path.parent)


@contextmanager
def whole_file(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Yield a stream to write the file `path` with, durably: it is there once the block ends well, and then whole.

    After an error or a crash the old file is there, if there was one.
    """
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    file = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(file, "w+b") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    beside.replace(path)
    sync_directory(path.parent)


def write_new(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Make the file `path`, durably; raise FileExistsError if it is there."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    with os.fdopen(file, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the names in this directory durable."""
    file = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
