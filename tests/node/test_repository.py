"""Reading an OAI-PMH repository over real HTTP: what a right one says, and that a bad one does no harm."""

import gzip
import threading
from itertools import count

import pytest

from node import repository
from node.errors import Interrupted
from node.repository import BrokenPage, HarvestFailed, NoHarvester, NoRepository, Repository, TokenLost
from tests.node.provider import Item, ok, providing

ITEMS = [Item(f"oai:ir.example:{n}", f"2026-01-0{n}T00:00:00Z", [("title", f"灯 {n} <&")]) for n in range(1, 6)]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def at(provider, **given):
    return Repository(provider.url, wait=given.pop("wait", lambda seconds: None), **given)


def test_pages_follow_their_tokens_to_the_end():
    with providing(*ITEMS, Item("oai:ir.example:9", "2026-02-01T00:00:00Z", None)) as provider:
        page = at(provider).page("oai_dc", "patents", "2026-01-02T00:00:00Z")
        assert provider.asked[-1] == {
            "verb": "ListRecords",
            "metadataPrefix": "oai_dc",
            "set": "patents",
            "from": "2026-01-02T00:00:00Z",
        }
        found = [page]
        while found[-1].token:
            found.append(at(provider).page("oai_dc", token=found[-1].token))
        assert [len(one.items) for one in found] == [2, 2, 1]
        assert provider.asked[-1].keys() == {"verb", "resumptionToken"}, "a token is asked for alone"
        assert found[0].response_date == provider.now
        assert "灯 2 &lt;&amp;" in found[0].items[0].payload.decode("utf-8") or b"&#" in found[0].items[0].payload
        assert (found[-1].items[0].deleted, found[-1].items[0].payload) == (True, b"")
        assert at(provider).identify()["granularity"] == "YYYY-MM-DDThh:mm:ssZ"


def test_no_match_is_a_page_without_records():
    with providing() as provider:
        page = at(provider).page("oai_dc")
        assert (page.items, page.token, page.response_date) == ((), "", provider.now)


def test_a_token_that_is_known_no_longer_is_told():
    with providing(*ITEMS) as provider, pytest.raises(TokenLost):
        at(provider).page("oai_dc", token="junk")


def test_another_error_of_the_protocol_ends_the_harvest():
    with providing(*ITEMS) as provider:
        provider.answer = lambda query: ok(provider.error("cannotDisseminateFormat"))
        with pytest.raises(HarvestFailed, match="CannotDisseminateFormat"):
            at(provider).page("oai_dc")


@pytest.mark.parametrize("status", [429, 503])
def test_a_repository_that_asks_for_patience_gets_it(status):
    with providing(*ITEMS) as provider:
        tries, waited = count(1), []
        provider.answer = lambda query: (
            provider.right(query) if next(tries) > 2 else (status, {"Retry-After": "7"}, b"later")
        )
        assert len(at(provider, wait=waited.append).page("oai_dc").items) == 2
        assert waited == [7.0, 7.0]


def test_one_that_never_has_time_is_given_up():
    with providing(*ITEMS) as provider:
        waited = []
        provider.answer = lambda query: (503, {}, b"")
        with pytest.raises(HarvestFailed, match="503"):
            at(provider, wait=waited.append).page("oai_dc")
        assert waited == [2.0, 4.0, 8.0, 16.0, 32.0]
        provider.answer = lambda query: (503, {"Retry-After": "90000"}, b"")
        with pytest.raises(HarvestFailed):
            at(provider, wait=waited.append).page("oai_dc")
        assert len(waited) == 5, "nobody waits for a day"


def test_waiting_ends_when_it_is_told_to():
    stop = threading.Event()
    with providing(*ITEMS) as provider:
        provider.answer = lambda query: (stop.set(), (503, {"Retry-After": "3000"}, b""))[1]
        with pytest.raises(Interrupted):
            Repository(provider.url, stop).page("oai_dc")


@pytest.mark.parametrize(
    ("location", "followed"),
    [
        ("/oai2", True),
        ("http://127.0.0.2/oai", False),
        ("file:///etc/passwd", False),
        ("ftp://127.0.0.1/oai", False),
        ("http://user:word@127.0.0.1/oai", False),
        ("//elsewhere.example/oai", False),
    ],
)
def test_only_a_redirect_within_the_same_place_is_followed(location, followed):
    with providing(*ITEMS) as provider:
        first = count()
        provider.answer = lambda query: (
            (302, {"Location": location}, b"") if next(first) == 0 else provider.right(query)
        )
        if followed:
            at(provider).page("oai_dc")
        else:
            with pytest.raises(HarvestFailed, match="another place"):
                at(provider).page("oai_dc")
        assert len(provider.asked) == (2 if followed else 1)
        provider.answer = lambda query: (302, {"Location": "/oai"}, b"")
        with pytest.raises(HarvestFailed, match="circles"):
            at(provider).page("oai_dc")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>500</body></html>",
        b"\x00\xff\xfe",
        b"<OAI-PMH xmlns='http://www.openarchives.org/OAI/2.0/'><ListRecords>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">&a;</OAI-PMH>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"/>',
        b"<x>" * 100_000,
    ],
)
def test_a_page_that_is_no_answer_is_refused_with_its_bytes(body):
    with providing(*ITEMS) as provider:
        provider.answer = lambda query: (200, {}, body)
        with pytest.raises(BrokenPage) as error:
            at(provider).page("oai_dc")
        assert error.value.raw == body


def test_control_characters_and_a_lying_encoding_are_borne():
    with providing(Item("oai:1", "2026-01-01T00:00:00Z", [("title", "一种\x0b灯")])) as provider:
        (item,) = at(provider).page("oai_dc").items
        assert item.identifier == "oai:1"
        provider.answer = lambda query: (200, {"Content-Encoding": "gzip"}, gzip.compress(provider.right(query)[2]))
        assert len(at(provider).page("oai_dc").items) == 1
        provider.answer = lambda query: (200, {"Content-Encoding": "gzip"}, provider.right(query)[2])
        with pytest.raises(HarvestFailed):
            at(provider).page("oai_dc")


def test_a_page_without_end_is_cut_off(monkeypatch):
    monkeypatch.setattr(repository, "MAX_PAGE_BYTES", 10_000)
    with providing(*ITEMS) as provider:
        provider.answer = lambda query: (200, {"Content-Encoding": "gzip"}, gzip.compress(b" " * 10_000_000))
        with pytest.raises(HarvestFailed, match="MiB"):
            at(provider).page("oai_dc")


def test_a_page_that_trickles_is_cut_off():
    with providing(*ITEMS) as provider:
        ticks = count(0, 700)
        with pytest.raises(HarvestFailed, match="longer"):
            at(provider, clock=lambda: float(next(ticks))).page("oai_dc")


def test_a_line_that_breaks_is_tried_again():
    with providing(*ITEMS) as provider:
        tries, waited = count(1), []
        provider.answer = lambda query: (
            provider.right(query) if next(tries) > 1 else (200, {"X-Claimed": "100000"}, b"<OAI")
        )
        repository = at(provider, wait=waited.append)
        assert len(repository.page("oai_dc").items) == 2
        assert waited == [2.0]


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://x.example/oai", "x.example/oai", "http://", "http://a:b@x.example/", "http://x/?a=1"],
)
def test_what_is_no_base_url_is_refused(url):
    with pytest.raises(NoRepository):
        repository.check_url(url)


def test_without_the_library_a_person_is_told_what_to_install(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(repository.importlib, "import_module", missing)
    with pytest.raises(NoHarvester):
        Repository("http://127.0.0.1:1/").page("oai_dc")
