"""How nodes stand: those below this one, and this one itself, in the same numbers everywhere."""

import time
from dataclasses import asdict
from datetime import datetime
from typing import Any

from node import (
    authority,
    cataloguing,
    causes,
    changeover,
    hold_book,
    holds,
    keyfiles,
    manifests,
    overdue,
    reconciling,
    stands,
    told,
)
from node.errors import NodeError
from node.invitation_book import Invitation
from node.messages import N_, _, either
from node.node import Node, Opened
from node.request_book import Request
from sync import control, forks, freshness
from sync.bundles import Bundles
from sync.damage import Book
from sync.silence import NO_MANIFEST

_UNUSED = ("invited", "expired", "withdrawn")
_WORDS = (
    N_("invited"),
    N_("expired"),
    N_("withdrawn"),
    N_("waiting"),
    N_("moved"),
    N_("member"),
    N_("feed"),
)  # shown by what lists these rows


def listed(node: Node) -> list[dict[str, Any]]:
    """Return everyone invited or registered here, by origin: state, name, entries held, last receipt, alarms."""
    with cataloguing.catalogue(node) as found:
        names, kept_out = found.names(), found.kept_out()
    drifted = {one["node"]: one["different"] + one["missing"] + one["extra"] for one in reconciling.standing(node)}
    given = node.notebook.certificates()
    with node.opened() as opened:
        alarms = [origin for _at, _what, origin, _detail in opened.store.alarms()]
        heard = manifests.heard(opened)
        rows = {
            one.origin: _child(opened, one, names, alarms)
            | heard[one.origin]
            | {"quarantined": kept_out.get(one.origin, 0), "drift": drifted.get(one.origin)}
            | {"certificate_days_left": _days_left(node, given.get(one.origin))}
            for one in opened.registry.children(moved=True)
        }
    for invitation in node.notebook.invitations():
        if invitation.origin and invitation.origin not in rows and invitation.state in _UNUSED:
            over = invitation.state == "invited" and invitation.expires <= node.clock()
            rows[invitation.origin] = _expected(invitation, "expired" if over else invitation.state)
    for asked in node.notebook.requests("waiting"):
        if asked.origin not in rows or rows[asked.origin]["status"] in _UNUSED:
            rows[asked.origin] = _expected(asked, "waiting")
    return [rows[origin] for origin in sorted(rows)]


def status_said(row: dict[str, Any]) -> str:
    """Return how a node below stands, as people read it."""
    return _("moved to {home}").format(home=row["moved_to"]) if row["moved_to"] else _(row["status"])


def _days_left(node: Node, ends_s: int | None) -> int | None:
    return None if ends_s is None else int(ends_s - node.clock()) // 86_400


def _expected(one: Invitation | Request, status: str) -> dict[str, Any]:
    """Return the row of a node that is not registered here yet."""
    counts = {
        "entries": 0,
        "received": None,
        "quarantined": 0,
        "drift": None,
        "called": None,
        "manifest": None,
        "moved_to": "",
        "alarms": 0,
        "certificate_days_left": None,
    }
    return {"origin": one.origin, "name": one.name, "role": one.role, "status": status, "reason": "", **counts}


def _child(
    opened: Opened, stated: control.Node | control.Member, names: dict[str, str], alarms: list[str]
) -> dict[str, Any]:
    log, moved = opened.store.log(stated.origin), opened.registry.has_moved(stated.origin)
    receipt = opened.store.newest_receipt(log, opened.node.origin) if log else None
    return {
        "origin": stated.origin,
        "name": names.get(stated.origin, ""),
        "role": stated.role if isinstance(stated, control.Node) else "member",
        "status": "moved" if moved else stated.status,
        "moved_to": opened.registry.home(stated.origin) if moved else "",
        "reason": stated.reason,
        "entries": log.stored if log else 0,
        "received": receipt.time_s if receipt else None,
        "alarms": alarms.count(stated.origin),
    }


def standing(node: Node) -> dict[str, Any]:
    """Return how this node stands: log, parents, catalogue, runs and alarms."""
    with node.opened() as opened, cataloguing.catalogue(node) as found:
        log = opened.own.log
        lag = found.lag(opened.store, node.origin)
        logs = opened.store.logs()
        wanted = sum(Bundles(opened.store, one).count_wanted() for one in opened.store.logs_with_wanted())
        counts: dict[str, Any] = dict(found.counts())
        answer: dict[str, Any] = {
            "origin": node.origin,
            "role": node.settings.role,
            "name": node.settings.name,
            "federation": node.federation.id.hex(),
            "log": {"entries": log.next_entry, "signed": log.stored, "frozen": log.frozen},
            "logs": len(logs),
            "entries_held": sum(one.next_entry for one in logs),
            "parts_wanted": wanted,
            "parts_withheld": counts["waiting"] - min(wanted, counts["waiting"]),
            "parents": [_parent(opened, one.origin) for one in node.settings.parents],
            "stale": [
                {"origin": one.origin, "hours": one.age_s // 3600}
                for one in freshness.stale(opened.store, opened.registry, node.clock())
            ],
            "silent": [
                {"origin": one.origin, "what": one.what, "since": one.since_s, "night": one.night}
                for one in manifests.silent(opened)
            ],
            "overdue": [asdict(one) for one in overdue.found(opened)],
            "forks": sorted({one.origin for one in forks.kept(opened.store)}),
            "catalogue": {**counts, "waiting": wanted, "entries_behind": lag.entries, "records_behind": lag.records},
            "alarms": [
                {"at": at, "what": what, "origin": origin, "detail": detail}
                for at, what, origin, detail in opened.store.alarms()
            ],
            "damaged": len(Book(opened.store).open()),
            "changing": asdict(changeover.of(node, opened)),
        }
    answer["stands"] = stands.shown(node.home, node)
    answer["drift"] = reconciling.standing(node)
    answer["holds"] = [asdict(one) for one in holds.listed(node)]
    answer["answers"] = [causes.standing(one) for one in told.tiers(node)]
    answer["runs"] = [
        {"job": run.job, "started_at": run.started_at, "outcome": run.outcome, "detail": run.detail}
        for run in node.notebook.runs(5)
    ]
    return answer


def _parent(opened: Opened, origin: str) -> dict[str, Any]:
    """Return what this parent has of our own log, what it lacks of all, and how long our certificate there lasts."""
    log = opened.own.log
    receipt = opened.store.newest_receipt(log, origin)
    me, registry = opened.node.origin, opened.registry
    missing = 0
    for one in opened.store.logs():
        if one.origin == me or registry.is_parent(me, one.origin):  # what we bring; our other parents' logs we fetch
            newest = opened.store.newest_receipt(one, origin)
            missing += one.next_entry - (newest.size if newest else 0)
    try:
        certificate, _ca = keyfiles.client_certificate(opened.node.home, origin)
        days: int | None = authority.days_left(certificate)
    except NodeError:
        days = None
    return {
        "origin": origin,
        "received": receipt.size if receipt else 0,
        "received_at": receipt.time_s if receipt else None,
        "missing_above": missing,
        "certificate_days_left": days,
    }


def _moment(time_s: int) -> str:
    return datetime.fromtimestamp(time_s).astimezone().strftime("%Y-%m-%d %H:%M")


def night_sentence(found: dict[str, Any]) -> str:
    """Return one sentence: in, accepted, quarantined, waiting, missing above."""
    catalogue = found["catalogue"]
    accepted = sum(catalogue[one] for one in ("rights", "events", "registers"))
    waiting = catalogue["waiting"] + catalogue["entries_behind"]
    return _(
        "{name}: {total} in, {accepted} accepted ({rights} rights, {events} events, {registers} register items), "
        "{quarantined} quarantined, {waiting} waiting, {missing} missing above."
    ).format(
        name=found["name"],
        total=accepted + catalogue["quarantined"] + waiting,
        accepted=accepted,
        rights=catalogue["rights"],
        events=catalogue["events"],
        registers=catalogue["registers"],
        quarantined=catalogue["quarantined"],
        waiting=waiting,
        missing=max((one["missing_above"] for one in found["parents"]), default=0),
    )


def answered(found: dict[str, Any]) -> list[str]:
    """Return a sentence for each node above that has answered for our own records yet."""
    text = _("{origin}: {judged} of {received} entries received are judged, {quarantined} records quarantined.")
    answers = [one for one in found["answers"] if one["judged"] or one["quarantined"]]
    return [text.format(**one | {"judged": min(one["judged"], one["received"])}) for one in answers]


def _silent_line(one: dict[str, Any]) -> str:
    if one["what"] == NO_MANIFEST:
        return _("SILENT: {origin} calls, but does not say how its nodes stand. Ask its operator.").format(**one)
    hours = int(time.time() - one["since"]) // 3600
    return _("SILENT: {origin} has not called for {hours} hours. Ask its operator.").format(hours=hours, **one)


def lines(found: dict[str, Any]) -> list[str]:
    """Return a node's standing as people read it; why a file is refused was written down in both languages."""
    said = [
        f"{found['name']}  {found['origin']}  ({_(found['role'])})",
        _("Own log: {entries} entries, {signed} signed.").format(**found["log"]),
        night_sentence(found),
    ]
    for one in found["parents"]:
        said.append(
            _("{origin}: has {received} entries of ours; our certificate lasts {days} days.").format(
                origin=one["origin"], received=one["received"], days=one["certificate_days_left"]
            )
        )
    said += stands.lines(found["stands"], _moment)
    said += changeover.lines(changeover.read(found["changing"]))
    said += answered(found)
    said += reconciling.lines(found["drift"])
    said += [hold_book.sentence(hold_book.Hold(**one)) for one in found["holds"]]
    for one in found["stale"]:
        said.append(
            _("STALE: the newest word from {origin} is {hours} hours old. Check the line to the parent.").format(**one)
        )
    for one in found["silent"]:
        said.append(_silent_line(one))
    said += [overdue.sentence(overdue.Overdue(**one)) for one in found["overdue"]]
    for one in found["forks"]:
        text = _("FORK: {origin} signed two heads that cannot both be true. Evidence: `fork write {origin}`.")
        said.append(text.format(origin=one))
    for one in found.get("inbox", {}).get("waiting", ()):
        said.append(_("In the inbox, not taken yet: {file}").format(file=one))
    for one in found.get("inbox", {}).get("refused", ())[:5]:
        chinese, _newline, english = one["reason"].partition("\n")
        reason = either(chinese, english or chinese)
        said.append(_("From the inbox, refused: {file}. {reason}").format(file=one["file"], reason=reason))
    if found["damaged"]:
        text = _("DAMAGED and not mended: {damaged} places. `fsck` says which, and what to do.")
        said.append(text.format(damaged=found["damaged"]))
    for one in found["alarms"]:
        said.append(_("ALARM {what}: {origin} {detail}").format(**one))
    return said
