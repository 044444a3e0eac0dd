"""Random histories: the order of logs does not matter, a rebuilt view is the same, a crash anywhere changes nothing."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.applying import apply
from catalog.catalogue import Catalogue
from catalog.indexing import index
from catalog.rebuilding import rebuild
from catalog.sources import role_by_name
from records import checks
from records.rules import finding
from sync.store import Store
from tests.catalog.bench import Bench
from tests.catalog.dump import dump, results
from tests.catalog.logs import LED, SCUT, SZU, patent, withdrawal

ORIGINS = (SCUT, LED, SZU)
AUDIENCES = ("public", "federation", "path", "alliance:abcd", "node:ip.example")
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# "坏" is refused by the rules from version 2 on, "劣" by those before; "烂" always.
titles = st.sampled_from(["灯", "光", "坏", "劣", "烂"])
said = st.one_of(
    st.builds(
        patent,
        st.integers(0, 3),
        titles,
        publication_date=st.sampled_from(["2018-01-01", "2019-01-01"]),
        ipc=st.sampled_from([["F21V 29/70"], ["F21V 29/70", "B65D 1/02"]]),
    ),
    st.builds(withdrawal, st.integers(0, 3)),
    st.just(b"junk"),
)
entries = st.lists(st.tuples(st.sampled_from(AUDIENCES), said), min_size=1, max_size=2)
filing = st.tuples(st.just("file"), st.sampled_from(ORIGINS), st.lists(entries, min_size=1, max_size=5))
steps = st.lists(
    st.one_of(filing, filing, st.just(("apply",)), st.just(("lose",)), st.just(("find",)), st.just(("upgrade",))),
    max_size=12,
)


class World:
    """A bench, the rules in force, and the parts that are on their way."""

    def __init__(self, folder: Path):
        self.bench = Bench(folder)
        self.rules = 1
        self.lost: list[tuple[str, int, int, bytes]] = []
        self.newest: tuple[str, int] | None = None

    def take(self, step: tuple) -> None:
        """Do one step; losing takes a part of the entry filed last, before it was applied."""
        if step[0] == "file":
            first = self.bench.logs.file(step[1], *step[2])
            self.newest = step[1], first
        elif step[0] == "lose" and self.newest:
            self.lost.append((*self.newest, 0, self.bench.logs.lose(*self.newest)))
            self.newest = None
        elif step[0] == "find" and self.lost:
            origin, at, part, content = self.lost.pop()
            self.bench.logs.find(origin, at, content, part)
        elif step[0] == "apply":
            self.newest = None
            with self.ruled():
                self.bench.apply()
        elif step[0] == "upgrade":
            self.rules += 1

    @contextmanager
    def ruled(self) -> Iterator[None]:
        with (
            mock.patch("catalog.applying.RULES_VERSION", self.rules),
            mock.patch("catalog.applying.CHUNK", 3),
            mock.patch("catalog.judgement.checks.check", self._check),
        ):
            yield

    def _check(self, record, known, check=checks.check):
        refused = "烂", "劣" if self.rules < 2 else "坏"
        bad = record.fields.get("title") in refused
        return [*check(record, known), *([finding("SCHEMA", "title", "", detail="x")] if bad else [])]


@contextmanager
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        made = World(Path(folder))
        try:
            yield made
        finally:
            made.bench.close()


@quick
@given(steps)
def test_a_rebuilt_view_has_the_same_rows_with_the_same_times(history):
    with world() as found:
        for step in [*history, ("apply",)]:
            found.take(step)
        before = dump(found.bench.catalogue)
        with found.ruled():
            rebuild(found.bench.logs.store, found.bench.path, "", lambda: 9000.0, role_by_name)
        assert dump(found.bench.catalogue) == before
        assert found.bench.catalogue.db.execute("pragma integrity_check").fetchall() == [("ok",)]


@quick
@given(steps)
def test_a_view_made_at_once_shows_the_same_as_one_made_night_by_night(history):
    with world() as found:
        for step in [*history, ("apply",)]:
            found.take(step)
        beside = Catalogue.create(found.bench.path.with_name("beside.db"))
        with found.ruled():
            apply(found.bench.logs.store, beside, "", lambda: 9000.0, role_by_name)
        assert results(beside) == results(found.bench.catalogue)
        beside.close()


@quick
@given(st.lists(filing, max_size=8), st.permutations(ORIGINS))
def test_the_order_in_which_logs_are_applied_does_not_matter(filings, order):
    with world() as one, world() as other:
        for step in filings:
            one.take(step)
            one.take(("apply",))
        for origin in order:
            for step in filings:
                if step[1] == origin:
                    other.take(step)
            other.take(("apply",))
        assert results(one.bench.catalogue) == results(other.bench.catalogue)


class InjectedFault(Exception):
    pass


class Faulty:
    """A connection whose commit fails, before or after it lands, when the shared countdown ends."""

    def __init__(self, connection, countdown: list[int], lands: bool):
        self._connection, self._countdown, self._lands = connection, countdown, lands

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def execute(self, sql, *values):
        if sql == "commit":
            self._countdown[0] -= 1
            if self._countdown[0] == 0:
                if self._lands:
                    self._connection.execute(sql)
                raise InjectedFault
        return self._connection.execute(sql, *values)


def applied(path: Path, log: Path, now: float, countdown: list[int], lands: bool) -> None:
    """Apply and index on connections of its own, which are closed at a fault as a killed process would."""
    store, catalogue = Store(log), Catalogue(path)
    connections = store.db, catalogue.db
    store.db = Faulty(store.db, countdown, lands)
    catalogue.db = Faulty(catalogue.db, countdown, lands)
    try:
        apply(store, catalogue, "", lambda: now, role_by_name)
        index(store, catalogue)
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.parametrize("lands", [False, True])
@quick
@given(history=steps, at=st.integers(1, 12))
def test_a_crash_at_any_commit_changes_nothing_once_applied_again(lands, history, at):
    with world() as crashed, world() as whole:
        for step in [*history, ("apply",)]:
            if step == ("apply",):
                crashed.newest = whole.newest = None
                now = whole.bench.now = crashed.bench.now = whole.bench.now + 1
                for found, countdown in ((crashed, [at]), (whole, [-1])):
                    with found.ruled():
                        applied_through(found, now, countdown, lands)
            else:
                crashed.take(step)
                whole.take(step)
        assert dump(crashed.bench.catalogue) == dump(whole.bench.catalogue)


def applied_through(found: World, now: float, countdown: list[int], lands: bool) -> None:
    """Apply; where that fails, once more."""
    paths = found.bench.path, found.bench.logs.store.path
    try:
        applied(*paths, now, countdown, lands)
    except InjectedFault:
        applied(*paths, now, [-1], lands)
