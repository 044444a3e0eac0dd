"""The child's side of asking to be let in, and of leaving an alliance (proto/README.md section 6).

Who asks makes its keys, shows them, and waits for a person; asking again with the same keys tells what was decided.
What is awaited stands in keys/waiting.json until then. One of the modules that touch generated protobuf code.
"""

import json
import socket
import ssl
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from banyan.v1 import enrolment_pb2 as pb
from cryptography import x509

from node import authority, enrolment, fingerprint, issuer, keyfiles, settings, tokens
from node.errors import NodeError
from node.home import Home, write_whole
from node.messages import N_
from node.node import Node
from node.tokens import Token
from sync import rights
from sync.errors import Unreachable

MAX_TEXT = 200
FILE = "waiting.json"
_CONNECT_S = 10.0


class OtherAuthority(NodeError):
    """Another node answers at this address than the one with that fingerprint: (address,)."""

    facts = ("address",)
    sentence = N_(
        "The node at {address} does not have the fingerprint that you gave. Compare address and fingerprint with its "
        "operator, by telephone; nothing was sent."
    )


class Rejected(NodeError):
    """A person at the parent refused the request: (parent, reason)."""

    facts = ("parent", "reason")
    sentence = N_("{parent} has refused the request: {reason}. Ask its operator, or ask under another name.")


class NothingAwaited(NodeError):
    """No request of this home is open: (path,)."""

    facts = ("path",)
    sentence = N_("No request is open in {path}. Give the token that you got, or ask with `request`.")


@dataclass(frozen=True, slots=True)
class Door:
    """Where to ask: a joining address, the authority behind it; of an open invitation also secret and federation."""

    address: str
    authority_der: bytes
    secret: bytes = b""
    federation_id: bytes = b""

    @property
    def parent(self) -> str:
        return authority.peer_origin(x509.load_der_x509_certificate(self.authority_der))


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: a name in the federation, a role, and who it is that asks."""

    origin: str
    role: str
    name: str
    uscc: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that a person has not answered yet; `spoken` is what both sides compare by telephone."""

    parent: str
    origin: str
    since: int
    spoken: str
    fingerprint: str


def asking_text(secret_hash: bytes, origin: str, registered: Sequence[bytes], csr: bytes, said: Sequence[str]) -> bytes:
    """Return what each key of a request signs; `said` is role, name, code and contact."""
    name = origin.encode()
    fields = enrolment.keys_hash([csr, *(one.encode() for one in said)])
    return b"banyan-ask/v1\0" + secret_hash + bytes([len(name)]) + name + enrolment.keys_hash(registered) + fields


def leaving_text(time_ms: int, parent: str, origin: str, reason: str) -> bytes:
    """Return what both log keys of a member sign to leave an alliance."""
    names = b"".join(bytes([len(one)]) + one.encode() for one in (parent, origin))
    return b"banyan-leave/v1\0" + time_ms.to_bytes(8, "big") + names + sha256(reason.encode()).digest()


def door_of(token: Token) -> Door:
    """Return where an open invitation leads."""
    return Door(token.join_address, token.authority_der, token.secret, token.federation_id)


def door_at(address: str, expected: bytes) -> Door:
    """Return the door at an address if its authority has this SHA-256; raise OtherAuthority, Unreachable."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # what proves it is the fingerprint
    context.set_alpn_protocols(["h2"])
    host, _colon, port = address.rpartition(":")
    try:
        with (
            socket.create_connection((host.strip("[]"), int(port)), _CONNECT_S) as plain,
            context.wrap_socket(plain, server_hostname=authority.SERVER_NAME) as shown,
        ):
            found = shown.getpeercert(binary_form=True) or b""
        der = issuer.named_in(x509.load_der_x509_certificate(found))
    except (OSError, ValueError) as error:
        raise Unreachable(address, "UNAVAILABLE", str(error)) from error
    if sha256(der).digest() != expected:
        raise OtherAuthority(address)
    return Door(address, der)


def ask(home: Home, door: Door, wish: Wish, **more: Any) -> Node | Waiting:
    """Ask to be let in below a node, or as a member; return the node once that was approved, else what is awaited.

    Every step may be repeated after a crash. Raises Rejected, and what enrolment.join raises.
    """
    parent = door.parent
    first = enrolment.begin(home, wish.origin)
    proofs = [] if first else enrolment.own_proofs(Node.open(home), parent)
    mine = keyfiles.load(home, wish.origin)
    signers = (*mine.log, mine.mirror)
    verifiers = [signer.verifier.encode() for signer in signers]
    registered = [*(text.encode() for text in verifiers), mine.hpke_public]
    hashed, csr = tokens.secret_hash(door.secret), authority.csr(mine.tls_key_pem, wish.origin)
    said = (wish.role, wish.name, wish.uscc, wish.contact)
    text = asking_text(hashed, wish.origin, registered, csr, said)
    asking = pb.Asking(
        token_secret=door.secret,
        role=wish.role,
        name=wish.name,
        uscc=wish.uscc,
        contact=wish.contact,
        log_keys=verifiers[:2],
        mirror_key=verifiers[2],
        hpke_key=mine.hpke_public,
        signatures=[signer.sign_bytes(text) for signer in signers],
        registration=proofs,
    )
    request = pb.EnrolRequest(origin=wish.origin, csr=csr, asking=asking)
    answer = enrolment.call(door.address, door.authority_der, mine.tls_key_pem, parent, request)
    if not answer.certificate:
        state, reason = answer.standing.state, answer.standing.reason
        kept = {"door": _as_dict(door), "wish": asdict(wish), "more": more}
        stands = {"state": state, "reason": reason, "since": answer.standing.since}
        _keep(home, parent, kept | stands | _compared(registered))
        if state != "waiting":
            raise Rejected(parent, reason)
        return waiting(home)[parent]
    way = enrolment.Way(parent, door.address, door.authority_der, door.federation_id)
    node = enrolment.let_in(home, way, answer, wish.origin, wish.role, wish.name, **more)
    _keep(home, parent, None)
    return node


def ask_again(home: Home) -> list[Node | Waiting]:
    """Ask again for everything that is awaited; raise NothingAwaited, and what `ask` raises."""
    kept = _read(home)
    if not kept:
        raise NothingAwaited(str(home.path))
    return [ask(home, _door(one["door"]), Wish(**one["wish"]), **one["more"]) for one in kept.values()]


def waiting(home: Home) -> dict[str, Waiting]:
    """Return by parent what this home is waiting for; refused requests are in `refused`."""
    return {
        parent: Waiting(parent, one["wish"]["origin"], one["since"], one["spoken"], one["fingerprint"])
        for parent, one in _read(home).items()
        if one["state"] == "waiting"
    }


def refused(home: Home) -> dict[str, tuple[str, int]]:
    """Return by parent why and when (POSIX seconds) a request of this home was refused."""
    return {parent: (one["reason"], one["since"]) for parent, one in _read(home).items() if one["state"] != "waiting"}


def forget(home: Home, parent: str) -> None:
    """Await nothing from this parent any more."""
    _keep(home, parent, None)


def _compared(registered: Sequence[bytes]) -> dict[str, str]:
    hashed = enrolment.keys_hash(registered)
    return {"spoken": fingerprint.spoken(hashed), "fingerprint": fingerprint.of_hex(hashed)}


def _as_dict(door: Door) -> dict[str, str]:
    given = asdict(door)
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in given.items()}


def _door(given: dict[str, str]) -> Door:
    return Door(
        given["address"], *(bytes.fromhex(given[name]) for name in ("authority_der", "secret", "federation_id"))
    )


def _read(home: Home) -> dict[str, Any]:
    try:
        return dict(json.loads((home.keys / FILE).read_text("utf-8")))
    except FileNotFoundError:
        return {}


def _keep(home: Home, parent: str, what: dict[str, Any] | None) -> None:
    """Write down what is awaited from a parent, or nothing any more."""
    kept = _read(home)
    if kept.get(parent) == what:
        return
    kept.pop(parent, None)
    if what is not None:
        kept[parent] = what
    write_whole(home.keys / FILE, json.dumps(kept, ensure_ascii=False, indent=1).encode())


# -- leaving ----------------------------------------------------------------------------------------------------------


class HomeStays(NodeError):
    """A node cannot leave its home: (parent,)."""

    facts = ("parent",)
    sentence = N_(
        "{parent} is the home of this node, which cannot be left. The hub can move the node to another city; its home "
        "can revoke it."
    )


class NoParent(NodeError):
    """Not a parent of this node: (parent,)."""

    facts = ("parent",)
    sentence = N_("{parent} is no parent of this node. `status` names them.")


def close(node: Node, parent: str) -> None:
    """End in the own log what a parent that is no more was granted from now on; repeating it adds nothing.

    Else it would see, should it ever come back, what is filed in between. A frozen log is left as it is.
    """
    with node.opened() as opened:
        if not opened.own.log.frozen:
            rights.close_to(opened.store, opened.own, opened.registry, parent)


def leave(node: Node, parent: str, reason: str) -> None:
    """End the membership in an alliance, there first, then here; repeating it is harmless.

    Raises HomeStays, NoParent, and what the alliance refuses it with.
    """
    with node.opened() as opened:
        if opened.registry.home(node.origin) == parent:
            raise HomeStays(parent)
    found = next((one for one in node.settings.parents if one.origin == parent), None)
    if found is None:
        raise NoParent(parent)
    _certificate, ca = keyfiles.client_certificate(node.home, parent)
    time_ms = int(node.clock() * 1000)
    text = leaving_text(time_ms, parent, node.origin, reason)
    signatures = [signer.sign_bytes(text) for signer in node.keys.log]
    asked = pb.Leaving(time_ms=time_ms, reason=reason, signatures=signatures)
    request = pb.EnrolRequest(origin=node.origin, leaving=asked)
    enrolment.call_known(found.join_address, ca, node.keys.tls_key_pem, parent, request)
    close(node, parent)  # a crash before or after: leaving again finds what is closed, and goes on
    node.notebook.stands(parent, "left", reason, node.clock())
    settings.remove_parent(node.home, parent)  # a crash before: the next night is refused, and leaving again ends it
