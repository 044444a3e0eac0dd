"""The joining door as strangers see it: what it takes, what it refuses, and what an alliance believes."""

from dataclasses import replace

import grpc
import pytest
from banyan.v1 import enrolment_pb2 as pb
from banyan.v1 import enrolment_pb2_grpc, sync_pb2, sync_pb2_grpc
from cryptography import x509

from node import admission, authority, doors, enrolment, keyfiles, nodes, tokens
from node.errors import BadCertificate
from node.home import Home
from sync import control, entry, evidence
from sync.errors import BadSignature, Malformed, NotAllowed, UnknownOrigin, Unreachable
from tests.world import ALLIANCE, CITY, HUB, OTHER_CITY, OUTLET


@pytest.fixture
def city(world):
    world.hub()
    return world.node(CITY, "substation", HUB)


def own_keys(world, name, origin=OUTLET):
    home = Home.create(world.path / name)
    keyfiles.create(home, origin)
    return keyfiles.load(home, origin)


def request(token, mine, proofs=()):
    """The request that `join` would make with these keys."""
    signers = (*mine.log, mine.mirror)
    verifiers = [signer.verifier.encode() for signer in signers]
    registered = [*(text.encode() for text in verifiers), mine.hpke_public]
    text = enrolment.joining_text(tokens.secret_hash(token.secret), token.origin, registered)
    joining = pb.Joining(
        token_secret=token.secret,
        log_keys=verifiers[:2],
        mirror_key=verifiers[2],
        hpke_key=mine.hpke_public,
        signatures=[signer.sign_bytes(text) for signer in signers],
        registration=proofs,
    )
    return pb.EnrolRequest(origin=token.origin, csr=authority.csr(mine.tls_key_pem, token.origin), joining=joining)


def ask(token, asked):
    """Send a request to the joining door of a token's parent."""
    certificate = x509.load_der_x509_certificate(token.authority_der)
    pem, parent = certificate.public_bytes(authority.PEM), authority.peer_origin(certificate)
    return enrolment.call_known(token.join_address, pem, b"", parent, asked)


def invite(world, origin=OUTLET, parent=CITY, role="outlet"):
    return admission.invite(world.nodes[parent], origin, role, "华南理工大学", 7)


@pytest.mark.parametrize("role", ["feed", "outlet"])
def test_a_city_invites_outlets_and_feeds(world, city, role):
    assert invite(world, f"{CITY}/one", role=role).role == role
    assert tokens.parse(invite(world, f"{CITY}/two", role=role).encode()).role == role


@pytest.mark.parametrize(
    ("parent", "origin", "role"),
    [
        (CITY, OUTLET, "substation"),
        (CITY, OUTLET, "alliance"),
        (CITY, OUTLET, "hub"),
        (HUB, "ip.gd.example/new", "hub"),
        (ALLIANCE, f"{ALLIANCE}/lab", "feed"),
        (ALLIANCE, OUTLET, "feed"),
    ],
)
def test_a_role_that_is_not_for_below_here_is_not_invited(world, city, parent, origin, role):
    world.node(ALLIANCE, "alliance", HUB)
    with pytest.raises(admission.RoleNotHere):
        invite(world, origin, parent, role)
    assert all(one.origin != origin for one in world.nodes[parent].notebook.invitations())


# -- requests ---------------------------------------------------------------------------------------------------------


def other_signature(asked):
    asked.joining.signatures[1] = asked.joining.signatures[0]


def no_third_signature(asked):
    del asked.joining.signatures[2:]


def other_hpke_key(asked):
    asked.joining.hpke_key = b"h" * 32


def swapped_log_keys(asked):
    first, second = asked.joining.log_keys
    asked.joining.log_keys[:] = [second, first]


def one_log_key(asked):
    del asked.joining.log_keys[1:]


def key_of_another_name(asked):
    asked.joining.mirror_key = asked.joining.log_keys[1]


def short_hpke_key(asked):
    asked.joining.hpke_key = b"h" * 31


def no_reason(asked):
    asked.ClearField("joining")


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (other_signature, BadSignature),
        (no_third_signature, Malformed),
        (other_hpke_key, BadSignature),
        (swapped_log_keys, Malformed),
        (one_log_key, Malformed),
        (key_of_another_name, Malformed),
        (short_hpke_key, Malformed),
        (no_reason, Malformed),
    ],
)
def test_a_request_that_its_keys_did_not_sign_uses_no_token(world, city, change, refusal):
    token, mine = invite(world), own_keys(world, "mine")
    asked = request(token, mine)
    change(asked)
    with pytest.raises(refusal):
        ask(token, asked)
    assert [one.state for one in city.notebook.invitations()] == ["invited"]
    assert ask(token, request(token, mine)).certificate


def test_a_certificate_is_for_the_invited_name_whatever_the_request_says(world, city):
    token, mine = invite(world), own_keys(world, "mine")
    asked = request(token, mine)
    asked.csr = authority.csr(mine.tls_key_pem, "ip.gd.example/sz")
    found = x509.load_der_x509_certificate(ask(token, asked).certificate)
    assert authority.peer_origin(found) == OUTLET
    asked.csr = b"\x30\x03no!"
    with pytest.raises(BadCertificate, match="not a certificate request"):
        ask(token, asked)


def test_a_token_of_one_origin_binds_its_signatures(world, city):
    mine = own_keys(world, "mine")
    first, second = invite(world), invite(world)
    asked = request(first, mine)
    asked.joining.token_secret = second.secret
    with pytest.raises(BadSignature):
        ask(second, asked)


# -- doors ------------------------------------------------------------------------------------------------------------


def test_a_name_with_control_characters_is_answered_and_forges_no_log_line(world, city, caplog):
    token, name = invite(world), "x\n2026-01-01 INFO enrolled origin=x"
    with pytest.raises(UnknownOrigin):
        ask(token, pb.EnrolRequest(origin=name, renewal=pb.Renewal(time_ms=1)))
    assert any(name.partition("\n")[2] in one.getMessage() for one in caplog.records)
    assert not any("\n" in one.getMessage() for one in caplog.records)


def test_a_request_over_128_kib_is_refused_and_the_door_stays_open(world, city):
    token, mine = invite(world), own_keys(world, "mine")
    large = request(token, mine, [b"x" * 140_000])
    with pytest.raises(Unreachable, match="RESOURCE_EXHAUSTED"):
        ask(token, large)
    assert ask(token, request(token, mine)).certificate


def test_the_joining_door_has_one_method_and_the_sync_door_wants_a_certificate(world, city):
    token = invite(world)
    pem = x509.load_der_x509_certificate(token.authority_der).public_bytes(authority.PEM)
    with doors.channel(city.settings.join_address, pem, b"", None, CITY) as channel:
        with pytest.raises(grpc.RpcError) as error:
            sync_pb2_grpc.SyncStub(channel).Hello(sync_pb2.HelloRequest(version=1), timeout=5)
        assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED
    with doors.channel(city.settings.sync_address, pem, b"", None, CITY) as channel:
        with pytest.raises(grpc.RpcError) as error:
            enrolment_pb2_grpc.EnrolmentStub(channel).Enrol(pb.EnrolRequest(), timeout=5)
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE


# -- standing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["suspended", "revoked"])
def test_the_used_token_of_a_node_that_is_not_active_lets_nobody_in(world, city, status):
    token, mine = invite(world), own_keys(world, "mine")
    ask(token, request(token, mine))
    with city.opened() as opened:
        opened.own.state(opened.registry.get(OUTLET).node.with_status(status, "欠费"))
    with pytest.raises(NotAllowed) as error:
        ask(token, request(token, mine))
    assert error.value.reason == status
    with city.opened() as opened:
        assert opened.registry.get(OUTLET).node.status == status


def test_an_invitation_is_listed_until_it_is_used(world, city):
    token, mine = invite(world), own_keys(world, "mine")
    assert [(one["origin"], one["status"], one["name"]) for one in nodes.listed(city)] == [
        (OUTLET, "invited", "华南理工大学")
    ]
    ask(token, request(token, mine))
    assert [(one["origin"], one["status"]) for one in nodes.listed(city)] == [(OUTLET, "active")]
    assert token.secret not in city.home.node_db.read_bytes()


# -- alliances --------------------------------------------------------------------------------------------------------


@pytest.fixture
def alliance(world, city):
    """An alliance, and an outlet whose home has sealed its registration."""
    world.node(ALLIANCE, "alliance", HUB)
    world.node(OUTLET, "outlet", CITY)
    world.sync(CITY)
    world.sync(OUTLET)
    return world.nodes[ALLIANCE]


def proofs_of(world, origin=OUTLET, at=OUTLET):
    with world.nodes[at].opened() as opened:
        return evidence.registrations(opened.store, opened.registry, origin)


def membership(alliance):
    with alliance.opened() as opened:
        return opened.registry.membership(ALLIANCE, OUTLET)


def test_an_alliance_takes_the_keys_that_the_home_registers(world, alliance):
    token = invite(world, parent=ALLIANCE)
    ask(token, request(token, world.nodes[OUTLET].keys, proofs_of(world)))
    assert membership(alliance) == control.Member(OUTLET, "active")
    with alliance.opened() as opened:
        known = opened.registry.get(OUTLET)
    assert known.home == CITY
    assert known.node.log_keys == tuple(signer.verifier for signer in world.nodes[OUTLET].keys.log)


def test_an_alliance_takes_no_keys_from_the_joiner(world, alliance):
    token = invite(world, parent=ALLIANCE)
    thief = own_keys(world, "thief")
    with pytest.raises(NotAllowed) as error:
        ask(token, request(token, thief, proofs_of(world)))
    assert error.value.reason == "other-keys-than-its-home-registers"
    assert membership(alliance) is None


def test_an_alliance_wants_proofs_of_just_this_origin(world, alliance):
    keys = world.nodes[OUTLET].keys
    whole = proofs_of(world)
    assert len(whole) == 2
    for proofs, refusal in (
        ([], UnknownOrigin),
        (whole[:1], UnknownOrigin),  # the home's registration only
        (whole * 5, Malformed),  # too many
        ([whole[0], b"c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n"], Malformed),
    ):
        token = invite(world, parent=ALLIANCE)
        with pytest.raises(refusal):
            ask(token, request(token, keys, proofs))
        assert membership(alliance) is None
    token = invite(world, parent=ALLIANCE)
    assert ask(token, request(token, keys, whole)).certificate


def test_a_proof_by_another_home_is_void(world, alliance):
    """Another city registers the outlet under keys of its own, and proves that."""
    world.node(OTHER_CITY, "substation", HUB)
    thief = own_keys(world, "thief")
    other = world.nodes[OTHER_CITY]
    with other.opened() as opened:
        true = opened.registry.get(OTHER_CITY).node
        log_keys = tuple(signer.verifier for signer in thief.log)
        false = replace(
            true, origin=OUTLET, role="outlet", log_keys=log_keys, mirror_key=thief.mirror.verifier,
            hpke_key=thief.hpke_public,
        )  # fmt: skip
        index = opened.own.add_entries([entry.control_entry(0, control.encode(false))], [[]])
    world.sync(OTHER_CITY)
    with other.opened() as opened:
        hub_says = evidence.registrations(opened.store, opened.registry, OTHER_CITY)[0]
        log = opened.own.log
        bundles = evidence.Bundles(opened.store, log)
        raw = bundles.entries(index, index + 1)[0]
        head = opened.own.sealed()
        forged = evidence.proved.prove(bundles, index, raw, head.size, head.note, {})
    for proofs in ([hub_says, forged], [proofs_of(world)[0], forged]):
        token = invite(world, parent=ALLIANCE)
        with pytest.raises((BadSignature, UnknownOrigin, Malformed)):
            ask(token, request(token, thief, proofs))
        assert membership(alliance) is None
