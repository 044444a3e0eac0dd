"""The registrar's chain of an evidence file: who registers whom, with which keys when, as proved statements say.

Statements are read in the order of the file. Each is proved in the log of somebody whose keys are known by then; what a
log may say of whom is checked as in the registry, by the same rules of eras.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from sync import control, entry, eras, origin, proof, proved, steps, tree
from sync.checkpoint import Checkpoint
from sync.eras import Era, Said
from sync.errors import BadProof, BadSignature, Malformed, SyncError
from sync.federation import Federation
from sync.head import Head
from sync.note import VerifierKey

Consistency = Mapping[tuple[str, int, int], list[bytes]]
_Read = control.Node | control.Rotate | control.Revoke | control.Confirm | control.Home | control.Successor


class NotProved(SyncError):
    """The file does not prove what it is for: (step, why)."""


@dataclass(frozen=True, slots=True)
class Registered:
    """One step of the registrar chain: whom a home registers, and when that head was signed (POSIX seconds)."""

    node: control.Node
    home: str
    index: int
    time_s: int


@dataclass
class Chain:
    """What has been proved so far. `consistency` are the file's proofs between two sizes of a log."""

    trusted: Federation
    consistency: Consistency
    registered: dict[str, Registered] = field(default_factory=dict)
    held: list[steps.Held] = field(default_factory=list)
    _said: dict[str, list[Said]] = field(default_factory=dict)
    _confirmed: list[control.Confirm] = field(default_factory=list)
    _homes: dict[str, list[str]] = field(default_factory=dict)
    _follows: dict[str, list[Said]] = field(default_factory=dict)

    def take(self, raw: bytes) -> None:
        """Follow one proved statement; raise NotProved where it does not hold, or its log may not say it."""
        home = _stated(raw)
        step = self.opened(raw, home, "registration")
        if step.entry.kind != entry.CONTROL:
            raise NotProved("registration", "not a control entry")
        try:
            statement = control.decode(step.entry.control)
        except Malformed as error:
            raise NotProved("registration", f"{home} sealed no statement: {error}") from error
        if not isinstance(statement, _Read) or not self._may_say(home, statement):
            raise NotProved("registration", f"{home} does not speak for it")
        before = self.eras(statement.origin)
        self._believe(Said(home, step.index, step.raw, statement), statement, step)
        self.held.append(steps.stated(home, step, statement, before, self.eras(statement.origin)))

    def _believe(self, said: Said, statement: _Read, step: proved.Step) -> None:
        match statement:
            case control.Confirm():
                self._confirmed.append(statement)
            case control.Home():
                self._homes.setdefault(statement.origin, []).append(statement.home)
            case control.Successor():
                self._follows.setdefault(statement.origin, []).append(said)
            case control.Node():
                self._keep(said)
                self.registered[statement.origin] = Registered(statement, said.home, step.index, step.head.time_s)
            case _:
                self._keep(said)

    def _keep(self, said: Said) -> None:
        assert said.statement is not None
        known = self._said.setdefault(said.statement.origin, [])
        if any(one.home == said.home and one.index >= said.index for one in known):
            raise NotProved("registration", f"statements of {said.home} are not in its order")
        known.append(said)

    def _may_say(self, home: str, statement: _Read) -> bool:
        hub = self.trusted.name
        if isinstance(statement, control.Confirm | control.Home):
            return home == hub
        if statement.origin == hub:
            return home == hub and isinstance(statement, control.Rotate)
        return home in (origin.default_home(statement.origin), *self._homes.get(statement.origin, ()))

    def chain(self) -> tuple[Registered, ...]:
        """Return the newest registration of each origin, with its newest keys, in the file's order."""
        return tuple(
            replace(one, node=_with_keys(one.node, self.eras(name)[-1])) for name, one in self.registered.items()
        )

    def eras(self, name: str) -> tuple[Era, ...]:
        """Return the keys that `name` has had, as far as the file shows; () for who is not registered in it."""
        said = self._said.get(name, [])
        if name == self.trusted.name:
            return eras.of_hub(self.trusted.versions, said)
        if origin.is_successor(name) and not any(
            self._is_confirmed(name, one.home, one.index, one.raw) for one in self._follows.get(name, [])
        ):
            return ()
        return eras.follow(said, self.trusted.id, lambda home, index, raw: self._is_confirmed(name, home, index, raw))

    def _is_confirmed(self, name: str, home: str, index: int, raw: bytes) -> bool:
        return control.Confirm(name, home, index, tree.leaf_hash(raw)) in self._confirmed

    def opened(self, raw: bytes, name: str, what: str) -> proved.Step:
        """Return the entry that a tlog-proof shows in the log `name`, under keys that counted for that head."""
        try:
            return proved.open_by(raw, self._opener(name))
        except (Malformed, BadSignature, BadProof) as error:
            raise NotProved(what, f"{type(error).__name__}: {error}") from error

    def _opener(self, name: str) -> Callable[[bytes], Head]:
        return lambda note: eras.open_head(self.eras(name), note, self._is_prefix)

    def _is_prefix(self, found: Checkpoint, last_good: Checkpoint) -> bool:
        hashes = self.consistency.get((found.origin, found.size, last_good.size))
        if hashes is None:
            return False
        try:
            proof.check_consistency(found.size, found.root, last_good.size, hashes, last_good.root)
        except BadProof:
            return False
        return True

    def era_of(self, name: str, note: bytes) -> Era:
        """Return the keys of `name` under which `opened` took a note; raise NotProved where it did not."""
        for one in reversed(self.eras(name)):
            try:
                eras.open_head((one,), note, self._is_prefix)
            except BadSignature:
                continue
            return one
        raise NotProved("record", f"no head of {name}")

    def mirror_keys(self, apart: str) -> dict[str, list[VerifierKey]]:
        """Return the mirror keys of everybody in the file but `apart`, that were not taken back as stolen."""
        names = [self.trusted.name, *(name for name in self.registered if name != apart)]
        return {
            name: list(dict.fromkeys(era.mirror_key for era in self.eras(name) if not era.revoked)) for name in names
        }


def _with_keys(node: control.Node, era: Era) -> control.Node:
    log_keys, mirror_key, hpke_key = era.keys
    return replace(node, log_keys=log_keys, mirror_key=mirror_key, hpke_key=hpke_key)


def _stated(raw: bytes) -> str:
    try:
        return proved.stated_origin(raw)
    except Malformed as error:
        raise NotProved("registration", f"{type(error).__name__}: {error}") from error
