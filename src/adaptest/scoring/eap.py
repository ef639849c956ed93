"""Expected a posteriori: the posterior mean, on grids refined until it has converged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.quadrature import Grid, NormalPrior, Prior, Rule
from adaptest.parameters import ItemParameters
from adaptest.scoring.estimate import Estimates, Outcome
from adaptest.scoring.likelihood import Integers, Likelihood, Patterns, blocks

LIGHT = 25.0  # log-posterior below its maximum at which an end holds no mass that matters: e^-25 = 1.4e-11
SHARED_HALVINGS = 5  # of the spacing of the grid that all persons share
OWN_HALVINGS = 7  # likewise, of the grid that one person has alone
ZOOMS = 40  # times a person's own grid may move before its spacing is halved
OWN_WIDTH = 8.0  # logits; a uniform prior's own grids have as many panels as for this width
TINY = 1e-300  # instead of a sum that is 0
ZOOM = 0.7  # a grid moves if the posterior lies within less than this part of it


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """A rule laid over an interval, or over M intervals.

    Attributes
    ----------
    theta : (Q,) or (M, Q) logits, ascending
    log_weight : (Q,) or (M, Q) log prior density times the rule's weight
    low, width : logits, () or (M,)
    closed : (2,) or (M, 2) whether the low and the high end are where the prior itself ends
    """

    rule: Rule
    theta: Floats
    log_weight: Floats
    low: Floats
    width: Floats
    closed: Bools

    @classmethod
    def over(cls, low: Floats | float, high: Floats | float, rule: Rule, prior: Prior) -> Nodes:
        """Return the rule on [low, high], () or (M,), with the prior's density at its nodes."""
        start, end = np.asarray(low), np.asarray(high)
        theta = np.multiply.outer(end - start, rule.unit) + start[..., None]
        log_weight = prior.log_density(theta) + np.log(rule.weight)
        closed = np.stack([start <= prior.bounds[0], end >= prior.bounds[1]], axis=-1)
        return cls(rule, theta, log_weight, start, end - start, closed)

    def take(self, which: Bools) -> Nodes:
        """Return the intervals that `which` (M,) says."""
        parts = self.theta[which], self.log_weight[which], self.low[which], self.width[which]
        return Nodes(self.rule, *parts, self.closed[which])


def fine_rule(prior: Prior, steepness: float, most: int) -> Rule:
    """Return the prior's rule, .1 of its standard deviations or finer as the steepest item needs.

    Parameters
    ----------
    most : halvings of the first spacing, however steep
    """
    low, high = prior.span
    halvings, rule = 1, prior.rule(1)
    while steepness * (high - low) * rule.spacing > rule.steepest and halvings < most:
        halvings += 1
        rule = prior.rule(halvings)
    return rule


def moments(log_posterior: Floats, nodes: Nodes, steepness: Floats) -> tuple[Floats, Floats, Bools]:
    """Return (M,) posterior means, standard deviations, and whether they are exact.

    They are exact, to less than 1e-6, if the rule and its coarser half agree, the standard deviation is
    not below the spacing and no item is steeper than the rule is fine (two rules both too coarse may
    agree), and no end that the prior leaves open carries mass.

    Parameters
    ----------
    log_posterior : (M, Q) log-likelihood plus `nodes.log_weight`
    steepness : (M,) or (1,) the steepest slope behind each, per logit
    """
    mass = log_posterior - np.maximum.reduce(log_posterior, axis=1, keepdims=True)
    light = (mass[:, :: mass.shape[1] - 1] < -LIGHT) | nodes.closed
    np.exp(mass, out=mass)
    # not BLAS: a row's bits do not depend on the others
    return moments_of_sums(np.einsum("nq,kq->nk", mass, nodes.rule.basis), light, nodes, steepness)


def moments_of_sums(
    sums: Floats, light: Bools, nodes: Nodes, steepness: Floats
) -> tuple[Floats, Floats, Bools]:
    """Return what `moments` returns, from sums of masses with the rule's `basis`.

    Parameters
    ----------
    sums : (M, 6)
    light : (M, 2) whether the low and the high end hold no mass that matters, or are where the prior ends
    """
    rule = nodes.rule
    total = np.maximum(sums[:, ::3], TINY)  # a coarser rule may have missed all of the mass
    mean = sums[:, 1::3] / total
    sd = np.sqrt(np.maximum(sums[:, 2::3] / total - mean * mean, 0.0))
    found, coarse, sem = mean[:, 0], mean[:, 1], sd[:, 0]
    error = np.maximum(np.abs(found - coarse), np.abs(sem - sd[:, 1]))
    exact = light[:, 0] & light[:, 1] & (error * nodes.width <= rule.agreement) & (sem >= rule.spacing)
    exact &= steepness * (nodes.width * rule.spacing) <= rule.steepest
    return nodes.low + nodes.width * (found + 0.5), sem * nodes.width, exact


class Yard(NamedTuple):
    """What the moments of one posterior are held against, as plain numbers; see `moments_of_sums`.

    Attributes
    ----------
    closed : whether the prior ends at the low and at the high end
    fine : whether no item is steeper than the rule is fine
    """

    low: float
    width: float
    agreement: float
    spacing: float
    closed: tuple[bool, bool]
    fine: bool

    @classmethod
    def of(cls, nodes: Nodes, steepness: float) -> Yard:
        """Return that of a rule's nodes and the steepest slope of any item, per logit."""
        rule, width = nodes.rule, float(nodes.width)
        low_closed, high_closed = nodes.closed.tolist()
        return cls(
            float(nodes.low),
            width,
            rule.agreement,
            rule.spacing,
            (low_closed, high_closed),
            steepness * (width * rule.spacing) <= rule.steepest,
        )


def support(log_posterior: Floats, nodes: Nodes) -> tuple[Floats, Floats]:
    """Return (M,) the ends of the interval that holds a posterior: beyond the grid where that cuts it."""
    rows, last = np.arange(len(log_posterior)), log_posterior.shape[1] - 1
    theta = np.broadcast_to(nodes.theta, log_posterior.shape)
    heavy = log_posterior - log_posterior.max(axis=1, keepdims=True) >= -LIGHT
    left, right = heavy.argmax(axis=1), last - heavy[:, ::-1].argmax(axis=1)
    low = np.where(left == 0, nodes.low, theta[rows, np.maximum(left - 1, 0)])
    high = np.where(right == last, nodes.low + nodes.width, theta[rows, np.minimum(right + 1, last)])
    low = np.where((left == 0) & ~nodes.closed[..., 0], nodes.low - nodes.width, low)
    return low, np.where((right == last) & ~nodes.closed[..., 1], nodes.low + 2 * nodes.width, high)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """(N,) each: what is known so far of N posteriors, filled in as they converge."""

    theta: Floats
    sem: Floats
    exact: Bools
    low: Floats
    high: Floats
    steepness: Floats

    @classmethod
    def none(cls, likelihood: Likelihood) -> Found:
        """Return room for the posteriors of these likelihoods."""
        n = len(likelihood)
        steep = np.concatenate(
            [np.zeros(0), *(likelihood.steepness(some) for some in blocks(np.arange(n), 64))]
        )
        return cls(np.empty(n), np.empty(n), np.zeros(n, dtype=np.bool_), np.empty(n), np.empty(n), steep)

    def put(self, which: Rows, log_posterior: Floats, nodes: Nodes) -> None:
        """Put what `nodes` say of the posteriors `which` (M,)."""
        self.theta[which], self.sem[which], self.exact[which] = moments(
            log_posterior, nodes, self.steepness[which]
        )
        rest = ~self.exact[which]
        if rest.any():
            part = nodes if nodes.theta.ndim == 1 else nodes.take(rest)
            self.low[which[rest]], self.high[which[rest]] = support(log_posterior[rest], part)


def converged_eap(likelihood: Likelihood, prior: Prior) -> tuple[Floats, Floats, NDArray[np.int8]]:
    r"""Return the (N,) posterior means, posterior standard deviations and outcomes.

    The rectangle rule errs by about :math:`e^{-2\pi^2\sigma^2/h^2}`. All start on a grid of 81 nodes over
    eight prior standard deviations either side; it is halved, up to five times, for those whose posterior
    is too narrow for it. A posterior still too narrow, or reaching beyond the grid, gets a grid of its own
    that moves to where its mass is. Who has not converged then is said to be so.

    References
    ----------
    Bock & Mislevy (1982), Applied Psychological Measurement 6(4), 431-444.
    """
    n = len(likelihood)
    found = Found.none(likelihood)
    low, high = prior.span
    open_, beyond = np.arange(n), np.zeros(n, dtype=np.bool_)
    for halvings in range(SHARED_HALVINGS + 1):
        if not open_.size:
            break
        nodes = Nodes.over(low, high, prior.rule(halvings), prior)
        prepared = likelihood.prepare(nodes.theta, open_)
        for some in blocks(open_, len(nodes.theta)):
            found.put(some, likelihood.on(prepared, some) + nodes.log_weight, nodes)
        open_ = open_[~found.exact[open_]]
        beyond[open_] = (found.low[open_] < low) | (found.high[open_] > high)
        open_ = open_[~beyond[open_]]
    _on_own_grids(likelihood, prior, np.flatnonzero(~found.exact), found)
    outcome = np.where(found.exact, Outcome.OK, Outcome.NOT_CONVERGED).astype(np.int8)
    return found.theta, found.sem, outcome


def _on_own_grids(likelihood: Likelihood, prior: Prior, which: Rows, found: Found) -> None:
    """Put what grids of their own say of `which` (M,) into `found`."""
    for halvings in range(OWN_HALVINGS + 1):
        rule = prior.rule(halvings, OWN_WIDTH)
        moving = which
        for _ in range(ZOOMS):
            if not moving.size:
                break
            low = np.maximum(found.low[moving], prior.bounds[0])
            high = np.minimum(found.high[moving], prior.bounds[1])
            for some in blocks(np.arange(len(moving)), len(rule.unit)):
                nodes = Nodes.over(low[some], high[some], rule, prior)
                found.put(moving[some], likelihood.at(nodes.theta, moving[some]) + nodes.log_weight, nodes)
            shrunk = found.high[moving] - found.low[moving] < ZOOM * (high - low)
            grew = (found.low[moving] < low) | (found.high[moving] > high)
            moving = moving[~found.exact[moving] & (shrunk | grew)]
        which = which[~found.exact[which]]


@dataclass(frozen=True, slots=True, eq=False)
class Eap:
    """The posterior mean and the posterior standard deviation, for N persons at once.

    Attributes
    ----------
    grid : nodes and weights that the caller fixes, kept as they are; None refines until converged
    """

    items: ItemParameters
    prior: Prior
    grid: Grid | None = None

    def __call__(self, rows: Integers, scores: Integers) -> Estimates:
        """Return the estimates from responses (N, n): items answered, and scores or -1.

        No response gives the prior, and the outcome no_responses.

        Raises
        ------
        ResponseError, naming the first score that its item does not have.
        """
        patterns = Patterns.of(self.items, rows, scores)
        if self.grid is None:
            theta, sem, outcome = converged_eap(patterns, self.prior)
        else:
            theta, sem = eap_on(patterns, self.grid)
            outcome = np.full(len(theta), Outcome.OK, dtype=np.int8)
        outcome[patterns.answered == 0] = Outcome.NO_RESPONSES
        notes = () if self.grid is None else (fixed(self.grid),)
        return Estimates(theta, sem, outcome, "posterior_sd", "eap", patterns.answered, notes)


def fixed(grid: Grid) -> str:
    """Return the sentence that says that a grid was fixed."""
    nodes = f"{len(grid.theta)} nodes from {grid.theta[0]:g} to {grid.theta[-1]:g}"
    return f"the grid was fixed by the caller: {nodes}; whether theta has converged on it was not checked"


def eap_rows(
    items: ItemParameters,
    rows: Integers,
    scores: Integers,
    prior: Prior = NormalPrior(),  # noqa: B008 (frozen)
    grid: Grid | None = None,
) -> Estimates:
    """Return N persons' EAP from responses (N, n): items answered, and scores or -1; as `Eap` does."""
    return Eap(items, prior, grid)(rows, scores)


def eap_on(likelihood: Likelihood, grid: Grid) -> tuple[Floats, Floats]:
    """Return the (N,) posterior means and standard deviations on a grid that the caller fixes, as it is."""
    theta, sem = np.empty(len(likelihood)), np.empty(len(likelihood))
    everybody = np.arange(len(likelihood))
    prepared = likelihood.prepare(grid.theta, everybody)
    for some in blocks(everybody, len(grid.theta)):
        log_posterior = likelihood.on(prepared, some) + grid.log_weight
        mass = np.exp(log_posterior - log_posterior.max(axis=1, keepdims=True))
        total = mass.sum(axis=1)
        theta[some] = (mass * grid.theta).sum(axis=1) / total
        sem[some] = np.sqrt((mass * (grid.theta - theta[some][:, None]) ** 2).sum(axis=1) / total)
    return theta, sem
