"""What a command line that cannot be used is answered with: click itself knows English only."""

import click

from node.messages import _


def say(error: click.UsageError) -> str:
    """Return what is wrong with the command line, in one sentence in the language in use."""
    if isinstance(error, click.NoSuchOption):
        return _("There is no option {name}.").format(name=error.option_name)
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return _("{name} is missing.").format(name=error.param.get_error_hint(error.ctx))
    if isinstance(error, click.BadParameter) and error.param is not None:
        name = error.param.get_error_hint(error.ctx)
        return _("The value of {name} cannot be used: {why}").format(name=name, why=_why(error, error.param.type))
    if isinstance(error, click.exceptions.NoSuchCommand):
        return _("There is no command {name}.").format(name=error.command_name)
    why = error.format_message()
    return _("The command line cannot be understood: {why}").format(
        why=_("a command is missing") if why == "Missing command." else why
    )


def _why(error: click.BadParameter, expected: click.ParamType) -> str:
    """Return what would have been taken."""
    if isinstance(expected, click.Choice):
        return _("expected one of {choices}").format(choices=", ".join(map(str, expected.choices)))
    if isinstance(expected, click.IntRange):
        return _("expected a whole number from {low} to {high}").format(low=expected.min, high=expected.max)
    if expected is click.INT:
        return _("expected a whole number")
    if isinstance(expected, click.File | click.Path):
        return _("there is no such file, or it cannot be read: {path}").format(path=_quoted(error.message))
    return error.message


def _quoted(text: str) -> str:
    return text.partition("'")[2].rpartition("'")[0] or text
