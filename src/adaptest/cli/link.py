"""`adaptest link`: one calibration's parameters on another's scale."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adaptest.cli.reading import numbers, whole
from adaptest.errors import LinkingError

if TYPE_CHECKING:  # `adaptest link --help` loads no numpy
    from adaptest.linking import Form
    from adaptest.parameters import ParameterTable

METHODS = ("stocking-lord", "haebara", "mean-mean", "mean-gmean", "mean-sigma")


@click.command(
    short_help="Put one calibration's parameters on another's scale.",
    epilog="Exit 3: done, but the search did not converge or the anchors do not agree.",
)
@click.argument("from_", metavar="FROM")
@click.argument("to", metavar="TO")
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="stocking-lord",
    show_default=True,
    help="How A and B are found; mean-... break down where guessing is estimated.",
)
@click.option("--anchors", metavar="A,B,...", help="Common items to link by (default: all).")
@click.option("--exclude", metavar="A,B,...", help="Common items not to link by.")
@click.option(
    "--symmetric/--one-sided",
    default=True,
    show_default=True,
    help="Whether TO's curves are read on FROM's scale as well.",
)
@click.option(
    "--population", metavar="MEAN,SD", help="Base population, whose density weights TO's nodes (default 0,1)."
)
@click.option("--grid", metavar="LO:HI:N", help="Nodes (default: 61 within 6 standard deviations).")
@click.option(
    "--weights",
    type=click.Choice(["normal", "equal"]),
    default="normal",
    show_default=True,
    help="Of the nodes of --grid.",
)
@click.option("--d-from", type=float, metavar="D", help="FROM's D, if it is not 1: 1.7.")
@click.option("--d-to", type=float, metavar="D", help="TO's D, likewise.")
@click.option(
    "--equate",
    type=click.Choice(["true-score", "observed-score"]),
    help="Also write what each summed score on FROM's form is on TO's.",
)
@click.option("--scale-id", metavar="NAME", help="Name of TO's scale (default: as TO's table says).")
@click.option("--out", required=True, metavar="DIR", help="link.json, parameters.csv, anchors.csv, a page.")
@click.option("--force", is_flag=True, help="Replace DIR if it is there.")
@click.pass_obj
def link(
    settings: dict[str, Any],
    *,
    from_: str,
    to: str,
    method: str,
    anchors: str | None,
    exclude: str | None,
    symmetric: bool,
    population: str | None,
    grid: str | None,
    weights: str,
    d_from: float | None,
    d_to: float | None,
    equate: str | None,
    scale_id: str | None,
    out: str,
    force: bool,
) -> int:
    """Put FROM's parameters on TO's scale by the items that both have: theta_TO = A * theta_FROM + B.

    FROM and TO are parameter tables, or folders of calibration runs; a run's covariance is used for the
    standard errors of A and B.
    """
    from adaptest.files import new_folder
    from adaptest.linking import link as find
    from adaptest.linking.equating import observed_score_equating, true_score_equating
    from adaptest.linking.transform import transform
    from adaptest.numerics.quadrature import NormalPrior, UniformPrior, fixed_grid
    from adaptest.report.link_run import Linked, write_link

    base = (
        NormalPrior() if population is None else NormalPrior(*numbers(population, "--population", "MEAN,SD"))
    )
    nodes = None
    if grid is not None:
        low, high, n = numbers(grid, "--grid", "LO:HI:N", ":")
        density = base if weights == "normal" else UniformPrior(low, high)
        nodes = fixed_grid(low, high, whole(n, "--grid"), density)
    table, from_form = _read(from_, d_from)
    to_table, to_form = _read(to, d_to)
    found = find(
        from_form,
        to_form,
        method,  # type: ignore[arg-type]  # click let one of the words through
        ids=_anchors(from_form, to_form, anchors, exclude),
        symmetric=symmetric,
        population=base,
        grid=nodes,
    )
    equated = None
    if equate is not None:
        ours = transform(from_form.items, found.A, found.B)
        equated = (
            true_score_equating(ours, to_form.items)
            if equate == "true-score"
            else observed_score_equating(ours, to_form.items, base)
        )
    made = Linked(
        link=found,
        table=table,
        from_form=from_form,
        to_form=to_form,
        names=(Path(from_).name, Path(to).name),
        population=base,
        scale_id=scale_id or _scale_of(to_table, to_form),
        equated=equated,
    )
    with new_folder(out, force=force) as folder:
        write_link(folder, made)
    return _say(made, out, quiet=settings["quiet"])


def _read(path: str, scaling_constant: float | None) -> tuple[ParameterTable, Form]:
    """Return a table, or that of a run's folder, and its form with the covariance beside it."""
    from adaptest.calibration.covariance_file import covariance_beside
    from adaptest.linking import Form
    from adaptest.parameters.files import read_parameter_table

    file = Path(path) / "parameters.csv" if Path(path).is_dir() else Path(path)
    table = read_parameter_table(file, scaling_constant=scaling_constant)
    covariance = covariance_beside(file) if scaling_constant in {None, 1.0} else ()
    return table, Form.of(table, covariance)


def _anchors(
    from_form: Form, to_form: Form, anchors: str | None, exclude: str | None
) -> tuple[str, ...] | None:
    """Return the anchors that were named, or all common items but the excluded; None for all."""
    if anchors is not None:
        return tuple(name for name in anchors.split(",") if name)
    if exclude is None:
        return None
    out = {name for name in exclude.split(",") if name}
    common = [item for item in to_form.items.ids if item in from_form.items.row]
    if missing := sorted(out - set(common)):
        raise LinkingError(f"--exclude must name common items; {missing[0]!r} is none")
    return tuple(item for item in common if item not in out)


def _scale_of(table: ParameterTable, form: Form) -> str:
    """Return the name of the scale of a table: its own word, else a digest of its parameters."""
    names = sorted({name for name in table.scale_id if name})
    if len(names) > 1:
        raise LinkingError(f"TO must be on one scale; got {', '.join(names)}")
    return names[0] if names else f"scale-{form.items.fingerprint[:12]}"


def _say(made: Any, out: str, *, quiet: bool) -> int:
    """Print what was done on standard error; return the exit code."""
    found, doubts = made.link, made.doubts()
    if not quiet:
        known = found.se_A == found.se_A  # nan where there are no errors
        errors = (f" (SE {found.se_A:.4f})", f" (SE {found.se_B:.4f})") if known else ("", "")
        click.echo(
            f"{found.method} with {len(found.anchors)} anchors: A = {found.A:.6f}{errors[0]}, "
            f"B = {found.B:.6f}{errors[1]}; written to {out}",
            err=True,
        )
        for note in found.notes:
            click.echo(f"note: {note}", err=True)
        for doubt in doubts:
            click.echo(f"flag: {doubt}", err=True)
        moved = [i for i, flag in zip(found.anchors, made.moved(made.comparison), strict=True) if flag]
        if moved:
            more = f" and {len(moved) - 5} more" if len(moved) > 5 else ""  # noqa: PLR2004 (named)
            click.echo(f"flag: anchors that moved: {', '.join(moved[:5])}{more}", err=True)
    return 3 if doubts else 0
