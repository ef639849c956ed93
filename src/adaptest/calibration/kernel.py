"""What estimation needs of a response model: values and derivatives in slope-intercept parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from adaptest.models.base import Bools, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """Expected complete-data log-likelihood of J items, and its derivatives.

    Attributes
    ----------
    value : (J,)
    gradient : (J, P)
    information : (J, P, P) positive semidefinite: observed where the model is concave, else expected
    """

    value: Floats
    gradient: Floats
    information: Floats


class Kernel(Protocol):
    """One model with K categories, as estimation sees it.

    `psi` is (J, P), slopes and intercepts; `theta` is (M,), the nodes of every group one after the other;
    `counts` is (J, K, M), the expected number of answers.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """(P,) names of the parameters, for messages and tests."""
        ...

    def log_probability(self, psi: Floats, theta: Floats) -> Floats:
        """Return (J, K, M) log category probabilities."""
        ...

    def terms(self, psi: Floats, theta: Floats, counts: Floats, log_p: Floats | None = None) -> Terms:
        """Return value, gradient and information of the expected log-likelihood.

        Parameters
        ----------
        log_p : (J, K, M) what `log_probability` returns, where that is known
        """
        ...

    def scores(self, psi: Floats, theta: Floats) -> Floats:
        """Return (J, K, P, M) derivatives of the log-probability in the parameters."""
        ...

    def observed_information(self, psi: Floats, theta: Floats, counts: Floats) -> Floats:
        """Return (J, P, P) minus the second derivatives of the expected log-likelihood."""
        ...

    def feasible(self, psi: Floats) -> Bools:
        """Return (J,) whether the parameters are inside the model's space."""
        ...

    def rescaled(self, psi: Floats, ratio: float, shift: float) -> Floats:
        """Return the parameters on a new ability scale, where theta was ratio * theta + shift."""
        ...
