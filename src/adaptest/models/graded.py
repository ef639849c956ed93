"""The graded response model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from adaptest.models.base import (
    Bools,
    Floats,
    Rows,
    by_item,
    check_models,
    column,
    columns,
    require,
    require_discrimination,
    sum_categories,
)
from adaptest.models.sigmoid import log_sigmoid, sigmoid_pair

CLOSE = 1e-8  # below, ln(1 - exp(-x)) is ln(x) - x / 2 to the last bit, and x itself may be too small to hold
FAR = 0.7  # above, exp(-x) is less than a half: log1p is the accurate one


@dataclass(frozen=True, slots=True, eq=False)
class GradedItems:
    r"""Items scored 0..K-1 by ordered thresholds, in the logistic metric.

    .. math:: P(X_j \ge k \mid \theta) = \sigma(x_{jk}), \quad x_{jk} = a_j(\theta - b_{jk})

    Attributes
    ----------
    a : (J,) discrimination, finite and not 0, per logit
    b : (J, K-1) thresholds, logits, strictly ascending (descending where a < 0);
        +inf where an item has fewer categories, so its missing categories have
        probability 0
    models : (J,) grm

    Raises
    ------
    ItemParameterError, naming the first item that breaks a rule.

    References
    ----------
    Samejima (1969), Psychometrika Monograph 17.

    Examples
    --------
    >>> items = GradedItems(("i1",), [1.0], [[-1.0, 1.0]])
    >>> items.probability(np.array([0.0])).round(3)
    array([[[0.269, 0.462, 0.269]]])
    """

    ids: tuple[str, ...]
    a: Floats
    b: Floats
    models: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(self.ids))
        n = len(self.ids)
        object.__setattr__(self, "a", column("a", self.a, (n,)))
        object.__setattr__(self, "b", columns("b", self.b, n))
        object.__setattr__(self, "models", check_models(self.ids, self.models or ("grm",) * n, ("grm",)))
        require_discrimination(self.ids, self.a)
        signed = np.where(np.isposinf(self.b), np.inf, self.b * np.sign(self.a)[:, None])
        left, right = signed[:, :-1], signed[:, 1:]
        ordered = (left < right) | np.isposinf(right)
        finite = np.isfinite(signed) | np.isposinf(self.b)
        first = np.isfinite(signed[:, :1]).any(axis=1)
        good: Bools = np.asarray(ordered.all(axis=1) & finite.all(axis=1) & first)
        require(self.ids, "b", self.b, good, "ascend strictly (descend where a is negative)")

    @property
    def categories(self) -> Rows:
        """(J,) number of score categories of each item."""
        return np.asarray(1 + self._own.sum(axis=1), dtype=np.intp)

    @property
    def _own(self) -> Bools:
        """(J, K-1) whether the item has the threshold."""
        return np.isfinite(self.b)

    def _x(self, theta: Floats) -> Floats:
        """Return (Q, J, K-1) logits of reaching each threshold; -inf where there is none."""
        inner = self.a[:, None] * (by_item(theta)[..., None] - np.where(self._own, self.b, 0))
        return np.where(self._own, inner, -np.inf)

    def _distance(self) -> Floats:
        """Return (J, K) how far apart the thresholds about each category are, logits; inf at the ends."""
        own, distance = self._own, np.full((len(self.ids), self.b.shape[1] + 1), np.inf)
        apart = self.a[:, None] * np.diff(np.where(own, self.b, 0), axis=1)
        distance[:, 1:-1] = np.where(own[:, 1:], apart, np.inf)
        return distance

    def _log_cut(self) -> Floats:
        r"""Return (J, K) :math:`\ln(1 - e^{-x})`, x the distance: each of three forms where it is exact."""
        own, x = self._own, self._distance()
        apart = np.ones_like(x)
        apart[:, 1:-1] = np.where(own[:, 1:], np.abs(np.diff(np.where(own, self.b, 0), axis=1)), 1)
        close = np.log(np.abs(self.a))[:, None] + np.log(apart) - np.minimum(x, CLOSE) / 2
        between, far = np.log(-np.expm1(-np.maximum(x, CLOSE))), np.log1p(-np.exp(-np.maximum(x, FAR)))
        return np.where(x < CLOSE, close, np.where(x < FAR, between, far))

    def probability(self, theta: Floats) -> Floats:
        r"""Return (Q, J, K) category probabilities.

        .. math:: P_k = \sigma(x_k)\,\sigma(-x_{k+1})\,(1 - e^{-a(b_{k+1} - b_k)})

        where the last factor does not depend on theta: nothing cancels in the tails.
        """
        rising, falling = sigmoid_pair(self._x(theta))
        result = np.empty((*rising.shape[:2], rising.shape[2] + 1))
        result[...] = -np.expm1(-self._distance())
        result[..., 1:] *= np.where(self._own, rising, 0)
        result[..., :-1] *= np.where(self._own, falling, 1)
        return result

    def log_probability(self, theta: Floats) -> Floats:
        """Return (Q, J, K) log category probabilities: a sum of terms of one sign, as in `probability`."""
        x = self._x(theta)
        result = np.empty((*x.shape[:2], x.shape[2] + 1))
        result[...] = self._log_cut()
        result[..., 1:] += log_sigmoid(x)
        result[..., :-1] += log_sigmoid(-x)
        return result

    def log_slope(self, theta: Floats) -> Floats:
        r"""Return (Q, J, K) first derivative of the log-probability in theta.

        .. math:: s_k = a\{\sigma(-x_k) - \sigma(x_{k+1})\}
        """
        rising, falling = sigmoid_pair(self._x(theta))
        result = np.zeros((*rising.shape[:2], rising.shape[2] + 1))
        result[..., 1:] += np.where(self._own, falling, 0)
        result[..., :-1] -= np.where(self._own, rising, 0)
        result *= self.a[:, None]
        return result

    def log_curvature(self, theta: Floats) -> Floats:
        r"""Return (Q, J, K) second derivative of the log-probability in theta.

        .. math:: s_k' = -a^2\{\sigma(x_k)\sigma(-x_k) + \sigma(x_{k+1})\sigma(-x_{k+1})\}
        """
        rising, falling = sigmoid_pair(self._x(theta))
        bend = np.where(self._own, rising * falling, 0)
        result = np.zeros((*rising.shape[:2], rising.shape[2] + 1))
        result[..., 1:] -= np.where(self._own, bend, 0)
        result[..., :-1] -= bend
        result[..., 1:] *= self._own
        result *= (self.a**2)[:, None]
        return result

    def information(self, theta: Floats) -> Floats:
        """Return (Q, J) Fisher information about theta: minus the expected curvature, no term negative."""
        return sum_categories(self.probability(theta) * -self.log_curvature(theta))

    def take(self, rows: Rows) -> Self:
        """Return the items at `rows`, in that order."""
        ids, models = tuple(self.ids[row] for row in rows), tuple(self.models[row] for row in rows)
        return type(self)(ids, self.a[rows], self.b[rows], models)
