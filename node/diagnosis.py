"""What `doctor` can find: each trouble with its cause and its cure, in the language in use."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from node.messages import _
from node.overdue import Overdue

OK, WARN, FAIL = "ok", "warn", "fail"
SKEW_ODD_S, SKEW_BAD_S = 60, 300
WARN_DAYS = 30
_EXPIRED, _NOT_YET = 10, 9  # X.509 verify codes, RFC 5280 in OpenSSL's numbering


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tested: on what, how it stands, why, and what to do."""

    test: str
    about: str
    state: str
    cause: str
    cure: str = ""


def disk_low(home: Path, free_mb: int, floor_mb: int) -> Finding:
    cause = _("Only {free} MB are free; below {floor} MB nothing is taken in.").format(free=free_mb, floor=floor_mb)
    return Finding("disk", str(home), FAIL, cause, _("Make room on this disk, or move the home to a larger one."))


def disk_broken(home: Path, error: OSError) -> Finding:
    cause = _("Files cannot be written: {error}.").format(error=error.strerror)
    return Finding("disk", str(home), FAIL, cause, _("Check the disk and the owner of this directory."))


def file_missing(path: Path) -> Finding:
    cure = _("Restore it from the newest backup with `restore`; do not make a new one.")
    if path.name == "head.lock":
        cure = _("Run `recover`: this node signs nothing before its parents have shown what it signed.")
    return Finding("files", str(path), FAIL, _("{file} is missing.").format(file=path.name), cure)


def newer_program(path: Path, changes: str) -> Finding:
    cause = _("A newer version of the program has changed {file} ({changes}).").format(file=path.name, changes=changes)
    return Finding("versions", str(path), FAIL, cause, _("Install that version again; this one may misread the file."))


def clock_behind_itself(seconds: int) -> Finding:
    cause = _("The clock is {minutes} minutes behind what this node signed last.").format(minutes=seconds // 60)
    return Finding("clock", "", FAIL, cause, _("Set this machine's clock, best by NTP; until then nothing is signed."))


def not_serving(listen: str) -> Finding:
    cure = _("Start `serve`, or the service that runs it; without it, nobody can call this node.")
    return Finding("doors", listen, WARN, _("Nothing listens there."), cure)


def overdue(by: str, late: Sequence[Overdue]) -> Finding:
    """Return what waits here for a receipt by one node above."""
    cause = _("{count} entries of {logs} logs have no receipt by {by} for up to {nights} nights.").format(
        count=sum(one.missing for one in late), logs=len(late), by=by, nights=max(one.nights for one in late)
    )
    if late[0].direct:
        cure = _("Mend what is said of {by} here, or bring them on a disk with `carry out`; `status` names the logs.")
    else:
        cure = _("Ask the operator of the node between whether its line to {by} is down.")
    return Finding("overdue", by, WARN, cause, cure.format(by=by))


def days(test: str, about: str, left: int) -> Finding:
    """Return how a certificate stands: it renews itself with 30 days left, so fewer mean that renewing fails."""
    if left < 0:
        cause = _("The certificate expired {days} days ago.").format(days=-left)
        return Finding(
            test, about, FAIL, cause, _("Run `sync`: it is renewed by the log key while this node is active.")
        )
    cause = _("The certificate lasts {days} more days.").format(days=left)
    if left < WARN_DAYS:
        return Finding(test, about, WARN, cause, _("It should have renewed itself: run `sync`, and read what it says."))
    return Finding(test, about, OK, cause)


def name_unknown(about: str, host: str, error: OSError) -> Finding:
    cause = _("The name {host} is not known here ({error}).").format(host=host, error=error.strerror or error)
    return Finding(
        "name", about, FAIL, cause, _("Check this machine's DNS and the address of the parent in node.toml.")
    )


def port_closed(about: str, host: str, port: int, error: OSError, proxies: list[str]) -> Finding:
    """A refusal is an answer by the machine; silence is a firewall, or the wrong network."""
    if isinstance(error, ConnectionRefusedError):
        cause = _("{host} answers, but nothing listens at port {port}.").format(host=host, port=port)
        cure = _("Ask the parent's operator whether `serve` runs, and at which port.")
    else:
        cause = _("{host}:{port} does not answer ({error}).").format(host=host, port=port, error=error)
        cure = _("Ask the network's administrator to let connections out to this address and port.")
    if proxies:
        cure += " " + _("A proxy is set ({names}); this program connects directly, it uses none.").format(
            names=", ".join(proxies)
        )
    return Finding("port", about, FAIL, cause, cure)


def other_certificate(about: str, code: int, why: str) -> Finding:
    """Tell a wrong clock from somebody between: both end in a certificate that is refused."""
    if code in (_EXPIRED, _NOT_YET):
        cause = _("The parent's certificate is not valid at this machine's time ({why}).").format(why=why)
        cure = _("Set this machine's clock first. If it is right, the parent must start `serve` again to renew.")
        return Finding("certificate", about, FAIL, cause, cure)
    cause = _("Who answers there is not {origin}: its certificate is from another authority ({why}).").format(
        origin=about, why=why
    )
    cure = _(
        "A proxy that opens TLS, or the address of another machine: ask the network's administrator to let this "
        "address through untouched, and compare the address with the parent's operator."
    )
    return Finding("proxy", about, FAIL, cause, cure)


def no_tls(about: str, host: str, port: int, error: OSError) -> Finding:
    cause = _("{host}:{port} does not speak TLS, or broke off ({error}).").format(host=host, port=port, error=error)
    cure = _("Something else listens there, or a proxy stands between: check the address and port in node.toml.")
    return Finding("proxy", about, FAIL, cause, cure)


def not_joined(about: str) -> Finding:
    cure = _("Run `join` again with the same invitation; if it waits for approval, ask the parent's operator.")
    return Finding("approval", about, FAIL, _("This parent has given this node no certificate yet."), cure)


def not_approved(about: str, status: str, reason: str) -> Finding:
    cause = _("This node is {status} there ({reason}).").format(status=_(status), reason=reason or "-")
    return Finding("approval", about, FAIL, cause, _("Ask the parent's operator; your records stay, and wait here."))


def clocks_differ(about: str, seconds: int) -> Finding:
    minutes = f"{abs(seconds) / 60:.0f}"
    behind = _("This machine's clock is {minutes} minutes behind the parent's.").format(minutes=minutes)
    ahead = _("This machine's clock is {minutes} minutes ahead of the parent's.").format(minutes=minutes)
    state = FAIL if abs(seconds) > SKEW_BAD_S else WARN
    cure = _("Set this machine's clock, best by NTP; if it is right, tell the parent's operator.")
    return Finding("clock", about, state, behind if seconds > 0 else ahead, cure)
