"""What the evidence of a fork proves, as people and programs read it: the steps that hold, the first that does not."""

from collections.abc import Sequence
from typing import Any

from node import evidence_report, frame
from node.messages import _
from node.report import Context
from sync import forkcheck
from sync.federation import Federation
from sync.fork import Contradiction


def tell(context: Context, raw: bytes, pinned: Federation, files: Sequence[bytes]) -> int:
    """Say which steps hold, and the first that does not; return the exit code."""
    told = forkcheck.examine(raw, pinned, files)
    evidence_report.tell_held(context, told.held)
    if told.found is None:
        return evidence_report.tell_miss(context, told.held, told.miss)
    steps = evidence_report.steps(told.held, None)
    context.emit({"verified": True, **as_dict(told.found, told.signed_both), "steps": steps})
    context.say(_("PROVED: {origin} has forked.").format(origin=told.found.origin))
    return frame.DONE


def as_dict(found: Contradiction, signed_both: Sequence[str]) -> dict[str, Any]:
    """Return what is proved; the notes are such as public tools read."""
    heads = [
        {
            "size": one.head.size,
            "root": one.head.root.hex(),
            "signed_at": one.head.time_s,
            "root_of_common": one.root.hex(),
            "note": one.head.note.decode(),
        }
        for one in found.branches
    ]
    keys = [key.encode() for key in found.log_keys]
    return {
        "origin": found.origin,
        "common": found.size,
        "heads": heads,
        "keys": keys,
        "signed_both": list(signed_both),
    }
