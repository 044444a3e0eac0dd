"""Feeds: homes within a home, joined and called through the node's own doors; a crash at any step of making one."""

import shutil
import threading
from dataclasses import replace

import pytest

from node import admission, cataloguing, enrolment, feeds, holds, intake, keyfiles, nightly, settings
from node.admission import RoleNotHere
from node.errors import BadSetting, Interrupted
from node.feeds import BadFeedName, FeedLost, NameTaken, NoFeed, NotServing, Terms
from node.home import Home
from node.node import Node
from node.notebook import Notebook
from node.running import Running
from records.kinds import BUILT_IN
from sync.errors import Refused, ShutOut, UnknownOrigin
from sync.ownlog import OwnLog
from tests.node.filing import entries, key, row, write
from tests.node.test_running import at_work, hub_at, knows, until
from tests.sync.hostile import is_whole
from tests.sync.made import InjectedFault
from tests.world import ALLIANCE, CITY, HUB

TITLE = "国家知识产权局"
TERMS = Terms("不得原样再传播", "derived")
AT_HUB, AT_CITY = f"{HUB}/cnipa", f"{CITY}/cnipa"


@pytest.fixture
def city(world):
    world.hub()
    world.node(CITY, "substation", HUB)
    return world


def origin_at(parent):
    return f"{parent}/cnipa"


def add(world, parent=CITY, name="cnipa", title=TITLE, terms=TERMS):
    return feeds.add(world.nodes[parent], name, title, terms)


def file(feed, *bodies):
    with feed.opened() as opened:
        return opened.own.add([[("federation", body)] for body in bodies])


def listed(world, parent=CITY):
    return {row["feed"]: row for row in feeds.listed(world.nodes[parent])}


# -- making one -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parent", [HUB, CITY])
def test_a_feed_is_a_node_of_its_own_below_the_one_that_makes_it(city, parent):
    made = add(city, parent)
    assert (made.origin, made.settings.role, made.settings.name) == (origin_at(parent), "feed", TITLE)
    assert (made.settings.licence_terms, made.settings.redistribute) == (TERMS.text, "derived")
    assert made.home.path == city.home(parent) / "feeds" / "cnipa"
    file(made, b"one", b"two")
    report = feeds.sync(city.nodes[parent], made)
    assert (report.parent, report.entries_up, report.refused) == (parent, 3, [])
    city.nodes |= {made.origin: made}
    assert is_whole(city, made.origin, parent)
    with city.nodes[parent].opened() as opened:
        assert opened.registry.role(made.origin) == "feed"


def test_nobody_else_can_read_its_home(city):
    made = add(city)
    for path in (made.home.path.parent, made.home.path, made.home.keys):
        assert path.stat().st_mode & 0o777 == 0o700
    assert all(one.stat().st_mode & 0o077 == 0 for one in made.home.keys.iterdir())


def test_what_a_citys_feed_brings_reaches_the_hub_under_its_own_name(city):
    made = add(city)
    file(made, b"one")
    feeds.sync(city.nodes[CITY], made)
    assert city.sync(CITY).refused == []
    city.nodes |= {made.origin: made}
    assert is_whole(city, made.origin, HUB)
    with city.nodes[HUB].opened() as opened:
        assert opened.registry.role(made.origin) == "feed"


def test_the_name_that_people_see_is_stated_by_the_parent(city):
    add(city)
    with city.nodes[CITY].opened() as opened:
        parts = opened.store.db.execute("select content from part").fetchall()
    assert any(TITLE.encode() in content and b"organisation:ip.gd.example/gz/cnipa" in content for (content,) in parts)


def test_the_same_command_again_changes_nothing_and_other_terms_replace_the_old(city):
    first = add(city)
    with city.nodes[CITY].opened() as opened:
        entries = opened.own.log.next_entry
    assert add(city).settings == first.settings
    with city.nodes[CITY].opened() as opened:
        assert opened.own.log.next_entry == entries
    again = add(city, title="另一名称", terms=Terms("公开", "yes"))
    assert (again.settings.name, again.settings.licence_terms, again.settings.redistribute) == (
        "另一名称",
        "公开",
        "yes",
    )
    assert settings.load(again.home, {}) == again.settings
    assert again.keys.hpke_public == first.keys.hpke_public
    with city.nodes[CITY].opened() as opened:
        assert opened.own.log.next_entry == entries + 1, "the other name is stated"


def test_an_alliance_has_no_feeds(city):
    city.node(ALLIANCE, "alliance", HUB)
    with pytest.raises(RoleNotHere):
        add(city, ALLIANCE)
    assert not city.nodes[ALLIANCE].home.feeds.exists()
    assert listed(city, ALLIANCE) == {}


@pytest.mark.parametrize("name", ["", "a/b", "../x", "..", ".", "A", "root", "mirror", "国知局", "a b", "x" * 200])
def test_a_name_that_is_no_label_is_refused(city, name):
    with pytest.raises(BadFeedName):
        add(city, name=name)
    assert not city.nodes[CITY].home.feeds.exists()


@pytest.mark.parametrize("terms", [Terms("x" * 1001), Terms("line\nline"), Terms("", "perhaps")])
def test_terms_that_cannot_be_kept_are_refused_before_anything_is_made(city, terms):
    with pytest.raises(BadSetting):
        add(city, terms=terms)
    assert not city.nodes[CITY].home.feeds.exists()
    assert city.nodes[CITY].notebook.invitations() == []


def test_a_name_that_another_node_has_or_is_invited_under_is_refused(city):
    city.node(AT_CITY, "outlet", CITY)
    with pytest.raises(NameTaken) as error:
        add(city)
    assert error.value.args == (AT_CITY, "outlet")
    admission.invite(city.nodes[CITY], f"{CITY}/soon", "outlet", "即将加入", 7)
    with pytest.raises(NameTaken):
        add(city, name="soon")
    assert not city.nodes[CITY].home.feeds.exists()


def test_without_open_doors_it_says_so_and_goes_on_when_they_are(city):
    city.shut(CITY)
    with pytest.raises(NotServing) as error:
        add(city)
    assert error.value.args == (city.nodes[CITY].settings.join_listen,)
    assert listed(city)["cnipa"]["state"] == "unfinished"
    with pytest.raises(NoFeed):
        feeds.find(city.nodes[CITY], "cnipa")
    city.open(CITY)
    assert add(city).origin == AT_CITY
    assert listed(city)["cnipa"]["state"] == "active"


def test_a_registered_feed_whose_home_is_gone_is_not_made_again(city):
    made = add(city)
    before = made.keys
    shutil.rmtree(made.home.path)
    with pytest.raises(FeedLost):
        add(city)
    assert listed(city) == {}
    with city.nodes[CITY].opened() as opened:
        assert opened.registry.get(AT_CITY).node.hpke_key == before.hpke_public


def test_a_feed_brought_back_from_a_backup_of_its_parents_home_goes_on(city):
    made = add(city)
    file(made, b"one")
    shutil.copytree(made.home.path, city.path / "backup")
    shutil.rmtree(made.home.path)
    shutil.copytree(city.path / "backup", made.home.path)
    assert feeds.sync(city.nodes[CITY], feeds.find(city.nodes[CITY], "cnipa")).entries_up == 2


def test_a_feed_that_its_parent_has_forgotten_is_registered_again_by_the_same_command(city):
    """The parent came back from a backup that is older than the feed."""
    city.shut(CITY)
    shutil.copytree(city.home(CITY), city.path / "backup")
    city.open(CITY)
    made = add(city)
    file(made, b"one")
    feeds.sync(city.nodes[CITY], made)
    city.shut(CITY)
    for one in ("log.db", "log.db-wal", "log.db-shm", "head.lock", "node.db", "node.db-wal", "node.db-shm"):
        (city.home(CITY) / one).unlink(missing_ok=True)
        if (city.path / "backup" / one).exists():
            shutil.copy(city.path / "backup" / one, city.home(CITY) / one)
    city.open(CITY)
    with pytest.raises(UnknownOrigin):
        feeds.sync(city.nodes[CITY], made)
    again = add(city)
    assert again.keys.hpke_public == made.keys.hpke_public
    with city.nodes[CITY].opened() as opened:
        assert opened.registry.get(AT_CITY).node.role == "feed"


STEPS = [
    (feeds, "sync_directory"),
    (Home, "create"),
    (keyfiles, "create"),
    (Notebook, "invite"),
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
def test_a_crash_at_any_step_is_finished_by_the_same_command(city, takes_effect, monkeypatch):
    for number, (place, step) in enumerate(STEPS):
        real, name = getattr(place, step), f"f{number}"

        def broken(*given, real=real, step=step, **named):
            if takes_effect:
                real(*given, **named)
            raise InjectedFault(step)

        with monkeypatch.context() as patched:
            patched.setattr(place, step, broken)
            with pytest.raises((InjectedFault, Refused)):  # a parent that breaks in a call answers with UNKNOWN
                add(city, name=name)
        assert listed(city).get(name, {"state": "unfinished"})["state"] in ("unfinished", "active")
        made = add(city, name=name)
        file(made, b"one")
        assert feeds.sync(city.nodes[CITY], made).receipts == [(made.origin, CITY, 2)], step
        with city.nodes[CITY].opened() as opened:
            assert opened.registry.get(made.origin).node.log_keys == tuple(one.verifier for one in made.keys.log)
            stated = opened.store.db.execute(
                "select count(*) from control where about = ? and what = 'node'", [made.origin]
            )
            assert stated.fetchone() == (1,), step


# -- calling for them -------------------------------------------------------------------------------------------------


def test_it_calls_where_its_parent_listens_now(city):
    made = add(city)
    moved = replace(city.nodes[CITY].settings, sync_listen="127.0.0.1:0", join_listen="127.0.0.1:0")
    settings.save(city.nodes[CITY].home, moved)
    city.open(CITY)
    assert city.nodes[CITY].settings.sync_listen != made.settings.parents[0].sync_address
    assert feeds.sync(city.nodes[CITY], made).receipts


@pytest.mark.parametrize(
    ("listens", "reached"),
    [("0.0.0.0:7443", "127.0.0.1:7443"), ("[::]:7443", "[::1]:7443"), ("10.0.0.7:7443", "10.0.0.7:7443")],
)
def test_a_door_that_listens_everywhere_is_reached_on_this_machine(city, listens, reached):
    node = city.nodes[CITY]
    public = replace(node.settings, sync_listen=listens, public_sync_address="gz.example:443")
    assert feeds.parent(replace(node, settings=public)).sync_address == reached


def test_a_suspended_feed_is_refused_and_the_others_are_called(city):
    first, second = add(city), add(city, name="wipo")
    for one in (first, second):
        file(one, b"one")
    with city.nodes[CITY].opened() as opened:
        opened.own.state(opened.registry.get(first.origin).node.with_status("suspended", "left"))
    failures = feeds.sync_all(city.nodes[CITY], lambda: 60.0, threading.Event())
    assert {origin: type(one) for origin, one in failures.items()} == {first.origin: ShutOut}
    rows = listed(city)
    assert (rows["cnipa"]["state"], rows["cnipa"]["held"], rows["wipo"]["held"]) == ("suspended", 0, 2)
    with city.nodes[CITY].opened() as opened:
        assert [(what, origin) for _at, what, origin, _detail in opened.store.alarms()] == [
            ("feed-failed", first.origin)
        ]


def test_one_that_is_not_finished_is_left_alone_at_night(city):
    (city.nodes[CITY].home.feeds / "half").mkdir(mode=0o700, parents=True)
    assert feeds.sync_all(city.nodes[CITY], lambda: 60.0, threading.Event()) == {}
    assert listed(city)["half"]["state"] == "unfinished"


def test_told_to_stop_it_stops(city):
    add(city)
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        feeds.sync_all(city.nodes[CITY], lambda: 60.0, stop)


@pytest.mark.parametrize("parent", [HUB, CITY])
def test_the_night_of_serve_calls_for_its_feeds_before_its_own_session(city, parent):
    made = add(city, parent)
    file(made, b"one")
    running = Running(city.nodes[parent])
    running._run_night(city.nodes[parent].clock() + 600, threading.Event())
    with city.nodes[HUB].opened() as opened:
        assert opened.store.log(made.origin).stored == 2
        assert opened.store.newest_receipt(opened.store.log(made.origin), HUB) is not None


def test_a_feed_renews_its_certificate_when_it_is_called_for(city, monkeypatch):
    made, renewed = add(city), []
    monkeypatch.setattr(nightly.enrolment, "renew", lambda node, parent, told=b"": renewed.append(parent) or True)
    feeds.sync(city.nodes[CITY], made)
    assert set(renewed) == {feeds.parent(city.nodes[CITY])}


def test_feeds_are_opened_by_their_own_settings_alone(city, monkeypatch):
    """BANYAN_NAME and its like are meant for the node that a command is about."""
    add(city)
    monkeypatch.setenv("BANYAN_NAME", "别的单位")
    assert feeds.find(city.nodes[CITY], "cnipa").settings.name == TITLE
    assert Node.open(Home(city.home(CITY))).settings.name == "别的单位"


def test_a_feed_is_listed_with_what_is_held_of_it(city):
    made = add(city)
    file(made, b"one")
    row = listed(city)["cnipa"]
    assert (row["origin"], row["name"], row["entries"], row["held"], row["received"]) == (AT_CITY, TITLE, 2, 0, None)
    assert (row["terms"], row["redistribute"]) == (TERMS.text, "derived")
    feeds.sync(city.nodes[CITY], made)
    row = listed(city)["cnipa"]
    assert (row["held"], row["received"] is None) == (2, False)
    assert listed(city, HUB) == {}


# -- importing --------------------------------------------------------------------------------------------------------


def take(world, feed, rows, parent=CITY):
    path = write(world.path / "x.csv", rows)
    return intake.take(feed, feeds.open_file(feed, path, BUILT_IN), "王")


def licences(feed):
    """The terms of each record that a feed filed, by key; the newest counts."""
    return {parts[0][1].key: parts[0][1].fields.get("licence") for parts in entries(feed)}


def test_records_carry_the_terms_of_the_feed_where_they_state_none(city):
    made = add(city)
    own = {"数据来源": "智慧芽", "使用条款": "付费数据", "可否再传播": "no"}
    done = take(city, made, [row(1, 数据来源="", 使用条款="", 可否再传播=""), row(2, **own)])
    assert (done.sealed, done.refused) == (2, 0)
    assert licences(made) == {
        key(1): {"source": TITLE, "terms": TERMS.text, "redistribute": "derived"},
        key(2): {"source": "智慧芽", "terms": "付费数据", "redistribute": "no"},
    }


def test_a_feed_without_terms_adds_none(city):
    made = add(city, terms=Terms())
    assert take(city, made, [row(1)]).sealed == 1
    assert licences(made) == {key(1): None}


def test_the_same_file_again_seals_nothing_until_the_terms_change(city):
    made = add(city)
    assert [take(city, made, [row(1), row(2)]).sealed for _ in range(2)] == [2, 0]
    changed = add(city, terms=Terms("公开", "yes"))
    found = take(city, changed, [row(1), row(2)])
    assert (found.sealed, found.findings.get("OLDER", 0)) == (2, 0)
    assert {one["terms"] for one in licences(made).values()} == {"公开"}


def test_a_record_that_the_terms_make_too_large_is_refused_alone(city):
    made = add(city, terms=Terms("款" * 1000, "no"))
    long = {"主权项": "字" * 19_500, "摘要": "字" * 1_400}
    free = add(city, name="free", terms=Terms())
    assert take(city, free, [row(1, **long)]).sealed == 1
    done = take(city, made, [row(1, **long), row(2, 主权项="", 摘要="")])
    assert (done.sealed, done.refused, dict(done.findings)) == (1, 1, {"TOO_LARGE": 1})


def test_at_a_hub_at_work_a_feeds_records_are_found_without_a_person(tmp_path):
    with at_work(hub_at(tmp_path)) as running:
        made = feeds.add(running.node, "cnipa", TITLE, TERMS)
        until(lambda: knows(running.node, made.origin), "the hub seals the feed's registration")
        path = write(tmp_path / "x.csv", [row(1), row(2)])
        assert intake.take(made, feeds.open_file(made, path, BUILT_IN), "王").sealed == 2
        assert feeds.sync(running.node, made).receipts
        until(lambda: held_and_applied(running.node) == 4, "the hub takes the records up")


def held_and_applied(node):
    """How many entries of its feed a node has applied to its catalogue."""
    with node.opened() as opened, cataloguing.catalogue(node) as found:
        log = opened.store.log(AT_HUB)
        return found.origins()[log.id].covered if log.id in found.origins() else 0


def test_what_a_feed_imported_is_in_the_catalogue_of_its_node(city):
    made = add(city)
    take(city, made, [row(1)])
    feeds.sync(city.nodes[CITY], made)
    with city.nodes[CITY].opened() as opened:
        assert opened.store.log(made.origin).stored == 3, "genesis, who imported, the record"
    cataloguing.apply(city.nodes[CITY])
    with cataloguing.catalogue(city.nodes[CITY]) as found:
        assert found.counts()["rights"] == 1


def test_what_would_change_too_much_of_a_feed_waits_at_the_node_that_keeps_it(city):
    made, here = add(city), city.nodes[CITY]
    assert take(city, made, [row(n) for n in range(30)]).sealed == 30
    feeds.sync(here, made)
    cataloguing.apply(here)
    done = take(city, made, [*(row(n, "改名的灯") for n in range(25)), row(900)])
    assert (done.sealed, done.held) == (1, 25)
    (one,) = holds.listed(here)
    assert (one.named, one.origin, one.what) == ("cnipa/1", AT_CITY, "import")
    assert holds.listed(city.nodes[HUB]) == []
    filed = holds.release(here, "cnipa/1", "王", "已核实").submission
    assert (filed.sealed, filed.unchanged) == (25, 1)
    assert {one["terms"] for one in licences(made).values()} == {TERMS.text}
    feeds.sync(here, made)
    cataloguing.apply(here)
    assert holds.listed(here) == [], "what was released in the feed need not be released once more"


def test_the_brake_of_a_feed_is_that_of_its_node(city):
    made, here = add(city), city.nodes[CITY]
    take(city, made, [row(n) for n in range(30)])
    loose = replace(here, settings=replace(here.settings, brake_share=1.0))
    assert take(city, feeds.find(loose, "cnipa"), [row(n, "改名的灯") for n in range(25)]).held == 0
    add(city, terms=Terms("公开", "yes"))
    assert settings.load(made.home, {}).brake_share == 0.2, "node.toml of the feed says its own"


def test_an_empty_file_withdraws_nothing_of_a_feed(city):
    made = add(city)
    take(city, made, [row(1), row(2)])
    path = write(city.path / "x.csv", [row(1)])
    path.write_text(path.read_text("utf-8-sig").splitlines()[0] + "\n", "utf-8-sig")
    assert intake.take(made, feeds.open_file(made, path, BUILT_IN), "王").sealed == 0
    assert len(entries(made)) == 2
