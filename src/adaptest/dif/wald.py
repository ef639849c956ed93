"""The Wald statistic of one item's equality in a joint calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from adaptest.calibration import CalibrationResult
from adaptest.models.base import Floats
from adaptest.parameters.columns import columns_of

HELD = ("guessing", "upper_asymptote")
SLOPE, PLACES = "discrimination", ("difficulty", "threshold", "step")
NOTHING = 1e-9  # of the two variances: less is the rounding of a difference that is 0


def wald_statistic(fit: CalibrationResult, pair: tuple[str, str]) -> tuple[float, float, str]:
    """Return the statistic, its degrees of freedom, and why there is none.

    Slopes and intercepts are compared, as IRTPRO does: a difficulty is their ratio, so that few persons make
    its distribution far from normal, and the test more cautious than it need be.

    Parameters
    ----------
    fit : with a covariance
    pair : ids of the item's reference and focal columns
    """
    nan = float("nan")
    values = {name: column for name, column in columns_of(fit.items).items() if name not in HELD}
    for block in fit.covariance:
        place = {name: k for k, name in enumerate(block.parameters)}
        words = [word for item, word in block.parameters if item == pair[0] and word not in HELD]
        shared = [word for word in words if (pair[1], word) in place]
        if not shared:
            continue
        at = [place[item, word] for item in pair for word in shared]
        covariance = block.matrix[np.ix_(at, at)]
        (first, before), (second, after) = (_intercepts(values, fit.items.row[item], shared) for item in pair)
        sides = np.hstack([-before, after])
        matrix = sides @ covariance @ sides.T
        apart = np.einsum("ij,jk,ik->i", np.abs(sides), np.abs(covariance), np.abs(sides))
        keep = np.diag(matrix) > NOTHING * apart  # a slope that both share has no difference
        if not keep.any():
            continue
        change = (second - first)[keep]
        statistic = float(change @ np.linalg.solve(matrix[np.ix_(keep, keep)], change))
        return statistic, float(keep.sum()), ""
    return nan, nan, "the calibration gave no covariance of the item's parameters"


def _intercepts(values: Mapping[str, Floats], row: int, words: Sequence[str]) -> tuple[Floats, Floats]:
    """Return (m,) an item's parameters with intercepts for places, and (m, m) their derivatives."""
    slope = float(values[SLOPE][row])
    slope = 1.0 if np.isnan(slope) else slope  # of models that have none
    own, derivative = np.empty(len(words)), np.eye(len(words))
    for k, word in enumerate(words):
        name, _, number = word.rpartition("_")
        value = values[word][row] if word in values else values[name][row, int(number) - 1]
        own[k] = value
        if (name or word) in PLACES:
            own[k], derivative[k, k] = -slope * value, -slope
            if SLOPE in words:
                derivative[k, words.index(SLOPE)] = -value
    return own, derivative
