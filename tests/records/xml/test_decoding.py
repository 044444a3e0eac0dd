"""Encodings of XML files."""

import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.errors import UnreadableFile
from records.xml import decoding

TEXT = "<a>信道估计方法、㐀𠀀</a>"


def decoded(data: bytes) -> str:
    return b"".join(decoding.chunks(io.BytesIO(data))).decode()


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        (TEXT.encode(), "utf-8", TEXT),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8-sig", TEXT),
        (TEXT.encode("utf-16"), "utf-16", TEXT),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16", TEXT),
        (f'<?xml version="1.0"?>{TEXT}'.encode("utf-16-le"), "utf-16-le", f'<?xml version="1.0"?>{TEXT}'),
        (TEXT.encode("utf-32"), "utf-32", TEXT),
        (b'<?xml version="1.0" encoding="gb2312"?>' + "镕".encode("gb18030"), "gb18030", ""),
        (b'<?xml version="1.0" encoding="GBK"?>' + TEXT.encode("gb18030"), "gb18030", ""),
        (
            b'<?xml version="1.0" encoding="iso-8859-1"?>\xe9',
            "iso8859-1",
            '<?xml version="1.0" encoding="iso-8859-1"?>é',
        ),
        (b'<?xml version="1.0" encoding="big5"?>' + "專利".encode("big5"), "big5", ""),
    ],
)
def test_an_encoding_is_told_by_mark_then_declaration(data, encoding, text):
    assert decoding.encoding(data[:4096]) == encoding
    found = decoded(data)
    assert found == text if text else not found.isascii()


@pytest.mark.parametrize("name", ["rot13", "punycode", "utf-7", "klingon", "idna", "unicode_escape", "hex", "utf-16"])
def test_an_encoding_that_is_none_for_xml_is_refused(name):
    with pytest.raises(UnreadableFile) as error:
        decoding.encoding(f'<?xml version="1.0" encoding="{name}"?>'.encode())
    assert "UTF-8" in error.value.message_zh


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode("gb18030"),
        b"<a>\xed\xa0\x80</a>",
        codecs.BOM_UTF16_LE + b"\x00\xd8<\x00",
        TEXT.encode()[:-5] + b"\xe4",
    ],
)
def test_bytes_that_do_not_fit_are_refused_and_never_replaced(data):
    with pytest.raises(UnreadableFile):
        decoded(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_decoded_or_refused(data):
    for start in (b"", b"\xff\xfe", b'<?xml version="1.0" encoding="gb2312"?>'):
        try:
            decoded(start + data)
        except UnreadableFile:
            continue
