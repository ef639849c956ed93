"""`adaptest exam`: what is there, take one, and everything an administrator does with sittings."""

from __future__ import annotations

import io
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from adaptest.cli.output import Format, emit, format_option
from adaptest.errors import FileError, OptionError
from adaptest.files import write_text
from adaptest.workspace import open_workspace

if TYPE_CHECKING:
    from adaptest.administration.exam import Listed
    from adaptest.administration.records import Records
    from adaptest.administration.sitting import Sitting

T = TypeVar("T")
PAUSED = 1  # the sitting did not come to its end; it can be resumed
NEEDS_A_PERSON = 3
IN_TABLE = ("sitting", "candidate", "exam", "status", "scale_score", "decision", "n_items")


class _Group(click.Group):
    """The exam commands; simulate and tune are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "simulate", "tune"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "simulate":
            from adaptest.cli.simulate import simulate

            return simulate
        if cmd_name == "tune":
            from adaptest.cli.exam_tune import tune

            return tune
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Group, short_help="List, take, simulate, report, replay and explain exams.")
def exam() -> None:
    """List, take, simulate, report, replay and explain exams.

    EXAM is bank/exam, such as peer-support/practice. SITTING is an id that `exam results` lists, or `last`.
    """


@exam.command("list", short_help="List the exams that can be taken.")
@format_option
@click.pass_context
def list_(context: click.Context, format_: Format) -> None:
    """List the exams of the workspace, and say of each that cannot run why."""
    from adaptest.administration.exam import every_exam

    listed, left_out = every_exam(open_workspace(context.obj["workspace"]))
    emit(
        [_listed(one) for one in listed],
        ["exam", "title", "questions", "stakes", "provisional"] + ["release"] * (format_ != "table"),
        format_,
    )
    broken = [f"{one.name}: {one.problem}" for one in listed if one.exam is None]
    for sentence in broken:
        click.echo(f"adaptest: {sentence}", err=True)
    if left_out:
        more = f" (and {len(left_out) - 1} more items)" if len(left_out) > 1 else ""
        click.echo(f"adaptest: {left_out[0]}{more}", err=True)
    if broken or left_out:
        context.exit(NEEDS_A_PERSON)


def _listed(one: Listed) -> dict[str, Any]:
    """Return an exam as the list has it."""
    if one.exam is None:
        return {"exam": one.name, "title": "(cannot run)"}
    about = one.exam.about
    questions = f"{about.at_least}-{about.at_most}" if about.at_least < about.at_most else str(about.at_most)
    return {
        "exam": one.name,
        "title": about.title,
        "stakes": about.stakes,
        "questions": questions,
        "release": about.release,
        "provisional": about.provisional,
    }


@exam.command(short_help="Take an exam, or go on with one.")
@click.argument("name", metavar="EXAM")
@click.option("--candidate", metavar="ID", help="Who takes it; without it, nobody who is remembered.")
@click.option(
    "--seed", metavar="N", type=int, help="Choose chance, to have the same exam again (not where secure)."
)
@click.option(
    "--resume", is_flag=True, help="Go on with the newest unfinished sitting, at the same question."
)
@click.option("--sitting", metavar="ID", help="With --resume: which sitting.")
@click.option(
    "--accommodation",
    "accommodations",
    metavar="NAME=VALUE",
    multiple=True,
    help="What was agreed for this person: time_multiplier=1.5 reaches every limit and break.",
)
@click.option("--prior-mean", metavar="THETA", type=float, help="Mean of this person's own prior, logits.")
@click.option("--prior-sd", metavar="SD", type=float, help="Its standard deviation (default 1).")
@click.option(
    "--answers", metavar="FILE", type=click.Path(path_type=Path), help="Answer from item_id,option lines."
)
@click.pass_obj
def take(
    settings: dict[str, Any],
    name: str,
    candidate: str | None,
    seed: int | None,
    *,
    resume: bool,
    sitting: str | None,
    answers: Path | None,
    accommodations: tuple[str, ...],
    prior_mean: float | None,
    prior_sd: float | None,
) -> None:
    """Take an exam: at a terminal by keys, else from standard input, a letter as shown on each line.

    Every answer is kept before the next question is shown. Ctrl-C, or the end of the input, leaves a
    sitting that --resume goes on with at the same question.

    Where the exam allows it, a line P asks for a break after the question, which ends with the next line; a
    line such as 3 B changes the answer to question 3, and E ends the exam after its last question.
    """
    from adaptest.administration.exam import load_exam
    from adaptest.administration.records import open_records
    from adaptest.cli.terminal_lines import read_answers

    if resume and seed is not None:
        raise click.UsageError("--seed is for a new sitting; a resumed one keeps its own")
    if sitting is not None and not resume:
        raise click.UsageError("--sitting needs --resume")
    if resume and (accommodations or prior_mean is not None or prior_sd is not None):
        raise click.UsageError(
            "--accommodation and --prior-… are for a new sitting; a resumed one keeps its own"
        )
    agreed = _accommodations(accommodations)
    prior = None
    if prior_mean is not None or prior_sd is not None:
        prior = (0.0 if prior_mean is None else prior_mean, 1.0 if prior_sd is None else prior_sd)
    workspace = open_workspace(settings["workspace"])
    given = read_answers(answers) if answers is not None else None
    loaded = None if resume else load_exam(name, workspace)
    with open_records(workspace, create=not resume) as records:
        if loaded is None:
            taken = records.resume(sitting or records.unfinished(name, candidate), exam=name)
        else:
            taken = loaded.start(candidate, seed=seed, accommodations=agreed, prior=prior, records=records)
        with taken:
            code = _take(taken, given, str(answers), settings)
    sys.exit(code)


def _accommodations(said: tuple[str, ...]) -> dict[str, str]:
    """Return accommodations by name."""
    agreed: dict[str, str] = {}
    for one in said:
        name, equals, value = one.partition("=")
        if not equals or not value or name in agreed:
            raise OptionError(f"--accommodation must be NAME=VALUE, each name once; got {one!r}")
        agreed[name] = value
    return agreed


def _take(sitting: Sitting, given: dict[str, str] | None, path: str, settings: dict[str, Any]) -> int:
    """Run a sitting the way the input allows, and return the exit code."""
    from adaptest.cli import terminal, terminal_lines
    from adaptest.cli.terminal_keys import terminal_keys
    from adaptest.cli.terminal_screens import console

    stdin = sys.stdin or io.StringIO()  # closed by the caller: an input without lines
    interactive = given is None and stdin.isatty() and sys.stdout.isatty()
    out = console(terminal=interactive)
    done = True
    try:
        if given is not None:
            terminal_lines.take_answers(sitting, out, given, path)
        elif interactive:
            with terminal_keys() as keys:
                terminal.take(sitting, out, keys)
        else:
            done = terminal_lines.take_lines(sitting, out, stdin)
    except (KeyboardInterrupt, EOFError):
        done = sitting.ended
        out.print()
    if not done:
        sitting.time.pause()
    says = sitting.exam.says
    if not done:
        click.echo(says.paused.format(recorded=sitting.recorded), err=True)
        click.echo(f"{says.how_to_resume}\n  {_command(sitting, settings)}", err=True)
        return PAUSED
    return 0


def _command(sitting: Sitting, settings: dict[str, Any]) -> str:
    """Return the command that goes on with a sitting."""
    words = ["adaptest"]
    if settings["workspace"]:
        words += ["--workspace", settings["workspace"]]
    words += ["exam", "take", sitting.exam.about.exam, "--resume", "--sitting", sitting.id]
    return shlex.join(words)


@exam.command(short_help="List sittings and what they came to.")
@click.argument("name", metavar="[EXAM]", required=False)
@format_option
@click.pass_obj
def results(settings: dict[str, Any], name: str | None, format_: Format) -> None:
    """List sittings and what they came to."""
    from adaptest.administration.result import as_row

    def rows(records: Records) -> list[dict[str, Any]]:
        return [as_row(stored.result) for stored in records.all(name)]

    found = _with_records(settings, rows)
    if format_ == "csv":
        for row in found:
            row["bands"] = " ".join(f"{code}={band}" for code, band in row["bands"].items())
    every = tuple(dict.fromkeys(name for row in found for name in row))
    columns = every if found and format_ != "table" else IN_TABLE
    emit(found, columns, format_)
    if format_ == "table" and any(row["provisional"] for row in found):
        click.echo(
            "provisional: all or some results rest on judged parameters, not calibrated ones", err=True
        )


@exam.command()
@click.argument("sitting")
@click.option(
    "--out", metavar="FILE", required=True, type=click.Path(path_type=Path), help="HTML file to write."
)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.pass_obj
def report(settings: dict[str, Any], sitting: str, out: Path, *, force: bool) -> None:
    """Write one page for the candidate."""
    from adaptest.administration.score_report import page

    _require_new(out, force=force)
    write_text(out, _with_records(settings, lambda records: page(records.sitting(sitting))))
    click.echo(f"{out}: written", err=True)


@exam.command(short_help="Write every response, as calibrate reads it.")
@click.argument("name", metavar="[EXAM]", required=False)
@click.option(
    "--out", metavar="FILE", required=True, type=click.Path(path_type=Path), help="CSV file to write."
)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.pass_obj
def responses(settings: dict[str, Any], name: str | None, out: Path, *, force: bool) -> None:
    """Write every response as calibrate reads it: one row each, persons by pseudonym, no void sittings."""
    from adaptest.administration.export import response_table

    _require_new(out, force=force)
    table = _with_records(settings, lambda records: response_table(records, name))
    write_text(out, table.text)
    left = f"; {table.void} void sittings left out" if table.void else ""
    click.echo(f"{out}: {table.n} responses{left}", err=True)


@exam.command(short_help="Decide every step of a sitting again, and compare.")
@click.argument("sitting")
@click.pass_context
def replay(context: click.Context, sitting: str) -> None:
    """Decide every step of a sitting again from its log, and say whether it agrees."""
    from adaptest.administration.explain import replayed

    stored = _with_records(context.obj, lambda records: records.sitting(sitting))
    found, sitting = replayed(stored), stored.row.sitting
    for line in found.differences:
        click.echo(f"differs: {line}")
    if found.differences:
        click.echo(f"sitting {sitting!r}: {len(found.differences)} of {found.decisions} decisions differ")
        context.exit(NEEDS_A_PERSON)
    click.echo(f"sitting {sitting!r}: {found.events} events verify; all {found.decisions} decisions agree")


@exam.command(short_help="Say why each item was chosen.")
@click.argument("sitting")
@click.option("--item", "number", metavar="N", type=click.IntRange(min=1), help="Only question N, in full.")
@click.pass_obj
def explain(settings: dict[str, Any], sitting: str, number: int | None) -> None:
    """Say why each item was chosen and why the sitting ended; for administrators, it names items and keys."""
    from adaptest.administration.explain import explained

    for line in _with_records(settings, lambda records: explained(records.sitting(sitting), number)):
        click.echo(line)


def _act(name: str, summary: str) -> None:
    """Make one of the commands that change what a sitting counts for."""

    @exam.command(name, help=summary)
    @click.argument("sitting")
    @click.option("--reason", metavar="TEXT", required=True, help="Why; it is kept with the sitting.")
    @click.option(
        "--by", metavar="WHO", envvar="ADAPTEST_BY", help="Who does it (default: the system's user)."
    )
    @click.pass_obj
    def act(settings: dict[str, Any], sitting: str, reason: str, by: str | None) -> None:
        result = _with_records(settings, lambda records: records.act(sitting, name, reason, by or _user()))
        click.echo(f"sitting {result.sitting!r}: {result.status}", err=True)


_act("void", "Make a sitting not count.")
_act("hold", "Keep a result from being told until it is released.")
_act("release", "Let a held result be told.")
_act("note", "Keep a remark with a sitting; it changes nothing.")


def _user() -> str:
    """Return the system's name for who runs this."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a system without user names
        raise OptionError("--by must say who does this; this system has no user name") from None


def _with_records(settings: dict[str, Any], use: Callable[[Records], T]) -> T:
    """Return what `use` makes of the workspace's sittings."""
    from adaptest.administration.records import open_records

    with open_records(open_workspace(settings["workspace"])) as records:
        return use(records)


def _require_new(path: Path, *, force: bool) -> None:
    if path.exists() and not force:
        raise FileError(f"{path}: must not exist; give another file, or --force to replace it")
