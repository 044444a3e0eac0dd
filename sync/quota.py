"""How much one child may bring: quotas that refill steadily, so that nobody floods a parent and nothing is dropped.

A quota is a bucket that holds one day's amount and fills at that rate. Who has emptied it is told when to come back;
what was stored stays, what is missing is brought then. Levels outlive a restart (table `quota` of log.db).
"""

import math
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sync.errors import NoRoom, SlowDown
from sync.store import Store

DAY_S = 86_400
BYTES, ENTRIES, HEADS = "bytes", "entries", "heads"


@dataclass(frozen=True, slots=True)
class Quotas:
    """A day's amounts: bytes and entries for each child, heads for each log that it brings."""

    bytes: int = 8_000_000_000
    entries: int = 4_000_000
    heads: int = 480

    def of(self, what: str) -> int:
        """Return the day's amount of one of the three."""
        return {BYTES: self.bytes, ENTRIES: self.entries, HEADS: self.heads}[what]


@dataclass
class Meter:
    """Counts what one call of `child` brings; `settle` writes it down, once, when the call ends."""

    store: Store
    child: str
    quotas: Quotas
    clock: Callable[[], float]
    _used: Counter[tuple[str, str]] = field(default_factory=Counter)
    _levels: dict[tuple[str, str], float] = field(default_factory=dict)

    def check(self, what: str, about: str = "") -> None:
        """Return if the child may bring more now; raise SlowDown with the seconds after which it may.

        The amount that empties a bucket is still taken, so that no package is too large to ever pass.
        """
        found = (what, about)
        if found not in self._levels:
            self._levels[found] = self._level(*found)
        left = self._levels[found] - self._used[found]
        if left < 1:
            wait_s = math.ceil((1 - left) * DAY_S / self.quotas.of(what))
            raise SlowDown(what, about or self.child, max(1, wait_s))

    def use(self, what: str, amount: int, about: str = "") -> None:
        """Count what was brought."""
        self._used[what, about] += amount

    def settle(self) -> None:
        """Write down what was counted since the last time."""
        if not self._used:
            return
        with self.store.write() as db:  # a crash before loses the count of one call, nothing that was brought
            for (what, about), amount in self._used.items():
                db.execute(
                    "insert or replace into quota(child, what, about, level, at) values (?, ?, ?, ?, ?)",
                    (self.child, what, about, self._level(what, about) - amount, self.clock()),
                )
        self._used.clear()
        self._levels.clear()

    def _level(self, what: str, about: str) -> float:
        """Return what is in a bucket now: full for a child that never came; a clock set back fills nothing."""
        full = self.quotas.of(what)
        row = self.store.db.execute(
            "select level, at from quota where child = ? and what = ? and about = ?", (self.child, what, about)
        ).fetchone()
        if row is None:
            return float(full)
        return float(min(full, row[0] + max(0.0, self.clock() - row[1]) * full / DAY_S))


def check_room(directory: Path, floor_mb: int) -> None:
    """Return if there is more free space than the floor where `directory` is; raise NoRoom."""
    found = os.statvfs(directory)
    free_mb = found.f_bavail * found.f_frsize // 1_000_000
    if free_mb < floor_mb:
        raise NoRoom(free_mb, floor_mb)
