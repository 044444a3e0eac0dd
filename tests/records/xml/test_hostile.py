"""Any bytes give drafts, findings or UnreadableFile, with nothing fetched, in bounded time and memory."""

import random
import resource
import socket
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records import statement
from records.draft import Draft
from records.errors import UnreadableFile
from records.xml import source

from . import test_assignments, test_cnipa, test_epo_ops, test_st66, test_st96
from .opened import us_grant, written, zipped

SEEDS = {
    "uspto": us_grant(biblio="<us-parties/>"),
    "cnipa": test_cnipa.document(test_cnipa.USUAL, test_cnipa.REST, test_cnipa.OUTSIDE),
    "cnipa-st36": test_cnipa.OLD,
    "st96-patent": test_st96.rooted("pat:PatentPublication", test_st96.PATENT),
    "st96-mark": test_st96.rooted("tmk:TrademarkApplication", test_st96.WRAPPED),
    "st96-design": test_st96.rooted("dgn:T", test_st96.DESIGN.format(designs=test_st96.CHAIR.format(number="1"))),
    "st66": test_st66.transaction(test_st66.mark("1")),
    "ops": f"{test_epo_ops.HEAD}{test_epo_ops.exchange('1', 'A1', '20000517', 'x')}</ops:world-patent-data>",
    "ops-legal": test_epo_ops.family(
        test_epo_ops.member("CN", "1", "200910190429", test_epo_ops.event("CN", "GR01", "2013-05-01"))
    ),
    "assignment": test_assignments.response(test_assignments.FIELDS, True),
    "answer": '{"patentBag": [{"applicationNumberText": "15123456", "inventionTitle": "x", "inventorBag": []}]}',
}
_STARTS = [b"", b"<", b"PK\x03\x04", b'<?xml version="1.0"?><r>', b'{"patentBag": [', b"\xff\xfe<\x00"]
JUNK = [
    b"<",
    b">",
    b"&",
    b"&a;",
    b'"',
    b"\x00",
    b"\xff",
    b"<?xml version='1.0'?>",
    b"<!DOCTYPE a [",
    b"]>",
    b"<![CDATA[",
    b"]]>",
]
JUNK += [b"</", b"xmlns=''", b"\xed\xa0\x80", b"0", b"<!--", b"{", b"[", b"null", b"\n"]


def outcome(path) -> list[Draft] | UnreadableFile:
    """Return what a file states, read twice and alike, or why it is refused; anything else is a fault."""
    try:
        reader = source.open(path)
        found = list(reader.drafts())
    except UnreadableFile as error:
        return said(error)
    assert list(reader.drafts()) == found
    for draft in found:
        assert draft.values or draft.findings
        assert draft.place >= 1
    list(statement.rows(found))
    return found


def said(error: UnreadableFile) -> UnreadableFile:
    assert error.message_zh.endswith("。")
    assert error.message_en.endswith(".")
    return error


def mutated(data: bytes, seed: int) -> bytes:
    """Return the bytes with a few cut, doubled, moved or replaced."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice((0, 1, 5, 50, 500)))
        part = chance.choice((b"", chance.choice(JUNK), data[start:end] * 2, bytes([chance.randrange(256)]), data))
        data = data[:start] + part[:20_000] + data[end:]
    return data


@pytest.mark.parametrize("name", SEEDS)
def test_the_seeds_are_read(tmp_path, name):
    found = outcome(written(tmp_path, SEEDS[name].encode("gb2312" if name == "cnipa-st36" else "utf-8")))
    assert isinstance(found, list)
    assert found[0].values


@pytest.mark.parametrize("name", SEEDS)
def test_fuzz_a_file_that_was_changed_at_random(tmp_path, name, request):
    data = SEEDS[name].encode("gb2312" if name == "cnipa-st36" else "utf-8")
    for seed in range(2_000 if request.config.getoption("--long") else 60):
        outcome(written(tmp_path, mutated(data, seed)))


def test_fuzz_an_archive_that_was_changed_at_random(tmp_path, request):
    data = zipped(tmp_path, {"a.xml": SEEDS["uspto"], "b.xml": SEEDS["st66"]}).read_bytes()
    for seed in range(3_000 if request.config.getoption("--long") else 150):
        outcome(written(tmp_path, mutated(data, seed), "b.zip"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from(_STARTS),
)
def test_any_bytes_give_drafts_or_a_sentence(tmp_path, data, start):
    outcome(written(tmp_path, start + data))


_NAMES = st.sampled_from(
    [
        "us-patent-grant", "document-id", "doc-number", "country", "kind", "claim", "p", "date",
        "publication-reference",
        "application-reference", "us-parties", "inventors", "inventor", "addressbook", "last-name", "invention-title",
        "classifications-ipcr", "classification-ipcr", "text", "abstract", "priority-claims", "priority-claim",
    ]
)  # fmt: skip
_TREES = st.recursive(
    st.text(alphabet="aZ9 .-/;中\u2028", max_size=12),
    lambda inner: st.builds(lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag}>", _NAMES, st.lists(inner, max_size=5)),
    max_leaves=40,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(_TREES)
def test_any_tree_of_a_formats_elements_gives_drafts_or_a_sentence(tmp_path, tree):
    biblio = f"<us-bibliographic-data-grant>{tree}</us-bibliographic-data-grant>"
    outcome(written(tmp_path, f"<us-patent-grant>{biblio}</us-patent-grant>"))


def titled(title: str, subset: str = "") -> str:
    """Return a grant with that title, and a DOCTYPE with that internal subset."""
    doctype = f"<!DOCTYPE us-patent-grant [{subset}]>" if subset else ""
    biblio = f"<us-bibliographic-data-grant><invention-title>{title}</invention-title></us-bibliographic-data-grant>"
    return f"{doctype}<us-patent-grant>{biblio}</us-patent-grant>"


def laughs(entity: str, reference: str) -> str:
    """Return nine declarations, each ten times the one before."""
    return "".join(f"<!ENTITY {entity}{n} '{f'{reference}{n - 1};' * 10}'>" for n in range(1, 10))


HOSTILE = {
    "billion laughs": titled("&l9;", "<!ENTITY l0 'ha'>" + laughs("l", "&l")),
    "parameter laughs": titled("x", "<!ENTITY % l0 'ha'>" + laughs("% l", "&#37;l") + " %l9;"),
    "quadratic": titled("&a;" * 50_000, f"<!ENTITY a '{'a' * 50_000}'>"),
    "a file": titled("&x;", "<!ENTITY x SYSTEM 'file:///etc/hostname'>"),
    "an address": titled("&x;", "<!ENTITY x SYSTEM 'http://127.0.0.1:9/x'>"),
    "an external parameter": titled("", "<!ENTITY % x SYSTEM 'http://127.0.0.1:9/x'> %x;"),
    "a default attribute": titled("", "<!ATTLIST us-patent-grant country CDATA 'XX'>"),
    "deep": "<us-patent-grant>" + "<a>" * 100_000,
    "a huge attribute": f'<us-patent-grant a="{"x" * 20_000_000}"/>',
    "a huge name": f"<{'x' * 20_000_000}/>",
    "a million attributes": "<us-patent-grant " + " ".join(f"a{n}=''" for n in range(200_000)) + "/>",
    "a million elements": titled("<b/>" * 1_000_000),
    "a huge text": titled("x" * 20_000_000),
    "a million namespaces": "<us-patent-grant " + " ".join(f"xmlns:a{n}='u{n}'" for n in range(100_000)) + "/>",
    "a million documents": "<?xml version='1.0'?><a/>\n" * 20_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_bounded_time_and_memory(tmp_path, name):
    path = written(tmp_path, HOSTILE[name])
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    assert isinstance(outcome(path), UnreadableFile)
    assert time.process_time() - began < 30
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000


@pytest.mark.parametrize(
    "text",
    [
        f'<!DOCTYPE us-patent-grant SYSTEM "http://127.0.0.1:9/x.dtd">{us_grant()}',
        f'<!DOCTYPE us-patent-grant PUBLIC "-//x" "file:///etc/passwd">{us_grant()}',
        us_grant(biblio='<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="/etc/hostname" parse="text"/>'),
        f'<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>{us_grant()}',
        us_grant().replace("<us-patent-grant", '<us-patent-grant xmlns:x="http://www.w3.org/2001/XMLSchema-instance" '
                           'x:noNamespaceSchemaLocation="http://127.0.0.1:9/x.xsd"', 1),
    ],
)  # fmt: skip
def test_nothing_that_a_file_names_is_opened(tmp_path, monkeypatch, text):
    def refuse(*_args, **_options):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    (draft,) = outcome(written(tmp_path, text))
    assert draft.values["title"] == "Managing messages number 13648029"
    assert "root:" not in str(draft)
