"""What holds for every command of the four programs: help with an example in both languages, and sentences for all."""

import logging
import re

import pytest

import hub.cli
import outlet.cli
import substation.cli
from node import amendments, errors, frame, intake, messages, nightly, sentences, verify  # noqa: F401  (their errors)
from node.errors import NodeError

PROGRAMS = {"banyan-hub": hub.cli.top, "banyan-substation": substation.cli.top, "banyan-outlet": outlet.cli.top}
PROMISED = {
    "banyan-hub": "init serve invite nodes feed search show history evidence status rebuild",
    "banyan-substation": "join serve invite nodes feed sync search show evidence status",
    "banyan-outlet": "join import withdraw correct sync serve search show evidence receipts status",
}
ENVIRON = {"LANG": "C"}
EVERY = [(name, command) for name, top in PROGRAMS.items() for command in top.commands]
HAN = re.compile("[一-龥]")


@pytest.fixture(autouse=True)
def as_before():
    """Leave language and logging as they were: `serve` sets up a log."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    messages.use("en")
    root.handlers[:] = handlers
    root.setLevel(level)


def run(top, *arguments, capfd):
    code = frame.run(top, list(arguments), ENVIRON)
    out, err = capfd.readouterr()
    return code, out, err


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_command_that_was_promised_is_there(name):
    assert set(PROMISED[name].split()) <= set(PROGRAMS[name].commands)


@pytest.mark.parametrize(("name", "command"), EVERY)
@pytest.mark.parametrize(("language", "example", "usage"), [("en", "Example: ", "Usage: "), ("zh", "示例：", "用法：")])
def test_every_command_has_help_with_an_example(name, command, language, example, usage, capfd):
    code, out, err = run(PROGRAMS[name], command, "--help", "--lang", language, capfd=capfd)
    assert (code, err) == (0, "")
    assert out.startswith(f"{usage}{name} {command}")
    assert f"{example}{command}" in out
    described = [line for line in out.splitlines() if line.startswith("  -") and len(line.split("  ")) > 2]
    assert described
    if language == "zh":
        assert all(HAN.search(line) for line in described), "every option is explained in Chinese"


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_program_lists_its_commands_with_a_line_each(name, language, capfd):
    code, out, _err = run(PROGRAMS[name], "--help", "--lang", language, capfd=capfd)
    assert code == 0
    for command in PROGRAMS[name].commands:
        (line,) = [one for one in out.splitlines() if one.startswith(f"  {command}  ")]
        assert bool(HAN.search(line)) == (language == "zh")


def test_verify_has_help_too(capfd):
    code, out, _err = run(verify.top, "--help", "--lang", "zh", capfd=capfd)
    assert (code, "示例：banyan-verify" in out) == (0, True)


@pytest.mark.parametrize(("name", "command"), EVERY)
def test_without_a_home_every_command_says_how_to_make_one(name, command, tmp_path, capfd):
    if (name, command) == ("banyan-hub", "init") or command in ("join", "request", "restore", "template"):
        return
    needed = {
        "invite": ["ip.gd.example/gz", "--name", "x"],
        "search": ["照明"],
        "show": ["x"],
        "history": ["x"],
        "evidence": ["x"],
        "feed": ["list"],
        "alarms": ["list"],
        "fork": ["list"],
        "requests": ["list"],
        "node": ["show", "x"],
        "backup": ["x"],
        "carry": ["in", "x"],
        "leave": ["ip.gd.example/led", "--reason", "x"],
        "erase": ["x", "--ground", "owner"],
        "explain": ["x", "--for", "ip.gd.example"],
        "confirm": ["x"],
        "grant": ["ip.gd.example/led", "--all"],
        "keys": ["show"],
        "kind": ["list"],
        "quarantine": ["list"],
        "reconcile": ["gz"],
        "holds": ["list"],
        "import": ["x.csv"],
        "mapping": ["list"],
        "source": ["list"],
        "withdraw": ["x", "--reason", "x"],
        "correct": ["x", "--set", "title=x"],
    }
    given = [command, *needed.get(command, []), "--home", str(tmp_path / "none"), "--lang", "en"]
    code, out, err = run(PROGRAMS[name], *given, capfd=capfd)
    assert (code, out) == (1, "")
    assert err.startswith(f"There is no node in {tmp_path}")
    assert "init`" in err or "join`" in err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(("name", "command"), EVERY)
def test_misuse_ends_with_2_and_names_the_help(name, command, capfd):
    code, _out, err = run(PROGRAMS[name], command, "--no-such-option", "--lang", "en", capfd=capfd)
    assert code == 2
    assert f"`{name} {command} --help`" in err


def test_no_sentence_names_a_command_that_is_none():
    known = {command for top in PROGRAMS.values() for command in top.commands}
    texts = [*sentences.SENTENCES.values(), *(one.sentence for one in NodeError.__subclasses__())]
    named = {word for text in texts for word in re.findall(r"`([a-z]+)[ `]", text)} - {"chmod", "pip"}
    assert {"join", "rebuild", "receipts", "sync"} <= named
    assert named <= known


def parameters(command):
    """Yield the names of the parameters of a command and of all commands below it, command by command."""
    yield [one.name for one in command.params]
    for below in getattr(command, "commands", {}).values():
        yield from parameters(below)


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_command_has_an_option_under_the_name_of_a_common_one(name):
    """Two options under one name get each other's values."""
    common = [one.name for one in frame.Command("x").params]
    assert "home" in common
    for names in parameters(PROGRAMS[name]):
        assert [one for one in names if one in common] == common
