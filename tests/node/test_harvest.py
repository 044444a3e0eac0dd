"""Harvesting over real HTTP: incremental, whole after every kind of crash, and never trusting what comes."""

import threading

import pytest

from node import harvest, holds
from node.notebook import Notebook
from node.repository import BrokenPage, HarvestFailed, NoRepository, TokenLost
from node.source_book import NoSource, Source
from node.submissions import UnknownAudience
from node.versions import WiderAudience
from tests.node.filing import entries, key, node_at, number
from tests.node.provider import Item, ok, providing, record
from tests.sync.made import InjectedFault


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def node(tmp_path):
    return node_at(tmp_path)


def patent(n, day=1, title="一种照明装置", **more):
    said = [
        ("title", title),
        ("creator", "张三"),
        ("creator", "李四"),
        ("publisher", "华南理工大学"),
        ("type", "发明专利 Patent"),
        ("identifier", f"https://ir.example/{n}"),
        ("identifier", f"申请号：CN{number(n)}"),
    ]
    return Item(f"oai:ir.example:{n}", f"2026-01-{day:02}T00:00:00Z", said, **more)


def article(n):
    return Item(f"oai:ir.example:a{n}", "2026-01-01T00:00:00Z", [("title", "灯的研究"), ("type", "Thesis")])


def added(node, provider, **given):
    usual = {"name": "学校", "url": provider.url, "prefix": "oai_dc", "set_spec": "", "audience": ""}
    harvest.add(node, Source(**{**usual, "added_by": "王", "added_at": 5, **given}))


def harvested(node):
    return harvest.run(node, "学校", "王", wait=lambda seconds: None)


def filed(node):
    return [parts[0][1].key for parts in entries(node)]


def test_rights_come_and_everything_else_is_counted_as_blank(node):
    with providing(patent(1), article(1), patent(2), article(2), patent(3)) as provider:
        added(node, provider)
        found = harvested(node)
    assert (found.since, found.pages, found.records, found.deleted) == ("", 3, 5, 0)
    done = found.submission
    assert (done.rows, done.blank, done.records, done.sealed, done.refused) == (5, 2, 3, 3, 0)
    assert (done.files, done.format, done.layout) == ((provider.url,), "oai-pmh", "oai_dc")
    assert filed(node) == [key(1), key(2), key(3)]
    fields = entries(node)[0][0][1].fields
    assert (fields["title"], fields["inventors"]) == ("一种照明装置", ["张三", "李四"])
    assert fields["owners"] == [{"name": "华南理工大学"}]


def test_the_next_harvest_asks_for_what_changed_and_a_day_before(node):
    with providing(patent(1), patent(2)) as provider:
        added(node, provider)
        harvested(node)
        provider.items.append(patent(3, day=28))
        provider.now = "2026-03-05T06:07:08Z"
        provider.asked.clear()
        found = harvested(node)
        assert found.since == "2026-02-28T00:00:00Z"
        assert [one["verb"] for one in provider.asked] == ["Identify", "ListRecords"]
        assert found.submission is None, "nothing changed: no submission"
        provider.items.append(patent(4, day=28))
        provider.items[-1].datestamp = "2026-03-05T00:00:00Z"
        assert harvested(node).submission.sealed == 1
        assert "until" not in provider.asked[-1]


def test_a_repository_of_whole_days_is_asked_in_days(node):
    with providing(patent(1)) as provider:
        added(node, provider)
        harvested(node)
        right = provider.right

        def coarse(query):
            if query["verb"] == "Identify":
                return ok(provider.document("<Identify><granularity>YYYY-MM-DD</granularity></Identify>"))
            return right(query)

        provider.answer = coarse
        assert harvested(node).since == "2026-02-28"


def test_what_was_deleted_there_is_reported_and_stands_here(node):
    with providing(patent(1), patent(2)) as provider:
        added(node, provider)
        harvested(node)
        gone = Item("oai:ir.example:2", "2026-03-02T00:00:00Z", None)
        unknown = Item("oai:ir.example:77", "2026-03-02T00:00:00Z", None)
        provider.items += [gone, unknown]
        provider.now = "2026-03-03T00:00:00Z"
        found = harvested(node)
    assert (found.deleted, found.submission.sealed) == (2, 0)
    notes = list(node.notebook.findings(found.submission.number))
    assert [(one.rule, one.severity, one.key) for one in notes] == [("SOURCE_DELETED", "warning", key(2))]
    assert node.notebook.submission(found.submission.number).findings == {"SOURCE_DELETED": 1}
    assert len(entries(node)) == 2


@pytest.mark.parametrize("method", ["page_fetched", "harvest_complete", "remember_keys", "close_submission"])
@pytest.mark.parametrize("takes_effect", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_crash_at_any_step_loses_and_doubles_nothing(node, monkeypatch, method, takes_effect, at):
    with providing(*(patent(n) for n in range(6))) as provider:
        added(node, provider)
        real, calls = getattr(Notebook, method), []

        def broken(*given, **named):
            calls.append(1)
            if len(calls) != at:
                return real(*given, **named)
            if takes_effect:
                real(*given, **named)
            raise InjectedFault(at)

        with monkeypatch.context() as patched:
            patched.setattr(Notebook, method, broken)
            try:
                harvested(node)
            except InjectedFault:
                asked = len(provider.asked)
                patched.undo()
                harvested(node)
                assert len(provider.asked) - asked <= 4
        assert sorted(filed(node)) == [key(n) for n in range(6)]
        assert node.notebook.source("学校").complete_from == provider.now
        assert not list((node.home.path / "harvest").iterdir())
        if method in ("harvest_complete",) and at == 1:
            assert len(node.notebook.submissions()) == 1, "what was filed is not filed again"


def test_a_harvest_goes_on_where_the_line_broke(node):
    with providing(*(patent(n) for n in range(6))) as provider:
        added(node, provider)
        provider.answer = lambda query: provider.right(query) if len(provider.asked) < 3 else (404, {}, b"")
        with pytest.raises(HarvestFailed):
            harvested(node)
        assert "404" in node.notebook.source("学校").error
        assert entries(node) == []
        provider.answer = provider.right
        provider.asked.clear()
        assert harvested(node).submission.sealed == 6
        assert [list(one) for one in provider.asked] == [["verb", "resumptionToken"]]


def test_a_token_that_was_forgotten_begins_the_harvest_again(node):
    with providing(*(patent(n) for n in range(6))) as provider:
        added(node, provider)
        bad = ok(provider.error("badResumptionToken"))
        provider.answer = lambda query: bad if "resumptionToken" in query else provider.right(query)
        with pytest.raises(TokenLost):
            harvested(node)
        provider.answer = provider.right
        assert harvested(node).submission.sealed == 6


def page_of(provider, token, *items):
    inside = "".join(map(record, items))
    return ok(provider.document(f"<ListRecords>{inside}<resumptionToken>{token}</resumptionToken></ListRecords>"))


def test_a_provider_without_end_is_left(node):
    with providing() as provider:
        added(node, provider)
        provider.answer = lambda query: page_of(provider, "same", patent(1))
        with pytest.raises(HarvestFailed, match="again and again"):
            harvested(node)
        node.notebook.harvest_again("学校")
        provider.answer = lambda query: page_of(provider, f"t{len(provider.asked)}")
        with pytest.raises(HarvestFailed, match="come to an end"):
            harvested(node)


def test_a_broken_page_is_kept_for_its_people(node):
    with providing() as provider:
        added(node, provider)
        provider.answer = lambda query: (200, {}, b"<OAI-PMH>")
        with pytest.raises(BrokenPage):
            harvested(node)
    assert (node.home.outbox / "学校-broken-page.xml").read_bytes() == b"<OAI-PMH>"


def test_a_repository_that_lies_about_its_clock_is_refused(node):
    with providing(patent(1), now="yesterday") as provider:
        added(node, provider)
        with pytest.raises(HarvestFailed, match="response date"):
            harvested(node)


def test_what_cannot_be_a_source_is_refused(node):
    with providing() as provider:
        for given, error in (
            ({"url": "file:///etc/passwd"}, NoRepository),
            ({"name": "../x"}, harvest.BadSourceName),
            ({"audience": "everybody"}, UnknownAudience),
            ({"audience": "federation"}, WiderAudience),
        ):
            with pytest.raises(error):
                added(node, provider, **given)
        with pytest.raises(NoSource):
            harvested(node)
    assert node.notebook.sources() == []


def test_one_source_that_fails_does_not_stop_the_next(node):
    with providing(patent(1)) as good, providing() as bad:
        bad.answer = lambda query: (404, {}, b"")
        added(node, bad, name="a")
        added(node, good, name="b")
        with pytest.raises(HarvestFailed):
            harvest.run_due(node, 10.0, "night", threading.Event())
        assert filed(node) == [key(1)]
        good.asked.clear()
        with pytest.raises(HarvestFailed):
            harvest.run_due(node, 10.0, "night", threading.Event())
        assert good.asked == [], "what was whole since then is not asked again"


def test_a_harvest_that_changes_too_much_waits_and_the_next_one_goes_on(node):
    with providing(*(patent(n) for n in range(30))) as provider:
        added(node, provider)
        harvested(node)
        provider.now, today = "2026-03-05T06:07:08Z", "2026-03-05T00:00:00Z"
        provider.items[:] = [patent(n, title="改名的灯") for n in range(25)] + [patent(90)]
        for one in provider.items:
            one.datestamp = today
        found = harvested(node)
        assert (found.submission.sealed, found.submission.held) == (1, 25)
        (one,) = holds.listed(node)
        assert (one.file, one.what) == (provider.url, "import")
        provider.items[:] = [patent(91)]
        provider.items[0].datestamp = today
        assert harvested(node).submission.sealed == 1
    filed = holds.release(node, one.id, "王", "已核实").submission
    assert (filed.sealed, filed.format, filed.layout) == (25, "oai-pmh", "oai_dc")
    assert sum(parts[0][1].fields["title"] == "改名的灯" for parts in entries(node)) == 25


@pytest.mark.parametrize("left", [0, 30])
def test_a_source_that_is_empty_or_deletes_everything_withdraws_nothing(node, left):
    with providing(*(patent(n) for n in range(30))) as provider:
        added(node, provider)
        harvested(node)
        provider.items[:] = [Item(f"oai:ir.example:{n}", "2026-03-02T00:00:00Z", None) for n in range(left)]
        provider.now = "2026-03-03T00:00:00Z"
        found = harvested(node)
    assert found.deleted == left
    assert [parts[0][1].op for parts in entries(node)] == ["assert"] * 30
    assert holds.listed(node) == []
