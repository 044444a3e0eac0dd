"""The `quarantine` and `verdicts` commands on real nodes: what they show, who may decide, and what is told of it."""

import getpass
import json
from dataclasses import replace

import pytest

import hub.cli
import outlet.cli
import substation.cli
from node import frame, nodes, settings
from node.settings import Person
from tests.node.verdict_world import CITY, HUB, OUTLET, Nights, key, late, number, patent

TOPS = {HUB: hub.cli.top, CITY: substation.cli.top, OUTLET: outlet.cli.top}
BAD = key(2, good=False)


@pytest.fixture
def nights(world):
    """After a night with three bad records among five: two causes, and one that cannot be read."""
    made = Nights(world)
    made.first = world.file(OUTLET, patent(1), patent(2, good=False), late(3), late(4), b"junk")
    made.night()
    return made


@pytest.fixture
def run(nights, capfd):
    def run(origin, *arguments, language="en", code=0, as_json=True):
        line = [*arguments, "--home", str(nights.world.home(origin)), "--lang", language]
        got = frame.run(TOPS[origin], [*line, *(["--json"] if as_json else [])], {})
        out, err = capfd.readouterr()
        assert got == code, err
        return json.loads(out) if as_json else out

    return run


def entry(nights, at):
    return f"{OUTLET}#{nights.first + at}"


def test_the_list_names_entry_key_and_reason_page_by_page(nights, run):
    found = run(CITY, "quarantine", "list", "--limit", "3")
    assert (found["total"], len(found["rows"])) == (4, 3)
    assert [row["entry"] for row in found["rows"]] == [entry(nights, at) for at in (1, 2, 3)]
    assert [row["key"] for row in found["rows"]] == [BAD, key(3), key(4)]
    assert found["rows"][0]["findings"][0]["rule"] == "APPNO_CHECK"
    rest = run(CITY, "quarantine", "list", "--limit", "3", "--after", str(found["next"]))
    assert ([row["entry"] for row in rest["rows"]], rest["next"]) == ([entry(nights, 4)], 0)
    assert [row["releasable"] for row in [*found["rows"], *rest["rows"]]] == [True, True, True, False]
    out = run(CITY, "quarantine", "list", as_json=False)
    assert "DATE_ORDER" in out
    assert out.splitlines()[-1] == "4 quarantined."
    assert "校验位" in run(CITY, "quarantine", "list", as_json=False, language="zh")


@pytest.mark.parametrize(
    ("given", "count"),
    [
        (["--node", "gz/scut"], 4),
        (["--node", OUTLET], 4),
        (["--node", "gz"], 4),
        (["--node", "gz/scu"], 0),
        (["--node", "sz"], 0),
        (["--rule", "DATE_ORDER"], 2),
        (["--field", "application_no"], 1),
        (["--field", "publication_date"], 2),
        (["--rule", "DATE_ORDER", "--field", "application_no"], 0),
        (["--node", "gz/scut", "--rule", "UNREADABLE"], 1),
    ],
)
def test_filters_choose_by_node_rule_and_field(run, given, count):
    for origin in (CITY, HUB):
        found = run(origin, "quarantine", "list", *given)
        assert found["total"] == len(found["rows"]) == count


@pytest.mark.parametrize("what", [BAD, number(2, good=False), "gz/scut#{}", f"{OUTLET}#{{}}", "gz/scut#{}.0"])
def test_one_record_is_named_by_its_key_its_number_or_its_entry(nights, run, what):
    found = run(HUB, "quarantine", "show", what.format(nights.first + 1))
    assert (found["entry"], found["key"], found["fields"]["title"]) == (entry(nights, 1), BAD, "一种照明装置")
    assert "check digit" in run(HUB, "quarantine", "show", BAD, as_json=False)


def test_what_is_not_there_or_not_the_only_one_is_a_sentence(nights, run):
    assert run(CITY, "quarantine", "show", "nothing", code=1)["error"] == "NotQuarantined"
    assert run(CITY, "quarantine", "show", "gz/scut#1.7", code=1)["error"] == "NotQuarantined"
    nights.world.file(OUTLET, late(3, published="2015-01-01"))
    nights.night()
    found = run(CITY, "quarantine", "show", key(3), code=1)
    assert found["error"] == "SeveralRecords"
    assert entry(nights, 2) in found["message"]
    assert run(CITY, "quarantine", "keep", "nothing", "--reason", "x", code=1)["error"] == "NotKept"
    assert run(CITY, "quarantine", "release", "--reason", "x", code=2)["error"] == "UsageError"


def test_records_are_released_by_name_or_by_cause_and_counted_alike(nights, run):
    done = run(CITY, "quarantine", "release", BAD, "--reason", "已核对")
    assert done == {"decision": "release", "records": [entry(nights, 1)], "left": []}
    done = run(CITY, "quarantine", "release", "--node", "gz/scut", "--reason", "已核对", code=1)
    assert done["records"] == [entry(nights, 2), entry(nights, 3)]
    assert done["left"] == [entry(nights, 4)]
    assert run(CITY, "quarantine", "release", "gz/scut#5", "--reason", "x", code=1)["error"] == "NotReleasable"
    size = nights.entries(CITY)
    nights.night()
    assert nights.entries(CITY) == size + 2  # one answer, and how far it has judged
    for origin in (CITY, HUB):
        assert run(origin, "status")["catalogue"]["quarantined"] == run(origin, "quarantine", "list")["total"] == 1
    tiers = run(OUTLET, "verdicts")["tiers"]
    assert {one["origin"]: one["quarantined"] for one in tiers} == {CITY: 1, HUB: 1}


def test_a_decision_says_who_and_why_in_the_log_and_in_show(nights, run):
    name_people(nights, CITY, "reviewer")
    run(CITY, "quarantine", "forward", BAD, "--note", "请核对受理通知书")
    run(CITY, "quarantine", "retry", BAD, code=1)
    run(CITY, "quarantine", "keep", number(1), "--node", "gz/scut", "--reason", "冒用")
    shown = run(CITY, "quarantine", "show", BAD)
    assert [(one["node"], one["decision"], one["by"], one["reason"]) for one in shown["decisions"]] == [
        (CITY, "forward", "李审核", "请核对受理通知书"),
        (CITY, "retry", "李审核", ""),
    ]
    nights.night()
    at_hub = run(HUB, "quarantine", "show", number(1))
    assert [(one["decision"], one["by"]) for one in at_hub["decisions"]] == [("keep", "李审核")]
    assert "李审核" in at_hub["findings"][0]["zh"]


@pytest.mark.parametrize("role", ["operator", "reviewer", "observer", None])
def test_an_observer_or_somebody_unnamed_may_only_look(nights, run, role):
    name_people(nights, CITY, role)
    size = nights.entries(CITY)
    may = role in ("operator", "reviewer")
    commands = [
        ("release", "--reason", "x", BAD),
        ("forward", "--note", "x", key(3)),
        ("keep", "--reason", "x", key(1)),
    ]
    for command in [*commands, ("retry", key(4))]:
        if may:
            run(CITY, "quarantine", *command, code=1 if command[0] == "retry" else 0)
        else:
            assert run(CITY, "quarantine", *command, code=1)["error"] == "NotYourRole"
    assert nights.entries(CITY) == size + (4 if may else 0)
    assert run(CITY, "quarantine", "list")["total"] == 4
    assert run(CITY, "quarantine", "show", key(4))["key"] == key(4)


def name_people(nights, origin, role):
    """Name the user of this machine on a node; None: somebody else alone."""
    home = nights.node(origin).home
    people = {getpass.getuser() if role else "somebody": Person("李审核", role or "operator")}
    settings.save(home, replace(settings.load(home, {}), people=people))


def test_verdicts_tell_causes_with_sentence_example_and_note(nights, run):
    run(CITY, "quarantine", "forward", "--rule", "DATE_ORDER", "--note", "请核对公开日")
    nights.night()
    found = run(OUTLET, "verdicts")
    causes = [(one["tier"], one["rule"], one["field"], one["count"]) for one in found["causes"]]
    assert causes == [
        (CITY, "DATE_ORDER", "publication_date", 2),
        (CITY, "APPNO_CHECK", "application_no", 1),
        (CITY, "UNREADABLE", "", 1),
    ]
    assert found["causes"][0]["example"] == key(3)
    assert found["causes"][0]["notes"][0]["text"] == "请核对公开日"
    assert [(one["origin"], one["quarantined"], one["more"]) for one in found["tiers"]] == [
        (CITY, 4, False),
        (HUB, 4, False),
    ]
    out = run(OUTLET, "verdicts", as_json=False, language="zh")
    assert "请核对两个日期" in out
    assert "请核对公开日" in out
    assert f"{CITY}：已签收 6 条，已审核 6 条，隔离 4 条记录。" in out


def test_verdicts_list_each_record_page_by_page(nights, run):
    found = run(OUTLET, "verdicts", "--list", "--limit", "3")
    assert [row["key"] for row in found["rows"]] == [BAD, key(3), key(4)]
    assert found["rows"][0]["tiers"] == [CITY, HUB]
    assert found["rows"][0]["entry"] == nights.first + 1
    rest = run(OUTLET, "verdicts", "--list", "--limit", "3", "--after", str(found["next"]))
    assert ([row["key"] for row in rest["rows"]], rest["next"]) == ([""], None)
    assert [row["key"] for row in run(OUTLET, "verdicts", "--list", "--rule", "DATE_ORDER")["rows"]] == [key(3), key(4)]
    assert "2016-01-01" in run(OUTLET, "verdicts", "--list", "--field", "publication_date", as_json=False)


def test_show_tells_the_stage_of_what_was_accepted_and_of_what_was_not(nights, run):
    (good,) = [one["stage"] for one in run(OUTLET, "show", number(1))["assertions"]]
    assert good == {"stage": "published"}
    shown = run(OUTLET, "show", BAD)
    assert (shown["key"], shown["state"], shown["fields"]["title"]) == (BAD, "quarantined", "一种照明装置")
    (stated,) = shown["assertions"]
    assert (stated["stage"]["stage"], stated["stage"]["tier"]) == ("quarantined", CITY)
    assert stated["stage"]["findings"][0]["rule"] == "APPNO_CHECK"
    assert "published" in run(OUTLET, "show", number(1), as_json=False)
    for language, said, unsaid in (("en", "check digit", "校验位"), ("zh", "校验位", "check digit")):
        page = run(OUTLET, "show", BAD, language=language, as_json=False)
        assert "一种照明装置" in page
        assert said in page
        assert unsaid not in page
    assert run(OUTLET, "show", "nothing", code=1)["error"] == "NoSuchRecord"


def test_what_is_kept_out_is_withdrawn_by_its_number(nights, run):
    run(OUTLET, "withdraw", number(2, good=False), "--reason", "号码抄错")
    nights.night()
    assert run(CITY, "quarantine", "list")["total"] == run(HUB, "quarantine", "list")["total"] == 3
    assert {one["quarantined"] for one in run(OUTLET, "verdicts")["tiers"]} == {3}


def test_the_hubs_night_by_hand_answers_and_signs(nights, run):
    nights.world.file(OUTLET, patent(7, good=False))
    nights.sync(OUTLET, CITY)  # the city brings it without having answered
    nights.later()
    done = run(HUB, "night")
    assert done["verdicts"] == {OUTLET: 1}
    assert done["judged"]
    assert done["size"] == nights.entries(HUB)
    assert run(HUB, "night")["verdicts"] == {}
    row = next(one for one in nodes.listed(nights.node(CITY)) if one["origin"] == OUTLET)
    assert row["quarantined"] == len(nights.kept_out(CITY))
