"""The Wald statistic of one item's equality in a joint calibration."""

from __future__ import annotations

import numpy as np

from adaptest.calibration import CalibrationResult
from adaptest.parameters.columns import columns_of

HELD = ("guessing", "upper_asymptote")


def wald_statistic(fit: CalibrationResult, pair: tuple[str, str]) -> tuple[float, float, str]:
    """Return the statistic, its degrees of freedom, and why there is none.

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
        gap, rows = [], []
        for word in shared:
            name, _, k = word.rpartition("_")
            column = values[word] if word in values else values[name][:, int(k) - 1]
            gap.append(column[fit.items.row[pair[1]]] - column[fit.items.row[pair[0]]])
            rows.append((place[pair[0], word], place[pair[1], word]))
        at = np.array(rows)
        first, second = at[:, 0], at[:, 1]
        matrix = (
            block.matrix[np.ix_(first, first)]
            + block.matrix[np.ix_(second, second)]
            - block.matrix[np.ix_(first, second)]
            - block.matrix[np.ix_(second, first)]
        )
        keep = np.diag(matrix) > 0  # a slope that both share has no difference
        if not keep.any():
            continue
        change = np.array(gap)[keep]
        statistic = float(change @ np.linalg.solve(matrix[np.ix_(keep, keep)], change))
        return statistic, float(keep.sum()), ""
    return nan, nan, "the calibration gave no covariance of the item's parameters"
