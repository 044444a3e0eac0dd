"""One proved entry: read strictly, opened under both keys, and nothing of it believed before it is hashed."""

from base64 import b64encode
from struct import pack

import pytest

from sync import proved
from sync.bundles import Bundles
from sync.errors import BadProof, BadSignature, Malformed, SyncError
from tests.sync import made
from tests.sync.made import OUTLET

VERIFIERS = made.verifiers(made.signers(OUTLET))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The proof of entry 3 of 6, with the second of its two parts opened."""
    written = made.Written(tmp_path_factory.mktemp("log") / "outlet", OUTLET)
    with written.own() as own:
        own.add([[("federation", b"f%d" % n), ("path", b"p%d" % n)] for n in range(5)])
    signed = written.seal()
    with made.opened(written.log_db) as store:
        bundles = Bundles(store, store.log(OUTLET))
        raw = bundles.entries(3, 4)[0]
        return proved.prove(bundles, 3, raw, 6, signed.note, {1: bundles.part(3, 1)})


def test_an_entry_is_opened_with_its_place_head_and_parts(file):
    step = proved.open_entry(file, VERIFIERS)
    assert (step.index, step.head.size, step.head.origin, list(step.parts)) == (3, 6, OUTLET, [1])
    proved.check_parts(step, made.committer(OUTLET))
    assert step.parts[1][16:] == b"p2"


def with_extra(file: bytes, raw: bytes) -> bytes:
    lines = file.split(b"\n")
    return b"\n".join([lines[0], b"extra " + b64encode(raw), *lines[2:]])


def extra(step_raw: bytes, *parts: tuple[int, bytes]) -> bytes:
    opened = b"".join(pack(">BI", number, len(content)) + content for number, content in parts)
    return pack(">H", len(step_raw)) + step_raw + bytes([len(parts)]) + opened


def test_parts_must_be_what_the_entry_committed_to(file):
    step = proved.open_entry(file, VERIFIERS)
    content = step.parts[1]
    for parts in ([(1, content + b"x")], [(0, content)], [(2, content)], [(1, b"short")], [(1, b"")]):
        changed = proved.open_entry(with_extra(file, extra(step.raw, *parts)), VERIFIERS)
        with pytest.raises(BadProof):
            proved.check_parts(changed, made.committer(OUTLET))
    with pytest.raises(BadProof):
        proved.check_parts(step, made.committer(made.OTHER_OUTLET))


def test_extra_is_read_exactly_as_it_is_written(file):
    raw = proved.open_entry(file, VERIFIERS).raw
    one = b"s" * 16
    good = extra(raw, (0, one), (1, one))
    assert list(proved.open_entry(with_extra(file, good), VERIFIERS).parts) == [0, 1]
    for bad in (
        b"",
        good[:-1],
        good + b"x",
        extra(raw, (1, one), (0, one)),
        extra(raw, (0, one), (0, one)),
        pack(">H", len(raw) + 500) + raw,
        raw,
    ):
        with pytest.raises(Malformed):
            proved.parse(with_extra(file, bad))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"index 3", b"index 03"),
        (b"index 3", b"index +3"),
        (b"index 3", b"index 3 "),
        (b"index 3", b"index -3"),
        (b"index 3", b"index " + b"9" * 5000),
        (b"index 3", "index \u0663".encode()),
        (b"index 3", b"Index 3"),
        (b"proof@v1", b"proof@v2"),
        (b"extra ", b"extra  "),
        (b"extra ", b"note "),
        (b"\n\n", b"\n"),
    ],
)
def test_other_layouts_are_refused(file, old, new):
    assert file.count(old) >= 1
    with pytest.raises(Malformed):
        proved.parse(file.replace(old, new, 1))


def test_another_index_another_hash_or_key_is_refused(file):
    for index in (b"0", b"2", b"4", b"6", b"9223372036854775808"):
        with pytest.raises(BadProof):
            proved.open_entry(file.replace(b"index 3", b"index " + index), VERIFIERS)
    lines = file.split(b"\n")
    for changed in ([*lines[:3], *lines[4:]], [*lines[:3], b64encode(b"x" * 32), *lines[4:]], [*lines[:4], *lines[3:]]):
        with pytest.raises(BadProof):
            proved.open_entry(b"\n".join(changed), VERIFIERS)
    with pytest.raises(BadSignature):
        proved.open_entry(file, made.verifiers(made.signers(OUTLET, which=2)))


def test_any_flipped_bit_is_refused(file):
    for at in [*range(0, len(file), 97), *range(60)]:
        changed = file[:at] + bytes([file[at] ^ 1]) + file[at + 1 :]
        with pytest.raises(SyncError):
            proved.check_parts(proved.open_entry(changed, VERIFIERS), made.committer(OUTLET))
