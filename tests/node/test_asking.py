"""Asking to be let in: a request waits for a person, who sees all of its evidence; both sides say how it stands."""

from dataclasses import replace
from hashlib import sha256

import pytest
from banyan.v1 import enrolment_pb2 as pb
from cryptography import x509

from node import admission, asking, authority, cataloguing, enrolment, keyfiles, nightly, nodes, requests, settings
from node.asking import Door, Rejected, Waiting, Wish
from node.errors import NoInvitation, TokenExpired, TokenWithdrawn, WrongPeer
from node.home import Home
from node.node import Node
from node.request_book import MAX_FROM_ONE_ADDRESS, MAX_OF_ONE_ORIGIN, RequestBook
from sync import control
from sync.errors import BadSignature, Malformed, NotAllowed, OverLimit, Refused, Unreachable
from sync.ownlog import OwnLog
from tests.sync.made import InjectedFault
from tests.world import ALLIANCE, CITY, HUB, OUTLET

CODE = "914403001922038216"
WISH = Wish(OUTLET, "outlet", "华南理工大学", CODE, "王 020-87110000")


@pytest.fixture
def city(world):
    world.hub()
    return world.node(CITY, "substation", HUB)


def door(node):
    """The door of a node as somebody reaches it who knows address and fingerprint only."""
    return asking.door_at(node.settings.join_address, sha256(authority.authority_der(node.home)).digest())


def opened_door(node, role="outlet", days=7):
    return asking.door_of(admission.invite_open(node, role, "开放入网", days))


def ask(world, at, wish=WISH, where=""):
    return asking.ask(Home(world.home(where or wish.origin)), at, wish)


def approve(node, number=1, reason=""):
    with node.opened() as opened:
        return requests.decide(node, opened, node.notebook.request(number), "李", reason)


def reject(node, reason, number=1):
    with node.opened() as opened:
        return requests.reject(node, opened, node.notebook.request(number), "李", reason)


def evidence(node, number=1):
    with node.opened() as opened:
        return requests.evidence(node, opened, node.notebook.request(number))


def registered(node, origin=OUTLET):
    with node.opened() as opened:
        return opened.registry.find(origin)


# -- the way in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["fingerprint", "open invitation"])
def test_who_asks_waits_until_a_person_approves_and_is_let_in_with_the_same_keys(world, city, by):
    at = door(city) if by == "fingerprint" else opened_door(city)
    first = ask(world, at)
    assert isinstance(first, Waiting)
    home = Home(world.home(OUTLET))
    assert registered(city) is None
    assert not home.settings_file.exists()
    assert asking.waiting(home) == {CITY: first}
    shown = evidence(city)
    assert shown["spoken"] == first.spoken, "both sides read out the same digits"
    assert (shown["origin"], shown["name"], shown["uscc"], shown["contact"]) == (OUTLET, WISH.name, CODE, WISH.contact)
    assert (shown["address"], shown["times"], shown["conflicts"]) == ("127.0.0.1", 1, [])
    assert [one["status"] for one in nodes.listed(city)] == ["waiting"]
    assert asking.ask_again(home) == [first], "asking again changes nothing"
    assert evidence(city)["times"] == 2
    approve(city)
    (node,) = asking.ask_again(home)
    assert isinstance(node, Node)
    assert registered(city).node.log_keys == tuple(one.verifier for one in node.keys.log)
    assert nightly.call(node, node.settings.parents[0]).receipts
    assert asking.waiting(home) == {}
    with pytest.raises(asking.NothingAwaited):
        asking.ask_again(home)
    cataloguing.apply(city)
    assert [(one["name"], one["status"]) for one in nodes.listed(city)] == [(WISH.name, "active")]


def test_a_city_asks_the_hub_for_itself(world):
    hub = world.hub()
    wish = Wish(CITY, "substation", "广州市分站")
    assert isinstance(ask(world, door(hub), wish), Waiting)
    approve(hub)
    node = ask(world, door(hub), wish)
    assert isinstance(node, Node)
    assert (node.settings.role, registered(hub, CITY).node.role) == ("substation", "substation")


def test_another_node_than_the_fingerprint_says_is_told_nothing(world, city):
    with pytest.raises(asking.OtherAuthority):
        asking.door_at(city.settings.join_address, b"f" * 32)
    other = authority.authority_der(world.nodes[HUB].home)
    with pytest.raises((WrongPeer, Unreachable)):
        ask(world, Door(city.settings.join_address, other))
    assert city.notebook.requests() == []


def test_who_is_refused_is_told_why_and_may_be_approved_later(world, city):
    ask(world, door(city))
    reject(city, "名称应为 scut-lib")
    with pytest.raises(Rejected) as error:
        ask(world, door(city))
    assert error.value.args == (CITY, "名称应为 scut-lib")
    assert asking.refused(Home(world.home(OUTLET)))[CITY][0] == "名称应为 scut-lib"
    assert registered(city) is None
    approve(city)
    assert isinstance(ask(world, door(city)), Node)


def test_a_node_that_is_in_is_not_rejected_any_more(world, city):
    ask(world, door(city))
    approve(city)
    with pytest.raises(requests.AlreadyIn):
        reject(city, "late")
    assert approve(city).state == "approved"
    with city.opened() as opened:
        count = opened.store.db.execute("select count(*) from control where about = ?", (OUTLET,)).fetchone()
    assert count == (1,), "approving twice registers once"


@pytest.mark.parametrize("status", ["suspended", "revoked"])
def test_who_was_shut_out_does_not_come_in_by_asking_again(world, city, status):
    ask(world, door(city))
    approve(city)
    with city.opened() as opened:
        opened.own.state(opened.registry.get(OUTLET).node.with_status(status, "欠费"))
    with pytest.raises(NotAllowed) as error:
        ask(world, door(city))
    assert error.value.reason == status
    with pytest.raises(NotAllowed):
        approve(city)
    assert registered(city).node.status == status


def test_an_alliance_decides_on_members_by_the_keys_that_their_home_registers(world, city):
    alliance = world.node(ALLIANCE, "alliance", HUB)
    outlet = world.node(OUTLET, "outlet", CITY)
    world.sync(CITY)
    world.sync(OUTLET)
    assert isinstance(ask(world, door(alliance)), Waiting)
    with alliance.opened() as opened:
        assert opened.registry.membership(ALLIANCE, OUTLET) is None
    approve(alliance)
    both = ask(world, door(alliance))
    assert [one.origin for one in both.settings.parents] == [CITY, ALLIANCE]
    assert nightly.call(both, both.settings.parents[1]).receipts
    assert both.keys.log[0].verifier == outlet.keys.log[0].verifier


# -- what does not get in ---------------------------------------------------------------------------------------------


def request(home_path, at, wish=WISH):
    """The request that `ask` sends."""
    sent = []
    real = enrolment.call
    try:
        enrolment.call = lambda address, der, key, parent, asked: (
            sent.append(asked) or pb.EnrolResponse(standing=pb.Standing(state="waiting"))
        )
        asking.ask(Home(home_path), at, wish)
    finally:
        enrolment.call = real
    return sent[0]


def send(at, asked):
    return enrolment.call(at.address, at.authority_der, b"", at.parent, asked)


CHANGES = {
    "name": lambda asked: setattr(asked.asking, "name", "别人"),
    "code": lambda asked: setattr(asked.asking, "uscc", ""),
    "contact": lambda asked: setattr(asked.asking, "contact", "020-1"),
    "origin": lambda asked: setattr(asked, "origin", f"{CITY}/gdut"),
    "hpke key": lambda asked: setattr(asked.asking, "hpke_key", b"h" * 32),
    "certificate request": lambda asked: setattr(asked, "csr", authority.csr(keyfiles.new_p256_pem(), OUTLET)),
    "a signature": lambda asked: asked.asking.signatures.__setitem__(1, asked.asking.signatures[0]),
    "a signature less": lambda asked: asked.asking.signatures.__delitem__(2),
}


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_of_a_request_can_be_exchanged(world, city, change):
    at = door(city)
    asked = request(world.path / "mine", at)
    CHANGES[change](asked)
    with pytest.raises((BadSignature, Malformed)):
        send(at, asked)
    assert city.notebook.requests() == []


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        (replace(WISH, origin="ip.gd.example/sz/szu"), requests.NotOurs),
        (replace(WISH, origin=f"{CITY}/x", role="substation"), requests.RoleNotHere),
        (replace(WISH, origin=f"{CITY}/x", role="feed"), requests.RoleNotHere),
        (replace(WISH, name=""), Malformed),
        (replace(WISH, name="x" * 201), Malformed),
        (replace(WISH, name="a\x1b[2J"), Malformed),
        (replace(WISH, contact="x" * 201), Malformed),
        (replace(WISH, uscc="12345"), Malformed),
    ],
)
def test_a_request_that_cannot_be_shown_or_granted_is_refused_at_the_door(world, city, wish, refusal):
    with pytest.raises(refusal):
        ask(world, door(city), wish)
    assert city.notebook.requests() == []


def test_a_token_for_a_name_is_no_open_one_and_an_open_one_ends(world, city):
    named = admission.invite(city, f"{CITY}/gdut", "outlet", "x", 7)
    with pytest.raises(NotAllowed):
        ask(world, asking.door_of(named))
    at = opened_door(city, days=1)
    world.clock.ahead = 86_401
    with pytest.raises(TokenExpired):
        ask(world, at)
    world.clock.ahead = 0
    city.notebook.withdraw_invitations("")
    with pytest.raises(TokenWithdrawn):
        ask(world, at)
    with pytest.raises(NoInvitation):
        ask(world, replace(at, secret=b"?" * 16))
    with pytest.raises(requests.RoleNotHere):
        admission.invite_open(city, "substation", "x", 7)
    assert city.notebook.requests() == []


def test_requests_have_room_for_others(world, city):
    home = Home.create(world.path / "flood")
    at = door(city)
    for number in range(MAX_OF_ONE_ORIGIN):
        ask(world, at, where=f"flood{number}")
    with pytest.raises(OverLimit):
        ask(world, at, where="flood-one-more")
    ask(world, at, where="flood0")
    for number in range(MAX_OF_ONE_ORIGIN, MAX_FROM_ONE_ADDRESS):
        ask(world, at, replace(WISH, origin=f"{CITY}/f{number}"))
    with pytest.raises(OverLimit):
        ask(world, at, replace(WISH, origin=f"{CITY}/one-more"))
    assert len(city.notebook.requests()) == MAX_FROM_ONE_ADDRESS
    assert home.path.exists()


# -- conflicts --------------------------------------------------------------------------------------------------------


def test_whoever_claims_a_registered_name_is_seen_and_not_approved(world, city):
    world.node(OUTLET, "outlet", CITY)
    true = registered(city).node
    ask(world, door(city), where="a thief's home")
    found = evidence(city)["conflicts"]
    assert {"what": "registered-with-other-keys", "about": f"{OUTLET} (active)"} in found
    with pytest.raises(requests.NameTaken):
        approve(city)
    assert registered(city).node == true


def test_an_invitation_replaces_the_keys_of_nobody(world, city):
    world.node(OUTLET, "outlet", CITY)
    true = registered(city).node
    token = admission.invite(city, OUTLET, "outlet", "x", 7)
    with pytest.raises(NotAllowed) as error:
        enrolment.join(Home(world.home("other machine")), token, "x")
    assert error.value.reason == "registered-with-other-keys"
    assert registered(city).node == true


def test_two_that_claim_one_name_and_the_same_code_are_seen(world, city):
    ask(world, door(city))
    ask(world, door(city), where="second")
    approve(city)
    asking.ask_again(Home(world.home(OUTLET)))
    cataloguing.apply(city)
    ask(world, door(city), replace(WISH, origin=f"{CITY}/other", uscc=CODE[:-1] + "0"))
    ask(world, door(city), replace(WISH, origin=f"{CITY}/third", name="另一名称"))
    assert [one["what"] for one in evidence(city, 2)["conflicts"]] == [
        "registered-with-other-keys",
        "asked-with-other-keys",
    ]
    assert [one["what"] for one in evidence(city, 3)["conflicts"]] == ["same-name", "code-check"]
    assert [one["what"] for one in evidence(city, 4)["conflicts"]] == ["same-code"]
    with pytest.raises(requests.NameTaken):
        approve(city, 2)


# -- approval by itself -----------------------------------------------------------------------------------------------


def automatic(world, city, **given):
    """The city with other settings, its doors open again."""
    settings.save(city.home, replace(settings.load(city.home, {}), **given))
    return world.open(CITY)


def test_by_itself_nothing_is_approved_unless_the_setting_says_so(world, city):
    assert isinstance(ask(world, opened_door(city)), Waiting)
    city = automatic(world, city, auto_approve="yes")
    assert isinstance(ask(world, opened_door(city)), Node)
    assert city.notebook.request(1).decided_by == requests.AUTOMATIC


def test_approval_by_itself_needs_an_invitation_no_conflict_and_keeps_a_limit(world, city):
    city = automatic(world, city, auto_approve="yes", auto_approve_daily=1)
    assert isinstance(ask(world, door(city)), Waiting), "without an invitation"
    open_ = opened_door(city)
    wrong = replace(WISH, origin=f"{CITY}/x", uscc=CODE[:-1] + "0")
    assert isinstance(ask(world, open_, wrong), Waiting), "with a conflict"
    assert isinstance(ask(world, open_, replace(WISH, origin=f"{CITY}/a", name="甲", uscc="")), Node)
    assert isinstance(ask(world, open_, replace(WISH, origin=f"{CITY}/b", name="乙", uscc="")), Waiting), "the second"
    world.clock.ahead = 86_401
    assert isinstance(ask(world, open_, replace(WISH, origin=f"{CITY}/b", name="乙", uscc="")), Node)


# -- crashes ----------------------------------------------------------------------------------------------------------

PARENTS_STEPS = [(RequestBook, "ask"), (OwnLog, "add"), (OwnLog, "state"), (RequestBook, "decide_request")]
CHILDS_STEPS = [
    (keyfiles, "create"), (asking, "_keep"), (enrolment, "call"), (enrolment, "_prepare"), (settings, "save"),
]  # fmt: skip


@pytest.mark.parametrize("takes_effect", [False, True])
@pytest.mark.parametrize(("place", "name"), [*PARENTS_STEPS, *CHILDS_STEPS], ids=lambda one: str(one)[-15:])
def test_a_crash_at_any_step_is_mended_by_doing_it_again(world, city, place, name, takes_effect, monkeypatch):
    real = getattr(place, name)

    def broken(*given, **named):
        if takes_effect:
            real(*given, **named)
        raise InjectedFault(name)

    steps = [lambda: ask(world, door(city)), lambda: approve(city), lambda: ask(world, door(city))]
    broke = 0
    for step in steps:
        with monkeypatch.context() as patched:
            patched.setattr(place, name, broken)
            try:
                step()
            except (InjectedFault, Refused):
                broke += 1
        step()
    assert broke, "the step is taken somewhere"
    node = Node.open(Home(world.home(OUTLET)))
    with city.opened() as opened:
        said = [
            control.decode(control.body_of(raw))
            for (raw,) in opened.store.db.execute("select entry from control where about = ?", (OUTLET,))
        ]
    assert said
    assert all(one == said[0] for one in said)
    assert said[0].log_keys == tuple(one.verifier for one in node.keys.log)
    assert [one.state for one in city.notebook.requests()] == ["approved"]
    assert asking.waiting(Home(world.home(OUTLET))) == {}
    assert nightly.call(node, node.settings.parents[0]).receipts


def test_what_is_awaited_is_kept_among_the_keys_for_the_owner_alone(world, city):
    at = opened_door(city)
    ask(world, at)
    path = Home(world.home(OUTLET)).keys / asking.FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert at.secret not in city.home.node_db.read_bytes()
    assert x509.load_der_x509_certificate(at.authority_der)
