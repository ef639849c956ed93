r"""The E-step of complete data under the two-parameter logistic model, by one sum a person.

A person's log-likelihood is :math:`s_n \theta_q + t_n + base_q` with two sums over the right answers, so that
everything the E-step asks of a person's posterior is a function of s alone: the log of its total, its mean
E[theta], and its mass at each node. These functions are computed on equally spaced values of s, and between
two of them taken from the polynomial of degree 7 that shares value and three derivatives with them at both.

A posterior here is log-concave, and its derivatives in s grow like powers of its standard deviation
:math:`\sigma` (exactly so where it is normal: s moves the mean by :math:`\sigma^2`): at a spacing of
.15 / :math:`\sigma` the remainder, :math:`f^{(8)} (h/2)^8 / 8!`, is below 1e-11 of the function's size.

References
----------
Davis (1963), Interpolation and approximation, section 3.5 (the remainder of Hermite interpolation).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from adaptest.calibration.coding import Chunk
from adaptest.models.base import Floats, Rows

SPACING = 0.15  # of the values of s, over the widest posterior's standard deviation
DEGREE = 7
LINE_BLOCK = 2048  # persons worked on at once
ROWS = 64  # values of s worked on at once: they stay in the cache


def _hermite() -> Floats:
    """Return (8, 8): powers of t in [0, 1] by value and three derivatives at 0, then at 1."""
    powers = np.arange(DEGREE + 1)
    rows = []
    for at in (0.0, 1.0):
        factor = np.ones(DEGREE + 1)
        for order in range(4):
            rows.append(factor * at ** np.maximum(powers - order, 0) * (powers >= order))
            factor = factor * np.maximum(powers - order, 0)
    return np.linalg.inv(np.array(rows))


HERMITE = _hermite()


@dataclass(frozen=True, slots=True, eq=False)
class LineTable:
    """One group's posterior as a function of s.

    Attributes
    ----------
    theta : (Q,) nodes
    line : (D, 2) slope and intercept of every item
    sums : for each chunk (n,) s of its persons, or nothing: of another group, or where an answer is missing
    low, step : the first value of s, and from one to the next
    log_total, mean : (K, 8) coefficients of t, the place between two values, from 0 to 1
    mass : (4, K + 1, Q) a posterior's mass at each node, and its derivatives in t
    """

    theta: Floats
    line: Floats
    sums: tuple[Floats, ...]
    low: float
    step: float
    log_total: Floats
    mean: Floats
    mass: Floats

    @classmethod
    def of(cls, theta: Floats, base: Floats, line: Floats, sums: tuple[Floats, ...]) -> LineTable | None:
        """Return the table, or None where it would cost more than the persons' own posteriors.

        Parameters
        ----------
        theta, base : (Q,) nodes; log prior mass, of a normal density, and the log-probability that every
            answer is wrong
        """
        some = [own for own in sums if len(own)]
        if not some:
            return None
        low, high = min(float(own.min()) for own in some), max(float(own.max()) for own in some)
        intervals = max(int(np.ceil((high - low) * _widest(low, high, theta, base) / SPACING)), 1)
        if sum(len(own) for own in some) <= 2 * intervals:
            return None
        h = (high - low) / intervals or 1.0
        mass = np.empty((4, intervals + 1, len(theta)))
        log_total, mean = np.empty((intervals + 1, 4)), np.empty((intervals + 1, 4))
        for lo in range(0, intervals + 1, ROWS):
            rows = slice(lo, min(lo + ROWS, intervals + 1))
            s = low + h * np.arange(rows.start, rows.stop, dtype=np.float64)
            log_total[rows], mean[rows] = _derivatives(s, theta, base, mass[:, rows])
        for k in range(4):
            mass[k] *= h**k
        scale = h ** np.arange(4)
        return cls(theta, line, sums, low, h, _between(log_total * scale), _between(mean * scale), mass)

    def of_chunk(self, chunk: Chunk, s: Floats) -> LineSums:
        """Return what the E-step asks of some persons, who answered every item.

        Parameters
        ----------
        s : (n,) theirs
        """
        intervals = len(self.mean)
        by_theta, spread = np.zeros(len(self.line)), np.zeros((DEGREE + 1, intervals))
        for lo in range(0, len(chunk), LINE_BLOCK):
            weight = chunk.weight[lo : lo + LINE_BLOCK]
            place = (s[lo : lo + LINE_BLOCK] - self.low) / self.step
            cell: Rows = np.minimum(place.astype(np.intp), intervals - 1)
            t = place - cell
            own = self.mean[cell]
            expected = own[:, DEGREE]
            power = weight
            for k in range(DEGREE + 1):
                spread[k] += np.bincount(cell, power, intervals)
                power = power * t
                if k:
                    expected = expected * t + own[:, DEGREE - k]
            by_theta += (weight * expected) @ chunk.dense[lo : lo + LINE_BLOCK].astype(np.float64)
        by_intercept = float(chunk.correct @ self.line[:, 1])
        return LineSums(by_intercept, spread, self._two_points(np.stack([by_theta, chunk.correct], axis=1)))

    def total(self, parts: Sequence[LineSums]) -> tuple[float, Floats]:
        """Return the log-likelihood of all chunks, and (Q,) the mass at the nodes."""
        spread = np.sum([part.spread for part in parts], axis=0)
        ends = HERMITE.T @ spread
        at_values = np.zeros((4, self.mass.shape[1]))
        at_values[:, :-1] += ends[:4]
        at_values[:, 1:] += ends[4:]
        mass: Floats = at_values.ravel() @ self.mass.reshape(at_values.size, -1)
        log_likelihood = sum(part.by_intercept for part in parts) + float((spread.T * self.log_total).sum())
        return log_likelihood, mass

    def _two_points(self, moments: Floats) -> Floats:
        """Return (D, Q) counts with the given sums of theta and of ones, at the two end nodes.

        Under the two-parameter logistic model the expected log-likelihood of complete data depends on the
        right answers only through these two sums.
        """
        theta = self.theta
        result = np.zeros((len(moments), len(theta)))
        by_theta, ones = moments.T
        result[:, -1] = (by_theta - ones * theta[0]) / (theta[-1] - theta[0])
        result[:, 0] = ones - result[:, -1]
        return result


def person_sums(chunk: Chunk, slope: Floats) -> Floats:
    """Return (n,) the slopes (D,) of each person's right answers, or nothing where an answer is missing."""
    if not chunk.complete:
        return np.empty(0)
    cuts = range(0, len(chunk), LINE_BLOCK)
    return np.concatenate([chunk.dense[lo : lo + LINE_BLOCK].astype(np.float64) @ slope for lo in cuts])


@dataclass(frozen=True, slots=True, eq=False)
class LineSums:
    """Sums over a chunk's persons.

    Attributes
    ----------
    by_intercept : of the intercepts of their right answers
    spread : (8, K) of the powers of t, by interval
    right : (D, Q) right answers, as the M-step needs them
    """

    by_intercept: float
    spread: Floats
    right: Floats


def _widest(low: float, high: float, theta: Floats, base: Floats) -> float:
    """Return the largest standard deviation of a posterior.

    Looked for at few values of s, since it changes slowly. Between two nodes a posterior of two points can be
    as wide as half their distance.
    """
    s = np.linspace(low, high, ROWS)
    variance = _derivatives(s, theta, base, np.empty((4, ROWS, len(theta))))[0][:, 2]
    return max(float(np.sqrt(variance.max())), float(np.diff(theta).max()) / 2)


def _derivatives(s: Floats, theta: Floats, base: Floats, mass: Floats) -> tuple[Floats, Floats]:
    """Return (n, 4) log total and mean with their derivatives in s, and write those of the mass (4, n, Q)."""
    p = s[:, None] * theta + base
    top = p.max(axis=1)
    p -= top[:, None]
    np.exp(p, out=p)
    total = p.sum(axis=1)
    p /= total[:, None]
    mean = (p * theta).sum(axis=1)
    d = theta - mean[:, None]
    square = d * d
    first = p * d
    second = (p * square).sum(axis=1)
    cube = first * square
    third = cube.sum(axis=1)
    fourth = (cube * d).sum(axis=1) - 3 * second**2
    mass[0], mass[1] = p, first
    mass[2] = p * (square - second[:, None])
    mass[3] = cube - 3 * second[:, None] * first - third[:, None] * p
    log_total = np.stack([top + np.log(total), mean, second, third], axis=1)
    return log_total, np.stack([mean, second, third, fourth], axis=1)


def _between(ends: Floats) -> Floats:
    """Return (K, 8) coefficients from (K + 1, 4) values and derivatives."""
    return np.concatenate([ends[:-1], ends[1:]], axis=1) @ HERMITE.T
