"""Standing that a person changes: suspend, resume, revoke, remove; with what is known of a node and was said of it.

The home changes the standing of a node, an alliance that of a membership. Both take effect at the next call and the
next package, here at once, further up with the next head.
"""

from typing import Any

from node import fingerprint, nodes, registering, stolen, succeeding
from node.enrolment import keys_hash
from node.errors import NodeError
from node.messages import N_
from node.node import Node, Opened
from sync import control, entry
from sync.schema import index_of

MAX_REASON = 200
_BECOMES = {"suspend": "suspended", "resume": "active", "revoke": "revoked", "remove": "revoked"}
_FROM = {
    "suspend": ("active",),
    "resume": ("suspended",),
    "revoke": ("active", "suspended"),
    "remove": ("active", "suspended"),
}


class NotBelow(NodeError):
    """Neither registered by this node nor a member of it: (origin, here)."""

    facts = ("origin", "here")
    sentence = N_("{origin} is neither registered by {here} nor a member of it. `nodes` names those that are.")


class NotFrom(NodeError):
    """A standing that this does not follow: (origin, status, wanted)."""

    facts = ("origin", "status", "wanted")
    sentence = N_(
        "{origin} is {status}, so it cannot become {wanted}. What is revoked stays so: its records stay provable, and "
        "the organisation joins again under another name."
    )


class BadReason(NodeError):
    """A reason that others could not read: (length, limit)."""

    facts = ("length", "limit")
    sentence = N_(
        "A reason is one line of 1 to {limit} characters; this one has {length}, or some that cannot be shown."
    )


class OnlyMembers(NodeError):
    """`remove` is for members of an alliance: (origin,)."""

    facts = ("origin",)
    sentence = N_("{origin} is registered here and is no member; `node revoke` shuts it out for good.")


def stated(opened: Opened, origin: str) -> control.Node | control.Member:
    """Return what this node says of one below it now; raise NotBelow."""
    registry, me = opened.registry, opened.node.origin
    if registry.home(origin) == me and (found := registry.find(origin)) is not None:
        return found.node
    member = registry.membership(me, origin)
    if member is None:
        raise NotBelow(origin, me)
    return member


def check_reason(reason: str) -> None:
    """Return if others can read this reason; raise BadReason."""
    if not 1 <= len(reason) <= MAX_REASON or not reason.isprintable():
        raise BadReason(len(reason), MAX_REASON)


def check(opened: Opened, origin: str, what: str, reason: str) -> bool:
    """Tell whether `what` (suspend, resume, revoke, remove) changes anything; raise why it cannot be done."""
    check_reason(reason)
    found = stated(opened, origin)
    if what == "remove" and isinstance(found, control.Node):
        raise OnlyMembers(origin)
    if found.status == _BECOMES[what]:
        return False
    if what == "resume" and found.reason == stolen.TAKEN_BACK:
        raise stolen.KeysTakenBack(origin)
    if what == "resume" and found.reason == succeeding.SUCCEEDED and (ended := succeeding.of(opened, origin)):
        raise succeeding.SucceededAlready(origin, ended.successor, ended.size)
    if found.status not in _FROM[what]:
        raise NotFrom(origin, found.status, _BECOMES[what])
    return True


def change(opened: Opened, origin: str, what: str, reason: str) -> control.Node | control.Member:
    """Add the statement that changes a standing, and return it; what stands already is not said again.

    Raises NotBelow, NotFrom, OnlyMembers, BadReason, KeysTakenBack, SucceededAlready.
    """
    found = stated(opened, origin)
    if not check(opened, origin, what, reason):
        return found
    status = _BECOMES[what]
    said = "" if what == "resume" else reason  # an active node has no reason to be so
    if isinstance(found, control.Node):
        new: control.Node | control.Member = found.with_status(status, said)
    else:
        new = control.Member(origin, status, said)
    opened.own.state(new)
    return new


def shown(node: Node, origin: str) -> dict[str, Any]:
    """Return all that is known here of one node below: its row, keys, and each statement on it; raise NotBelow."""
    row = next((one for one in nodes.listed(node) if one["origin"] == origin), None)
    if row is None:
        raise NotBelow(origin, node.origin)
    with node.opened() as opened:
        found = opened.registry.find(origin)
        answer = row | {"home": opened.registry.home(origin), "statements": _statements(opened, origin)}
        if found is not None:
            hashed = keys_hash(registering.key_bytes(found.node))
            answer |= {"spoken": fingerprint.spoken(hashed), "fingerprint": fingerprint.of_hex(hashed)}
            if (good := stolen.standing(found)) is not None:
                answer["keys_taken_back"] = {"good_until": good.size, "way": stolen.way(opened, origin)}
        if (ended := succeeding.of(opened, origin)) is not None:
            answer["succeeded_by"] = {"successor": ended.successor, "size": ended.size, "state": ended.state}
        answer["alarms_about_it"] = [
            {"at": at, "what": what, "detail": detail}
            for at, what, about, detail in opened.store.alarms()
            if about == origin
        ]
    return answer


def _statements(opened: Opened, origin: str) -> list[dict[str, Any]]:
    """Return what the own log says of an origin, oldest first."""
    log = opened.own.log
    rows = opened.store.db.execute(
        "select id, what, entry from control where log = ? and about = ? order by id", (log.id, origin)
    ).fetchall()
    found = []
    for row, what, raw in rows:
        read = entry.Entry.decode(raw)
        statement = control.decode(read.control)
        found.append(
            {
                "index": index_of(row),
                "time_ms": read.time_ms,
                "what": what,
                "status": getattr(statement, "status", ""),
                "reason": getattr(statement, "reason", ""),
                "home": getattr(statement, "home", ""),
                "size": getattr(statement, "size", None),
            }
        )
    return found
