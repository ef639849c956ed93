"""From the end of the iteration to a result: statuses, flags, standard errors in reported units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from adaptest.calibration.block import Block
from adaptest.calibration.em import Fitted, Problem
from adaptest.calibration.options import (
    AT_BOUND_INFORMATION,
    AT_PRIOR,
    PRIOR_CONFLICT,
)
from adaptest.calibration.plan import ItemPlan, Plan
from adaptest.calibration.reported import Reported, reported
from adaptest.calibration.result import CovarianceBlock, GroupMoments
from adaptest.calibration.standard_errors import Errors
from adaptest.models.base import Bools, Floats, Rows

BY_CATEGORY = ("threshold", "step", "category_slope", "category_intercept")
LOCATIONS = ("difficulty", "threshold", "step")


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The fit's parameters as they are reported, and how they depend on the free ones.

    Attributes
    ----------
    blocks : each block's reported parameters
    matrix : (R, F) derivatives of all of them, block after block, item after item
    item, name : (R,) row in the input and column of the table of each
    """

    blocks: tuple[Reported, ...]
    matrix: csr_array
    item: Rows
    name: tuple[str, ...]


def view(problem: Problem, fitted: Fitted, plan: Plan) -> View:
    """Return the reported parameters of every item in the fit."""
    own_places, common_places, _, size = problem.layout.places()
    shown, items, names = [], [], []
    entries: list[Floats] = []
    rows: list[Rows] = []
    columns: list[Rows] = []
    at = 0
    for block, psi, own, common in zip(
        problem.blocks, problem.layout.psi(fitted.state), own_places, common_places, strict=True
    ):
        used = plan.items[plan.fitted[block.rows[0]]].used
        part = reported(block, psi, used)
        shown.append(part)
        loading = np.concatenate([block.local, block.shared], axis=1)
        jacobian = part.jacobian @ loading
        places = np.concatenate([own, np.broadcast_to(common, (len(block), len(common)))], axis=1)
        r = len(part.names)
        line = at + np.arange(len(block) * r).reshape(len(block), r)
        entries.append(jacobian.ravel())
        rows.append(np.broadcast_to(line[:, :, None], jacobian.shape).ravel())
        columns.append(np.broadcast_to(places[:, None, :], jacobian.shape).ravel())
        items.append(np.repeat(plan.fitted[block.rows], r))
        names += list(part.names) * len(block)
        at += len(block) * r
    matrix = csr_array(
        (_join(entries), (_join(rows).astype(np.intp), _join(columns).astype(np.intp))), shape=(at, size)
    )
    matrix.eliminate_zeros()
    return View(tuple(shown), matrix, _join(items).astype(np.intp), tuple(names))


def _join(parts: Sequence[Floats] | Sequence[Rows]) -> Floats:
    return np.concatenate([*parts, np.empty(0)])


def held(problem: Problem, fitted: Fitted) -> Bools:
    """Return (F,) free parameters at a bound: they are taken as known by the standard errors."""
    layout = problem.layout
    own_places, common_places, _, size = layout.places()
    result = np.zeros(size, dtype=np.bool_)
    for block, edge, own, common in zip(
        problem.blocks, problem.at_bound(fitted.state), own_places, common_places, strict=True
    ):
        asymptotes = edge.copy()
        asymptotes[:, :1] = False  # a slope near 0 is an ordinary place of the likelihood
        mine = (asymptotes.astype(np.float64) @ np.abs(block.local)) > 0
        result[own[mine]] = True
        if len(common):
            result[common] |= (asymptotes.astype(np.float64) @ np.abs(block.shared)).any(axis=0)
    result[layout.places()[2][problem.collapsed(fitted.state), 1]] = True
    return result


def standard_errors(seen: View, found: Errors, items: int, skipped: Bools) -> dict[str, Floats]:
    """Return the parameter table's standard errors: (J,), or (J, K-1) by category.

    Parameters
    ----------
    skipped : (R,) reported parameters that are stand-ins, without an error
    """
    variance = np.full(len(seen.name), np.nan)
    if found.covariance:
        known = np.zeros(seen.matrix.shape[1], dtype=np.bool_)
        variance = np.zeros(len(seen.name))
        by_column = seen.matrix.tocsc()
        for places, covariance in zip(found.places, found.covariance, strict=True):
            known[places] = True
            part = by_column[:, places].tocsr()
            some = np.flatnonzero(np.diff(part.indptr))
            near = part[some]
            variance[some] += np.asarray((near @ covariance * near.toarray()).sum(axis=1)).ravel()
        unknown = np.asarray(abs(seen.matrix) @ (~known).astype(np.float64)) > 0
        free = np.diff(seen.matrix.indptr) > 0
        variance[unknown | ~free] = np.nan
    variance[skipped] = np.nan
    result: dict[str, Floats] = {}
    for row, name, value in zip(seen.item, seen.name, variance, strict=True):
        word, _, number = name.rpartition("_")
        if word in BY_CATEGORY:
            wide = result.get(word)
            k = int(number)
            if wide is None or wide.shape[1] < k:
                grown = np.full((items, k), np.nan)
                if wide is not None:
                    grown[:, : wide.shape[1]] = wide
                result[word] = wide = grown
            wide[row, k - 1] = np.sqrt(value)
        else:
            result.setdefault(name, np.full(items, np.nan))[row] = np.sqrt(value)
    return result


def covariance_blocks(
    seen: View,
    found: Errors,
    ids: Sequence[str],
    skipped: Bools,
    groups: Rows,
    names: Sequence[str],
    sd: Floats,
) -> tuple[CovarianceBlock, ...]:
    """Return the covariance of what is reported, block by block; groups stand as ("group:NAME", "mean").

    Parameters
    ----------
    groups : (G, 2) places of the groups' means and log SDs; sd : (G,) of the groups
    """
    result = []
    by_column = seen.matrix.tocsc()
    for places, covariance in zip(found.places, found.covariance, strict=True):
        part = by_column[:, places].tocsr()
        some = np.flatnonzero((np.diff(part.indptr) > 0) & ~skipped)
        labels = [(ids[seen.item[r]], seen.name[r]) for r in some]
        jacobian = [part[some].toarray()]
        where = {int(place): k for k, place in enumerate(places)}
        for g, name in enumerate(names):
            for column, (word, rate) in enumerate((("mean", 1.0), ("variance", 2 * sd[g] ** 2))):
                if int(groups[g, column]) in where:
                    line = np.zeros((1, len(places)))
                    line[0, where[int(groups[g, column])]] = rate
                    jacobian.append(line)
                    labels.append((f"group:{name}", word))
        if labels:
            whole = np.concatenate(jacobian)
            result.append(CovarianceBlock(tuple(labels), whole @ covariance @ whole.T))
    return tuple(result)


def group_moments(
    problem: Problem, fitted: Fitted, found: Errors | None, names: Sequence[str]
) -> tuple[GroupMoments, ...]:
    """Return each group's distribution with standard errors."""
    mean, variance = problem.latent.summary(fitted.state.moments)
    places = problem.layout.places()[2]
    error = np.full(problem.layout.n_free, np.nan)
    if found is not None:
        for where, covariance in zip(found.places, found.covariance, strict=True):
            error[where] = np.sqrt(np.diag(covariance))
    mass = fitted.expected.mass.sum(axis=1)
    result = []
    for g, name in enumerate(names):
        se = [error[place] if place >= 0 else np.nan for place in places[g]]
        free = problem.latent.empirical
        result.append(
            GroupMoments(
                name,
                float(mass[g]),
                float(mean[g]),
                float(variance[g]),
                float(se[0]),
                float(se[1] * 2 * variance[g]),
                bool(problem.latent.mean_free[g]) or (free and (g > 0 or not problem.latent.centred)),
                bool(problem.latent.variance_free[g]) or (free and (g > 0 or not problem.latent.scaled)),
            )
        )
    return tuple(result)


def statuses(
    problem: Problem, fitted: Fitted, plan: Plan, relative: Floats | None
) -> tuple[list[str], list[list[str]]]:
    """Return each item's status, and its flags.

    Parameters
    ----------
    relative : (F,) observed information over the complete data's, where it was computed
    """
    status = [item.status for item in plan.items]
    flags: list[list[str]] = [[] for _ in plan.items]
    theta, _ = problem.latent.grid(fitted.state.moments)
    lo, hi = float(theta.min()), float(theta.max())
    own_places = problem.layout.places()[0]
    for block, psi, edge, own in zip(
        problem.blocks,
        problem.layout.psi(fitted.state),
        problem.at_bound(fitted.state),
        own_places,
        strict=True,
    ):
        plans = [plan.items[plan.fitted[row]] for row in block.rows]
        part = reported(block, psi, plans[0].used)
        where = [k for k, name in enumerate(part.names) if name.startswith(LOCATIONS)]
        values = part.values
        places = values[:, :1] + values[:, 1:] if block.model == "rsm" else values[:, where]
        bound: Bools = np.asarray(edge.any(axis=1))
        if relative is not None and own.shape[1]:
            bound |= np.asarray((relative[own] < AT_BOUND_INFORMATION).any(axis=1))
        prior = _at_prior(block, psi, fitted, own)
        for k, row in enumerate(block.rows):
            j = int(plan.fitted[row])
            if status[j] == "estimated":
                status[j] = "at_bound" if bound[k] else ("at_prior" if prior[k] else "estimated")
            if block.model != "nrm" and block.natural(psi)[k, 0] < 0:
                flags[j].append("negative_discrimination")
            if ((places[k] < lo) | (places[k] > hi)).any():
                flags[j].append("outside_grid")
            if len(plans[k].used) <= plans[k].used[-1]:
                flags[j].append("unused_category")
            if status[j] != "anchored" and _contradicts(plans[k], block.natural(psi)[k, 0]):
                flags[j].append("prior_conflict")
    return status, flags


def _contradicts(item: ItemPlan, a: float) -> bool:
    """Return whether a discrimination lies where its own lognormal prior hardly ever has one."""
    prior = item.priors.discrimination
    if prior is None or prior.kind != "lognormal" or a <= 0:
        return False
    return abs(float(np.log(a)) - prior.first) > PRIOR_CONFLICT * prior.second


def _at_prior(block: Block, psi: Floats, fitted: Fitted, own: Rows) -> Bools:
    """Return (J,) whether the responses said next to nothing on every parameter that has a prior."""
    if not (block.priors.any and own.size):
        return np.zeros(len(psi), dtype=np.bool_)
    prior = np.einsum("jkk->jk", block.local.T @ block.priors.terms(psi).information @ block.local)
    data = fitted.information[own] - prior
    without = prior <= 0
    return np.asarray(((data < AT_PRIOR * prior) | without).all(axis=1) & ~without.all(axis=1))
