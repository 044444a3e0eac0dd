"""What a trace must show of going on after a crash: nothing stored is sent again, next to nothing verified again."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.crash.trace import Event

MAX_UNACKNOWLEDGED = 8


@dataclass
class Resumption:
    """Reads a trace in order. The counts say how much the kills cost, and that they hit something."""

    origin: str
    stored: int = 0  # the largest next_entry that the parent was seen to commit
    floor: int = 0  # what was stored at the last Hello: no upload after it may begin lower
    verified: int = 0  # the end of the last package that the parent began to verify
    unacknowledged: int = 0
    most_unacknowledged: int = 0
    again: int = 0  # packages verified again since the last kill
    verified_again: int = 0
    sent: int = 0
    uploading: bool = False
    interrupted: int = 0  # kills in the middle of an upload
    kills: int = 0

    def read(self, events: Sequence[Event]) -> "Resumption":
        """Take all events; fail at the first that must not be."""
        for one in events:
            step = getattr(self, f"_{one.what}", None)
            if step is not None:
                step(one)
        return self

    def _asking(self, one: Event) -> None:
        self.floor = self.stored
        self.uploading = False

    def _told(self, one: Event) -> None:
        if one.facts[0] == self.origin:
            assert one.number(1) >= self.floor, "the parent says less than it has stored"
            self.floor = one.number(1)

    def _upload(self, one: Event) -> None:
        assert one.number(1) >= self.floor, "an upload begins below what is stored"
        self.unacknowledged = 0
        self.uploading = one.number(2) > one.number(1)

    def _sent(self, one: Event) -> None:
        assert one.number(0) >= self.floor, "a stored package is sent again"
        self.sent += 1
        self.unacknowledged += 1
        self.most_unacknowledged = max(self.most_unacknowledged, self.unacknowledged)
        assert self.unacknowledged <= MAX_UNACKNOWLEDGED

    def _acknowledged(self, one: Event) -> None:
        self.unacknowledged = max(0, self.unacknowledged - 1)  # an early end is answered with one more

    def _receipt(self, one: Event) -> None:
        self.uploading = False

    def _take(self, one: Event) -> None:
        if one.role != "parent" or one.facts[0] != self.origin:
            return
        first, last = one.number(1), one.number(2)
        assert first <= self.verified, "a package was left out"
        if first < self.verified:
            self.again += 1
            self.verified_again += 1
            assert self.again <= min(1, self.kills), "more than one package is verified again after one kill"
        self.verified = max(self.verified, last)

    def _stored(self, one: Event) -> None:
        if one.role == "parent" and one.facts[0] == self.origin:
            self.stored = max(self.stored, one.number(1))

    def _killed(self, one: Event) -> None:
        self.kills += 1
        self.again = 0
        self.interrupted += self.uploading and one.facts[0] != "importer"
        self.uploading = False
