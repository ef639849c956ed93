"""The likelihoods of the best theta on either side of the cut are far enough apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar

import numpy as np

from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.optimize import bracketed_root
from adaptest.parameters import ItemParameters
from adaptest.scoring.likelihood import FAR, Patterns
from adaptest.scoring.search import search_nodes
from adaptest.stopping.base import RATIO_DECIMALS, Standing
from adaptest.stopping.cuts import cuts_of, decided
from adaptest.stopping.sprt import require_wald, wald_bounds


@dataclass(frozen=True)
class GeneralisedLikelihoodRatio:
    r"""Stop once the generalised log-likelihood ratio leaves the bounds of the SPRT.

    .. math:: \ln\frac{\sup_{\theta \ge cut+\delta} L(\theta)}{\sup_{\theta \le cut-\delta} L(\theta)}

    Where the likelihood rises all the way to an end, its limit there counts. With several cuts, stop once
    every cut's own ratio has left the bounds and together they name one band.

    References
    ----------
    Bartroff, Finkelman & Lai (2008), Psychometrika 73(3), 473-486; Thompson (2011), Practical Assessment,
    Research & Evaluation 16(4).
    """

    reason: ClassVar[str] = "glr"
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
        """Return (N, C) the generalised log-likelihood ratio at each cut."""
        columns = [
            highest(standing, cut + self.delta, FAR) - highest(standing, -FAR, cut - self.delta)
            for cut in cuts_of(self.reason, self.cut, self.cuts)
        ]
        return np.stack(columns, axis=1)

    def fires(self, standing: Standing) -> Bools:
        """Return (N,); see StoppingRule."""
        ratio, (low, high) = np.round(self.log_ratios(standing), RATIO_DECIMALS), self.bounds
        return decided(ratio <= low, ratio >= high)


def highest(standing: Standing, low: float, high: float) -> Floats:
    """Return (N,) the largest log-likelihood for theta in [low, high].

    The highest of nodes that are close enough for no maximum to hide between two, then the root of the slope
    in the interval beside it towards which the likelihood rises.
    """
    n, items = len(standing.rows), standing.items
    if not standing.rows.shape[1]:
        return np.zeros(n)
    points = _nodes(items, low, high)
    nodes = np.array(points)
    value = standing.log_likelihood(points)
    best, everyone = value.argmax(axis=1), np.arange(n)
    found: Floats = value[everyone, best]
    patterns = Patterns.of(items, standing.rows, standing.scores)

    def slope(theta: Floats, which: Rows) -> Floats:
        return patterns.sums_at(ItemParameters.log_slope, theta, which)

    here = slope(nodes[best], everyone)
    step = np.where(here > 0, 1, -1)
    beside = best + step
    inside = np.flatnonzero((here != 0) & (beside >= 0) & (beside < len(nodes)))
    there = slope(nodes[beside[inside]], inside)
    turns = (there > 0) != (here[inside] > 0)
    inside, there = inside[turns], there[turns]
    if inside.size:
        ends = nodes[best[inside]], nodes[beside[inside]]
        root = bracketed_root(lambda x, which: slope(x, inside[which]), *ends, here[inside], there)
        at = patterns.at(root.value[:, None], inside)[:, 0]
        found[inside] = np.maximum(found[inside], at)
    return found


@lru_cache(maxsize=64)
def _nodes(items: ItemParameters, low: float, high: float) -> tuple[float, ...]:
    """Return where maxima within bounds are looked for; a live sitting asks again at each step."""
    return tuple(search_nodes(items, (low, high)).tolist())
