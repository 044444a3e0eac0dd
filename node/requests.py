"""The parent's side of asking: requests that wait for a person, the evidence they are judged by, and the decision.

With admission and enrolment one of the modules that touch generated protobuf code.
"""

import os
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from banyan.v1 import enrolment_pb2 as pb
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from catalog import organisations
from node import authority, cataloguing, errors, fingerprint, moving, registering, succeeding, tokens
from node.asking import MAX_TEXT, asking_text
from node.enrolment import keys_hash
from node.errors import BadCertificate, NodeError, NotOurs, RoleNotHere
from node.messages import N_
from node.node import Node, Opened
from node.request_book import APPROVED, REJECTED, WAITING, Request
from records import identifiers
from sync import control
from sync.errors import Malformed, NotAllowed
from sync.origin import check

AUTOMATIC = "auto_approve"
_DAY_S = 86_400
MEMBERS = ("outlet", "substation")  # what an alliance lets in that others register


class NameTaken(NodeError):
    """Somebody else is registered under the name that a request claims: (origin, number)."""

    facts = ("origin", "number")
    sentence = N_(
        "{origin} is registered already, with other keys than request {number} shows, so it is not approved: nobody "
        "gets a name that others hold. If it is the same organisation with a new machine, use `invite --recover`; "
        "otherwise reject the request."
    )


class AlreadyIn(NodeError):
    """A request whose node was let in cannot be rejected: (number, origin)."""

    facts = ("number", "origin")
    sentence = N_("Request {number} was approved, {origin} is registered. To shut it out, use `node revoke {origin}`.")


def check_role(node: Node, opened: Opened, origin: str, role: str) -> None:
    """Return if this node may let `origin` in under that role; raise NotOurs, RoleNotHere, Malformed."""
    check(origin)
    home = opened.registry.home(origin)
    if home != node.origin and node.settings.role != "alliance":
        raise NotOurs(origin, node.origin)
    below = control.BELOW.get(node.settings.role, ()) if home == node.origin else MEMBERS
    if role not in below:
        raise RoleNotHere(role, node.origin)
    if home == node.origin:
        succeeding.check_confirmed(opened, origin)


# -- what comes in ----------------------------------------------------------------------------------------------------


def take(node: Node, opened: Opened, request: pb.EnrolRequest, address: str) -> Request | None:
    """Take a request in; return it as it stands, or None where its origin is registered here with just these keys.

    Raises NotOurs, RoleNotHere, Malformed, BadSignature, BadCertificate, OverLimit, NotAllowed (registered and not
    active), and what is wrong with the token of an open invitation.
    """
    asking = request.asking
    _check_said(asking)
    if asking.role == "feed":  # those are made where they belong
        raise RoleNotHere(asking.role, node.origin)
    check_role(node, opened, request.origin, asking.role)
    asked = registering.asked_for(request.origin, asking.role, "", asking.log_keys, asking.mirror_key, asking.hpke_key)
    registered = registering.key_bytes(asked)
    said = (asking.role, asking.name, asking.uscc, asking.contact)
    hashed = tokens.secret_hash(asking.token_secret)
    text = asking_text(hashed, asked.origin, registered, request.csr, said)
    registering.check_signed(asked, text, asking.signatures)
    tls_hash = _tls_hash(request.csr)
    if asking.token_secret:
        _check_open(node, hashed, asking.role, asked.origin)
    if _is_in(node, opened, asked, asking):
        return None
    now = int(node.clock())
    alliance_id = os.urandom(8).hex() if asking.role == "alliance" else ""
    names, hashes = tuple(asking.log_keys), (keys_hash(registered), tls_hash)
    invited = hashed if asking.token_secret else b""
    found = node.notebook.ask(
        Request(
            asked.origin,
            *said,
            names,
            asking.mirror_key,
            asking.hpke_key,
            *hashes,
            address,
            invited,
            alliance_id,
            now,
            now,
        )
    )
    if found.state == WAITING and _may_pass(node, opened, found):
        found = decide(node, opened, found, AUTOMATIC)
    if found.state != APPROVED:
        return found
    _let_in(node, opened, found)  # once more, should the log have been put back since
    return None


def _check_said(asking: pb.Asking) -> None:
    for name, value, least in (("name", asking.name, 1), ("contact", asking.contact, 0)):
        if not least <= len(value) <= MAX_TEXT or not value.isprintable():
            raise Malformed("request", f"{name} has {len(value)} characters, or some that cannot be shown")
    if asking.uscc and identifiers.uscc(asking.uscc) != asking.uscc:
        raise Malformed("request", "the code is not of 18 characters")


def _check_open(node: Node, hashed: bytes, role: str, origin: str) -> None:
    invited = node.notebook.find_invitation(hashed)
    if invited is None:
        raise errors.NoInvitation()
    if invited.origin or invited.role != role:
        raise NotAllowed(origin, "invited-under-another-name")
    if invited.state == "withdrawn":
        raise errors.TokenWithdrawn(origin)
    if invited.expires <= node.clock():
        raise errors.TokenExpired(invited.expires)


def _is_in(node: Node, opened: Opened, asked: control.Node, asking: pb.Asking) -> bool:
    """Tell whether these keys are let in already, by a person or the hub's word; raise NotAllowed if no more."""
    registry = opened.registry
    if registry.home(asked.origin) != node.origin:
        registering.check_introduced(registry, asked, asking.registration)
        member = registry.membership(node.origin, asked.origin)
        if member is not None and member.status == "suspended":
            raise NotAllowed(asked.origin, "member-suspended")
        return member is not None and member.status == "active"
    moved = moving.registration(opened, asked, asking.registration)
    if moved is not None:
        registering.register(opened, moved, asking.name, asking.uscc)
        return True
    known = registry.find(asked.origin)
    if known is None or registering.key_set(known.node) != registering.key_set(asked):
        return False
    if known.node.status != "active":
        raise NotAllowed(asked.origin, known.node.status)
    return True


def _tls_hash(csr: bytes) -> bytes:
    """Return SHA-256 of the public key that a certificate is asked for."""
    try:
        public = x509.load_der_x509_csr(csr).public_key()
    except ValueError as error:
        raise BadCertificate(N_("not a certificate request")) from error
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    return sha256(public.public_bytes(authority.DER, info)).digest()


def _may_pass(node: Node, opened: Opened, found: Request) -> bool:
    """Tell whether a request is approved without a person: only if the setting says so, and only within its limits.

    It must come with an open invitation of ours, be for an outlet, conflict with nothing, and be one of few a day.
    """
    known = node.settings
    if known.auto_approve != "yes" or not found.token_hash or found.role != "outlet":
        return False
    if conflicts(node, opened, found):
        return False
    return node.notebook.decided_since(AUTOMATIC, node.clock() - _DAY_S) < known.auto_approve_daily


# -- what a person sees -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that speaks against a request: a word, and what it is about."""

    what: str
    about: str


def conflicts(node: Node, opened: Opened, asked: Request) -> list[Conflict]:
    """Return what speaks against a request, the gravest first."""
    found = []
    known = opened.registry.find(asked.origin)
    if known is not None and registering.key_set(known.node) != registering.key_set(wanted(asked)):
        found.append(Conflict("registered-with-other-keys", f"{asked.origin} ({known.node.status})"))
    for one in node.notebook.requests():
        if one.origin == asked.origin and one.number != asked.number:
            found.append(Conflict("asked-with-other-keys", f"{one.number} ({one.state})"))
    for invited in node.notebook.invitations():
        if invited.origin == asked.origin and invited.state == "invited" and invited.expires > node.clock():
            found.append(Conflict("invited-by-name", invited.name))
    with cataloguing.catalogue(node) as catalogue:
        for origin, name, code in organisations.alike(catalogue, asked.origin, asked.name, asked.uscc):
            same = "same-code" if asked.uscc and code == asked.uscc else "same-name"
            found.append(Conflict(same, f"{origin} {name}"))
    if asked.uscc and not identifiers.uscc_ok(asked.uscc):
        found.append(Conflict("code-check", asked.uscc))
    return found


def wanted(asked: Request) -> control.Node:
    """Return the registration that a request wants."""
    return registering.asked_for(
        asked.origin, asked.role, asked.alliance_id, asked.log_keys, asked.mirror_key, asked.hpke_key
    )


def evidence(node: Node, opened: Opened, asked: Request) -> dict[str, Any]:
    """Return all that a decision on one request rests on."""
    invited = node.notebook.find_invitation(asked.token_hash) if asked.token_hash else None
    named = ("log_ed25519", "log_mldsa44", "mirror", "hpke")
    single = {
        name: fingerprint.of_hex(sha256(one).digest())
        for name, one in zip(named, registering.key_bytes(wanted(asked)), strict=True)
    }
    return {
        "number": asked.number,
        "state": asked.state,
        "origin": asked.origin,
        "role": asked.role,
        "name": asked.name,
        "uscc": asked.uscc,
        "contact": asked.contact,
        "spoken": fingerprint.spoken(asked.keys_hash),
        "fingerprint": fingerprint.of_hex(asked.keys_hash),
        "keys": single,
        "tls_key": fingerprint.of_hex(asked.tls_hash),
        "address": asked.address,
        "invitation": invited.name or "open" if invited else "",
        "first_at": asked.first_at,
        "last_at": asked.last_at,
        "times": asked.times,
        "conflicts": [{"what": one.what, "about": one.about} for one in conflicts(node, opened, asked)],
        "reason": asked.reason,
        "decided_by": asked.decided_by,
        "decided_at": asked.decided_at,
    }


# -- the decision -----------------------------------------------------------------------------------------------------


def decide(node: Node, opened: Opened, asked: Request, person: str, reason: str = "") -> Request:
    """Approve a request: register its origin, or count it as a member; return the request as it stands then.

    The log first: a crash before the notebook knows leaves a node that is let in, and approving again says so.
    Raises NameTaken, NotAllowed.
    """
    _let_in(node, opened, asked)
    return node.notebook.decide_request(asked.number, APPROVED, reason, person, node.clock())


def _let_in(node: Node, opened: Opened, asked: Request) -> None:
    known, registry = wanted(asked), opened.registry
    check_role(node, opened, asked.origin, asked.role)
    held = registry.find(asked.origin)
    if held is not None and registering.key_set(held.node) != registering.key_set(known):
        raise NameTaken(asked.origin, asked.number)
    if registry.home(asked.origin) == node.origin:
        registering.register(opened, held.node if held else known, asked.name, asked.uscc)
    else:
        registry.check_active(asked.origin)
        registering.count_as_member(opened, asked.origin)


def reject(node: Node, opened: Opened, asked: Request, person: str, reason: str) -> Request:
    """Refuse a request for good, unless a person approves it later; who asks is told the reason. Raises AlreadyIn."""
    known = opened.registry.find(asked.origin)
    is_ours = opened.registry.is_parent(node.origin, asked.origin)
    if is_ours and known is not None and registering.key_set(known.node) == registering.key_set(wanted(asked)):
        raise AlreadyIn(asked.number, asked.origin)
    return node.notebook.decide_request(asked.number, REJECTED, reason, person, node.clock())
