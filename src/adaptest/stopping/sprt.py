"""The likelihood ratio at both sides of the cut has crossed a bound."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from adaptest.models.base import Bools, Floats
from adaptest.stopping.base import HALF, RATIO_DECIMALS, Standing, require_number
from adaptest.stopping.cuts import cuts_of, decided


@dataclass(frozen=True)
class Sprt:
    r"""Stop once the log-likelihood ratio of cut + delta to cut - delta leaves its bounds.

    .. math:: \ln\frac{\beta}{1-\alpha} < \ln\frac{L(cut+\delta)}{L(cut-\delta)} < \ln\frac{1-\beta}{\alpha}

    With several cuts, stop once every cut's own ratio has left them and together they name one band.

    References
    ----------
    Wald (1947), Sequential Analysis; Reckase (1983), in Weiss (ed.), New Horizons in Testing, 237-255;
    Eggen & Straetmans (2000) for several cuts.
    """

    reason: ClassVar[str] = "sprt"
    cut: float | None = None
    delta: float = 0.2
    alpha: float = 0.05
    beta: float = 0.05
    cuts: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        cuts_of(self.reason, self.cut, self.cuts)
        require_wald(self.reason, self.delta, self.alpha, self.beta)

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """The log-likelihood ratio at which 'below' and 'above' are decided."""
        return wald_bounds(self.alpha, self.beta)

    def log_ratios(self, standing: Standing) -> Floats:
        """Return (N, C) the log-likelihood ratio of the two sides of each cut."""
        cuts = cuts_of(self.reason, self.cut, self.cuts)
        points = tuple(point for cut in cuts for point in (cut - self.delta, cut + self.delta))
        both = standing.log_likelihood(points)
        return both[:, 1::2] - both[:, ::2]

    def log_ratio(self, standing: Standing) -> Floats:
        """Return (N,) the log-likelihood ratio of the two sides of the lowest cut."""
        return self.log_ratios(standing)[:, 0]

    def fires(self, standing: Standing) -> Bools:
        """Return (N,); see StoppingRule."""
        ratio, (low, high) = np.round(self.log_ratios(standing), RATIO_DECIMALS), self.bounds
        return decided(ratio <= low, ratio >= high)


def wald_bounds(alpha: float, beta: float) -> tuple[float, float]:
    """Return the log-likelihood ratios at which 'below' and 'above' are decided."""
    return float(np.log(beta / (1 - alpha))), float(np.log((1 - beta) / alpha))


def require_wald(rule_name: str, delta: float, alpha: float, beta: float) -> None:
    """Raise OptionError unless delta > 0 and both error rates are in (0, .5)."""
    require_number(rule_name, "delta", delta, holds=delta > 0, rule="be greater than 0")
    for name, value in (("alpha", alpha), ("beta", beta)):
        require_number(rule_name, name, value, holds=0 < value < HALF, rule="be in (0, .5)")
