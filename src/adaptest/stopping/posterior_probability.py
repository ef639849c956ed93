"""One side of the cut, or one band between cuts, is probable enough."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import ClassVar

import numpy as np

from adaptest.models.base import Bools, Floats
from adaptest.stopping.base import HALF, RATIO_DECIMALS, Standing, require_number
from adaptest.stopping.cuts import cuts_of

REACH = 8.0  # prior standard deviations either side of its mean: all but 1e-15 of it
NODES = 10  # a panel of 3 posterior standard deviations is then exact to 1e-11
PANELS_PER_SD = 2  # of the prior
SHARP = 3.0  # posterior standard deviations that a panel may span
FINEST = 6  # halvings at most


@dataclass(frozen=True, slots=True)
class PosteriorProbability:
    r"""Stop once a band between cuts has posterior probability of at least `probability`.

    .. math:: P(\theta \ge cut) = \int_{cut}^\infty L\,\phi \Big/ \int_{-\infty}^\infty L\,\phi

    With one cut: the larger of P(theta >= cut) and P(theta < cut). The prior is the rule's own and the same
    for everybody, whatever prior the estimate of theta has. Integrals are by Gauss and Legendre's rule on
    panels that end at the cuts and are narrow beside the sitting's standard error.

    Attributes
    ----------
    cut, cuts : logits; one cut, or several
    prior_mean, prior_sd : of the normal prior, logits

    References
    ----------
    Spray & Reckase (1996), Journal of Educational and Behavioral Statistics 21(4), 405-414;
    Rudner (2009), Practical Assessment, Research & Evaluation 14(8).
    """

    reason: ClassVar[str] = "posterior_probability"
    cut: float | None = None
    probability: float = 0.95
    prior_mean: float = 0.0
    prior_sd: float = 1.0
    cuts: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        cuts_of(self.reason, self.cut, self.cuts)
        inside = HALF < self.probability < 1
        require_number(self.reason, "probability", self.probability, holds=inside, rule="be in (.5, 1)")
        require_number(self.reason, "prior_mean", self.prior_mean, holds=True, rule="be finite")
        holds = self.prior_sd > 0
        require_number(self.reason, "prior_sd", self.prior_sd, holds=holds, rule="be greater than 0")

    def bands(self, standing: Standing) -> Floats:
        """Return (N, C + 1) the posterior probability of each band, the lowest first."""
        cuts = cuts_of(self.reason, self.cut, self.cuts)
        width = self.prior_sd / PANELS_PER_SD
        with np.errstate(invalid="ignore", divide="ignore"):
            halvings = np.ceil(np.log2(width / (SHARP * standing.sem)))
        level = np.clip(np.nan_to_num(halvings, nan=0.0, posinf=FINEST, neginf=0.0), 0, FINEST).astype(int)
        found = np.zeros((len(standing), len(cuts) + 1))
        for one in np.unique(level):
            which = np.flatnonzero(level == one)
            theta, log_weight, ends = _panels(self.prior_mean, self.prior_sd, cuts, width / 2**one)
            log_mass = standing.log_likelihood(theta, which) + log_weight
            mass = np.exp(log_mass - log_mass.max(axis=1, keepdims=True))
            shares = [mass[:, low:high].sum(axis=1) for low, high in pairwise(ends)]
            whole = mass.sum(axis=1)
            found[which] = np.stack([share / whole for share in shares], axis=1)
        return np.round(found, RATIO_DECIMALS)

    def fires(self, standing: Standing) -> Bools:
        """Return (N,); see StoppingRule."""
        return np.asarray(self.bands(standing).max(axis=1) >= self.probability)


@cache
def _panels(
    mean: float, sd: float, cuts: tuple[float, ...], width: float
) -> tuple[tuple[float, ...], Floats, tuple[int, ...]]:
    """Return nodes, the logs of their weights times the prior's density, and where each band begins."""
    low, high = min(mean - REACH * sd, cuts[0] - sd), max(mean + REACH * sd, cuts[-1] + sd)
    ends = [low]
    for stop in (*cuts, high):
        pieces = max(int(np.ceil((stop - ends[-1]) / width - 1e-9)), 1)
        ends += np.linspace(ends[-1], stop, pieces + 1)[1:].tolist()
    point, weight = np.polynomial.legendre.leggauss(NODES)
    left, half = np.array(ends[:-1]), np.diff(ends) / 2
    theta = (left[:, None] + half[:, None] * (point + 1)).ravel()
    log_weight = np.log((half[:, None] * weight).ravel()) - 0.5 * ((theta - mean) / sd) ** 2
    parts = np.searchsorted(theta, np.array(cuts)).tolist()
    return tuple(theta.tolist()), log_weight, (0, *parts, len(theta))
