"""`adaptest exam tune`: find the probabilities of an exposure rule by simulation."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from adaptest.cli.output import progress
from adaptest.errors import OptionError
from adaptest.files import require_new
from adaptest.workspace import open_workspace

if TYPE_CHECKING:
    from adaptest.programme.tune import Tuner
    from adaptest.simulation.tune_exposure import Round, Tuning

NEEDS_A_PERSON = 3


@click.command("tune", short_help="Find the probabilities of an exposure rule by simulation.")
@click.argument("name", metavar="EXAM")
@click.option(
    "--rate", metavar="R", type=float, help="Share of sittings that may be shown an item, such as .25."
)
@click.option(
    "--rule", type=click.Choice(["sympson_hetter", "eligibility"]), help="Which rule, if the exam names none."
)
@click.option("--bands", metavar="A,B,...", help="Edges of theta bands in which the rate is kept as well.")
@click.option(
    "--simulees",
    metavar="N",
    type=click.IntRange(min=1),
    default=20_000,
    show_default=True,
    help="In each round.",
)
@click.option(
    "--seed",
    metavar="N",
    type=click.IntRange(0, 2**64 - 1),
    default=1,
    show_default=True,
    help="Of all chance.",
)
@click.option("--force", is_flag=True, help="Replace the file that is there.")
@click.pass_context
def tune(
    context: click.Context,
    name: str,
    rate: float | None,
    rule: str | None,
    bands: str | None,
    simulees: int,
    seed: int,
    *,
    force: bool,
) -> None:
    """Find, by simulating the exam, the probabilities with which no item is shown too often.

    They are written beside the exam, as EXAM.exposure.json, once at least 20,000 fresh simulees kept the
    rate: all of them, and those in each theta band. The file is for this exam on these items and parameters
    only.
    """
    from adaptest.programme.tune import Asked, tuner

    edges = None if bands is None else _edges(bands)
    one = tuner(open_workspace(context.obj["workspace"]), name, Asked(rule, rate, edges))
    require_new(one.path, force=force)
    began = time.monotonic()

    def told(number: int, done: Round) -> None:
        in_each = done.largest[1:] if len(one.bands) > 1 else ()
        largest = ", ".join(f"{value:.4f}" for value in in_each)
        in_bands = f"; in each band {largest}" if largest else ""
        click.echo(
            f"round {number:>2}: {done.simulees} simulees, largest rate {done.largest[0]:.4f}{in_bands}",
            err=True,
        )

    with progress("simulating") as show:
        tuning = one.run(
            simulees, seed, progress=lambda done: show(f"{done.done} of {done.total}"), each=told
        )
    for line in _told(one, tuning):
        click.echo(line)
    click.echo(f"{time.monotonic() - began:.0f} s", err=True)
    if not tuning.converged:
        context.exit(NEEDS_A_PERSON)


def _told(one: Tuner, tuning: Tuning) -> list[str]:
    """Return what came of it, in lines."""
    if not tuning.converged:
        return [
            f"{one.exam}: no probabilities keep the rate {one.rate:g}: {tuning.reason}; nothing was written"
        ]
    fresh, most = tuning.fresh, tuning.fresh.allowed(tuning.rate)
    limited, least = int((tuning.table < 1).any(axis=0).sum()), tuning.table.min()
    lines = [
        f"{one.exam}: {one.rule} for a rate of {one.rate:g}, found in {len(tuning.rounds)} rounds",
        f"{limited} of {tuning.table.shape[1]} items are limited; smallest probability {least:.4f}",
        (
            f"{fresh.n[0]:.0f} fresh simulees: largest rate {fresh.largest[0]:.4f}, where chance lets pass"
            f" {most[0]:.4f}"
        ),
    ]
    if len(one.bands) > 1:
        for band in range(len(one.bands)):
            n, largest, limit = fresh.n[band + 1], fresh.largest[band + 1], most[band + 1]
            judged = f"where chance lets pass {limit:.4f}" if limit < 1 else "too few to be judged"
            lines.append(f"  {one.bands.name(band)}: {n:.0f} of them, largest rate {largest:.4f}, {judged}")
    lines.append(f"written: {one.path}")
    if not one.said:
        lines.append(f"the exam does not use it yet; say in its file:  {one.line}")
    return lines


def _edges(text: str) -> tuple[float, ...]:
    """Return the numbers of a comma-separated list."""
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise OptionError(f"--bands must be numbers with commas between them; got {text!r}") from None
