"""A copy of a home's data, made while it serves: its databases as of one moment each, its settings and its files.

Keys, head.lock and the catalogue are not in it: keys have a backup of their own, head.lock must never be an older one,
and the catalogue is made again. `manifest.json`, written last, names every file with its length and SHA-256.
"""

import errno
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from node.errors import NodeError
from node.home import Home, sync_directory, write_whole
from node.messages import N_

FORMAT = "banyan-backup/v1"
MANIFEST = "manifest.json"
_DATABASES = ("node.db", "log.db")  # what node.db says of the log is in the log: so the log comes last
_FILES = ("node.toml", "federation.root")
_FOLDERS = (
    "inbox",
    "outbox",
    "held",
    "harvest",
)  # of a harvest, node.db counts what it needs; what came since is cut off
_PAGES = 2048
_CHUNK = 1 << 20
_SPARE = 16 << 20
Progress = Callable[[int], None]


class NotEmpty(NodeError):
    """A backup needs a place of its own: (path,)."""

    facts = ("path",)
    sentence = N_("{path} is not empty, so no backup is written there. Name a directory that is new or empty.")


class NoRoomThere(NodeError):
    """A disk that is too full: (path, needed MB, free MB)."""

    facts = ("path", "needed", "free")
    sentence = N_(
        "There is not enough room at {path}: {needed} MB are needed, {free} MB are free. What was written was removed. "
        "Make room, or name another place."
    )


class BadBackup(NodeError):
    """A backup that is not whole: (path, why)."""

    facts = ("path", "why")
    sentence = N_("{path} is no whole backup: {why}. Nothing was changed. Take another backup.")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself: whose it is, when it was made, and its files as (length, SHA-256 in hex)."""

    origin: str
    role: str
    federation: str
    made_at: int
    files: dict[str, tuple[int, str]]

    @property
    def total(self) -> int:
        return sum(length for length, _sha256 in self.files.values())


def write(
    home: Home, origin: str, role: str, federation: bytes, to: Path, progress: Progress = lambda n: None
) -> Manifest:
    """Write a backup of `home`, and of the feeds in it, into `to`; return its manifest, all read back and compared.

    Raises NotEmpty, NoRoomThere; what was begun is removed after any error. A backup without manifest is none.
    """
    to = to.absolute()
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise NotEmpty(str(to))
    check_room(to, size(home))
    was_there = to.exists()
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        copied = ((name, _copied(home.path / name, to / name, progress)) for name in _names(home.path))
        files = {name: found for name, found in copied if found is not None}
        made = Manifest(origin, role, federation.hex(), int(time.time()), files)
        check(to, made)
        write_whole(to / MANIFEST, _encoded(made))
    except BaseException as error:
        _clear(to, was_there)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoomThere(str(to), size(home) >> 20, shutil.disk_usage(to.parent).free >> 20) from error
        if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise NoRoomThere(str(to), size(home) >> 20, shutil.disk_usage(to.parent).free >> 20) from error
        raise
    return made


def read(where: Path) -> Manifest:
    """Return what the backup at `where` says of itself; raise BadBackup."""
    try:
        found = json.loads((where / MANIFEST).read_bytes())
        if found.pop("format") != FORMAT:
            raise BadBackup(str(where), N_("it is of another format"))
        files = {name: (int(one["bytes"]), str(one["sha256"])) for name, one in found.pop("files").items()}
        found.pop("program", None)
        made = Manifest(**{**found, "files": files})
        _check_names(where, made)
    except OSError as error:
        raise BadBackup(str(where), N_("it has no manifest.json, so it was not finished")) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadBackup(str(where), N_("its manifest.json cannot be read")) from error
    return made


def _check_names(where: Path, made: Manifest) -> None:
    for name in made.files:
        parts = Path(name).parts
        if not parts or Path(name).is_absolute() or ".." in parts or "keys" in parts or parts[-1] == "head.lock":
            raise BadBackup(str(where), N_("its manifest.json names a file that does not belong there"))


def check(where: Path, made: Manifest, progress: Progress = lambda n: None) -> None:
    """Read a whole backup and compare it with its manifest; raise BadBackup."""
    for name, (length, digest) in made.files.items():
        try:
            found = _digest(where / name, progress)
        except OSError as error:
            raise BadBackup(str(where), f"{name}: {error.strerror}") from error
        if found != (length, digest):
            raise BadBackup(str(where), f"{name} is not as it was written")
        if Path(name).name in _DATABASES:
            _check_database(where / name)


def _check_database(path: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as db:
            (said,) = db.execute("pragma quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise BadBackup(str(path.parent), f"{path.name}: {error}") from error
    if said != "ok":
        raise BadBackup(str(path.parent), f"{path.name}: {said}")


def size(home: Home) -> int:
    """Return about how many bytes a backup of this home takes."""
    return sum((home.path / name).stat().st_size for name in _names(home.path) if (home.path / name).exists()) + _SPARE


def check_room(to: Path, needed: int) -> None:
    place = next(one for one in (to, *to.parents) if one.exists())
    free = shutil.disk_usage(place).free
    if free < needed:
        raise NoRoomThere(str(to), needed >> 20, free >> 20)


def _names(path: Path, below: str = "") -> Iterator[str]:
    """Yield what is copied, by its name within the home: of a feed, which is a home within, the same."""
    here = path / below
    for name in (*_DATABASES, *_FILES):
        if (here / name).is_file():
            yield below + name
    for folder in _FOLDERS:
        for found in sorted((here / folder).rglob("*")):
            if found.is_file() and not found.is_symlink():
                yield str(found.relative_to(path))
    if not below:
        for feed in sorted((path / "feeds").glob("*/node.toml")):
            yield from _names(path, f"feeds/{feed.parent.name}/")


def _copied(source: Path, to: Path, progress: Progress) -> tuple[int, str] | None:
    """Copy one file, durably; return its length and SHA-256 at its new place, None where it is gone meanwhile."""
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if source.name in _DATABASES:
        _copy_database(source, to, progress)
    else:
        try:
            shutil.copyfile(source, to, follow_symlinks=False)
        except FileNotFoundError:
            return None
        progress(to.stat().st_size)
    to.chmod(0o600)
    with to.open("rb") as file:
        os.fsync(file.fileno())
    sync_directory(to.parent)
    return _digest(to)


def _copy_database(source: Path, to: Path, progress: Progress) -> None:
    """Copy a database as it is at this moment; whoever writes meanwhile goes on, and is not in the copy.

    One read transaction lasts for all of the copy: without it the copy would begin anew at every write.
    """
    done = 0

    def told(_status: int, remaining: int, total: int) -> None:
        nonlocal done
        progress((total - remaining - done) * page_bytes)
        done = total - remaining

    with closing(sqlite3.connect(source, timeout=30, isolation_level=None)) as db, closing(sqlite3.connect(to)) as copy:
        (page_bytes,) = db.execute("pragma page_size").fetchone()
        db.execute("begin")
        db.execute("select count(*) from sqlite_master").fetchone()
        db.backup(copy, pages=_PAGES, progress=told)
        db.execute("rollback")
        copy.execute("pragma journal_mode = delete")  # one file, without a write-ahead log beside it


def _digest(path: Path, progress: Progress = lambda n: None) -> tuple[int, str]:
    made, length = sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            made.update(piece)
            length += len(piece)
            progress(len(piece))
    return length, made.hexdigest()


def _encoded(made: Manifest) -> bytes:
    files = {name: {"bytes": length, "sha256": digest} for name, (length, digest) in sorted(made.files.items())}
    said: dict[str, Any] = {"format": FORMAT, "program": version("banyan-ip"), "origin": made.origin, "role": made.role}
    said |= {"federation": made.federation, "made_at": made.made_at, "files": files}
    return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()


def _clear(to: Path, keep: bool) -> None:
    for one in to.iterdir():
        shutil.rmtree(one) if one.is_dir() and not one.is_symlink() else one.unlink()
    if not keep:
        to.rmdir()
