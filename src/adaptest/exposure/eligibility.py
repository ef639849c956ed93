"""Item eligibility: whether a sitting may be shown an item is drawn before it begins, by theta band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.errors import OptionError
from adaptest.exposure.bands import Bands
from adaptest.exposure.counters import Counters
from adaptest.exposure.usage import require_rate
from adaptest.models.base import Bools, Floats
from adaptest.numerics.random import Stream, Words, uniform


@dataclass(frozen=True, slots=True)
class Eligibility:
    r"""Let a sitting be shown an item in a band with the probability that keeps its exposure there at `rate`.

    .. math:: P_{jk} = \min\{1, r_{max}\, \varepsilon_{jk} / \alpha_{jk}\}

    Of the sittings that visited band k, \alpha_{jk} were shown item j, and \varepsilon_{jk} could be shown it
    there. One draw a sitting and item serves all bands, so that a sitting which passes through several does
    not get as many chances. Where no eligible item can come next, the choice is among all that can.

    Probabilities that a simulation found are never exceeded: what is counted can only lower them, for those
    who pass through a band are shown fewer of its items than those who belong there.

    Attributes
    ----------
    rate : of the sittings that visit a band, how many an item may be shown to
    bands : edges, logits; none: the same for every theta
    fading : what is left of the earlier visits of a band when another comes; 1 forgets nothing

    References
    ----------
    van der Linden & Veldkamp (2007), Journal of Educational and Behavioral Statistics 32(4), 398-418;
    van der Linden & Choi (2020), Journal of Educational Measurement 57(3), 405-422.
    """

    rate: float
    bands: tuple[float, ...] = ()
    fading: float = 1.0

    def __post_init__(self) -> None:
        require_rate("eligibility", "rate", self.rate)
        Bands(self.bands)
        if not 0 < self.fading <= 1:
            raise OptionError(f"exposure rule eligibility: fading must be in (0, 1]; got {self.fading:g}")

    def probability(self, counters: Counters, tuned: Floats | None, weight: float) -> Floats:
        """Return (B, J) probabilities of being eligible.

        Parameters
        ----------
        tuned : (B, J) those that a simulation found, to begin with; None begins at 1
        weight : how many visits of each band the tuned ones stand for
        """
        eligible = counters.visits[:, None] - counters.barred
        taken = counters.taken
        if tuned is not None:
            # as if `weight` visits had been eligible by these probabilities and shown the item at the rate,
            # or below it where the probability is 1
            eligible = eligible + weight * tuned
            taken = taken + weight * self.rate
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(taken > 0, self.rate * eligible / taken, 1.0)
        return np.minimum(ratio, 1.0 if tuned is None else tuned)

    def draw(self, probability: Floats, seed: Words) -> Bools:
        """Return (N, B, J) what each sitting may not be shown in each band."""
        chance = uniform(seed[:, None], Stream.ELIGIBILITY, 0, np.arange(probability.shape[1])[None])
        barred: Bools = chance[:, None, :] >= probability[None]
        return barred
