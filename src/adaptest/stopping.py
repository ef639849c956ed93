"""When a sitting ends.

Sem : the estimate is precise enough.
MinimumInformation : no item left would tell enough.
ConfidenceInterval : the interval around the estimate does not hold the cut.
Sprt : the likelihood ratio at both sides of the cut has crossed a bound.

Minimum and maximum length and the lengths that the blueprint admits are the design's; no rule here is asked
at a length at which the sitting may not stop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np
from scipy.special import ndtri

from adaptest.errors import OptionError
from adaptest.models.base import Bools, Floats, Rows
from adaptest.parameters import ItemParameters

HALF = 0.5

IN_WORDS = {
    "maximum_length": "the exam reached its maximum number of questions",
    "pool_exhausted": "every question that could be asked has been asked",
    "sem": "the result is precise enough",
    "minimum_information": "no question left would make the result more precise",
    "confidence_interval": "the result is clear of the cut at the confidence asked for",
    "sprt": "the answers decide between the two sides of the cut",
    "finished_early": "the candidate finished before the exam's own end",
}


@dataclass(frozen=True, eq=False)
class Standing:
    """What a rule may look at: N sittings of one length.

    Attributes
    ----------
    theta, sem : (N,) logits, rounded as everything that decides
    rows, scores : (N, n) items answered and the category each was scored in
    items : the pool's
    most_informative : gives (N,) the largest information at theta of an item that may come next, -inf
        where there is none; called only by the rule that needs it
    log_probability : gives (P, J, K) for points (P,); the design keeps what it gave
    """

    theta: Floats
    sem: Floats
    rows: Rows
    scores: Rows
    items: ItemParameters
    most_informative: Callable[[], Floats]
    log_probability: Callable[[tuple[float, ...]], Floats]

    def log_likelihood(self, points: tuple[float, ...]) -> Floats:
        """Return (N, P) log-likelihoods at points of theta, added item by item."""
        table = self.log_probability(points)
        total = np.zeros((len(self.rows), len(points)))
        for row, score in zip(self.rows.T, self.scores.T, strict=True):
            total += table[:, row, score].T
        return total


class StoppingRule(Protocol):
    """Say which of N sittings of one length are to end, and why."""

    @property
    def reason(self) -> str:
        """The word written in the log: a key of IN_WORDS."""
        ...

    def fires(self, standing: Standing) -> Bools:
        """Return (N,)."""
        ...


@dataclass(frozen=True, slots=True)
class Sem:
    """Stop once the standard error of measurement is at most `at_most` logits.

    Raises
    ------
    OptionError, unless `at_most` is finite and greater than 0.
    """

    reason: ClassVar[str] = "sem"
    at_most: float

    def __post_init__(self) -> None:
        _require(self.reason, "at_most", self.at_most, holds=self.at_most > 0, rule="be greater than 0")

    def fires(self, standing: Standing) -> Bools:
        """Return (N,); see StoppingRule."""
        return standing.sem <= self.at_most


@dataclass(frozen=True, slots=True)
class MinimumInformation:
    """Stop once no item that may come next has information of at least `at_least` at the estimate.

    References
    ----------
    Dodd, Koch & de Ayala (1993), Educational and Psychological Measurement 53(1), 61-77.
    """

    reason: ClassVar[str] = "minimum_information"
    at_least: float

    def __post_init__(self) -> None:
        _require(self.reason, "at_least", self.at_least, holds=self.at_least > 0, rule="be greater than 0")

    def fires(self, standing: Standing) -> Bools:
        """Return (N,); see StoppingRule."""
        return standing.most_informative() < self.at_least


@dataclass(frozen=True)
class ConfidenceInterval:
    """Stop once the interval around theta lies wholly on one side of `cut`.

    Attributes
    ----------
    confidence : of the interval, .95 for 1.960 standard errors either side
    one_sided : ask only that side where the cut is: .95 for 1.645 standard errors

    References
    ----------
    Kingsbury & Weiss (1983), in Weiss (ed.), New Horizons in Testing, 257-283;
    Thompson (2007), Practical Assessment, Research & Evaluation 12(1).
    """

    reason: ClassVar[str] = "confidence_interval"
    cut: float
    confidence: float = 0.95
    one_sided: bool = False

    def __post_init__(self) -> None:
        _require(self.reason, "cut", self.cut, holds=True, rule="be finite")
        inside = HALF < self.confidence < 1
        _require(self.reason, "confidence", self.confidence, holds=inside, rule="be in (.5, 1)")

    @cached_property
    def z(self) -> float:
        """How many standard errors the interval reaches."""
        below = self.confidence if self.one_sided else (1 + self.confidence) / 2
        return float(ndtri(below))

    def fires(self, standing: Standing) -> Bools:
        """Return (N,); see StoppingRule."""
        return np.abs(standing.theta - self.cut) > self.z * standing.sem


@dataclass(frozen=True)
class Sprt:
    r"""Stop once the log-likelihood ratio of cut + delta to cut - delta leaves its bounds.

    .. math:: \ln\frac{\beta}{1-\alpha} < \ln\frac{L(cut+\delta)}{L(cut-\delta)} < \ln\frac{1-\beta}{\alpha}

    References
    ----------
    Wald (1947), Sequential Analysis; Reckase (1983), in Weiss (ed.), New Horizons in Testing, 237-255.
    """

    reason: ClassVar[str] = "sprt"
    cut: float
    delta: float = 0.2
    alpha: float = 0.05
    beta: float = 0.05

    def __post_init__(self) -> None:
        _require(self.reason, "cut", self.cut, holds=True, rule="be finite")
        _require(self.reason, "delta", self.delta, holds=self.delta > 0, rule="be greater than 0")
        for name, value in (("alpha", self.alpha), ("beta", self.beta)):
            _require(self.reason, name, value, holds=0 < value < HALF, rule="be in (0, .5)")

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """The log-likelihood ratio at which 'below' and 'above' are decided."""
        return float(np.log(self.beta / (1 - self.alpha))), float(np.log((1 - self.beta) / self.alpha))

    def log_ratio(self, standing: Standing) -> Floats:
        """Return (N,) the log-likelihood ratio of the two sides of the cut."""
        two = standing.log_likelihood((self.cut - self.delta, self.cut + self.delta))
        ratio: Floats = two[:, 1] - two[:, 0]
        return ratio

    def fires(self, standing: Standing) -> Bools:
        """Return (N,); see StoppingRule."""
        ratio, (low, high) = np.round(self.log_ratio(standing), 9), self.bounds
        return (ratio <= low) | (ratio >= high)


def _require(rule_name: str, name: str, value: float, *, holds: bool, rule: str) -> None:
    """Raise unless a rule's number is finite and keeps its own rule."""
    if not (np.isfinite(value) and holds):
        raise OptionError(f"stopping rule {rule_name}: {name} must {rule}; got {value:g}")
