"""Maximum likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters
from adaptest.scoring.mode import Sums


@dataclass(frozen=True, slots=True)
class MaximumLikelihood:
    r"""Where the likelihood is largest: :math:`\sum_j \partial \ln P_j / \partial\theta = 0`.

    The standard error is :math:`1/\sqrt{I(\hat\theta)}`, I the Fisher information.

    References
    ----------
    Lord (1980), Applications of Item Response Theory to Practical Testing Problems, chapter 4.
    """

    method: str = "mle"
    sem_kind: str = "fisher_information"

    def objective(self, sums: Sums, theta: Floats) -> Floats:  # noqa: ARG002 (as Equation says)
        """Return the log-likelihood."""
        return sums(ItemParameters.log_probability)

    def slope(self, sums: Sums, theta: Floats) -> Floats:  # noqa: ARG002 (as Equation says)
        """Return its derivative."""
        return sums(ItemParameters.log_slope)

    def sem(self, sums: Sums, theta: Floats) -> Floats:  # noqa: ARG002 (as Equation says)
        """Return 1 / sqrt(I)."""
        return 1 / np.sqrt(sums(ItemParameters.information))
