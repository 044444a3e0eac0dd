"""A link that fails: a proxy in a process of its own between a child and its parent."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.faults.place import PORTS, SECOND, Place
from tests.faults.processes import FORK
from tests.faults.scene import Effect, Kind, Scene
from tests.faults.survey import Survey
from tests.world import ALLIANCE, CITY, HUB, OUTLET

LINKS = ((OUTLET, CITY), (OUTLET, ALLIANCE), (SECOND, CITY), (CITY, HUB), (ALLIANCE, HUB))
_CHUNK = 16_384
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset, as a line that breaks
HALF_OPEN_NIGHT_S = 2.0
PARTS = 8  # of what a link carries in a night; it breaks somewhere in each


@dataclass(frozen=True, slots=True)
class Weather:
    """What befalls a link: after `limit` bytes it is cut, or goes silent; every chunk waits, or trickles."""

    cut: bool = False
    silent: bool = False
    limit: int = 0
    delay_s: float = 0.0
    bytes_a_second: float = 0.0


class Proxy:
    """Listens for a child and calls its parent. `counts`: connections, bytes, connections cut, bytes swallowed."""

    def __init__(self, listen: tuple[str, int], target: tuple[str, int], weather: Weather):
        self._listener = socket.create_server(listen)
        self._target = target
        self._weather = weather
        self._guard = threading.Lock()
        self._left = weather.limit
        self.counts = dict.fromkeys(("connections", "bytes", "cut", "swallowed", "chunks"), 0)

    def serve(self) -> None:
        while True:
            child, _from = self._listener.accept()
            try:
                parent = socket.create_connection(self._target)
            except OSError:
                child.close()
                continue
            self._count("connections", 1)
            for source, sink in ((child, parent), (parent, child)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _count(self, what: str, more: int) -> None:
        with self._guard:
            self.counts[what] += more

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(_CHUNK):
                if not self._let(data):
                    for one in (source, sink):
                        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                        one.shutdown(socket.SHUT_RDWR)
                        one.close()
                    self._count("cut", 1)
                    return
                if self._weather.silent and self._left <= 0:
                    self._count("swallowed", len(data))
                    continue
                sink.sendall(data)
                self._count("bytes", len(data))
                self._count("chunks", 1)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            sink.close()

    def _let(self, data: bytes) -> bool:
        """Wait as the weather wants it; return whether the link stays."""
        weather = self._weather
        if weather.delay_s:
            time.sleep(weather.delay_s)
        if weather.bytes_a_second:
            time.sleep(len(data) / weather.bytes_a_second)
        with self._guard:
            self._left -= len(data)
            return not (weather.cut and self._left <= 0)


@contextmanager
def proxied(place: Place, child: str, parent: str, weather: Weather) -> Iterator[dict[str, int]]:
    """Let `child` call `parent` through a proxy; the counts are in the dict at the end of the block."""
    listen = place.host, PORTS[parent] + 500
    target = place.host, PORTS[parent]
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=_serve, args=(listen, target, weather, theirs))
    process.start()
    counts: dict[str, int] = {}
    try:
        ours.recv()
        place.move(child, [(parent, f"{listen[0]}:{listen[1]}")])
        yield counts
        ours.send("counts")
        counts.update(ours.recv())
    finally:
        process.kill()
        process.join()
        place.move(child)


def _serve(listen: tuple[str, int], target: tuple[str, int], weather: Weather, pipe: object) -> None:
    proxy = Proxy(listen, target, weather)
    threading.Thread(target=proxy.serve, daemon=True).start()
    pipe.send("ready")  # type: ignore[attr-defined]
    pipe.recv()  # type: ignore[attr-defined]
    pipe.send(proxy.counts)  # type: ignore[attr-defined]
    time.sleep(60)  # until it is killed: what is open stays open


def _night(scene: Scene, weather: Weather, what: str, seconds: float = 20.0, place: str = "") -> Effect:
    child, parent = LINKS[scene.turn % len(LINKS)]
    with proxied(scene.place, child, parent, weather) as counts:
        scene.federation.start()
        scene.federation.night(seconds=seconds)
    scene.federation.stop(child)  # it shall call its parent itself again
    where = f"{child} to {parent}"
    return Effect(int(counts[what] > 0), f"{where}: {counts}", (), (f"{where}{place}",))


def _part(scene: Scene) -> tuple[int, str]:
    """Return after how many bytes of a night a link breaks, and in which part of them: each link, then each part."""
    link, part = LINKS[scene.turn % len(LINKS)], scene.turn // len(LINKS) % PARTS
    whole = scene.survey.bytes[link]
    return max(1, int(whole * (part + scene.chance.random()) / PARTS)), f", part {part + 1}"


def _cut(scene: Scene) -> Effect:
    limit, place = _part(scene)
    return _night(scene, Weather(cut=True, limit=limit), "cut", place=place)


def _delayed(scene: Scene) -> Effect:
    return _night(scene, Weather(delay_s=scene.chance.uniform(0.01, 0.05)), "chunks")


def _throttled(scene: Scene) -> Effect:
    return _night(scene, Weather(bytes_a_second=scene.chance.uniform(50_000, 100_000)), "chunks")


def _half_open(scene: Scene) -> Effect:
    limit, place = _part(scene)
    return _night(scene, Weather(silent=True, limit=limit), "swallowed", HALF_OPEN_NIGHT_S, place)


def _links(_found: Survey) -> list[str]:
    return [f"{child} to {parent}" for child, parent in LINKS]


def _parts(found: Survey) -> list[str]:
    return [f"{link}, part {part}" for link in _links(found) for part in range(1, PARTS + 1)]


KINDS = [
    Kind(
        "link-cut",
        "a link that breaks after some bytes, and again at each new try",
        _cut,
        survey="bytes",
        places=_parts,
    ),
    Kind("link-delayed", "a link on which everything comes late", _delayed, places=_links),
    Kind("link-throttled", "a link that lets through a few bytes a second", _throttled, places=_links),
    Kind(
        "link-half-open",
        "a link that stays open and carries nothing any more",
        _half_open,
        share=3,
        survey="bytes",
        places=_parts,
    ),
]
