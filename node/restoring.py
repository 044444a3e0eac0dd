"""A backup put into the place of a home's data (backup.py). What was signed since is not in it, so nothing is signed
or served until the node is recovered (recovering.py)."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

from node import backup, keyfiles, settings
from node.backup import Manifest, Progress
from node.errors import NodeError
from node.home import Home, sync_directory, write_whole
from node.messages import N_
from sync import recovery
from sync.lock import HeadLock
from sync.store import Store

PENDING = "restore.pending"  # names the backup while its files are being put in place
_DATABASES = ("node.db", "log.db", "catalog.db")
_SUFFIXES = ("", "-wal", "-shm")


class OtherBackup(NodeError):
    """A backup of another node: (origin, here)."""

    facts = ("origin", "here")
    sentence = N_("This is a backup of {origin}, but this home is {here}. Nothing was changed. Name the right one.")


class HalfRestored(NodeError):
    """A restore that broke off: (path,)."""

    facts = ("path",)
    sentence = N_(
        "A restore broke off here before its end, so this home is not used. Give `restore {path}` again: it begins "
        "anew."
    )


def restore(home: Home, where: Path, progress: Progress = lambda n: None) -> Manifest:
    """Put the backup at `where` into `home`, empty or not; return its manifest.

    The whole backup is read and compared first. Keys and head.lock stay as they are: keys that are missing come from
    their own backup, and a missing head.lock is made from what the backup knows. Parents that are in node.toml here
    and not in the backup stay. After a crash the home is refused until the same call is repeated. Nobody may work on
    the home meanwhile. Raises BadBackup, OtherBackup, Busy.
    """
    where = where.absolute()
    made = backup.read(where)
    home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if home.settings_file.is_file() and (here := settings.load(home, {}).origin) != made.origin:
        raise OtherBackup(made.origin, here)
    backup.check(where, made, progress)
    with home.hold("serve", wait_s=1.0), home.hold("session", wait_s=60.0), home.hold("import", wait_s=60.0):
        backup.check_room(home.path, made.total)
        write_whole(home.path / PENDING, str(where).encode())
        parents = settings.load(home, {}).parents if home.settings_file.is_file() else ()
        for name in ("inbox", "outbox"):
            (home.path / name).mkdir(mode=0o700, exist_ok=True)
        for name in made.files:
            _put(where / name, home.path / name)
        found = settings.load(home, {})
        known = {one.origin for one in found.parents}
        settings.save(
            home, replace(found, parents=(*found.parents, *(one for one in parents if one.origin not in known)))
        )
        for one in (home, *(Home(feed.parent) for feed in sorted(home.feeds.glob("*/node.toml")))):
            _mark(one, made.made_at)
        (home.path / PENDING).unlink()
        sync_directory(home.path)
    return made


def _put(source: Path, to: Path) -> None:
    """Put one file in its place, whole; what belonged to the one before goes with it."""
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = to.with_name(to.name + ".new")
    shutil.copyfile(source, beside)
    beside.chmod(0o600)
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    if to.name in _DATABASES:
        for suffix in _SUFFIXES:
            to.with_name(to.name + suffix).unlink(missing_ok=True)
    beside.replace(to)
    sync_directory(to.parent)


def _mark(home: Home, made_at: int) -> None:
    """Give the node a new epoch id, let it sign nothing until it is recovered, and take its catalogue away."""
    origin = settings.load(home, {}).origin
    for suffix in _SUFFIXES:
        home.catalog_db.with_name(home.catalog_db.name + suffix).unlink(missing_ok=True)
    store = Store.create(home.log_db)
    try:
        with store.write():
            store.set_meta("epoch", os.urandom(16))
            recovery.mark_restored(store, f"restored from a backup of {made_at}")
            store.alarm("restored-from-backup", origin, f"backup of {made_at}")
        if not home.head_lock.exists():
            HeadLock.create(home.head_lock, recovery.signed_here(store, origin)).close()
    finally:
        store.close()


def check_whole(home: Home) -> None:
    """Return unless a restore broke off here; raise HalfRestored."""
    pending = home.path / PENDING
    if pending.exists():
        raise HalfRestored(pending.read_text())


def has_keys(home: Home, origin: str) -> bool:
    """Tell whether the keys of this node are in the home: they are never in a backup of the data."""
    try:
        keyfiles.load(home, origin)
    except NodeError:
        return False
    return True
