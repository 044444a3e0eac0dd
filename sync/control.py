"""Control entries as values: who is registered where, with which keys (wire.md sections 3 and 6).

Beside service and client this is the one module that touches generated protobuf code: a codec of what is sealed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from banyan.v1 import control_pb2 as pb
from google.protobuf.message import DecodeError

from sync import entry, keys, origin
from sync.errors import Malformed
from sync.note import VerifierKey

ROLES = {
    "hub": pb.ROLE_HUB,
    "substation": pb.ROLE_SUBSTATION,
    "alliance": pb.ROLE_ALLIANCE,
    "outlet": pb.ROLE_OUTLET,
    "feed": pb.ROLE_FEED,
}
BELOW = {  # the roles that a node of each role may register below itself
    "hub": ("substation", "alliance", "outlet", "feed"),
    "substation": ("outlet", "feed"),
    "alliance": ("outlet",),
}
STATUSES = {"active": pb.STATUS_ACTIVE, "suspended": pb.STATUS_SUSPENDED, "revoked": pb.STATUS_REVOKED}
_ROLE_NAMES = {int(number): name for name, number in ROLES.items()}
_STATUS_NAMES = {int(number): name for name, number in STATUSES.items()}


@dataclass(frozen=True, slots=True)
class Genesis:
    """Entry 0 of a log."""

    federation_id: bytes
    origin: str
    home: str
    log_keys: tuple[VerifierKey, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """What a home says of an origin that it registers."""

    origin: str
    role: str
    status: str
    log_keys: tuple[VerifierKey, ...]
    mirror_key: VerifierKey
    hpke_key: bytes
    reason: str = ""
    alliance_id: str = ""

    def with_status(self, status: str, reason: str) -> "Node":
        return replace(self, status=status, reason=reason)


@dataclass(frozen=True, slots=True)
class Member:
    """What an alliance says of an origin that belongs to it."""

    origin: str
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Home:
    """The hub moves `origin` to `home`."""

    origin: str
    home: str


Statement = Genesis | Node | Member | Home


def encode(statement: Statement) -> bytes:
    """Return the control message of a statement."""
    message = pb.Control()
    match statement:
        case Genesis():
            message.genesis.CopyFrom(
                pb.Genesis(
                    federation_id=statement.federation_id,
                    origin=statement.origin,
                    home=statement.home,
                    log_keys=_texts(statement.log_keys),
                )
            )
        case Node():
            message.node.CopyFrom(
                pb.Node(
                    origin=statement.origin,
                    role=ROLES[statement.role],
                    status=STATUSES[statement.status],
                    reason=statement.reason,
                    log_keys=_texts(statement.log_keys),
                    mirror_key=statement.mirror_key.encode(),
                    hpke_key=statement.hpke_key,
                    alliance_id=statement.alliance_id,
                )
            )
        case Member():
            message.member.CopyFrom(
                pb.Member(origin=statement.origin, status=STATUSES[statement.status], reason=statement.reason)
            )
        case Home():
            message.home.CopyFrom(pb.Home(origin=statement.origin, home=statement.home))
    return message.SerializeToString(deterministic=True)


@lru_cache(maxsize=256)  # the same registrations are read before every package
def decode(raw: bytes) -> Statement | None:
    """Read a control message; None for a statement of a later version; raise Malformed for a broken one."""
    message = pb.Control()
    try:
        message.ParseFromString(raw)
    except DecodeError as error:
        raise Malformed("control", "not a control message") from error
    what = message.WhichOneof("what")
    if what == "genesis":
        one = message.genesis
        return Genesis(one.federation_id, origin.check(one.origin), one.home, log_keys(one.log_keys, one.origin))
    if what == "node":
        return _node(message.node)
    if what == "member":
        return Member(origin.check(message.member.origin), _status(message.member.status), message.member.reason)
    if what == "home":
        return Home(origin.check(message.home.origin), origin.check(message.home.home))
    return None


def body_of(raw: bytes) -> bytes:
    """Return the control message in an entry's bytes; raise Malformed."""
    return entry.Entry.decode(raw).control


def describe(raw: bytes) -> tuple[str, str]:
    """Return what a control message states, and of which origin; ("", "") for one that this version cannot read."""
    try:
        statement = decode(raw)
    except Malformed:
        return "", ""
    return (type(statement).__name__.lower(), statement.origin) if statement else ("", "")


def _node(one: pb.Node) -> Node:
    mirror_key = keys.check_key(VerifierKey.parse(one.mirror_key))
    if mirror_key.name != origin.mirror_name(one.origin) or mirror_key.type != keys.MLDSA44 or len(one.hpke_key) != 32:
        raise Malformed("control", "keys of another name or type")
    return Node(
        origin.check(one.origin),
        _role(one.role),
        _status(one.status),
        log_keys(one.log_keys, one.origin),
        mirror_key,
        one.hpke_key,
        one.reason,
        one.alliance_id,
    )


def log_keys(texts: Iterable[str], name: str) -> tuple[VerifierKey, ...]:
    """Return a log's two keys, 01 and 06, both under its own name; raise Malformed."""
    found = tuple(keys.check_key(VerifierKey.parse(text)) for text in texts)
    if [(key.name, key.type) for key in found] != [(name, keys.ED25519), (name, keys.MLDSA44)]:
        raise Malformed("control", "not the two keys of this log")
    return found


def _role(number: int) -> str:
    if number not in _ROLE_NAMES:
        raise Malformed("control", f"role {number}")
    return _ROLE_NAMES[number]


def _status(number: int) -> str:
    """A status of a later version counts as suspended: nothing is taken on a word that we cannot read."""
    return _STATUS_NAMES.get(number, "suspended")


def _texts(log_keys: Iterable[VerifierKey]) -> list[str]:
    return [key.encode() for key in log_keys]
