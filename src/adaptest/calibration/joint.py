"""Joint maximum likelihood for the Rasch and partial credit models: a labelled extra, inconsistent in N."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from adaptest.models.base import Bools, Floats, Rows
from adaptest.responses import Responses
from adaptest.responses.table import Scores

MAXIMUM_CYCLES = 2_000
TOLERANCE = 1e-8  # logits, largest change of any step or theta in a cycle
EXTREME_SCORE = 0.3  # score points: persons with none or all are given this much or this much less (Wright)
PERSONS_AT_ONCE = 4_096
LARGEST_MOVE = 2.0  # logits a cycle


@dataclass(frozen=True, slots=True, eq=False)
class JointFit:
    """What joint likelihood says of J items and N persons.

    Attributes
    ----------
    step : (J, K - 1) step difficulties, logits, mean theta 0, times `correction`; nan beyond an item's own
    theta : (N,) logits, uncorrected; nan without responses
    correction : (J - 1) / J, or 1
    history : log-likelihood after each cycle
    """

    step: Floats
    theta: Floats
    log_likelihood: float
    correction: float
    converged: bool
    reason: str
    history: tuple[float, ...]
    change: Floats


def joint(
    responses: Responses,
    categories: Rows,
    *,
    corrected: bool = True,
    progress: Callable[[int, float, float], None] | None = None,
) -> JointFit:
    """Return step difficulties that maximise the likelihood of items and persons together.

    Item estimates are too far apart by about J / (J - 1); `corrected` takes that off
    (Wright & Douglas 1977), as ConQuest-like programs do. No standard errors: those of joint
    likelihood are too small at any N.

    Parameters
    ----------
    responses : resolved; every item with at least one non-extreme answer
    categories : (J,) number of categories of each item
    progress : called with cycle, log-likelihood and largest change

    References
    ----------
    Wright & Douglas (1977), Applied Psychological Measurement 1(2), 281-295.
    """
    cells, weight = responses.dense(), responses.weight
    presented = cells >= 0
    most = np.where(presented, categories - 1, 0).sum(axis=1)
    score = np.where(presented, cells, 0).sum(axis=1).astype(np.float64)
    score = np.clip(score, EXTREME_SCORE, np.maximum(most - EXTREME_SCORE, EXTREME_SCORE))
    used = most > 0
    real = np.arange(1, int(categories.max())) < categories[:, None]
    reached = np.stack(
        [((cells >= k) * weight[:, None]).sum(axis=0) for k in range(1, int(categories.max()))], axis=1
    )
    theta, step = np.zeros(len(score)), np.where(real, 0.0, np.inf)
    history: list[float] = []
    change = np.full(len(categories), np.inf)
    for cycle in range(MAXIMUM_CYCLES):
        theta_before, step_before = theta, step
        theta, log_likelihood = _persons(theta, step, cells, presented, weight, score, used)
        theta = np.where(used, theta - np.average(theta[used], weights=weight[used]), theta)
        step = _items(theta, step, presented, weight, reached, real)
        history.append(log_likelihood)
        change = np.abs(np.where(real, step - np.where(real, step_before, 0), 0)).max(axis=1)
        moved = max(float(change.max()), float(np.abs(theta - theta_before).max()))
        if progress is not None:
            progress(cycle, log_likelihood, moved)
        if moved <= TOLERANCE:
            break
    converged = moved <= TOLERANCE
    correction = (len(categories) - 1) / len(categories) if corrected else 1.0
    return JointFit(
        np.where(real, step * correction, np.nan),
        np.where(used, theta, np.nan),
        history[-1],
        correction,
        converged,
        "largest change" if converged else "the maximum number of cycles was reached",
        tuple(history),
        change,
    )


def _probability(theta: Floats, step: Floats) -> Floats:
    """Return (n, J, K) partial credit probabilities; 0 beyond an item's own categories."""
    logit = theta[:, None, None] - step
    summed = np.concatenate([np.zeros((*logit.shape[:2], 1)), np.cumsum(logit, axis=2)], axis=2)
    power = np.exp(summed - summed.max(axis=2, keepdims=True))
    return np.asarray(power / power.sum(axis=2, keepdims=True))


def _persons(
    theta: Floats, step: Floats, cells: Scores, presented: Bools, weight: Floats, score: Floats, used: Bools
) -> tuple[Floats, float]:
    """Return theta after one Newton step, and the log-likelihood before it."""
    new, total = theta.copy(), 0.0
    for start in range(0, len(theta), PERSONS_AT_ONCE):
        part = slice(start, start + PERSONS_AT_ONCE)
        p = _probability(theta[part], step)
        here = presented[part]
        own = np.take_along_axis(p, np.maximum(cells[part], 0)[..., None].astype(np.intp), axis=2)[..., 0]
        total += float((np.log(np.where(here, own, 1)) * weight[part, None]).sum())
        k = np.arange(p.shape[2])
        mean = (p * k).sum(axis=2)
        variance = np.where(here, (p * k**2).sum(axis=2) - mean**2, 0).sum(axis=1)
        gap = score[part] - np.where(here, mean, 0).sum(axis=1)
        move = np.divide(gap, variance, out=np.zeros_like(gap), where=used[part] & (variance > 0))
        new[part] += np.clip(move, -LARGEST_MOVE, LARGEST_MOVE)
    return new, total


def _items(
    theta: Floats, step: Floats, presented: Bools, weight: Floats, reached: Floats, real: Bools
) -> Floats:
    """Return the steps after one Newton step per item."""
    j, m = step.shape
    expected, information = np.zeros((j, m)), np.zeros((j, m, m))
    for start in range(0, len(theta), PERSONS_AT_ONCE):
        part = slice(start, start + PERSONS_AT_ONCE)
        p = _probability(theta[part], step)
        at_least = np.cumsum(p[..., ::-1], axis=2)[..., ::-1][..., 1:]
        here = presented[part] * weight[part, None]
        expected += (at_least * here[..., None]).sum(axis=0)
        for k in range(m):
            for h in range(k, m):
                both = ((at_least[..., h] - at_least[..., k] * at_least[..., h]) * here).sum(axis=0)
                information[:, k, h] = information[:, h, k] = both
    missing = ~real
    information[missing[:, :, None] | missing[:, None, :]] = 0
    rows, columns = np.nonzero(missing)
    information[rows, columns, columns] = 1
    gap = np.where(real, expected - reached, 0)
    move = np.linalg.solve(information, gap[..., None])[..., 0]
    return np.where(real, step + np.clip(move, -LARGEST_MOVE, LARGEST_MOVE), step)
