"""`adaptest calibrate`: from responses to a calibration run, its record and its report."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adaptest.cli.output import progress
from adaptest.cli.reading import numbers, read, reading_options, whole
from adaptest.errors import OptionError

if TYPE_CHECKING:  # `adaptest calibrate --help` loads no numpy
    from collections.abc import Callable, Mapping

    from adaptest.calibration import CalibrationResult, Step
    from adaptest.calibration.items_file import ItemsFile
    from adaptest.parameters import ParameterTable
    from adaptest.responses import Responses

MODELS = ("rasch", "1pl", "2pl", "3pl", "4pl", "grm", "pcm", "gpcm", "rsm", "nrm", "sequential", "mixed")
RIGHT_OR_WRONG = frozenset({"rasch", "1pl", "2pl", "3pl", "4pl"})  # scores 0 and 1
POLICIES = click.Choice(["wrong", "not_presented"])
ANY_SCORE = 128  # categories that a score in a file can have
DIGITS = 12  # of the digest that names a new scale
LISTED = 5  # flagged items named on standard error; report.html has all


@click.command(
    short_help="Estimate item parameters from responses.",
    epilog="Exit 3: written, but something needs a person: not converged, a parameter at a bound, flags."
    " Every default stands in run.json with its value.",
)
@click.argument("responses")
@click.option(
    "--model",
    type=click.Choice(MODELS),
    default="2pl",
    show_default=True,
    help="Of all items; mixed: by --items.",
)
@click.option(
    "--items", "items_file", metavar="FILE", help="CSV: item_id and, as wanted, model, key, options, prior_*."
)
@click.option(
    "--anchors", metavar="PARAMETERS", help="Hold these items at their values; group moments are free."
)
@click.option("--no-anchor-error", is_flag=True, help="Take the anchors as known without error.")
@click.option(
    "--groups", metavar="COLUMN", help="Each its own mean and variance; the first is the reference."
)
@click.option("--weights", metavar="COLUMN", help="How many persons each row stands for.")
@click.option(
    "--grid", metavar="LO:HI:N", help="Fixed nodes, logits (default: 61 on ±6 SD, moving with each group)."
)
@click.option(
    "--latent",
    type=click.Choice(["normal", "empirical"]),
    default="normal",
    show_default=True,
    help="Density of theta.",
)
@click.option(
    "--latent-variance",
    type=click.Choice(["free", "fixed"]),
    default="free",
    show_default=True,
    help="Of the reference group under rasch, pcm, rsm.",
)
@click.option("--prior-discrimination", metavar="PRIOR", help="lognormal:0,.5, normal:M,SD or none.")
@click.option("--prior-difficulty", metavar="PRIOR", help="normal:M,SD or none (default none).")
@click.option("--prior-guessing", metavar="PRIOR", help="beta:5,17, normal:M,SD of the logit, or none.")
@click.option(
    "--prior-upper-asymptote", metavar="PRIOR", help="beta:20,2, normal:M,SD of the logit, or none."
)
@click.option(
    "--se",
    type=click.Choice(["louis", "cross-product", "sandwich", "none"]),
    default="louis",
    show_default=True,
    help="Standard errors.",
)
@click.option(
    "--estimator",
    type=click.Choice(["marginal", "conditional", "joint", "method-a"]),
    default="marginal",
    show_default=True,
    help="conditional, joint: rasch or pcm. method-a: a quick look with theta taken as known.",
)
@click.option(
    "--d",
    "scaling_constant",
    type=float,
    metavar="D",
    help="D of the anchors' file and of parameters.csv (default 1).",
)
@click.option(
    "--omitted", type=POLICIES, default="wrong", show_default=True, help="What an omitted response is."
)
@click.option(
    "--not-reached", type=POLICIES, default="not_presented", show_default=True, help="Likewise, not reached."
)
@click.option(
    "--threads", type=click.IntRange(1), help="The result's bits do not depend on it (default: all cores)."
)
@click.option("--tolerance", type=float, help="Distance to the maximum at which to stop, logits.")
@click.option("--max-iterations", type=click.IntRange(1), help="E-steps at most.")
@click.option(
    "--scale-id",
    metavar="NAME",
    help="Name of the scale (default: the anchors', else a digest of the parameters).",
)
@click.option("--no-report", is_flag=True, help="Write no report.html.")
@reading_options
@click.option(
    "--out", required=True, metavar="DIR", help="The run: parameters.csv, run.json, report.html, …."
)
@click.option("--force", is_flag=True, help="Replace DIR if it is there.")
@click.pass_obj
def calibrate(
    settings: dict[str, Any],
    /,
    responses: str,
    *,
    items_file: str | None,
    groups: str | None,
    weights: str | None,
    key: str | None,
    out: str,
    force: bool,
    no_report: bool,
    scale_id: str | None,
    scaling_constant: float | None,
    **options: Any,
) -> int:
    """Estimate the item parameters behind RESPONSES, a long or wide table, with standard errors.

    Writes DIR whole or not at all: parameters.csv, run.json, covariance.npz, provenance.json, report.html.
    """
    from adaptest.calibration.items_file import read_items
    from adaptest.files import new_folder
    from adaptest.parameters.files import read_parameter_table
    from adaptest.report.calibration_run import write_run

    began, clock = datetime.now(UTC), _Clock()
    if scaling_constant is not None and not scaling_constant > 0:
        raise OptionError(f"--d must be greater than 0; got {scaling_constant:g}")
    with new_folder(out, force=force) as folder:
        plan = read_items(items_file) if items_file else None
        anchors = (
            read_parameter_table(options["anchors"], scaling_constant=scaling_constant)
            if options["anchors"]
            else None
        )
        given = read(
            responses,
            key=key or (plan.keys if plan and plan.keys else None),
            groups=groups,
            weights=weights,
            items=_categories(plan, anchors),
            categories=2 if options["model"] in RIGHT_OR_WRONG else None,
            **{name: options.pop(name) for name in READING},
        )
        clock.lap("reading")
        with progress("calibrating", quiet=settings["quiet"]) as show:
            result = _estimate(given, plan, anchors, options, show)
        clock.lap("estimation")
        write_run(
            folder,
            result,
            scale_id=scale_id or _scale_of(anchors) or f"scale-{result.items.fingerprint[:DIGITS]}",
            scaling_constant=scaling_constant or 1.0,
            command={"responses": Path(responses).name, "model": options["model"]},
            began=began,
            timings_s=clock.laps,
            with_page=not no_report,
        )
    return _say(result, out, quiet=settings["quiet"])


READING = (
    "layout", "id_columns", "person", "omitted_code", "not_reached_code", "not_presented_code", "duplicates",
)  # fmt: skip


def _categories(plan: ItemsFile | None, anchors: ParameterTable | None) -> dict[str, int]:
    """Return the score categories of items whose own model says how many, so that a file's line is named."""
    models = {item: settings.model for item, settings in plan.settings.items()} if plan else {}
    known = {item: 2 if model in RIGHT_OR_WRONG else ANY_SCORE for item, model in models.items() if model}
    if anchors is not None:
        known |= dict(zip(anchors.items.ids, anchors.items.categories.tolist(), strict=True))
    return known


class _Clock:
    """Seconds of each part of the work, for provenance.json."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        """Note the seconds since the last lap under a name."""
        now = time.monotonic()
        self.laps[name], self._last = now - self._last, now


def _estimate(
    given: Responses,
    plan: ItemsFile | None,
    anchors: ParameterTable | None,
    options: Mapping[str, Any],
    show: Callable[[str], None],
) -> CalibrationResult:
    from adaptest import calibration

    def told(step: Step) -> None:
        show(
            f"iteration {step.iteration}, log-likelihood {step.log_likelihood:.3f},"
            f" largest change {step.largest_change:.1e}"
        )

    policies = {name: options[name] for name in ("omitted", "not_reached")}
    estimator = options["estimator"]
    if estimator in {"conditional", "joint"}:
        if anchors is not None or (plan and plan.settings):
            raise OptionError(
                f"--estimator {estimator} must stand without --items and --anchors; leave them out"
            )
        make = (
            calibration.calibrate_conditional if estimator == "conditional" else calibration.calibrate_joint
        )
        return make(given, options["model"], progress=told, **policies)
    if estimator == "method-a":
        if anchors is None or (plan and plan.settings):
            raise OptionError("--estimator method-a must have --anchors, and no settings in --items")
        return calibration.calibrate_method_a(given, options["model"], anchors=anchors)
    limits = {name: options[name] for name in ("tolerance", "max_iterations") if options[name] is not None}
    grid = None
    if options["grid"] is not None:
        low, high, n = numbers(options["grid"], "--grid", "LO:HI:N", ":")
        grid = (low, high, whole(n, "--grid"))
    return calibration.calibrate(
        given,
        options["model"],
        items=plan.settings if plan else None,
        anchors=anchors,
        anchor_error=not options["no_anchor_error"],
        grid=grid,
        progress=told,
        **{name: options[name] for name in PASSED},
        **policies,
        **limits,
    )


PASSED = (
    "latent", "latent_variance", "prior_discrimination", "prior_difficulty", "prior_guessing",
    "prior_upper_asymptote", "se", "threads",
)  # fmt: skip


def _scale_of(anchors: ParameterTable | None) -> str | None:
    """Return the one scale that the anchors are on, if they name it.

    Raises
    ------
    OptionError, where they are on several.
    """
    names = sorted({name for name in anchors.scale_id if name}) if anchors else []
    if len(names) > 1:
        raise OptionError(f"the anchors must be on one scale; got {', '.join(names)}")
    return names[0] if names else None


def _priors(result: CalibrationResult) -> list[str]:
    """Return which priors stand on how many items."""
    counts = Counter(prior for prior in result.priors if prior)
    return [f"prior {prior} on {n} item{'s' if n > 1 else ''}" for prior, n in counts.most_common(3)]


def _say(result: CalibrationResult, out: str, *, quiet: bool) -> int:
    """Print what was done on standard error; return the exit code."""
    if not quiet:
        state = "converged" if result.converged else f"NOT converged ({result.reason})"
        after = f" after {result.iterations} iterations" if result.iterations else ""
        value = f", log-likelihood {result.log_likelihood:.3f}" if result.log_likelihood < 0 else ""
        click.echo(
            f"{len(result.item_ids)} items by {result.method}: {state}{after}{value}; written to {out}",
            err=True,
        )
        for note in (*_priors(result), *result.notes):
            click.echo(f"note: {note}", err=True)
        for flag in result.flags_of_fit:
            click.echo(f"flag: {flag}", err=True)
        if result.information_positive_definite is False:
            click.echo("flag: the information matrix is not positive definite; no standard errors", err=True)
        doubted = [
            f"{item} ({', '.join(words)})"
            for item, status, flags in zip(result.item_ids, result.status, result.flags, strict=True)
            if (words := [*([] if status in {"estimated", "anchored"} else [status]), *flags])
        ]
        if doubted:
            more = f" and {len(doubted) - LISTED} more" if len(doubted) > LISTED else ""
            click.echo(f"flag: items {', '.join(doubted[:LISTED])}{more}", err=True)
    return 3 if result.needs_attention else 0
