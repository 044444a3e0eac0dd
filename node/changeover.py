"""What is just now being replaced at this node: its keys, the TLS authority of its doors, keys of nodes below.

Nothing is decided here: rotating.py and succession.py do the work, `status` and `doctor` say how far it is.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from node import authority, keyfiles, succession
from node.messages import _
from node.node import Node, Opened


@dataclass(frozen=True, slots=True)
class Authority:
    """One authority follows another: which active children have renewed, and who holds the change back."""

    renewed: tuple[str, ...]
    children: tuple[str, ...]
    invited: tuple[str, ...]
    asking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changeover:
    """`keys` are kinds of which new ones are made and not in use; `unconfirmed` are nodes below whose new keys, or
    going on in another log, this node has stated and the hub has not agreed to yet.
    """

    keys: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    authority: Authority | None = None


def of(node: Node, opened: Opened) -> Changeover:
    """Return what is being replaced now."""
    return Changeover(tuple(keyfiles.begun(node.home)), tuple(_unconfirmed(opened)), _authority(node, opened))


def _authority(node: Node, opened: Opened) -> Authority | None:
    if len(authority.held(node.home)) < 2:
        return None
    waits = succession.awaited(node, opened)
    active = (one.origin for one in opened.registry.children() if one.status == "active")
    renewed = tuple(one for one in active if one not in waits.children)
    return Authority(renewed, **asdict(waits))


def _unconfirmed(opened: Opened) -> Iterator[str]:
    rows = opened.store.db.execute(
        "select distinct about from control where log = ? and what in ('rotate', 'successor') order by about",
        (opened.own.log.id,),
    )
    for (name,) in rows.fetchall():
        if opened.registry.home(name) == opened.node.origin and opened.registry.unconfirmed(name):
            yield name


def read(given: dict[str, Any]) -> Changeover:
    """Return it from what `asdict` made of it."""
    told = given["authority"]
    return Changeover(given["keys"], given["unconfirmed"], Authority(**told) if told else None)


def lines(found: Changeover) -> list[str]:
    """Return a sentence for each; nothing where nothing is being replaced."""
    said = [
        _("New {kind} keys are made and not in use yet: `keys rotate {kind}` goes on where it broke off.").format(
            kind=kind
        )
        for kind in found.keys
    ]
    said += [
        _("What was stated of {origin} counts once the hub has agreed: its operator runs `confirm {origin}`.").format(
            origin=name
        )
        for name in found.unconfirmed
    ]
    return said + ([" ".join(_said_of_authority(found.authority))] if found.authority else [])


def _said_of_authority(found: Authority) -> list[str]:
    whole = len(found.renewed) + len(found.children)
    said = [
        _(
            "Two TLS authorities count at the doors: {renewed} of {whole} nodes below have renewed by the new one."
        ).format(renewed=len(found.renewed), whole=whole)
    ]
    if found.children:
        said.append(_("Not yet renewed: {origins}.").format(origins=", ".join(found.children)))
    if found.invited or found.asking:
        text = _("Made under the old one and still open: {invitations} invitations, {requests} requests.")
        said.append(text.format(invitations=len(found.invited), requests=len(found.asking)))
    if not (found.children or found.invited or found.asking):
        said.append(_("The doors change over in the next night."))
    return said
