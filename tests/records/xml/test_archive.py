"""A zip of XML files, member by member; and what is refused of it."""

import io
import stat
import struct
import zipfile

import pytest

from records.errors import UnreadableFile
from records.xml import archive, limits, source

from .opened import us_grant, written, zipped


def read(path):
    return list(source.open(path).drafts())


def reasons(path):
    return [found.en for draft in read(path) for found in draft.findings]


def test_members_are_read_in_order_and_their_name_is_kept(tmp_path):
    path = zipped(
        tmp_path,
        {
            "week/": b"",
            "week/1.xml": us_grant("13000001"),
            "week/1.TIF": b"II*\0image",
            "week/2.XML": ("\ufeff" + us_grant("13000002")).encode("utf-16-le"),
        },
    )
    reader = source.open(path)
    assert (reader.format, reader.encoding) == ("uspto", "utf-8")
    found = list(reader.drafts())
    assert [(draft.place, draft.values["application_no"]) for draft in found] == [(1, "13000001"), (2, "13000002")]
    assert [draft.raw["file"] for draft in found] == ["week/1.xml", "week/2.XML"]
    assert list(reader.drafts()) == found  # from the beginning at each call


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("../up.xml", us_grant(), "leads out of the archive"),
        ("/etc/up.xml", us_grant(), "leads out of the archive"),
        ("a/../../up.xml", us_grant(), "leads out of the archive"),
        ("..\\up.xml", us_grant(), "leads out of the archive"),
        ("C:up.xml", us_grant(), "leads out of the archive"),
        ("inner.zip", b"PK\x03\x04rest", "an archive in an archive"),
        ("inner.xml", b"\x1f\x8brest", "an archive in an archive"),
        ("broken.xml", "<us-patent-grant>", "Not well-formed"),
        ("other.xml", "<unknown/>", "No reader knows XML with the root unknown"),
        ("bomb.xml", b"<a>" + b" " * 20_000_000, "unpacks to too much"),
        ("dtd.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a/>', "declares"),
        ("empty.xml.bak", b"\x00\x01\x02", "Not well-formed"),
    ],
)
def test_a_member_that_is_not_read_is_listed_with_the_reason(tmp_path, name, content, says):
    path = zipped(tmp_path, {name: content, "good.xml": us_grant()})
    bad, good = read(path)
    assert says in bad.findings[0].en
    assert bad.findings[0].severity == "error"
    assert (bad.kind, bad.values, bad.raw["file"]) == (
        "",
        {},
        name.replace("\\", "/") if name[0] != "." else bad.raw["file"],
    )
    assert good.values["application_no"] == "13648029"
    assert not list(tmp_path.parent.glob("up.xml"))


def test_a_link_and_an_encrypted_member_are_not_read(tmp_path):
    path = zipped(tmp_path, {"good.xml": us_grant()})
    with zipfile.ZipFile(path, "a") as opened:
        link = zipfile.ZipInfo("link.xml")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(link, "/etc/passwd")
        opened.writestr("secret.xml", us_grant())
    data = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.rfind(mark)
        data[place + flags] |= 1
    path.write_bytes(bytes(data))
    assert [one.rpartition(" in the archive ")[2].split(";")[0].split(",")[0] for one in reasons(path)] == [
        "is a link",
        "is encrypted",
    ]


def test_a_damaged_member_is_listed(tmp_path):
    path = zipped(tmp_path, {"bad.xml": us_grant("13000001"), "good.xml": us_grant("13000002")})
    data = bytearray(path.read_bytes())
    data[60:70] = b"\xff" * 10
    path.write_bytes(bytes(data))
    assert [draft.values.get("application_no") for draft in read(path) if draft.values] == ["13000002"]
    assert any("damaged" in one for one in reasons(path))


@pytest.mark.parametrize("size", [4, 30, 100, -1, -10])
def test_a_truncated_archive_is_refused(tmp_path, size):
    data = zipped(tmp_path, {"a.xml": us_grant(), "b.xml": us_grant()}).read_bytes()
    with pytest.raises(UnreadableFile, match="damaged"):
        source.open(written(tmp_path, data[:size], "cut.zip"))


def test_a_directory_of_too_many_members_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_MEMBERS", 3)
    path = zipped(tmp_path, {f"{n}.xml": us_grant() for n in range(4)})
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("the directory was read"))
    with pytest.raises(UnreadableFile, match="archive members"):
        source.open(path)


def test_a_directory_that_says_more_than_there_is_is_refused(tmp_path):
    data = bytearray(zipped(tmp_path, {"a.xml": us_grant()}).read_bytes())
    place = data.rfind(b"PK\x05\x06")
    struct.pack_into("<I", data, place + 12, 0x7FFFFFFF)
    with pytest.raises(UnreadableFile):
        source.open(written(tmp_path, bytes(data), "lie.zip"))


def test_all_members_together_are_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_ARCHIVE_BYTES", 5_000)
    path = zipped(tmp_path, {f"{n}.xml": us_grant(f"1300000{n}") for n in range(5)})
    found = read(path)
    assert sum(bool(draft.values) for draft in found) < 5
    assert any("unpacks to too much" in one for one in reasons(path))


def test_an_archive_without_anything_to_read_says_why(tmp_path):
    with pytest.raises(UnreadableFile, match="holds no XML file"):
        source.open(zipped(tmp_path, {"a.tif": b"II*\0"}))
    claims = '<p:ClaimsDocument xmlns:p="urn:us:gov:doc:uspto:patent"/>'
    with pytest.raises(UnreadableFile, match="a set of claims of a US file wrapper"):
        source.open(zipped(tmp_path, {"a.xml": claims}))


def test_a_member_is_read_in_pieces():
    file = io.BytesIO(b"x" * 10_000)
    member = archive.Member("a", file, 10_000, archive._Meter(10_000))
    assert member.head == b"x" * 4096
    assert member.read(65_536) + member.read(65_536) + member.read(65_536) == b"x" * 10_000
