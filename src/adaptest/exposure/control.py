"""All exposure rules of one exam, asked for N sittings at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from adaptest.exposure.bands import Bands
from adaptest.exposure.counters import Counters
from adaptest.exposure.eligibility import Eligibility
from adaptest.exposure.overlap import RecentOverlap
from adaptest.exposure.sympson_hetter import Lottery
from adaptest.exposure.usage import MaximumUse
from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.random import Words

WEIGHT = 200.0  # visits of a band that tuned eligibility probabilities stand for when live counting begins


class StartRule(Protocol):
    """Bar items for whole sittings, by what happened before them."""

    @property
    def hard(self) -> bool:
        """Whether it is kept even where the exam cannot run then; others spare what it needs."""
        ...

    def bars(self, counters: Counters, seed: Words) -> Bools:
        """Return (N, J), or (1, J) where every sitting is barred the same."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Outset:
    """What the rules said before N sittings began: the only thing of them that later choices look at.

    Attributes
    ----------
    hard, soft : (N, J) items barred, and items barred as far as the exam can do without them
    in_band : (N, B, J) items barred while theta is in a band; None where no rule does that
    """

    hard: Bools
    soft: Bools
    in_band: Bools | None


@dataclass(frozen=True, slots=True, eq=False)
class Controls:
    """The exposure rules of an exam.

    Attributes
    ----------
    rules : asked at the start
    eligibility : drawn at the start, by theta band
    tuned : (B, J) the probabilities that eligibility begins with
    lottery : drawn at each choice
    """

    rules: tuple[StartRule, ...] = ()
    eligibility: Eligibility | None = None
    tuned: Floats | None = None
    lottery: Lottery | None = None

    @property
    def bands(self) -> Bands:
        """The bands of the one rule that looks at theta."""
        if self.lottery is not None:
            return self.lottery.bands
        return Bands(self.eligibility.bands if self.eligibility else ())

    @property
    def counts(self) -> bool:
        """Whether any rule looks at what happened in other sittings."""
        return bool(self.rules) or self.eligibility is not None

    @property
    def most(self) -> MaximumUse | None:
        """The limit on uses, which is asked again at each presentation."""
        return next((rule for rule in self.rules if isinstance(rule, MaximumUse)), None)

    @property
    def remembered(self) -> int:
        """How many of the last sittings are to be remembered item by item."""
        return max((rule.sittings for rule in self.rules if isinstance(rule, RecentOverlap)), default=0)

    @property
    def fading(self) -> float:
        """What is left of the earlier visits of a band when another comes."""
        return self.eligibility.fading if self.eligibility else 1.0

    def band(self, theta: Floats) -> Rows:
        """Return (N,) the band of each theta, from 0."""
        return self.bands.of(theta)

    def outset(self, counters: Counters, seed: Words) -> Outset:
        """Return what is barred for N sittings that begin now."""
        shape = len(seed), len(counters.shown)
        hard, soft = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
        for rule in self.rules:
            barred = hard if rule.hard else soft
            barred |= rule.bars(counters, seed)
        in_band = None
        if self.eligibility is not None:
            probability = self.eligibility.probability(counters, self.tuned, WEIGHT)
            in_band = self.eligibility.draw(probability, seed)
        return Outset(hard, soft & ~hard, in_band)
