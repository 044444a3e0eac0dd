"""A TCP proxy that counts what passes: every byte between child and parent, handshake included."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_CHUNK = 1 << 16


class Counter:
    """Bytes in both directions so far, and the address to call instead of the parent's."""

    def __init__(self, target: str):
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.up = 0
        self.down = 0
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._start(self._accept)

    def stop(self) -> None:
        """Take no further connection; return once those that were open have ended."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _start(self, target, *args) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                child, _ = self._listener.accept()
            except OSError:  # stopped
                return
            parent = socket.create_connection(self._target)
            self._start(self._pass, child, parent, "up")
            self._start(self._pass, parent, child, "down")

    def _pass(self, source: socket.socket, sink: socket.socket, way: str) -> None:
        try:
            while data := source.recv(_CHUNK):
                setattr(self, way, getattr(self, way) + len(data))
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:  # one end has gone: so shall the other
            sink.close()


@contextmanager
def counting(target: str) -> Iterator[Counter]:
    """Count between callers of the counter's address and `target` until the end of the block."""
    counter = Counter(target)
    counter.start()
    try:
        yield counter
    finally:
        counter.stop()
