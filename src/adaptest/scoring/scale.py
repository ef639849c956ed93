"""What a person is told: scale scores, decisions at cuts, and bands; unrounded estimates decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptest.errors import OptionError
from adaptest.models.base import Bools, Floats, Rows

BAND_ITEMS = 6  # fewer items in a domain say too little for a band
MOST_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Cut:
    """A boundary on theta; an estimate at or above it is in the upper class.

    Attributes
    ----------
    theta : logits
    label : what stands beside it, such as how it was set
    """

    theta: float
    label: str = ""

    def __post_init__(self) -> None:
        if not np.isfinite(self.theta):
            raise OptionError(f"a cut must be a finite theta; got {self.theta}")


@dataclass(frozen=True, slots=True)
class ReportingScale:
    """Scale score = intercept + slope * theta, rounded for display and kept within its ends.

    Attributes
    ----------
    slope : scale points a logit, > 0
    intercept : scale score at theta 0
    floor, ceiling : ends of what is displayed; None has no end
    decimals : places displayed, 0 to 6

    Raises
    ------
    OptionError, if a value breaks its rule.

    Examples
    --------
    >>> scale = ReportingScale(10.0, 50.0, 20.0, 80.0, decimals=0)
    >>> scale.display(np.array([0.0, -0.04, 9.0]), cuts=(Cut(0.0),))
    array([50., 49., 80.])
    """

    slope: float
    intercept: float
    floor: float | None = None
    ceiling: float | None = None
    decimals: int = 1

    def __post_init__(self) -> None:
        if not (np.isfinite(self.slope) and self.slope > 0 and np.isfinite(self.intercept)):
            raise OptionError(
                f"a scale must have a slope greater than 0 and a finite intercept; "
                f"got {self.slope} and {self.intercept}"
            )
        if not 0 <= self.decimals <= MOST_DECIMALS:
            raise OptionError(f"a scale's decimals must be in 0..{MOST_DECIMALS}; got {self.decimals}")
        ends = [end for end in (self.floor, self.ceiling) if end is not None]
        if any(round(end, self.decimals) != end for end in ends):
            raise OptionError(
                f"a scale's floor and ceiling must have at most its {self.decimals} decimals; "
                f"got {self.floor} and {self.ceiling}"
            )
        if ends != sorted(set(ends)) or not np.isfinite(ends).all():
            raise OptionError(
                f"a scale's floor must be below its ceiling; got {self.floor} and {self.ceiling}"
            )

    def exact(self, theta: ArrayLike) -> Floats:
        """Return (N,) scale scores as they are: not rounded, not kept within the ends."""
        return np.asarray(self.intercept + self.slope * np.asarray(theta, dtype=np.float64))

    def display(self, theta: ArrayLike, cuts: Sequence[Cut] = ()) -> Floats:
        """Return (N,) scale scores to show: rounded, within the ends, on the decision's side of each cut.

        The displayed cut is the cut rounded. A score on or above the cut is shown at least as high as the
        displayed cut, a score below it at least one displayed unit lower: what is shown never contradicts
        the decision.

        Parameters
        ----------
        theta : (N,) unrounded estimates; an infinity is shown as the floor or the ceiling

        Raises
        ------
        OptionError, if two cuts, or a cut and an end, are too close to show all classes apart.
        """
        estimates = np.asarray(theta, dtype=np.float64)
        unit = 10.0**-self.decimals
        shown = np.round(self.exact(estimates), self.decimals)
        low = -np.inf if self.floor is None else self.floor
        high = np.inf if self.ceiling is None else self.ceiling
        shown = np.clip(shown, low, high)
        ordered = sorted(cuts, key=lambda cut: cut.theta)
        lines = [self.displayed_cut(cut) for cut in ordered]
        borders = [low, *lines, high]
        for number, (lower, upper) in enumerate(pairwise(borders)):
            least = 0.0 if number == len(lines) else unit / 2  # the cut itself belongs to the class above it
            if upper - lower < least:
                raise OptionError(
                    f"the class between {lower:g} and {upper:g} cannot be shown with {self.decimals} "
                    f"decimals; show more decimals, or move the cut or the end"
                )
        for cut, line in zip(ordered, lines, strict=True):
            above = estimates >= cut.theta
            shown = np.where(above, np.maximum(shown, line), np.minimum(shown, line - unit))
        return np.asarray(np.round(np.where(np.isnan(estimates), np.nan, shown), self.decimals))

    def displayed_cut(self, cut: Cut) -> float:
        """Return the cut as a scale score, rounded for display."""
        return float(np.round(self.exact(cut.theta), self.decimals))

    def sem(self, sem: ArrayLike) -> Floats:
        """Return (N,) standard errors in scale points."""
        return np.asarray(self.slope * np.asarray(sem, dtype=np.float64))


def classify(theta: ArrayLike, cuts: Sequence[Cut]) -> Rows:
    """Return (N,) how many cuts each unrounded estimate (N,) reaches: 0 below all of them; -1 where nan."""
    estimates = np.asarray(theta, dtype=np.float64)
    reached = np.searchsorted(np.sort([cut.theta for cut in cuts]), estimates, side="right")
    return np.where(np.isnan(estimates), -1, reached).astype(np.intp)


def passes(theta: ArrayLike, cut: Cut) -> Bools:
    """Return (N,) whether each unrounded estimate (N,) is at or above the cut; False where nan."""
    return np.asarray(np.asarray(theta, dtype=np.float64) >= cut.theta)


class Band(IntEnum):
    """Where a part of the test places a person, its error of measurement considered."""

    NOT_ENOUGH_ITEMS = -2
    NO_ESTIMATE = -1
    BELOW = 0
    NEAR = 1
    ABOVE = 2

    @property
    def label(self) -> str:
        """The words shown: Above, Near, Below, not enough items, no estimate."""
        words = self.name.lower().replace("_", " ")
        return words.capitalize() if self >= Band.BELOW else words


def bands(theta: ArrayLike, sem: ArrayLike, n_items: ArrayLike, cut: Cut) -> NDArray[np.int8]:
    """Return (N,) a `Band` each: Above if theta - sem > cut, Below if theta + sem < cut, else Near.

    Fewer than six items are not enough. An infinite theta, of a constant pattern, is on its side.

    Parameters
    ----------
    theta, sem : (N,) logits, of the part; sem is nan where theta is infinite
    n_items : (N,) responses in the part
    """
    estimate, error = np.asarray(theta, dtype=np.float64), np.asarray(sem, dtype=np.float64)
    margin = np.where(np.isinf(estimate), 0.0, error)
    chosen = np.select(
        [
            np.asarray(n_items) < BAND_ITEMS,
            np.isnan(estimate) | np.isnan(margin),
            estimate - margin > cut.theta,
            estimate + margin < cut.theta,
        ],
        [Band.NOT_ENOUGH_ITEMS, Band.NO_ESTIMATE, Band.ABOVE, Band.BELOW],
        Band.NEAR,
    )
    return chosen.astype(np.int8)
