"""One body, one way of writing it; everything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import body
from records.body import Record
from records.errors import MalformedRecord

texts = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1, max_size=20)
scalars = texts | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
inner = scalars | st.lists(scalars, min_size=1, max_size=3)
items = inner | st.dictionaries(texts, inner, min_size=1, max_size=3)
values = scalars | st.lists(items, min_size=1, max_size=3) | st.dictionaries(texts, items, min_size=1, max_size=3)
members = st.dictionaries(texts, values, max_size=5)
records = st.builds(
    Record,
    texts,
    st.sampled_from(["assert", "withdraw"]),
    st.just("design"),
    st.integers(1, 99),
    members,
    members,
    texts,
)
BARE = b'"key":"a","kind":"design","op":"assert","version":1'


@given(records)
def test_what_is_written_is_read_back_and_written_the_same(record):
    data = body.encode(record)
    assert body.decode(data) == record
    assert body.encode(body.decode(data)) == data


@given(records, st.integers(0, 300), st.integers(0, 255))
def test_a_changed_byte_gives_another_record_or_none(record, place, byte):
    data = bytearray(body.encode(record))
    data[place % len(data)] ^= byte or 1
    try:
        found = body.decode(bytes(data))
    except MalformedRecord:
        return
    assert found != record
    assert body.encode(found) == bytes(data)


def test_the_bytes_are_sorted_json_without_blanks_or_empties():
    fields = {"title": "灯", "abstract": "", "owners": [{"name": "甲", "uscc": ""}, {}], "agents": [], "x": None}
    record = Record("design:CN:1", "assert", "design", 1, fields, {"row": 2})
    assert body.encode(record).decode() == (
        '{"fields":{"owners":[{"name":"甲"}],"title":"灯"},"key":"design:CN:1","kind":"design","op":"assert",'
        '"source":{"row":2},"version":1}'
    )


def test_texts_that_look_like_empty_values_are_kept():
    record = Record("a", "assert", "design", 1, {"title": 'x:[] {} "" \\u0000 \\', "y": '":"",""'})
    assert body.decode(body.encode(record)) == record


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"key":"a"}',
        b"{" + BARE + b',"extra":1}',
        b"{" + BARE + b"} ",
        b"{ " + BARE + b"}",
        b'{"kind":"design","key":"a","op":"assert","version":1}',
        b'{"key":"b",' + BARE + b"}",
        b'{"fields":{},' + BARE + b"}",
        b'{"fields":{"a":""},' + BARE + b"}",
        b'{"fields":{"a":null},' + BARE + b"}",
        b'{"fields":{"a":[]},' + BARE + b"}",
        b'{"fields":{"a":[{}]},' + BARE + b"}",
        b'{"fields":{"":"a"},' + BARE + b"}",
        b'{"fields":{"b":1,"a":1},' + BARE + b"}",
        b'{"fields":{"a":1.50},' + BARE + b"}",
        b'{"fields":{"a":1e999},' + BARE + b"}",
        b'{"fields":{"a":123456789012345678901234567890},' + BARE + b"}",
        b'{"fields":{"a":"\\u0000"},' + BARE + b"}",
        b'{"fields":{"a":"\\u706f"},' + BARE + b"}",
        b'{"fields":{"a":"\\ud800"},' + BARE + b"}",
        b'{"fields":{"a":"\xed\xa0\x80"},' + BARE + b"}",
        b'{"fields":{"a":"\xff"},' + BARE + b"}",
        b'{"fields":{"a":[[[1]]]},' + BARE + b"}",
        b'{"fields":{"a":' + b"[" * 60_000,
        b'{"a":' * 10_000,
        BARE.join([b"{", b"}"]).replace(b"assert", b"delete"),
        BARE.join([b"{", b"}"]).replace(b":1", b":0"),
        BARE.join([b"{", b"}"]).replace(b":1", b':"1"'),
        BARE.join([b"{", b"}"]).replace(b"design", b"De sign"),
        BARE.join([b"{", b"}"]).replace(b'"a"', b'""'),
        b"\xef\xbb\xbf" + BARE.join([b"{", b"}"]),
    ],
    ids=lambda data: repr(data[:50]),
)
def test_anything_else_is_refused(data):
    with pytest.raises(MalformedRecord):
        body.decode(data)


def test_the_bare_body_of_these_examples_is_right():
    assert body.decode(b"{" + BARE + b"}") == Record("a", "assert", "design", 1)


@pytest.mark.parametrize("value", ["\ud800", "a\0b", 2**64, float("nan"), object(), [[[[1]]]], "字" * 22_000])
def test_what_nobody_could_read_is_not_written(value):
    with pytest.raises(MalformedRecord):
        body.encode(Record("a", "assert", "design", 1, {"title": value}))


def test_64_kib_is_the_most():
    def record(size: int) -> Record:
        return Record("a", "assert", "design", 1, {"a": "x" * size})

    room = body.MAX_BYTES - len(body.encode(record(1))) + 1
    data = body.encode(record(room))
    assert len(data) == body.MAX_BYTES
    assert body.decode(data) == record(room)
    with pytest.raises(MalformedRecord):
        body.encode(record(room + 1))
    with pytest.raises(MalformedRecord):
        body.decode(data.replace(b"xx", b"xxx", 1))


usual_items = st.lists(texts | st.just("") | st.dictionaries(texts | st.just(""), texts | st.just(""), max_size=2))
usual = st.dictionaries(texts | st.just(""), texts | st.just("") | st.integers() | usual_items, max_size=4)
odd = st.sampled_from(["", "a", "a" * 255, "字" * 256, "design", "De sign", "design\n", "assert", "withdraw", "\ud800"])


@given(st.builds(Record, odd, odd, odd, st.integers(-1, 2), usual, usual, odd))
def test_what_is_written_at_once_is_what_reading_it_again_would_pass(record):
    try:
        data = body.encode(record)
    except MalformedRecord:
        return
    assert body.encode(body.decode(data)) == data
    members = record.key, record.op, record.kind, record.version, record.fields, record.source, record.reason
    if body._is_usual(record.fields) and body._is_usual(record.source) and body._has_usual_names(record):
        assert body._written(*members) == data
