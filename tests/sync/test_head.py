"""Heads need both keys; receipts need the parent's mirror key, and a time that has come."""

import pytest

from sync import head, keys
from sync.checkpoint import Checkpoint
from sync.errors import BadSignature, Malformed
from sync.note import Note, Signature
from tests.bits import flipped
from tests.sync import made

PROMISED = Checkpoint(made.OUTLET, 12, made.root_hash_of("head"))
ED25519, MLDSA44 = made.signers(made.OUTLET)
VERIFIERS = made.verifiers((ED25519, MLDSA44))
STRANGERS = made.signers(made.OUTLET, which=2)
MIRROR = made.mirror_signer(made.CITY)


def note_of(*lines: Signature, text: str = PROMISED.text()) -> bytes:
    return Note(text, lines).encode()


def both(time_s: int = 77) -> list[Signature]:
    return [signer.sign(PROMISED, time_s) for signer in (ED25519, MLDSA44)]


def spoilt(line: Signature) -> Signature:
    return Signature(line.name, line.key_id, flipped(line.value))


def test_a_signed_head_is_opened_with_its_time():
    found = head.open_head(head.sign_head((ED25519, MLDSA44), PROMISED, 77).note, VERIFIERS)
    assert (found.checkpoint, found.time_s) == (PROMISED, 77)
    assert (found.origin, found.size, found.root) == (made.OUTLET, 12, PROMISED.root)


def test_lines_may_stand_in_any_order_and_are_kept_in_ours():
    ed25519, mldsa44 = both()
    assert head.open_head(note_of(mldsa44, ed25519), VERIFIERS).note == note_of(ed25519, mldsa44)


@pytest.mark.parametrize("which", [0, 1])
def test_one_good_signature_of_two_is_refused(which):
    lines = both()
    with pytest.raises(BadSignature):
        head.open_head(note_of(lines[which]), VERIFIERS)
    lines[1 - which] = spoilt(lines[1 - which])
    with pytest.raises(BadSignature):
        head.open_head(note_of(*lines), VERIFIERS)


def test_two_lines_of_one_key_are_not_both_keys():
    ed25519, mldsa44 = both()
    for lines in ([ed25519, ed25519], [mldsa44, mldsa44]):
        with pytest.raises(BadSignature):
            head.open_head(note_of(*lines), VERIFIERS)


@pytest.mark.parametrize("which", [0, 1])
def test_every_line_of_a_known_key_must_verify(which):
    lines = both()
    assert head.open_head(note_of(*lines, lines[which]), VERIFIERS).note == note_of(*lines)
    for doubled in ([*lines, spoilt(lines[which])], [spoilt(lines[which]), *lines]):
        with pytest.raises(BadSignature):
            head.open_head(note_of(*doubled), VERIFIERS)


def test_of_two_lines_of_one_key_the_newest_is_kept():
    """What is kept must state the time that it is kept under."""
    ed25519, old = both(77)
    new = MLDSA44.sign(PROMISED, 99)
    found = head.open_head(note_of(ed25519, old, new), VERIFIERS)
    assert found.time_s == 99
    assert head.open_head(found.note, VERIFIERS).time_s == 99


def test_lines_of_unknown_keys_are_ignored_and_dropped():
    unknown = [signer.sign(PROMISED, 77) for signer in STRANGERS]
    unknown += [Signature("somebody", b"abcd", b"what" * 9), Signature(made.OUTLET, b"abcd", b"what" * 9)]
    found = head.open_head(note_of(*unknown[:2], *both(), *unknown[2:] * 5), VERIFIERS)
    assert len(Note.parse(found.note).signatures) == 2
    assert b"somebody" not in found.note


def test_a_key_is_a_name_and_a_key_id():
    """Another name under the same key id is another key: its line counts for nothing."""
    renamed = [Signature("somebody", line.key_id, line.value) for line in both()]
    with pytest.raises(BadSignature):
        head.open_head(note_of(*renamed), VERIFIERS)


def test_16_lines_and_more_are_taken_and_101_refused():
    stranger = Signature("somebody", b"abcd", b"what" * 9)
    for count in (14, 98):
        assert head.open_head(note_of(*both(), *[stranger] * count), VERIFIERS).size == 12
    with pytest.raises(Malformed):
        head.open_head(note_of(*both(), *[stranger] * 99), VERIFIERS)


def test_heads_by_other_keys_or_of_another_log_are_refused():
    with pytest.raises(BadSignature):
        head.open_head(note_of(*(signer.sign(PROMISED, 77) for signer in STRANGERS)), VERIFIERS)
    other = Checkpoint(made.OTHER_OUTLET, 12, PROMISED.root)
    with pytest.raises(BadSignature):
        head.open_head(note_of(*both(), text=other.text()), VERIFIERS)


@pytest.mark.parametrize("known", [(), VERIFIERS[:1], VERIFIERS[1:], (VERIFIERS[0], MIRROR.verifier, VERIFIERS[0])])
def test_without_both_keys_known_no_head_counts(known):
    with pytest.raises(BadSignature):
        head.open_head(note_of(*both()), known)


def test_a_time_that_no_store_can_hold_is_refused():
    head.open_head(note_of(*both(time_s=2**63 - 1)), VERIFIERS)
    with pytest.raises(BadSignature):
        head.open_head(note_of(*both(time_s=2**63)), VERIFIERS)


def test_stated_reads_and_verifies_nothing():
    assert head.stated(note_of(spoilt(both()[0]))) == PROMISED


def receipt(time_s: int = 77, signer: keys.Signer = MIRROR) -> bytes:
    return head.sign_receipt(signer, PROMISED, time_s)


def test_a_receipt_says_who_and_when():
    found = head.open_receipt(receipt(), made.CITY, MIRROR.verifier, 77)
    assert (found.signer, found.time_s, found.checkpoint) == (made.CITY, 77, PROMISED)
    assert found.note == receipt_note_of(found)


def receipt_note_of(found: head.Receipt) -> bytes:
    """The note once more, from what was understood."""
    (line,) = Note.parse(found.note).signatures
    assert keys.verify(MIRROR.verifier, PROMISED, line) == found.time_s
    return note_of(line)


def test_receipts_up_to_300_s_ahead_are_taken_and_later_ones_refused():
    assert head.open_receipt(receipt(1300), made.CITY, MIRROR.verifier, 1000).time_s == 1300
    with pytest.raises(BadSignature):
        head.open_receipt(receipt(1301), made.CITY, MIRROR.verifier, 1000)


def test_a_second_line_in_the_future_is_refused_as_well():
    lines = [MIRROR.sign(PROMISED, time_s) for time_s in (77, 10_000)]
    with pytest.raises(BadSignature):
        head.open_receipt(note_of(*lines), made.CITY, MIRROR.verifier, 100)


def test_a_receipt_is_by_the_mirror_key_of_that_parent():
    other = made.mirror_signer(made.OTHER_CITY)
    for raw, key in (
        (receipt(signer=other), other.verifier),
        (receipt(signer=other), MIRROR.verifier),
        (receipt(signer=made.signers(made.CITY)[1]), made.signers(made.CITY)[1].verifier),
        (receipt(signer=made.signers(made.CITY)[1]), MIRROR.verifier),
    ):
        with pytest.raises(BadSignature):
            head.open_receipt(raw, made.CITY, key, 100)


def test_a_04_line_may_stand_beside_a_receipt_but_never_instead():
    beside = keys.Signer(MIRROR.name, keys.ED25519_COSIGNATURE, made.seed("04"))
    lines = (MIRROR.sign(PROMISED, 77), beside.sign(PROMISED, 77))
    assert head.open_receipt(note_of(*lines), made.CITY, MIRROR.verifier, 77).size == 12
    with pytest.raises(BadSignature):
        head.open_receipt(note_of(lines[1]), made.CITY, MIRROR.verifier, 77)
    with pytest.raises(BadSignature):
        head.open_receipt(note_of(lines[1]), made.CITY, beside.verifier, 77)


def test_a_mirror_key_never_verifies_a_head_nor_a_log_key_a_receipt():
    with pytest.raises(BadSignature):
        head.open_head(note_of(both()[0], MIRROR.sign(PROMISED, 77)), (VERIFIERS[0], VERIFIERS[1]))
    with pytest.raises(BadSignature):
        head.open_receipt(note_of(*both()), made.OUTLET, VERIFIERS[1], 77)
