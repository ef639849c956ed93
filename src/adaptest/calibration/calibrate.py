"""Calibrate: responses in, item parameters with standard errors out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from adaptest.calibration.coding import code
from adaptest.calibration.defaults import models_of, priors_of
from adaptest.calibration.e_step import Workers, workers
from adaptest.calibration.em import Fitted, Problem, Progress, fit
from adaptest.calibration.fixed import anchors_of, require_met
from adaptest.calibration.grid_check import check, used
from adaptest.calibration.latent import coarser, latent_for
from adaptest.calibration.options import (
    BOUND,
    CHUNKS,
    COARSE_EVERY,
    COARSE_FROM,
    COARSE_TOLERANCE,
    DEFAULT_MODEL,
    MAX_ITERATIONS,
    NODES,
    RCOND,
    TOLERANCE,
    WINDOW,
    ItemSettings,
    LatentVariance,
    Options,
    StandardErrors,
)
from adaptest.calibration.options import Latent as LatentDensity
from adaptest.calibration.outcome import (
    covariance_blocks,
    group_moments,
    held,
    standard_errors,
    statuses,
    view,
)
from adaptest.calibration.plan import SLOPE_FIXED, Anchor, Plan, plan, tally
from adaptest.calibration.prepare import Prepared, prepare
from adaptest.calibration.priors import ItemPriors
from adaptest.calibration.reported import family
from adaptest.calibration.result import (
    CalibrationResult,
    CovarianceBlock,
    FittedLatent,
    GridCheck,
    GridUsed,
    Step,
)
from adaptest.calibration.standard_errors import Errors, errors
from adaptest.calibration.starts import start
from adaptest.errors import CalibrationError
from adaptest.models.base import Floats
from adaptest.numerics.acceleration import Anderson
from adaptest.parameters import ItemParameters, ParameterTable
from adaptest.responses import Responses
from adaptest.responses.table import Policy

Anchors = ItemParameters | ParameterTable


def calibrate(
    responses: Responses,
    model: str | Sequence[str] | Mapping[str, str] = DEFAULT_MODEL,
    *,
    items: Mapping[str, ItemSettings] | None = None,
    anchors: Anchors | None = None,
    anchor_covariance: Sequence[CovarianceBlock] = (),
    anchor_error: bool = True,
    grid: tuple[float, float, int] | int | None = None,
    latent: LatentDensity = "normal",
    latent_variance: LatentVariance = "free",
    prior_discrimination: str | None = None,
    prior_difficulty: str | None = None,
    prior_guessing: str | None = None,
    prior_upper_asymptote: str | None = None,
    se: StandardErrors = "louis",
    omitted: Policy = "wrong",
    not_reached: Policy = "not_presented",
    threads: int | None = None,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    progress: Progress | None = None,
) -> CalibrationResult:
    r"""Return item parameters by marginal maximum likelihood, with standard errors.

    .. math:: \sum_n w_n \ln \int \prod_j P_j(x_{nj} \mid \theta)\, g_{group(n)}(\theta)\, d\theta
              + \ln prior

    The first group is the reference: mean 0, and variance 1, or free where every slope is fixed at 1 (rasch,
    pcm, rsm). Other groups, and with anchors all groups, have free means and variances.

    Parameters
    ----------
    model : of all items, or one each, or by item id; "mixed" takes every item's from `items`
    items : what is known of single items, by id; it goes before `model` and the prior options
    anchors : items held at these values, by id; those that are not in the responses are left aside
    anchor_covariance : joint covariance of the anchors' errors; else a ParameterTable's standard errors serve
    anchor_error : whether the anchors' errors are propagated into the standard errors
    grid : (lo, hi, nodes) in logits, fixed; or a number of Gauss-Hermite nodes, as in other programs; None: 61
        nodes on +-6 SD of each group, moving with it
    latent : normal, or empirical: a histogram over the nodes
    latent_variance : of the reference group under rasch, pcm, rsm: free, or fixed at 1
    prior_* : like "lognormal:0,.5", "beta:5,17", "normal:0,2" or "none"; None is the default rule, see
        `adaptest.calibration.defaults.priors_of`
    se : louis (observed information), cross-product, sandwich, or none
    omitted, not_reached : how such cells are scored
    threads : persons are split over as many; None is one a core. The result's bits do not depend on it
    tolerance : logits, estimated distance to the maximum
    max_iterations : E-steps
    progress : is called after every E-step; what it raises ends the calibration

    Raises
    ------
    CalibrationError, OptionError, naming the first offender.

    References
    ----------
    Bock & Aitkin (1981), Psychometrika 46(4), 443-459; Kim (2006), Journal of Educational Measurement 43(4),
    355-381 (fixed parameters, moments updated in every cycle).

    Examples
    --------
    >>> from adaptest.simulation import simulated  # doctest: +SKIP
    >>> fit = calibrate(responses, model="2pl")  # doctest: +SKIP
    >>> fit.converged, fit.items.ids[:2]  # doctest: +SKIP
    (True, ('i1', 'i2'))
    """
    name = model if isinstance(model, str) else "mixed"
    options = Options(
        name, grid, latent, latent_variance, se, threads, tolerance, max_iterations,
        prior_discrimination, prior_difficulty, prior_guessing, prior_upper_asymptote,
        omitted, not_reached, anchor_error,
    )  # fmt: skip
    settings = items or {}
    if isinstance(anchors, ParameterTable):
        responses = responses.lowered(anchors.lowest_score)
    ready = prepare(responses, omitted=omitted, not_reached=not_reached, unlabelled=anchors is None)
    models = models_of(ready.responses.items, model, settings)
    counts = tally(ready.responses)
    n = counts.sum(axis=1)
    held_at: dict[int, Anchor] = {}
    if anchors is not None:
        held_at = anchors_of(
            ready.responses.items, anchors, anchor_covariance, with_error=anchor_error and se != "none"
        )
        require_met(ready.responses.items, held_at, n)
        models = tuple(held_at[j].model if j in held_at else own for j, own in enumerate(models))
    priors = priors_of(ready.responses.items, models, n, options, settings)
    planned = plan(ready.responses.items, counts, models, priors, held_at)
    if not len(planned.fitted):
        raise CalibrationError("no item can be estimated; each has no responses, or only one category in use")
    threads = min(threads or os.cpu_count() or 1, CHUNKS)
    with workers(threads) as pool, np.errstate(over="ignore", under="ignore"):
        done = _estimate(ready, planned, counts, options, pool, progress, anchored=bool(held_at))
        found = None
        if se != "none":
            own_errors = {
                k: held_at[int(j)].covariance for k, j in enumerate(planned.fitted) if int(j) in held_at
            }
            out = held(done.problem, done.fitted)
            found = errors(done.problem, done.fitted.state, se, out, own_errors)
        return _result(ready, planned, counts, done, found, models, priors, anchors, options)


@dataclass(frozen=True, slots=True, eq=False)
class _Done:
    """The end of the estimation."""

    problem: Problem
    fitted: Fitted
    check: GridCheck | None


def _estimate(
    ready: Prepared,
    planned: Plan,
    counts: Floats,
    options: Options,
    pool: Workers,
    progress: Progress | None,
    *,
    anchored: bool,
) -> _Done:
    """Return the maximum, on a grid that was checked."""
    coded = code(ready.responses, planned.fitted, planned.category, planned.sizes)
    slopes_fixed = any(item.model in SLOPE_FIXED for item in planned.items if item.status == "estimated")
    latent = latent_for(
        len(ready.responses.groups),
        options.grid or (-BOUND, BOUND, NODES),
        moves=options.grid is None,
        empirical=options.latent == "empirical",
        anchored=anchored,
        spread_free=slopes_fixed and options.latent_variance == "free",
    )
    problem = Problem(coded, planned.blocks, latent, pool)
    own = [
        [counts[j, score] if score < counts.shape[1] else 0.0 for score in planned.items[j].used]
        for j in planned.fitted
    ]
    first = np.concatenate([[0], np.cumsum(planned.sizes)])[:-1]
    begin = start(coded, planned.blocks, latent, np.concatenate(own), first)
    memory = Anderson(WINDOW, RCOND)
    history: tuple[Step, ...] = ()
    if counts.sum() >= COARSE_FROM and not latent.empirical and not isinstance(options.grid, int):
        rough = fit(
            replace(problem, latent=coarser(latent, COARSE_EVERY)),
            begin,
            tolerance=COARSE_TOLERANCE,
            gain_tolerance=np.inf,
            max_iterations=options.max_iterations,
            progress=progress,
            memory=memory,
        )
        begin, history = rough.ahead, rough.history
        memory.jump()
    fitted = fit(
        problem,
        begin,
        tolerance=options.tolerance,
        max_iterations=options.max_iterations,
        progress=progress,
        memory=memory,
        history=history,
    )
    if latent.empirical:
        return _Done(problem, fitted, None)
    problem, fitted, found = check(
        problem,
        fitted,
        tolerance=options.tolerance,
        max_iterations=options.max_iterations,
        adopt=options.grid is None,
    )
    return _Done(problem, fitted, found)


def _result(
    ready: Prepared,
    planned: Plan,
    counts: Floats,
    done: _Done,
    found: Errors | None,
    models: Sequence[str],
    priors: Sequence[ItemPriors],
    anchors: Anchors | None,
    options: Options,
) -> CalibrationResult:
    """Return the result of a finished estimation."""
    problem, fitted, ids = done.problem, done.fitted, ready.responses.items
    seen = view(problem, fitted, planned)
    status, flags = statuses(problem, fitted, planned, None if found is None else found.relative)
    table = None if anchors is None else (anchors.items if isinstance(anchors, ParameterTable) else anchors)
    kept = _parameters(problem, fitted, planned, ids, table)
    skipped = np.array(
        [
            "step" in name and _gap(planned.items[item].used, int(name.rpartition("_")[2]))
            for item, name in zip(seen.item, seen.name, strict=True)
        ],
        dtype=np.bool_,
    )
    groups = ready.responses.groups
    sd = np.sqrt(problem.latent.summary(fitted.state.moments)[1])
    at_bound = [ids[j] for j, word in enumerate(status) if word == "at_bound"]
    converged = fitted.settled and not at_bound
    reason = fitted.reason
    if at_bound:
        more = f" (and {len(at_bound) - 1} more)" if len(at_bound) > 1 else ""
        reason = f"item {at_bound[0]!r}{more} at a bound: no maximum inside the parameter space; {reason}"
    notes = [*ready.notes, *_notes(planned, ids, done, found)]
    whole = found is not None and found.blocked
    kind = "none" if found is None or not found.covariance else ("item blocks" if whole else "full")
    fit_flags = [*ready.flags]
    if done.check is not None and done.check.sensitive:
        fit_flags.append("grid_sensitive")
    change = np.zeros(len(ids))
    own_places = problem.layout.places()[0]
    for block, own in zip(problem.blocks, own_places, strict=True):
        if own.shape[1]:
            change[planned.fitted[block.rows]] = fitted.remaining[own].max(axis=1)
    theta, log_weight = problem.latent.grid(fitted.state.moments)
    histograms = tuple(
        FittedLatent(name, tuple(theta[g].tolist()), tuple(np.exp(log_weight[g]).tolist()))
        for g, name in enumerate(groups)
        if problem.latent.empirical
    )
    labels = tuple(table.models[table.row[item]] if table and item in table.row else own
                   for item, own in zip(ids, models, strict=True))  # fmt: skip
    return CalibrationResult(
        item_ids=ids,
        items=kept,
        models=labels,
        se={} if found is None else standard_errors(seen, found, len(ids), skipped),
        n=counts.sum(axis=1),
        n_per_category=tuple(
            tuple(row[:top].tolist()) for row, top in zip(counts, _used(counts), strict=True)
        ),
        basis=tuple("anchored" if item.status == "anchored" else "calibrated" for item in planned.items),
        status=tuple(status),
        flags=tuple(tuple(words) for words in flags),
        largest_change=change,
        groups=group_moments(problem, fitted, found, groups),
        latent=histograms,
        log_likelihood=fitted.log_likelihood,
        log_posterior=fitted.log_posterior,
        converged=converged,
        reason=reason,
        information_positive_definite=None if found is None else found.positive_definite,
        iterations=len(fitted.history),
        history=tuple(replace(step, iteration=k) for k, step in enumerate(fitted.history, start=1)),
        covariance=()
        if found is None
        else covariance_blocks(seen, found, ids, skipped, problem.layout.places()[2], groups, sd),
        covariance_kind=kind,  # type: ignore[arg-type]  # one of the three words, said above
        se_method=options.se,
        se_includes_anchor_error=None if found is None else found.includes_anchor_error,
        grid=used(problem.latent),
        grid_check=done.check,
        flags_of_fit=tuple(fit_flags),
        priors=tuple(
            str(prior) if item.status == "estimated" else ""
            for prior, item in zip(priors, planned.items, strict=True)
        ),
        scaling_constant=1.0,
        options=options,
        notes=tuple(notes),
        data=ready.given,
        n_parameters=problem.layout.n_free,
        lowest_score=ready.lowest_score,
    )


def _used(counts: Floats) -> list[int]:
    """Return (J,) one more than the highest score of each item."""
    some = counts > 0
    highest = counts.shape[1] - some[:, ::-1].argmax(axis=1)
    return [int(top) for top in np.where(some.any(axis=1), highest, 0)]


def _gap(used: tuple[int, ...], score: int) -> bool:
    """Return whether the step to `score` passes scores that nobody used."""
    return score - 1 not in used


def _parameters(
    problem: Problem, fitted: Fitted, planned: Plan, ids: Sequence[str], anchors: ItemParameters | None
) -> ItemParameters:
    """Return the parameters of every item that has some; anchors as they were given."""
    names = [ids[j] for j in planned.fitted]
    own = [
        (block, psi, [planned.items[planned.fitted[row]] for row in block.rows])
        for block, psi in zip(problem.blocks, problem.layout.psi(fitted.state), strict=True)
        if block.local.shape[1] or planned.items[planned.fitted[block.rows[0]]].anchor is None
    ]
    families = family(names, own)
    held_ids = [ids[j] for j, item in enumerate(planned.items) if item.status == "anchored"]
    if anchors is not None and held_ids:
        families += anchors.take(np.array([anchors.row[item] for item in held_ids])).blocks
    some = {item for block in families for item in block.ids}
    return ItemParameters(tuple(item for item in ids if item in some), tuple(families))


def _grid_words(grid: GridUsed) -> str:
    """Return a grid in words."""
    unit = "standard deviations about each group's mean" if grid.moves_with_group else "logits"
    return f"{grid.n} nodes on [{grid.lo:g}, {grid.hi:g}] {unit}"


def _notes(planned: Plan, ids: Sequence[str], done: _Done, found: Errors | None) -> list[str]:
    """Return what the result must not hide, a sentence each."""
    notes = []
    for word, sentence in (
        ("extreme", "the same score from everyone: no finite estimate, left out"),
        ("no_responses", "no responses: left out"),
        ("inestimable", "fewer responses than parameters and no prior: left out"),
    ):
        those = [ids[j] for j, item in enumerate(planned.items) if item.status == word]
        if those:
            more = f" (and {len(those) - 1} more)" if len(those) > 1 else ""
            notes.append(f"item {those[0]!r}{more}: {sentence}")
    if done.check is not None and done.check.sensitive:
        kept, other = _grid_words(used(done.problem.latent)), _grid_words(done.check.grid)
        notes.append(
            f"the grid matters: the log-likelihood moves by {done.check.gain:.3f} on {other}; "
            f"this result is from {kept}"
        )
    if found is not None:
        if not found.positive_definite:
            notes.append("the information matrix is not positive definite: no standard errors")
        if found.blocked:
            notes.append("standard errors are from item blocks: covariance between items is left out")
        if found.includes_anchor_error is False:
            notes.append("the anchors count as known: their own errors are not in the standard errors")
        if held(done.problem, done.fitted).any():
            notes.append("parameters at a bound count as known in the standard errors of the others")
    if done.problem.latent.empirical:
        notes.append("the latent density is a histogram: standard errors take it as known; no grid check")
    return notes
