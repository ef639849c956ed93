"""What two items share beyond theta: correlated residuals (Q3), and two-way tables (LD-X2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc, ndtr

from adaptest.calibration.population import Population
from adaptest.fit.residuals import Residuals
from adaptest.fit.result import ADAPTIVE
from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.multiplicity import benjamini_hochberg
from adaptest.responses.core import Core
from adaptest.scoring.matched import Matched

FEWEST_JOINT = 100  # persons with both items (a documented, changeable default)
Q3_ABOVE_MEAN = 0.2  # Christensen, Makransky & Horton (2017): above the mean of all pairs' Q3
LARGE_STANDARDISED = 10.0  # of (X2 - df) / sqrt(2 df); Chen & Thissen's programs call it large
ALPHA = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """P pairs of items.

    Attributes
    ----------
    first, second : (P,) rows of the items, first < second
    n : (P,) persons, by weight, with both
    q3 : (P,) correlation of the two items' residuals; nan where n is too small
    q3_p_adjusted : (P,) p of lying above the mean (Fisher's z, one-sided), by Benjamini and Hochberg
    q3_mean : mean of all pairs' Q3: about -1 / (J - 1) where nothing depends
    ld_x2, ld_df, ld_p : (P,) Chen and Thissen's statistic; nan where refused or too few
    ld_p_adjusted : (P,) by Benjamini and Hochberg
    ld_standardised : (P,) (X2 - df) / sqrt(2 df)
    cramer_v : (P,) sqrt(X2 / (n (K - 1))), negative where the pair agrees less than expected
    flagged : (P,) Q3 significantly and more than Q3_ABOVE_MEAN above the mean, or LD-X2 large
    reason : why LD-X2 is missing altogether, or ""
    """

    first: Rows
    second: Rows
    n: Floats
    q3: Floats
    q3_p_adjusted: Floats
    q3_mean: float
    ld_x2: Floats
    ld_df: Floats
    ld_p: Floats
    ld_p_adjusted: Floats
    ld_standardised: Floats
    cramer_v: Floats
    flagged: Bools
    reason: str


def q3(found: Residuals, *, fewest: float = FEWEST_JOINT) -> tuple[Floats, Floats]:
    """Return (J, J) correlations of residuals over the persons with both items, and (J, J) their number.

    Parameters
    ----------
    fewest : persons with both items; below it the correlation is nan

    References
    ----------
    Yen (1984), Applied Psychological Measurement 8(2), 125-145.
    """
    data = found.data
    n, j = len(data.responses), len(data.items)
    given = np.zeros((n, j))
    given[data.person, data.item()] = np.where(found.valid, 1.0, 0.0)
    value = np.zeros((n, j))
    value[data.person, data.item()] = np.where(found.valid, found.raw, 0.0)
    weighted = data.weight[:, None]
    count = given.T @ (weighted * given)
    total = value.T @ (weighted * given)  # sum of the first's residuals over those with both
    square = (value**2).T @ (weighted * given)
    cross = value.T @ (weighted * value)
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = cross / count - total * total.T / count**2
        variance = square / count - (total / count) ** 2
        result = covariance / np.sqrt(variance * variance.T)
    result[count < fewest] = np.nan
    np.fill_diagonal(result, np.nan)
    return result, count


def ld_x2(data: Matched, people: Population, first: int, second: int) -> tuple[float, float, float]:
    r"""Return LD-X2 of one pair, its degrees of freedom and the signed Cramer V.

    .. math:: X^2 = \sum_{kl} (O_{kl} - E_{kl})^2 / E_{kl}, \quad E_{kl} = N \int P_{ik} P_{jl}\, g

    The sign is that of the observed correlation less the expected one.

    References
    ----------
    Chen & Thissen (1997), Journal of Educational and Behavioral Statistics 22(3), 265-289.
    """
    k, m = (int(data.items.categories[row]) for row in (first, second))
    one, two = (slice(int(data.start[row]), int(data.start[row + 1])) for row in (first, second))
    place = np.full(len(data.responses), -1, dtype=np.intp)
    place[data.person[two]] = data.score[two]
    both = place[data.person[one]] >= 0
    persons = data.person[one][both]
    cell = data.score[one][both].astype(np.intp) * m + place[persons]
    seen = np.bincount(cell, weights=data.weight[persons], minlength=k * m).reshape(k, m).astype(np.float64)
    p = data.items.take(np.array([first, second])).probability(people.nodes)
    expected = seen.sum() * np.einsum("q,qk,ql->kl", people.mass, p[:, 0, :k], p[:, 1, :m])
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(np.nan_to_num((seen - expected) ** 2 / expected).sum())
    sign = np.sign(_correlation(seen) - _correlation(expected))
    cramer = float(sign * np.sqrt(value / (seen.sum() * (min(k, m) - 1))))
    return value, float((k - 1) * (m - 1)), cramer


def _correlation(table: Floats) -> float:
    p = table / table.sum()
    k, m = np.arange(p.shape[0]), np.arange(p.shape[1])
    x, y = p.sum(axis=1), p.sum(axis=0)
    mean_x, mean_y = (x * k).sum(), (y * m).sum()
    covariance = ((k - mean_x)[:, None] * (m - mean_y) * p).sum()
    spread = np.sqrt((x * (k - mean_x) ** 2).sum() * (y * (m - mean_y) ** 2).sum())
    return float(covariance / spread) if spread > 0 else 0.0


def pairs(found: Residuals, people: Population, core: Core, *, fewest: float = FEWEST_JOINT) -> Pairs:
    """Return Q3 and LD-X2 of every pair with enough persons in common; LD-X2 only on a common form.

    Q3 flags nothing where theta is worn out by few items: read it with the number of items in mind.
    """
    correlation, count = q3(found, fewest=fewest)
    first, second = (np.asarray(rows, dtype=np.intp) for rows in np.triu_indices(len(count), 1))
    values = correlation[first, second]
    mean = float(np.nanmean(values)) if np.isfinite(values).any() else np.nan
    ld = np.full((3, len(first)), np.nan)
    reason = "" if core.is_fixed else f"{ADAPTIVE}: {core.reason}"
    if core.is_fixed:
        for pair in np.flatnonzero(count[first, second] >= fewest):
            ld[:, pair] = ld_x2(found.data, people, int(first[pair]), int(second[pair]))
    x2, df, cramer = ld
    p = np.where(np.isfinite(x2), gammaincc(np.nan_to_num(df, nan=1.0) / 2, np.nan_to_num(x2) / 2), np.nan)
    standardised = (x2 - df) / np.sqrt(2 * df)
    joint = count[first, second]
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (np.arctanh(values) - np.arctanh(mean)) * np.sqrt(np.maximum(joint - 3, 0))
    q3_p = benjamini_hochberg(ndtr(-z))
    sure = np.nan_to_num(q3_p, nan=1.0) < ALPHA
    flagged = (sure & (values > mean + Q3_ABOVE_MEAN)) | (standardised > LARGE_STANDARDISED)
    return Pairs(
        first, second, joint, values, q3_p, mean, x2, df, p, benjamini_hochberg(p), standardised,
        cramer, flagged, reason,
    )  # fmt: skip
