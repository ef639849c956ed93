"""Robust maximum likelihood: responses far from where a person stands count less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from adaptest.errors import OptionError
from adaptest.models import LogisticItems
from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters
from adaptest.scoring.mode import Sums
from adaptest.scoring.wle import cumulative

HUBER = 1.0  # logits: a(theta - b) beyond which a response counts less
TUKEY = 4.0  # logits: a(theta - b) beyond which a response does not count


def require_logistic(items: ItemParameters, method: str) -> None:
    """Raise unless all items are logistic: the residual a(theta - b) is theirs alone."""
    odd = [item for block in items.blocks if not isinstance(block, LogisticItems) for item in block.ids]
    if odd:
        model = items.models[items.row[odd[0]]]
        more = f" (and {len(odd) - 1} more items)" if len(odd) > 1 else ""
        raise OptionError(
            f"item {odd[0]!r}: {method} needs a logistic model; got {model}{more}; choose mle or wle"
        )


@dataclass(frozen=True, slots=True)
class RobustLikelihood:
    r"""Where :math:`\sum_j w(r_j)\, \partial \ln P_j/\partial\theta = 0`, with :math:`r = a(\theta - b)`.

    Huber: w = 1 up to abs(r) = k, then k / abs(r). Tukey's bisquare: (1 - (r/k)^2)^2 up to abs(r) = k, then
    0. The standard error is :math:`\sqrt{\sum w^2 I_j} / \sum w I_j`.

    Attributes
    ----------
    weight : huber or tukey
    tuning : k, logits, > 0

    References
    ----------
    Schuster & Yuan (2011), Journal of Educational and Behavioral Statistics 36(6), 720-735; Mislevy & Bock
    (1982), Educational and Psychological Measurement 42(3), 725-737; Magis (2014), British Journal of
    Mathematical and Statistical Psychology 67(3), 430-450 (the standard error).
    """

    weight: Literal["huber", "tukey"]
    tuning: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.tuning) and self.tuning > 0):
            raise OptionError(f"the tuning constant must be greater than 0; got {self.tuning}")

    @property
    def method(self) -> str:
        """robust_huber or robust_tukey."""
        return f"robust_{self.weight}"

    @property
    def sem_kind(self) -> str:
        """The robust standard error."""
        return "robust_sandwich"

    def objective(self, sums: Sums, theta: Floats) -> Floats:
        """Return the integral of the weighted score."""
        return cumulative(self.slope(sums, theta), theta)

    def slope(self, sums: Sums, theta: Floats) -> Floats:  # noqa: ARG002 (as Equation says)
        """Return the weighted score."""
        return sums(self.weighted_score)

    def sem(self, sums: Sums, theta: Floats) -> Floats:  # noqa: ARG002 (as Equation says)
        """Return the sandwich's square root."""
        with np.errstate(divide="ignore", invalid="ignore"):  # no item counts: no standard error
            return np.sqrt(sums(self.twice_weighted_information)) / sums(self.weighted_information)

    def weights(self, items: ItemParameters, theta: Floats) -> Floats:
        """Return (Q, J) how much a response at theta counts."""
        r = np.empty((len(theta), len(items)))
        for block in items.blocks:
            rows = [items.row[item] for item in block.ids]
            b: Floats = getattr(block, "b")  # noqa: B009 (logistic: `require_logistic`)
            r[:, rows] = block.a * (theta[:, None] - b)
        if self.weight == "huber":
            return self.tuning / np.maximum(np.abs(r), self.tuning)
        return np.maximum(1 - (r / self.tuning) ** 2, 0.0) ** 2

    def weighted_score(self, items: ItemParameters, theta: Floats) -> Floats:
        """Return (Q, J, K) what each response adds to the weighted score."""
        return self.weights(items, theta)[..., None] * items.log_slope(theta)

    def weighted_information(self, items: ItemParameters, theta: Floats) -> Floats:
        """Return (Q, J) w I."""
        return self.weights(items, theta) * items.information(theta)

    def twice_weighted_information(self, items: ItemParameters, theta: Floats) -> Floats:
        """Return (Q, J) w^2 I."""
        return self.weights(items, theta) ** 2 * items.information(theta)
