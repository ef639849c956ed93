"""Logistic regression of an ordered score on a few columns: binary, or cumulative with common slopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit

from adaptest.models.base import Floats

STEPS = 60
TOLERANCE = 1e-9  # of the Newton decrement: log-likelihood units
HALVINGS = 30
RIDGE = 1e-10  # keeps a flat direction from dividing by 0
FAR = 12.0  # logits per SD: a slope as steep means that the groups are separated, and there is no maximum


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """A fitted regression.

    Attributes
    ----------
    log_likelihood : maximised
    coefficients : (K - 1 + p,) intercepts of score >= 1, 2, ..., then the slopes, in the columns' units
    converged : whether the maximum was found; False also where it lies at infinity
    """

    log_likelihood: float
    coefficients: Floats
    converged: bool


def regress(design: Floats, counts: Floats) -> Regression:
    r"""Return the maximum-likelihood fit of a cumulative logit model.

    .. math:: Pr(Y \ge k) = \sigma(\tau_k + x'\beta)

    Parameters
    ----------
    design : (R, p) columns; the intercepts are not among them
    counts : (R, K) weighted number of persons of each row with each score; scores nobody has are left out

    References
    ----------
    McCullagh (1980), Journal of the Royal Statistical Society B 42(2), 109-142.
    """
    counts = counts[:, counts.sum(axis=0) > 0]
    cuts, p = counts.shape[1] - 1, design.shape[1]
    weight = counts.sum(axis=1)
    mean = weight @ design / weight.sum()
    sd = np.sqrt(weight @ (design - mean) ** 2 / weight.sum())
    sd = np.where(sd > 0, sd, 1.0)
    x = (design - mean) / sd
    above = counts[:, ::-1].cumsum(axis=1)[:, ::-1].sum(axis=0)[1:] / weight.sum()
    at = np.concatenate([np.log(above / (1 - above)), np.zeros(p)])
    value, gradient, hessian = _value(at, x, counts)
    converged = False
    for _ in range(STEPS):
        step = np.linalg.solve(hessian + RIDGE * np.diag(np.diag(hessian) + 1e-300), gradient)
        decrement = float(gradient @ step)
        if decrement < TOLERANCE:
            converged = True
            break
        scale = 1.0
        for _ in range(HALVINGS):
            new = at + scale * step
            if cuts < 2 or (np.diff(new[:cuts]) < 0).all():  # noqa: PLR2004 (thresholds in order)
                tried = _value(new, x, counts)
                if tried[0] >= value:
                    break
            scale /= 2
        else:
            break
        at, (value, gradient, hessian) = new, tried
    slopes = at[cuts:] / sd
    intercepts = at[:cuts] - float(mean @ slopes)
    sound = converged and bool((np.abs(at[cuts:]) < FAR).all())
    return Regression(value, np.concatenate([intercepts, slopes]), sound)


def _value(at: Floats, x: Floats, counts: Floats) -> tuple[float, Floats, Floats]:
    """Return the log-likelihood, its gradient and the negative Hessian."""
    cuts = counts.shape[1] - 1
    eta = at[:cuts] + (x @ at[cuts:])[:, None]  # (R, K - 1)
    if cuts == 1:
        right, weight = counts[:, 1], counts.sum(axis=1)
        p = expit(eta[:, 0])
        value = float((right * log_expit(eta[:, 0]) + counts[:, 0] * log_expit(-eta[:, 0])).sum())
        full = np.column_stack([np.ones(len(x)), x])
        return value, full.T @ (right - weight * p), (full * (weight * p * (1 - p))[:, None]).T @ full
    rows = len(x)
    upper = np.column_stack([np.ones(rows), expit(eta)])  # Pr(Y >= k), k = 0..K-1
    lower = np.column_stack([expit(eta), np.zeros(rows)])
    p = np.maximum(upper - lower, 1e-300)
    value = float((counts * np.log(p)).sum())
    slope = upper * (1 - upper), lower * (1 - lower)
    size = cuts + x.shape[1]
    gradient, hessian = np.zeros(size), np.zeros((size, size))
    for k in range(cuts + 1):
        du, dl = np.zeros((rows, size)), np.zeros((rows, size))
        if k > 0:
            du[:, k - 1], du[:, cuts:] = slope[0][:, k], slope[0][:, k, None] * x
        if k < cuts:
            dl[:, k], dl[:, cuts:] = slope[1][:, k], slope[1][:, k, None] * x
        dp = (du - dl) / p[:, [k]]
        gradient += counts[:, k] @ dp
        hessian += (dp * (counts.sum(axis=1) * p[:, k])[:, None]).T @ dp  # Fisher's information
    return value, gradient, hessian
