"""Exact p-values from binomial and hypergeometric sums; scipy.stats alone would take a second to load."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, gammaln, xlog1py, xlogy

TIE = 1e-7  # relative: outcomes as likely as the one seen, but for rounding


def binomial_p(k: int, n: int, chance: float) -> float:
    """Return the two-sided p-value of k in n: all outcomes that are not likelier than k.

    >>> round(binomial_p(3, 15, 1 / 10), 4)
    0.1841
    """
    x = np.arange(n + 1)
    log_p = _choose(n, x) + xlogy(x, chance) + xlog1py(n - x, -chance)
    p = np.exp(log_p)
    return float(min(p[p <= p[k] * (1 + TIE)].sum(), 1.0))


def fisher_p(a: int, b: int, c: int, d: int) -> float:
    """Return the one-sided p-value of the table [[a, b], [c, d]]: a as large or larger, margins fixed.

    >>> round(fisher_p(8, 2, 1, 5), 4)
    0.0245
    """
    first, second, column = a + b, c + d, a + c
    x = np.arange(a, min(first, column) + 1)
    log_p = _choose(first, x) + _choose(second, column - x) - _choose(first + second, np.array([column]))
    return float(min(np.exp(log_p).sum(), 1.0))


def chi_square_p(statistic: float, degrees: int) -> float:
    """Return the upper tail of chi-square.

    >>> round(chi_square_p(7.815, 3), 3)
    0.05
    """
    return float(gammaincc(degrees / 2, statistic / 2))


def _choose(n: int, k: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the logarithm of n over k; minus infinity where k is not in 0..n."""
    inside = (k >= 0) & (k <= n)
    safe = np.where(inside, k, 0)
    value = gammaln(n + 1) - gammaln(safe + 1) - gammaln(n - safe + 1)
    return np.where(inside, value, -np.inf)
