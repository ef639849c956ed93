"""2PL, 3PL and 4PL in slope, intercept and the logits of the asymptotes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.calibration.kernel import Terms
from adaptest.models.base import Bools, Floats

NAMES = ("slope", "intercept", "logit guessing", "logit upper asymptote")
TINY = 1e-300  # keeps a probability that underflowed out of a division


@dataclass(frozen=True, slots=True)
class LogisticKernel:
    r"""Items scored 0 or 1 with `parameters` of slope, intercept, logit c, logit d, in that order.

    .. math:: P = c + (d - c)\,\sigma(z), \quad z = \alpha\theta + \delta
    """

    parameters: int

    @property
    def names(self) -> tuple[str, ...]:
        """(P,) names of the parameters."""
        return NAMES[: self.parameters]

    def log_probability(self, psi: Floats, theta: Floats) -> Floats:
        """Return (J, 2, M) log probabilities of 0 and 1."""
        z = psi[:, :1] * theta + psi[:, 1:2]
        result = np.empty((len(psi), 2, len(theta)))
        tail = np.log1p(np.exp(-np.abs(z)))
        right, wrong = np.minimum(z, 0) - tail, np.minimum(-z, 0) - tail
        if self.parameters == 2:  # noqa: PLR2004 (slope and intercept)
            result[:, 0], result[:, 1] = wrong, right
            return result
        c, d = self._asymptotes(psi)
        rising, falling = np.exp(right), np.exp(wrong)
        if self.parameters == 3:  # noqa: PLR2004 (and guessing)
            result[:, 0] = np.log1p(-c) + wrong
        else:
            result[:, 0] = np.log((1 - d) + (d - c) * falling + TINY)
        result[:, 1] = np.log(c + (d - c) * rising + TINY)
        return result

    def terms(self, psi: Floats, theta: Floats, counts: Floats, log_p: Floats | None = None) -> Terms:
        """Return value, gradient and expected information."""
        log_p = self.log_probability(psi, theta) if log_p is None else log_p
        value = np.einsum("jkm,jkm->j", counts, log_p)
        wrong, right = counts[:, 0], counts[:, 1]
        if self.parameters == 2:  # noqa: PLR2004 (slope and intercept)
            p, n = np.exp(log_p[:, 1]), wrong + right
            residual = right - n * p
            weight = n * p * (1 - p)
            moments = _moments(residual, theta, 1)
            squares = _moments(weight, theta, 2)
            information = np.empty((len(psi), 2, 2))
            information[:, 0, 0], information[:, 1, 1] = squares[2], squares[0]
            information[:, 0, 1] = information[:, 1, 0] = squares[1]
            return Terms(value, np.stack([moments[1], moments[0]], axis=1), information)
        q, p = np.exp(log_p[:, 0]) + TINY, np.exp(log_p[:, 1])
        slope = self._slope(psi, theta)
        gradient = np.einsum("jm,jpm->jp", right / p - wrong / q, slope)
        weighted = ((wrong + right) / (p * q))[:, None] * slope
        return Terms(value, gradient, np.matmul(weighted, slope.transpose(0, 2, 1)))

    def scores(self, psi: Floats, theta: Floats) -> Floats:
        """Return (J, 2, P, M) derivatives of the log-probability."""
        log_p = self.log_probability(psi, theta)
        if self.parameters == 2:  # noqa: PLR2004 (slope and intercept)
            result = np.empty((len(psi), 2, 2, len(theta)))
            result[:, :, 1] = -np.exp(log_p[:, 1])[:, None]
            result[:, 1, 1] += 1
            result[:, :, 0] = result[:, :, 1] * theta
            return result
        slope = self._slope(psi, theta)
        q, p = np.exp(log_p[:, 0]) + TINY, np.exp(log_p[:, 1])
        return np.stack([-slope / q[:, None], slope / p[:, None]], axis=1)

    def observed_information(self, psi: Floats, theta: Floats, counts: Floats) -> Floats:
        """Return (J, P, P) minus the second derivatives."""
        if self.parameters == 2:  # noqa: PLR2004 (canonical: observed is expected)
            return self.terms(psi, theta, counts).information
        log_p = self.log_probability(psi, theta)
        q, p = np.exp(log_p[:, 0]) + TINY, np.exp(log_p[:, 1])
        slope, wrong, right = self._slope(psi, theta), counts[:, 0], counts[:, 1]
        rise, fall = slope / p[:, None], slope / q[:, None]  # not squares of p and q: those underflow
        result: Floats = np.matmul(right[:, None] * rise, rise.transpose(0, 2, 1))
        result += np.matmul(wrong[:, None] * fall, fall.transpose(0, 2, 1))
        error = right / p - wrong / q
        c, d = self._asymptotes(psi)
        s = 1 / (1 + np.exp(-(psi[:, :1] * theta + psi[:, 1:2])))
        w = s * (1 - s)
        bend = _moments(error * (d - c) * w * (1 - 2 * s), theta, 2)
        result[:, 0, 0] -= bend[2]
        result[:, 0, 1] -= bend[1]
        result[:, 1, 0] -= bend[1]
        result[:, 1, 1] -= bend[0]
        for column, asymptote, sign, share in ((2, c, -1.0, 1 - s), (3, d, 1.0, s))[: self.parameters - 2]:
            rate = asymptote * (1 - asymptote)
            cross = _moments(error * sign * w * rate, theta, 1)
            for row, moment in ((0, cross[1]), (1, cross[0])):
                result[:, row, column] -= moment
                result[:, column, row] -= moment
            result[:, column, column] -= (error * share * rate * (1 - 2 * asymptote)).sum(axis=1)
        return result

    def feasible(self, psi: Floats) -> Bools:
        """Return (J,) whether the lower asymptote is below the upper one."""
        if self.parameters < 4:  # noqa: PLR2004 (the upper asymptote is 1)
            return np.ones(len(psi), dtype=np.bool_)
        return np.asarray(psi[:, 2] < psi[:, 3])

    def rescaled(self, psi: Floats, ratio: float, shift: float) -> Floats:
        """Return the parameters on a new ability scale, where theta was ratio * theta + shift."""
        result = psi.copy()
        result[:, 1] += result[:, 0] * shift
        result[:, 0] *= ratio
        return result

    def _asymptotes(self, psi: Floats) -> tuple[Floats, Floats]:
        """Return (J, 1) c and d."""
        c = 1 / (1 + np.exp(-psi[:, 2:3]))
        return c, (1 / (1 + np.exp(-psi[:, 3:4])) if self.parameters == 4 else np.ones_like(c))  # noqa: PLR2004

    def _slope(self, psi: Floats, theta: Floats) -> Floats:
        """Return (J, P, M) derivatives of P itself."""
        c, d = self._asymptotes(psi)
        s = 1 / (1 + np.exp(-(psi[:, :1] * theta + psi[:, 1:2])))
        result = np.empty((len(psi), self.parameters, len(theta)))
        np.multiply((d - c) * s, 1 - s, out=result[:, 1])
        np.multiply(result[:, 1], theta, out=result[:, 0])
        np.multiply(c * (1 - c), 1 - s, out=result[:, 2])
        if self.parameters == 4:  # noqa: PLR2004 (and the upper asymptote)
            np.multiply(d * (1 - d), s, out=result[:, 3])
        return result


def _moments(weight: Floats, theta: Floats, order: int) -> tuple[Floats, ...]:
    """Return the sums over nodes of weight times theta to the powers 0 to `order`, (J,) each."""
    powers = np.stack([theta**power for power in range(order + 1)], axis=1)
    return tuple(np.asarray(weight @ powers).T)
