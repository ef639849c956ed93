"""How far judges agree with each other, and each with the items' parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.models.base import Floats


@dataclass(frozen=True, slots=True)
class Generalizability:
    """Variance components of ratings, judges crossed with items.

    Attributes
    ----------
    judges, items, residual : variances; a negative estimate counts as 0
    n_judges, n_items : how many there were
    """

    judges: float
    items: float
    residual: float
    n_judges: int
    n_items: int

    @classmethod
    def of(cls, ratings: Floats) -> Generalizability:
        """Return the components of complete ratings (M, J), from the mean squares of a two-way table.

        References
        ----------
        Brennan (2001), Generalizability Theory, chapter 3 (the p x i design).
        """
        m, n = ratings.shape
        mean, by_judge, by_item = ratings.mean(), ratings.mean(axis=1), ratings.mean(axis=0)
        residual = ratings - by_judge[:, None] - by_item + mean
        free = max((m - 1) * (n - 1), 1)
        within = float((residual**2).sum() / free)
        ms_judges = float(n * ((by_judge - mean) ** 2).sum() / max(m - 1, 1))
        ms_items = float(m * ((by_item - mean) ** 2).sum() / max(n - 1, 1))
        return cls(max((ms_judges - within) / n, 0.0), max((ms_items - within) / m, 0.0), within, m, n)

    @property
    def se_of_mean(self) -> float:
        """Standard error of the mean rating where judges and items are both drawn anew."""
        items = self.items / self.n_items
        return float(np.sqrt(items + self.se_items_fixed**2))

    @property
    def se_items_fixed(self) -> float:
        """Standard error of the mean rating where the items stay and judges are drawn anew."""
        noise = self.residual / (self.n_judges * self.n_items)
        return float(np.sqrt(self.judges / self.n_judges + noise))

    @property
    def dependability(self) -> float:
        """Share of the items' differences in the panel's mean ratings that is not the judges' error."""
        error = (self.judges + self.residual) / self.n_judges
        return self.items / (self.items + error) if self.items + error > 0 else float("nan")


def specification_error(ratings: Floats, expected: Floats, top: Floats) -> tuple[Floats, Floats]:
    r"""Return each judge's mean absolute error against the model, and van der Linden's index.

    .. math:: E = \frac1J \sum_j |p_j - P_j(\theta_c)|, \quad C = (M - E) / M, \quad
              M = \frac1J \sum_j \max\{P_j, 1 - P_j\}

    Parameters
    ----------
    ratings : (M, J); expected : (M, J) the model's at each judge's own cut; top : (J,) highest scores

    References
    ----------
    van der Linden (1982), Journal of Educational Measurement 19(4), 295-308.
    """
    p, model = ratings / top, expected / top
    error = np.abs(p - model).mean(axis=1)
    largest = np.maximum(model, 1 - model).mean(axis=1)
    return error, 1 - error / largest


def correlations(rows: Floats, others: Floats) -> Floats:
    """Return (M,) correlations of rows (M, J) with rows of the same shape; nan where one does not vary."""
    x, y = rows - rows.mean(axis=1, keepdims=True), others - others.mean(axis=1, keepdims=True)
    scale = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(scale > 0, (x * y).sum(axis=1) / scale, np.nan)
