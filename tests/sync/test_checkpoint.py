"""Checkpoints and origins, read strictly."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import origin
from sync.checkpoint import MAX_SIZE, Checkpoint
from sync.errors import Malformed
from tests.sync import made

ROOT = made.root_hash_of("a checkpoint")
GOOD = Checkpoint(made.CITY, 12, ROOT)


@given(st.integers(0, MAX_SIZE), st.binary(min_size=32, max_size=32))
def test_what_is_written_is_read(size, root):
    written = Checkpoint(made.OUTLET, size, root)
    assert Checkpoint.parse(written.text()) == written


def test_the_layout_is_three_lines():
    assert GOOD.text() == f"ip.gd.example/gz\n12\n{b64encode(ROOT).decode()}\n"


SIZES = [
    "+5",
    "-0",
    "-1",
    "1_000",
    "0x5",
    "٣",
    "²",
    "05",
    "00",
    "",
    " 5",
    "5 ",
    "5.0",
    "1e3",
    "５",
    str(2**63),
    "9" * 5000,
]


@pytest.mark.parametrize("size", SIZES)
def test_a_size_is_plain_decimal_digits_only(size):
    with pytest.raises(Malformed):
        Checkpoint.parse(GOOD.text().replace("\n12\n", f"\n{size}\n"))


ENCODED = b64encode(ROOT).decode()
NOT_CHECKPOINTS = {
    "empty": "",
    "two lines": "ip.gd.example/gz\n12\n",
    "an extension line": GOOD.text() + "extension\n",
    "a blank line behind": GOOD.text() + "\n",
    "no LF at the end": GOOD.text()[:-1],
    "CR LF": GOOD.text().replace("\n", "\r\n"),
    "U+2028 for LF": GOOD.text().replace("\n", "\u2028"),
    "a root of 31 bytes": GOOD.text().replace(ENCODED, b64encode(ROOT[:31]).decode()),
    "a root of 33 bytes": GOOD.text().replace(ENCODED, b64encode(ROOT + b"\0").decode()),
    "a root with junk": GOOD.text().replace(ENCODED, ENCODED[:5] + "*" + ENCODED[5:]),
    "a root with trailing bits": GOOD.text().replace(ENCODED, ENCODED[:-2] + chr(ord(ENCODED[-2]) + 1) + "="),
    "no origin": GOOD.text().replace("ip.gd.example/gz", ""),
    "an origin with a space": GOOD.text().replace("ip.gd.example/gz", "ip.gd.example/gz "),
}


@pytest.mark.parametrize("text", NOT_CHECKPOINTS.values(), ids=NOT_CHECKPOINTS.keys())
def test_anything_else_is_refused(text):
    with pytest.raises(Malformed):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "name",
    [
        "ip.gd.example",
        "ip.gd.example/gz",
        "ip.gd.example/gz/scut",
        "ip.gd.example/gz/scut.g2",
        "a",
        "0/1/2",
        "a/b-c",
        "a/" + "b" * 198,
    ],
)
def test_origins(name):
    assert origin.check(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "ip.gd.example/",
        "/gz",
        "ip.gd.example//scut",
        "ip.gd.example/gz/scut/lab",
        "IP.gd.example",
        "ip.gd.example/Gz",
        "ip.gd.example/-gz",
        "ip.gd.example/gz.x",
        "ip.gd.example/gz.g",
        "ip.gd.example/gz_1",
        "ip.gd.example/广州",
        "ip.gd.example/g\u00e9",
        "ip.gd.example/1\u0662",
        "ip.gd.example/gz\n",
        "ip.gd.example /gz",
        "ip..example",
        ".ip",
        "ip.",
        "ip.gd.example/root",
        "ip.gd.example/mirror",
        "ip.gd.example/gz/root",
        "ip.gd.example/gz/mirror",
        "ip.gd.example/mirror/x",
        "a/" + "b" * 199,
    ],
)
def test_names_that_are_no_origins(name):
    with pytest.raises(Malformed):
        origin.check(name)


def test_homes_and_federations_follow_from_names():
    assert origin.default_home("ip.gd.example/gz/scut") == "ip.gd.example/gz"
    assert origin.default_home("ip.gd.example") == ""
    assert origin.federation("ip.gd.example/gz/scut") == origin.federation("ip.gd.example") == "ip.gd.example"
    assert origin.mirror_name("ip.gd.example/gz") == "ip.gd.example/gz/mirror"
