"""How this node stands with those above: active, waiting, refused, suspended, revoked, and why, as they said last."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from node import arrival, asking, sentences
from node.home import Home
from node.messages import N_, _
from node.node import Node
from node.report import Context
from node.request_book import Stands
from sync.errors import NotAllowed, ShutOut, SyncError

ACTIVE, WAITING, REJECTED, REMOVED, LEFT = "active", "waiting", "rejected", "member-revoked", "left"
_SAID = {
    "suspended": N_("{parent} takes nothing from this node: its home has suspended it, since {when}. {reason}"),
    "revoked": N_("{parent} takes nothing from this node: its home has revoked it, since {when}. {reason}"),
    "member-suspended": N_("{parent} has suspended the membership, since {when}. {reason}"),
    REMOVED: N_("{parent} has ended the membership, {when}. {reason} Run `leave {parent}`."),
    "waiting": N_("{parent} has not approved the request yet, made {when}. Run `join` to ask again."),
    "rejected": N_("{parent} has refused the request, {when}. {reason}"),
    "moved": N_("{parent} is the home no more, since {when}: the hub has moved this node, which goes there by itself."),
    "moving": N_(
        "{parent} takes nothing from this node until the new home's word on it has come, since {when}. This node "
        "brings that word itself, in a night or two."
    ),
    arrival.ARRIVING: N_(
        "The hub has moved this node to {parent}, which it has tried to reach every night since {when}. {reason}"
    ),
    arrival.AWAY: N_("The hub has moved this node away from {parent}, since {when}. Nothing is left to do."),
}


def note(node: Node, parent: str, error: SyncError | None) -> None:
    """Write down what a session with a parent said of this node: nothing for errors that say nothing of it."""
    if error is None:
        node.notebook.stands(parent, ACTIVE, "", node.clock())
    elif isinstance(error, NotAllowed) and error.origin == node.origin and error.reason in _SAID:
        because = str(error.args[2]) if isinstance(error, ShutOut) else ""
        node.notebook.stands(parent, error.reason, because, node.clock())


def shown(home: Home, node: Node | None) -> list[dict[str, Any]]:
    """Return by parent: state, reason, since (POSIX seconds); what is asked for, too, also before there is a node."""
    found: dict[str, dict[str, Any]] = {}
    for one in _standings(node) if node else ():
        found[one.parent] = {"parent": one.parent, "state": one.state, "reason": one.reason, "since": one.since}
    for parent, asked in asking.waiting(home).items():
        found[parent] = {"parent": parent, "state": WAITING, "reason": "", "since": asked.since, "spoken": asked.spoken}
    for parent, (reason, since) in asking.refused(home).items():
        found[parent] = {"parent": parent, "state": REJECTED, "reason": reason, "since": since}
    return [found[parent] for parent in sorted(found)]


def _standings(node: Node) -> Iterator[Stands]:
    """Yield what was noted, as it counts now: a node that has moved may have broken off before it noted that."""
    parents = {one.origin for one in node.renewed().settings.parents}
    move = arrival.due(node)
    for one in node.notebook.standings().values():
        if one.state == arrival.ARRIVING and (move is None or one.parent != move.home):
            continue  # it was moved on, or back, before it came there
        away = one.state == "moved" and one.parent not in parents
        yield replace(one, state=arrival.AWAY) if away else one


def lines(found: list[dict[str, Any]], moment: Any) -> list[str]:
    """Return a sentence for each parent with which this node is not simply active."""
    return [
        _(_SAID[one["state"]])
        .format(parent=one["parent"], when=moment(one["since"]), reason=sentences.reason(one["reason"]))
        .strip()
        for one in found
        if one["state"] in _SAID
    ]


def tell_before_joining(context: Context, moment: Any) -> bool:
    """Show how a home stands that is no node yet; tell whether it is one."""
    home = Home(context.home_path.absolute())
    found = [] if home.settings_file.exists() else shown(home, None)
    if not found:
        return False
    for line in lines(found, moment):
        context.say(line)
    context.emit({"origin": "", "stands": found})
    return True
