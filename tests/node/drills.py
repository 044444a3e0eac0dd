"""What drills share: copies of homes put back, as after a lost disk or a snapshot, and what must hold afterwards."""

import contextlib
import shutil
from collections import Counter
from pathlib import Path

from records import body
from records.body import Record
from sync.bundles import Bundles
from sync.entry import SALT_BYTES
from sync.errors import Refused
from tests.world import HUB, World

LOG, LOCK, NOTES = "log.db", "head.lock", "node.db"
SUFFIXES = ("", "-wal", "-shm")


def copied(world: World, origin: str, name: str = "old") -> Path:
    """Copy a home while nothing writes, as a snapshot does; return where."""
    kept = world.home(origin).with_name(f"{world.home(origin).name}-{name}")
    shutil.copytree(world.home(origin), kept)
    return kept


def put_back(world: World, origin: str, *files: str, name: str = "old") -> None:
    """Put files of a copy in the place of what a node has now; open its doors again if they were."""
    serves = origin in world.doors
    world.shut(origin)
    home = world.home(origin)
    for file in files:
        for suffix in SUFFIXES:
            (home / (file + suffix)).unlink(missing_ok=True)
            kept = home.with_name(f"{home.name}-{name}") / (file + suffix)
            if kept.exists():
                shutil.copy(kept, home / (file + suffix))
    if serves:
        world.open(origin)


def record(title: str, number: int = 1) -> bytes:
    fields = {"title": title}
    return body.encode(
        Record(f"copyright_work:CN:{title}", "assert", "copyright_work", 1, fields, {"submission": number})
    )


def filed(world: World, origin: str, *titles: str, number: int = 1) -> None:
    world.file(origin, *(record(title, number) for title in titles))


def records(world: World, holder: str, origin: str) -> Counter[str]:
    """Return how often each title stands in the log of `origin`, as `holder` has it under a head."""
    with world.nodes[holder].opened() as opened:
        log = opened.store.log(origin)
        if log is None:
            return Counter()
        parts = Bundles(opened.store, log).parts(0, log.stored)
    return Counter(body.decode(content[SALT_BYTES:]).fields["title"] for _name, content in parts)


def is_once(world: World, origin: str, titles: str, *holders: str) -> bool:
    """Tell whether just these records, each once, are at each holder, and everybody has the same log unfrozen."""
    seen = set()
    for holder in holders or (origin, *above(world, origin)):
        with world.nodes[holder].opened() as opened:
            log = opened.store.log(origin)
            assert log is not None
            assert not log.frozen
            assert records(world, holder, origin) == Counter(titles.split())
            seen.add((log.next_entry, Bundles(opened.store, log).root(log.next_entry)))
    return len(seen) == 1


def above(world: World, origin: str) -> list[str]:
    parts = origin.split("/")
    return ["/".join(parts[:at]) for at in range(1, len(parts))]


def night(world: World, *origins: str) -> None:
    """Let nodes call their parents one after the other; the hub seals when it may."""
    for origin in origins:
        call(world, origin)
    world.seal_hub()


def call(world: World, origin: str) -> None:
    """Run a session; a parent that is not recovered yet gives no receipt, and that is no harm."""
    with contextlib.suppress(Refused):
        world.sync(origin)


def alarms(world: World, origin: str) -> set[str]:
    with world.nodes[origin].opened() as opened:
        return {what for _at, what, _origin, _detail in opened.store.alarms()}


__all__ = ["HUB", "LOCK", "LOG", "NOTES"]
