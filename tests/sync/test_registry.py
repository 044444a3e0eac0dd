"""The registry: who is believed about whom."""

import pytest

from sync import control, proved
from sync.bundles import Bundles
from sync.control import Home, Member
from sync.errors import BadProof, BadSignature, Malformed, NotAllowed, SyncError, UnknownOrigin
from sync.registry import Registry, ancestors
from tests.sync import made
from tests.sync.made import ALLIANCE, CITY, HUB, OTHER_CITY, OTHER_OUTLET, OUTLET

ALLIANCE_ID = "9f3c01aa"
STRANGER = "ip.gd.example/sz/nobody"
OTHER_ALLIANCE = "ip.gd.example/bio"
HUBS_WORD = (
    made.node(CITY, "substation"),
    made.node(OTHER_CITY, "substation"),
    made.node(ALLIANCE, "alliance", alliance_id=ALLIANCE_ID),
    made.node(OTHER_ALLIANCE, "alliance", alliance_id="0000beef"),
)


class Logs:
    """The hub's log.db with what each origin has stated in its own log."""

    def __init__(self, path):
        self.written = made.Written(path, HUB)
        self.store = made.Store(self.written.log_db)
        self.registry = self.seen_by(HUB)
        self.say(HUB, *HUBS_WORD)

    def seen_by(self, me):
        return Registry(self.store, made.the_federation(), me)

    def say(self, author, *statements, believed=True):
        """Append control entries to a log as if it were mirrored here, under a head or not."""
        with self.store.write():
            log = self.store.add_log(author)
            at = log.next_entry
            for one in statements:
                raw = control.entry.control_entry(1, control.encode(one))
                Bundles(self.store, log).append(at, [raw], [made.sha256(b"\0" + raw).digest()], None)
                at += 1
            if believed:
                self.store.set_stored(log, at)


@pytest.fixture
def logs(tmp_path):
    found = Logs(tmp_path / "hub")
    yield found
    found.store.close()


def test_the_hub_is_known_from_the_root_statement(logs):
    found = logs.registry.get(HUB)
    assert (found.node.role, found.node.status, found.home, found.index) == ("hub", "active", "", -1)
    assert found.node.log_keys == made.verifiers(made.signers(HUB))
    assert logs.registry.mirror_key(HUB) == made.mirror_signer(HUB).verifier


def test_only_the_home_speaks_for_an_origin(logs):
    for author in (HUB, OTHER_CITY, ALLIANCE, OUTLET):
        logs.say(author, made.node(OUTLET))
        assert logs.registry.find(OUTLET) is None
    logs.say(CITY, made.node(OUTLET))
    found = logs.registry.get(OUTLET)
    assert (found.home, found.index, found.node) == (CITY, 0, made.node(OUTLET))
    logs.say(OTHER_CITY, made.node(OUTLET, status="revoked"))
    logs.say(HUB, made.node(OUTLET, status="suspended"))
    assert logs.registry.check_active(OUTLET).node.status == "active"


def test_nobody_speaks_for_the_hub(logs):
    for author in (HUB, CITY):
        logs.say(author, made.node(HUB, "hub", "revoked"))
    assert logs.registry.get(HUB).node.status == "active"


def test_the_newest_word_counts(logs):
    logs.say(CITY, made.node(OUTLET), made.node(OUTLET, status="suspended"))
    with pytest.raises(NotAllowed, match="suspended"):
        logs.registry.check_active(OUTLET)
    logs.say(CITY, made.node(OUTLET))
    assert logs.registry.check_active(OUTLET).index == 2


def test_what_is_not_under_a_stored_head_is_not_believed_but_in_the_own_log(logs):
    logs.say(CITY, made.node(OUTLET), believed=False)
    assert logs.registry.find(OUTLET) is None
    assert logs.seen_by(CITY).find(OUTLET) is not None


def test_the_hub_moves_an_origin_to_another_home(logs):
    logs.say(CITY, made.node(OUTLET))
    logs.say(OTHER_CITY, made.node(OUTLET, status="suspended"))
    assert logs.registry.home(OUTLET) == CITY
    for author in (CITY, OTHER_CITY):
        logs.say(author, Home(OUTLET, OTHER_CITY))
        assert logs.registry.home(OUTLET) == CITY
    logs.say(HUB, Home(OUTLET, OTHER_CITY))
    assert logs.registry.get(OUTLET).home == OTHER_CITY
    assert logs.registry.get(OUTLET).node.status == "suspended"
    logs.say(HUB, Home(OUTLET, CITY))
    assert logs.registry.check_active(OUTLET).home == CITY


def test_unknown_origins(logs):
    for question in (logs.registry.get, logs.registry.check_active, logs.registry.check_caller):
        with pytest.raises(UnknownOrigin):
            question(STRANGER)


FEED = "ip.gd.example/cnipa"
CITY_FEED = "ip.gd.example/gz/gazette"


def test_roles_are_as_registered(logs):
    logs.say(HUB, made.node(FEED, "feed"))
    logs.say(CITY, made.node(OUTLET), made.node(CITY_FEED, "feed"))
    logs.say(ALLIANCE, made.node(f"{ALLIANCE}/lab"))
    expected = {HUB: "hub", CITY: "substation", ALLIANCE: "alliance", OUTLET: "outlet", FEED: "feed", CITY_FEED: "feed"}
    assert {one: logs.registry.role(one) for one in expected} == expected
    assert logs.registry.role(f"{ALLIANCE}/lab") == "outlet"
    assert [logs.registry.role(one) for one in (STRANGER, OTHER_OUTLET, "ip.xx.example", "ip.xx.example/gz")] == [
        ""
    ] * 4


@pytest.mark.parametrize(
    ("author", "about", "role"),
    [
        (CITY, OUTLET, "hub"),
        (CITY, OUTLET, "substation"),
        (CITY, OUTLET, "alliance"),
        (ALLIANCE, f"{ALLIANCE}/lab", "feed"),
        (ALLIANCE, f"{ALLIANCE}/lab", "substation"),
        (HUB, FEED, "hub"),
    ],
)
def test_a_role_that_its_home_may_not_give_is_none(logs, author, about, role):
    """A city that calls its outlet a hub must not make it one, nor an alliance a feed, whose word counts most."""
    logs.say(author, made.node(about, role))
    assert logs.registry.find(about) is not None
    assert logs.registry.role(about) == ""


def test_nobody_below_a_feed_or_an_outlet_has_a_role(logs):
    logs.say(HUB, made.node(FEED, "feed"))
    logs.say(FEED, made.node(f"{FEED}/x"))
    logs.say(CITY, made.node(OUTLET))
    logs.say(HUB, Home(OTHER_OUTLET, OUTLET))
    logs.say(OUTLET, made.node(OTHER_OUTLET))
    assert [logs.registry.role(one) for one in (f"{FEED}/x", OTHER_OUTLET)] == ["", ""]


def test_a_moved_node_keeps_a_role_that_fits_its_new_home(logs):
    logs.say(OTHER_CITY, made.node(CITY_FEED, "feed"))
    logs.say(HUB, Home(CITY_FEED, OTHER_CITY))
    assert logs.registry.role(CITY_FEED) == "feed"
    logs.say(HUB, Home(CITY, OTHER_CITY), Home(OTHER_CITY, CITY))
    assert logs.registry.role(CITY_FEED) == "", "homes in a circle lead to no hub"


def test_the_version_grows_with_every_statement_that_is_stored(logs):
    before = logs.registry.version()
    logs.say(CITY, made.node(OUTLET), believed=False)
    logs.say(CITY, made.node(OTHER_OUTLET))
    assert logs.registry.version() == before + 2


# -- who may call, and bring what -----------------------------------------------------------------------------------


def reason(question, *names):
    try:
        question(*names)
    except NotAllowed as error:
        return error.reason
    return "yes"


def test_a_member_calls_its_alliance_and_others_do_not(logs):
    logs.say(CITY, made.node(OUTLET))
    logs.say(OTHER_CITY, made.node(OTHER_OUTLET))
    alliance = logs.seen_by(ALLIANCE)
    assert reason(alliance.check_caller, OUTLET) == "not-my-child"
    logs.say(ALLIANCE, Member(OUTLET, "active"))
    assert reason(alliance.check_caller, OUTLET) == "yes"
    assert reason(alliance.check_caller, OTHER_OUTLET) == "not-my-child"
    logs.say(ALLIANCE, Member(OUTLET, "suspended"))
    assert reason(alliance.check_caller, OUTLET) == "member-suspended"
    assert reason(logs.seen_by(CITY).check_caller, OUTLET) == "yes"


def test_a_log_comes_by_itself_its_home_or_an_alliance_that_counts_it(logs):
    logs.say(CITY, made.node(OUTLET))
    answers = {path: reason(logs.registry.check_bringer, path, OUTLET) for path in (OUTLET, CITY, OTHER_CITY, ALLIANCE)}
    assert answers == {OUTLET: "yes", CITY: "yes", OTHER_CITY: "not-of-this-path", ALLIANCE: "not-of-this-path"}
    logs.say(ALLIANCE, Member(OUTLET, "active"))
    assert reason(logs.registry.check_bringer, ALLIANCE, OUTLET) == "yes"
    logs.say(ALLIANCE, Member(OUTLET, "revoked"))
    assert reason(logs.registry.check_bringer, ALLIANCE, OUTLET) == "member-revoked"
    assert reason(logs.registry.check_bringer, CITY, OUTLET) == "yes"


def test_nobody_brings_a_node_its_own_log(logs):
    """An alliance that calls the hub a member could otherwise have the hub sign a receipt over its own head."""
    logs.say(ALLIANCE, Member(HUB, "active"))
    assert reason(logs.registry.check_bringer, ALLIANCE, HUB) == "not-of-this-path"


def test_the_homes_status_closes_every_path(logs):
    logs.say(CITY, made.node(OUTLET, status="suspended"))
    logs.say(ALLIANCE, Member(OUTLET, "active"))
    for path in (OUTLET, CITY, ALLIANCE):
        assert reason(logs.registry.check_bringer, path, OUTLET) == "suspended"


def test_only_an_alliance_counts_members(logs):
    logs.say(CITY, made.node(OUTLET))
    logs.say(OTHER_CITY, Member(OUTLET, "active"))
    assert logs.registry.membership(OTHER_CITY, OUTLET) is None
    assert reason(logs.registry.check_bringer, OTHER_CITY, OUTLET) == "not-of-this-path"
    assert not logs.registry.is_above(OTHER_CITY, OUTLET)


def test_children_are_the_newest_word_on_each(logs):
    logs.say(HUB, made.node(CITY, "substation", "suspended"))
    logs.say(HUB, Home(OUTLET, OTHER_CITY))
    found = {one.origin: one.status for one in logs.registry.children()}
    assert found == {CITY: "suspended", OTHER_CITY: "active", ALLIANCE: "active", OTHER_ALLIANCE: "active"}
    assert logs.seen_by(STRANGER).children() == []


# -- introductions --------------------------------------------------------------------------------------------------


class City:
    """A city's own sealed log, of which proofs are made for somebody who does not mirror it."""

    def __init__(self, path):
        self.written = made.Written(path, CITY)

    def states(self, statement) -> int:
        with self.written.own() as own:
            return own.state(statement)

    def proof_of(self, index: int) -> bytes:
        head = self.written.seal()
        with made.opened(self.written.log_db) as store:
            bundles = Bundles(store, store.log(CITY))
            return proved.prove(bundles, index, bundles.entries(index, index + 1)[0], head.size, head.note, {})


@pytest.fixture
def city(tmp_path):
    return City(tmp_path / "city")


def test_a_registration_is_introduced_by_its_proof(logs, city):
    proof = city.proof_of(city.states(made.node(OUTLET)))
    found = logs.registry.introduce(OUTLET, proof)
    assert logs.registry.get(OUTLET) == found
    assert (found.home, found.index, found.node) == (CITY, 1, made.node(OUTLET))


def test_an_older_introduction_does_not_bring_back(logs, city):
    old = city.proof_of(city.states(made.node(OUTLET)))
    new = city.proof_of(city.states(made.node(OUTLET, status="suspended")))
    for proof in (old, new, old):
        logs.registry.introduce(OUTLET, proof)
    assert logs.registry.get(OUTLET).node.status == "suspended"


def test_a_newer_introduction_counts_over_an_older_mirror(logs, city):
    logs.say(CITY, made.node(STRANGER), made.node(OUTLET))
    city.states(made.node(OUTLET))
    logs.registry.introduce(OUTLET, city.proof_of(city.states(made.node(OUTLET, status="suspended"))))
    assert logs.registry.get(OUTLET).node.status == "suspended"


def test_a_mirrored_newer_word_counts_over_an_introduction(logs, city):
    logs.registry.introduce(OUTLET, city.proof_of(city.states(made.node(OUTLET))))
    logs.say(CITY, made.node(STRANGER), made.node(STRANGER), made.node(OUTLET, status="suspended"))
    assert logs.registry.get(OUTLET).node.status == "suspended"


def test_introductions_that_prove_something_else_are_refused_and_not_kept(logs, city):
    registered = city.proof_of(city.states(made.node(OUTLET)))
    about_another = city.proof_of(city.states(made.node("ip.gd.example/gz/other")))
    member = city.proof_of(city.states(Member(OUTLET, "active")))
    with city.written.own() as own:
        record = city.proof_of(own.add([[("path", b"{}")]]))
    flipped = registered.replace(b"index 1", b"index 2")
    for proof, kind in (
        (about_another, Malformed),
        (member, Malformed),
        (record, Malformed),
        (flipped, BadProof),
        (b"", Malformed),
        (registered[:-4], SyncError),
    ):
        with pytest.raises(kind):
            logs.registry.introduce(OUTLET, proof)
    assert logs.registry.find(OUTLET) is None


def test_an_introduction_is_signed_by_the_homes_keys(logs, city, monkeypatch):
    monkeypatch.setattr(made, "signers", lambda name, which=1: original(name, 2))
    proof = city.proof_of(city.states(made.node(OUTLET)))
    monkeypatch.undo()
    with pytest.raises(BadSignature):
        logs.registry.introduce(OUTLET, proof)
    with pytest.raises(UnknownOrigin):
        logs.registry.introduce(STRANGER.replace("/sz/", "/zz/"), proof)


original = made.signers


def test_an_introduction_does_not_outlive_a_move(logs, city):
    logs.registry.introduce(OUTLET, city.proof_of(city.states(made.node(OUTLET))))
    logs.say(HUB, Home(OUTLET, OTHER_CITY))
    assert logs.registry.find(OUTLET) is None


def test_homes_in_a_circle_end_where_they_began(logs):
    logs.say(HUB, Home(CITY, OTHER_CITY), Home(OTHER_CITY, CITY))
    assert ancestors(logs.registry, CITY) == [OTHER_CITY, CITY]
    assert ancestors(logs.registry, OUTLET) == [OTHER_CITY, CITY, OUTLET]
