"""Maximum a posteriori with Jeffreys' prior, the square root of the information."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.models.base import Floats
from adaptest.numerics.derivative import central_difference
from adaptest.parameters import ItemParameters
from adaptest.scoring.mode import Sums
from adaptest.scoring.wle import ratio


def information_curvature(items: ItemParameters, theta: Floats) -> Floats:
    """Return (Q, J) second derivative of the Fisher information in theta, by differences of the first."""
    return central_difference(items.information_slope, theta)


@dataclass(frozen=True, slots=True)
class JeffreysMode:
    r"""Where likelihood times :math:`\sqrt{I(\theta)}` is largest: :math:`l' + I'/(2I) = 0`.

    Under the Rasch and 2PL models this is Warm's estimate; under the 3PL and with polytomous items it is
    not. The standard error is from the curvature of the log-posterior, the likelihood's taken at its
    expectation: :math:`1/\sqrt{I - (I''I - I'^2)/(2I^2)}`.

    References
    ----------
    Jeffreys (1946), Proceedings of the Royal Society A 186, 453-461; Magis (2015), Journal of Educational
    and Behavioral Statistics 40(2), 200-204.
    """

    method: str = "jeffreys"
    sem_kind: str = "log_posterior_curvature"

    def objective(self, sums: Sums, theta: Floats) -> Floats:  # noqa: ARG002 (as Equation says)
        """Return the log-posterior, -inf where the information is 0 to the last bit."""
        with np.errstate(divide="ignore"):
            prior = 0.5 * np.log(sums(ItemParameters.information))
        return sums(ItemParameters.log_probability) + prior

    def slope(self, sums: Sums, theta: Floats) -> Floats:  # noqa: ARG002 (as Equation says)
        """Return its derivative, nan where the information is 0 to the last bit."""
        slope, information = sums(ItemParameters.information_slope), sums(ItemParameters.information)
        return sums(ItemParameters.log_slope) + ratio(slope, 2 * information)

    def sem(self, sums: Sums, theta: Floats) -> Floats:  # noqa: ARG002 (as Equation says)
        """Return 1 / sqrt of minus the log-posterior's curvature."""
        i, slope = sums(ItemParameters.information), sums(ItemParameters.information_slope)
        curvature = sums(information_curvature)
        with np.errstate(invalid="ignore"):  # nan: the log-posterior is not curved downwards
            return 1 / np.sqrt(i - (curvature * i - slope**2) / (2 * i**2))
