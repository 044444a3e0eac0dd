"""How forks are told in a session, both ways: what a parent tells is verified, what it lacks is brought."""

import logging
from dataclasses import dataclass, field

from sync import forks
from sync.bringing import Report, known_epoch
from sync.client import Client, Greeting, Hello
from sync.errors import Fork, NotAllowed, SyncError, Unreachable
from sync.registry import Registry
from sync.store import Store

log = logging.getLogger(__name__)


@dataclass
class Telling:
    """What is told in one session; what a parent tells and does not hold is said in `report.refused`."""

    store: Store
    registry: Registry
    client: Client
    report: Report
    named: set[bytes] = field(default_factory=set)

    def greeting(self) -> list[tuple[str, bytes]]:
        """Return what this node holds, as Hello names it; what is found after that is brought unasked."""
        names = forks.names(self.store)
        self.named |= {name for _origin, name in names}
        return names

    def learn(self, hello: Hello) -> None:
        """Keep what the parent tells, each file once it verifies."""
        for file, registrations in hello.forks:
            try:
                new = forks.learn(self.store, self.registry, file, registrations, self.client.parent)
            except SyncError as error:
                log.warning("fork not believed parent=%s error=%r", self.client.parent, error)
                self.report.refused.append((self.client.parent, f"{type(error).__name__}: {error}"))
                continue
            self.report.forks += new
        self.named |= {one.name for one in forks.kept(self.store) if one.told_by == self.client.parent}

    def tell(self, hello: Hello, refusal: SyncError | None) -> None:
        """Bring what the parent wants and what was found since Hello; ask again where it found a fork itself."""
        wanted = set(hello.wanted_forks)
        for one in forks.kept(self.store):
            if one.name in wanted or one.name not in self.named:
                try:
                    shown = forks.with_registrations(self.store, self.registry, one)
                    self.client.add_fork(one.file, shown)
                except Unreachable:
                    raise
                except SyncError as error:
                    self.report.refused.append((one.origin, f"{type(error).__name__}: {error}"))
        if self._hears_of_a_fork(refusal):
            epoch = known_epoch(self.store, self.client.parent)
            self.learn(self.client.hello(Greeting(epoch, (), (), b"", (), self.greeting())))

    def _hears_of_a_fork(self, refusal: SyncError | None) -> bool:
        """Tell whether the parent refused a log as forked of which no evidence is held here yet."""
        said = [origin for origin, reason in self.report.refused if reason.startswith("Fork") or "frozen" in reason]
        if isinstance(refusal, Fork) or (isinstance(refusal, NotAllowed) and refusal.reason == "frozen"):
            said.append(str(refusal.args[0]))
        return any(not forks.is_forked(self.store, origin) for origin in said)
