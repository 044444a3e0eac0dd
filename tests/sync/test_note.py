"""Signed notes and verifier keys, read strictly."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import note
from sync.errors import Malformed
from sync.note import Note, Signature, VerifierKey
from tests.sync import made

TEXT = "ip.gd.example\n5\nsomething\n"
LINE = Signature("ip.gd.example", b"\1\2\3\4", b"s" * 64)
NAMES = st.text(min_size=1, max_size=20).filter(
    lambda name: not any(sign.isspace() or sign < " " or "\x7f" <= sign <= "\x9f" or sign == "+" for sign in name)
)
SIGNATURES = st.builds(Signature, NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80))
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40).map(lambda line: line + "\n")


@given(
    st.lists(TEXTS, min_size=1).map("".join).filter(lambda text: text != "\n"),
    st.lists(SIGNATURES, min_size=1, max_size=20),
)
def test_what_is_written_is_read(text, lines):
    written = Note(text, tuple(lines))
    assert Note.parse(written.encode()) == written


def test_the_layout_is_that_of_the_specification():
    written = Note(TEXT, (LINE,)).encode()
    assert written == (TEXT + "\n\u2014 ip.gd.example " + b64encode(b"\1\2\3\4" + b"s" * 64).decode() + "\n").encode()


def test_the_text_ends_at_the_last_blank_line():
    text = "one\n\n\u2014 ip.gd.example AAAA\n\ntwo\n"
    assert Note.parse(Note(text, (LINE,)).encode()).text == text


def test_100_signatures_are_read_and_101_refused():
    assert len(Note.parse(Note(TEXT, (LINE,) * 100).encode()).signatures) == 100
    with pytest.raises(Malformed):
        Note.parse(Note(TEXT, (LINE,) * 101).encode())


def test_128_kib_are_read_and_one_byte_more_refused():
    room = note.MAX_BYTES - len(Note("\n", (LINE,)).encode())
    assert Note.parse(Note("a" * room + "\n", (LINE,)).encode()).text == "a" * room + "\n"
    with pytest.raises(Malformed):
        Note.parse(Note("a" * (room + 1) + "\n", (LINE,)).encode())


GOOD = Note(TEXT, (LINE,)).encode().decode()
BASE64 = b64encode(b"\1\2\3\4" + b"s" * 64).decode()
NOT_NOTES = {
    "empty": "",
    "text only": TEXT,
    "no signature": TEXT + "\n",
    "no blank line": TEXT + GOOD.split("\n\n")[1],
    "no text": "\n\n" + GOOD.split("\n\n")[1],
    "no LF at the end": GOOD[:-1],
    "bytes behind": GOOD + "x",
    "a blank line behind": GOOD + "\n",
    "CR LF": GOOD.replace("\n", "\r\n"),
    "a tab": GOOD.replace("something", "some\tthing"),
    "a zero byte": GOOD.replace("something", "some\0thing"),
    "a hyphen for the dash": GOOD.replace("\u2014", "-"),
    "two spaces": GOOD.replace("\u2014 ", "\u2014  "),
    "no-break space behind the dash": GOOD.replace("\u2014 ", "\u2014\u00a0"),
    "a space in the name": GOOD.replace("\u2014 ip", "\u2014 i p"),
    "a no-break space in the name": GOOD.replace("\u2014 ip", "\u2014 i\u00a0p"),
    "U+2028 in the name": GOOD.replace("\u2014 ip", "\u2014 i\u2028p"),
    "U+3000 in the name": GOOD.replace("\u2014 ip", "\u2014 i\u3000p"),
    "a plus in the name": GOOD.replace("\u2014 ip", "\u2014 i+p"),
    "no name": GOOD.replace("\u2014 ip.gd.example", "\u2014 "),
    "no signature in its line": TEXT + "\n\u2014 ip.gd.example\n",
    "a key id alone": TEXT + "\n\u2014 ip.gd.example AQIDBA==\n",
    "junk in base64": GOOD.replace(BASE64, BASE64[:8] + "!" + BASE64[8:]),
    "a space in base64": GOOD.replace(BASE64, BASE64[:8] + " " + BASE64[8:]),
    "url-safe base64": GOOD.replace(BASE64, "_" + BASE64[1:]),
    "base64 without padding": GOOD.replace(BASE64, BASE64.rstrip("=")),
    "non-zero trailing bits": TEXT + "\n\u2014 ip.gd.example AQIDBAX=\n",
    "a good line and a bad one": GOOD + "\u2014 ip.gd.example\n",
}


@pytest.mark.parametrize("raw", NOT_NOTES.values(), ids=NOT_NOTES.keys())
def test_anything_else_is_refused_whole(raw):
    Note.parse(GOOD.encode())
    with pytest.raises(Malformed):
        Note.parse(raw.encode())


def test_bytes_that_are_not_utf_8_are_refused():
    with pytest.raises(Malformed):
        Note.parse(GOOD.encode().replace(b"something", b"some\xffthing"))


def test_u_2028_in_a_text_does_not_break_a_line():
    text = "one\u2028two\u0020three\n"
    assert Note.parse(Note(text, (LINE,)).encode()).text == text


KEY = made.signers(made.HUB)[0].verifier


@pytest.mark.parametrize("signer", [*made.signers(made.CITY), made.mirror_signer(made.CITY)])
def test_verifier_keys_are_read_as_written(signer):
    assert VerifierKey.parse(signer.verifier.encode()) == signer.verifier


def test_a_public_logs_key_is_read_and_split_at_the_first_two_plus_signs():
    text = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
    found = VerifierKey.parse(text)
    assert (found.name, found.type, len(found.key)) == ("example.com/log/testdata", 1, 32)
    assert found.key_id.hex() == "33d7b496"
    assert found.encode() == text


NAME, KEY_ID, ENCODED = KEY.encode().split("+", 2)
NOT_KEYS = {
    "nothing": "",
    "a name": NAME,
    "no key": f"{NAME}+{KEY_ID}",
    "an empty key": f"{NAME}+{KEY_ID}+",
    "a type alone": f"{NAME}+{KEY_ID}+AQ==",
    "no name": f"+{KEY_ID}+{ENCODED}",
    "another name": f"{NAME}x+{KEY_ID}+{ENCODED}",
    "another key id": f"{NAME}+00000000+{ENCODED}",
    "an upper-case key id": f"{NAME}+{KEY_ID.upper()}+{ENCODED}",
    "a short key id": f"{NAME}+{KEY_ID[:6]}+{ENCODED}",
    "no padding": f"{NAME}+{KEY_ID}+{ENCODED.rstrip('=')}x",
    "a line end": KEY.encode() + "\n",
    "a space before": " " + KEY.encode(),
    "a space in the name": VerifierKey("ip gd", 1, KEY.key).encode(),
    "a no-break space in the name": VerifierKey("ip\u00a0gd", 1, KEY.key).encode(),
}


def test_the_examples_are_changed_where_they_say():
    assert VerifierKey.parse(f"{NAME}+{KEY_ID}+{ENCODED}") == KEY
    assert KEY_ID.upper() != KEY_ID


@pytest.mark.parametrize("text", NOT_KEYS.values(), ids=NOT_KEYS.keys())
def test_other_texts_are_no_keys(text):
    with pytest.raises(Malformed):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "text",
    ["AAA", "AAAA\n", "AAA=A", "AB==", "ABC=D", "A_-A", "AA AA", "ÄAAA", "AA=A", "====", "AAA\u0661"],
)
def test_base64_that_we_would_not_write_is_refused(text):
    with pytest.raises(Malformed):
        note.decode_base64(text)


@given(st.binary(max_size=80))
def test_base64_is_read_as_written(raw):
    assert note.decode_base64(b64encode(raw).decode()) == raw
