"""The `adaptest` command: a table of commands, loaded when called, and the one place where errors end."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from adaptest import __version__
from adaptest.errors import AdaptestError

# name -> (module:object, help line); the help line stands here so that --help loads click alone
COMMANDS: dict[str, tuple[str, str]] = {
    "analyse": ("adaptest.cli.analyse:analyse", "Fit, local dependence, persons, reliability and DIF."),
    "bank": ("adaptest.cli.bank:bank", "Show, check, import and export the item bank."),
    "calibrate": ("adaptest.cli.calibrate:calibrate", "Estimate item parameters from responses."),
    "exam": ("adaptest.cli.exam:exam", "List, take, simulate, report, replay and explain exams."),
    "form": ("adaptest.cli.form:form", "Assemble fixed and parallel forms."),
    "init": ("adaptest.cli.init:init", "Lay out a workspace with the shipped bank, or update one."),
    "link": ("adaptest.cli.link:link", "Put one calibration's parameters on another's scale."),
    "lesson": ("adaptest.cli.lesson:lesson", "Read a study lesson."),
    "monitor": ("adaptest.cli.monitor:monitor", "Watch exposure, residuals and times of a bank's items."),
    "recalibrate": ("adaptest.cli.recalibrate:recalibrate", "Make a candidate release from sittings."),
    "release": ("adaptest.cli.release:release", "List, approve, publish, roll back and revoke releases."),
    "score": ("adaptest.cli.score:score", "Estimate theta for people from responses and item parameters."),
    "standard": ("adaptest.cli.standard:standard", "Set a cut from the judgements of a panel."),
    "store": ("adaptest.cli.store:store", "Verify, back up and restore the database."),
    "verify": ("adaptest.cli.verify:verify", "Compute reference cases now: our numbers beside others'."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Return the names in the table."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's)
        """Return the command, importing its module."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with the table's help lines: nothing is imported."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done; 1 an error; 2 wrong usage; 3 done, but something needs a person.",
)
@click.version_option(__version__, prog_name="adaptest")
@click.option(
    "--workspace",
    metavar="DIR",
    envvar="ADAPTEST_WORKSPACE",
    help="Folder with adaptest.toml (default: the current folder).",
)
@click.option("-v", "--verbose", count=True, help="Log more to standard error (twice: still more).")
@click.option("-q", "--quiet", is_flag=True, help="Log errors only, and show no progress.")
@click.option("--log-file", metavar="FILE", help="Write the log to FILE as well.")
@click.pass_context
def cli(
    context: click.Context, workspace: str | None, verbose: int, *, quiet: bool, log_file: str | None
) -> None:
    """Run adaptive exams, and keep their item bank calibrated, with item response theory."""
    context.obj = {"workspace": workspace, "quiet": quiet}
    if verbose or quiet or log_file:
        from adaptest.cli.logs import configure

        configure(verbose=verbose, quiet=quiet, file=log_file)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 done, 1 an error, 2 wrong usage, 3 something needs a person."""
    _open_what_is_closed()
    try:
        code: Any = cli.main(arguments, prog_name="adaptest", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as ending:
        code = ending.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = _fail("interrupted", 130)
    except click.UsageError as error:
        code = _wrong_usage(error)
    except click.ClickException as error:
        code = _fail(error.format_message(), 1)
    except AdaptestError as error:
        code = _fail(str(error), 1)
    except BrokenPipeError:
        code = _closed_pipe()
    except MemoryError:
        code = _fail("not enough memory; use fewer persons or items at a time, or a larger machine", 1)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        code = _fail(f"{where}{(error.strerror or str(error)).lower()}", 1)
    except Exception as error:  # noqa: BLE001 (a fault of ours: the user gets a sentence, the log the rest)
        code = _fault(error)
    sys.exit(code if isinstance(code, int) else 0)


def _open_what_is_closed() -> None:
    """Give a stream that the caller closed somewhere to go, so that writing to it is not an error."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 (open to the end)


def _wrong_usage(error: click.UsageError) -> int:
    """Say in one sentence what is wrong with the words of the command, and where they are explained."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return error.exit_code
    message = error.format_message().rstrip(".")
    path = error.ctx.command_path if error.ctx else "adaptest"
    return _fail(f"{message[:1].lower()}{message[1:]}; see '{path} --help'", error.exit_code)


def _fail(sentence: str, code: int) -> int:
    try:
        click.echo(f"adaptest: {sentence}", err=True)
    except OSError:  # standard error is gone too: the exit code is all that is left to say
        return code
    return code


def _fault(error: Exception) -> int:
    """Say that the program is at fault; the traceback goes to the log."""
    import logging

    logging.getLogger("adaptest").debug("internal error", exc_info=error)
    kind, text = type(error).__name__, str(error)
    return _fail(f"internal error, please report it with -vv: {kind}{': ' if text else ''}{text}", 1)


def _closed_pipe() -> int:
    """Leave quietly when the reader of our output left first; nothing may be flushed into the pipe again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
