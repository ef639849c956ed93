"""The next answer would hardly make the estimate more precise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from adaptest.errors import OptionError
from adaptest.models.base import Bools, Floats
from adaptest.stopping.base import RATIO_DECIMALS, Standing, require_number


@dataclass(frozen=True, slots=True)
class PredictedSemReduction:
    r"""Stop once the next answer is expected to reduce the standard error by less than `hypo`.

    The prediction is made with the posterior, for the item of those that may come next which is most
    informative at the estimate:

    .. math:: SE - \sqrt{\sum_k P(k) \mathrm{Var}(\theta \mid k)}, \quad
              P(k) = \sum_q w_q P_k(\theta_q)

    With `sem` and `hyper` as well, a sitting whose standard error is at most `sem` goes on for as long as
    the next answer is worth at least `hyper`, and a sitting that is not so precise yet stops by `hypo` alone:
    the two thresholds of the source.

    Attributes
    ----------
    hypo, hyper : logits of standard error
    sem : the standard error aimed at

    Raises
    ------
    OptionError, unless hypo > 0, and `sem` > 0 comes with hyper >= hypo.

    References
    ----------
    Choi, Grady & Dodd (2010), Educational and Psychological Measurement 70(6), 1-17 (a new stopping rule for
    computerized adaptive testing).
    """

    reason: ClassVar[str] = "predicted_sem_reduction"
    hypo: float
    sem: float | None = None
    hyper: float | None = None

    def __post_init__(self) -> None:
        require_number(self.reason, "hypo", self.hypo, holds=self.hypo > 0, rule="be greater than 0")
        if self.sem is None and self.hyper is None:
            return
        if self.sem is None or self.hyper is None:
            missing = "sem" if self.sem is None else "hyper"
            raise OptionError(
                f"stopping rule {self.reason}: sem and hyper must be given together; got no {missing}"
            )
        require_number(self.reason, "sem", self.sem, holds=self.sem > 0, rule="be greater than 0")
        holds = self.hyper >= self.hypo
        require_number(self.reason, "hyper", self.hyper, holds=holds, rule=f"be at least hypo, {self.hypo:g}")

    def reduction(self, standing: Standing) -> Floats:
        """Return (N,) the expected reduction, logits; 0 where no item may come next.

        Raises
        ------
        OptionError, where the standing holds neither.
        """
        if standing.posterior is None or standing.best_next is None:
            raise OptionError(
                f"stopping rule {self.reason}: needs posteriors and the items that may come next"
            )
        theta, mass = standing.posterior()
        expected = np.zeros(len(mass))
        best = standing.best_next()
        for row in np.unique(best[best >= 0]):
            mine = best == row
            curves = standing.items.take(np.array([row])).probability(theta)[:, 0, :]
            expected[mine] = _expected_variance(theta, mass[mine], curves)
        mean = (mass * theta).sum(axis=1)
        now = np.sqrt((mass * (theta - mean[:, None]) ** 2).sum(axis=1))
        reduction: Floats = np.where(best >= 0, now - np.sqrt(expected), 0.0)
        return np.asarray(np.round(reduction, RATIO_DECIMALS), dtype=np.float64)

    def fires(self, standing: Standing) -> Bools:
        """Return (N,); see StoppingRule."""
        reduction = self.reduction(standing)
        fires = reduction < self.hypo
        if self.sem is not None and self.hyper is not None:
            fires |= (standing.sem <= self.sem) & (reduction < self.hyper)
        return np.asarray(fires)


def _expected_variance(theta: Floats, mass: Floats, curves: Floats) -> Floats:
    """Return (M,) posterior variances expected after one more answer, of curves (Q, K)."""
    expected = np.zeros(len(mass))
    for curve in curves.T:
        joint = mass * curve
        share = joint.sum(axis=1)
        possible = share > 0
        mean = np.divide((joint * theta).sum(axis=1), share, out=np.zeros(len(mass)), where=possible)
        expected += (joint * (theta - mean[:, None]) ** 2).sum(axis=1)
    return expected
