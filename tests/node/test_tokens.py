"""Invitation tokens."""

import base64
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import tokens
from node.errors import BadToken
from node.tokens import Token

TOKEN = Token("gz.example:7444", b"\x30" * 450, b"f" * 32, "ip.gd.example/gz/scut", "outlet", 1_800_000_000, b"s" * 16)
ADDRESSES = st.text("abcdefghijklmnopqrstuvwxyz.:0123456789-", max_size=60)
ORIGINS = st.from_regex(r"(ip\.gd\.example(/[a-z0-9]{1,20}){0,2})?", fullmatch=True)


@given(
    st.builds(
        Token,
        ADDRESSES,
        st.binary(max_size=900),
        st.binary(min_size=32, max_size=32),
        ORIGINS.filter(lambda one: not {"root", "mirror"} & set(one.split("/"))),
        st.sampled_from(tokens.ROLES),
        st.integers(0, 2**64 - 1),
        st.binary(min_size=16, max_size=16),
    )
)
def test_what_is_written_is_read(token):
    line = token.encode()
    assert tokens.parse(line) == token
    assert tokens.parse(f"  {line}\r\n") == token
    assert line.startswith("banyan1.")
    assert line.isascii()
    assert not any(one.isspace() for one in line)


@given(st.data())
def test_any_changed_character_is_noticed(data):
    line = TOKEN.encode()
    at = data.draw(st.integers(0, len(line) - 1))
    other = data.draw(st.characters(codec="ascii", exclude_characters=line[at]))
    with pytest.raises(BadToken):
        tokens.parse(line[:at] + other + line[at + 1 :])


@given(st.integers(0, len(TOKEN.encode()) - 1))
def test_any_missing_end_is_noticed(length):
    with pytest.raises(BadToken):
        tokens.parse(TOKEN.encode()[:length])


@given(st.text())
def test_no_text_does_anything_but_be_refused(text):
    for line in (text, tokens.PREFIX + text):
        with pytest.raises(BadToken):
            tokens.parse(line)


@pytest.mark.parametrize("address", ["", "a", "aa"])
def test_another_spelling_of_the_same_bytes_is_refused(address):
    line = replace(TOKEN, join_address=address).encode()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for other in set(alphabet) - {line[-1]}:
        with pytest.raises(BadToken):
            tokens.parse(line[:-1] + other)


def with_checksum(body):
    raw = body + sha256(body).digest()[:4]
    return tokens.PREFIX + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def body_of(token):
    encoded = token.encode().removeprefix(tokens.PREFIX)
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))[:-4]


@pytest.mark.parametrize(
    "line",
    [
        with_checksum(body_of(TOKEN) + b"\0"),
        with_checksum(body_of(TOKEN)[:-1]),
        with_checksum(body_of(TOKEN).replace(b"outlet", b"butler")),
        with_checksum(body_of(TOKEN).replace(b"/gz/", b"/GZ/")),
        with_checksum(body_of(TOKEN).replace(b"gz.example:", b"gz\xff\xff\xff\xff\xff\xff\xff\xff:")),
        with_checksum(body_of(TOKEN).replace(b"\0\x10" + b"s" * 16, b"\0\x0f" + b"s" * 15)),
        with_checksum(b"\xff" * 40),
        with_checksum(b""),
        TOKEN.encode() + "=",
        TOKEN.encode().upper(),
        "banyan2." + TOKEN.encode()[8:],
        tokens.PREFIX + "A" * 9000,
    ],
)
def test_what_we_would_not_have_written_is_refused_even_with_good_check_bytes(line):
    with pytest.raises(BadToken):
        tokens.parse(line)


def test_the_secret_is_shown_nowhere_and_kept_as_a_hash():
    assert "ssss" not in repr(TOKEN) + str(TOKEN)
    assert tokens.secret_hash(TOKEN.secret) == sha256(b"s" * 16).digest()


def test_an_error_does_not_quote_the_token():
    line = TOKEN.encode()
    with pytest.raises(BadToken) as refused:
        tokens.parse(line[:-1])
    assert line[8:40] not in repr(refused.value)
