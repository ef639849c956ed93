"""The graded and the sequential model: both are logistic curves of reaching a category."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.calibration.kernel import Terms
from adaptest.models.base import Bools, Floats


@dataclass(frozen=True, slots=True)
class OrdinalKernel:
    r"""K ordered categories by x_k = alpha theta + delta_k, k = 1..K-1.

    Graded: P(X >= k) = sigma(x_k), so

    .. math:: P_k = \sigma(x_k)\,\sigma(-x_{k+1})\,(1 - e^{\delta_{k+1} - \delta_k})

    Sequential: P(X >= k | X >= k - 1) = sigma(x_k). Both log-likelihoods are concave in alpha and delta.

    References
    ----------
    Samejima (1969), Psychometrika Monograph 17; Tutz (1990), British Journal of Mathematical and
    Statistical Psychology 43, 39-55.
    """

    categories: int
    sequential: bool

    @property
    def names(self) -> tuple[str, ...]:
        """(P,) names of the parameters."""
        return ("slope", *(f"intercept {k}" for k in range(1, self.categories)))

    def log_probability(self, psi: Floats, theta: Floats) -> Floats:
        """Return (J, K, M) log category probabilities."""
        x = psi[:, :1, None] * theta + psi[:, 1:, None]
        tail = np.log1p(np.exp(-np.abs(x)))
        result = np.zeros((len(psi), self.categories, len(theta)))
        reached = np.minimum(x, 0) - tail
        result[:, 1:] = np.cumsum(reached, axis=1) if self.sequential else reached
        result[:, :-1] += np.minimum(-x, 0) - tail
        if not self.sequential:
            result[:, 1:-1] += np.log(-np.expm1(np.diff(psi[:, 1:], axis=1)))[..., None]
        return result

    def terms(self, psi: Floats, theta: Floats, counts: Floats, log_p: Floats | None = None) -> Terms:
        """Return value, gradient and observed information, which is positive semidefinite."""
        log_p = self.log_probability(psi, theta) if log_p is None else log_p
        value = np.einsum("jkm,jkm->j", counts, log_p)
        s = 1 / (1 + np.exp(-(psi[:, :1, None] * theta + psi[:, 1:, None])))
        below = counts[:, :-1]
        reached = counts[:, 1:]
        if self.sequential:
            reached = np.cumsum(reached[:, ::-1], axis=1)[:, ::-1]
        both = reached + below
        residual = reached - both * s
        weight = both * s * (1 - s)
        items, p = len(psi), self.categories
        gradient, information = np.empty((items, p)), np.zeros((items, p, p))
        gradient[:, 0] = residual.sum(axis=1) @ theta
        gradient[:, 1:] = residual.sum(axis=2)
        boundary = np.arange(1, p)
        information[:, 0, 0] = weight.sum(axis=1) @ theta**2
        information[:, 0, 1:] = information[:, 1:, 0] = weight @ theta
        information[:, boundary, boundary] = weight.sum(axis=2)
        if not self.sequential and p > 2:  # noqa: PLR2004 (middle categories lie between two boundaries)
            pull = self._pull(psi)
            total = counts[:, 1:-1].sum(axis=2)
            gradient[:, 1:-1] += total * pull
            gradient[:, 2:] -= total * pull
            stiff = total * pull * (1 + pull)
            low, high = boundary[:-1], boundary[1:]
            information[:, low, low] += stiff
            information[:, high, high] += stiff
            information[:, low, high] -= stiff
            information[:, high, low] -= stiff
        return Terms(value, gradient, information)

    def scores(self, psi: Floats, theta: Floats) -> Floats:
        """Return (J, K, P, M) derivatives of the log-probability."""
        s = 1 / (1 + np.exp(-(psi[:, :1, None] * theta + psi[:, 1:, None])))
        k = self.categories
        result = np.zeros((len(psi), k, k, len(theta)))
        for boundary in range(1, k):
            above = range(boundary, k) if self.sequential else (boundary,)
            for category in above:
                result[:, category, boundary] += 1 - s[:, boundary - 1]
            result[:, boundary - 1, boundary] -= s[:, boundary - 1]
        result[:, :, 0] = result[:, :, 1:].sum(axis=2) * theta
        if not self.sequential:
            pull = self._pull(psi)
            for category in range(1, k - 1):
                result[:, category, category] += pull[:, category - 1, None]
                result[:, category, category + 1] -= pull[:, category - 1, None]
        return result

    def observed_information(self, psi: Floats, theta: Floats, counts: Floats) -> Floats:
        """Return (J, P, P) minus the second derivatives."""
        return self.terms(psi, theta, counts).information

    def feasible(self, psi: Floats) -> Bools:
        """Return (J,) whether graded intercepts descend."""
        if self.sequential:
            return np.ones(len(psi), dtype=np.bool_)
        return np.asarray((np.diff(psi[:, 1:], axis=1) < 0).all(axis=1))

    def rescaled(self, psi: Floats, ratio: float, shift: float) -> Floats:
        """Return the parameters on a new ability scale, where theta was ratio * theta + shift."""
        result = psi.copy()
        result[:, 1:] += result[:, :1] * shift
        result[:, 0] *= ratio
        return result

    @staticmethod
    def _pull(psi: Floats) -> Floats:
        """Return (J, K-2): how a middle category keeps its boundaries apart; the same at every theta."""
        return np.asarray(1 / np.expm1(-np.diff(psi[:, 1:], axis=1)))
