"""What is said of a node whose keys were taken back, or whose log has ended: how it stands, and what comes next."""

from collections.abc import Mapping
from typing import Any

from node import stolen, succeeding
from node.messages import N_, _

_WAYS = {
    stolen.RECOVER: N_(
        "Next: `invite --recover {origin}` here, and `join` with that token at the node, in a home without the old "
        "keys; the hub confirms. Its log goes on from there."
    ),
    stolen.SUCCEED: N_(
        "Next: `node succeed {origin}` here: more was signed for than stays good, or the log is forked, so another log "
        "goes on from it under new keys."
    ),
}


_SUCCESSION = {
    succeeding.STATED: N_(
        "Next: `confirm {origin}` at the hub, once a night has passed this on; then `invite {origin}` here."
    ),
    succeeding.CONFIRMED: N_(
        "The hub has confirmed it. Next: `invite {origin}` here, and `join` with that token in an empty home."
    ),
    succeeding.REGISTERED: N_("It has joined as {origin}."),
}


def lines(found: Mapping[str, Any]) -> list[str]:
    """Return the sentences for what `membership.shown` tells of a node; [] for one that goes on as it is."""
    if found.get("succeeded_by"):
        return succeeded(found["origin"], **found["succeeded_by"])
    if found.get("keys_taken_back"):
        return taken_back(found["origin"], **found["keys_taken_back"])
    return []


def taken_back(origin: str, good_until: int, way: str) -> list[str]:
    good = _("Its keys were taken back: {size} entries stay good, and nothing that they sign behind these counts.")
    return [good.format(size=good_until), _(_WAYS[way]).format(origin=origin)]


def succeeded(origin: str, successor: str, size: int, state: str) -> list[str]:
    ended = _("The log of {origin} ends at {size} entries; {successor} goes on from there.")
    return [ended.format(origin=origin, size=size, successor=successor), _(_SUCCESSION[state]).format(origin=successor)]


def kept_out(count: int) -> list[str]:
    text = _("{count} parts behind that head are kept out of the catalogue; `quarantine list` shows them.")
    return [text.format(count=count)] if count else []
