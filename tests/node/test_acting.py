"""Who works here, what the role lets them do, and that who did what stands in the own log, readable here alone."""

import getpass
import json
from dataclasses import replace

import click
import pytest

import hub.cli
import outlet.cli
import substation.cli
from node import acting, frame, roles, settings
from node.settings import Person
from sync import entry
from sync.bundles import Bundles
from sync.errors import DoesNotOpen
from tests.world import CITY, HUB, World

PROGRAMS = {"hub": hub.cli.top, "substation": substation.cli.top, "outlet": outlet.cli.top}
LOOKING = {
    "alarms list",
    "audit", "doctor", "erasures", "evidence", "explain",
    "export", "feed list", "fork list", "fork write", "history",
    "holds list", "holds show", "init", "keys show", "kind list", "kind show", "mapping list", "mapping propose",
    "mapping show", "node show", "nodes", "quarantine list", "quarantine show", "receipts", "reconcile",
    "requests door", "requests list", "requests show", "search", "show", "source list", "status", "template",
    "verdicts",
}  # fmt: skip


def commands(group: click.Command, before: tuple[str, ...] = ()) -> set[str]:
    if not isinstance(group, click.Group):
        return {" ".join(before)}
    return set().union(*(commands(one, (*before, name)) for name, one in group.commands.items()))


def test_every_command_is_known_to_change_something_or_not():
    every = set().union(*(commands(top) for top in PROGRAMS.values()))
    assert every == set(roles.NEEDS) | LOOKING
    assert not set(roles.NEEDS) & LOOKING


@pytest.fixture
def hub_node(world: World):
    return world.hub()


def staffed(node, role: str | None) -> None:
    people = {getpass.getuser() if role else "somebody": Person("王小明", role or "operator")}
    settings.save(node.home, replace(settings.load(node.home, {}), people=people))


def invite(node, *more: str) -> int:
    return frame.run(
        hub.cli.top, ["--home", str(node.home.path), "invite", CITY, "--name", "广州", "--json", *more], {}
    )


@pytest.mark.parametrize("role", ["observer", "reviewer", None])
def test_whose_role_does_not_reach_changes_nothing(hub_node, role, capsys):
    staffed(hub_node, role)
    with hub_node.opened() as opened:
        size = opened.own.log.next_entry
    assert invite(hub_node) == 1
    assert json.loads(capsys.readouterr().out)["error"] == "NotYourRole"
    assert hub_node.notebook.invitations() == []
    with hub_node.opened() as opened:
        assert opened.own.log.next_entry == size


def test_what_an_operator_did_stands_in_the_log_under_the_name_and_nobody_else_reads_it(hub_node, world, capsys):
    staffed(hub_node, "operator")
    assert invite(hub_node) == 0
    capsys.readouterr()
    with hub_node.opened() as opened:
        (act,) = acting.acts(hub_node, opened, 10)
        assert (act.what, act.about, act.by, act.role, act.user) == (
            "invite", CITY, "王小明", "operator", getpass.getuser(),
        )  # fmt: skip
        bundles = Bundles(opened.store, opened.own.log)
        (raw,), content = bundles.entries(act.index, act.index + 1), bundles.part(act.index, 0)
        assert content is not None
        assert "王小明".encode() not in raw + content
        opened.seal_as_hub()
    city = world.node(CITY, "substation", HUB)
    with city.opened() as opened, pytest.raises(DoesNotOpen):
        opened.unsealed(HUB, content[entry.SALT_BYTES :])
    assert frame.run(hub.cli.top, ["--home", str(hub_node.home.path), "audit", "--json"], {}) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["index"], row["by"], row["what"]) == (act.index, "王小明", "invite")


def test_acts_are_listed_newest_first_in_pages(hub_node):
    with hub_node.opened() as opened:
        for number in range(5):
            acting.record(hub_node, opened, "suspend", f"ip.gd.example/c{number}", "left")
        newest = list(acting.acts(hub_node, opened, 2))
        assert [one.about[-1] for one in newest] == ["4", "3"]
        assert [one.about[-1] for one in acting.acts(hub_node, opened, 10, newest[-1].index)] == ["2", "1", "0"]
        assert newest[0].reason == "left"


def test_where_nobody_is_named_whoever_uses_the_home_operates_it(hub_node):
    found = roles.person(settings.load(hub_node.home, {}))
    assert (found.name, found.role) == (getpass.getuser(), "operator")
    assert invite(hub_node) == 0
