"""Suspend, resume, revoke, remove, leave: what counts at once, what is told, and what stays provable."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from banyan.v1 import enrolment_pb2 as pb

import outlet.cli
import substation.cli
from catalog.search import Query
from node import (
    admission,
    asking,
    authority,
    enrolment,
    frame,
    keyfiles,
    membership,
    nightly,
    nodes,
    relay,
    settings,
    stands,
)
from node.home import Home
from node.node import Node
from sync import control, evidence, mirror, rights
from sync.errors import BadSignature, NotAllowed, Refused, ShutOut
from sync.ownlog import OwnLog
from tests.node.filing import open_with_search
from tests.sync.made import InjectedFault
from tests.world import ALLIANCE, CITY, HUB, OUTLET


@pytest.fixture
def city(world):
    world.hub()
    return world.node(CITY, "substation", HUB)


@pytest.fixture
def both(world, city):
    """An outlet below a city that has filed and has receipts, and belongs to an alliance."""
    world.node(ALLIANCE, "alliance", HUB)
    world.node(OUTLET, "outlet", CITY)
    world.file(OUTLET, b'{"n":1}')
    world.sync(CITY)
    world.sync(OUTLET)
    token = admission.invite(world.nodes[ALLIANCE], OUTLET, "outlet", "会员", 7)
    enrolment.join(Home(world.home(OUTLET)), token, "x")
    world.nodes[OUTLET] = replace(Node.open(Home(world.home(OUTLET))), clock=world.clock)
    world.sync(OUTLET, ALLIANCE)
    world.sync(CITY)
    return world


def change(node, what, reason="欠费", origin=OUTLET):
    with node.opened() as opened:
        return membership.change(opened, origin, what, reason)


def visit(world, parent=CITY, origin=OUTLET):
    node = world.nodes[origin]
    return nightly.visit(node, next(one for one in node.settings.parents if one.origin == parent))


def states(world, origin=OUTLET):
    found = stands.shown(world.nodes[origin].home, world.nodes[origin])
    return {one["parent"]: (one["state"], one["reason"]) for one in found}


def row(node, origin=OUTLET):
    return next(one for one in nodes.listed(node) if one["origin"] == origin)


# -- both sides say the same ------------------------------------------------------------------------------------------


def test_a_suspended_node_is_told_why_and_goes_on_where_it_was_once_resumed(both):
    city = both.nodes[CITY]
    visit(both)
    assert states(both)[CITY] == ("active", "")
    change(city, "suspend")
    both.file(OUTLET, b'{"n":2}')
    with pytest.raises(ShutOut) as error:
        visit(both)
    assert error.value.args == (OUTLET, "suspended", "欠费")
    assert states(both)[CITY] == ("suspended", "欠费")
    assert (row(city)["status"], row(city)["reason"]) == ("suspended", "欠费")
    assert any("欠费" in line for line in nodes.lines(nodes.standing(both.nodes[OUTLET])))
    change(city, "resume", "已缴费")
    assert visit(both).receipts
    assert states(both)[CITY] == ("active", "")
    assert (row(city)["status"], row(city)["reason"]) == ("active", "")


def test_since_stays_while_nothing_changes(both):
    change(both.nodes[CITY], "suspend")
    seen = set()
    for ahead in (0, 5000):
        both.clock.ahead = ahead
        with pytest.raises(NotAllowed):
            visit(both)
        seen |= {one["since"] for one in stands.shown(both.nodes[OUTLET].home, both.nodes[OUTLET]) if one["reason"]}
    assert len(seen) == 1


def test_what_is_said_already_is_not_said_again_and_what_is_revoked_stays_so(both):
    city = both.nodes[CITY]
    change(city, "suspend")
    with city.opened() as opened:
        size = opened.own.log.next_entry
        assert membership.check(opened, OUTLET, "suspend", "again") is False
    change(city, "suspend", "again")
    change(city, "revoke")
    with city.opened() as opened:
        assert opened.own.log.next_entry == size + 1
    for what in ("resume", "suspend"):
        with pytest.raises(membership.NotFrom):
            change(city, what)
    for reason in ("", "x" * 201, "a\nb"):
        with pytest.raises(membership.BadReason):
            change(city, "revoke", reason)
    with pytest.raises(membership.NotBelow):
        change(city, "suspend", origin=f"{CITY}/nobody")
    with pytest.raises(membership.NotBelow):
        change(both.nodes[HUB], "suspend")


# -- revoked ----------------------------------------------------------------------------------------------------------


def test_a_revoked_node_is_refused_at_every_door_at_once(both):
    city, node = both.nodes[CITY], both.nodes[OUTLET]
    open_with_search(both, CITY)
    relay.find(node, "city", Query(words="照明"))
    change(city, "revoke")
    with pytest.raises(NotAllowed):
        visit(both)
    with pytest.raises(NotAllowed):
        relay.find(node, "city", Query(words="照明"))
    with pytest.raises(NotAllowed):
        relay.show(node, "city", "patent_invention:CN:1")
    parent = node.settings.parents[0]
    with pytest.raises(NotAllowed):
        enrolment.call_known(*renewal(node, parent))


def renewal(node, parent):
    """What a renewal at the joining door is called with."""
    _certificate, ca = keyfiles.client_certificate(node.home, parent.origin)
    csr, time_ms = authority.csr(node.keys.tls_key_pem, node.origin), int(node.clock() * 1000)
    text = enrolment.renewal_text(node.origin, time_ms, csr)
    signed = [one.sign_bytes(text) for one in node.keys.log]
    asked = pb.EnrolRequest(origin=node.origin, csr=csr, renewal=pb.Renewal(time_ms=time_ms, signatures=signed))
    return parent.join_address, ca, node.keys.tls_key_pem, parent.origin, asked


def test_a_node_that_is_revoked_while_it_brings_is_refused_at_its_next_package(both, monkeypatch):
    city = both.nodes[CITY]
    with both.nodes[OUTLET].opened() as opened:
        opened.own.add([[("federation", b'{"n":%d}' % number)] for number in range(600)])
    taken, real = [], mirror.take

    def take(*given, **named):
        found = real(*given, **named)
        taken.append(found.next_entry)
        if len(taken) == 1:
            change(city, "revoke")
        return found

    monkeypatch.setattr(mirror, "take", take)
    with pytest.raises(NotAllowed):
        visit(both)
    assert len(taken) == 1, "the next package is not looked at"
    with city.opened() as opened:
        log = opened.store.log(OUTLET)
        assert log.next_entry == taken[0]


def test_what_a_revoked_node_filed_stays_provable(both):
    both.seal_hub()
    city, hub = both.nodes[CITY], both.nodes[HUB]
    change(city, "revoke")
    visit(both, HUB, CITY)
    with hub.opened() as opened:
        assert opened.registry.get(OUTLET).node.status == "revoked"
        raw = evidence.write(opened.store, opened.registry, OUTLET, 1)
    found = evidence.verify(raw, hub.federation)
    assert (found.origin, found.index) == (OUTLET, 1)
    assert [name for name, _size, _time in found.receipts] == [HUB]
    assert found.chain[-1].node.status == "revoked", "and the evidence says that it was revoked since"


# -- members ----------------------------------------------------------------------------------------------------------


def member(node):
    with node.opened() as opened:
        return opened.registry.membership(ALLIANCE, OUTLET)


def test_an_alliance_suspends_and_removes_members_and_their_home_goes_on(both):
    alliance = both.nodes[ALLIANCE]
    change(alliance, "suspend")
    with pytest.raises(ShutOut) as error:
        visit(both, ALLIANCE)
    assert error.value.args[1:] == ("member-suspended", "欠费")
    assert visit(both, CITY)
    change(alliance, "resume")
    assert visit(both, ALLIANCE)
    change(alliance, "remove", "合作期满")
    with pytest.raises(ShutOut):
        visit(both, ALLIANCE)
    assert states(both)[ALLIANCE] == ("member-revoked", "合作期满")
    assert member(alliance) == control.Member(OUTLET, "revoked", "合作期满")
    with pytest.raises(membership.OnlyMembers):
        change(both.nodes[CITY], "remove")


def leave(world, reason="合作期满"):
    asking.leave(world.nodes[OUTLET], ALLIANCE, reason)


def test_a_member_leaves_and_nothing_new_is_due_there_while_the_old_stays(both):
    alliance = both.nodes[ALLIANCE]
    both.file(OUTLET, b'{"n":2}', audience="path")
    visit(both, ALLIANCE)
    with alliance.opened() as opened:
        assert opened.registry.belongs(OUTLET, ALLIANCE)
        held = opened.store.log(OUTLET).next_entry
    leave(both)
    assert [one.origin for one in settings.load(both.nodes[OUTLET].home, {}).parents] == [CITY]
    assert member(alliance) == control.Member(OUTLET, "revoked", "合作期满")
    with alliance.opened() as opened:
        assert not opened.registry.belongs(OUTLET, ALLIANCE)
        assert opened.store.log(OUTLET).next_entry == held
    with pytest.raises(ShutOut):
        visit(both, ALLIANCE)
    assert visit(both, CITY)


def test_only_the_member_itself_leaves_and_only_an_alliance(both, monkeypatch):
    with pytest.raises(asking.HomeStays):
        asking.leave(both.nodes[OUTLET], CITY, "x")
    with pytest.raises(asking.NoParent):
        asking.leave(both.nodes[OUTLET], "ip.gd.example/other", "x")
    with monkeypatch.context() as patched:
        patched.setattr(asking, "leaving_text", lambda *given: b"something else")
        with pytest.raises(BadSignature):
            leave(both)
    late = replace(both.nodes[OUTLET], clock=lambda: both.clock() - 700)
    with pytest.raises(NotAllowed, match="clock"):
        asking.leave(late, ALLIANCE, "x")
    assert member(both.nodes[ALLIANCE]).status == "active"


@pytest.mark.parametrize("takes_effect", [False, True])
@pytest.mark.parametrize(("place", "name"), [(OwnLog, "state"), (settings, "remove_parent")])
def test_leaving_again_after_a_crash_ends_it(both, place, name, takes_effect, monkeypatch):
    real = getattr(place, name)

    def broken(*given, **named):
        if takes_effect:
            real(*given, **named)
        raise InjectedFault(name)

    with monkeypatch.context() as patched:
        patched.setattr(place, name, broken)
        with pytest.raises((InjectedFault, Refused)):
            leave(both)
    if (name, takes_effect) != ("remove_parent", True):
        leave(both)
    assert member(both.nodes[ALLIANCE]).status == "revoked"
    assert [one.origin for one in settings.load(both.nodes[OUTLET].home, {}).parents] == [CITY]
    with both.nodes[ALLIANCE].opened() as opened:
        rows = opened.store.db.execute("select 1 from control where what = 'member' and about = ?", (OUTLET,))
        assert len(rows.fetchall()) == 2, "one membership, and its end once"


def granted(world):
    """What the outlet's log says of the alliance's right to path parts, the newest by first entry."""
    with world.nodes[OUTLET].opened() as opened:
        found = rights.Rights(opened.store, opened.registry).grants(OUTLET, ALLIANCE)
        return {one.first: one.last for one in found if one.audience == "path"}, opened.own.log.next_entry


@pytest.mark.parametrize("ended", ["left", "removed"])
def test_what_is_filed_after_a_membership_ended_is_closed_to_the_alliance(both, ended):
    visit(both, ALLIANCE)
    assert rights.ENDLESS in granted(both)[0].values()
    if ended == "left":
        leave(both)
    else:
        change(both.nodes[ALLIANCE], "remove", "合作期满")
        for _again in range(2):
            with pytest.raises(ShutOut):
                visit(both, ALLIANCE)
    spans, size = granted(both)
    assert set(spans.values()) == {size - 1}, "up to the end, which is stated once"
    visit(both, CITY)
    assert granted(both) == (spans, size), "a session with another parent opens nothing again"


def test_a_crash_before_it_is_closed_is_made_good_by_leaving_again(both, monkeypatch):
    visit(both, ALLIANCE)
    with monkeypatch.context() as patched:
        patched.setattr(rights, "close_to", lambda *_of: (_ for _ in ()).throw(InjectedFault("close")))
        with pytest.raises(InjectedFault):
            leave(both)
    assert rights.ENDLESS in granted(both)[0].values()
    leave(both)
    assert rights.ENDLESS not in granted(both)[0].values()


# -- commands ---------------------------------------------------------------------------------------------------------


def run(top, home, line, capsys, code=0):
    assert frame.run(top, [*line.split(), "--home", str(home), "--lang", "en", "--json"], {"LANG": "C"}) == code
    return json.loads(capsys.readouterr().out)


def test_commands_from_the_request_to_the_end(world, city, capsys):
    city_home, home = world.home(CITY), world.home(OUTLET)
    door = run(substation.cli.top, city_home, "requests door", capsys)
    ask = f"request {door['address']} --fingerprint {door['fingerprint']} --as {OUTLET} --name SCUT"
    first = run(outlet.cli.top, home, ask, capsys)
    assert (first["state"], first["parent"]) == ("waiting", CITY)
    assert run(outlet.cli.top, home, "status", capsys)["stands"][0]["state"] == "waiting"
    assert [one["state"] for one in run(substation.cli.top, city_home, "requests list", capsys)] == ["waiting"]
    shown = run(substation.cli.top, city_home, "requests show 1", capsys)
    assert (shown["spoken"], shown["fingerprint"].replace(" ", "")) == (first["spoken"], first["fingerprint"])
    rejected = run(substation.cli.top, city_home, "requests reject 1 --reason name", capsys)
    assert first["spoken"] in Path(rejected["page"]).read_text("utf-8")
    assert run(outlet.cli.top, home, "join", capsys, 1)["error"] == "Rejected"
    run(substation.cli.top, city_home, "requests approve 1", capsys)
    assert run(outlet.cli.top, home, "join", capsys)["state"] == "active"
    changed = run(substation.cli.top, city_home, "node suspend gz/scut --reason fees", capsys)  # in this federation
    assert (changed["origin"], changed["status"], changed["changed"]) == (OUTLET, "suspended", True)
    assert run(outlet.cli.top, home, "sync", capsys, 1)["failures"]
    found = run(substation.cli.top, city_home, "node show gz/scut", capsys)
    assert [(one["what"], one["status"]) for one in found["statements"]] == [("node", "active"), ("node", "suspended")]
    acts = run(substation.cli.top, city_home, "audit", capsys)
    assert [one["what"] for one in acts] == ["node suspend", "requests approve", "requests reject"]
    pages = sorted(one.name for one in (city_home / "outbox").iterdir())
    assert len(pages) == 2
    assert "request-1" in pages[1]


def test_an_open_invitation_is_for_whoever_has_it(world, city, capsys):
    made = run(substation.cli.top, world.home(CITY), "invite --open --days 30", capsys)
    path = world.path / "open.txt"
    path.write_text(made["token"])
    line = f"join {path} --as {OUTLET} --name SCUT"
    assert run(outlet.cli.top, world.home(OUTLET), line, capsys)["state"] == "waiting"
    assert frame.run(outlet.cli.top, ["join", str(path), "--home", str(world.path / "x")], {"LANG": "C"}) == 2
    assert frame.run(substation.cli.top, ["invite", "--home", str(world.home(CITY))], {"LANG": "C"}) == 2
