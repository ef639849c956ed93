"""Partial credit and nominal models: shares of exponentials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.calibration.kernel import Terms
from adaptest.models.base import Bools, Floats


@dataclass(frozen=True, slots=True)
class PartialCreditKernel:
    r"""Categories with logits w_k alpha theta + gamma_k; w is the score of each, gamma_0 = 0.

    .. math:: \partial \ln P_k / \partial\alpha = \theta (w_k - E[w]), \quad
              \partial \ln P_k / \partial\gamma_h = 1_{k=h} - P_h
    """

    score: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """(P,) names of the parameters."""
        return ("slope", *(f"intercept {k}" for k in self.score[1:]))

    @property
    def _weight(self) -> Floats:
        return np.array(self.score, dtype=np.float64)

    def log_probability(self, psi: Floats, theta: Floats) -> Floats:
        """Return (J, K, M) log category probabilities."""
        z = (psi[:, :1] * self._weight)[..., None] * theta
        z[:, 1:] += psi[:, 1:, None]
        return _log_shares(z)

    def terms(self, psi: Floats, theta: Floats, counts: Floats, log_p: Floats | None = None) -> Terms:
        """Return value, gradient and information; observed is expected."""
        log_p = self.log_probability(psi, theta) if log_p is None else log_p
        p, n, w = np.exp(log_p), counts.sum(axis=1), self._weight[:, None]
        residual = counts - n[:, None] * p
        deviation = w - (p * w).sum(axis=1, keepdims=True)
        spread = n[:, None] * p * deviation
        k = len(self.score)
        gradient, information = np.empty((len(psi), k)), np.empty((len(psi), k, k))
        gradient[:, 0] = (residual * w).sum(axis=1) @ theta
        gradient[:, 1:] = residual[:, 1:].sum(axis=2)
        information[:, 0, 0] = (spread * deviation).sum(axis=1) @ theta**2
        information[:, 0, 1:] = information[:, 1:, 0] = spread[:, 1:] @ theta
        information[:, 1:, 1:] = _covariance(p[:, 1:], n)
        return Terms(np.einsum("jkm,jkm->j", counts, log_p), gradient, information)

    def scores(self, psi: Floats, theta: Floats) -> Floats:
        """Return (J, K, P, M) derivatives of the log-probability."""
        p, w = np.exp(self.log_probability(psi, theta)), self._weight[:, None]
        k = len(self.score)
        result = np.empty((len(psi), k, k, len(theta)))
        result[:, :, 0] = (w - (p * w).sum(axis=1, keepdims=True)) * theta
        result[:, :, 1:] = np.eye(k)[:, 1:, None] - p[:, None, 1:]
        return result

    def observed_information(self, psi: Floats, theta: Floats, counts: Floats) -> Floats:
        """Return (J, P, P) minus the second derivatives."""
        return self.terms(psi, theta, counts).information

    def feasible(self, psi: Floats) -> Bools:
        """Return (J,) true: every value is inside the model's space."""
        return np.ones(len(psi), dtype=np.bool_)

    def rescaled(self, psi: Floats, ratio: float, shift: float) -> Floats:
        """Return the parameters on a new ability scale, where theta was ratio * theta + shift."""
        result = psi.copy()
        result[:, 1:] += result[:, :1] * self._weight[1:] * shift
        result[:, 0] *= ratio
        return result


@dataclass(frozen=True, slots=True)
class NominalKernel:
    """Categories with logits alpha_k theta + gamma_k, both 0 for category 0; slopes first."""

    categories: int

    @property
    def names(self) -> tuple[str, ...]:
        """(P,) names of the parameters."""
        own = range(1, self.categories)
        return (*(f"slope {k}" for k in own), *(f"intercept {k}" for k in own))

    def log_probability(self, psi: Floats, theta: Floats) -> Floats:
        """Return (J, K, M) log category probabilities."""
        k = self.categories - 1
        z = np.zeros((len(psi), k + 1, len(theta)))
        z[:, 1:] = psi[:, :k, None] * theta + psi[:, k:, None]
        return _log_shares(z)

    def terms(self, psi: Floats, theta: Floats, counts: Floats, log_p: Floats | None = None) -> Terms:
        """Return value, gradient and information; observed is expected."""
        log_p = self.log_probability(psi, theta) if log_p is None else log_p
        p, n, k = np.exp(log_p[:, 1:]), counts.sum(axis=1), self.categories - 1
        residual = counts[:, 1:] - n[:, None] * p
        gradient = np.concatenate([residual @ theta, residual.sum(axis=2)], axis=1)
        information = np.empty((len(psi), 2 * k, 2 * k))
        information[:, :k, :k] = _covariance(p, n * theta**2)
        information[:, k:, k:] = _covariance(p, n)
        information[:, :k, k:] = information[:, k:, :k] = _covariance(p, n * theta)
        return Terms(np.einsum("jkm,jkm->j", counts, log_p), gradient, information)

    def scores(self, psi: Floats, theta: Floats) -> Floats:
        """Return (J, K, P, M) derivatives of the log-probability."""
        p = np.exp(self.log_probability(psi, theta))
        intercept = np.eye(self.categories)[:, 1:, None] - p[:, None, 1:]
        return np.concatenate([intercept * theta, intercept], axis=2)

    def observed_information(self, psi: Floats, theta: Floats, counts: Floats) -> Floats:
        """Return (J, P, P) minus the second derivatives."""
        return self.terms(psi, theta, counts).information

    def feasible(self, psi: Floats) -> Bools:
        """Return (J,) true: every value is inside the model's space."""
        return np.ones(len(psi), dtype=np.bool_)

    def rescaled(self, psi: Floats, ratio: float, shift: float) -> Floats:
        """Return the parameters on a new ability scale, where theta was ratio * theta + shift."""
        k = self.categories - 1
        return np.concatenate([psi[:, :k] * ratio, psi[:, k:] + psi[:, :k] * shift], axis=1)


def _log_shares(z: Floats) -> Floats:
    """Return log of exp(z) over its sum along the categories, (J, K, M)."""
    z -= z.max(axis=1, keepdims=True)
    z -= np.log(np.exp(z).sum(axis=1, keepdims=True))
    return z


def _covariance(p: Floats, n: Floats) -> Floats:
    """Return (J, K, K) sums over nodes of n (diag p - p p')."""
    weighted = n[:, None] * p
    result: Floats = -np.matmul(weighted, p.transpose(0, 2, 1))
    own = np.arange(p.shape[1])
    result[:, own, own] += weighted.sum(axis=2)
    return result
