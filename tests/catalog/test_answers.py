"""How verdicts are written: every answer comes back, and what we would not have written is refused."""

from hashlib import sha256

import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import answers
from catalog.answers import MAX_OPENED_BYTES, MAX_PLACES, QUARANTINED, Answer, Detail, Note
from catalog.errors import MalformedVerdict
from records import body
from records.body import Record

LAST = 400
rules = st.lists(st.sampled_from(["APPNO_CHECK", "DATE_ORDER", "SCHEMA"]), max_size=2, unique=True).map(tuple)
answer = st.builds(Answer, st.sampled_from(["quarantined", "mended", "waiting", "accepted"]), rules, st.integers(0, 9))
some = st.dictionaries(st.integers(0, LAST * 8 - 1), answer, max_size=60)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
findings = st.builds(
    lambda rule, field, value, zh, en: {
        "rule": rule, "severity": "error", "field": field, "value": value, "zh": zh + value, "en": value + en
    },
    texts, texts, texts, texts, texts,
)  # fmt: skip
notes = st.none() | st.builds(Note, texts, texts, st.sampled_from(["keep", "forward"]), texts)
details = st.builds(Detail, texts, st.lists(findings, max_size=3), notes)


def detailed(data, given_answers):
    bad = [place for place, one in given_answers.items() if one.word == QUARANTINED]
    return {place: data.draw(details) for place in bad}


@settings(max_examples=60, deadline=None)
@given(some)
def test_groups_give_every_answer_back_and_are_a_record(given_answers):
    made = answers.groups(given_answers)
    assert answers.read_groups(made, LAST) == given_answers
    written = body.encode(Record("verdict:x", "assert", "verdict", 1, {"origin": "x", "answers": made}))
    assert answers.read_groups(body.decode(written).fields.get("answers", []), LAST) == given_answers


@settings(max_examples=60, deadline=None)
@given(some, st.booleans(), st.data())
def test_a_text_gives_everything_back(given_answers, more, data):
    said = detailed(data, given_answers)
    raw = answers.text("ip.example/gz/scut", LAST, 7, more, given_answers, said)
    found = answers.read_text(raw, LAST)
    assert (found.origin, found.last, found.open, found.more) == ("ip.example/gz/scut", LAST, 7, more)
    assert found.answers == given_answers
    assert found.details == said


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300) | st.binary(max_size=300).map(zstandard.ZstdCompressor().compress))
def test_any_bytes_give_one_error(raw):
    with pytest.raises(MalformedVerdict):
        answers.read_text(raw, LAST)


@settings(max_examples=100, deadline=None)
@given(some, st.integers(0), st.integers(0, 7), st.data())
def test_a_changed_bit_is_refused_or_read_whole(given_answers, at, bit, data):
    raw = bytearray(answers.text("o", LAST, 0, False, given_answers, detailed(data, given_answers)))
    raw[at % len(raw)] ^= 1 << bit
    try:
        found = answers.read_text(bytes(raw), LAST)
    except MalformedVerdict:
        return
    assert {place for place, one in found.answers.items() if one.word == QUARANTINED} == set(found.details)


def test_runs_are_as_short_as_what_is_alike():
    assert answers.runs([0, 1, 2, 9, 10]) == [0, 3, 6, 2]
    assert answers.runs([]) == []
    many = {index << 3: Answer(QUARANTINED, ("X",)) for index in range(50_000)}
    assert answers.groups(many) == [{"word": QUARANTINED, "part": 0, "at": [0, 50_000], "rules": ["X"]}]


@pytest.mark.parametrize(
    "at", [[0], [0, 1, 2], [LAST, 1], [0, LAST + 1], [0, 1 << 60], [1 << 62, 1], [-1, 1], [0, "1"], "01"]
)
def test_runs_beyond_the_log_are_refused_before_they_are_counted(at):
    with pytest.raises(MalformedVerdict):
        answers.read_groups([{"word": QUARANTINED, "part": 0, "at": at}], LAST)


def test_more_places_than_one_verdict_holds_are_refused():
    groups = [{"word": QUARANTINED, "part": part, "at": [0, MAX_PLACES // 2 + 1]} for part in (0, 1)]
    with pytest.raises(MalformedVerdict):
        answers.read_groups(groups, 1 << 37)


def stated(**changed):
    whole = {
        "v": 1, "origin": "o", "last": 9, "open": 1, "more": False, "notes": [],
        "answers": [{"word": QUARANTINED, "part": 0, "at": [3, 1]}],
        "rules": [["R", "error", "f", "坏\0", "bad \0"]], "details": [["k", [[0, "v"]], -1]],
    } | changed  # fmt: skip
    return zstandard.ZstdCompressor().compress(msgspec.json.encode(whole))


def test_what_is_stated_by_hand_is_read():
    found = answers.read_text(stated(), 9)
    assert found.details[3 << 3].findings[0]["zh"] == "坏v"


@pytest.mark.parametrize(
    "changed",
    [
        {"v": 2},
        {"last": 10},
        {"last": -1},
        {"details": []},
        {"details": [["k", [[0, "v"]], 0]]},
        {"details": [["k", [[1, "v"]], -1]]},
        {"details": [["k", [[-1, "v"]], -1]]},
        {"details": [["k", [[0, "v"]], -2]]},
        {"answers": [{"word": "great", "part": 0, "at": [3, 1]}]},
        {"answers": [{"word": QUARANTINED, "part": 8, "at": [3, 1]}]},
        {"open": "1"},
    ],
)
def test_what_we_would_not_have_written_is_refused(changed):
    with pytest.raises(MalformedVerdict):
        answers.read_text(stated(**changed), 9)


def test_a_frame_that_declares_more_than_an_outlet_opens_is_refused_unread():
    bomb = zstandard.ZstdCompressor().compress(bytes(MAX_OPENED_BYTES + 1))
    assert len(bomb) < 1000
    with pytest.raises(MalformedVerdict, match="declared"):
        answers.read_text(bomb, 9)
    unsaid = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    with pytest.raises(MalformedVerdict, match="declared"):
        answers.read_text(unsaid.compress(bytes(100)) + unsaid.flush(), 9)


def test_a_text_that_would_not_fit_is_not_made():
    many = {index << 3: Answer(QUARANTINED, ("X",)) for index in range(40_000)}
    said = {place: Detail(sha256(str(place).encode()).hexdigest(), [], None) for place in many}
    assert answers.text("o", 40_000, 1, False, many, said) is None


def test_only_so_many_findings_of_one_record_are_told():
    one = {"rule": "R", "severity": "error", "field": "f", "value": "v", "zh": "坏", "en": "bad"}
    raw = answers.text("o", 9, 1, False, {8: Answer(QUARANTINED)}, {8: Detail("k", [one] * 500, None)})
    assert len(answers.read_text(raw, 9).details[8].findings) == answers.MAX_FINDINGS


def bomb(text, value, times):
    """Return a small verdict that tells `text`, with a value in each of its holes, so many times."""
    stated = {
        "v": 1, "origin": "ip.example/gz/scut", "last": LAST, "open": 1, "more": False,
        "answers": [{"word": "quarantined", "part": 0, "at": [0, 1]}],
        "rules": [["R", "error", "f", text, text]], "details": [["k", [[0, value]] * times, -1]], "notes": [],
    }  # fmt: skip
    return zstandard.ZstdCompressor(level=9).compress(msgspec.json.encode(stated))


@pytest.mark.parametrize(
    ("text", "value", "times"),
    [("\0" * 100_000, "x" * 1_000_000, 1), ("x" * 500_000 + "\0", "y", 100_000), ("\0" * 1_000, "x" * 50_000, 1)],
    ids=["value", "sentence", "a-little"],
)
def test_a_verdict_that_becomes_very_much_text_is_refused_before_it_does(text, value, times):
    raw = bomb(text, value, times)
    assert len(raw) < 20_000
    with pytest.raises(MalformedVerdict, match="more text"):
        answers.read_text(raw, LAST)


def test_more_text_than_is_read_is_not_written(monkeypatch):
    found = {"rule": "R", "severity": "error", "field": "f", "value": "x", "zh": "字" * 40, "en": "w" * 60}
    told = {place: Detail("k", [found]) for place in range(3)}
    said = {place: Answer(QUARANTINED) for place in told}
    monkeypatch.setattr(answers, "MAX_TOLD_CHARS", 300)
    assert answers.read_text(answers.text("o", LAST, 3, False, said, told), LAST).details == told
    monkeypatch.setattr(answers, "MAX_TOLD_CHARS", 299)
    assert answers.text("o", LAST, 3, False, said, told) is None
