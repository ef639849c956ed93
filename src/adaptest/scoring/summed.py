"""The distribution of the summed score at theta, and EAP from the summed score alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from adaptest.models.base import Floats, Rows
from adaptest.numerics.quadrature import Grid, NormalPrior, Prior
from adaptest.parameters import ItemParameters
from adaptest.scoring.eap import converged_eap, eap_on, fine_rule, fixed
from adaptest.scoring.estimate import Estimates, Outcome
from adaptest.scoring.likelihood import Integers, Patterns, steepness

HALVINGS = 7  # at most, of the grid on which the population's summed scores are worked out


def score_distribution(items: ItemParameters, theta: Floats) -> Floats:
    r"""Return (Q, S + 1) probabilities of each summed score, S the largest possible.

    .. math:: P_{j}(s) = \sum_k P_{j-1}(s - k)\, P_{jk}

    item after item, each with as many categories as it has.

    References
    ----------
    Lord & Wingersky (1984), Applied Psychological Measurement 8(4), 453-461; Hanson (1994), ACT technical
    note; Thissen, Pommerich, Billeaud & Williams (1995), Applied Psychological Measurement 19(1), 39-49.

    Examples
    --------
    >>> from adaptest.models import LogisticItems
    >>> items = ItemParameters.of(LogisticItems(("i1", "i2"), [1.0, 1.0], [0.0, 0.0], [0, 0], [1, 1]))
    >>> score_distribution(items, np.array([0.0]))
    array([[0.25, 0.5 , 0.25]])
    """
    p = items.probability(theta) if len(items) else np.empty((len(theta), 0, 0))
    most = items.categories - 1
    result = np.zeros((len(theta), int(most.sum()) + 1))
    result[:, 0] = 1.0
    reached = 0
    for item, top in enumerate(most):
        before = result[:, : reached + 1].copy()
        result[:, : reached + 1] = before * p[:, item, :1]
        for k in range(1, top + 1):
            result[:, k : k + reached + 1] += before * p[:, item, k, None]
        reached += top
    return result


def log_score_distribution(items: ItemParameters, theta: Floats) -> Floats:
    """Return (Q, S + 1) log-probabilities of each summed score, finite however unlikely the score."""
    log_p = items.log_probability(theta) if len(items) else np.empty((len(theta), 0, 0))
    most = items.categories - 1
    result = np.full((len(theta), int(most.sum()) + 1), -np.inf)
    result[:, 0] = 0.0
    reached = 0
    for item, top in enumerate(most):
        before = result[:, : reached + 1].copy()
        result[:, : reached + 1] = before + log_p[:, item, :1]
        for k in range(1, top + 1):
            part = result[:, k : k + reached + 1]
            np.logaddexp(part, before + log_p[:, item, k, None], out=part)
        reached += top
    return result


@dataclass(frozen=True, eq=False)
class SummedScores:
    """N likelihoods of a summed score on a set of items; the pattern behind it is forgotten.

    Attributes
    ----------
    sets : what was presented: rows of `items`, ascending, each set once
    which_set, score : (P,) each pair of set and summed score that occurs, once
    pair : (N,) which pair each person has
    """

    items: ItemParameters
    sets: tuple[Rows, ...]
    which_set: Rows
    score: Rows
    pair: Rows

    @classmethod
    def of(cls, patterns: Patterns) -> SummedScores:
        """Return the summed scores of response patterns; each presented set has its own distribution."""
        given = patterns.scores >= 0
        total = np.where(given, patterns.scores, 0).sum(axis=1, dtype=np.intp)
        presented = np.sort(np.where(given, patterns.rows, len(patterns.items)), axis=1)
        sets, which = np.unique(presented, axis=0, return_inverse=True)
        pairs, pair = np.unique(np.stack([which.ravel(), total], axis=1), axis=0, return_inverse=True)
        rows = tuple(np.asarray(one[one < len(patterns.items)], dtype=np.intp) for one in sets)
        return cls(patterns.items, rows, pairs[:, 0], pairs[:, 1], pair.ravel())

    def __len__(self) -> int:
        return len(self.pair)

    @cached_property
    def _parts(self) -> tuple[ItemParameters, ...]:
        return tuple(self.items.take(rows) for rows in self.sets)

    @cached_property
    def _steepness(self) -> Floats:
        each = steepness(self.items)
        return np.array([each[rows].max(initial=0.0) for rows in self.sets])

    def steepness(self, which: Rows) -> Floats:
        """Return (M,) the steepest slope of any item behind `which` (M,), per logit."""
        return np.asarray(self._steepness[self.which_set[self.pair[which]]])

    def prepare(self, theta: Floats, which: Rows) -> Floats:
        """Return (P, Q) log-probabilities of the pairs that `which` (M,) have, at the shared nodes."""
        result = np.zeros((len(self.score), len(theta)))
        needed = np.zeros(len(self.score), dtype=np.bool_)
        needed[self.pair[which]] = True
        for number in np.unique(self.which_set[needed]):
            pairs = np.flatnonzero(needed & (self.which_set == number))
            result[pairs] = log_score_distribution(self._parts[number], theta)[:, self.score[pairs]].T
        return result

    def on(self, prepared: Floats, which: Rows) -> Floats:
        """Return (M, Q) log-likelihoods at the shared nodes."""
        return prepared[self.pair[which]]

    def at(self, theta: Floats, which: Rows) -> Floats:
        """Return (M, Q) log-likelihoods, each at nodes theta (M, Q) of its own."""
        result = np.empty(theta.shape)
        for place, pair in enumerate(self.pair[which]):
            part = self._parts[self.which_set[pair]]
            result[place] = log_score_distribution(part, theta[place])[:, self.score[pair]]
        return result


@dataclass(frozen=True, slots=True, eq=False)
class EapSum:
    """EAP from the summed score, for N persons at once."""

    items: ItemParameters
    prior: Prior
    grid: Grid | None = None

    def __call__(self, rows: Integers, scores: Integers) -> Estimates:
        """Return the estimates from responses (N, n): items answered, and scores or -1.

        Raises
        ------
        ResponseError, naming the first score that its item does not have.
        """
        patterns = Patterns.of(self.items, rows, scores)
        theta, sem, outcome = _of_scores(SummedScores.of(patterns), self.prior, self.grid)
        outcome[patterns.answered == 0] = Outcome.NO_RESPONSES
        notes = () if self.grid is None else (fixed(self.grid),)
        return Estimates(theta, sem, outcome, "posterior_sd_given_sum", "eap_sum", patterns.answered, notes)


@dataclass(frozen=True, slots=True, eq=False)
class EapSumTable:
    """What each summed score on a whole set of items means.

    Attributes
    ----------
    score : (S + 1,) 0 to the largest
    theta, sem : (S + 1,) posterior mean and standard deviation given the score, logits
    outcome : (S + 1,) an `Outcome` each
    probability : (S + 1,) of the score, in the population of the prior
    """

    score: Rows
    theta: Floats
    sem: Floats
    outcome: NDArray[np.int8]
    probability: Floats

    @property
    def reliability(self) -> float:
        """Variance of theta given the score over the whole variance, in the population of the prior."""
        mean = (self.probability * self.theta).sum()
        between = (self.probability * (self.theta - mean) ** 2).sum()
        return float(between / (between + (self.probability * self.sem**2).sum()))


def eap_sum_table(
    items: ItemParameters,
    prior: Prior = NormalPrior(),  # noqa: B008 (frozen)
    grid: Grid | None = None,
) -> EapSumTable:
    """Return the EAP, its standard deviation and the expected share for each summed score on all items.

    References
    ----------
    Thissen, Pommerich, Billeaud & Williams (1995), Applied Psychological Measurement 19(1), 39-49.
    """
    score = np.arange(int((items.categories - 1).sum()) + 1)
    sums = SummedScores(
        items, (np.arange(len(items)),), np.zeros(len(score), dtype=np.intp), score, np.arange(len(score))
    )
    theta, sem, outcome = _of_scores(sums, prior, grid)
    rule = fine_rule(prior, float(steepness(items).max(initial=0.0)), HALVINGS)
    low, high = prior.span
    nodes = low + (high - low) * rule.unit if grid is None else grid.theta
    weight = np.exp(prior.log_density(nodes)) * rule.weight if grid is None else np.exp(grid.log_weight)
    probability = (score_distribution(items, nodes) * (weight / weight.sum())[:, None]).sum(axis=0)
    return EapSumTable(score, theta, sem, outcome, probability)


def _of_scores(
    sums: SummedScores, prior: Prior, grid: Grid | None
) -> tuple[Floats, Floats, NDArray[np.int8]]:
    """Return theta, sem and outcome, each pair of set and score worked out once."""
    once = SummedScores(sums.items, sums.sets, sums.which_set, sums.score, np.arange(len(sums.score)))
    if grid is None:
        theta, sem, outcome = converged_eap(once, prior)
    else:
        theta, sem = eap_on(once, grid)
        outcome = np.full(len(theta), Outcome.OK, dtype=np.int8)
    return theta[sums.pair], sem[sums.pair], outcome[sums.pair]
