"""A case: what to compute, what somebody else got, and how close is close."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

LAST_BITS = 1e-15
NOTHING = 1e-9  # a difference below is rounding, and differs from machine to machine
CLOSE = 1e-6  # where a case names no tolerance of its own


class NotComputedError(Exception):
    """Raised inside this room for what we do not compute; the sentence is the reason of the skip."""


@dataclass(frozen=True, slots=True)
class Case:
    """A case in the shape of a reference file.

    Attributes
    ----------
    id : as the file says
    kind : of a theta case: what is to be computed; "" in a calibration case, whose model says it
    program : whose numbers these are, as the page names it
    source : where they stand
    inputs : of a theta case
    model : of a calibration case, in the words of its file
    data : of a calibration case: a name of `RESPONSES` or a path
    expected : the numbers; tolerance : by name
    """

    id: str
    program: str
    source: str
    expected: Mapping[str, Any]
    tolerance: Mapping[str, float] = field(default_factory=dict)
    kind: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    data: str | None = None

    def close(self, *names: str, otherwise: float = CLOSE) -> float:
        """Return the first tolerance of these names that the case has."""
        for name in (*names, "all", "abs"):
            if name in self.tolerance:
                return float(self.tolerance[name])
        return otherwise


@dataclass(frozen=True, slots=True)
class Context:
    """What cases refer to.

    Attributes
    ----------
    banks : item banks by name, as the file of theta cases has them
    root : folder that a data path is relative to; None for the cases that are built in
    """

    banks: Mapping[str, Any]
    root: Path | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """One or several numbers of one name; where they are several, the one that is furthest off.

    Attributes
    ----------
    what : its name
    ours, theirs : the two
    difference : ours less theirs, absolute, or relative where `relative`
    tolerance : how large it may be
    count : how many numbers of that name were compared
    """

    what: str
    ours: float
    theirs: float
    difference: float
    tolerance: float
    relative: bool
    count: int

    @property
    def close(self) -> bool:
        """Whether it is within the tolerance, but for the last bits."""
        size = 1.0 if self.relative else max(1.0, abs(self.theirs))
        return bool(self.difference <= self.tolerance + LAST_BITS * size)


def number(
    what: str, ours: ArrayLike, theirs: ArrayLike, tolerance: float, *, relative: bool = False
) -> Number:
    """Return the furthest of two arrays of one shape; cells where theirs is missing are not compared."""
    mine, given = (np.asarray(x, dtype=np.float64).ravel() for x in (ours, theirs))
    if mine.shape != given.shape:
        raise NotComputedError(f"{what} has {given.size} numbers where {mine.size} were computed")
    known = ~np.isnan(given)
    mine, given = mine[known], given[known]
    if not given.size:
        raise NotComputedError(f"{what} has no number")
    apart = np.abs(mine - given)
    if relative:
        apart /= np.maximum(np.abs(given), np.finfo(float).tiny)
    apart = np.where(np.isnan(apart), np.inf, apart)
    k = int(np.argmax(np.where(apart < NOTHING, 0.0, apart)))  # rounding names no furthest
    return Number(
        what, float(mine[k]), float(given[k]), float(apart[k]), float(tolerance), relative, given.size
    )


@dataclass(frozen=True, slots=True)
class Checked:
    """A case with what came of it.

    Attributes
    ----------
    method : what was computed, as the page names it
    numbers : compared; empty where it was skipped
    skipped : why nothing was compared; "" where something was
    """

    case: Case
    method: str
    numbers: tuple[Number, ...]
    skipped: str = ""

    @property
    def passed(self) -> bool:
        """Whether every number is within its tolerance."""
        return not self.skipped and all(one.close for one in self.numbers)
