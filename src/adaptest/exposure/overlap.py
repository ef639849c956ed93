"""Limits on what two sittings have in common.

MeanOverlap : the average over all pairs of sittings.
RecentOverlap : with each of the last sittings, surely.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from adaptest.errors import OptionError
from adaptest.exposure.counters import Counters
from adaptest.exposure.usage import over, require_rate
from adaptest.models.base import Bools
from adaptest.numerics.random import Stream, Words, uniform


def mean_overlap(counters: Counters) -> float:
    r"""Return the share of its items that a sitting has in common with another, on average over all pairs.

    .. math:: \bar T = \frac{\sum_j n_j (n_j - 1)}{\bar L N (N - 1)}

    n_j of N sittings were shown item j, and \bar L items each on average. For large N it is
    (J / L) S_r^2 + L / J, with the variance of the exposure rates: what limits the rates limits the overlap,
    which never exceeds the largest rate.

    References
    ----------
    Chen, Ankenmann & Spray (2003), Journal of Educational Measurement 40(2), 129-145.
    """
    n, shown = counters.sittings, counters.shown
    presented = float(shown.sum())
    if n < 2 or not presented:  # noqa: PLR2004 (a pair)
        return 0.0
    return float((shown * (shown - 1)).sum()) / (presented * (n - 1))


@dataclass(frozen=True, slots=True)
class MeanOverlap:
    """While the average overlap exceeds `at_most`, let every item rest that so large a share was shown.

    A sitting of items that at most a share T of the earlier ones was shown has at most T of its items in
    common with an earlier one, on average: so the average falls back to `at_most` whenever it exceeds it.
    """

    hard: ClassVar[bool] = False
    at_most: float

    def __post_init__(self) -> None:
        require_rate("mean_overlap", "at_most", self.at_most)

    def bars(self, counters: Counters, seed: Words) -> Bools:  # noqa: ARG002 (one signature for every rule)
        """Return (1, J); see StartRule."""
        if mean_overlap(counters) <= self.at_most:
            return np.zeros((1, len(counters.shown)), dtype=np.bool_)
        return over(counters.shown, counters.sittings, self.at_most)[None]


@dataclass(frozen=True, slots=True)
class RecentOverlap:
    """Have no more than `at_most` items in common with any of the last `sittings` of this exam.

    Of the items of each of them, chance lets so many be shown again and bars the others.
    """

    hard: ClassVar[bool] = False
    at_most: int
    sittings: int = 1

    def __post_init__(self) -> None:
        for name, value, least in (("at_most", self.at_most, 0), ("sittings", self.sittings, 1)):
            if value < least:
                raise OptionError(
                    f"exposure rule recent_overlap: {name} must be at least {least}; got {value}"
                )

    def bars(self, counters: Counters, seed: Words) -> Bools:
        """Return (N, J); see StartRule."""
        barred = np.zeros((len(seed), len(counters.shown)), dtype=np.bool_)
        everyone = np.arange(len(seed))[:, None]
        for back, rows in enumerate(counters.recent[: self.sittings]):
            if len(rows) <= self.at_most:
                continue
            chance = uniform(seed[:, None], Stream.OVERLAP, back, rows[None])
            chance[barred[everyone, rows[None]]] = 2.0  # barred already: these come last
            order = np.argsort(chance, axis=1, kind="stable")
            barred[everyone, rows[order[:, self.at_most :]]] = True
        return barred
