"""Entries and parts: layout by hand, round trips, the fast way against the plain one, limits."""

from hashlib import sha256
from struct import pack

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync import entry
from sync.entry import CONTROL, RECORD, Entry, Part
from sync.errors import Malformed, OverLimit
from tests.bits import flipped
from tests.sync import made

COMMITTER = made.committer(made.OUTLET)
AUDIENCES = ["public", "federation", "path", "alliance:9f3c01aa", "node:ip.gd.example/gz", "something-later", "Own"]
HASHES = st.binary(min_size=32, max_size=32)
COMMITMENTS = st.lists(st.tuples(st.sampled_from(AUDIENCES), HASHES), max_size=8).map(tuple)
TIMES = st.integers(0, 2**64 - 1)
RECORDS = st.builds(Entry, st.just(RECORD), TIMES, COMMITMENTS, st.just(b""), st.binary(max_size=40))
CONTROLS = st.builds(Entry, st.just(CONTROL), TIMES, st.just(()), st.binary(max_size=900), st.binary(max_size=40))
LATER = st.builds(Entry, st.integers(3, 255), TIMES, COMMITMENTS, st.binary(max_size=90), st.binary(max_size=90))
ENTRIES = RECORDS | CONTROLS | LATER


@given(ENTRIES)
def test_what_is_written_is_read(one):
    assert Entry.decode(one.encode()) == one


def test_the_layout_by_hand():
    one = Entry(RECORD, 1_800_000_000_123, (("path", b"c" * 32), ("public", b"d" * 32)), b"", b"later")
    fixed = pack(">BBQB", 1, 1, 1_800_000_000_123, 2)
    assert one.encode() == fixed + b"\x04path" + b"c" * 32 + b"\x06public" + b"d" * 32 + b"\0\0" + b"later"
    assert entry.control_entry(5, b"control") == pack(">BBQB", 1, 2, 5, 0) + b"\0\x07control"


def plainly(raw: bytes):
    try:
        read = Entry.decode(raw)
    except Malformed:
        return Malformed
    return read.kind, list(read.commitments)


def fast(raw: bytes):
    try:
        kind, found = entry.commitments(raw)
    except Malformed:
        return Malformed
    return kind, list(found)


ONE_PART = Entry(RECORD, 1, (("federation", b"c" * 32),)).encode()


@given(ENTRIES)
@example(Entry(RECORD, 1, (("federation", b"c" * 32),)))
def test_the_fast_way_reads_what_the_plain_one_does(one):
    raw = one.encode()
    assert fast(raw) == plainly(raw)
    assert fast(raw) is not Malformed


@given(st.data())
def test_the_fast_way_refuses_what_the_plain_one_does(data):
    one = data.draw(st.sampled_from([Entry(RECORD, 1, ((audience, b"c" * 32),)) for audience in AUDIENCES]) | ENTRIES)
    raw = bytearray(one.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, min(60, len(raw) - 1)))
        raw[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    for changed in (bytes(raw), bytes(raw[:cut]), bytes(raw) + b"\0", bytes(raw) + b"\0\0"):
        assert fast(changed) == plainly(changed)


def test_every_byte_of_the_usual_entry_changed_to_any_value():
    for at in [*range(12 + 10), len(ONE_PART) - 2, len(ONE_PART) - 1]:
        for value in range(256):
            changed = ONE_PART[:at] + bytes([value]) + ONE_PART[at + 1 :]
            assert fast(changed) == plainly(changed), (at, value)


FIXED = pack(">BBQB", 1, 1, 1, 1)
NOT_ENTRIES = {
    "empty": b"",
    "too short": pack(">BBQB", 1, 1, 1, 0) + b"\0",
    "version 0": b"\0" + ONE_PART[1:],
    "version 2": b"\2" + ONE_PART[1:],
    "nine parts": pack(">BBQB", 1, 1, 1, 9) + (b"\x04path" + b"c" * 32) * 9 + b"\0\0",
    "a control entry with a part": pack(">BBQB", 1, 2, 1, 1) + b"\x04path" + b"c" * 32 + b"\0\0",
    "a record entry with control bytes": pack(">BBQB", 1, 1, 1, 0) + b"\0\1x",
    "no commitment": FIXED + b"\x04path\0\0",
    "a commitment cut short": FIXED + b"\x04path" + b"c" * 31,
    "control cut short": pack(">BBQB", 1, 2, 1, 0) + b"\0\x09control",
    "no audience": FIXED + b"\0" + b"c" * 32 + b"\0\0",
    "an audience with a space": FIXED + b"\x04pa h" + b"c" * 32 + b"\0\0",
    "an audience with a line end": FIXED + b"\x05path\n" + b"c" * 32 + b"\0\0",
    "an audience that is not ASCII": FIXED + b"\x05p\xc3\xa4th" + b"c" * 32 + b"\0\0",
    "8 KiB and one byte": Entry(RECORD, 1).encode() + b"r" * (entry.MAX_ENTRY_BYTES - 12),
}


@pytest.mark.parametrize("raw", NOT_ENTRIES.values(), ids=NOT_ENTRIES.keys())
def test_other_bytes_are_refused(raw):
    with pytest.raises(Malformed):
        Entry.decode(raw)
    with pytest.raises(Malformed):
        entry.commitments(raw)


def test_an_entry_of_8_kib_is_made_and_read_and_no_longer_one():
    room = entry.MAX_ENTRY_BYTES - len(entry.control_entry(1, b""))
    raw = entry.control_entry(1, b"c" * room)
    assert len(raw) == 8192
    assert Entry.decode(raw).control == b"c" * room
    with pytest.raises(OverLimit):
        entry.control_entry(1, b"c" * (room + 1))


def test_an_unknown_audience_and_kind_are_kept():
    raw = Entry(77, 1, (("something-later", b"c" * 32),), b"control", b"rest").encode()
    assert Entry.decode(raw).commitments == (("something-later", b"c" * 32),)
    assert Entry.decode(raw).rest == b"rest"


@pytest.mark.parametrize("good", ["public", "federation", "path", "alliance:abcd", "node:ip.gd.example/gz/scut"])
def test_audiences_that_may_be_filed_for(good):
    assert entry.check_audience(good) == good


@pytest.mark.parametrize(
    "bad", ["", "own", "Public", "path ", "path\n", "alliance:", "alliance:abc", "node:", "node:A"]
)
def test_audiences_that_may_not(bad):
    with pytest.raises(Malformed):
        entry.check_audience(bad)


def by_hand(federation_id: bytes, origin: bytes, audience: bytes, content: bytes) -> bytes:
    length = pack(">I", len(content) - 16)
    named = bytes([len(origin)]) + origin + bytes([len(audience)]) + audience
    return sha256(b"banyan-part/v1\0" + federation_id + named + content[:16] + length + content[16:]).digest()


@given(st.sampled_from(AUDIENCES), st.binary(min_size=16, max_size=200))
def test_a_commitment_by_hand(audience, content):
    expected = by_hand(made.the_federation().id, made.OUTLET.encode(), audience.encode(), content)
    assert COMMITTER.commit(audience, content) == expected
    assert COMMITTER.opens(expected, audience, content)


def test_a_commitment_binds_federation_origin_audience_salt_and_bytes():
    content = b"s" * 16 + b"bytes"
    commitment = COMMITTER.commit("path", content)
    assert COMMITTER.opens(commitment, "path", content)
    others = (
        (made.committer(made.OTHER_OUTLET), "path", content),
        (entry.Committer(b"f" * 32, made.OUTLET), "path", content),
        (COMMITTER, "public", content),
        (COMMITTER, "path", flipped(content, 0)),
        (COMMITTER, "path", content + b"x"),
        (COMMITTER, "path", content[:-1]),
    )
    for committer, audience, changed in others:
        assert not committer.opens(commitment, audience, changed)


def test_a_part_without_a_whole_salt_or_over_64_kib_opens_nothing():
    for content in (b"", b"s" * 15, b"s" * (entry.MAX_PART_BYTES + 1)):
        assert not COMMITTER.opens(sha256(content).digest(), "path", content)
    largest = b"s" * entry.MAX_PART_BYTES
    assert COMMITTER.opens(COMMITTER.commit("path", largest), "path", largest)
    too_large = largest + b"s"
    assert not COMMITTER.opens(COMMITTER.commit("path", too_large), "path", too_large)


def part(size: int, salt: bytes = b"s" * 16) -> Part:
    return Part("path", salt, b"b" * (size - 16))


def test_limits_hold_before_anything_is_sealed():
    assert len(Entry.decode(entry.record_entry(COMMITTER, 1, [part(16 * 1024)] * 8)).commitments) == 8
    assert entry.record_entry(COMMITTER, 1, [part(64 * 1024)] * 2)
    for parts in (
        [part(64 * 1024 + 1)],
        [part(64 * 1024), part(64 * 1024), part(17)],
        [part(17)] * 9,
        [part(17, b"s" * 15)],
        [part(17, b"s" * 17)],
    ):
        with pytest.raises(OverLimit):
            entry.record_entry(COMMITTER, 1, parts)


@given(TIMES, st.sampled_from(AUDIENCES), st.binary(max_size=100))
def test_an_entry_of_one_part_is_made_as_any_other(time_ms, audience, content):
    one = Part(audience, b"s" * 16, content)
    plain = Entry(RECORD, time_ms, ((audience, COMMITTER.commit(audience, one.content())),))
    assert entry.record_entry(COMMITTER, time_ms, [one]) == plain.encode()
