"""The nominal response model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from adaptest.models.base import Bools, Floats, Rows, by_item, check_models, columns, require
from adaptest.models.divide_by_total import deviations, log_shares, variance


@dataclass(frozen=True, slots=True, eq=False)
class NominalItems:
    r"""Items whose K categories have no order that the model knows of.

    .. math:: P_k \propto \exp(\alpha_{jk}\theta + \gamma_{jk})

    Attributes
    ----------
    slope : (J, K) slope of each category, per logit; category 0 has 0, at least one other has not;
        nan where an item has fewer categories
    intercept : (J, K) intercept of each category; category 0 has 0; nan as for the slopes
    models : (J,) nrm

    Raises
    ------
    ItemParameterError, naming the first item that breaks a rule.

    References
    ----------
    Bock (1972), Psychometrika 37(1), 29-51.

    Examples
    --------
    >>> items = NominalItems(("i1",), [[0.0, 1.0]], [[0.0, 0.5]])
    >>> items.probability(np.array([-0.5]))
    array([[[0.5, 0.5]]])
    """

    ids: tuple[str, ...]
    slope: Floats
    intercept: Floats
    models: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(self.ids))
        ids, n = self.ids, len(self.ids)
        object.__setattr__(self, "slope", columns("slope", self.slope, n))
        object.__setattr__(self, "intercept", columns("intercept", self.intercept, n))
        object.__setattr__(self, "models", check_models(ids, self.models or ("nrm",) * n, ("nrm",)))
        for name, values in (("slope", self.slope), ("intercept", self.intercept)):
            own = np.isfinite(values)
            leading = (own[:, :1] if own.shape[1] else own).all(axis=1) & (own.sum(axis=1) > 1)
            together = (own | np.isnan(values)).all(axis=1) & ~(own[:, 1:] & ~own[:, :-1]).any(axis=1)
            require(
                ids,
                name,
                values,
                leading & together & (values[:, :1] == 0).all(axis=1),
                "be 0 for category 0 and finite for every category of the item, nan beyond",
            )
        same = (self.slope.shape == self.intercept.shape) and (
            np.isnan(self.slope) == np.isnan(self.intercept)
        ).all(axis=1)
        require(ids, "intercept", self.intercept, np.broadcast_to(same, (n,)), "have as many as slope")
        varies = (np.nan_to_num(self.slope) != 0).any(axis=1)
        require(ids, "slope", self.slope, varies, "not be 0 for every category")

    @property
    def a(self) -> Floats:
        """(J,) slope of the top category, per logit."""
        top = np.take_along_axis(self.slope, self.categories[:, None] - 1, axis=1)[:, 0]
        top.flags.writeable = False
        return top

    @property
    def categories(self) -> Rows:
        """(J,) number of score categories of each item."""
        return np.asarray(self._own.sum(axis=1), dtype=np.intp)

    @property
    def _own(self) -> Bools:
        """(J, K) whether the item has the category."""
        return np.isfinite(self.slope)

    @property
    def _weight(self) -> Floats:
        """(J, K) what theta is multiplied by in each category; 0 where there is none."""
        return np.where(self._own, self.slope, 0)

    def probability(self, theta: Floats) -> Floats:
        """Return (Q, J, K) category probabilities."""
        return np.exp(self.log_probability(theta))

    def log_probability(self, theta: Floats) -> Floats:
        """Return (Q, J, K) log category probabilities."""
        logits = self._weight * by_item(theta)[..., None] + np.where(self._own, self.intercept, -np.inf)
        return log_shares(logits)

    def log_slope(self, theta: Floats) -> Floats:
        """Return (Q, J, K) first derivative of the log-probability: slope less expected slope."""
        return np.where(self._own, deviations(self.probability(theta), self._weight), 0)

    def log_curvature(self, theta: Floats) -> Floats:
        """Return (Q, J, K) second derivative of the log-probability: minus the variance of the slopes."""
        information = self.information(theta)[..., None]
        return np.where(self._own, -information, 0)

    def information(self, theta: Floats) -> Floats:
        """Return (Q, J) Fisher information about theta: the variance of the slopes."""
        return variance(self.probability(theta), self._weight)

    def take(self, rows: Rows) -> Self:
        """Return the items at `rows`, in that order."""
        ids, models = tuple(self.ids[row] for row in rows), tuple(self.models[row] for row in rows)
        return type(self)(ids, self.slope[rows], self.intercept[rows], models)
