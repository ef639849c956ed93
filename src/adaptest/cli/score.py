"""`adaptest score`: theta, its standard error and what became of the estimation, for each person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import click

from adaptest.cli.output import progress
from adaptest.cli.reading import numbers, read, reading_options, whole
from adaptest.errors import ResponseError

if TYPE_CHECKING:  # `adaptest score --help` loads no numpy
    from adaptest.numerics.quadrature import Grid, Prior
    from adaptest.parameters import ItemParameters
    from adaptest.responses import Responses
    from adaptest.scoring import Estimates

Policy = Literal["wrong", "not_presented"]
METHODS = ("eap", "map", "mle", "wle", "jeffreys", "robust_huber", "robust_tukey", "eap_sum")
POLICIES = click.Choice(["wrong", "not_presented"])
_COLUMNS = ("theta", "sem", "outcome")
PERSONS = 65_536  # scored between two looks at the progress line


@click.command(
    short_help="Estimate theta for people from responses and item parameters.",
    epilog="Exit 3: done, but for some person the likelihood has several maxima, or the search did not end.",
)
@click.argument("responses")
@click.option("--parameters", required=True, metavar="FILE", help="Item parameters: CSV, .csv.gz or Parquet.")
@click.option("--d", "scaling_constant", type=float, metavar="D", help="The file's D, if it is not 1: 1.7.")
@click.option("--method", type=click.Choice(METHODS), default="eap", show_default=True, help="The estimator.")
@click.option("--prior", metavar="MEAN,SD", help="Normal prior (default 0,1), or uniform:LOW,HIGH.")
@click.option(
    "--grid", metavar="LO:HI:N", help="Fixed nodes for eap and eap_sum (default: refined until converged)."
)
@click.option("--bounds", metavar="LO:HI", help="Look for theta within these, where the method has no prior.")
@click.option(
    "--tuning", type=float, help="Residual beyond which robust methods count a response less, logits."
)
@click.option(
    "--scale", metavar="SLOPE,INTERCEPT", help="Reporting scale: scale_score = intercept + slope * theta."
)
@click.option(
    "--cut", "cuts", type=float, multiple=True, help="A cut on theta: column class counts those reached."
)
@click.option(
    "--omitted", type=POLICIES, default="wrong", show_default=True, help="What an omitted response is."
)
@click.option(
    "--not-reached", type=POLICIES, default="not_presented", show_default=True, help="Likewise, not reached."
)
@click.option(
    "--ignore-unknown", is_flag=True, help="Leave out items without parameters; their number is said."
)
@reading_options
@click.option("--out", metavar="FILE", help="Write the score file here (default: standard output).")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@click.pass_obj
def score(
    settings: dict[str, Any],
    *,
    responses: str,
    parameters: str,
    scaling_constant: float | None,
    method: str,
    prior: str | None,
    grid: str | None,
    bounds: str | None,
    tuning: float | None,
    scale: str | None,
    cuts: tuple[float, ...],
    omitted: Policy,
    not_reached: Policy,
    ignore_unknown: bool,
    layout: Literal["long", "wide"] | None,
    key: str | None,
    id_columns: str | None,
    person: str | None,
    omitted_code: tuple[str, ...],
    not_reached_code: tuple[str, ...],
    not_presented_code: tuple[str, ...],
    duplicates: Literal["refuse", "first"],
    out: str | None,
    force: bool,
) -> int:
    """Estimate theta for each person in RESPONSES, a long or wide table, from its items' parameters.

    Items are matched by id. The score file has the columns person, theta, sem, sem_kind, scale_score,
    n_items, method and outcome: ok, all_correct, all_incorrect, no_maximum, multiple_maxima, no_responses or
    not_converged.
    """
    from adaptest.files import require_new, write_bytes
    from adaptest.parameters.files import read_parameter_table
    from adaptest.report.score_file import score_csv
    from adaptest.scoring.scale import Cut, ReportingScale

    if out is not None:
        require_new(out, force=force)
    shown = None
    if scale is not None:
        slope, intercept = numbers(scale, "--scale", "SLOPE,INTERCEPT")
        shown = ReportingScale(slope, intercept)
    at = tuple(Cut(theta) for theta in cuts)
    how = _how(method, prior, grid, bounds, tuning)
    table = read_parameter_table(parameters, scaling_constant=scaling_constant)
    given = read(
        responses,
        layout=layout,
        key=key,
        id_columns=id_columns,
        person=person,
        items=None if table.lowest_score else table.items,
        duplicates=duplicates,
        omitted_code=omitted_code,
        not_reached_code=not_reached_code,
        not_presented_code=not_presented_code,
    )
    answered = _known(given, table.items, responses, parameters, ignore_unknown=ignore_unknown)
    answered = answered.lowered(table.lowest_score).resolved(omitted=omitted, not_reached=not_reached)
    people = _estimates(table.items, answered, how, quiet=settings["quiet"])
    text = score_csv(answered.persons, people, shown, at)
    if out is None:
        click.echo(text, nl=False)
    else:
        write_bytes(out, text)
    return _say(people, (*table.notes, *answered.notes, *people.notes), quiet=settings["quiet"])


@dataclass(frozen=True, slots=True)
class _How:
    """What the estimator is told."""

    method: str
    prior: Prior
    grid: Grid | None
    bounds: tuple[float, float] | None
    tuning: float | None


def _how(method: str, prior: str | None, grid: str | None, bounds: str | None, tuning: float | None) -> _How:
    from adaptest.numerics.quadrature import NormalPrior, UniformPrior, fixed_grid

    density: Prior = NormalPrior()
    if prior is not None and prior.startswith("uniform:"):
        density = UniformPrior(*numbers(prior.removeprefix("uniform:"), "--prior uniform:", "LOW,HIGH"))
    elif prior is not None:
        density = NormalPrior(*numbers(prior, "--prior", "MEAN,SD"))
    nodes = None
    if grid is not None:
        low, high, n = numbers(grid, "--grid", "LO:HI:N", ":")
        nodes = fixed_grid(low, high, whole(n, "--grid"), density)
    ends = None
    if bounds is not None:
        low, high = numbers(bounds, "--bounds", "LO:HI", ":")
        ends = low, high
    return _How(method, density, nodes, ends, tuning)


def _known(
    responses: Responses, items: ItemParameters, path: str, parameters: str, *, ignore_unknown: bool
) -> Responses:
    """Return the responses to items that have parameters."""
    from dataclasses import replace

    import numpy as np

    unknown = [item for item in responses.items if item not in items.row]
    if not unknown:
        return responses
    more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
    if not ignore_unknown:
        raise ResponseError(
            f"{path}: item {unknown[0]!r}{more} must have parameters in {parameters}; got none; name a "
            "column that is no item in --id-columns, or leave such items out with --ignore-unknown"
        )
    kept = np.array([row for row, item in enumerate(responses.items) if item in items.row], dtype=np.intp)
    note = f"{len(unknown)} items without parameters were left out: {unknown[0]!r}{more}"
    return replace(responses.take_items(kept), notes=(*responses.notes, note))


def _estimates(items: ItemParameters, responses: Responses, how: _How, *, quiet: bool) -> Estimates:
    """Return everyone's estimates, some persons at a time so that progress shows."""
    import numpy as np

    from adaptest.scoring import Estimates, score

    parts = []
    with progress("scoring", quiet=quiet) as show:
        for start in range(0, max(len(responses), 1), PERSONS):
            rows = np.arange(start, min(start + PERSONS, len(responses)))
            parts.append(
                score(
                    items,
                    responses.take_persons(rows),
                    how.method,
                    prior=how.prior,
                    grid=how.grid,
                    bounds=how.bounds,
                    tuning=how.tuning,
                )
            )
            show(f"{start + len(rows)} of {len(responses)} persons")
    theta, sem, outcome = (np.concatenate([getattr(one, name) for one in parts]) for name in _COLUMNS)
    counts = [one.n_items for one in parts if one.n_items is not None]
    n_items = np.concatenate(counts) if counts else None
    return Estimates(theta, sem, outcome, parts[0].sem_kind, how.method, n_items, parts[0].notes)


def _say(people: Estimates, notes: tuple[str, ...], *, quiet: bool) -> int:
    """Print what was done on standard error; return the exit code."""
    import numpy as np

    from adaptest.scoring import Outcome

    count = np.bincount(people.outcome, minlength=len(Outcome))
    if not quiet:
        others = ", ".join(f"{count[one]} {one.label}" for one in Outcome if one and count[one])
        click.echo(
            f"{count.sum()} persons scored by {people.method}{': ' if others else ''}{others}", err=True
        )
        for note in notes:
            click.echo(f"note: {note}", err=True)
    return 3 if count[Outcome.NOT_CONVERGED] or count[Outcome.MULTIPLE_MAXIMA] else 0
