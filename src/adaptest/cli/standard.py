"""`adaptest standard`: a cut on theta from the judgements of a panel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from adaptest.cli.reading import numbers
from adaptest.errors import OptionError, StandardSettingError

if TYPE_CHECKING:  # --help loads no numpy
    from adaptest.models.base import Floats
    from adaptest.parameters import ParameterTable
    from adaptest.standards import Standard

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--parameters", required=True, metavar="FILE", help="Parameters of the items: a table."),
    click.option("--d", "scaling_constant", type=float, metavar="D", help="The file's D, if it is not 1."),
    click.option("--scores", metavar="FILE", help="Score file of real people, for the impact table."),
    click.option(
        "--population",
        metavar="MEAN,SD",
        help="Normal population for the impact table without --scores (default 0,1).",
    ),
    click.option("--panel", metavar="TEXT", help="Who judged, in words (default: their number)."),
    click.option("--date", "day", metavar="YYYY-MM-DD", help="Of the last round (default: today)."),
    click.option("--scale-id", metavar="NAME", help="Scale of the cut (default: the parameters')."),
    click.option("--adopted-by", metavar="NAME", help="Who decided that this is the cut, if somebody did."),
    click.option(
        "--out", required=True, metavar="DIR", help="cut.yaml, standard.json, tables as CSV, report.html."
    ),
    click.option("--force", is_flag=True, help="Replace DIR if it is there."),
)


def _common(command: F) -> F:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.group(short_help="A cut on theta from the judgements of a panel: angoff, bookmark.")
def standard() -> None:
    """Set where passing begins, from the judgements of a panel."""


@standard.command(
    short_help="Modified Angoff.", epilog="Exit 3: done, but something about the panel needs a person."
)
@click.argument("ratings")
@_common
@click.pass_obj
def angoff(settings: dict[str, Any], /, *, ratings: str, **options: Any) -> int:
    """Set a cut by the modified Angoff method.

    RATINGS is CSV: judge, item, rating and perhaps round; or judge, perhaps round, and a column an item. A
    rating is the probability, 0 to 1, that a minimally competent candidate answers right; for items of more
    categories the expected score.
    """
    from adaptest.standards import angoff as method
    from adaptest.standards import read_ratings

    table = _table(options)
    said = read_ratings(ratings)
    return _write(method(table.items, said), table, said.items, options, quiet=settings["quiet"])


@standard.command(
    short_help="Bookmark.", epilog="Exit 3: done, but something about the panel needs a person."
)
@click.argument("ratings")
@click.option(
    "--response-probability", type=float, default=0.67, show_default=True, help="Of mastery; .67, .5, ...."
)
@click.option(
    "--guessing-corrected/--guessing-included",
    default=False,
    show_default=True,
    help="Whether mastery is (P - c) / (1 - c), or P itself; both cuts are reported.",
)
@click.option(
    "--placement",
    type=click.Choice(["before", "midpoint", "on"]),
    default="before",
    show_default=True,
    help="Theta of a bookmark: of the page before it, of its own, or between.",
)
@click.option(
    "--summary",
    type=click.Choice(["median", "mean"]),
    default="median",
    show_default=True,
    help="Of the judges' cuts.",
)
@_common
@click.pass_obj
def bookmark(
    settings: dict[str, Any],
    /,
    *,
    ratings: str,
    response_probability: float,
    guessing_corrected: bool,
    placement: str,
    summary: str,
    **options: Any,
) -> int:
    """Set a cut by the Bookmark method.

    RATINGS is CSV with the columns judge, bookmark and perhaps round. A bookmark is the page of the first
    item that a minimally competent candidate would not master; items.csv is the booklet, page after page.
    """
    from adaptest.standards import booklet, read_ratings
    from adaptest.standards import bookmark as method

    table = _table(options)
    pages = booklet(table.items, probability=response_probability, guessing_corrected=guessing_corrected)
    found = method(pages, read_ratings(ratings), placement=placement, summary=summary)  # type: ignore[arg-type]
    return _write(found, table, table.items.ids, options, quiet=settings["quiet"])


def _table(options: dict[str, Any]) -> ParameterTable:
    from adaptest.parameters.files import read_parameter_table

    table = read_parameter_table(options["parameters"], scaling_constant=options["scaling_constant"])
    if not len(table.items):
        raise StandardSettingError(f"{options['parameters']}: must hold items with parameters; got none")
    return table


def _write(
    found: Standard, table: ParameterTable, ids: tuple[str, ...], options: dict[str, Any], *, quiet: bool
) -> int:
    import numpy as np

    from adaptest.files import new_folder
    from adaptest.report.standard_run import write_standard
    from adaptest.standards.cut import CutRecord
    from adaptest.standards.impact import impact

    mean, sd = numbers(options["population"] or "0,1", "--population", "MEAN,SD")
    if not sd > 0:
        raise OptionError(f"--population must have an SD above 0; got {sd:g}")
    people, words = None, f"a normal population with mean {mean:g} and standard deviation {sd:g}"
    if options["scores"]:
        people = _people(options["scores"])
        words = f"{len(people)} people of the score file, by their estimates"
    items = table.items.take(np.array([table.items.row[item] for item in ids], dtype=np.intp))
    cut = CutRecord(
        method=found.method,
        panel=options["panel"] or f"{len(found.judges)} judges",
        date=_day(options["day"]),
        scale_id=options["scale_id"] or _scale_of(table),
        theta=found.theta,
        se=found.se if np.isfinite(found.se) else 0.0,
        adopted_by=options["adopted_by"] or "",
    )
    rows = impact(found.theta, found.se, items, people=people, mean=mean, sd=sd)
    with new_folder(options["out"], force=options["force"]) as folder:
        write_standard(folder, found, cut, rows, words)
    if not quiet:
        error = f" (SE {found.se:.3f})" if np.isfinite(found.se) else ""
        passing = next(row.passing for row in rows if row.steps == 0)
        click.echo(
            f"{found.method}, {len(found.judges)} judges: cut at theta {found.theta:.4f}{error}; "
            f"{passing:.1%} would pass; written to {options['out']}",
            err=True,
        )
        for note in found.notes:
            click.echo(f"note: {note}", err=True)
    return 3 if any(note.startswith("judge ") for note in found.notes) else 0


def _scale_of(table: ParameterTable) -> str:
    names = sorted({name for name in table.scale_id if name})
    if len(names) != 1:
        raise StandardSettingError(
            f"a cut must be on one named scale; the parameters name {', '.join(names) or 'none'}; "
            "say --scale-id"
        )
    return names[0]


def _day(text: str | None) -> str:
    if text is None:
        return datetime.now(UTC).date().isoformat()
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise OptionError(f"--date must be as 2026-11-27; got {text!r}") from None


def _people(path: str) -> Floats:
    """Return the finite theta estimates of a score file."""
    import csv
    import io

    import numpy as np

    from adaptest.files import read_text

    rows = list(csv.DictReader(io.StringIO(read_text(path, error=StandardSettingError))))
    if not rows or "theta" not in rows[0]:
        raise StandardSettingError(f"{path}: must be a score file with a column theta; got none")
    theta = []
    for line, row in enumerate(rows, start=2):
        try:
            theta.append(float(row["theta"] or "nan"))
        except ValueError:
            raise StandardSettingError(
                f"{path}:{line}: theta must be a number; got {row['theta']!r}"
            ) from None
    known = np.array(theta)
    return np.asarray(known[~np.isnan(known)])
