"""Clocks that are an hour off."""

import time
from collections.abc import Iterator

from tests.faults.place import HONEST
from tests.faults.processes import Process
from tests.faults.scene import Effect, Kind, Scene

HOUR_S = 3600.0


def _night(scene: Scene, ahead_s: float) -> Effect:
    origin = scene.place_of(HONEST)
    federation = scene.federation
    federation.start({origin: lambda _origin, home: Process.start(home, federation.errors, ahead_s=ahead_s)})
    ended = federation.night(skewed={origin: ahead_s})
    federation.stop(origin)  # its clock is put right, and it is started again
    with scene.place.node(origin).lock() as lock:
        signed = lock.signed(origin)
    assert signed is not None
    off_s = signed.time_s - time.time()
    if ahead_s > 0:
        seen = f"{origin} signed {off_s:.0f} s ahead"
        return Effect(int(off_s > HOUR_S / 2), seen, tuple(_from_the_future(scene, origin)), (origin,))
    error = ended[origin].error
    return Effect(int("behind the last signature" in error), f"{origin}: {error}", (), (origin,))


def _from_the_future(scene: Scene, skewed: str) -> Iterator[str]:
    """Yield the receipts of the node whose clock is ahead that others took for good."""
    for origin in HONEST:
        with scene.place.opened(origin) as opened:
            query = "select count(*) from receipt where signer = ? and time > ?"
            (count,) = opened.store.db.execute(query, (skewed, time.time() + HOUR_S / 2)).fetchone()
        if count and origin != skewed:
            yield f"{origin} keeps {count} receipts of {skewed} from the future"


def _kind(word: str, ahead_s: float) -> Kind:
    return Kind(
        f"clock-{word}",
        f"a node whose clock is an hour {word}",
        lambda scene: _night(scene, ahead_s),
        places=lambda _survey: HONEST,
    )


KINDS = [_kind("ahead", HOUR_S), _kind("behind", -HOUR_S)]
