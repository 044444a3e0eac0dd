"""What a night costs on the wire, and in memory when a million records pass."""

from dataclasses import dataclass

from tests.bench.place import Place, fill
from tests.bench.processes import Night, alone, awaits, night, parent
from tests.bench.proxy import counting

DAY_S = 86_400.0
CHANGED = 100


@dataclass(frozen=True, slots=True)
class Cost:
    """One session or several: calls, bytes in both directions with their TLS handshakes, seconds at the child."""

    calls: int
    bytes: int
    seconds: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.calls + other.calls, self.bytes + other.bytes, self.seconds + other.seconds)


def counted(place: Place, ahead_s: float = 0.0) -> Cost:
    """Run one session of the outlet through the counter."""
    with parent(place.city, ahead_s), counting(place.address) as wire:
        found = alone(night, place.outlet, wire.address, ahead_s)
    return Cost(found.calls, wire.up + wire.down, found.seconds)


def nights(place: Place) -> dict[str, Cost]:
    """Return what an outlet's night costs: `idle`, in which nothing changed, and `changed`, in which a few records did.

    The outlet's log was brought up before; one night in between settles what that left behind. Each is a session in
    the evening and one in the morning if a receipt is awaited, and hub and substation sign anew in between, as they do
    every night.
    """
    _night(place, 1)
    return {"idle": _night(place, 2), "changed": _night(place, 3, CHANGED)}


def _night(place: Place, number: int, records: int = 0) -> Cost:
    """The evening's session, in which the records go up, and the morning's, after the tiers above have signed.

    As `serve` does it: there is a morning's session only where a receipt is awaited.
    """
    ahead_s = number * DAY_S
    if records:
        alone(fill, place.outlet, records)
    evening = counted(place, ahead_s)
    alone(place.resign, ahead_s + DAY_S / 4)
    return evening + counted(place, ahead_s + DAY_S / 3) if alone(awaits, place.outlet) else evening


def memory(place: Place) -> tuple[dict[str, float], Night]:
    """Return the peak MB of each process while the outlet's whole log passes, and the session."""
    with parent(place.city) as above:
        found = alone(night, place.outlet)
        return {"child": found.used.rss_mb, "parent": above.used().rss_mb}, found
