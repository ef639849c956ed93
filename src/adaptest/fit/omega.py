"""McDonald's omega: the share of the summed score's variance that one common factor explains."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from adaptest.models.base import Floats

SMALLEST_UNIQUENESS = 0.005  # of a standardised item; at it the solution is improper (Heywood)
FEWEST = 3  # items that a factor needs


def omega(covariance: Floats) -> tuple[float, str]:
    r"""Return omega, and why there is none or what is doubtful about it ("" where nothing is).

    .. math:: \omega = \frac{(\sum_j \lambda_j)^2}{(\sum_j \lambda_j)^2 + \sum_j \psi_j}

    with loadings and uniquenesses of one factor fitted by maximum likelihood to the items' correlations and
    put back into score units.

    Parameters
    ----------
    covariance : (J, J) of the item scores

    References
    ----------
    McDonald (1999), Test theory: a unified treatment, 88-90; Joreskog (1967), Psychometrika 32(4), 443-482.
    """
    nan = float("nan")
    sd = np.sqrt(np.diag(covariance))
    if len(covariance) < FEWEST:
        return nan, f"one factor needs {FEWEST} items; the form has {len(covariance)}"
    if (sd == 0).any():
        return nan, f"{int((sd == 0).sum())} items of the form do not vary"
    correlation = covariance / sd / sd[:, None]
    if np.linalg.eigvalsh(correlation)[0] <= 0:
        return nan, "the items' correlations are singular"

    def value(uniqueness: Floats) -> tuple[float, Floats]:
        scale = 1 / np.sqrt(uniqueness)
        sizes, vectors = np.linalg.eigh(correlation * scale * scale[:, None])
        loading = vectors[:, -1] * np.sqrt(max(sizes[-1] - 1, 0.0)) / scale
        rest = sizes[:-1]
        fitted = np.outer(loading, loading) + np.diag(uniqueness) - correlation
        return float((rest - np.log(rest) - 1).sum()), np.diag(fitted) / uniqueness**2

    start = np.clip(1 / np.diag(np.linalg.inv(correlation)) * (1 - 0.5 / len(sd)), SMALLEST_UNIQUENESS, 1.0)
    found = minimize(
        value, start, jac=True, method="L-BFGS-B", bounds=[(SMALLEST_UNIQUENESS, 1.0)] * len(sd),
        options={"maxiter": 1000},
    )  # fmt: skip
    uniqueness = np.asarray(found.x, dtype=np.float64)
    scale = 1 / np.sqrt(uniqueness)
    sizes, vectors = np.linalg.eigh(correlation * scale * scale[:, None])
    loading = vectors[:, -1] * np.sqrt(max(sizes[-1] - 1, 0.0)) / scale * sd
    common = float(loading.sum()) ** 2
    result = common / (common + float((uniqueness * sd**2).sum()))
    at_bound = int((uniqueness <= SMALLEST_UNIQUENESS * 1.01).sum())
    return result, f"{at_bound} uniquenesses at their bound: an improper solution" if at_bound else ""
