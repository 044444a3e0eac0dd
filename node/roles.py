"""Who works here, and what their role lets them do: operator, reviewer or observer (architecture.md, Trust)."""

import getpass

from node.errors import NodeError
from node.messages import N_
from node.settings import PERSON_ROLES, Person, Settings

NEEDS = {  # what a command needs, by its words; a command that is not named here changes nothing and is for everybody
    "alarms done": "operator",
    "backup": "operator",
    "carry in": "operator",
    "carry out": "operator",
    "confirm": "operator",
    "correct": "operator",
    "erase": "operator",
    "feed add": "operator",
    "feed import": "operator",
    "feed rotate": "operator",
    "fsck": "operator",
    "grant": "operator",
    "holds refuse": "reviewer",
    "holds release": "reviewer",
    "import": "operator",
    "invite": "operator",
    "join": "operator",
    "keys rotate": "operator",
    "kind publish": "operator",
    "leave": "operator",
    "mapping remove": "operator",
    "mapping set": "operator",
    "night": "operator",
    "node move": "operator",
    "node remove": "operator",
    "node resume": "operator",
    "node revoke": "operator",
    "node succeed": "operator",
    "node suspend": "operator",
    "quarantine forward": "reviewer",
    "quarantine keep": "reviewer",
    "quarantine release": "reviewer",
    "quarantine retry": "reviewer",
    "rebuild": "operator",
    "request": "operator",
    "requests approve": "operator",
    "requests reject": "operator",
    "recover": "operator",
    "restore": "operator",
    "seal": "operator",
    "serve": "operator",
    "source add": "operator",
    "source remove": "operator",
    "source run": "operator",
    "sync": "operator",
    "withdraw": "operator",
}
_RANK = {role: rank for rank, role in enumerate(reversed(PERSON_ROLES))}


class NotYourRole(NodeError):
    """A person's role does not reach for this: (person, role, command, needs)."""

    facts = ("person", "role", "command", "needs")
    sentence = N_(
        "{person} is {role} here, and `{command}` needs {needs}. Nothing was changed. Ask an operator to do it, or to "
        "change [people] in node.toml."
    )


def person(settings: Settings) -> Person:
    """Return who works here: the person that node.toml names for the system's user.

    Where it names nobody, whoever can use this home operates it; where it names others only, a stranger observes.
    """
    user = getpass.getuser()
    known = settings.people.get(user)
    return known or Person(user, "observer" if settings.people else "operator")


def check(settings: Settings, command: str, needs: str = "") -> Person:
    """Return who works here if the role reaches for `command`; raise NotYourRole."""
    found = person(settings)
    needs = needs or NEEDS.get(command, PERSON_ROLES[-1])
    if _RANK[found.role] < _RANK[needs]:
        raise NotYourRole(found.name, found.role, command, needs)
    return found
