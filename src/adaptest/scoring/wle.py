"""Warm's weighted likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters
from adaptest.scoring.mode import Sums


@dataclass(frozen=True, slots=True)
class WeightedLikelihood:
    r"""Where :math:`l' + J/(2I) = 0`, with :math:`J = \sum_j \sum_k P_{jk}' P_{jk}'' / P_{jk}`.

    It removes the likelihood estimate's bias of order 1/n. It is Jeffreys' mode only where J = I': under
    the Rasch and 2PL models. The standard error is :math:`1/\sqrt{I(\hat\theta)}`.

    References
    ----------
    Warm (1989), Psychometrika 54(3), 427-450; Samejima (1998) for polytomous items.
    """

    method: str = "wle"
    sem_kind: str = "fisher_information"

    def objective(self, sums: Sums, theta: Floats) -> Floats:
        """Return the log-likelihood plus the integral of the correction, -inf where the information is 0."""
        likelihood = sums(ItemParameters.log_probability)
        return likelihood + cumulative(np.nan_to_num(self._correction(sums)), theta)

    def slope(self, sums: Sums, theta: Floats) -> Floats:  # noqa: ARG002 (as Equation says)
        """Return the weighted score, nan where the information is 0 to the last bit."""
        return sums(ItemParameters.log_slope) + self._correction(sums)

    def sem(self, sums: Sums, theta: Floats) -> Floats:  # noqa: ARG002 (as Equation says)
        """Return 1 / sqrt(I)."""
        return 1 / np.sqrt(sums(ItemParameters.information))

    def _correction(self, sums: Sums) -> Floats:
        return ratio(sums(ItemParameters.warm_numerator), 2 * sums(ItemParameters.information))


def ratio(numerator: Floats, information: Floats) -> Floats:
    """Return the quotient, nan where the information is 0 to the last bit."""
    whole = np.full(np.shape(information), np.nan)
    np.divide(numerator, information, out=whole, where=information > 0)
    return whole


def cumulative(slope: Floats, theta: Floats) -> Floats:
    """Return (M, Q) integrals of slopes (M, Q) from the first node up to each, by trapezia."""
    area = (slope[:, 1:] + slope[:, :-1]) / 2 * np.diff(theta)
    return np.concatenate([np.zeros((len(slope), 1)), np.add.accumulate(area, axis=1)], axis=1)
