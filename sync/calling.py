"""One frame for every call that a child makes: within what is left of the night, counted, its refusal understood."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc

from sync import refusals
from sync.errors import Unreachable

CALL_TIMEOUT_S = 300.0


@dataclass
class Calling:
    """Calls to one parent over one channel. `deadline` gives the seconds that are left of the night."""

    channel: grpc.Channel
    parent: str
    deadline: Callable[[], float] = lambda: CALL_TIMEOUT_S
    calls: int = field(default=0, init=False)

    @contextmanager
    def called(self) -> Iterator[float]:
        """Give the timeout of one call, in seconds; raise what the parent refuses it with, or Unreachable."""
        left = min(CALL_TIMEOUT_S, self.deadline())
        if left <= 0:
            raise Unreachable(self.parent, "DEADLINE_EXCEEDED", "the night is over")
        self.calls += 1
        try:
            yield left
        except grpc.RpcError as error:
            raise refusals.understood(error, self.parent) from error
