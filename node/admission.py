"""The parent's side of joining and renewing: invitations, and the joining door's one method (wire.md section 6)."""

import logging
import os
from collections.abc import Callable, Sequence
from typing import NoReturn

import grpc
from banyan.v1 import enrolment_pb2 as pb
from banyan.v1 import enrolment_pb2_grpc

from node import authority, errors, registering, tokens
from node.enrolment import OutOfTouch, joining_text, keys_hash, proofs_of, renewal_text
from node.errors import NodeError
from node.invitation_book import Invitation
from node.messages import N_
from node.node import Node, Opened
from node.tokens import Token
from sync import control, freshness, keys, refusals
from sync.errors import Malformed, NotAllowed, SyncError
from sync.origin import check

log = logging.getLogger(__name__)
RENEWAL_MAX_SKEW_S = 600
_MEMBERS = ("outlet", "substation")  # what an alliance invites that others register


class NotOurs(NodeError):
    """An invitation for a name that another node registers: (origin, here)."""

    facts = ("origin", "here")
    sentence = N_(
        "{origin} is not registered by {here}, so it cannot be invited here. Names given here begin with {here}/ and "
        "go on with one word of a-z, 0-9 and hyphens."
    )


def invite(node: Node, origin: str, role: str, name: str, days: int) -> Token:
    """Write down an invitation for `origin` and return its token, which is kept nowhere.

    Raises NotOurs for an origin that is not ours to invite, RoleNotHere, Malformed for one that is no name.
    """
    check(origin)
    with node.opened() as opened:
        home = opened.registry.home(origin)
        if home != node.origin and node.settings.role != "alliance":
            raise NotOurs(origin, node.origin)
    below = control.BELOW.get(node.settings.role, ()) if home == node.origin else _MEMBERS
    if role not in below:
        raise RoleNotHere(role, node.origin)
    secret = os.urandom(tokens.SECRET_BYTES)
    alliance_id = os.urandom(8).hex() if role == "alliance" else ""
    expires = int(node.clock()) + days * 86_400
    der = authority.authority_der(node.home)
    token = Token(node.settings.join_address, der, node.federation.id, origin, role, expires, secret)
    node.notebook.invite(
        Invitation(
            tokens.secret_hash(secret), origin, role, name, alliance_id, expires, "invited", b"", int(node.clock())
        )
    )
    return token


class RoleNotHere(NodeError):
    """A node of this role cannot be below a node of that role: (role, here)."""

    facts = ("role", "here")
    sentence = N_("A node of role {role} cannot be registered by {here}. Invite it at the hub or at a substation.")


class EnrolService(enrolment_pb2_grpc.EnrolmentServicer):
    """Lets invited nodes in, and renews certificates. `enrolled` hears of each origin that was let in."""

    def __init__(self, node: Node, enrolled: Callable[[str], None]):
        self._node = node
        self._enrolled = enrolled

    def Enrol(self, request: pb.EnrolRequest, context: grpc.ServicerContext) -> pb.EnrolResponse:
        """Answer a joining or renewing node with a certificate; the same request again gets the same standing."""
        try:
            with self._node.opened() as opened:
                if request.WhichOneof("why") == "joining":
                    answer = self._join(opened, request)
                elif request.WhichOneof("why") == "renewal":
                    answer = self._renew(opened, request)
                else:
                    raise Malformed("enrolment", "neither joining nor renewing")
        except NodeError as error:
            log.warning("enrolment refused origin=%r reason=%s", request.origin[:80], type(error).__name__)
            _refuse(context, error)
        except SyncError as error:
            log.warning("enrolment refused origin=%r error=%r", request.origin[:80], error)
            refusals.refuse(context, error)
        log.info("enrolled origin=%s", request.origin)
        self._enrolled(request.origin)
        return answer

    def _check_in_touch(self, opened: Opened) -> None:
        """Raise OutOfTouch where the newest word from above is over 7 days old: keys may have been revoked since."""
        for one in freshness.stale(opened.store, opened.registry, self._node.clock(), freshness.CLOSED_AFTER_S):
            raise OutOfTouch(self._node.origin, one.age_s // 86_400)

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
        certificate = authority.issue_client(self._node.home, request.csr, asked.origin, self._node.settings.cert_days)
        try:
            self._node.notebook.use_invitation(hashed, keys_hash(registered), self._node.clock())
        except errors.TokenUsed:
            with opened.store.write():
                opened.store.alarm("token-used-twice", asked.origin, "with other keys")
            raise
        self._register(opened, asked, invited, joining.registration)
        return self._answer(opened, certificate)

    def _register(
        self, opened: Opened, asked: control.Node, invited: Invitation, registration: Sequence[bytes]
    ) -> None:
        """State the node, or its membership, in the own log, unless the newest statement says the same."""
        if opened.registry.home(asked.origin) == self._node.origin:
            registering.register(opened, asked, invited.name)
        else:
            registering.check_introduced(opened.registry, asked, registration)
            registering.count_as_member(opened, asked.origin)

    def _renew(self, opened: Opened, request: pb.EnrolRequest) -> pb.EnrolResponse:
        registered = opened.registry.check_caller(request.origin)
        renewal = request.renewal
        if abs(renewal.time_ms / 1000 - self._node.clock()) > RENEWAL_MAX_SKEW_S:
            raise NotAllowed(request.origin, "clock")
        if len(renewal.signatures) != 2:
            raise Malformed("enrolment", "two signatures are needed")
        text = renewal_text(request.origin, renewal.time_ms, request.csr)
        for key, signature in zip(registered.node.log_keys, renewal.signatures, strict=True):
            keys.verify_bytes(key, text, signature)
        days = self._node.settings.cert_days
        return self._answer(opened, authority.issue_client(self._node.home, request.csr, request.origin, days))

    def _answer(self, opened: Opened, certificate: bytes) -> pb.EnrolResponse:
        return pb.EnrolResponse(
            certificate=certificate,
            federation_root=self._node.federation.encode(),
            registration=proofs_of(opened, self._node.origin),
            sync_address=self._node.settings.sync_address,
        )


def _refuse(context: grpc.ServicerContext, error: NodeError) -> NoReturn:
    context.set_trailing_metadata(
        ((refusals.REASON, type(error).__name__), (refusals.FACTS, refusals.as_facts(error.args)))
    )
    context.abort(grpc.StatusCode.PERMISSION_DENIED, type(error).__name__)
    raise AssertionError("abort returns to nobody")
