"""Founding a federation: what is made, where the root keys lie, and that it happens once."""

import os

import pytest

from hub import cli
from node import founding, frame, keyfiles, root_keys, settings
from node.errors import HomeExists, NoHome
from node.home import Home
from node.node import Node
from node.settings import Settings
from sync import federation
from sync.keys import ED25519, MLDSA44, Signer
from sync.lock import HeadLock
from sync.ownlog import OwnLog
from tests.sync.made import InjectedFault
from tests.world import HUB

SETTINGS = Settings(HUB, "hub", "广东省主站")
ENVIRON = {"LANG": "C"}


def init(path, capfd):
    code = frame.run(cli.top, ["init", HUB, "--name", "广东省主站", "--home", str(path), "--lang", "en"], ENVIRON)
    out, err = capfd.readouterr()
    return code, out, err


def test_the_root_keys_are_two_files_outside_the_home(tmp_path):
    node = founding.found(tmp_path / "hub", SETTINGS, tmp_path / "carry")
    files = sorted((tmp_path / "carry").iterdir())
    assert [one.name for one in files] == [root_keys.ROOT_ED25519, root_keys.ROOT_MLDSA44]
    assert [one.stat().st_mode & 0o777 for one in files] == [0o600, 0o600]
    assert (tmp_path / "carry").stat().st_mode & 0o077 == 0
    roots = [
        Signer(federation.root_name(HUB), type_, one.read_bytes())
        for one, type_ in zip(files, (ED25519, MLDSA44), strict=True)
    ]
    assert node.federation.newest.root_keys == tuple(one.verifier for one in roots)
    inside = b"".join(one.read_bytes() for one in (tmp_path / "hub").rglob("*") if one.is_file())
    assert not any(one.read_bytes() in inside for one in files), "no root key is in what a backup holds"


def test_the_root_statement_names_the_keys_of_the_hub(tmp_path):
    node = founding.found(tmp_path / "hub", SETTINGS, tmp_path / "carry")
    root = node.federation.newest
    assert (root.name, root.version) == (HUB, 1)
    assert root.log_keys == tuple(one.verifier for one in node.keys.log)
    assert root.mirror_key == node.keys.mirror.verifier
    with node.opened() as opened:
        assert opened.seal_as_hub() == 1
        assert opened.registry.get(HUB).node.log_keys == root.log_keys


STEPS = [
    (keyfiles, "create"),
    (founding, "_root_keys"),
    (founding, "write_whole"),
    (HeadLock, "create"),
    (OwnLog, "begin"),
    (founding, "save"),
]


@pytest.mark.parametrize("takes_effect", [False, True])
@pytest.mark.parametrize(("place", "name"), STEPS)
def test_a_crash_leaves_no_half_hub(tmp_path, place, name, takes_effect, monkeypatch):
    real = getattr(place, name)

    def broken(*given, **named):
        if takes_effect:
            real(*given, **named)
        raise InjectedFault(name)

    with monkeypatch.context() as patched:
        patched.setattr(place, name, broken)
        with pytest.raises(InjectedFault):
            founding.found(tmp_path / "hub", SETTINGS, tmp_path / "carry")
    if (name, takes_effect) == ("save", True):
        with Node.open(Home.open(tmp_path / "hub")).opened() as opened:
            assert opened.seal_as_hub() == 1, "written last: whoever has node.toml has the rest"
        return
    with pytest.raises(NoHome):
        Home.open(tmp_path / "hub")
    with pytest.raises(NoHome):
        settings.load(Home(tmp_path / "hub"), {})


def test_a_hub_is_founded_once_in_an_empty_place(tmp_path, capfd):
    assert init(tmp_path / "hub", capfd)[0] == 0
    before = {one: one.read_bytes() for one in (tmp_path / "hub").rglob("*") if one.is_file()}
    code, _out, err = init(tmp_path / "hub", capfd)
    assert (code, "is not empty" in err) == (1, True)
    assert {one: one.read_bytes() for one in (tmp_path / "hub").rglob("*") if one.is_file()} == before
    with pytest.raises(HomeExists):
        founding.found(tmp_path / "hub", SETTINGS, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_root_keys_are_never_overwritten(tmp_path, capfd):
    assert init(tmp_path / "hub", capfd)[0] == 0
    carried = {one: one.read_bytes() for one in (tmp_path / "hub-root-keys").iterdir()}
    os.rename(tmp_path / "hub", tmp_path / "elsewhere")
    code, _out, err = init(tmp_path / "hub", capfd)
    assert code == 1
    assert root_keys.ROOT_ED25519 in err
    assert {one: one.read_bytes() for one in (tmp_path / "hub-root-keys").iterdir()} == carried


def test_init_seals_and_says_where_the_root_keys_are(tmp_path, capfd):
    code, out, _err = init(tmp_path / "hub", capfd)
    assert code == 0
    assert str(tmp_path / "hub-root-keys") in out
    with Node.open(Home.open(tmp_path / "hub")).opened() as opened:
        head = opened.own.sealed()
        assert head is not None
        assert head.size == 1
