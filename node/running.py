"""A node at work: its doors, its nights, and the worker that follows up what comes in, until it is told to stop."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import grpc
from banyan.v1 import reconcile_pb2_grpc, search_pb2_grpc

from catalog.errors import CatalogError
from node import (
    cataloguing,
    checking,
    erasures,
    expiry,
    feeds,
    harvest,
    manifests,
    nightly,
    reconciling,
    succession,
    told,
    verdicts,
)
from node.errors import NodeError
from node.inbox import Inbox
from node.node import Node
from node.reconcile_door import ReconcileService
from node.relay import SearchService
from node.schedule import Job, Night, Window
from node.serving import Doors, hosts, open_doors
from sync import freshness
from sync.errors import SyncError

log = logging.getLogger(__name__)
RETRY_S = 30.0
ANSWERS_MINUTES = 30  # in which substations fetch what the hub has answered, after their night
CHECK_MINUTES = 180  # after the night, in which the node looks at what it holds
INBOX_S = 2.0


class Running:
    """What `serve` runs. The worker has one thing to do at a time: seal or show new registrations, then apply."""

    def __init__(self, node: Node):
        self.node = node
        self._stop = threading.Event()
        self._due = threading.Event()
        self._enrolled = threading.Event()
        self._doors: Doors | None = None
        self._retry: threading.Timer | None = None
        self._night = Night(self._jobs(), node.notebook, node.clock, node.origin)
        self._worker = threading.Thread(target=self._work, name="worker")
        self._clerk = threading.Thread(target=self._watch_inbox, name="inbox")

    def start(self) -> None:
        """Open the doors of a node that has children, and start its nights."""
        self.node.notebook.interrupt_open_runs(self.node.clock())
        if self.node.settings.registers:
            self._doors = open_doors(
                self.node, self._stored, self._let_in, lambda server: add_services(self.node, server)
            )
            self.node = self._doors.node
        self._due.set()
        self._enrolled.set()
        self._worker.start()
        if self.node.settings.role == "outlet":
            self._clerk.start()
        self._night.start()

    def stop(self) -> None:
        """Take no new calls, let what is under way finish, and return within seconds."""
        self._stop.set()
        self._due.set()
        self._night.stop()
        if self._doors is not None:
            self._doors.close()
        self._worker.join()
        if self._clerk.ident is not None:
            self._clerk.join()

    def _watch_inbox(self) -> None:
        """Take files from the inbox until told to stop; what cannot be taken now is tried again."""
        inbox, wait_s = Inbox(self.node), 0.0
        while not self._stop.wait(wait_s):
            taken = self._attempt("inbox", lambda: inbox.look(time.monotonic()))
            wait_s = INBOX_S if taken else RETRY_S

    # -- what comes in ------------------------------------------------------------------------------------------------

    def _stored(self, _origin: str) -> None:
        self._due.set()

    def _let_in(self, _origin: str) -> None:
        self._enrolled.set()
        self._due.set()

    def _work(self) -> None:
        """Follow up until told to stop; what could not be done yet is tried again."""
        while not self._stop.is_set():
            self._due.wait()
            self._due.clear()
            if self._stop.is_set():
                return
            done = self._attempt("seal", self._seal) if self._enrolled.is_set() else True
            done = self._attempt("apply", lambda: cataloguing.apply(self.node, self._stop)) and done
            done = self._attempt("erase", lambda: erasures.follow_up(self.node)) and done
            if self._retry is not None:
                self._retry.cancel()  # one at a time, however much comes in while something fails
            if not done and not self._stop.is_set():
                self._retry = threading.Timer(RETRY_S, self._due.set)
                self._retry.daemon = True
                self._retry.start()

    def _attempt(self, what: str, step: Callable[[], object]) -> bool:
        try:
            step()
        except (SyncError, NodeError, CatalogError, OSError, sqlite3.Error) as error:
            log.warning("put off what=%s error=%r", what, error)
            return False
        except Exception:  # top of this thread: the doors stay open, and a person is told
            log.exception("broke what=%s", what)
            return False
        return True

    def _seal(self) -> None:
        """Bring new registrations under a head: the hub signs, a substation does so in a session with its parent."""
        self._enrolled.clear()
        try:
            if self.node.settings.role == "hub":
                with self.node.opened() as opened:
                    opened.seal_as_hub()
            elif self.node.settings.registers:
                _raise_first(nightly.run(self.node, stop=self._stop))
        except BaseException:
            self._enrolled.set()
            raise

    # -- the night ----------------------------------------------------------------------------------------------------

    def _jobs(self) -> list[Job]:
        settings = self.node.settings
        zone = ZoneInfo(settings.timezone)
        window = Window.parse(settings.window, zone)
        jobs = [Job("night", window, self._run_night)]
        if settings.parents and settings.registers:
            jobs.append(Job("answers", window.after(ANSWERS_MINUTES), self._fetch_word))
        if settings.role == "outlet":
            jobs.append(Job("answers", Window.parse(settings.answers_window, zone), self._fetch_answers))
            jobs.append(Job("harvest", Window.parse(settings.window, zone), self._harvest))
        jobs.append(Job("fsck", window.after(CHECK_MINUTES), self._check))
        return jobs

    def _check(self, until: float, stop: threading.Event) -> None:
        """Look at a thirtieth of everything that is held here, when the night's calls are over."""
        checking.night(self.node, until, stop)

    def _harvest(self, until: float, stop: threading.Event) -> None:
        """Harvest the sources that were not harvested whole in this window yet."""
        zone = ZoneInfo(self.node.settings.timezone)
        begun = Window.parse(self.node.settings.window, zone).latest(self.node.clock())[0]
        harvest.run_due(self.node, begun, "harvest", stop)

    def _fetch_answers(self, until: float, stop: threading.Event) -> None:
        """Call again in the morning if an answer is awaited; a night in which nothing changed costs one session."""
        if nightly.awaits_answers(self.node):
            self._run_night(until, stop)

    def _fetch_word(self, until: float, stop: threading.Event) -> None:
        """Call again before the outlets do, where a node above has not said yet that it judged what was brought."""
        if told.awaits_word(self.node):
            self._run_night(until, stop)

    def _run_night(self, until: float, stop: threading.Event) -> None:
        """Feeds first; answer those below; then the hub signs its head anew, others call their parents; then apply,
        and compare with the parents what came of it.

        A night that is tried again goes on: who was answered in it already gets the next answer in the next one.
        """

        def left() -> float:
            return until - self.node.clock()

        self.node = self.node.renewed()
        if self._doors is not None:
            self.node.own_authority(hosts(self.node))
            with self.node.opened() as opened:
                succession.settle(self.node, opened, hosts(self.node))
        feeds.sync_all(self.node, left, stop)
        if self.node.settings.role not in ("outlet", "feed"):
            window = Window.parse(self.node.settings.window, ZoneInfo(self.node.settings.timezone))
            begun = window.latest(self.node.clock())[0]
            verdicts.decide(self.node, since=begun)
            manifests.state(self.node, since_s=begun)
            manifests.look(self.node)
        if self.node.settings.role == "hub":
            with self.node.opened() as opened:
                expiry.warn(self.node, opened)
                opened.seal_as_hub(resign=True)
            cataloguing.apply(self.node, stop)
            self._attempt("erase", lambda: erasures.follow_up(self.node))
            return
        night = nightly.run(self.node, left, stop)
        self.node = self.node.renewed()  # it may have moved
        self._alarm_if_stale()
        cataloguing.apply(self.node, stop)
        self._attempt("erase", lambda: erasures.follow_up(self.node))
        reconciling.after_session(self.node, night, left, stop)
        _raise_first(night)

    def _alarm_if_stale(self) -> None:
        """Tell a person, once for each old head, that the word from above is over 26 hours old; work goes on."""
        with self.node.opened() as opened:
            for one in freshness.stale(opened.store, opened.registry, self.node.clock()):
                log.error("stale origin=%s age_s=%d", one.origin, one.age_s)
                signed = datetime.fromtimestamp(int(self.node.clock()) - one.age_s, UTC)
                with opened.store.write():
                    opened.store.alarm("stale", one.origin, f"newest head signed {signed:%Y-%m-%d %H:%M} UTC")


def add_services(node: Node, server: grpc.Server) -> None:
    """Add to the sync door what children ask besides: searching, and comparing catalogues."""
    search_pb2_grpc.add_SearchServicer_to_server(SearchService(node), server)
    reconcile_pb2_grpc.add_ReconcileServicer_to_server(ReconcileService(node), server)


def _raise_first(night: nightly.NightReport) -> None:
    """Raise what the first parent's session failed with, now that every parent was called."""
    for error in night.failures.values():
        raise error
