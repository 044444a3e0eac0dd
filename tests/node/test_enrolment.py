"""Joining and renewing as the child does it: real homes, real doors; a crash at any step, and the same token again."""

import logging
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from node import admission, authority, doors, enrolment, keyfiles, nightly, requests, settings
from node.enrolment import NotProvable, OtherNode, WrongFederation
from node.errors import NoInvitation, TokenExpired, TokenUsed, TokenWithdrawn, WrongPeer
from node.home import Home
from node.node import Node
from node.notebook import Notebook
from sync import control
from sync.errors import BadSignature, NotAllowed, Refused, Unreachable
from sync.ownlog import OwnLog
from tests.sync.made import InjectedFault
from tests.world import ALLIANCE, CITY, HUB, OUTLET


def invited(world, origin, parent=CITY, role="outlet", days=7):
    return admission.invite(world.nodes[parent], origin, role, f"名称 {origin}", days)


def join(world, token, at=None):
    return enrolment.join(Home(world.home(at or token.origin)), token, "华南理工大学")


def stated(world, parent, origin):
    """Every statement of a parent's own log on an origin."""
    with world.nodes[parent].opened() as opened:
        rows = opened.store.db.execute("select entry from control where about = ?", (origin,)).fetchall()
        found = [control.decode(control.body_of(raw)) for (raw,) in rows]
    return [one for one in found if isinstance(one, control.Node | control.Member)]


def alarms(node):
    with node.opened() as opened:
        return [(what, origin) for _at, what, origin, _detail in opened.store.alarms()]


@pytest.fixture
def city(world):
    world.hub()
    return world.node(CITY, "substation", HUB)


# -- the token --------------------------------------------------------------------------------------------------------


def test_the_same_keys_again_get_the_same_standing_and_other_keys_an_alarm(world, city):
    token = invited(world, OUTLET)
    first = join(world, token)
    again = join(world, token)
    assert again.settings == first.settings
    assert len(stated(world, CITY, OUTLET)) == 1
    assert nightly.call(again, again.settings.parents[0]).receipts
    with pytest.raises(TokenUsed):
        join(world, token, at="a thief's home")
    assert ("token-used-twice", OUTLET) in alarms(city)
    assert len(stated(world, CITY, OUTLET)) == 1


def test_a_token_ends_by_time_by_withdrawal_and_is_none_elsewhere(world, city):
    late, taken_back = invited(world, OUTLET, days=1), invited(world, f"{CITY}/gdut")
    world.clock.ahead = 86_401
    with pytest.raises(TokenExpired) as error:
        join(world, late)
    assert error.value.args == (str(late.expires),)
    world.clock.ahead = 0
    city.notebook.withdraw_invitations(f"{CITY}/gdut")
    with pytest.raises(TokenWithdrawn):
        join(world, taken_back)
    unknown = admission.Token(
        late.join_address, late.authority_der, late.federation_id, OUTLET, "outlet", late.expires, b"?" * 16
    )
    with pytest.raises(NoInvitation):
        join(world, unknown)
    assert stated(world, CITY, OUTLET) == []
    assert join(world, late).origin == OUTLET, "a refused home can still join"


def test_a_token_is_for_its_name_and_a_home_for_its_node(world, city):
    token = invited(world, OUTLET)
    renamed = admission.Token(
        token.join_address, token.authority_der, token.federation_id, f"{CITY}/gdut", "outlet", 0, token.secret
    )
    with pytest.raises(NotAllowed) as error:
        join(world, renamed)
    assert error.value.reason == "invited-under-another-name"
    join(world, token)
    with pytest.raises(OtherNode):
        join(world, invited(world, f"{CITY}/gdut"), at=OUTLET)


def test_another_federation_than_invited_to_is_not_joined(world, city):
    token = invited(world, OUTLET)
    other = admission.Token(
        token.join_address, token.authority_der, b"x" * 32, OUTLET, "outlet", token.expires, token.secret
    )
    with pytest.raises(WrongFederation):
        join(world, other)
    home = Home(world.home(OUTLET))
    assert not home.settings_file.exists()
    assert not home.federation_root.exists()


def test_a_parent_invites_only_its_own_and_answers_only_as_itself(world, city):
    with pytest.raises(requests.NotOurs):
        invited(world, "ip.gd.example/sz/szu")
    token = invited(world, OUTLET)
    hubs = authority.authority_der(world.nodes[HUB].home)
    false = admission.Token(token.join_address, hubs, token.federation_id, OUTLET, "outlet", token.expires, b"s" * 16)
    with pytest.raises(Unreachable):
        join(world, false)
    with pytest.raises(WrongPeer):
        doors.channel(
            token.join_address, x509.load_der_x509_certificate(hubs).public_bytes(authority.PEM), b"", None, CITY
        )


# -- crashes ----------------------------------------------------------------------------------------------------------

STEPS = [
    (keyfiles, "create"),
    (enrolment, "_enrol"),
    (keyfiles, "save_client_certificate"),
    (enrolment, "_prepare"),
    (enrolment, "_introduce_parents"),
    (enrolment, "begin_log"),
    (settings, "save"),
    (Notebook, "use_invitation"),
    (OwnLog, "add"),
    (OwnLog, "state"),
]


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_crash_at_any_step_is_mended_by_the_same_token(world, city, takes_effect, monkeypatch):
    for number, (place, name) in enumerate(STEPS):
        origin = f"{CITY}/o{number}"
        token, real = invited(world, origin), getattr(place, name)

        def broken(*given, real=real, name=name, **named):
            if takes_effect:
                real(*given, **named)
            raise InjectedFault(name)

        with monkeypatch.context() as patched:
            patched.setattr(place, name, broken)
            with pytest.raises((InjectedFault, Refused)):  # a parent that breaks in a call answers with UNKNOWN
                join(world, token)
        home = Home(world.home(origin))
        assert home.settings_file.exists() == ((name, takes_effect) == ("save", True)), name
        node = join(world, token)
        said = stated(world, CITY, origin)
        assert said
        assert all(one == said[0] for one in said), name
        assert said[0].log_keys == tuple(signer.verifier for signer in node.keys.log)
        report = nightly.call(node, node.settings.parents[0])
        assert [(one, by) for one, by, _size in report.receipts] == [(origin, CITY)], name


# -- a further parent -------------------------------------------------------------------------------------------------


def test_an_outlet_joins_an_alliance_once_its_home_has_sealed_it(world, city):
    world.node(ALLIANCE, "alliance", HUB)
    world.node(OUTLET, "outlet", CITY)
    token = invited(world, OUTLET, ALLIANCE)
    with pytest.raises(NotProvable):
        join(world, token)
    world.sync(CITY)
    world.sync(OUTLET)
    both = join(world, token)
    assert [one.origin for one in both.settings.parents] == [CITY, ALLIANCE]
    assert [type(one).__name__ for one in stated(world, ALLIANCE, OUTLET)] == ["Member"]
    assert nightly.call(both, both.settings.parents[1]).receipts
    assert join(world, token).settings == both.settings


# -- renewing ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def outlet(world, city):
    return world.node(OUTLET, "outlet", CITY)


def give_certificate(city, outlet, days_ago):
    """Make the outlet's certificate as old as that."""
    then = datetime.now(UTC) - timedelta(days=days_ago)
    csr = authority.csr(outlet.keys.tls_key_pem, OUTLET)
    der = authority.issue_client(city.home, csr, OUTLET, 90, then)
    keyfiles.save_client_certificate(outlet.home, CITY, der, authority.authority_der(city.home))


def days_left(outlet):
    return authority.days_left(keyfiles.client_certificate(outlet.home, CITY)[0])


@pytest.mark.parametrize(
    ("days_ago", "renewed"), [(0, False), (59, False), (60, True), (89, True), (91, True), (400, True)]
)
def test_a_certificate_is_renewed_from_day_60_even_when_it_has_ended(city, outlet, days_ago, renewed):
    give_certificate(city, outlet, days_ago)
    assert enrolment.renew(outlet, outlet.settings.parents[0]) == renewed
    assert (days_left(outlet) >= 89) == (renewed or not days_ago)


def test_the_night_renews_before_it_calls(city, outlet):
    give_certificate(city, outlet, 91)
    with pytest.raises(Unreachable):
        nightly.call(outlet, outlet.settings.parents[0])
    night = nightly.run(outlet)
    assert (night.failures, len(night.reports), days_left(outlet)) == ({}, 1, 89)


@pytest.mark.parametrize("status", ["suspended", "revoked"])
def test_no_certificate_is_renewed_for_a_node_that_is_not_active(city, outlet, status):
    with city.opened() as opened:
        opened.own.state(opened.registry.get(OUTLET).node.with_status(status, "欠费"))
    give_certificate(city, outlet, 91)
    with pytest.raises(NotAllowed) as error:
        enrolment.renew(outlet, outlet.settings.parents[0])
    assert error.value.reason == status
    assert days_left(outlet) < 0


def test_the_clock_must_be_near_and_the_keys_those_registered(world, city, outlet):
    give_certificate(city, outlet, 61)
    for ahead in (-700, 700):
        slow = Node(outlet.home, outlet.settings, lambda: world.clock() + ahead)  # noqa: B023
        with pytest.raises(NotAllowed) as error:
            enrolment.renew(slow, outlet.settings.parents[0])
        assert error.value.reason == "clock"
    thief = Home.create(world.path / "thief")
    keyfiles.create(thief, OUTLET)
    for seed in ("log-ed25519.seed", "log-mldsa44.seed"):
        (outlet.home.keys / seed).write_bytes((thief.keys / seed).read_bytes())
    with pytest.raises(BadSignature):
        enrolment.renew(outlet, outlet.settings.parents[0])


# -- secrets ----------------------------------------------------------------------------------------------------------


def test_nothing_secret_is_logged_or_shown(world, city, caplog):
    caplog.set_level(logging.DEBUG)
    token = invited(world, OUTLET)
    node = join(world, token)
    with pytest.raises(TokenUsed) as error:
        join(world, token, at="other")
    nightly.call(node, node.settings.parents[0])
    shown = caplog.text + repr(node) + repr(node.keys) + repr(token) + repr(error.value) + repr(city)
    seeds = [(node.home.keys / name).read_bytes() for name in keyfiles._SEEDS]
    for secret in (token.secret, *seeds):
        for written in (secret.hex(), b64encode(secret).decode().rstrip("="), repr(secret)[2:-1]):
            assert written not in shown
    assert token.encode()[20:60] not in shown
    assert "PRIVATE" not in shown
    assert "enrolled origin=" in caplog.text
