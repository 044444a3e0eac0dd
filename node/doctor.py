"""`doctor`: what keeps this node from its parents, found step by step, each with its cause and its cure.

Name, port, proxy, certificates, approval, clock and versions for each parent; disk, clock, files and doors for the node
itself. Looking changes nothing but that the parent hears of us.
"""

import socket
import sqlite3
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from node import authority, changeover, diagnosis, keyfiles, overdue, sentences
from node.diagnosis import FAIL, OK, WARN, Finding
from node.errors import NodeError
from node.messages import _
from node.node import Node
from node.settings import Parent
from sync import quota, schema
from sync.client import Client, Greeting, Hello
from sync.errors import NeedsRecovery, NoRoom, NotAllowed, SyncError

TIMEOUT_S = 5.0
_PROXIES = ("https_proxy", "http_proxy", "all_proxy", "grpc_proxy")


@dataclass(frozen=True)
class Doctor:
    """Examines one node; `environ` is where proxies are named."""

    node: Node
    environ: Mapping[str, str]
    timeout_s: float = TIMEOUT_S

    def examine(self) -> Iterator[Finding]:
        """Yield what was found, the node itself first, then each parent; a step that others need ends its parent."""
        for step in (self._disk, self._files, self._own_clock, self._versions, self._keys, self._overdue):
            yield from step()
        if self.node.settings.registers:
            yield from self._doors()
        for parent in self.node.settings.parents:
            yield from self._parent(parent)

    # -- this node ----------------------------------------------------------------------------------------------------

    def _disk(self) -> Iterator[Finding]:
        home, floor_mb = self.node.home.path, self.node.settings.disk_floor_mb
        try:
            with tempfile.NamedTemporaryFile(dir=home) as file:
                file.write(b"\0" * 4096)
                file.flush()
            quota.check_room(home, floor_mb)
        except NoRoom as error:
            yield diagnosis.disk_low(home, int(error.args[0]), floor_mb)
        except OSError as error:
            yield diagnosis.disk_broken(home, error)
        else:
            yield Finding("disk", str(home), OK, _("There is room, and files can be written."))

    def _files(self) -> Iterator[Finding]:
        for path in (self.node.home.log_db, self.node.home.node_db, self.node.home.head_lock):
            if not path.is_file():
                yield diagnosis.file_missing(path)
            elif newer := _newer(path):
                yield diagnosis.newer_program(path, newer)
        try:
            keyfiles.load(self.node.home, self.node.origin)
            self.node.notebook.invitations()
        except (NodeError, sqlite3.Error) as error:
            yield Finding("files", str(self.node.home.path), FAIL, sentences.say(error, self.node.settings.language))
        else:
            yield Finding("files", str(self.node.home.path), OK, _("Keys and files are there, for this user alone."))

    def _own_clock(self) -> Iterator[Finding]:
        """Compare the clock with what this node itself signed last."""
        try:
            with self.node.lock() as lock:
                signed = lock.signed(self.node.origin)
        except NeedsRecovery:
            return  # `files` has said it
        behind = signed.time_s - int(self.node.clock()) if signed else 0
        if behind > diagnosis.SKEW_BAD_S:
            yield diagnosis.clock_behind_itself(behind)

    def _versions(self) -> Iterator[Finding]:
        found = ", ".join(f"{name} {version(name)}" for name in ("banyan-ip", "grpcio", "cryptography"))
        yield Finding("versions", self.node.origin, OK, f"{found}, SQLite {sqlite3.sqlite_version}")

    def _overdue(self) -> Iterator[Finding]:
        """Say what waits here for more than a night, in one line for each node above that has no receipt for it."""
        try:
            with self.node.opened() as opened:
                late = overdue.found(opened)
        except (SyncError, OSError, sqlite3.Error):
            return  # `files` has said it, or `fsck` will
        for by in sorted({one.by for one in late}):
            yield diagnosis.overdue(by, [one for one in late if one.by == by])

    def _keys(self) -> Iterator[Finding]:
        """Say which keys, and which TLS authority, are being replaced just now."""
        try:
            with self.node.opened() as opened:
                found = changeover.lines(changeover.of(self.node, opened))
        except (SyncError, NodeError, sqlite3.Error, OSError):
            return  # `files` has said it
        for one in found:
            yield Finding(
                "keys",
                self.node.origin,
                WARN,
                one,
                _("Nothing is lost meanwhile; docs/keys.md says what goes on by itself."),
            )
        if not found:
            yield Finding("keys", self.node.origin, OK, _("No key and no authority is being replaced."))

    def _doors(self) -> Iterator[Finding]:
        path = self.node.home.keys / authority.SERVER_CERTIFICATE
        if path.is_file():
            yield diagnosis.days("doors", self.node.origin, authority.days_left(path.read_bytes()))
        known = self.node.settings
        for listen in (known.sync_listen, known.join_listen):
            host, port = _split(listen)
            try:
                socket.create_connection((_local(host), port), self.timeout_s).close()
            except OSError:
                yield diagnosis.not_serving(listen)
            else:
                yield Finding("doors", listen, OK, _("Open."))

    # -- one parent ---------------------------------------------------------------------------------------------------

    def _parent(self, parent: Parent) -> Iterator[Finding]:
        host, port = _split(parent.sync_address)
        steps: tuple[Callable[[], Finding], ...] = (
            lambda: self._name(parent, host, port),
            lambda: self._port(parent, host, port),
            lambda: self._tls(parent, host, port),
            lambda: self._certificate(parent),
        )
        for step in steps:
            found = step()
            yield found
            if found.state == FAIL:
                return
        yield from self._hello(parent)

    def _name(self, parent: Parent, host: str, port: int) -> Finding:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            return diagnosis.name_unknown(parent.origin, host, error)
        return Finding("name", parent.origin, OK, f"{host} = {found[0][4][0]}")

    def _port(self, parent: Parent, host: str, port: int) -> Finding:
        try:
            socket.create_connection((host, port), self.timeout_s).close()
        except OSError as error:
            return diagnosis.port_closed(parent.origin, host, port, error, self._proxies())
        return Finding("port", parent.origin, OK, _("{host}:{port} answers.").format(host=host, port=port))

    def _proxies(self) -> list[str]:
        return sorted({name.lower() for name in self.environ if name.lower() in _PROXIES and self.environ[name]})

    def _tls(self, parent: Parent, host: str, port: int) -> Finding:
        """Shake hands as a stranger: what shows the certificate of another authority is not the parent."""
        try:
            _ours, ca = keyfiles.client_certificate(self.node.home, parent.origin)
        except NodeError:
            return diagnosis.not_joined(parent.origin)
        context = ssl.create_default_context(cadata=ca.decode())
        context.set_alpn_protocols(["h2"])
        try:
            with (
                socket.create_connection((host, port), self.timeout_s) as line,
                context.wrap_socket(line, server_hostname=authority.SERVER_NAME),
            ):
                pass
        except ssl.SSLCertVerificationError as error:
            return diagnosis.other_certificate(parent.origin, error.verify_code, error.verify_message)
        except OSError as error:  # ssl.SSLError is one
            return diagnosis.no_tls(parent.origin, host, port, error)
        said = _("The parent shows its own certificate; nothing stands between.")
        if proxies := self._proxies():
            said += " " + _("Proxies named in {names} are not used.").format(names=", ".join(proxies))
        return Finding("proxy", parent.origin, OK, said)

    def _certificate(self, parent: Parent) -> Finding:
        ours, _ca = keyfiles.client_certificate(self.node.home, parent.origin)
        return diagnosis.days("certificate", parent.origin, authority.days_left(ours))

    def _hello(self, parent: Parent) -> Iterator[Finding]:
        try:
            with self.node.channel(parent) as line:
                hello = Client(line, parent.origin, lambda: self.timeout_s * 2).hello(Greeting(b"", (), (), b"", ()))
        except NotAllowed as error:
            yield diagnosis.not_approved(parent.origin, error.reason, error.reason)
            return
        except (SyncError, NodeError) as error:
            yield Finding("approval", parent.origin, FAIL, sentences.say(error, self.node.settings.language))
            return
        if hello.status == "active":
            yield Finding("approval", parent.origin, OK, _("Approved: this node is active there."))
        else:
            yield diagnosis.not_approved(parent.origin, hello.status, sentences.reason(hello.because or hello.reason))
        yield self._skew(parent, hello)

    def _skew(self, parent: Parent, hello: Hello) -> Finding:
        skew_s = int(hello.time_ms / 1000 - self.node.clock())
        if abs(skew_s) > diagnosis.SKEW_ODD_S:
            return diagnosis.clocks_differ(parent.origin, skew_s)
        return Finding("clock", parent.origin, OK, _("The clocks differ by {seconds} s.").format(seconds=skew_s))


def worst(findings: list[Finding]) -> str:
    """Return the worst state among all."""
    return max((one.state for one in findings), key=(OK, WARN, FAIL).index, default=OK)


def _split(address: str) -> tuple[str, int]:
    host, _colon, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _local(host: str) -> str:
    """Return where a door that listens everywhere is reached from here."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def _newer(path: Path) -> str:
    """Return the changes that a newer program has made to log.db; "" for none."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return ", ".join(sorted(schema.newer(db)))
    except sqlite3.Error:
        return ""
