"""`adaptest exam simulate`: know what an exam will do before anyone sits it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from adaptest.cli.output import progress
from adaptest.cli.simulate_options import asked_of
from adaptest.errors import OptionError
from adaptest.files import new_folder, readable_json, write_text
from adaptest.workspace import open_workspace

if TYPE_CHECKING:  # --help loads no numpy
    from adaptest.simulation.cohort import Block, Progress
    from adaptest.simulation.study import Running, Study

NEEDS_A_PERSON = 3


@click.command("simulate", short_help="Run many simulees, or people's answers, through an exam.")
@click.argument("names", metavar="EXAM...", nargs=-1, required=True)
@click.option(
    "--simulees", metavar="N", type=click.IntRange(min=1), help="How many (default: 1000, or all in a file)."
)
@click.option(
    "--theta",
    metavar="normal|uniform|grid|FILE",
    default="normal",
    show_default=True,
    help="Abilities: normal[:MEAN,SD], uniform[:LOW,HIGH], grid[:LOW:HIGH:POINTS], or a CSV with theta.",
)
@click.option("--responses", metavar="FILE", help="People's answers instead of simulees, long or wide.")
@click.option(
    "--times",
    metavar="FILE",
    help="With --responses: wide table of seconds, same items (default: column time_s of a long one).",
)
@click.option(
    "--id-columns", metavar="A,B,...", help="With --responses: columns of a wide file that are no items."
)
@click.option(
    "--seed",
    metavar="N",
    type=click.IntRange(0, 2**64 - 1),
    default=1,
    show_default=True,
    help="Of all chance.",
)
@click.option(
    "--cut", "cuts", metavar="THETA", type=float, multiple=True, help="Tell decisions at this cut as well."
)
@click.option(
    "--true-parameters",
    metavar="FILE|draw",
    help="Simulees answer by these; draw: within the standard errors.",
)
@click.option(
    "--guessing", metavar="SHARE", type=float, default=0.0, help="Synthetic: items answered blindly."
)
@click.option(
    "--fatigue", metavar="LOGITS", type=float, default=0.0, help="Synthetic: ability lost by the last item."
)
@click.option(
    "--leaked",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Synthetic: ids of items known beforehand.",
)
@click.option(
    "--leaked-to", metavar="SHARE", type=float, default=1.0, help="Synthetic: simulees who know them."
)
@click.option("--omission", metavar="SHARE", type=float, default=0.0, help="Synthetic: items left out.")
@click.option(
    "--pace", metavar="SD", type=float, help="Synthetic: simulate time, with this spread of ln(time)."
)
@click.option(
    "--workers", metavar="N", type=click.IntRange(min=1), default=1, show_default=True, help="Processes."
)
@click.option(
    "--concurrency", metavar="N", type=click.IntRange(min=1), help="Sittings that run at once (default: 50)."
)
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path), help="Folder for the report and its tables."
)
@click.option("--force", is_flag=True, help="Replace DIR if it holds something.")
@click.pass_context
def simulate(context: click.Context, /, names: tuple[str, ...], **options: Any) -> None:
    """Run many simulees, or people's answers, through EXAM, with the functions that decide in live sittings.

    Several exams are compared on the same simulees and the same answers. Ctrl-C keeps what is finished. Exit
    code 3: a hard rule was broken, or something that an exam file requires is not met.
    """
    from adaptest.administration.exam import load_exam
    from adaptest.cli.simulate_text import said, said_of_comparison
    from adaptest.report.simulation_files import comparison
    from adaptest.simulation.exams import begun, run

    if options["responses"] and options["theta"] != "normal":
        raise OptionError("--responses and --theta exclude each other; people bring their own ability")
    if len(set(names)) < len(names):
        raise OptionError("each EXAM must be named once; one of them is named again")
    workspace = open_workspace(context.obj["workspace"])
    exams = [load_exam(name, workspace) for name in names]
    asked = asked_of(exams, workspace, options)
    out: Path | None = options["out"]
    how = {"workers": options["workers"]}
    with ExitStack() as stack:
        folder = stack.enter_context(new_folder(out, force=options["force"])) if out else None
        with progress("simulating", quiet=context.obj["quiet"]) as show:
            places = [_place(folder, name, len(names)) for name in names]
            files = [_open(stack, place) for place in places]
            running = begun(exams, asked)
            each = [_rows(one, file) for one, file in zip(running, files, strict=True)]
            found = run(running, progress=_left(show), each=each, **how)
        for study, place, file in zip(found.studies, places, files, strict=True):
            if place is not None and file is not None:
                file.close()
                _write(study, place)
        if folder is not None and len(names) > 1:
            write_text(folder / "comparison.json", readable_json(comparison(found, names)))
    for study, name in zip(found.studies, names, strict=True):
        click.echo(said(study, name), nl=False)
    if len(names) > 1:
        click.echo(said_of_comparison(found, names), nl=False)
    if out:
        click.echo(f"{out}: written", err=True)
    if any(study.interrupted or not study.in_order for study in found.studies):
        context.exit(NEEDS_A_PERSON)


def _place(folder: Path | None, name: str, exams: int) -> Path | None:
    """Return the folder of one exam's files: the one given, or one in it for each of several."""
    if folder is None or exams == 1:
        return folder
    place = folder / name.replace("/", "-")
    place.mkdir()
    return place


def _open(stack: ExitStack, place: Path | None) -> TextIO | None:
    """Return sittings.csv, open to be written while the simulation runs."""
    if place is None:
        return None
    return stack.enter_context((place / "sittings.csv").open("w", encoding="utf-8", newline=""))


def _rows(running: Running, file: TextIO | None) -> Callable[[Block], None]:
    """Return what is done with each block of sittings."""
    from adaptest.report.simulation_files import SittingRows
    from adaptest.simulation.people import People

    if file is None:
        return lambda _: None
    who, cuts = running.cohort.simulees, running.collected.cuts
    return SittingRows(file, cuts[0] if cuts else None, who if isinstance(who, People) else None)


def _left(show: Callable[[str], None]) -> Callable[[Progress], None]:
    """Return what shows progress, with the time left as the pace so far says."""
    began = time.monotonic()

    def tell(state: Progress) -> None:
        left = (time.monotonic() - began) * (state.total - state.done) / max(state.done, 1)
        minutes, seconds = divmod(round(left), 60)
        show(f"{state.done:,} of {state.total:,} simulees, {minutes}:{seconds:02d} left; Ctrl-C keeps them")

    return tell


def _write(study: Study, folder: Path) -> None:
    """Write a study's files beside its sittings."""
    from adaptest import __version__
    from adaptest.report import simulation_files as files
    from adaptest.report.simulation_page import page

    write_text(folder / "summary.json", readable_json(files.summary(study, __version__)))
    write_text(folder / "conditional.csv", files.conditional(study))
    write_text(folder / "exposure.csv", files.exposure(study))
    write_text(folder / "adequacy.csv", files.adequacy(study))
    write_text(folder / "report.html", page(study, __version__))
