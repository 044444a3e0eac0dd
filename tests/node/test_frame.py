"""The frame of the command lines: options, exit codes, JSON, languages, signals, logs."""

import json
import logging
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import click
import pytest

from node import frame, messages, settings
from node.errors import NotJoined
from node.home import Home
from node.messages import _
from node.settings import Settings

ENVIRON = {"LANG": "C"}
ROOT = Path(frame.__file__).resolve().parent.parent
needs_chinese = pytest.mark.skipif(
    not (messages.LOCALE / "zh_CN" / "LC_MESSAGES" / "banyan.mo").is_file(),
    reason="messages are not compiled: python proto/generate.py",
)


@pytest.fixture(autouse=True)
def english_afterwards():
    yield
    messages.use("en")


@pytest.fixture
def cli():
    top = frame.group("banyan-outlet", "An outlet.")

    @top.command("ask", help="Options")
    @click.option("--number", type=int, default=0, help="Commands")
    @frame.passed
    def ask(context, number):
        context.say("said " + _("Options"))
        context.warn("warned")
        if number == 1:
            raise NotJoined("ip.gd.example")
        if number == 2:
            raise ZeroDivisionError("secret inside")
        if number == 3:
            raise PermissionError(13, "Permission denied", "/x")
        context.emit({"number": number, "bytes": b"\1", "where": str(context.home_path)})
        return number

    @top.command("rows")
    @frame.passed
    def rows(context):
        context.table(
            [{"name": "华工", "n": 12, "more": [1]}, {"name": "a\x1b[31m", "n": None}], [("name", "单位"), ("n", "N")]
        )

    @top.group("node")
    def node():
        pass

    @node.command("show")
    @frame.passed
    def show(context):
        context.say(f"{context.home.path} {context.settings.name}")

    return top


def run(cli, line, capfd, environ=ENVIRON):
    code = frame.run(cli, line.split(), environ)
    out, err = capfd.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("ask", 0),
        ("ask --number 1", 1),
        ("ask --number 2", 1),
        ("ask --number 3", 1),
        ("ask --number 7", 7),
        ("ask --number x", 2),
        ("ask --what", 2),
        ("ask more", 2),
        ("what", 2),
        ("", 2),
        ("--json", 2),
        ("node", 2),
        ("--help", 0),
        ("ask --help", 0),
        ("--version", 0),
        ("node show --home /nowhere", 1),
        ("ask --lang fr", 2),
    ],
)
@pytest.mark.parametrize("json_asked", [False, True])
def test_every_line_ends_with_its_code_and_json_owns_stdout(cli, capfd, line, code, json_asked):
    found, out, err = run(cli, line + " --json" * json_asked, capfd)
    assert found == code
    if json_asked and not any(one in line for one in ("--help", "--version")):
        assert isinstance(json.loads(out), dict), "one value and nothing else"
    if code:
        assert err or out
    assert "Traceback" not in err


def test_refusals_say_what_why_and_what_to_do(cli, capfd):
    code, out, err = run(cli, "ask --number 1", capfd)
    assert (code, out) == (1, "said Options\n")
    assert err == (
        "warned\nThis node has not joined ip.gd.example yet. Ask its operator for an invitation and run `join`.\n"
    )


def test_json_has_the_refusal_too(cli, capfd):
    code, out, err = run(cli, "--json ask --number 1", capfd)
    assert code == 1
    assert json.loads(out) == {"error": "NotJoined", "message": err.splitlines()[-1]}
    assert err.startswith("said Options\nwarned\n"), "what people read is on stderr then"


def test_json_answers_with_the_value(cli, capfd):
    _code, out, _err = run(cli, "ask --number 7 --home /h --json", capfd)
    assert json.loads(out) == {"number": 7, "bytes": "01", "where": "/h"}
    _code, out, _err = run(cli, "rows --json", capfd)
    assert json.loads(out) == [{"name": "华工", "n": 12, "more": [1]}, {"name": "a\x1b[31m", "n": None}]


def test_a_table_lines_up_and_controls_no_terminal(cli, capfd):
    _code, out, _err = run(cli, "rows", capfd)
    assert out.splitlines() == ["单位    N", "华工    12", "a [31m"]


@needs_chinese
@pytest.mark.parametrize("line", ["--lang zh ask", "ask --lang zh"])
def test_the_language_is_taken_before_and_after_the_command(cli, capfd, line):
    assert run(cli, line, capfd)[1] == "said 选项\n"


@needs_chinese
def test_the_language_is_by_flag_then_settings_then_environment(cli, capfd, tmp_path):
    home = Home.create(tmp_path / "home")
    settings.save(home, Settings("ip.gd.example/gz/scut", "outlet", "华工", language="zh"))
    there = f"ask --home {home.path}"
    assert run(cli, "ask", capfd, {"LANG": "zh_CN.UTF-8"})[1] == "said 选项\n"
    assert run(cli, there, capfd)[1] == "said 选项\n"
    assert run(cli, "ask", capfd, {**ENVIRON, "BANYAN_HOME": str(home.path)})[1] == "said 选项\n"
    assert run(cli, f"{there} --lang en", capfd)[1] == "said Options\n"
    assert run(cli, there, capfd, {"LANG": "zh_CN", "BANYAN_LANGUAGE": "en"})[1] == "said Options\n"


@needs_chinese
def test_help_and_misuse_are_in_the_language_asked_for(cli, capfd):
    _code, out, _err = run(cli, "ask --lang zh --help", capfd)
    assert out.startswith("用法：banyan-outlet ask")
    assert "\n  选项\n" in out
    assert "--number INTEGER  命令" in out
    assert "显示本说明后退出。" in out
    assert run(cli, "ask --what --lang zh", capfd)[2].splitlines() == [
        "没有选项 --what。",
        "请看 `banyan-outlet ask --help`。",
    ]


@needs_chinese
def test_misuse_is_in_the_language_of_the_home(cli, capfd, tmp_path):
    home = Home.create(tmp_path / "home")
    settings.save(home, Settings("ip.gd.example/gz/scut", "outlet", "华工", language="zh"))
    for line in (f"ask --number x --home {home.path}", f"--home={home.path} ask --number x"):
        code, _out, err = run(cli, line, capfd)
        assert (code, err.splitlines()[0]) == (2, "'--number' 的值不可用：应为整数")
        assert run(cli, f"{line} --lang=en", capfd)[2].startswith("The value of '--number' cannot be used: expected a")


def test_a_full_disk_is_no_fault_of_the_program(cli, capfd, tmp_path):
    @cli.command("fill")
    def fill():
        base = sqlite3.connect(tmp_path / "x.db")
        base.execute("pragma max_page_count = 2")
        base.execute("create table t (x)")
        base.execute("insert into t values (zeroblob(100000))")

    code, _out, err = run(cli, "fill", capfd)
    assert (code, "database or disk is full. Check free space" in err) == (1, True)


def test_a_log_line_of_a_command_is_not_thrown_at_a_person():
    said = (
        "import logging, sys; from node import frame; sys.argv = ['x', 'go']; top = frame.group('x', 'X.')\n"
        "@top.command('go')\ndef go(): logging.getLogger('node.nightly').warning('session failed')\nframe.main(top)"
    )
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, cwd=ROOT, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_the_home_and_the_settings_are_opened_when_asked_for(cli, capfd, tmp_path):
    home = Home.create(tmp_path / "home")
    code, _out, err = run(cli, f"node show --home {home.path}", capfd)
    assert code == 1
    assert "`banyan-outlet join`" in err
    settings.save(home, Settings("ip.gd.example/gz/scut", "outlet", "华工", language="en"))
    assert run(cli, f"--home {home.path} node show", capfd) == (0, f"{home.path} 华工\n", "")


def test_an_internal_error_hides_its_details_unless_asked(cli, capfd, caplog):
    _code, out, err = run(cli, "ask --number 2", capfd)
    assert "secret inside" not in out + err
    assert "Internal error (ZeroDivisionError)" in err
    run(cli, "ask --number 2", capfd, {**ENVIRON, "BANYAN_DEBUG": "1"})
    assert "secret inside" in caplog.text


def test_what_others_wrote_controls_no_terminal(capfd):
    harm = "a\x1b[2J\x9b31m\u202eb\udcff\r\tc"
    top = frame.group("banyan-hub", "x")

    @top.command("tell")
    @frame.passed
    def tell(context):
        context.say(f"one\n{harm}")
        context.warn(f"two\n{harm}")
        context.emit({harm: harm})

    assert frame.run(top, ["tell"], ENVIRON) == 0
    assert capfd.readouterr() == ("one\na [2J 31m b   c\n", "two\na [2J 31m b   c\n")
    frame.run(top, ["tell", "--json"], ENVIRON)
    out = capfd.readouterr().out
    assert out.removesuffix("\n").isprintable()
    assert json.loads(out) == {harm: harm}


def test_an_argument_that_is_no_text_is_misuse(cli, capfd):
    code = frame.run(cli, ["ask", os.fsdecode(b"\xff.csv")], ENVIRON)
    out, err = capfd.readouterr()
    assert (code, out) == (2, "")
    assert "UTF-8" in err


def test_two_answers_are_a_fault_of_the_program(capfd):
    top = frame.group("banyan-hub", "x")

    @top.command("twice")
    @frame.passed
    def twice(context):
        context.emit({})
        context.emit({})

    assert frame.run(top, ["twice", "--json"], ENVIRON) == 1
    assert capfd.readouterr().out == "{}\n"


def test_progress_is_quiet_when_short_and_plain_lines_otherwise(capfd, monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr("node.report.time.monotonic", lambda: next(clock))
    top = frame.group("banyan-hub", "x")

    @top.command("work")
    @frame.passed
    def work(context):
        with context.progress("rows", 8) as advance:
            for _n in range(4):
                advance(2)
        with context.progress("short", None) as advance:
            advance(1)

    assert frame.run(top, ["work", "--json"], ENVIRON) == 0
    out, err = capfd.readouterr()
    assert out == "{}\n"
    assert err.splitlines()[-1] == "rows 8/8 (100 %)"
    assert 2 <= len(err.splitlines()) <= 4


def test_a_log_line_is_one_line_whatever_a_peer_wrote(capfd):
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        frame.log_to_stderr()
        logging.getLogger("node.doors").warning("head refused origin=%s", "x\nlevel=info\r\u2028fake")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    assert " level=warning at=node.doors head refused origin=x level=info  fake" in lines[0]


LONG = """
import click
from node import frame
top = frame.group("banyan-hub", "x")
@top.command("much")
@click.option("--rows", type=int)
@frame.passed
def much(context, rows):
    context.table([{"n": "x" * 1000}] * rows, [("n", "N")])
frame.main(top)
"""


@pytest.mark.parametrize("rows", [5, 1000])
def test_a_reader_that_has_had_enough_is_told_nothing(rows):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", LONG, "much", "--rows", str(rows)], **pipes) as process:
        process.stdout.close()
        assert process.wait(20) == 1
        assert process.stderr.read() == b""


SERVE = """
import sys, threading
from node import frame
sys.stdout.write("ready\\n"); sys.stdout.flush()
stops = [lambda: print("doors closed", flush=True), lambda: print("jobs stopped", flush=True)]
print(frame.run_until_signalled(stops), flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_runs_the_stops_in_order_and_ends_well(number):
    with subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        while not _handles(process.pid, number):
            assert process.poll() is None
        process.send_signal(number)
        assert process.stdout.read().splitlines() == ["doors closed", "jobs stopped", str(int(number))]
        assert process.wait(10) == 0


def _handles(pid, number):
    """Whether the process has a handler of its own for the signal and waits: /proc says which it catches."""
    with open(f"/proc/{pid}/status") as status:
        caught = next(int(line.split()[1], 16) for line in status if line.startswith("SigCgt"))
    return caught >> (signal.SIGTERM - 1) & 1 and caught >> (number - 1) & 1


def test_the_default_home_is_named_by_the_program(cli, capfd, monkeypatch):
    monkeypatch.setitem(os.environ, "HOME", "/home/w")
    _code, out, _err = run(cli, "ask --json", capfd)
    assert json.loads(out)["where"] == "/home/w/.banyan/outlet"
    _code, out, _err = run(cli, "ask --json", capfd, {**ENVIRON, "BANYAN_HOME": "/srv/banyan"})
    assert json.loads(out)["where"] == "/srv/banyan"
