"""The frame of the command lines: common options, help in two languages, one edge for errors, signals, logging.

A command ends with 0 done, 1 refused or found wrong, 2 misused. `--home`, `--json` and `--lang` are taken before and
after the command's name.
"""

import copy
import logging
import os
import re
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from node import messages, misuse, roles, sentences, settings
from node.errors import DatabaseUnusable
from node.messages import N_, _
from node.report import Context

log = logging.getLogger(__name__)
passed = click.make_pass_decorator(Context)
DONE, REFUSED, MISUSED = 0, 1, 2
_LOOK_S = 0.2
_EXAMPLE = re.compile(r"\n\n(?=Example: |示例：)")  # examples stand a line each, whatever the width
_EXTRA = re.compile(r"\[(default: [^\]]*|[^\]]*required)\]$")  # what click itself adds, in English only


class Command(click.Command):
    """A command with the common options, and help in the language in use."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.params.extend(_common_options())

    def invoke(self, ctx: click.Context) -> Any:
        if not isinstance(self, click.Group):
            _speak_as_settled(ctx.find_root().obj)
            _check_role(ctx)
        return super().invoke(ctx)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.help:
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(_EXAMPLE.sub(r"\n\n\b\n", _(self.help), count=1))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = [record for one in self.get_params(ctx) if (record := _translated(one).get_help_record(ctx))]
        with formatter.section(_("Options")):
            formatter.write_dl([(name, _EXTRA.sub(_extra, said)) for name, said in records])

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), _("Usage: "))

    def get_short_help_str(self, limit: int = 45) -> str:
        return _(self.short_help or self.help or "").split("\n", 1)[0]


class Group(Command, click.Group):
    """A group of commands; those made by its decorator are of the same kind."""

    command_class = Command
    group_class = type

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        Command.format_options(self, ctx, formatter)
        names = self.list_commands(ctx)
        rows = [(name, one.get_short_help_str()) for name in names if (one := self.get_command(ctx, name))]
        if rows:
            with formatter.section(_("Commands")):
                formatter.write_dl(rows)


def group(name: str, help: str) -> Group:
    """Return the top of a program's command line; `help` is marked with N_. Run it with `run` or `main`."""
    top = Group(name, help=help)
    named: dict[str, Any] = {"is_flag": True, "is_eager": True, "expose_value": False, "callback": _version}
    top.params.append(click.Option(["--version"], help=N_("Show the version."), **named))
    return top


def run(top: click.Command, arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> int:
    """Run one command line and return its exit code; every error ends here, as one sentence."""
    context = Context(str(top.name), _default_home(str(top.name), environ), environ=environ)
    context.json = "--json" in arguments  # told again by the option; a misused command is answered in kind, too
    given = _common_given(arguments)
    context.home_path = Path(given.get("--home", context.home_path))
    context.speak(settings.language(context.home_path, environ) or messages.preferred(environ), chosen=False)
    if given.get("--lang") in messages.LANGUAGES:
        context.speak(given["--lang"], chosen=True)
    try:
        _check_text(arguments)
        code = top.main(list(arguments), prog_name=top.name, standalone_mode=False, obj=context)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        return MISUSED
    except click.UsageError as error:
        return _misused(context, error)
    except BrokenPipeError:  # who reads us, `head` perhaps, has had enough; click ends with 1 then, so do we
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    except (click.Abort, KeyboardInterrupt):
        return _refused(context, "Aborted", _("Aborted."))
    except Exception as error:  # the top of the process: nothing goes further than this
        return _failed(context, error)
    if context.json and not context.emitted and code in (None, DONE):
        context.emit({})
    return code if isinstance(code, int) else DONE


def _check_text(arguments: Sequence[str]) -> None:
    """Raise UsageError for an argument that is no text, which no table, log or message can hold."""
    for one in arguments:
        if any("\ud800" <= char <= "\udfff" for char in one):
            raise click.UsageError(_("{text} is not written in UTF-8; a file must be renamed first").format(text=one))


def main(top: click.Command) -> None:
    """Run the process's own command line and exit. Log lines are for `serve`; a command says itself what matters."""
    if not os.environ.get("BANYAN_DEBUG"):
        logging.lastResort = logging.NullHandler()
    sys.exit(run(top, sys.argv[1:]))


def log_to_stderr(level: int = logging.INFO) -> None:
    """From now on log to stderr, one line a decision: time, level, logger, then the message's key=value pairs."""
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine("time=%(asctime)s level=%(levelname)s at=%(name)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)


def run_until_signalled(stops: Sequence[Callable[[], None]], start: Callable[[], None] = lambda: None) -> int:
    """Call `start`, wait for SIGTERM or SIGINT, call `stops` in order; return the signal's number. Main thread only.

    A signal during the start stops what has started, once it has. A second one during the stops ends the process at
    once.
    """
    signalled, number = threading.Event(), 0

    def note(got: int, _frame: object) -> None:
        nonlocal number
        number = got
        signalled.set()

    held = {one: signal.signal(one, note) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        start()
        while not signalled.wait(_LOOK_S):  # a signal that reaches another thread wakes nobody who waits without end
            pass
    finally:
        for one, handler in held.items():
            signal.signal(one, handler)
    log.info("stopping signal=%s", signal.Signals(number).name)
    for stop in stops:
        stop()
    return number


class _OneLine(logging.Formatter):
    """No message, whatever a peer put into it, can look like a second line; a traceback may follow."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def formatMessage(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)
        record.levelname = record.levelname.lower()
        return "".join(one if one.isprintable() else " " for one in super().formatMessage(record))


def _default_home(program: str, environ: Mapping[str, str]) -> Path:
    return Path(environ.get("BANYAN_HOME") or Path.home() / ".banyan" / program.removeprefix("banyan-"))


def _common_options() -> list[click.Option]:
    return [
        click.Option(
            ["--home"],
            type=click.Path(path_type=Path),
            expose_value=False,
            callback=_take_home,
            help=N_("Home directory of the node; default: $BANYAN_HOME, or .banyan/ below your own."),
        ),
        click.Option(
            ["--json"], is_flag=True, expose_value=False, callback=_take_json, help=N_("Answer with one JSON value.")
        ),
        click.Option(
            ["--lang"],
            type=click.Choice(["zh", "en"]),
            is_eager=True,
            expose_value=False,
            callback=_take_language,
            help=N_("Language of the messages; default: as in node.toml."),
        ),
    ]


def _common_given(arguments: Sequence[str]) -> dict[str, str]:
    """Return what --home and --lang are, before a misused option ends the reading of the line."""
    words = [
        one for word in arguments for one in (word.split("=", 1) if word[:7] in ("--home=", "--lang=") else [word])
    ]
    return {before: after for before, after in pairwise(words) if before in ("--home", "--lang")}


def _take_home(ctx: click.Context, _option: click.Parameter, path: Path | None) -> None:
    if path is not None:
        ctx.find_root().obj.home_path = path


def _take_json(ctx: click.Context, _option: click.Parameter, asked: bool) -> None:
    if asked:
        ctx.find_root().obj.json = True


def _take_language(ctx: click.Context, _option: click.Parameter, language: str | None) -> None:
    if language is not None:
        ctx.find_root().obj.speak(language, chosen=True)


def _version(ctx: click.Context, _option: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        print(f"{ctx.find_root().info_name} {version('banyan-ip')}")
        ctx.exit(DONE)


def _speak_as_settled(context: Context) -> None:
    if (language := settings.language(context.home_path, context.environ)) is not None:
        context.speak(language, chosen=False)


def _check_role(ctx: click.Context) -> None:
    """Raise NotYourRole where who works here may not give this command; before there is a home, everybody may."""
    context: Context = ctx.find_root().obj
    command = " ".join(ctx.command_path.split()[1:])
    if command in roles.NEEDS and not ctx.params.get("dry_run") and (context.home_path / "node.toml").exists():
        roles.check(context.settings, command)


def _translated(option: click.Parameter) -> click.Parameter:
    if not isinstance(option, click.Option) or not option.help:
        return option
    shown = copy.copy(option)
    shown.help = _("Show this message and exit.") if option.name == "help" else _(option.help)
    return shown


def _extra(found: re.Match[str]) -> str:
    """Return the default of an option, and whether it is required, in the language in use."""
    said = found[1].replace("default: ", _("default: "), 1)
    return "[" + (said.removesuffix("required") + _("required") if said.endswith("required") else said) + "]"


def sentence(error: Exception, context: Context) -> str:
    """Return what an error says to people, for commands that go on after it."""
    return sentences.say(error, context.language) if sentences.has_sentence(type(error)) else str(error)


def _misused(context: Context, error: click.UsageError) -> int:
    path = error.ctx.command_path if error.ctx else context.program
    said = misuse.say(error) + "\n" + _("See `{command} --help`.").format(command=path)
    _refused(context, "UsageError", said)
    return MISUSED


_OUTSIDE_CAUSES = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
}


def _failed(context: Context, error: Exception) -> int:
    if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _OUTSIDE_CAUSES:
        error = DatabaseUnusable(str(error))
    if isinstance(error, click.ClickException):
        return _refused(context, type(error).__name__, error.format_message())
    if sentences.has_sentence(type(error)):
        return _refused(context, type(error).__name__, sentences.say(error, context.language))
    if context.environ.get("BANYAN_DEBUG") or logging.getLogger().handlers:  # else it would be thrown at a person
        log.error("internal error", exc_info=error)
    said = _("Internal error ({kind}): this is a fault of the program. Please report it; BANYAN_DEBUG=1 shows where.")
    return _refused(context, "InternalError", said.format(kind=type(error).__name__))


def _refused(context: Context, kind: str, said: str) -> int:
    context.warn(said)
    if not context.emitted:
        context.emit({"error": kind, "message": said})
    return REFUSED
