"""The parent's side of joining and renewing: invitations, and the joining door's one method (wire.md section 6)."""

import logging
import os
from collections.abc import Callable, Sequence
from typing import NoReturn

import grpc
from banyan.v1 import enrolment_pb2 as pb
from banyan.v1 import enrolment_pb2_grpc

from node import authority, errors, expiry, moving, registering, replacing, requests, rotating, succeeding, tokens
from node.asking import MAX_TEXT, leaving_text
from node.enrolment import OutOfTouch, joining_text, keys_hash, proofs_of, renewal_text
from node.errors import NodeError, RoleNotHere
from node.invitation_book import Invitation
from node.node import Node, Opened
from node.tokens import Token
from sync import control, freshness, keys, refusals
from sync.errors import Malformed, NotAllowed, SyncError
from sync.note import VerifierKey
from sync.origin import check

log = logging.getLogger(__name__)
RENEWAL_MAX_SKEW_S = 600


def invite(node: Node, origin: str, role: str, name: str, days: int) -> Token:
    """Write down an invitation for `origin` and return its token, which is kept nowhere.

    Raises NotOurs for an origin that is not ours to invite, RoleNotHere, Malformed for one that is no name.
    """
    with node.opened() as opened:
        requests.check_role(node, opened, origin, role)
    return _invite(node, origin, role, name, days)


def invite_to_recover(node: Node, origin: str, name: str, days: int) -> Token:
    """Write down an invitation that gives new keys to a node registered here which lost its own; return its token.

    Raises UnknownOrigin, NotAllowed.
    """
    with node.opened() as opened:
        known = replacing.check(opened, check(origin))
    return _invite(node, origin, known.role, name, days, recovers=1)


def invite_open(node: Node, role: str, note: str, days: int) -> Token:
    """Write down an open invitation, which names nobody and lets whoever has it ask; `note` says what it is for.

    Raises RoleNotHere.
    """
    below = requests.MEMBERS if node.settings.role == "alliance" else control.BELOW.get(node.settings.role, ())
    if role not in below or role == "feed":
        raise RoleNotHere(role, node.origin)
    return _invite(node, "", role, note, days)


def _invite(node: Node, origin: str, role: str, name: str, days: int, recovers: int = 0) -> Token:
    secret = os.urandom(tokens.SECRET_BYTES)
    alliance_id = os.urandom(8).hex() if role == "alliance" else ""
    expires = int(node.clock()) + days * 86_400
    der = authority.authority_der(node.home)
    token = Token(node.settings.join_address, der, node.federation.id, origin, role, expires, secret)
    node.notebook.invite(
        Invitation(
            tokens.secret_hash(secret),
            origin,
            role,
            name,
            alliance_id,
            expires,
            "invited",
            b"",
            int(node.clock()),
            recovers,
        )
    )
    return token


class EnrolService(enrolment_pb2_grpc.EnrolmentServicer):
    """Lets invited nodes in, and renews certificates. `enrolled` hears of each origin that was let in."""

    def __init__(self, node: Node, enrolled: Callable[[str], None]):
        self._node = node
        self._enrolled = enrolled

    def Enrol(self, request: pb.EnrolRequest, context: grpc.ServicerContext) -> pb.EnrolResponse:
        """Answer a joining or renewing node with a certificate; the same request again gets the same standing."""
        try:
            with self._node.opened() as opened:
                answer = self._answered(opened, request, context.peer())
        except NodeError as error:
            log.warning("enrolment refused origin=%r reason=%s", request.origin[:80], type(error).__name__)
            _refuse(context, error)
        except SyncError as error:
            log.warning("enrolment refused origin=%r error=%r", request.origin[:80], error)
            refusals.refuse(context, error)
        if answer.certificate:
            log.info("enrolled origin=%s", request.origin)
            self._enrolled(request.origin)
        else:
            log.info("answered origin=%s state=%s", request.origin, answer.standing.state)
        return answer

    def _answered(self, opened: Opened, request: pb.EnrolRequest, peer: str) -> pb.EnrolResponse:
        why = request.WhichOneof("why")
        if why == "joining":
            return self._join(opened, request)
        if why == "renewal":
            return self._renew(opened, request)
        if why == "rotation":
            return self._rotate(opened, request)
        if why == "asking":
            return self._ask(opened, request, _host(peer))
        if why == "leaving":
            return self._leave(opened, request)
        raise Malformed("enrolment", "no reason that this version knows")

    def _check_in_touch(self, opened: Opened) -> None:
        """Raise OutOfTouch where the newest word from above is over 7 days old: keys may have been revoked since."""
        for one in freshness.stale(opened.store, opened.registry, self._node.clock(), freshness.CLOSED_AFTER_S):
            raise OutOfTouch(self._node.origin, one.age_s // 86_400)

    def _rotate(self, opened: Opened, request: pb.EnrolRequest) -> pb.EnrolResponse:
        self._check_in_touch(opened)
        one, origin = request.rotation, check(request.origin)
        log_keys, mirror_key = control.log_keys(one.log_keys, origin), VerifierKey.parse(one.mirror_key)
        stated = control.Rotate(origin, one.size, one.root, log_keys, mirror_key, one.hpke_key, tuple(one.signatures))
        rotating.register(opened, origin, rotating.asked(stated))
        return self._answer(opened, expiry.issue(self._node, request.csr, request.origin), request.origin)

    def _join(self, opened: Opened, request: pb.EnrolRequest) -> pb.EnrolResponse:
        self._check_in_touch(opened)
        joining, hashed = request.joining, tokens.secret_hash(request.joining.token_secret)
        invited = self._node.notebook.find_invitation(hashed)
        if invited is None:
            raise errors.NoInvitation()
        if invited.origin != request.origin:
            raise NotAllowed(request.origin[:200], "invited-under-another-name")
        asked = registering.asked_for(
            invited.origin, invited.role, invited.alliance_id, joining.log_keys, joining.mirror_key, joining.hpke_key
        )
        registered = registering.key_bytes(asked)
        registering.check_signed(asked, joining_text(hashed, asked.origin, registered), joining.signatures)
        certificate = expiry.issue(self._node, request.csr, asked.origin)
        try:
            self._node.notebook.use_invitation(hashed, keys_hash(registered), self._node.clock())
        except errors.TokenUsed:
            with opened.store.write():
                opened.store.alarm("token-used-twice", asked.origin, "with other keys")
            raise
        if invited.recovers and not replacing.replace_keys(opened, asked):
            standing = pb.Standing(state=replacing.UNCONFIRMED, since=int(self._node.clock()))
            return pb.EnrolResponse(standing=standing)
        self._register(opened, asked, invited, joining.registration)
        return self._answer(opened, certificate, request.origin)

    def _register(
        self, opened: Opened, asked: control.Node, invited: Invitation, registration: Sequence[bytes]
    ) -> None:
        """State the node, or its membership, in the own log, unless the newest statement says the same."""
        if opened.registry.home(asked.origin) == self._node.origin:
            moved = moving.registration(opened, asked, registration)
            registering.register(opened, moved or asked, invited.name)
        else:
            registering.check_introduced(opened.registry, asked, registration)
            registering.count_as_member(opened, asked.origin)

    def _ask(self, opened: Opened, request: pb.EnrolRequest, address: str) -> pb.EnrolResponse:
        """Let in who is registered with these keys by now; tell others how their request stands."""
        self._check_in_touch(opened)
        found = requests.take(self._node, opened, request, address)
        if found is not None:
            since = found.decided_at or found.first_at
            return pb.EnrolResponse(standing=pb.Standing(state=found.state, reason=found.reason, since=since))
        return self._answer(opened, expiry.issue(self._node, request.csr, request.origin), request.origin)

    def _leave(self, opened: Opened, request: pb.EnrolRequest) -> pb.EnrolResponse:
        """End a membership at the wish of its member; ended already, say so again."""
        registry, asked = opened.registry, request.leaving
        member = registry.membership(self._node.origin, request.origin)
        if member is None or registry.home(request.origin) == self._node.origin:
            raise NotAllowed(request.origin, "member-unknown")
        text = leaving_text(asked.time_ms, self._node.origin, request.origin, asked.reason)
        self._check_by_log_keys(registry.get(request.origin).node, asked.time_ms, text, asked.signatures)
        if len(asked.reason) > MAX_TEXT or not asked.reason.isprintable():
            raise Malformed("enrolment", "a reason that cannot be shown")
        if member.status != "revoked":
            opened.own.state(control.Member(request.origin, "revoked", asked.reason or "left"))
            self._enrolled(request.origin)
        return pb.EnrolResponse(standing=pb.Standing(state="left", since=int(self._node.clock())))

    def _check_by_log_keys(self, known: control.Node, time_ms: int, text: bytes, signatures: Sequence[bytes]) -> None:
        """Return if both log keys signed `text` just now; raise NotAllowed, BadSignature, Malformed."""
        if abs(time_ms / 1000 - self._node.clock()) > RENEWAL_MAX_SKEW_S:
            raise NotAllowed(known.origin, "clock")
        if len(signatures) != 2:
            raise Malformed("enrolment", "two signatures are needed")
        for key, signature in zip(known.log_keys, signatures, strict=True):
            keys.verify_bytes(key, text, signature)

    def _renew(self, opened: Opened, request: pb.EnrolRequest) -> pb.EnrolResponse:
        registered = opened.registry.check_caller(request.origin)
        renewal = request.renewal
        text = renewal_text(request.origin, renewal.time_ms, request.csr)
        self._check_by_log_keys(registered.node, renewal.time_ms, text, renewal.signatures)
        return self._answer(opened, expiry.issue(self._node, request.csr, request.origin), request.origin)

    def _answer(self, opened: Opened, certificate: bytes, origin: str) -> pb.EnrolResponse:
        held = opened.store.log(origin)
        return pb.EnrolResponse(
            certificate=certificate,
            federation_root=self._node.federation.encode(),
            registration=[*proofs_of(opened, self._node.origin), *succeeding.proofs(opened, origin)],
            sync_address=self._node.settings.sync_address,
            log_size=held.stored if held else 0,
            authorities=authority.authorities_der(self._node.home),
        )


def _host(peer: str) -> str:
    """Return the address in what gRPC calls a peer: "ipv4:192.0.2.7:41200" gives 192.0.2.7."""
    kind, _colon, rest = peer.partition(":")
    return rest.rpartition(":")[0].replace("%5B", "").replace("%5D", "").strip("[]") if kind[:2] == "ip" else peer


def _refuse(context: grpc.ServicerContext, error: NodeError) -> NoReturn:
    context.set_trailing_metadata(
        ((refusals.REASON, type(error).__name__), (refusals.FACTS, refusals.as_facts(error.args)))
    )
    context.abort(grpc.StatusCode.PERMISSION_DENIED, type(error).__name__)
    raise AssertionError("abort returns to nobody")
