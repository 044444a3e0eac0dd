"""What the demo is made of: the outlets' files, the word to search for, programs that refuse, ports that are free."""

import json
import socket
import sys

import pytest

from deploy import federation, filings, madeup
from deploy.demo import MAX_RECORDS, MIN_RECORDS, top
from deploy.federation import Failed, Federation, Member
from deploy.night import MEMBERS, OUTLETS, UNIVERSITY
from node import frame
from records import reading, statement


def rows(path):
    return list(statement.records(reading.recognise(path)))


@pytest.mark.parametrize("count", [filings.MIN_ROWS, 4, 100])
def test_the_second_file_differs_in_as_many_rows_as_it_says(tmp_path, count):
    made = filings.made_up(tmp_path, 2, count)
    first, second = rows(made.first), rows(made.second)
    assert len(first) == len(second) == count
    assert sum(one != other for one, other in zip(first, second, strict=True)) == made.changed >= 1
    assert [one.key for one in first] == [one.key for one in second]
    by_hand = {made.correct.removeprefix("CN"), made.withdraw.removeprefix("CN")}
    assert {one.fields["application_no"] for one in first[-2:]} == by_hand
    assert first[-2:] == second[-2:]  # what is changed by hand is not changed by file as well


def test_a_file_of_ones_own_is_imported_again_as_it_is(tmp_path):
    path = tmp_path / "mine.csv"
    madeup.write_csv(path, madeup.made_up(1, 1, 5))
    given = filings.given(path)
    assert (given.first, given.second, given.changed, given.withdraw) == (path, path, 0, "")
    assert filings.titles(path) == [record.fields["title"] for record in rows(path)]


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        (["照明的一种", "照明之一种", *[f"一种{one}" for one in "甲乙丙丁戊己庚辛壬癸"]], "照明"),
        (["照明"], "照明"),
        (["LED lamp", ""], ""),
        ([], ""),
    ],
)
def test_the_word_is_the_commonest_that_tells_records_apart(texts, word):
    assert filings.common_word(texts) == word


def test_the_federation_is_the_one_that_was_promised():
    roles = [one.role for one in MEMBERS]
    assert {role: roles.count(role) for role in roles} == {"hub": 1, "substation": 2, "alliance": 1, "outlet": 4}
    assert [len(one.parents) for one in MEMBERS if one.origin in OUTLETS].count(2) == 1
    assert next(one for one in MEMBERS if one.origin == UNIVERSITY).parents == ("ip.gd.example/sz", "ip.gd.example/led")
    assert len({one.label for one in MEMBERS}) == len(MEMBERS)


def test_two_free_addresses_are_two_and_free():
    addresses = federation.free_addresses()
    assert len(set(addresses)) == 2
    for address in addresses:
        host, port = address.split(":")
        with socket.socket() as one:
            one.bind((host, int(port)))


def test_what_is_meant_for_one_node_does_not_reach_the_others(monkeypatch):
    monkeypatch.setenv("BANYAN_HOME", "/elsewhere")
    monkeypatch.setenv("BANYAN_SYNC_LISTEN", "127.0.0.1:1")
    assert not [name for name in federation.environment() if name.startswith("BANYAN_")]


@pytest.mark.parametrize(
    ("code", "printed", "taken"),
    [(1, '{"rows": 1}', (0,)), (0, "no JSON", (0,)), (1, '{"error": "NoHome"}', (0, 1)), (3, "", (0, 1))],
)
def test_a_program_that_refuses_is_told_with_its_reason(code, printed, taken):
    script = f"import sys; print({printed!r}); print('because', file=sys.stderr); sys.exit({code})"
    with pytest.raises(Failed) as error:
        federation.answer([sys.executable, "-c", script], taken, federation.environment())
    assert error.value.args[1] == "because"


def test_an_exit_code_that_is_expected_is_taken():
    script = "import sys; print('[1]'); print('said', file=sys.stderr); sys.exit(1)"
    found = federation.answer([sys.executable, "-c", script], (0, 1), federation.environment())
    assert found == ([1], "said\n")


def test_a_port_that_was_taken_meanwhile_is_chosen_again(tmp_path):
    hub = Member("ip.gd.example", "hub", "主站")
    fed = Federation(tmp_path, [hub], "en")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        taken = f"127.0.0.1:{held.getsockname()[1]}"
        _sync, join = federation.free_addresses()
        listening = ("--sync-listen", taken, "--join-listen", join, "--carry", str(tmp_path / "root"))
        fed.call(hub.origin, "init", hub.origin, "--name", hub.name, *listening)
        try:
            fed.start(hub.origin)
            assert fed.node(hub.origin).settings.sync_listen != taken
            assert set(fed.running()) == {hub.origin}
        finally:
            codes = fed.stop()
    assert codes == {}
    assert fed.running() == {}


def test_a_node_that_cannot_start_is_told_at_once(tmp_path):
    fed = Federation(tmp_path, [Member("ip.gd.example", "hub", "主站")], "en")
    with pytest.raises(federation.NotReady, match="no node"):
        fed.start("ip.gd.example")


@pytest.mark.parametrize("count", [MIN_RECORDS - 1, MAX_RECORDS + 1, 0])
def test_a_number_of_records_out_of_range_is_misuse(count, tmp_path, capsys):
    code = frame.run(top, ["--json", "--records", str(count), "--home", str(tmp_path / "x")], {"LANG": "C"})
    assert code == frame.MISUSED
    assert json.loads(capsys.readouterr().out)["error"] == "UsageError"
    assert not (tmp_path / "x").exists()


def test_a_file_that_is_none_is_refused_before_anything_is_started(tmp_path, capsys):
    (tmp_path / "mine.csv").write_text("nothing that is known\n1\n")
    given = ["--json", "--data", str(tmp_path / "mine.csv"), "--home", str(tmp_path / "x")]
    assert frame.run(top, given, {"LANG": "C"}) == frame.REFUSED
    assert json.loads(capsys.readouterr().out)["error"] == "UnreadableFile"
    assert not (tmp_path / "x").exists()
