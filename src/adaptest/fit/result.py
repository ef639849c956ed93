"""What a statistic comes to, for many items, pairs or persons at once, and why where it does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc

from adaptest.models.base import Floats
from adaptest.numerics.multiplicity import benjamini_hochberg

ADAPTIVE = "summed scores of different items compare nobody"


@dataclass(frozen=True, slots=True, eq=False)
class ChiSquares:
    """M chi-square statistics.

    Attributes
    ----------
    name : of the statistic
    statistic, df, p : (M,) nan where there is none; p is Pr(chi-square on df > statistic)
    p_adjusted : (M,) p by Benjamini and Hochberg over all that were computed
    reason : (M,) why there is none; "" where there is one
    """

    name: str
    statistic: Floats
    df: Floats
    p: Floats
    p_adjusted: Floats
    reason: tuple[str, ...]


def chi_squares(name: str, statistic: Floats, df: Floats, reason: tuple[str, ...] | str = "") -> ChiSquares:
    """Return the statistics with their p-values; where df is below 1 there is none, and a reason why."""
    count = len(statistic)
    reasons = [reason] * count if isinstance(reason, str) else list(reason)
    short = np.isfinite(statistic) & ~(df >= 1)
    for row in np.flatnonzero(short):
        reasons[row] = f"no degrees of freedom are left ({df[row]:g})"
    good = np.isfinite(statistic) & (df >= 1)
    p = np.full(count, np.nan)
    p[good] = gammaincc(df[good] / 2, np.maximum(statistic[good], 0) / 2)
    value = np.where(good, statistic, np.nan)
    freedom = np.where(good, df, np.nan)
    return ChiSquares(name, value, freedom, p, benjamini_hochberg(p), tuple(reasons))


def refused(name: str, count: int, reason: str) -> ChiSquares:
    """Return that the statistic of these items was refused."""
    nothing = np.full(count, np.nan)
    return ChiSquares(name, nothing, nothing.copy(), nothing.copy(), nothing.copy(), (reason,) * count)
