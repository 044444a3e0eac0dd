"""Package frames: layout by hand, round trips, and frames that are made to hurt."""

from struct import pack

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from sync import package
from sync.errors import Malformed, OverLimit, SyncError
from sync.package import Frame, Package, Packer, bundle_bytes, bundle_entries, unpack

FIRST = 512
ENTRIES = st.lists(st.binary(max_size=60), min_size=1, max_size=256)
PROOFS = st.lists(st.binary(min_size=32, max_size=32), max_size=63)
NAMES = st.tuples(st.integers(FIRST, FIRST + 255), st.integers(0, 255))
PARTS = st.lists(st.tuples(NAMES, st.binary(max_size=90)), max_size=12)


@given(st.builds(Package, st.just(FIRST), ENTRIES, PROOFS, PARTS))
def test_what_is_packed_is_unpacked(found):
    assert unpack(Packer().pack(found)) == found


PARTS_OF_ONE = [((FIRST, 0), b"s" * 16 + b"one"), ((FIRST + 1, 3), b"t" * 16)]
ONE = Package(FIRST, [b"first", b"second"], [b"h" * 32], PARTS_OF_ONE)
RAW = b"".join(
    (
        b"\1" + pack(">H", 2) + b"\0\5first" + b"\0\6second" + b"\1" + b"h" * 32,
        pack(">I", 2) + pack(">BBI", 0, 0, 19) + pack(">BBI", 1, 3, 16) + b"s" * 16 + b"one" + b"t" * 16,
    )
)


def test_the_layout_by_hand():
    assert unpack(Frame(FIRST, False, RAW)) == ONE
    assert unpack(Frame(FIRST, True, zstandard.compress(RAW))) == ONE
    packed = Packer().pack(ONE)
    assert (zstandard.decompress(packed.content) if packed.compressed else packed.content) == RAW
    assert ONE.last == FIRST + 2


def test_a_frame_declares_its_size():
    packed = Packer().pack(Package(FIRST, [b"entry %d" % one for one in range(256)], [], []))
    assert packed.compressed
    assert zstandard.frame_content_size(packed.content) == len(zstandard.decompress(packed.content))


def test_what_would_compress_better_than_100_to_1_travels_as_it_is():
    packed = Packer().pack(Package(FIRST, [b"same" * 1000] * 256, [], []))
    assert not packed.compressed
    assert len(unpack(packed).entries) == 256


def test_parts_that_do_not_fit_are_left_out_from_the_end():
    part = bytes(range(256)) * 256
    parts = [((FIRST + at, 0), part) for at in range(80)]
    packed = Packer().pack(Package(FIRST, [b"entry"] * 80, [b"h" * 32], parts))
    found = unpack(packed)
    assert found.parts == parts[: len(found.parts)]
    assert len(found.parts) == 63
    content = zstandard.decompress(packed.content) if packed.compressed else packed.content
    assert package.MAX_CONTENT_BYTES - len(part) < len(content) <= package.MAX_CONTENT_BYTES


def declared(content_size: int | None, body: bytes, window: int | None = None) -> bytes:
    """Return one zstd frame of one raw block, with any header that we like; a window is 2^(10 + upper five bits)."""
    header = (0xC0 if content_size is not None else 0) | (0x20 if window is None and content_size is not None else 0)
    head = pack("<IB", 0xFD2FB528, header)
    if not header & 0x20:
        head += bytes([0x58 if window is None else window])
    head += b"" if content_size is None else pack("<Q", content_size)
    return head + (len(body) << 3 | 1).to_bytes(3, "little") + body


def test_frames_made_by_hand_are_read_where_they_are_honest():
    assert zstandard.decompress(declared(len(RAW), RAW)) == RAW
    assert unpack(Frame(FIRST, True, declared(len(RAW), RAW))) == ONE
    large = declared(len(RAW), RAW, window=0x78)  # 32 MiB, but the declared size bounds the memory
    assert unpack(Frame(FIRST, True, large)) == ONE


def bomb(size: int) -> bytes:
    return zstandard.ZstdCompressor(write_content_size=True).compress(bytes(size))


LARGE = package.MAX_CONTENT_BYTES
REFUSED_FRAMES = {
    "no declared size": declared(None, RAW),
    "a window and no size": declared(None, RAW, window=0x58),
    "a window of 2 GiB, more declared than held": declared(len(RAW) + 50, RAW, window=0xA8),
    "a size over 4 MiB": declared(LARGE + 1, bytes(60_000)),
    "a size of 2^63": declared(2**63, RAW),
    "a size of 2^64 - 1": declared(2**64 - 1, RAW),
    "declares over 100 times its length": declared(101 * (len(RAW) + 16), RAW),
    "declares less than it holds": declared(len(RAW) - 1, RAW),
    "declares more than it holds": declared(len(RAW) + 1, RAW),
    "declares nothing": declared(0, RAW),
    "a bomb of 4 MiB": bomb(LARGE),
    "a bomb of 400 MiB": bomb(100 * LARGE),
    "not zstd": RAW,
    "nothing": b"",
    "cut short": zstandard.compress(RAW)[:-1],
    "a skippable frame": pack("<II", 0x184D2A50, 4) + b"skip",
    "bytes behind": zstandard.compress(RAW) + b"x",
    "a second frame": zstandard.compress(RAW) * 2,
}


@pytest.mark.parametrize("content", REFUSED_FRAMES.values(), ids=REFUSED_FRAMES.keys())
def test_frames_that_we_would_not_write_are_refused(content):
    with pytest.raises((Malformed, OverLimit)):
        unpack(Frame(FIRST, True, content))


def test_a_bomb_is_refused_before_it_is_inflated(monkeypatch):
    def inflate(*_arguments, **_options):
        raise AssertionError("inflated")

    monkeypatch.setattr(zstandard, "ZstdDecompressor", inflate)
    for name in ("a bomb of 4 MiB", "a bomb of 400 MiB", "a size of 2^64 - 1", "no declared size"):
        with pytest.raises(OverLimit):
            unpack(Frame(FIRST, True, REFUSED_FRAMES[name]))


ENTRY = b"\0\5first"
REFUSED_CONTENT = {
    "nothing": b"",
    "version 0": b"\0" + RAW[1:],
    "version 2": b"\2" + RAW[1:],
    "no entries": b"\1" + pack(">H", 0) + b"\0" + pack(">I", 0),
    "257 entries": b"\1" + pack(">H", 257) + ENTRY * 257 + b"\0" + pack(">I", 0),
    "fewer entries than counted": b"\1" + pack(">H", 3) + ENTRY * 2,
    "an entry over 8 KiB": b"\1" + pack(">H", 1) + pack(">H", 8193) + bytes(8193) + b"\0" + pack(">I", 0),
    "64 hashes": b"\1" + pack(">H", 1) + ENTRY + b"\x40" + bytes(32 * 64) + pack(">I", 0),
    "hashes cut short": b"\1" + pack(">H", 1) + ENTRY + b"\2" + bytes(40),
    "no count of parts": RAW[: RAW.index(b"h" * 32) + 32] + b"\0\0",
    "more parts than bytes": b"\1" + pack(">H", 1) + ENTRY + b"\0" + pack(">I", 2**32 - 1),
    "a part over 64 KiB": b"\1" + pack(">H", 1) + ENTRY + b"\0" + pack(">IBBI", 1, 0, 0, 65537) + bytes(65537),
    "a part cut short": RAW[:-1],
    "bytes behind": RAW + b"x",
    "over 4 MiB": RAW + bytes(LARGE),
}


@pytest.mark.parametrize("content", REFUSED_CONTENT.values(), ids=REFUSED_CONTENT.keys())
def test_content_that_we_would_not_write_is_refused(content):
    with pytest.raises((Malformed, OverLimit)):
        unpack(Frame(FIRST, False, content))


@given(st.data())
def test_changed_frames_are_refused_or_read_but_nothing_else(data):
    raw = bytearray(data.draw(st.sampled_from([RAW, zstandard.compress(RAW)])))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    for compressed in (False, True):
        try:
            found = unpack(Frame(FIRST, compressed, bytes(raw[: data.draw(st.integers(0, len(raw)))])))
        except SyncError:
            continue
        assert 1 <= len(found.entries) <= 256


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_are_read_as_written(entries):
    raw = bundle_bytes(entries)
    assert raw == b"".join(pack(">H", len(one)) + one for one in entries)
    assert bundle_entries(raw) == (entries, len(raw))


def test_a_bundle_cut_short_is_refused():
    raw = bundle_bytes([b"first", b"second"])
    for cut in (1, 6, 8, len(raw) - 1):
        with pytest.raises(Malformed):
            bundle_entries(raw[:cut])
    with pytest.raises(Malformed):
        bundle_entries(raw, 3)
