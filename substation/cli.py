"""banyan-substation: a city's or an alliance's node. Parses, calls, reports."""

from node import commands, frame
from node.messages import N_

top = frame.group("banyan-substation", N_("A substation: a city, or an industry alliance."))

commands.join(top, listens=True)
commands.serve(top)
commands.invite(top, ("outlet",))
commands.list_nodes(top)
commands.sync(top)
commands.search_here(top)
commands.show_here(top)
commands.history(top)
commands.evidence(top)
commands.status(top)
commands.rebuild(top)


def main() -> None:
    """Run banyan-substation."""
    frame.main(top)
