"""What a node states of another when it lets it in: its registration or its membership, once, and under whose keys.

Joining by invitation, asking, and moving end here.
"""

from collections.abc import Sequence
from dataclasses import replace

from node.node import Opened
from records import body
from records.body import Record
from sync import control, keys, presence, proved
from sync.errors import Malformed, NotAllowed
from sync.note import VerifierKey
from sync.registry import Registry

MAX_PROOFS = 8


def asked_for(
    origin: str, role: str, alliance_id: str, log_keys: Sequence[str], mirror_key: str, hpke_key: bytes
) -> control.Node:
    """Return the registration that a request asks for, its keys checked; raise Malformed."""
    asked = control.Node(
        origin,
        role,
        "active",
        control.log_keys(log_keys, origin),
        VerifierKey.parse(mirror_key),
        hpke_key,
        alliance_id=alliance_id,
    )
    checked = control.decode(control.encode(asked))
    assert isinstance(checked, control.Node)
    return checked


def key_bytes(node: control.Node) -> list[bytes]:
    """Return the keys of a registration as the texts that are signed have them."""
    return [*(key.encode().encode() for key in node.log_keys), node.mirror_key.encode().encode(), node.hpke_key]


def key_set(node: control.Node) -> tuple[tuple[VerifierKey, ...], VerifierKey, bytes]:
    """Return what tells the keys of one registration from those of another."""
    return node.log_keys, node.mirror_key, node.hpke_key


def check_signed(asked: control.Node, text: bytes, signatures: Sequence[bytes]) -> None:
    """Return if all three signing keys that are to be registered signed `text`; raise BadSignature, Malformed."""
    for key, signature in zip((*asked.log_keys, asked.mirror_key), signatures, strict=False):
        keys.verify_bytes(key, text, signature)
    if len(signatures) != 3:
        raise Malformed("enrolment", "three signatures are needed")


def register(opened: Opened, asked: control.Node, name: str, uscc: str = "") -> None:
    """State the node in the own log, unless its newest statement says the same; the caller is its home.

    Raises NotAllowed where it is registered and not active, or with other keys: those are changed by rotating alone.
    """
    registry = opened.registry
    known = registry.find(asked.origin)
    if known is not None and known.node.status != "active":
        raise NotAllowed(asked.origin, known.node.status)
    if known is not None and key_set(known.node) != key_set(asked):
        raise NotAllowed(asked.origin, "registered-with-other-keys")
    if known is not None:  # an alliance that joins again stays the same one, whatever its new invitation says
        asked = replace(asked, alliance_id=known.node.alliance_id)
    if known is None:  # a new node cannot hold a head of ours that we lost
        presence.heard(opened.store, registry, asked.origin, b"")
    if known is None or known.node != asked:  # the name first: a crash between the two repeats it
        opened.own.add([[("federation", name_record(asked.origin, asked.role, name, uscc))]])
        opened.own.state(asked)


def count_as_member(opened: Opened, origin: str) -> None:
    """State in an alliance's own log that `origin` belongs to it, unless its newest statement says so."""
    member = opened.registry.membership(opened.node.origin, origin)
    if member is None or member.status != "active":
        opened.own.state(control.Member(origin, "active"))


def check_introduced(registry: Registry, asked: control.Node, registration: Sequence[bytes]) -> None:
    """Return once the proofs show that the origin's home registers just these keys, hub's entry first."""
    if len(registration) > MAX_PROOFS:
        raise Malformed("enrolment", "too many proofs")
    for proof in registration:
        _index, raw, _parts, _hashes, _note = proved.parse(proof)
        statement = control.decode(control.body_of(raw))
        if not isinstance(statement, control.OfKeys):
            raise Malformed("enrolment", "a proof of something else")
        registry.introduce(statement.origin, proof)
    if key_set(registry.check_active(asked.origin).node) != key_set(asked):
        raise NotAllowed(asked.origin, "other-keys-than-its-home-registers")


def name_record(origin: str, role: str, name: str, uscc: str = "") -> bytes:
    """Return the body of the register item that says what an origin is called."""
    fields = {"origin": origin, "role": role, "name": name} | ({"uscc": uscc} if uscc else {})
    return body.encode(Record(f"organisation:{origin}", "assert", "organisation", 1, fields, {}))
