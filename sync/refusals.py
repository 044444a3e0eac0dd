"""How refusals travel: one table from error to gRPC status and reason word, read both ways (wire.md section 4).

Sizes go in a trailer, notes never do: metadata is limited to 8 KB.
"""

from collections.abc import Iterable
from typing import NoReturn

import grpc

from sync import errors
from sync.errors import SyncError

REASON = "banyan-reason"
FACTS = "banyan-facts"
_Code = grpc.StatusCode
TABLE: dict[type[SyncError], tuple[grpc.StatusCode, str]] = {
    errors.Malformed: (_Code.INVALID_ARGUMENT, "MALFORMED"),
    errors.Damaged: (_Code.FAILED_PRECONDITION, "DAMAGED"),
    errors.OverLimit: (_Code.INVALID_ARGUMENT, "OVER_LIMIT"),
    errors.UnknownOrigin: (_Code.NOT_FOUND, "UNKNOWN_ORIGIN"),
    errors.BadSignature: (_Code.PERMISSION_DENIED, "BAD_SIGNATURE"),
    errors.NotAllowed: (_Code.PERMISSION_DENIED, "NOT_ALLOWED"),
    errors.BadProof: (_Code.FAILED_PRECONDITION, "BAD_PROOF"),
    errors.OldSize: (_Code.FAILED_PRECONDITION, "OLD_SIZE"),
    errors.NoHead: (_Code.FAILED_PRECONDITION, "NO_HEAD"),
    errors.Conflict: (_Code.FAILED_PRECONDITION, "CONFLICT"),
    errors.Fork: (_Code.FAILED_PRECONDITION, "FORK"),
    errors.NoRoom: (_Code.RESOURCE_EXHAUSTED, "NO_ROOM"),
    errors.SlowDown: (_Code.RESOURCE_EXHAUSTED, "SLOW_DOWN"),
    errors.NeedsRecovery: (_Code.FAILED_PRECONDITION, "NEEDS_RECOVERY"),
}
_COUNTS: dict[type[SyncError], int] = {  # of facts, where there are not two; what the other side says may be fewer
    errors.UnknownOrigin: 1,
    errors.BadProof: 1,
    errors.OldSize: 1,
    errors.OverLimit: 3,
    errors.SlowDown: 3,
    errors.Conflict: 3,
}
_BY_REASON = {reason: kind for kind, (_status, reason) in TABLE.items()}


def refuse(context: grpc.ServicerContext, error: SyncError) -> NoReturn:
    """End the call with the error's status, reason word and facts."""
    status, reason = TABLE[type(error)]
    context.set_trailing_metadata(((REASON, reason), (FACTS, as_facts(error.args))))
    context.abort(status, reason)
    raise AssertionError("abort returns to nobody")


def as_facts(given: Iterable[object]) -> str:
    """Return facts as one trailer carries them: at most 400 printable ASCII characters, others as `?`.

    gRPC sends no answer at all with a control character in a trailer, and names from outside may have any.
    """
    whole = ",".join(str(one) for one in given)[:400]
    return "".join(sign if " " <= sign <= "~" else "?" for sign in whole)


def trailers(error: grpc.RpcError) -> dict[str, str]:
    """Return the text trailers of a failed call."""
    if not isinstance(error, grpc.Call):
        return {}
    return {str(name): str(value) for name, value in error.trailing_metadata() or ()}


def understood(error: grpc.RpcError, node: str) -> SyncError:
    """Return the refusal that the other side raised, or Unreachable where it did not answer."""
    said = trailers(error)
    kind = _BY_REASON.get(said.get(REASON, ""))
    if kind is not None:
        count = _COUNTS.get(kind, 2)
        facts = [_fact(one) for one in said.get(FACTS, "").split(",", count - 1)]
        if kind is not errors.OldSize or isinstance(facts[0], int):
            return kind(*facts, *[""] * (count - len(facts)))
    status = error.code() if isinstance(error, grpc.Call) else grpc.StatusCode.UNKNOWN
    detail = error.details() if isinstance(error, grpc.Call) else str(error)
    if status in (_Code.UNAVAILABLE, _Code.DEADLINE_EXCEEDED, _Code.CANCELLED, _Code.RESOURCE_EXHAUSTED):
        return errors.Unreachable(node, status.name, detail)
    return errors.Refused(node, status.name, detail)


def _fact(text: str) -> str | int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else text
