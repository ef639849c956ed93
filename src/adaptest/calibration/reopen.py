"""A finished calibration as a problem again: for tests and indices that need its derivatives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adaptest.calibration.block import Block
from adaptest.calibration.coding import code
from adaptest.calibration.e_step import Workers
from adaptest.calibration.em import Problem
from adaptest.calibration.fixed import LOWEST_LOGIT, anchors_of, slope_intercept
from adaptest.calibration.latent import Moments, latent_for
from adaptest.calibration.options import SLOPE_FIXED
from adaptest.calibration.plan import BINARY, ItemPlan, Plan, plan, tally
from adaptest.calibration.prepare import prepare
from adaptest.calibration.priors import ItemPriors, Prior, read_prior
from adaptest.calibration.result import CalibrationResult
from adaptest.calibration.starts import solve
from adaptest.calibration.state import State
from adaptest.errors import CalibrationError
from adaptest.models.base import Floats


def reopen(fit: CalibrationResult, pool: Workers) -> tuple[Problem, State, tuple[str, ...]]:
    """Return the problem a calibration solved, the state at its solution, and the ids of the items in it.

    Raises
    ------
    CalibrationError, for an estimate without a latent distribution.
    """
    if fit.grid is None:
        raise CalibrationError(f"only marginal maximum likelihood can be opened again; got {fit.method}")
    options = fit.options
    anchored = [item for item, basis in zip(fit.item_ids, fit.basis, strict=True) if basis == "anchored"]
    ready = prepare(
        fit.data, omitted=options.omitted, not_reached=options.not_reached, unlabelled=not anchored
    )
    names = ready.responses.items
    rows = np.array([fit.items.row[item] for item in anchored], dtype=np.intp)
    anchors = anchors_of(names, fit.items.take(rows), (), with_error=False) if anchored else {}
    models = tuple(anchors[j].model if j in anchors else own for j, own in enumerate(fit.models))
    counts = tally(ready.responses)
    planned = plan(names, counts, models, [_read(text) for text in fit.priors], anchors)
    coded = code(ready.responses, planned.fitted, planned.category, planned.sizes)
    free_spread = any(item.model in SLOPE_FIXED for item in planned.items if item.status == "estimated")
    latent = latent_for(
        len(fit.groups),
        (fit.grid.lo, fit.grid.hi, fit.grid.n),
        moves=fit.grid.moves_with_group,
        empirical=bool(fit.latent),
        anchored=bool(anchors),
        spread_free=free_spread and options.latent_variance == "free",
    )
    own, common = [], []
    for block in planned.blocks:
        a, b = solve(block, _psi(block, planned, names, fit))
        own.append(a)
        common.append(b)
    histogram = np.zeros((len(fit.latent), fit.grid.n))
    for g, one in enumerate(fit.latent):
        histogram[g] = np.log(np.maximum(one.probability, 1e-300))
    mean = np.array([group.mean for group in fit.groups])
    log_sd = 0.5 * np.log([group.variance for group in fit.groups])
    moments = Moments(mean, log_sd, histogram)
    state = State(tuple(own), tuple(common), moments)
    return Problem(coded, planned.blocks, latent, pool), state, tuple(names[j] for j in planned.fitted)


def _read(text: str) -> ItemPriors:
    """Return the priors that a result's sentence spells."""
    priors: dict[str, Prior | None] = {}
    for part in text.split():
        quantity, _, spelled = part.partition("~")
        priors[quantity] = read_prior(quantity, spelled)
    return ItemPriors(**priors)


def _psi(block: Block, planned: Plan, names: Sequence[str], fit: CalibrationResult) -> Floats:
    """Return (J, P) a block's parameters from the reported ones."""
    place = {item: (family, k) for family in fit.items.blocks for k, item in enumerate(family.ids)}
    rows = []
    for row in block.rows:
        j = planned.fitted[row]
        psi, _, _ = slope_intercept(*place[names[j]])
        rows.append(_used(psi, planned.items[j], block))
    result = np.array(rows)
    if block.log_slope:
        result[:, 0] = np.log(result[:, 0])
    return result


def _used(psi: Floats, item: ItemPlan, block: Block) -> Floats:
    """Return the parameters of the categories that are used, of all that are reported."""
    size = len(block.kernel.names)
    if item.anchor is not None:
        return item.anchor.psi
    if item.model in BINARY:  # an asymptote of exactly 0 or 1 was written for a model that estimates it
        return np.concatenate([psi, [LOWEST_LOGIT, -LOWEST_LOGIT][: size - len(psi)]])
    used = np.array(item.used[1:]) - 1
    if item.model == "nrm":
        k = len(psi) // 2
        return np.concatenate(
            [psi[:k][used], psi[k:][used] - (psi[k + item.used[0] - 1] if item.used[0] else 0)]
        )
    intercepts = psi[1:][used]
    if item.used[0] and item.model not in {"grm", "sequential"}:
        intercepts = intercepts - psi[item.used[0]]
    return np.concatenate([psi[:1], intercepts])
