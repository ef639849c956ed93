"""The partial credit family: PCM, GPCM and the rating scale model are one function."""

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
)
from adaptest.models.divide_by_total import deviations, log_shares, variance

MODELS = ("pcm", "gpcm", "rsm")


@dataclass(frozen=True, slots=True, eq=False)
class PartialCreditItems:
    r"""Items scored 0..K-1 by steps, each harder or easier than the last, in the logistic metric.

    .. math:: \ln\{P_k / P_{k-1}\} = a_j(\theta - b_{jk})

    Attributes
    ----------
    a : (J,) discrimination, finite and not 0, per logit; 1, or the common one, under pcm and rsm
    b : (J, K-1) steps, logits, in any order; +inf where an item has fewer categories.
        Under rsm each is the item's difficulty plus the common step
    models : (J,) pcm, gpcm or rsm; gpcm where none are given

    Raises
    ------
    ItemParameterError, naming the first item that breaks a rule.

    References
    ----------
    Masters (1982), Psychometrika 47(2), 149-174; Muraki (1992), Applied Psychological Measurement
    16(2), 159-176; Andrich (1978), Psychometrika 43(4), 561-573.

    Examples
    --------
    >>> items = PartialCreditItems(("i1",), [1.0], [[-1.0, 1.0]])
    >>> items.probability(np.array([0.0])).round(3)
    array([[[0.212, 0.576, 0.212]]])
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
        object.__setattr__(self, "models", check_models(self.ids, self.models or ("gpcm",) * n, MODELS))
        require_discrimination(self.ids, self.a)
        require_steps(self.ids, self.b)

    @property
    def categories(self) -> Rows:
        """(J,) number of score categories of each item."""
        return np.asarray(1 + np.isfinite(self.b).sum(axis=1), dtype=np.intp)

    @property
    def _own(self) -> Bools:
        """(J, K) whether the item has the category."""
        return np.arange(self.b.shape[1] + 1) < self.categories[:, None]

    @property
    def _weight(self) -> Floats:
        """(J, K) what theta is multiplied by in each category."""
        return self.a[:, None] * np.arange(self.b.shape[1] + 1)

    def probability(self, theta: Floats) -> Floats:
        """Return (Q, J, K) category probabilities."""
        return np.exp(self.log_probability(theta))

    def log_probability(self, theta: Floats) -> Floats:
        """Return (Q, J, K) log category probabilities: shares of exp of the added-up steps."""
        steps = self.a[:, None] * (by_item(theta)[..., None] - np.where(np.isfinite(self.b), self.b, 0))
        logits = np.zeros((*steps.shape[:2], steps.shape[2] + 1))
        np.cumsum(steps, axis=-1, out=logits[..., 1:])
        return log_shares(np.where(self._own, logits, -np.inf))

    def log_slope(self, theta: Floats) -> Floats:
        r"""Return (Q, J, K) first derivative of the log-probability in theta: :math:`a(k - E[X])`."""
        return np.where(self._own, deviations(self.probability(theta), self._weight), 0)

    def log_curvature(self, theta: Floats) -> Floats:
        r"""Return (Q, J, K) second derivative of the log-probability in theta: :math:`-a^2 Var[X]`."""
        information = self.information(theta)[..., None]
        return np.where(self._own, -information, 0)

    def information(self, theta: Floats) -> Floats:
        r"""Return (Q, J) Fisher information about theta: :math:`a^2 Var[X]`."""
        return variance(self.probability(theta), self._weight)

    def take(self, rows: Rows) -> Self:
        """Return the items at `rows`, in that order."""
        ids, models = tuple(self.ids[row] for row in rows), tuple(self.models[row] for row in rows)
        return type(self)(ids, self.a[rows], self.b[rows], models)
