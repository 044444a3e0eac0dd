"""What holds for the commands that several programs share, whichever program runs them."""

import pytest

from hub import cli as hub
from node import admission, frame, messages
from node.frame import REFUSED
from outlet import cli as outlet
from tests.world import CITY, HUB, OTHER_CITY, OUTLET


@pytest.fixture(autouse=True)
def english_afterwards():
    yield
    messages.use("en")


def refused(top, line, home, capfd):
    code = frame.run(top, [*line.split(), "--home", str(home), "--lang", "en"], {"LANG": "C"})
    assert code == REFUSED
    return capfd.readouterr().err


def entries(node):
    with node.opened() as opened:
        return [(one.origin, one.next_entry, one.stored) for one in opened.store.logs()]


def test_a_program_runs_nodes_of_its_own_tier_only(world, capfd):
    world.hub()
    city, scut = world.node(CITY, "substation", HUB), world.node(OUTLET, "outlet", CITY)
    before = entries(city), entries(scut)
    file = world.path / "x.csv"
    file.write_text("申请号,专利名称\n", "utf-8")
    assert "is run by `banyan-substation`" in refused(outlet.top, f"import {file}", world.home(CITY), capfd)
    assert "is run by `banyan-outlet`" in refused(hub.top, "seal --sign-anyway", world.home(OUTLET), capfd)
    assert (entries(city), entries(scut)) == before


def test_a_program_joins_with_invitations_of_its_own_tier_only(world, capfd):
    hub_node = world.hub()
    path = world.path / "token.txt"
    path.write_text(admission.invite(hub_node, OTHER_CITY, "substation", "深圳市分站", 7).encode() + "\n")
    assert "is run by `banyan-substation`" in refused(outlet.top, f"join {path}", world.path / "new", capfd)
    assert not (world.path / "new").exists()


@pytest.mark.skipif(
    not (messages.LOCALE / "zh_CN" / "LC_MESSAGES" / "banyan.mo").is_file(),
    reason="messages are not compiled: python proto/generate.py",
)
def test_tiers_and_states_are_told_in_the_language_in_use(world, capfd):
    hub_node = world.hub()
    world.node(CITY, "substation", HUB)
    admission.invite(hub_node, OTHER_CITY, "substation", "深圳市分站", 7)
    for line in ("nodes", "status"):
        assert frame.run(hub.top, [line, "--home", str(world.home(HUB)), "--lang", "zh"], {"LANG": "C"}) == 0
    rows = [line.split() for line in capfd.readouterr().out.splitlines()]
    assert any({"分站", "有效"} <= set(row) for row in rows)
    assert any({"分站", "已邀请"} <= set(row) for row in rows)
    assert "(主站)" in rows[3]
