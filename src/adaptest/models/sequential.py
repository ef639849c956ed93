"""The sequential (continuation ratio) model: each step is tried only after the one before is passed."""

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
    require_discrimination,
    require_steps,
    sum_categories,
)
from adaptest.models.sigmoid import log_sigmoid, sigmoid_pair


@dataclass(frozen=True, slots=True, eq=False)
class SequentialItems:
    r"""Items scored by the number of steps passed before the first failure, in the logistic metric.

    .. math:: P(X_j \ge k \mid X_j \ge k - 1) = \sigma(x_{jk}), \quad x_{jk} = a_j(\theta - b_{jk})

    An extra beside the field's ten models; not the PCM, whose steps are not tried one after the other.

    Attributes
    ----------
    a : (J,) discrimination, finite and not 0, per logit
    b : (J, K-1) difficulty of each step once it is reached, logits, in any order;
        +inf where an item has fewer categories
    models : (J,) sequential

    Raises
    ------
    ItemParameterError, naming the first item that breaks a rule.

    References
    ----------
    Tutz (1990), British Journal of Mathematical and Statistical Psychology 43(1), 39-55;
    Mellenbergh (1995), Applied Psychological Measurement 19(1), 91-100.

    Examples
    --------
    >>> items = SequentialItems(("i1",), [1.0], [[0.0, 0.0]])
    >>> items.probability(np.array([0.0]))
    array([[[0.5 , 0.25, 0.25]]])
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
        named = check_models(self.ids, self.models or ("sequential",) * n, ("sequential",))
        object.__setattr__(self, "models", named)
        require_discrimination(self.ids, self.a)
        require_steps(self.ids, self.b)

    @property
    def categories(self) -> Rows:
        """(J,) number of score categories of each item."""
        return np.asarray(1 + self._own.sum(axis=1), dtype=np.intp)

    @property
    def _own(self) -> Bools:
        """(J, K-1) whether the item has the step."""
        return np.isfinite(self.b)

    def _x(self, theta: Floats) -> Floats:
        """Return (Q, J, K-1) logits of passing each step; -inf where there is none."""
        inner = self.a[:, None] * (by_item(theta)[..., None] - np.where(self._own, self.b, 0))
        return np.where(self._own, inner, -np.inf)

    def probability(self, theta: Floats) -> Floats:
        """Return (Q, J, K) category probabilities."""
        return np.exp(self.log_probability(theta))

    def log_probability(self, theta: Floats) -> Floats:
        """Return (Q, J, K) log category probabilities: a sum over the steps tried, no term positive."""
        x = self._x(theta)
        result = np.zeros((*x.shape[:2], x.shape[2] + 1))
        np.cumsum(log_sigmoid(x), axis=-1, out=result[..., 1:])
        result[..., :-1] += log_sigmoid(-x)
        return result

    def log_slope(self, theta: Floats) -> Floats:
        r"""Return (Q, J, K) first derivative of the log-probability in theta.

        .. math:: s_k = a\{\sum_{v \le k} \sigma(-x_v) - \sigma(x_{k+1})\}
        """
        rising, falling = sigmoid_pair(self._x(theta))
        result = np.zeros((*rising.shape[:2], rising.shape[2] + 1))
        np.cumsum(falling, axis=-1, out=result[..., 1:])
        result[..., 1:] *= self._own
        result[..., :-1] -= np.where(self._own, rising, 0)
        result *= self.a[:, None]
        return result

    def log_curvature(self, theta: Floats) -> Floats:
        r"""Return (Q, J, K) second derivative of the log-probability in theta.

        .. math:: s_k' = -a^2 \sum_{v \le k + 1} \sigma(x_v)\sigma(-x_v)
        """
        rising, falling = sigmoid_pair(self._x(theta))
        bend = np.where(self._own, rising * falling, 0)
        result = np.zeros((*rising.shape[:2], rising.shape[2] + 1))
        np.cumsum(bend, axis=-1, out=result[..., 1:])
        result[..., 1:] *= self._own
        result[..., :-1] += bend
        result *= -(self.a**2)[:, None]
        return result

    def information(self, theta: Floats) -> Floats:
        """Return (Q, J) Fisher information about theta: minus the expected curvature, no term negative."""
        return sum_categories(self.probability(theta) * -self.log_curvature(theta))

    def take(self, rows: Rows) -> Self:
        """Return the items at `rows`, in that order."""
        ids, models = tuple(self.ids[row] for row in rows), tuple(self.models[row] for row in rows)
        return type(self)(ids, self.a[rows], self.b[rows], models)
