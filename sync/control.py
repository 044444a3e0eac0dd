"""Control entries as values: who is registered where, with which keys (wire.md sections 3 and 6).

Beside service and client this is the one module that touches generated protobuf code: a codec of what is sealed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

from banyan.v1 import control_pb2 as pb
from google.protobuf.message import DecodeError

from sync import entry, keys, origin
from sync.door import Door
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
_MAX_SIZE = 2**63 - 1
_STATUS_NAMES = {int(number): name for name, number in STATUSES.items()}


@dataclass(frozen=True, slots=True)
class Genesis:
    """Entry 0 of a log; of one that goes on from the log `old`, with the size and root that this ended at."""

    federation_id: bytes
    origin: str
    home: str
    log_keys: tuple[VerifierKey, ...]
    old: str = ""
    size: int = 0
    root: bytes = b""


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
    """The hub moves `origin` to `home`.

    Where it knows them: the address of the new home's joining door, host:port, and SHA-256 of the authority behind it.
    """

    origin: str
    home: str
    join_address: str = ""
    authority: bytes = b""

    @property
    def door(self) -> Door | None:
        """Where the new home lets it in, as far as the hub knew."""
        return Door(self.join_address, self.authority) if self.join_address else None


@dataclass(frozen=True, slots=True)
class Rotate:
    """In the home's log: the new keys of `origin`, and the last good head (size, root) under the ones before.

    `signatures` are by the old log keys, 01 and 06; none where these are lost, and then it counts only once the hub has
    confirmed it (wire.md section 6).
    """

    origin: str
    size: int
    root: bytes
    log_keys: tuple[VerifierKey, ...]
    mirror_key: VerifierKey
    hpke_key: bytes
    signatures: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Revoke:
    """In the home's log: the keys registered so far are good up to (size, root) and for nothing after it."""

    origin: str
    size: int
    root: bytes
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Confirm:
    """In the hub's log: it agrees with entry `index` of `home`, whose leaf hash is `leaf` and which is on `origin`."""

    origin: str
    home: str
    index: int
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Successor:
    """In the home's log: `origin` goes on where the frozen log `old` ended, at (size, root); the hub confirms it."""

    origin: str
    old: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Grant:
    """In the owner's log: `origin` may see the parts for `audience` in the entries [first, last)."""

    origin: str
    audience: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Erase:
    """By the owner, its home or the hub: every holder forgets part `part` of entry `index` of the log `origin`."""

    origin: str
    index: int
    part: int
    ground: str


@dataclass(frozen=True, slots=True)
class Erased:
    """A holder's statement that it has forgotten a part, as entry `at` of the log `by` asks."""

    origin: str
    index: int
    part: int
    by: str
    at: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A substation's nightly word on all that it registers: rows, their root; `previous` is 1 + index of the last."""

    night: int
    count: int
    root: bytes
    previous: int

    @property
    def origin(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Close:
    """The last entry of a log; `successor` is empty where nobody goes on."""

    successor: str

    @property
    def origin(self) -> str:
        return self.successor


_Plain = Home | Revoke | Confirm | Successor | Grant | Erase | Erased | Manifest | Close  # fields as in the message
_PLAIN: dict[str, type[_Plain]] = {
    one.__name__.lower(): one for one in (Home, Revoke, Confirm, Successor, Grant, Erase, Erased, Manifest, Close)
}
Statement = Genesis | Node | Member | Rotate | _Plain
OfKeys = Node | Rotate | Revoke | Successor  # what a home states of an origin and its keys


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
                    old=statement.old,
                    size=statement.size,
                    root=statement.root,
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
        case Rotate():
            message.rotate.CopyFrom(
                pb.Rotate(
                    origin=statement.origin,
                    size=statement.size,
                    root=statement.root,
                    log_keys=_texts(statement.log_keys),
                    mirror_key=statement.mirror_key.encode(),
                    hpke_key=statement.hpke_key,
                    signatures=statement.signatures,
                )
            )
        case _:
            kind = type(statement)
            said = getattr(pb, kind.__name__)(**{one.name: getattr(statement, one.name) for one in fields(kind)})
            getattr(message, kind.__name__.lower()).CopyFrom(said)
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
        return _genesis(message.genesis)
    if what == "node":
        return _node(message.node)
    if what == "member":
        return Member(origin.check(message.member.origin), _status(message.member.status), message.member.reason)
    if what == "rotate":
        return _rotate(message.rotate)
    return _plain(_PLAIN[what], getattr(message, what)) if what in _PLAIN else None


def _genesis(one: pb.Genesis) -> Genesis:
    if (len(one.root) != 32 or one.size > _MAX_SIZE or not origin.check(one.old)) if one.old else one.size or one.root:
        raise Malformed("control", "no agreed head of the log before")
    keys_ = log_keys(one.log_keys, one.origin)
    return Genesis(one.federation_id, origin.check(one.origin), one.home, keys_, one.old, one.size, one.root)


def _plain(kind: type[_Plain], one: Any) -> _Plain:
    """Read a statement whose fields are those of its message: origins, sizes and hashes are checked by name."""
    values = {field.name: getattr(one, field.name) for field in fields(kind)}
    for name, value in values.items():
        if name in ("origin", "home", "old", "by") or (name == "successor" and value):
            origin.check(value)
        if isinstance(value, bytes) and len(value) != 32 and (value or name != "authority"):
            raise Malformed("control", f"{name} is no hash")
        if isinstance(value, int) and value > _MAX_SIZE:
            raise Malformed("control", f"{name} is out of range")
    if kind is Home and (values["join_address"] or values["authority"]):
        Door(values["join_address"], values["authority"])
    return kind(**values)


def _rotate(one: pb.Rotate) -> Rotate:
    node = _node(
        pb.Node(
            origin=one.origin,
            log_keys=one.log_keys,
            mirror_key=one.mirror_key,
            hpke_key=one.hpke_key,
            role=pb.ROLE_OUTLET,
        )
    )
    if len(one.root) != 32 or one.size > _MAX_SIZE or len(one.signatures) not in (0, 2):
        raise Malformed("control", "no last good head, or signatures are missing")
    keys_ = (node.log_keys, node.mirror_key, node.hpke_key)
    return Rotate(node.origin, one.size, one.root, *keys_, tuple(one.signatures))


def body_of(raw: bytes) -> bytes:
    """Return the control message in an entry's bytes; raise Malformed."""
    return entry.Entry.decode(raw).control


def describe(raw: bytes) -> tuple[str, str]:
    """Return what a control message states, and of which origin; ("", "") for one that this version cannot read."""
    try:
        statement = decode(raw)
    except Malformed:
        return "", ""
    return (type(statement).__name__.lower(), statement.origin) if statement is not None else ("", "")


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
