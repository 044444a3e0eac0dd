"""Sealed texts: one node reads them, from one author, in one federation; everybody else gets one typed error."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import entry, sealed
from sync.entry import Part
from sync.errors import DoesNotOpen, Malformed, OverLimit
from tests.sync import made
from tests.sync.made import CITY, HUB, OTHER_OUTLET, OUTLET

FEDERATION = made.seed("federation")
SEED = made.seed("reader")
KEY = X25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()


def seal(text=b"verdict", author=HUB, reader=OUTLET):
    return sealed.seal(text, KEY, FEDERATION, author, reader)


def unseal(body, seed=SEED, federation=FEDERATION, author=HUB, reader=OUTLET):
    return sealed.unseal(body, seed, federation, author, reader)


@given(st.binary(max_size=300))
@settings(max_examples=50)
def test_the_reader_gets_the_text_and_its_length_follows(text):
    body = seal(text)
    assert len(body) == len(text) + sealed.OVERHEAD_BYTES
    assert unseal(body) == text


def test_the_same_text_sealed_twice_looks_different():
    assert seal() != seal()
    assert b"verdict" not in seal()


@pytest.mark.parametrize(
    "changed",
    [
        {"author": CITY},
        {"reader": OTHER_OUTLET},
        {"federation": made.seed("another")},
        {"seed": made.seed("another reader")},
        {"author": OUTLET, "reader": HUB},
    ],
    ids=["author", "reader", "federation", "key", "the-other-way"],
)
def test_it_opens_nowhere_else(changed):
    with pytest.raises(DoesNotOpen) as refused:
        unseal(seal(), **changed)
    assert refused.value.args == (changed.get("author", HUB), changed.get("reader", OUTLET))


def test_names_cannot_be_shifted_between_author_and_reader():
    """`ab` + `c` must not be bound as `a` + `bc` is."""
    body = seal(author="ip.gd.example/a", reader="ip.gd.example/b")
    with pytest.raises(DoesNotOpen):
        unseal(body, author="ip.gd.example", reader="ip.gd.example/b")


@given(st.integers(0, 55), st.integers(1, 255))
@settings(max_examples=100)
def test_any_changed_byte_is_noticed(at, bits):
    body = bytearray(seal())
    body[at] ^= bits
    with pytest.raises(DoesNotOpen):
        unseal(bytes(body))


@given(st.binary(max_size=120))
@settings(max_examples=100)
def test_any_other_bytes_give_the_one_error(raw):
    for body in (raw, b"\1" + raw, b"\1" + bytes(32) + raw):
        with pytest.raises(DoesNotOpen):
            unseal(body)


def test_cut_or_longer_texts_do_not_open():
    body = seal()
    for other in (b"", body[:1], body[:33], body[:-1], body + b"\0", b"\2" + body[1:]):
        with pytest.raises(DoesNotOpen):
            unseal(other)


def test_a_text_of_the_full_length_is_a_part_that_every_node_takes():
    body = seal(b"x" * sealed.MAX_TEXT_BYTES)
    part = Part(sealed.audience(OUTLET), made.seed("salt")[:16], body)
    assert len(part.content()) == entry.MAX_PART_BYTES
    raw = entry.record_entry(made.committer(HUB), 0, [part])
    ((audience, commitment),) = entry.commitments(raw)[1]
    assert made.committer(HUB).opens(commitment, audience, part.content())
    with pytest.raises(OverLimit):
        seal(b"x" * (sealed.MAX_TEXT_BYTES + 1))


@pytest.mark.parametrize("key", [b"", KEY[:31], KEY + b"\0", bytes(32), (1).to_bytes(32, "little")])
def test_nothing_is_sealed_to_a_key_that_is_none(key):
    with pytest.raises(Malformed):
        sealed.seal(b"verdict", key, FEDERATION, HUB, OUTLET)


def test_audience_and_reader_say_the_same():
    assert sealed.audience(OUTLET) == f"node:{OUTLET}"
    assert entry.check_audience(sealed.audience(OUTLET)) == sealed.audience(OUTLET)
    assert sealed.reader(sealed.audience(OUTLET)) == OUTLET
    assert [sealed.reader(one) for one in ("public", "path", "alliance:0000beef")] == ["", "", ""]
    with pytest.raises(Malformed):
        sealed.audience("no origin")
