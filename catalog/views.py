"""Who sees what: each part counts in the views that its audience allows."""

OPEN = 1  # public and federation parts: what outsiders and relayed searches may see
ALLIANCE = 2  # and the alliance parts held here
FULL = 4  # everything held here that is ours to read
ALL = (OPEN, ALLIANCE, FULL)


def of_audience(audience: str) -> int:
    """Return the mask of views that show a part of this audience; 0 for sealed (`node:`) and unknown ones."""
    if audience in ("federation", "public"):
        return OPEN | ALLIANCE | FULL
    if audience == "path":
        return FULL
    return ALLIANCE | FULL if audience.startswith("alliance:") else 0
