"""When client certificates end: those that this node has, and those that it gave; people are told in time.

A certificate renews itself with 30 days left. Fewer mean that renewing fails, so the node and its parent are warned 30,
14, 7 and 1 days before the end, and once it has ended.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from node import authority, keyfiles
from node.errors import NodeError
from node.node import Node, Opened

log = logging.getLogger(__name__)
WARN_DAYS = (30, 14, 7, 1, 0)
DAY_S = 86_400
_GRACE_S = DAY_S // 2  # the night that renews comes at its own hour
ALARM = "certificate"


@dataclass(frozen=True, slots=True)
class Ending:
    """A certificate for `origin`, given by `parent`, that ends at `ends_s`; `days` is the warning that is due."""

    origin: str
    parent: str
    ends_s: int
    days: int


def issue(node: Node, csr_der: bytes, origin: str) -> bytes:
    """Return a new DER certificate for a child, and remember when it ends; raise BadCertificate."""
    made = authority.issue_client(node.home, csr_der, origin, node.settings.cert_days)
    node.notebook.gave_certificate(origin, int(authority.not_after(made).timestamp()))
    return made


def ending(node: Node, opened: Opened) -> list[Ending]:
    """Return the certificates of this node, and of its active children, that should have renewed themselves."""
    found = []
    for parent in node.settings.parents:
        try:
            ours, _ca = keyfiles.client_certificate(node.home, parent.origin)
        except NodeError:
            continue
        found.append((node.origin, parent.origin, int(authority.not_after(ours).timestamp())))
    active = {one.origin for one in opened.registry.children() if one.status == "active"}
    given = node.notebook.certificates()
    found += [(origin, node.origin, given[origin]) for origin in sorted(active & set(given))]
    now = node.clock()
    return [Ending(*one, days) for one in found if (days := _due(one[2] - now)) is not None]


def _due(left_s: float) -> int | None:
    """Return the smallest warning that is due with so much time left, None for none."""
    if left_s <= 0:
        return 0
    return min((days for days in WARN_DAYS[:-1] if left_s < days * DAY_S - (_GRACE_S if days > 1 else 0)), default=None)


def warn(node: Node, opened: Opened) -> list[Ending]:
    """Tell people of each ending certificate, once for each step; return them."""
    found = ending(node, opened)
    for one in found:
        day = datetime.fromtimestamp(one.ends_s, UTC)
        left = "ended" if one.days == 0 else f"less than {one.days} days left"
        log.error("certificate origin=%s parent=%s ends=%s", one.origin, one.parent, day.date())
        with opened.store.write():
            detail = f"given by {one.parent}, ends {day:%Y-%m-%d %H:%M} UTC: {left}"
            opened.store.alarm(ALARM, one.origin, detail)
    return found
