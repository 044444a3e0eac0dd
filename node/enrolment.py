"""The child's side of joining and renewing, and the texts that both sides sign (wire.md section 6).

A request is signed by every key that it registers, over a text that binds the token, the origin and all the keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import grpc
from banyan.v1 import enrolment_pb2 as pb
from banyan.v1 import enrolment_pb2_grpc
from cryptography import x509

from node import (
    authority,
    doors,
    errors,
    fingerprint,
    keyfiles,
    moving,
    rejoining,
    settings,
    stolen,
    succeeding,
    tokens,
)
from node.errors import NodeError
from node.home import Home, write_whole
from node.messages import N_
from node.node import Node, Opened
from node.notebook import Notebook
from node.tokens import Token
from sync import control, evidence, presence, proved, refusals
from sync.federation import Federation
from sync.lock import HeadLock
from sync.registry import Registry
from sync.store import Store

TIMEOUT_S = 30.0


class WrongFederation(NodeError):
    """The parent belongs to another federation than its token says: ()."""

    sentence = N_("The parent shows another federation than the invitation names. Do not join; tell its operator.")


class OtherNode(NodeError):
    """This home is another node: (origin, invited)."""

    facts = ("origin", "invited")
    sentence = N_(
        "The invitation is for {invited}, but this home is {origin}. Use the home of that node, or a new one."
    )


class OutOfTouch(NodeError):
    """The parent has heard nothing from above for too long to let anybody in: (parent, days)."""

    facts = ("parent", "days")
    sentence = N_(
        "{parent} has had no word from the nodes above it for {days} days, so it lets nobody in and takes no new keys. "
        "Its operator must reach the hub first; then try again with the same invitation."
    )


class NotInStep(NodeError):
    """The home does not hold the last head that the old keys signed: (home, size)."""

    facts = ("home", "size")
    sentence = N_(
        "{home} does not hold the last head of this node's log, of {size} entries, so the keys stay as they are. "
        "Run `sync` until it succeeds, then `keys rotate` again."
    )


class NotProvable(NodeError):
    """The own registration cannot be shown yet: (home,)."""

    facts = ("home",)
    sentence = N_(
        "{home} has not sealed a registration yet that others must be able to check. "
        "Wait for its next nightly session, run `sync`, then join again with the same invitation."
    )


class WaitsForHub(NodeError):
    """The home has stated the new keys, and they count only once the hub agrees: (home, origin, digits)."""

    facts = ("home", "origin", "digits")
    sentence = N_(
        "{home} has stated the new keys of {origin}. They count once the hub has run `confirm {origin}`; if it calls, "
        "read out: {digits}. Then join again with the same invitation."
    )


def joining_text(secret_hash: bytes, origin: str, registered: Sequence[bytes]) -> bytes:
    """Return what each registered key signs: the token's hash, the origin, and a hash over all keys."""
    name = origin.encode()
    return b"banyan-join/v1\0" + secret_hash + bytes([len(name)]) + name + keys_hash(registered)


def renewal_text(origin: str, time_ms: int, csr: bytes) -> bytes:
    """Return what both log keys sign to renew a certificate."""
    name = origin.encode()
    return b"banyan-renew/v1\0" + time_ms.to_bytes(8, "big") + bytes([len(name)]) + name + sha256(csr).digest()


def keys_hash(registered: Sequence[bytes]) -> bytes:
    """Return the hash that tells one set of keys from another."""
    return sha256(b"".join(len(one).to_bytes(4, "big") + one for one in registered)).digest()


def proofs_of(opened: Opened, origin: str) -> list[bytes]:
    """Return proofs of the registrations of `origin` and of those above it, hub's entry first. Raises NotProvable."""
    try:
        return evidence.registrations(opened.store, opened.registry, origin)
    except evidence.NotProved as error:
        raise NotProvable(str(error.args[1])) from error


_PARENTS_ERRORS: dict[str, type[NodeError]] = {
    one.__name__: one
    for one in (
        errors.NoInvitation,
        errors.TokenExpired,
        errors.TokenWithdrawn,
        errors.TokenUsed,
        errors.BadCertificate,
        errors.NotOurs,
        errors.RoleNotHere,
        stolen.MustSucceed,
        succeeding.NotConfirmed,
        NotInStep,
        NotProvable,
        OutOfTouch,
    )
}


@dataclass(frozen=True, slots=True)
class Way:
    """The way to a parent: its joining door, the authority behind it, and its federation, where that is known."""

    parent: str
    join_address: str
    authority_der: bytes
    federation_id: bytes


def join(home: Home, token: Token, name: str, **more: Any) -> Node:
    """Make this home a node below the token's parent, or let the node join a further parent; return it.

    `more` are further settings of a new node.

    Every step may be repeated after a crash with the same token. Raises NodeError, SyncError; a refused first join
    leaves the keys that it made, so that the same token can be tried again.
    """
    origin = token.origin
    parent_origin = authority.peer_origin(x509.load_der_x509_certificate(token.authority_der))
    first = begin(home, origin)
    proofs = [] if first else own_proofs(Node.open(home), parent_origin)
    answer = _enrol(home, token, parent_origin, proofs)
    if not answer.certificate:
        mine = keyfiles.load(home, origin)
        verifiers = [signer.verifier.encode().encode() for signer in (*mine.log, mine.mirror)]
        raise WaitsForHub(parent_origin, origin, fingerprint.spoken(keys_hash([*verifiers, mine.hpke_public])))
    way = Way(parent_origin, token.join_address, token.authority_der, token.federation_id)
    return let_in(home, way, answer, origin, token.role, name, **more)


def begin(home: Home, origin: str) -> bool:
    """Make the keys of a new node in an empty home; tell whether it is no node yet. Raises OtherNode, HomeExists.

    A home whose keys were taken away, as stolen ones are, gets new ones, and signs nothing before it is recovered.
    """
    first = not home.settings_file.exists()
    if first and not home.keys.exists():
        Home.create(home.path)
        keyfiles.create(home, origin)
    elif not first and settings.load(home, {}).origin != origin:
        raise OtherNode(settings.load(home, {}).origin, origin)
    elif not home.keys.exists():
        rejoining.sign_nothing(home)  # first: a crash between the two is the same again
        keyfiles.create(home, origin)
    return first


def let_in(home: Home, way: Way, answer: pb.EnrolResponse, origin: str, role: str, name: str, **more: Any) -> Node:
    """Keep what the parent answered with, and make this home a node, or give the node one parent more.

    Raises WrongFederation. Every step may be repeated.
    """
    first = not home.settings_file.exists()
    federation = Federation.parse(answer.federation_root)
    expected = {way.federation_id or federation.id} | (set() if first else {Node.open(home).federation.id})
    if expected != {federation.id}:
        raise WrongFederation()
    _keep(home, way.parent, answer, [way.authority_der])
    _prepare(home, federation, origin)
    _introduce_parents(home, federation, origin, answer.registration)
    parent = settings.Parent(way.parent, answer.sync_address, way.join_address)
    if first:
        made = settings.Settings(origin, role, name, parents=(parent,), **more)
        if answer.log_size:
            rejoining.take_up(Node(home, made))
        else:
            begin_log(Node(home, made))
        settings.save(home, made)  # a crash before leaves no node, and the same request joins again
    else:
        with Node.open(home).opened() as opened:
            homes = opened.registry.homes(origin)
        before = homes[:-1] if homes[-1] == way.parent else ()  # moved: the home before takes nothing more
        settings.add_parent(home, parent, instead_of=before)
    return Node.open(home)


def _prepare(home: Home, federation: Federation, origin: str) -> None:
    """Make what a joined home needs and does not have yet: its files are empty until then."""
    if not home.federation_root.exists():
        write_whole(home.federation_root, federation.encode())
    store = Store.create(home.log_db)
    presence.start(store)
    store.close()
    if not home.head_lock.exists() and not home.settings_file.exists():
        HeadLock.create(home.head_lock).close()
    if not home.node_db.exists():
        Notebook.create(home.node_db)


def _introduce_parents(home: Home, federation: Federation, origin: str, proofs: Sequence[bytes]) -> None:
    """Keep the registrations of the parent and of those above it, each proved by the one before."""
    store = Store(home.log_db)
    try:
        registry = Registry(store, federation, origin)
        for proof in proofs:
            statement = control.decode(control.body_of(proved.parse(proof)[1]))
            if isinstance(statement, control.OfKeys):
                registry.introduce(statement.origin, proof)
    finally:
        store.close()


def begin_log(node: Node) -> None:
    """Add the genesis entry to a new node's own log; nothing to one that has begun.

    The log goes on from another one where its home has shown that it states so.
    """
    with node.opened() as opened:
        said = [one.statement for one in opened.registry.successions(node.origin)]
        follows = next((one for one in reversed(said) if isinstance(one, control.Successor)), None)
        opened.own.begin(opened.registry.home(node.origin), follows)


def own_proofs(node: Node, parent: str) -> list[bytes]:
    """Return what shows a parent whom it lets join; nothing to the home, unless the hub has moved us to it.

    Raises NotProvable.
    """
    with node.opened() as opened:
        if opened.registry.home(node.origin) != parent:
            return proofs_of(opened, node.origin)
        try:
            return moving.proofs(opened, node.origin)
        except evidence.NotProved as error:
            raise NotProvable(str(error.args[1])) from error


def _enrol(home: Home, token: Token, parent_origin: str, proofs: Sequence[bytes]) -> pb.EnrolResponse:
    mine = keyfiles.load(home, token.origin)
    signers = (*mine.log, mine.mirror)
    verifiers = [signer.verifier.encode() for signer in signers]
    registered = [*(text.encode() for text in verifiers), mine.hpke_public]
    text = joining_text(tokens.secret_hash(token.secret), token.origin, registered)
    request = pb.EnrolRequest(
        origin=token.origin,
        csr=authority.csr(mine.tls_key_pem, token.origin),
        joining=pb.Joining(
            token_secret=token.secret,
            log_keys=verifiers[:2],
            mirror_key=verifiers[2],
            hpke_key=mine.hpke_public,
            signatures=[signer.sign_bytes(text) for signer in signers],
            registration=proofs,
        ),
    )
    return call(token.join_address, token.authority_der, mine.tls_key_pem, parent_origin, request)


def call(address: str, authority_der: bytes, tls_key: bytes, parent: str, request: pb.EnrolRequest) -> pb.EnrolResponse:
    """Return what the joining door of `parent` answers; raise what it refuses with, or Unreachable."""
    ca = x509.load_der_x509_certificate(authority_der).public_bytes(authority.PEM)
    return call_known(address, ca, tls_key, parent, request)


def call_known(address: str, ca: bytes, tls_key: bytes, parent: str, request: pb.EnrolRequest) -> pb.EnrolResponse:
    """Like `call`, with the authorities of a parent that is known already, PEM."""
    with doors.channel(address, ca, tls_key, None, parent) as channel:
        try:
            return enrolment_pb2_grpc.EnrolmentStub(channel).Enrol(request, timeout=TIMEOUT_S)
        except grpc.RpcError as error:
            raise _understood(error, parent) from error


def _understood(error: grpc.RpcError, parent: str) -> Exception:
    trailers = refusals.trailers(error)
    kind = _PARENTS_ERRORS.get(trailers.get(refusals.REASON, ""))
    if kind is None:
        return refusals.understood(error, parent)
    given = [one for one in trailers.get(refusals.FACTS, "").split(",") if one]
    return kind(*[*given, *[""] * len(kind.facts)][: len(kind.facts)])


def hand_over(node: Node, parent: settings.Parent, rotate: control.Rotate) -> None:
    """Have the home register the keys that `rotate` hands over to. The same again gets the same answer.

    Raises NotInStep, OutOfTouch, Unreachable and what the home refuses with; nothing has changed here then.
    """
    _certificate, ca = keyfiles.client_certificate(node.home, parent.origin)
    request = pb.EnrolRequest(
        origin=node.origin,
        csr=authority.csr(node.keys.tls_key_pem, node.origin),
        rotation=pb.Rotation(
            size=rotate.size,
            root=rotate.root,
            log_keys=[key.encode() for key in rotate.log_keys],
            mirror_key=rotate.mirror_key.encode(),
            hpke_key=rotate.hpke_key,
            signatures=rotate.signatures,
        ),
    )
    answer = call_known(parent.join_address, ca, node.keys.tls_key_pem, parent.origin, request)
    _keep(node.home, parent.origin, answer, keyfiles.authorities(node.home, parent.origin))


def _keep(home: Home, parent: str, answer: pb.EnrolResponse, known: Sequence[bytes]) -> None:
    """Keep the certificate that a parent gave, and the authorities that it has now; `known` if it names none.

    Raises BadCertificate, WrongPeer, and keeps what there is.
    """
    trusted = list(answer.authorities) or known
    for der in trusted:
        try:
            found = authority.peer_origin(x509.load_der_x509_certificate(der))
        except ValueError as error:
            raise errors.BadCertificate(N_("not a certificate")) from error
        if found != parent:
            raise errors.WrongPeer(parent, found)
    keyfiles.save_client_certificate(home, parent, answer.certificate, *trusted)


def renew(node: Node, parent: settings.Parent, told: bytes = b"") -> bool:
    """Renew the certificate for `parent` if it is old enough or has expired; tell whether it was.

    Also where the parent has `told` in its Hello that its authorities are others than those that are trusted here.
    """
    certificate, ca = keyfiles.client_certificate(node.home, parent.origin)
    other = told and told != authority.list_hash(keyfiles.authorities(node.home, parent.origin))
    if authority.age_days(certificate) < node.settings.renew_after_days and not other:
        return False
    csr = authority.csr(node.keys.tls_key_pem, node.origin)
    time_ms = int(node.clock() * 1000)
    text = renewal_text(node.origin, time_ms, csr)
    signatures = [signer.sign_bytes(text) for signer in node.keys.log]
    request = pb.EnrolRequest(origin=node.origin, csr=csr, renewal=pb.Renewal(time_ms=time_ms, signatures=signatures))
    answer = call_known(parent.join_address, ca, node.keys.tls_key_pem, parent.origin, request)
    _keep(node.home, parent.origin, answer, keyfiles.authorities(node.home, parent.origin))
    return True
