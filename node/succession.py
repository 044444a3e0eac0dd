"""One TLS authority follows another while the federation runs (docs/keys.md).

From the command on the new authority issues client certificates, and certificates of both open the doors. Children hear
of it in Hello and renew at once, by which they learn to trust both. The doors show a certificate of the new one when
every active child has called with one of its certificates, and nobody holds an invitation that names the old one. Then
the old one's key is deleted, and its certificates open nothing more.
"""

import logging
from contextlib import AbstractContextManager
from dataclasses import dataclass

from node import authority
from node.errors import NodeError
from node.home import sync_directory
from node.messages import N_
from node.node import Node, Opened

log = logging.getLogger(__name__)


class NoAuthority(NodeError):
    """A node without doors is nobody's authority: (origin,)."""

    facts = ("origin",)
    sentence = N_(
        "{origin} has no doors that others call, so it has no authority to replace. Give the command at its parent."
    )


class NothingToFinish(NodeError):
    """No authority follows another here: (origin,)."""

    facts = ("origin",)
    sentence = N_("{origin} has one authority only, so there is nothing to finish. Nothing was changed.")


@dataclass(frozen=True, slots=True)
class Awaited:
    """Who would not know our doors by the new authority.

    `children` are active and have not called with a certificate of the new authority; `invited` holds the origins of
    open invitations, "" for one that names none; `asking` those who wait for a decision.
    """

    children: tuple[str, ...]
    invited: tuple[str, ...]
    asking: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.children or self.invited or self.asking)


def under_way(node: Node) -> bool:
    """Tell whether one authority follows another just now."""
    return len(authority.held(node.home)) > 1


def begin(node: Node) -> None:
    """Make the next authority, unless one follows already; raise NoAuthority.

    A crash leaves a key without certificate, which the next attempt uses, or all.
    """
    with _held(node):
        found = authority.held(node.home)
        if not found:
            raise NoAuthority(node.origin)
        if len(found) == 1:
            authority.create(node.home, node.origin, number=max(found) + 1)
            log.info("authority begun number=%d", max(found) + 1)


def awaited(node: Node, opened: Opened) -> Awaited:
    """Return who holds the change back."""
    newest = list(authority.held(node.home).values())[-1]
    hashed, shown = authority.list_hash([newest.public_bytes(authority.DER)]), node.notebook.shown()
    active = [one.origin for one in opened.registry.children() if one.status == "active"]
    now = node.clock()
    return Awaited(
        tuple(one for one in active if shown.get(one) != hashed),
        tuple(one.origin for one in node.notebook.invitations() if one.state == "invited" and one.expires > now),
        tuple(one.origin for one in node.notebook.requests("waiting")),
    )


def settle(node: Node, opened: Opened, hosts: list[str]) -> Awaited | None:
    """Go on with a change that is under way; return who holds it back, None where it is done."""
    with _held(node):
        if not under_way(node):
            return None
        decided = authority.serving(node.home) == max(authority.held(node.home))
        waits = None if decided else awaited(node, opened)
        if waits:
            return waits
        _switch(node, hosts)
        return None


def finish(node: Node, opened: Opened, hosts: list[str]) -> Awaited:
    """Change over at once, whoever is locked out by it; return them. What they hold of invitations is void.

    Raises NothingToFinish.
    """
    with _held(node):
        if not under_way(node):
            raise NothingToFinish(node.origin)
        out = awaited(node, opened)
        for origin in sorted(set(out.invited)):
            node.notebook.withdraw_invitations(origin)
        _switch(node, hosts)
        return out


def _held(node: Node) -> AbstractContextManager[None]:
    """A night and a person's command change the authority one after the other."""
    return node.home.hold("authority", wait_s=30.0)


def _switch(node: Node, hosts: list[str]) -> None:
    """Show the new authority at the doors, then delete the old one's key, then its certificate.

    The first write decides: after it `settle` does the rest, whatever broke off. Before it nothing has changed.
    """
    *old, newest = authority.held(node.home)
    authority.server_certificate(node.home, hosts, number=newest)
    for number in old:
        authority.key_file(node.home, number).unlink(missing_ok=True)
        sync_directory(node.home.keys)  # the key goes first: what is left says that the change is not finished
        authority.certificate_file(node.home, number).unlink()
        sync_directory(node.home.keys)
    log.info("authority changed number=%d", newest)
