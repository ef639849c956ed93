"""Who sits a simulated exam: abilities that depend on the study's seed and a simulee's number alone.

Normal, Uniform : drawn from a distribution.
Grid : the same number at each of some points.
Given : abilities from a file, as they stand.
Resampled : drawn with replacement from people who were scored, each within the error of its estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from adaptest.errors import OptionError
from adaptest.models.base import Floats, Rows
from adaptest.numerics.random import Stream, uniform

HALF_STEP = 2.0**-54  # keeps a uniform of [0, 1) away from 0, where the normal quantile is infinite


class Simulees(Protocol):
    """N simulees by number."""

    @property
    def n(self) -> int:
        """How many."""
        ...

    @property
    def label(self) -> str:
        """Who they are, in words."""
        ...

    @property
    def points(self) -> tuple[float, ...]:
        """The few abilities that they have; () where there are many."""
        ...

    def theta(self, seed: int, index: Rows) -> Floats:
        """Return (n,) true abilities of the simulees with numbers `index` (n,), logits."""
        ...


@dataclass(frozen=True, slots=True)
class Normal:
    """Abilities drawn from a normal distribution."""

    n: int
    mean: float = 0.0
    sd: float = 1.0

    def __post_init__(self) -> None:
        require_count(self.n)
        if not (np.isfinite([self.mean, self.sd]).all() and self.sd > 0):
            raise OptionError(
                f"theta normal: mean must be finite and sd greater than 0; got {self.mean:g}, {self.sd:g}"
            )

    @property
    def label(self) -> str:
        """Who they are, in words."""
        return f"normal, mean {self.mean:g}, standard deviation {self.sd:g}"

    @property
    def points(self) -> tuple[float, ...]:
        """None."""
        return ()

    def theta(self, seed: int, index: Rows) -> Floats:
        """Return (n,) logits; see Simulees."""
        return self.mean + self.sd * normal_draws(seed, Stream.ABILITY, index)


@dataclass(frozen=True, slots=True)
class Uniform:
    """Abilities drawn evenly between two ends."""

    n: int
    low: float = -3.0
    high: float = 3.0

    def __post_init__(self) -> None:
        require_count(self.n)
        if not (np.isfinite([self.low, self.high]).all() and self.low < self.high):
            raise OptionError(f"theta uniform: low must be below high; got {self.low:g}, {self.high:g}")

    @property
    def label(self) -> str:
        """Who they are, in words."""
        return f"uniform from {self.low:g} to {self.high:g}"

    @property
    def points(self) -> tuple[float, ...]:
        """None."""
        return ()

    def theta(self, seed: int, index: Rows) -> Floats:
        """Return (n,) logits; see Simulees."""
        return self.low + (self.high - self.low) * uniform(seed, Stream.ABILITY, index)


@dataclass(frozen=True, slots=True)
class Grid:
    """The same number of simulees at each point; they arrive by turns, one of each point after the other."""

    points: tuple[float, ...]
    each: int

    def __post_init__(self) -> None:
        require_count(self.each)
        if not self.points or not np.isfinite(self.points).all() or len(set(self.points)) < len(self.points):
            raise OptionError("theta grid: points must be finite, and each must stand once")

    @classmethod
    def over(cls, low: float, high: float, points: int, at_least: int) -> Grid:
        """Return equally spaced points with the same number at each, `at_least` simulees in all."""
        if points < 2 or not low < high:  # noqa: PLR2004 (an interval has two ends)
            raise OptionError(f"theta grid: must be LOW:HIGH:POINTS; got {low:g}:{high:g}:{points}")
        each = -(-at_least // points)
        return cls(tuple(np.round(np.linspace(low, high, points), 9).tolist()), each)

    @property
    def n(self) -> int:
        """How many in all."""
        return self.each * len(self.points)

    @property
    def label(self) -> str:
        """Who they are, in words."""
        low, high = min(self.points), max(self.points)
        return f"{self.each} at each of {len(self.points)} points from {low:g} to {high:g}"

    def theta(self, seed: int, index: Rows) -> Floats:  # noqa: ARG002 (one signature)
        """Return (n,) logits; see Simulees."""
        return np.array(self.points)[index % len(self.points)]


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """Abilities as they were given, one simulee each."""

    abilities: Floats
    name: str = "given"

    def __post_init__(self) -> None:
        require_count(len(self.abilities))
        if not np.isfinite(self.abilities).all():
            raise OptionError("theta: every simulee's theta must be finite")

    @property
    def n(self) -> int:
        """How many."""
        return len(self.abilities)

    @property
    def label(self) -> str:
        """Who they are, in words."""
        return self.name

    @property
    def points(self) -> tuple[float, ...]:
        """None."""
        return ()

    def theta(self, seed: int, index: Rows) -> Floats:  # noqa: ARG002 (one signature)
        """Return (n,) logits; see Simulees."""
        return self.abilities[index]


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """Abilities of scored people, drawn with replacement, each from its own normal posterior.

    Estimates alone would be too narrow a population: the variance of posterior means and the mean posterior
    variance add up to the variance of ability.

    Attributes
    ----------
    estimates, sem : (P,) posterior mean and standard deviation of each person, logits
    """

    n: int
    estimates: Floats
    sem: Floats
    name: str = "scored people"

    def __post_init__(self) -> None:
        require_count(self.n)
        if not (len(self.estimates) and np.isfinite(self.estimates).all() and (self.sem >= 0).all()):
            raise OptionError("theta: every person resampled must have a finite theta and sem")

    @property
    def label(self) -> str:
        """Who they are, in words."""
        return f"resampled from {len(self.estimates)} people of {self.name}, each within its error"

    @property
    def points(self) -> tuple[float, ...]:
        """None."""
        return ()

    def theta(self, seed: int, index: Rows) -> Floats:
        """Return (n,) logits; see Simulees."""
        who = (uniform(seed, Stream.ABILITY, index, 1) * len(self.estimates)).astype(np.intp)
        return self.estimates[who] + self.sem[who] * normal_draws(seed, Stream.ABILITY, index)


def require_count(n: int) -> None:
    """Raise unless there is somebody."""
    if n < 1:
        raise OptionError(f"simulees: must be at least 1; got {n}")


def normal_draws(
    seed: int | NDArray[np.uint64], stream: Stream, position: Rows | int, draw: Rows | int = 0
) -> Floats:
    """Return standard normal draws by their names, as `uniform` takes them."""
    drawn: Floats = ndtri(uniform(seed, stream, position, draw) + HALF_STEP)
    return drawn
