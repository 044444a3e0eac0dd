"""A night's apply that would change too much waits at the node above; a person releases or refuses it, and a rebuild
gives the same."""

import json

import pytest

import outlet.cli
import substation.cli
from catalog import rebuilding
from node import cataloguing, frame, holds
from node.hold_book import NoHold
from records import body
from records.body import Record
from tests.catalog.dump import dump
from tests.node.verdict_world import CITY, OUTLET, Nights, key, patent
from tests.world import World

LIVE = 40
OTHER = "ip.gd.example/gz/sysu"


def withdrawal(count):
    return body.encode(Record(key(count), "withdraw", "patent_invention", 1, reason="误删"))


@pytest.fixture
def nights(tmp_path):
    world = World(tmp_path)
    made = Nights(world)
    world.file(OUTLET, *(patent(n) for n in range(LIVE)))
    made.night()
    yield made
    world.close()


def withdraw(nights, *counts):
    nights.world.file(OUTLET, *(withdrawal(n) for n in counts))
    nights.night()


def test_a_mass_withdrawal_waits_at_the_city_and_is_released_by_a_person(nights):
    assert nights.rights(CITY) == LIVE
    withdraw(nights, *range(30))
    assert (nights.rights(OUTLET), nights.rights(CITY)) == (10, LIVE), "the outlet's own view follows its own log"
    (one,) = holds.listed(nights.node(CITY))
    assert (one.what, one.origin, one.changed, one.deleted, one.live) == ("apply", OUTLET, 30, 30, LIVE)
    assert [row["change"] for row in holds.changes(nights.node(CITY), one)] == ["withdrawn"] * 20
    done = holds.release(nights.node(CITY), one.id, "王", "已核实")
    assert (done.hold.state, done.hold.by, done.hold.reason) == ("released", "王", "已核实")
    assert (nights.rights(CITY), holds.listed(nights.node(CITY))) == (10, [])
    with pytest.raises(NoHold):
        holds.release(nights.node(CITY), one.id, "王", "again")


def test_what_is_refused_is_kept_out_and_the_outlet_is_told(nights):
    nights.world.file(OUTLET, patent(900))
    withdraw(nights, *range(30))
    (one,) = holds.listed(nights.node(CITY))
    done = holds.refuse(nights.node(CITY), one.id, "王", "误操作")
    assert (done.hold.state, done.kept_out) == ("refused", 30)
    assert nights.rights(CITY) == LIVE + 1, "what is new in it was let through"
    nights.night()
    assert set(nights.told(CITY)) == {key(n) for n in range(30)}


@pytest.mark.parametrize("word", ["", "release", "refuse"])
def test_a_rebuild_has_and_holds_the_same(nights, word):
    withdraw(nights, *range(30))
    city = nights.node(CITY)
    if word:
        getattr(holds, word)(city, holds.listed(city)[0].id, "王", "x")
    with cataloguing.catalogue(city) as found:
        before = dump(found)
    with city.opened() as opened:
        share = city.settings.brake_share
        rebuilding.rebuild(
            opened.store, city.home.catalog_db, CITY, lambda: city.clock() + 9e6, opened.role_of, brake_share=share
        )
    with cataloguing.catalogue(city) as found:
        assert dump(found) == before


def test_nothing_that_waits_counts_as_judged(nights):
    withdraw(nights, *range(30))
    nights.world.node(OTHER, "outlet", CITY)  # so that the city says again how far it judged
    nights.world.file(OTHER, patent(5000))
    nights.night()
    tier = nights.tier(CITY)
    with nights.node(OUTLET).opened() as opened:
        size = opened.own.log.next_entry
    assert tier.received == size
    assert tier.judged == size - 30
    (one,) = holds.listed(nights.node(CITY))
    holds.release(nights.node(CITY), one.id, "王", "x")
    nights.night()
    assert nights.tier(CITY).judged == size


def test_a_crash_between_the_word_and_its_note_lets_it_through_all_the_same(nights, monkeypatch):
    withdraw(nights, *range(30))
    city = nights.node(CITY)
    (one,) = holds.listed(city)

    def crash(*_given):
        raise RuntimeError("power")

    with monkeypatch.context() as patched:
        patched.setattr("node.notebook.Notebook.decide_hold", crash)
        with pytest.raises(RuntimeError):
            holds.release(city, one.id, "王", "x")
    cataloguing.apply(city)
    assert (nights.rights(CITY), holds.listed(city)) == (10, [])


# -- the commands -----------------------------------------------------------------------------------------------------


def ran(capfd, program, node, *arguments):
    code = frame.run(program, [*arguments, "--home", str(node.home.path), "--lang", "en"], {})
    out, err = capfd.readouterr()
    return code, out, err


def test_the_commands_show_and_release_it(nights, capfd):
    withdraw(nights, *range(30))
    city = nights.node(CITY)
    _code, out, _err = ran(capfd, substation.cli.top, city, "status")
    assert f"HELD 1: {OUTLET} would change 30 of 40 live rights within 7 days, 30 of them withdrawn." in out
    code, out, _err = ran(capfd, substation.cli.top, city, "holds", "list", "--json")
    assert [(row["id"], row["state"], row["changed"]) for row in json.loads(out)] == [(1, "open", 30)]
    code, out, _err = ran(capfd, substation.cli.top, city, "holds", "show", "1")
    assert (code, out.count("withdrawn: patent_invention:")) == (0, 20)
    code, out, _err = ran(capfd, substation.cli.top, city, "holds", "release", "1", "--reason", "已核实", "--json")
    assert (code, json.loads(out)["state"]) == (0, "released")
    assert nights.rights(CITY) == 10
    code, out, _err = ran(capfd, substation.cli.top, city, "audit", "--json")
    assert json.loads(out)[0]["what"] == "holds release"
    code, out, err = ran(capfd, substation.cli.top, city, "holds", "refuse", "1", "--reason", "x")
    assert (code, "Nothing waits here under the number 1" in err) == (1, True)
    assert outlet.cli.top.commands["holds"]
