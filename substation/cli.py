"""banyan-substation: a city's or an alliance's node. Parses, calls, reports."""

from node import (
    alarm_commands,
    asking_commands,
    carry_commands,
    check_commands,
    daily_commands,
    doctoring,
    ending_commands,
    erasure_commands,
    explaining,
    export_commands,
    feed_commands,
    fork_commands,
    frame,
    hold_commands,
    key_commands,
    kinds,
    lookups,
    node_commands,
    quarantining,
    reconcile_commands,
    recovery_commands,
    request_commands,
)
from node.messages import N_

top = frame.group("banyan-substation", N_("A substation: a city, or an industry alliance."))

asking_commands.join(top, listens=True)
asking_commands.request(top, ("substation", "alliance"), listens=True)
asking_commands.leave(top)
daily_commands.serve(top)
daily_commands.invite(top, ("outlet",))
request_commands.add(top)
daily_commands.list_nodes(top)
node_commands.add(top)
ending_commands.add(top)
feed_commands.feed(top)
daily_commands.sync(top)
lookups.search_here(top)
lookups.show_here(top)
lookups.history(top)
lookups.evidence(top)
export_commands.export(top)
kinds.kind(top)
daily_commands.status(top)
key_commands.add(top)
fork_commands.add(top)
erasure_commands.add(top)
alarm_commands.add(top)
explaining.add(top)
daily_commands.audit(top)
doctoring.add(top)
quarantining.add(top)
reconcile_commands.add(top)
hold_commands.add(top)
daily_commands.rebuild(top)
recovery_commands.add(top)
check_commands.add(top)
carry_commands.add(top)


def main() -> None:
    """Run banyan-substation."""
    frame.main(top)
