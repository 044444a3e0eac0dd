"""The verdict loop between real nodes over mutual TLS: what every tier answers, and what the outlet reads of it."""

import random
from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

import pytest

from catalog import decisions, rebuilding
from node import admission, amendments, cataloguing, causes, enrolment, manifests, nodes, quarantine, told, verdicts
from node.home import Home
from node.quarantine import Filter
from node.running import Running
from records import body, checks
from records.rules import finding
from tests.node.verdict_world import ALLIANCE, CITY, HUB, OUTLET, Nights, key, late, patent
from tests.world import OTHER_CITY, OTHER_OUTLET

BAD = key(2, good=False)


@pytest.fixture
def nights(world):
    return Nights(world)


@pytest.fixture
def answered(nights):
    """After a night with one bad record among three."""
    nights.first = nights.world.file(OUTLET, patent(1), patent(2, good=False), patent(3))
    nights.night()
    return nights


def agree(nights, *keys, tiers=(CITY, HUB), of=OUTLET):
    """What a tier keeps out, what its counts say, and what the outlet was told of it are the same."""
    for tier in tiers:
        assert nights.kept_out(tier, of) == nights.told(tier, of) == sorted(keys)
        assert nights.tier(tier, of).quarantined == len(keys)
    listed = {one["origin"]: one for one in nodes.listed(nights.node(CITY))}
    if of in listed and CITY in tiers:
        assert listed[of]["quarantined"] == len(keys)


def test_a_bad_record_is_answered_once_and_told_through_the_city(nights):
    first = nights.world.file(OUTLET, patent(1), patent(2, good=False), patent(3))
    done = nights.night()
    assert done[CITY].verdicts == {OUTLET: 1}
    assert done[CITY].judged
    assert done[HUB].verdicts == {}  # silence: it judges as the city
    assert done[HUB].judged
    agree(nights, BAD)
    assert nights.rights(CITY) == nights.rights(HUB) == 2
    assert nights.stages(first, first + 3) == {"published": 2, "quarantined": 1}
    (row,) = causes.by_cause(told.tiers(nights.node(OUTLET)))
    assert (row["tier"], row["rule"], row["field"]) == (CITY, "APPNO_CHECK", "application_no")
    assert (row["count"], row["example"], row["entry"]) == (1, BAD, first + 1)
    assert "校验位" in row["zh"]
    assert "check digit" in row["en"]


def test_an_idle_night_adds_nothing(answered):
    sizes = [answered.entries(one) for one in (CITY, HUB, OUTLET)]
    for _ in range(2):
        done = answered.night()
        assert [(one.verdicts, one.judged) for one in done.values()] == [({}, False)] * 2
    assert [answered.entries(one) for one in (CITY, HUB, OUTLET)] == sizes


def test_stages_follow_a_record_on_its_way(nights):
    first = nights.world.file(OUTLET, patent(1), patent(2, good=False))
    assert nights.stages(first, first + 2) == {"sealed": 2}
    nights.sync(OUTLET)
    assert nights.stages(first, first + 2) == {"at_substation": 2}
    nights.substation()
    nights.sync(OUTLET)
    assert nights.stages(first, first + 2) == {"at_hub": 1, "quarantined": 1}
    nights.hub()
    nights.sync(CITY, OUTLET)
    assert nights.stages(first, first + 2) == {"published": 1, "quarantined": 1}


def test_a_mended_record_is_told_no_more(nights):
    first = nights.world.file(OUTLET, late(1), late(2), patent(3))
    nights.night()
    agree(nights, key(1), key(2))
    nights.world.file(OUTLET, late(1, published="2018-01-01"))
    nights.sync(OUTLET)
    assert nights.kept_out(CITY) == nights.told(CITY) == [key(1), key(2)]  # until the city has judged the new one
    done = nights.night()
    assert done[CITY].verdicts == {OUTLET: 1}
    assert done[HUB].verdicts == {}
    agree(nights, key(2))
    assert nights.stages(first, first + 4) == {"published": 2, "quarantined": 1, "replaced": 1}
    assert nights.rights(HUB) == 2


def test_what_is_kept_out_can_be_withdrawn_by_its_outlet(answered):
    cataloguing.apply(answered.node(OUTLET))
    amendments.withdraw(answered.node(OUTLET), BAD, "号码抄错", "tester")
    answered.night()
    agree(answered)
    assert answered.stages(answered.first, answered.first + 3) == {"published": 2, "replaced": 1}


def test_what_the_city_releases_counts_at_both(answered):
    done = quarantine.release(answered.node(CITY), only(answered, CITY), "审核员甲", "已核对受理通知书")
    assert [quarantine.name(one) for one in done.chosen] == [f"{OUTLET}#{answered.first + 1}"]
    assert answered.rights(CITY) == 3
    done = answered.night()
    assert done[CITY].verdicts == {OUTLET: 1}
    assert done[HUB].verdicts == {}
    agree(answered)
    assert answered.rights(HUB) == 3
    assert answered.stages(answered.first, answered.first + 3) == {"published": 3}


def test_what_the_city_keeps_out_is_kept_out_at_the_hub_with_who_and_why(answered):
    entry = quarantine.keep(answered.node(CITY), key(3), "gz/scut", "审核员甲", "冒用他人专利")
    assert entry == f"{OUTLET}#{answered.first + 2}"
    answered.night()
    agree(answered, BAD, key(3))
    assert answered.rights(CITY) == answered.rights(HUB) == 1
    row = next(one for one in causes.by_cause(told.tiers(answered.node(OUTLET))) if one["rule"] == "KEPT_OUT")
    assert "审核员甲" in row["zh"]
    assert "冒用他人专利" in row["zh"]
    assert row["notes"] == [{"node": CITY, "by": "审核员甲", "decision": "keep", "text": "冒用他人专利"}]


def test_the_hub_may_decide_otherwise_than_the_city(answered):
    quarantine.release(answered.node(CITY), only(answered, CITY), "甲", "已核对")
    answered.night()
    quarantine.keep(answered.node(HUB), BAD, "", "乙", "核对有误")
    done = answered.night()
    assert done[CITY].verdicts == {}
    assert done[HUB].verdicts == {OUTLET: 1}
    agree(answered, tiers=[CITY])
    agree(answered, BAD, tiers=[HUB])
    assert (answered.rights(CITY), answered.rights(HUB)) == (3, 2)
    with answered.node(CITY).opened() as opened:  # it held what it could not open
        hub = opened.store.log(HUB)
        assert b"KEPT_OUT" not in b"".join(row[0] for row in opened.store.db.execute("select content from part"))
        assert hub is not None
    quarantine.release(answered.node(HUB), only(answered, HUB), "乙", "更正")
    answered.night()
    agree(answered)
    assert answered.rights(HUB) == 3


def test_a_hub_that_judges_otherwise_says_so_itself(nights):
    first = nights.world.file(OUTLET, patent(1), patent(2, good=False), patent(3))
    nights.sync(OUTLET)
    with judging(lambda record, found: [] if record.key == BAD else found):
        nights.substation()
    with judging(
        lambda record, found: [*found, finding("SCHEMA", "title", "", detail="x")] if record.key == key(3) else found
    ):
        done = nights.hub()
    nights.sync(CITY, OUTLET)
    assert done.verdicts == {OUTLET: 2}
    agree(nights, tiers=[CITY])
    agree(nights, BAD, key(3), tiers=[HUB])
    assert {row["tier"] for row in causes.by_cause(told.tiers(nights.node(OUTLET)))} == {HUB}
    assert nights.stages(first, first + 3) == {"published": 1, "quarantined": 2}


def test_a_hub_is_silent_on_what_its_city_has_judged_and_not_brought_yet(answered):
    nights = answered
    nights.world.file(OUTLET, patent(5, good=False))
    nights.sync(OUTLET)
    nights.later()
    verdicts.decide(nights.node(CITY))
    with mock.patch("sync.session.Session._bring_mirrored"):  # as where the line breaks behind the city's own log
        nights.world.sync(CITY, HUB)
    assert nights.hub().verdicts == {}
    nights.sync(CITY)
    assert nights.hub().verdicts == {}
    nights.sync(CITY, OUTLET)
    agree(nights, BAD, key(5, good=False))


def test_a_note_is_forwarded_with_the_next_verdict(answered):
    quarantine.forward(answered.node(CITY), only(answered, CITY), "审核员甲", "请核对受理通知书")
    done = answered.night()
    assert done[CITY].verdicts == {OUTLET: 1}
    (row,) = causes.listed(told.tiers(answered.node(OUTLET)))
    assert row["note"] == {"node": CITY, "by": "审核员甲", "decision": "forward", "text": "请核对受理通知书"}
    assert row["tiers"] == [CITY, HUB]
    quarantine.forward(answered.node(HUB), only(answered, HUB), "乙", "主站也请核对")
    assert answered.night()[HUB].verdicts == {OUTLET: 1}
    notes = [note["text"] for row in causes.by_cause(told.tiers(answered.node(OUTLET))) for note in row["notes"]]
    assert sorted(notes) == ["主站也请核对", "请核对受理通知书"]
    agree(answered, BAD)


def test_judging_again_takes_up_what_is_right_now(nights):
    with judging(
        lambda record, found: [finding("SCHEMA", "title", "", detail="x")] if "title" in record.fields else found
    ):
        nights.world.file(OUTLET, patent(1), patent(2, good=False))
        nights.sync(OUTLET)
        nights.substation()
    assert nights.kept_out(CITY) == sorted([key(1), BAD])
    done = quarantine.retry(nights.node(CITY), only(nights, CITY), "甲")
    assert [one.key for one in done.chosen] == [key(1)]
    assert [one.key for one in done.skipped] == [BAD]
    nights.night()
    agree(nights, BAD)


def test_what_cannot_be_used_as_it_is_cannot_be_released(nights):
    nights.world.file(OUTLET, b"junk", patent(1), patent(2, good=False))
    nights.night()
    assert nights.kept_out(CITY) == ["", BAD]
    assert nights.rights(CITY) == 1  # one bad record stops no other
    agree(nights, "", BAD)
    rows = only(nights, CITY)
    with pytest.raises(quarantine.NotReleasable) as caught:
        quarantine.release(nights.node(CITY), rows[:1], "甲", "")
    assert caught.value.args[1] == "UNREADABLE"
    done = quarantine.release(nights.node(CITY), rows, "甲", "")
    assert ([one.key for one in done.chosen], [one.key for one in done.skipped]) == ([BAD], [""])


def test_only_the_home_the_hub_and_an_alliance_for_itself_have_a_say(answered):
    answered.world.node(OTHER_CITY, "substation", HUB)
    entry = answered.first + 2
    for word, place in (("keep", entry), ("release", answered.first + 1)):
        stated = body.encode(decisions.record(OUTLET, [place << 3], word, "外人", "x"))
        answered.world.file(OTHER_CITY, stated, audience="path")
        answered.world.file(OUTLET, stated, audience="path")
    answered.night()
    assert answered.kept_out(HUB) == sorted([BAD, f"decision:{OUTLET}", f"decision:{OUTLET}"])
    assert answered.rights(HUB) == 2


# -- nights -----------------------------------------------------------------------------------------------------------


def only(nights, origin):
    return quarantine.chosen(nights.node(origin), [], Filter(node="gz/scut"))


@contextmanager
def judging(rule):
    """Let the rules find something else: `rule` gets the record and what was found."""
    check = checks.check
    with mock.patch("catalog.judgement.checks.check", lambda record, *known: rule(record, check(record, *known))):
        yield


def test_answering_twice_adds_nothing_twice(answered):
    before = answered.entries(CITY)
    assert verdicts.decide(answered.node(CITY)) == verdicts.Answered({})
    assert answered.entries(CITY) == before


def test_a_night_answers_an_origin_once_however_often_it_is_tried(nights):
    nights.world.file(OUTLET, patent(2, good=False))
    nights.sync(OUTLET)
    began = nights.world.clock()
    nights.later()
    assert verdicts.decide(nights.node(CITY), since=began).verdicts == {OUTLET: 1}
    nights.world.file(OUTLET, patent(3, good=False))
    nights.sync(OUTLET)
    size = nights.entries(CITY)
    assert verdicts.decide(nights.node(CITY), since=began) == verdicts.Answered({})
    assert nights.entries(CITY) == size
    nights.later()
    assert verdicts.decide(nights.node(CITY), since=nights.world.clock()).verdicts == {OUTLET: 1}


def test_a_crash_between_two_writes_of_a_night_changes_nothing(nights):
    nights.world.file(OUTLET, patent(1), patent(2, good=False))
    nights.sync(OUTLET)
    nights.later()
    with (
        mock.patch("node.verdicts.applying.apply", side_effect=stop_at_the_second(verdicts.applying.apply)),
        pytest.raises(InterruptedError),
    ):
        verdicts.decide(nights.node(CITY))
    size = nights.entries(CITY)
    assert verdicts.decide(nights.node(CITY)) == verdicts.Answered({})  # all was written before the crash
    assert nights.entries(CITY) == size
    nights.night()
    agree(nights, BAD)


def test_a_crash_before_the_write_of_a_night_loses_nothing(nights):
    nights.world.file(OUTLET, patent(1), patent(2, good=False))
    nights.sync(OUTLET)
    nights.later()
    with mock.patch("sync.ownlog.OwnLog.add", side_effect=InterruptedError), pytest.raises(InterruptedError):
        verdicts.decide(nights.node(CITY))
    done = verdicts.decide(nights.node(CITY))
    assert (done.verdicts, done.judged) == ({OUTLET: 1}, True)


def stop_at_the_second(step):
    calls = []

    def stopping(*given):
        calls.append(1)
        if len(calls) > 1:
            raise InterruptedError
        return step(*given)

    return stopping


def test_the_night_of_serve_answers_before_it_calls(nights):
    nights.world.file(OUTLET, patent(1), patent(2, good=False))
    nights.sync(OUTLET)
    nights.later()
    node = nights.node(CITY)
    Running(node)._run_night(nights.world.clock() + 600, mock.Mock(is_set=lambda: False))
    nights.later()
    Running(nights.node(HUB))._run_night(nights.world.clock() + 600, mock.Mock(is_set=lambda: False))
    nights.sync(CITY, OUTLET)
    agree(nights, BAD)


def test_a_substation_fetches_the_hubs_word_before_its_outlets_call(nights):
    nights.world.file(OUTLET, patent(2, good=False))
    nights.sync(OUTLET)
    manifests.state(nights.node(CITY))  # as its night does
    nights.substation()
    assert told.awaits_word(nights.node(CITY))
    nights.hub()
    jobs = {job.name: job for job in Running(nights.node(CITY))._jobs()}
    assert (f"{jobs['answers'].window.start:%H:%M}", f"{jobs['answers'].window.end:%H:%M}") == ("05:00", "05:30")
    jobs["answers"].run(nights.world.clock() + 600, mock.Mock(is_set=lambda: False))
    assert not told.awaits_word(nights.node(CITY))
    nights.sync(OUTLET)
    assert nights.tier(HUB).judged > 1
    with mock.patch("node.running.nightly.run", side_effect=AssertionError("an idle night costs one session")):
        jobs["answers"].run(nights.world.clock() + 600, mock.Mock(is_set=lambda: False))


def test_counts_stay_after_rebuild_and_restart(answered):
    quarantine.keep(answered.node(CITY), key(3), "", "甲", "x")
    answered.night()
    before = {one: nodes.standing(answered.node(one))["catalogue"] for one in (CITY, HUB)}
    assert before[CITY]["quarantined"] == before[HUB]["quarantined"] == 2
    for origin in (CITY, HUB):
        answered.world.open(origin)
        node = answered.node(origin)
        with node.opened() as opened:
            rebuilding.rebuild(opened.store, node.home.catalog_db, node.origin, node.clock, opened.role_of)
        assert nodes.standing(node)["catalogue"] == before[origin]
    assert all((one.verdicts, one.judged) == ({}, False) for one in answered.night().values())
    agree(answered, BAD, key(3))


# -- what a night costs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [10, 10_000])
def test_what_a_log_grows_by_follows_nodes_not_records(nights, many):
    for at in range(0, many, 500):
        nights.world.file(OUTLET, *(patent(one, good=one % 2 == 0) for one in range(at, min(at + 500, many))))
    sizes = {one: nights.entries(one) for one in (CITY, HUB)}
    nights.night()
    assert {one: nights.entries(one) - size for one, size in sizes.items()} == {CITY: 2, HUB: 1}
    assert nights.tier(CITY).quarantined == len(nights.kept_out(CITY)) == many // 2
    rows = causes.by_cause(told.tiers(nights.node(OUTLET)))
    assert sum(row["count"] for row in rows) == many // 2


def test_all_that_is_bad_is_told_in_the_end(nights):
    numbers = random.Random(1).sample(range(10_000_000), 12_000)
    many = len(numbers)
    for at in range(0, many, 500):
        nights.world.file(OUTLET, *(patent(one, good=False) for one in numbers[at : at + 500]))
    done = nights.night()
    assert done[CITY].more == 1
    assert nights.tier(CITY).quarantined == len(nights.kept_out(CITY)) == many  # said though not all is told
    told_first = len(nights.told(CITY))
    assert 3000 < told_first < many
    size = nights.entries(CITY)
    nightly = 0
    while nights.tier(CITY).more:
        nights.night()
        nightly += 1
        assert nights.entries(CITY) - size <= 2 * nightly
        assert nightly < 6
    assert nights.told(CITY) == nights.kept_out(CITY)
    assert nights.tier(HUB).quarantined == many


def test_several_origins_get_an_entry_each(nights):
    nights.world.node(f"{CITY}/gzu", "outlet", CITY)
    nights.world.node(OTHER_CITY, "substation", HUB)
    nights.world.node(OTHER_OUTLET, "outlet", OTHER_CITY)
    for outlet in (OUTLET, f"{CITY}/gzu", OTHER_OUTLET):
        nights.world.file(outlet, patent(1, good=False), patent(2))
    sizes = {one: nights.entries(one) for one in (CITY, OTHER_CITY, HUB)}
    nights.night()
    assert {one: nights.entries(one) - size for one, size in sizes.items()} == {CITY: 3, OTHER_CITY: 2, HUB: 1}
    for outlet, city in ((OUTLET, CITY), (f"{CITY}/gzu", CITY), (OTHER_OUTLET, OTHER_CITY)):
        agree(nights, key(1, good=False), tiers=[city, HUB], of=outlet)


def test_an_outlet_opens_its_own_answers_only(nights):
    other = f"{CITY}/gzu"
    nights.world.node(other, "outlet", CITY)
    nights.world.file(OUTLET, patent(1, good=False))
    nights.night()
    assert nights.told(CITY, other) == []
    node = nights.node(other)
    with node.opened() as opened:
        held = [row[0] for row in opened.store.db.execute("select content from part")]
    assert not any(b"APPNO" in one for one in held)
    assert nights.kept_out(CITY, other) == []


# -- city and alliance ------------------------------------------------------------------------------------------------


def test_an_alliance_answers_for_its_own_path(world):
    nights = Nights(world, (ALLIANCE, "alliance", (HUB,)))
    nights.sync(CITY, OUTLET)
    token = admission.invite(world.nodes[ALLIANCE], OUTLET, "outlet", "会员", 7)
    enrolment.join(Home(world.home(OUTLET)), token, "会员")
    world.nodes[OUTLET] = replace(nights.node(OUTLET), clock=world.clock)
    nights.sync(ALLIANCE, OUTLET)
    with nights.node(ALLIANCE).opened() as opened:
        alliance_id = opened.registry.get(ALLIANCE).node.alliance_id
    first = world.file(OUTLET, patent(1), patent(2, good=False))
    world.file(OUTLET, patent(3, good=False), patent(4), audience=f"alliance:{alliance_id}")
    done = nights.night()
    assert {one: each.verdicts for one, each in done.items()} == {CITY: {OUTLET: 1}, ALLIANCE: {OUTLET: 2}, HUB: {}}
    agree(nights, BAD)
    agree(nights, BAD, key(3, good=False), tiers=[ALLIANCE])
    assert nights.stages(first, first + 4) == {"published": 2, "quarantined": 2}
    quarantine.release(nights.node(ALLIANCE), quarantine.chosen(nights.node(ALLIANCE), [BAD], Filter()), "丙", "x")
    nights.night()
    agree(nights, BAD)  # an alliance decides for its own view
    agree(nights, key(3, good=False), tiers=[ALLIANCE])


# -- parts that come late ---------------------------------------------------------------------------------------------


def test_what_a_tier_waits_for_is_not_called_published(nights):
    first = nights.world.file(OUTLET, patent(1), patent(2))
    nights.sync(OUTLET)
    lose(nights, CITY, first)
    nights.substation()
    nights.hub()
    nights.sync(OUTLET)
    assert nights.stages(first, first + 2)["at_hub"] >= 1
    nights.night()
    assert nights.stages(first, first + 2) == {"published": 2}


def lose(nights, origin, index):
    """Take a part out of a mirror, as where it has not come yet."""
    with nights.node(origin).opened() as opened:
        log = opened.store.log(OUTLET)
        id = log.id << 40 | index << 3
        with opened.store.write() as db:
            db.execute("delete from part where id = ?", (id,))
            db.execute("insert into wanted(id, audience) values (?, 'federation')", (id,))


@pytest.mark.parametrize("until", [2**64 - 1, 2**63, -1, "9", 1.5])
def test_an_absurd_time_in_a_statement_of_a_tier_is_no_time(answered, until):
    stated = body.encode(body.Record(f"judged:{CITY}", "assert", "judged", 1, {"origin": CITY, "until": until}))
    answered.world.file(CITY, stated)
    answered.sync(CITY, OUTLET)
    answered.sync(OUTLET)
    assert told.tiers(answered.node(OUTLET))[0].judged
    assert told.awaits_word(answered.node(OUTLET)) in (True, False)
