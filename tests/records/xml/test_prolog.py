"""What stands before the root element."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.errors import UnreadableFile
from records.xml import limits, prolog

ALLOWED = [
    b"<r/>",
    b'<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<r/>',
    b"<!-- a > b --><?p x?>\n<r/>",
    b'<!DOCTYPE r SYSTEM "us-patent-grant-v45-2014-04-03.dtd" [ ]><r/>',
    b"<!DOCTYPE r [\n]><r/>",
    b"<!DOCTYPE business:r SYSTEM '/DTDS/x.dtd'[]><r/>",
    b'<!DOCTYPE r PUBLIC "-//WIPO//DTD//EN" "http://example.org/x.dtd"><r/>',
    b'<!DOCTYPE r SYSTEM "a>b.dtd"><r/>',
    b'<!DOCTYPE r SYSTEM "x" [<!NOTATION TIF SYSTEM ""> <!ENTITY D0.TIF SYSTEM "D0.TIF" NDATA TIF>\n<!-- ] --> ]><r/>',
    b'<!DOCTYPE r [<!NOTATION T PUBLIC "-//T//EN"><!ENTITY a PUBLIC "p" "a.tif" NDATA T>]><r/>',
    b'<!DOCTYPE r [<!ENTITY a SYSTEM "a>b.tif" NDATA T>]><r/>',
]
REFUSED = [
    b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><r>&b;</r>',
    b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>',
    b'<!DOCTYPE r [<!ENTITY a SYSTEM "http://example.org/">]><r>&a;</r>',
    b'<!DOCTYPE r [<!ENTITY a PUBLIC "x" "http://example.org/">]><r>&a;</r>',
    b'<!DOCTYPE r [<!ENTITY % p SYSTEM "http://example.org/x.dtd"> %p;]><r/>',
    b"<!DOCTYPE r [<!ENTITY % p \"<!ENTITY a 'b'>\"> %p;]><r/>",
    b"<!DOCTYPE r [ %p; ]><r/>",
    b"<!DOCTYPE r [<!ELEMENT r ANY>]><r/>",
    b'<!DOCTYPE r [<!ATTLIST r a CDATA "x">]><r/>',
    b'<!DOCTYPE r [<![INCLUDE[<!ENTITY a "b">]]>]><r/>',
    b'<!DOCTYPE r [<!NOTATION T SYSTEM "t"><!ENTITY a "b">]><r/>',
    b'<!DOCTYPE r [<!ENTITY a SYSTEM "x" NDATA T><!ENTITY b "b">]><r/>',
]


@pytest.mark.parametrize("data", ALLOWED)
def test_a_doctype_with_an_external_dtd_and_images_is_allowed(data):
    found = prolog.scan(data, final=True)
    assert found is not None
    assert data[found.size :] == b"<r/>"
    assert bool(found.doctype) == (b"<!DOCTYPE" in data)


@pytest.mark.parametrize("data", REFUSED)
def test_any_other_declaration_is_refused(data):
    with pytest.raises(UnreadableFile) as error:
        prolog.scan(data, final=True)
    assert "DTD" in error.value.message_zh
    assert "can make text grow without bound" in error.value.message_en


@pytest.mark.parametrize("data", [*ALLOWED, *REFUSED])
def test_a_prolog_that_comes_in_pieces_is_read_the_same(data):
    def outcome(size: int, final: bool) -> object:
        try:
            return prolog.scan(data[:size], final)
        except UnreadableFile as error:
            return error.message_en

    for size in range(len(data)):
        found = outcome(size, False)
        if data in ALLOWED:
            assert found in (None, outcome(len(data), True))
        else:
            assert found is None or isinstance(found, str)


@pytest.mark.parametrize("data", [b"", b"x", b"<", b"</r>", b"<!DOCTYPE r", b"<!DOCTYPE r><!DOCTYPE r><r/>", b"<!-- "])
def test_what_is_no_prolog_is_refused(data):
    with pytest.raises(UnreadableFile):
        prolog.scan(data, final=True)


@pytest.mark.parametrize("start", [b"<!-- ", b"<?x ", b"  ", b"<!DOCTYPE r [<!-- "])
def test_a_prolog_without_end_is_refused(start):
    with pytest.raises(UnreadableFile, match="prolog bytes"):
        prolog.scan(start + b" " * limits.MAX_PROLOG_BYTES, final=False)


def test_thousands_of_images_are_allowed():
    images = b"".join(b'<!ENTITY US%d.TIF SYSTEM "US%d.TIF" NDATA TIF>\n' % (n, n) for n in range(5_000))
    assert prolog.scan(b"<!DOCTYPE r [<!NOTATION TIF SYSTEM 'x'>" + images + b"]><r/>", final=True)


@given(st.text(alphabet="<!>[]\"'&%;?- xENTITYDOCPESMNAL\n").map(str.encode))
def test_any_text_is_read_or_refused(text):
    for data in (text, b"<!DOCTYPE r [" + text):
        try:
            found = prolog.scan(data, final=True)
        except UnreadableFile:
            continue
        assert found is not None
        assert b"<!ENTITY" not in data[: found.size] or b"NDATA" in data[: found.size]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b'<?xml version="1.0" encoding="GB2312"?>', "gb2312"),
        (b"<?xml version='1.0' encoding = 'utf-8' ?>", "utf-8"),
        (b'<?xml version="1.0"?><a encoding="x"/>', ""),
        (b"<a/>", ""),
    ],
)
def test_the_declared_encoding(data, name):
    assert prolog.declared_encoding(data) == name
