"""What each answer was against what was expected of it at the person's theta."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.models.base import Bools, Floats
from adaptest.scoring.matched import Matched


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """One number each for n answered cells, item after item as in `data`.

    Attributes
    ----------
    data : the items and answers
    theta : (N,) logits; persons whose theta is not finite take no part
    valid : (n,) whether the cell's person takes part
    expected, variance : of the score; fourth : its fourth central moment
    log_p : log-probability of the score that was given
    log_p_mean, log_p_variance : its mean and variance before the answer
    """

    data: Matched
    theta: Floats
    valid: Bools
    expected: Floats
    variance: Floats
    fourth: Floats
    log_p: Floats
    log_p_mean: Floats
    log_p_variance: Floats

    @property
    def raw(self) -> Floats:
        """(n,) score minus expected score."""
        return self.data.score - self.expected

    @property
    def weight(self) -> Floats:
        """(n,) how many persons each cell stands for; 0 where it takes no part."""
        return np.where(self.valid, self.data.weight[self.data.person], 0.0)


def residuals(data: Matched, theta: Floats) -> Residuals:
    """Return the residuals at each person's theta (N,).

    Where theta is not finite, a cell has residual 0 and no weight.
    """
    usable = np.isfinite(theta)
    at = np.where(usable, theta, 0.0)
    n = len(data.score)
    columns = {name: np.empty(n) for name in ("expected", "variance", "fourth", "log_p", "mean", "spread")}
    for row, cells in data.by_item():
        if cells.start == cells.stop:
            continue
        item = data.items.take(np.array([row]))
        log_p = item.log_probability(at[data.person[cells]])[:, 0, :]
        p = np.exp(log_p)
        finite = np.where(p > 0, log_p, 0.0)
        k = np.arange(p.shape[1])
        mean = (p * k).sum(axis=1)
        away = k - mean[:, None]
        columns["expected"][cells] = mean
        columns["variance"][cells] = (p * away**2).sum(axis=1)
        columns["fourth"][cells] = (p * away**4).sum(axis=1)
        columns["log_p"][cells] = log_p[np.arange(len(log_p)), data.score[cells]]
        columns["mean"][cells] = (p * finite).sum(axis=1)
        columns["spread"][cells] = (p * finite**2).sum(axis=1) - columns["mean"][cells] ** 2
    return Residuals(
        data,
        theta,
        usable[data.person],
        columns["expected"],
        columns["variance"],
        columns["fourth"],
        columns["log_p"],
        columns["mean"],
        columns["spread"],
    )
