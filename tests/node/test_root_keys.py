"""The hub's keys and the root's, replaced by root statements that travel to every node."""

import json

import pytest

import hub.cli
import outlet.cli
import substation.cli
from node import founding, frame, keyfiles, root_keys, rotating
from node.home import Home
from node.node import Node
from node.root_keys import WrongRoot
from sync import evidence, federation
from sync.errors import BadSignature
from sync.federation import Federation
from tests.world import CITY, HUB, OUTLET, World


class Broken(Exception):
    """What stands for a crash; nothing in the product catches it."""


@pytest.fixture
def filed(world: World) -> World:
    world.hub()
    world.node(CITY, "substation", HUB)
    world.node(OUTLET, "outlet", CITY)
    world.file(OUTLET, b"before")
    up(world)
    return world


def up(world: World) -> None:
    for origin in (OUTLET, CITY, OUTLET):
        world.seal_hub()
        assert world.sync(origin).refused == []


def carry(world: World):
    return world.path / "root-keys"


def prove(world: World, index: int, pinned: Federation, at: str = HUB) -> evidence.Verified:
    with world.nodes[at].opened() as opened:
        return evidence.verify(evidence.write(opened.store, opened.registry, OUTLET, index), pinned)


def in_use(node: Node):
    return tuple(one.verifier for one in node.keys.log), node.keys.mirror.verifier


@pytest.mark.parametrize("kinds", [("log",), ("mirror",), ("log", "mirror")], ids="-".join)
def test_the_hubs_keys_are_replaced_and_everybody_follows(filed, kinds):
    main, pinned = filed.nodes[HUB], filed.nodes[HUB].federation
    before = in_use(main)
    with main.opened() as opened:
        kept = evidence.write(opened.store, opened.registry, OUTLET, 1)
    stated = root_keys.rotate_hub(main, kinds, carry(filed))
    assert (stated.version, in_use(main)) == (2, (stated.log_keys, stated.mirror_key))
    assert (in_use(main)[0] == before[0], in_use(main)[1] == before[1]) == ("log" not in kinds, "mirror" not in kinds)
    index = filed.file(OUTLET, b"after")
    up(filed)
    for origin in (HUB, CITY, OUTLET):
        node = filed.nodes[origin]
        assert node.federation.newest == stated
        with node.opened() as opened:
            held = opened.store.log(HUB)
            assert opened.store.newest_head(held, at_most=held.stored).size == held.stored
            first, last = opened.registry.eras(HUB)
            assert (first.over, first.last_good is not None, last.over) == (True, True, False)
        for at, body in ((1, b"before"), (index, b"after")):
            found = prove(filed, at, pinned, origin)
            assert found.parts == (("federation", body),)
            assert HUB in {name for name, _size, _time in found.receipts}
    assert evidence.verify(kept, filed.nodes[OUTLET].federation).index == 1


def test_the_root_is_replaced_and_the_old_one_says_nothing_more(filed):
    main = filed.nodes[HUB]
    pinned, away = main.federation, filed.path / "new-root"
    stated = root_keys.rotate_root(main, carry(filed), away)
    assert stated.version == 3
    assert main.federation.id == pinned.id
    with pytest.raises(WrongRoot):
        root_keys.rotate_hub(main, ["log"], carry(filed))
    root_keys.rotate_hub(main, ["log"], away)
    filed.file(OUTLET, b"after")
    up(filed)
    assert filed.nodes[OUTLET].federation.newest.version == 4
    assert prove(filed, 1, pinned).index == 1
    old = root_keys.read(carry(filed), HUB)
    forged = root_keys._next(pinned, log_keys=filed.nodes[CITY].federation.newest.log_keys)
    with pytest.raises(BadSignature):
        main.federation.extended([federation.sign(root_keys._next(main.federation), old, 1)])
    assert rotating.learn(main, [federation.sign(forged, old, 1)]) == main.federation, "a lower version never"


def test_other_files_are_not_the_root(filed, tmp_path):
    founding.found(
        tmp_path / "other", filed.nodes[HUB].settings, tmp_path / "others-root"
    )  # the same name, another federation
    for wrong in (tmp_path / "others-root",):
        with pytest.raises(WrongRoot):
            root_keys.rotate_hub(filed.nodes[HUB], ["log"], wrong)
        with pytest.raises(WrongRoot):
            root_keys.rotate_root(filed.nodes[HUB], wrong, tmp_path / "new")
    assert filed.nodes[HUB].federation.newest.version == 1


STEPS = [(keyfiles, "make_next"), (root_keys, "_publish"), (keyfiles, "take_into_use")]


@pytest.mark.parametrize("takes_effect", [False, True])
@pytest.mark.parametrize(("where", "step"), STEPS, ids=[step for _where, step in STEPS])
@pytest.mark.parametrize("again", [False, True], ids=["seal", "command"])
def test_a_rotation_of_the_hub_that_breaks_off_is_finished_or_had_no_effect(
    filed, monkeypatch, where, step, takes_effect, again
):
    main, made = filed.nodes[HUB], getattr(where, step)

    def breaks(*given):
        if takes_effect:
            made(*given)
        raise Broken

    monkeypatch.setattr(where, step, breaks)
    with pytest.raises(Broken):
        root_keys.rotate_hub(main, ["log"], carry(filed))
    monkeypatch.undo()
    if again:
        root_keys.rotate_hub(main, ["log"], carry(filed))
        assert main.federation.newest.version > 1
    filed.file(OUTLET, b"after")
    up(filed)
    newest = main.federation.newest
    assert in_use(main) == (newest.log_keys, newest.mirror_key)
    assert prove(filed, 1, main.federation).index == 1
    assert Node.open(Home(main.home.path)).federation == filed.nodes[OUTLET].federation


def test_a_statement_that_was_not_written_whole_is_written_again(filed, monkeypatch):
    outlet = filed.nodes[OUTLET]
    root_keys.rotate_hub(filed.nodes[HUB], ["log"], carry(filed))
    filed.seal_hub()
    filed.sync(CITY)
    made = rotating.write_whole

    def breaks(*given, **named):
        raise Broken

    monkeypatch.setattr(rotating, "write_whole", breaks)
    with pytest.raises(Broken):
        filed.sync(OUTLET)
    assert outlet.federation.newest.version == 1
    monkeypatch.setattr(rotating, "write_whole", made)
    assert filed.sync(OUTLET).refused == []
    assert outlet.federation.newest.version == 2


# -- commands ---------------------------------------------------------------------------------------------------------


def run(top, world: World, origin: str, *words: str, capfd):
    code = frame.run(top, ["--json", *words, "--home", str(world.home(origin))], {"LANG": "C"})
    out, err = capfd.readouterr()
    return code, (json.loads(out) if out else None), err


def test_each_kind_of_key_is_replaced_by_one_command(filed, capfd):
    away = filed.path / "new-root"
    hubs = ["--root-keys", str(carry(filed))]
    for top, origin, *words in (
        (outlet.cli.top, OUTLET, "log"),
        (substation.cli.top, CITY, "mirror"),
        (hub.cli.top, HUB, "log", *hubs),
        (hub.cli.top, HUB, "mirror", *hubs),
        (hub.cli.top, HUB, "root", *hubs, "--new-root-keys", str(away)),
    ):
        code, said, err = run(top, filed, origin, "keys", "rotate", *words, capfd=capfd)
        assert code == 0, err
        assert said["rotated"] == words[0]
        code, rows, _err = run(top, filed, origin, "keys", "show", capfd=capfd)
        assert (code, rows) == (0, said["keys"])
    assert filed.nodes[HUB].federation.newest.version == 5
    code, _said, _err = run(hub.cli.top, filed, HUB, "keys", "rotate", "log", *hubs, capfd=capfd)
    assert code == 1
    code, _said, _err = run(hub.cli.top, filed, HUB, "keys", "rotate", "root", *hubs, capfd=capfd)
    assert code == 2
    index = filed.file(OUTLET, b"after all")
    up(filed)
    up(filed)
    assert prove(filed, index, filed.nodes[HUB].federation).index == index
