"""Documents as a stream: split, bounded, and nothing of a DTD."""

import io
import resource
import tracemalloc

import pytest

from records.xml import documents, limits
from records.xml.documents import Broken, Name, Unit

from .opened import us_grant


def is_unit(root: Name, element: Name) -> bool:
    return element.local == "u"


def read(data: bytes) -> list[str]:
    """Return the text of each unit, and "!" and the sentence of each document that is broken."""
    return [
        "".join(one.element.itertext()) if isinstance(one, Unit) else f"!{one.error}"
        for one in documents.read(io.BytesIO(data), is_unit)
    ]


def test_the_documents_of_one_file_come_one_after_the_other():
    data = b'<?xml version="1.0"?>\n<r><u>1</u><u>2</u></r>\n<?xml version="1.0"?>\n<!DOCTYPE r SYSTEM "x">\n<u>3</u>\n'
    assert read(data) == ["1", "2", "3"]
    assert read(b'<!DOCTYPE u SYSTEM "x.dtd"><u>1</u><!DOCTYPE u SYSTEM "x.dtd"><u>2</u>') == ["1", "2"]


@pytest.mark.parametrize("size", range(1, 80, 7))
def test_where_a_chunk_ends_does_not_matter(monkeypatch, size):
    monkeypatch.setattr(limits, "CHUNK", size)
    data = '<?xml version="1.0"?><r><u>中<![CDATA[<?xml v="1"?> <!DOCTYPE x]]></u></r>\n<?xml version="1.0"?><u>b</u>'
    assert read(data.encode()) == ['中<?xml v="1"?> <!DOCTYPE x', "b"]


def test_a_broken_document_does_not_stop_those_after_it():
    found = read(b'<?xml version="1.0"?>\n<u>1</u></x>\n<?xml version="1.0"?>\n<u>2</u>\n<?xml version="1.0"?>\n<u>3')
    assert [one for one in found if one[0] != "!"] == ["1", "2"]
    assert len(found) == 4
    assert all("XML" in one for one in found if one[0] == "!")


def test_a_declaration_that_is_not_allowed_does_not_stop_those_after_it():
    bomb = b'<?xml version="1.0"?><!DOCTYPE u [<!ENTITY a "b">]><u>&a;</u>\n<?xml version="1.0"?><u>2</u>'
    first, second = read(bomb)
    assert first.startswith("!The DTD inside the file declares")
    assert second == "2"


def test_a_document_without_a_record_is_said():
    (found,) = read(b"<r><x/></r>")
    assert found == "!This is XML with the root r; it holds no rights or events to import."


def test_what_follows_the_root_is_said():
    first, second = read(b"<u>1</u>junk")
    assert first == "1"
    assert "Extra content" in second


@pytest.mark.parametrize("data", [b"", b"   \r\n", b"\xef\xbb\xbf"])
def test_an_empty_file_holds_nothing(data):
    assert read(data) == []


@pytest.mark.parametrize(
    "data", [b"abc", b"<", b"<a", b"<!DOCTYPE", b"<?xml", b"\x00" * 100, b"<a>\xff</a>", b"<u>&nope;</u>"]
)
def test_what_is_no_xml_is_one_broken_document(data):
    (found,) = read(data)
    assert found.startswith("!")


def test_an_unknown_entity_stays_as_written_where_a_dtd_is_named():
    assert read(b'<!DOCTYPE u SYSTEM "http://example.org/x.dtd"><u>a&hellip;b</u>') == ["a&hellip;b"]


@pytest.mark.parametrize(
    ("data", "limit"),
    [
        (b"<u>" + b"<a>" * 300 + b"</a>" * 300 + b"</u>", "depth"),
        (b"<u>" + b"<a>" * 100_000, "depth"),
        (b"<u " + b" ".join(b'a%d="1"' % n for n in range(70)) + b"/>", "attributes of one element"),
        (b'<u a="' + b"x" * 70_000 + b'"/>', "characters of one attribute"),
        (b"<u>" + b"<a/>" * 400_000 + b"</u>", "elements of one record"),
        (b"<u>" + (b"<a>" + b"x" * 4_000_000 + b"</a>") * 3 + b"</u>", "characters of one record"),
        (b"<u>" + (b"<a/>" + b"x" * 4_000_000) * 3 + b"</u>", "characters of one record"),
    ],
)
def test_each_limit_is_held(data, limit):
    found = read(data)
    assert f"as its {limit}" in found[-1]


@pytest.mark.parametrize(
    "data", [b'<u a="' + b"x" * 30_000_000, b"<u>" + b"x" * 30_000_000, b"<u><!--" + b"x" * 30_000_000]
)
def test_one_endless_token_is_refused_in_bounded_memory(data):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (found,) = read(data)
    assert found.startswith("!")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_descriptions_are_dropped_and_what_stands_before_and_after_is_kept():
    data = b"<u><k>1</k><description><p>" + b"x" * 9_000_000 + b"</p></description><k>2</k></u>"
    assert read(data) == ["12"]


def feed(count: int) -> io.BufferedReader:
    """Return a weekly file of `count` grants as a stream that is made while it is read."""

    class Weekly(io.RawIOBase):
        def __init__(self) -> None:
            self.left = count
            self.data = b""

        def readable(self) -> bool:
            return True

        def readinto(self, buffer) -> int:
            while self.left and len(self.data) < len(buffer):
                head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE us-patent-grant SYSTEM "v45.dtd" [ ]>\n'
                self.data += (head + us_grant(str(10_000_000 + self.left))).encode()
                self.left -= 1
            part, self.data = self.data[: len(buffer)], self.data[len(buffer) :]
            buffer[: len(part)] = part
            return len(part)

    return io.BufferedReader(Weekly())


def grants(root: Name, element: Name) -> bool:
    return element.local == "us-patent-grant"


@pytest.mark.parametrize("count", [3_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_memory_does_not_follow_the_number_of_documents(count):
    sum(1 for _ in documents.read(feed(500), grants))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    assert sum(not isinstance(one, Broken) for one in documents.read(feed(count), grants)) == count
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # KB: the parser's own memory too


def test_memory_does_not_follow_the_number_of_records_in_one_document():
    class Endless(io.RawIOBase):
        left = 3_000
        begun = False

        def readable(self) -> bool:
            return True

        def readinto(self, buffer) -> int:
            if not self.begun:
                self.begun, part = True, b"<patents>"
            elif self.left > 0:
                self.left -= 1
                part = us_grant(str(self.left + 10_000_000)).encode()
            else:
                part, self.left = (b"</patents>", -1) if self.left == 0 else (b"", -1)
            buffer[: len(part)] = part
            return len(part)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(isinstance(one, Unit) for one in documents.read(Endless(), grants)) == 3_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000
