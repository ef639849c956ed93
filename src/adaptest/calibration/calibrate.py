"""Calibrate: responses in, item parameters with standard errors out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from adaptest.calibration.arrange import arranged
from adaptest.calibration.coding import code
from adaptest.calibration.conclude import Anchors, Done, conclude
from adaptest.calibration.defaults import models_of, priors_of, unmatched
from adaptest.calibration.e_step import Workers, workers
from adaptest.calibration.em import Problem, Progress, fit
from adaptest.calibration.fixed import anchors_of, require_met
from adaptest.calibration.grid_check import check
from adaptest.calibration.information_line import applies as by_one_sum
from adaptest.calibration.latent import coarser, latent_for
from adaptest.calibration.options import (
    BOUND,
    CHUNKS,
    COARSE_FROM,
    COARSE_SHARE,
    COARSE_TOLERANCE,
    DEFAULT_MODEL,
    MAX_ITERATIONS,
    NODES,
    PARALLEL_DENSE_FROM,
    PARALLEL_FROM,
    PARALLEL_LINE_FROM,
    RCOND,
    SINGLE_STEPS,
    SINGLE_TOLERANCE,
    SLOPE_FIXED,
    TOLERANCE,
    WINDOW,
    ItemSettings,
    LatentVariance,
    Options,
    StandardErrors,
)
from adaptest.calibration.options import Latent as LatentDensity
from adaptest.calibration.outcome import held
from adaptest.calibration.plan import Anchor, Plan, plan, tally
from adaptest.calibration.prepare import Prepared, prepare
from adaptest.calibration.result import CalibrationResult, CovarianceBlock, Step
from adaptest.calibration.standard_errors import errors
from adaptest.calibration.starts import start
from adaptest.errors import CalibrationError, OptionError
from adaptest.models.base import Floats
from adaptest.numerics.acceleration import Anderson
from adaptest.parameters import ParameterTable
from adaptest.responses import Responses
from adaptest.responses.table import Policy


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
    grid : (lo, hi, nodes) in logits, fixed; or a number of Gauss-Hermite nodes, as in other programs;
        None: 61 nodes on +-6 SD of each group, moving with it
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
    >>> right = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [1, 0, 1], [1, 1, 1]] * 50)
    >>> fit = calibrate(Responses.of(right, ("easy", "middle", "hard")), model="rasch")
    >>> fit.converged, np.abs(fit.items.blocks[0].b).round(2)
    (True, array([0.83, 0.  , 0.83]))
    """
    if not isinstance(responses, Responses):
        raise OptionError(
            f"responses must be Responses, as read_responses returns; got {type(responses).__name__}"
        )
    name = model if isinstance(model, str) else "mixed"
    options = Options(
        name, grid, latent, latent_variance, se, threads, tolerance, max_iterations,
        prior_discrimination, prior_difficulty, prior_guessing, prior_upper_asymptote,
        omitted, not_reached, anchor_error,
    )  # fmt: skip
    settings = items or {}
    scored = responses.lowered(anchors.lowest_score) if isinstance(anchors, ParameterTable) else responses
    ready = prepare(scored, omitted=omitted, not_reached=not_reached, unlabelled=anchors is None)
    ready = replace(ready, notes=(*ready.notes, *unmatched(ready.responses.items, model, settings)))
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
            found = errors(done.problem, done.fitted, se, out, own_errors)
        ready = replace(ready, given=responses)
        return conclude(ready, planned, counts, done, found, models, priors, anchors, options)


def _estimate(
    ready: Prepared,
    planned: Plan,
    counts: Floats,
    options: Options,
    pool: Workers,
    progress: Progress | None,
    *,
    anchored: bool,
) -> Done:
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
    short = by_one_sum(problem)
    worth = PARALLEL_DENSE_FROM if len(coded.wrong) else PARALLEL_FROM
    if counts.sum() < (PARALLEL_LINE_FROM if short else worth):
        problem = replace(problem, pool=Workers(1))
    own = [
        [counts[j, score] if score < counts.shape[1] else 0.0 for score in planned.items[j].used]
        for j in planned.fitted
    ]
    first = np.concatenate([[0], np.cumsum(planned.sizes)])[:-1]
    begin = start(coded, planned.blocks, latent, np.concatenate(own), first)
    memory = Anderson(WINDOW, RCOND)
    history: tuple[Step, ...] = ()
    many = counts.sum() >= COARSE_FROM and not latent.empirical and not isinstance(options.grid, int)
    if many and not short:  # there nodes cost next to nothing
        single = coded.single()
        near = partial(fit, gain_tolerance=np.inf, progress=progress, memory=memory)
        rough = replace(problem, coded=single, latent=coarser(latent, COARSE_SHARE))
        found = near(rough, begin, tolerance=COARSE_TOLERANCE, max_iterations=options.max_iterations)
        memory.jump()
        if options.grid is None:
            problem = arranged(problem, single, found.ahead)
        if problem.windows is not None:
            single = problem.coded.single()
        rough = replace(problem, coded=single)
        most = min(len(found.history) + SINGLE_STEPS, options.max_iterations)
        found = near(
            rough, found.ahead, tolerance=SINGLE_TOLERANCE, max_iterations=most, history=found.history
        )
        memory.jump()
        begin, history = found.ahead, found.history
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
        return Done(replace(problem, pool=pool), fitted, None)
    problem, fitted, seen = check(
        problem,
        fitted,
        tolerance=options.tolerance,
        max_iterations=options.max_iterations,
        adopt=options.grid is None,
    )
    return Done(replace(problem, pool=pool), fitted, seen)
