r"""Pickers that leave much to chance early and little late.

Progressive : a random part of each item's value falls from all to none
Proportional : chances go by a power of the value that grows from 0

Both go by the item's place q among the L of the longest sitting and by an acceleration t:

.. math:: W_q = \sum_{f=1}^{q} (f-1)^t \Big/ \sum_{f=1}^{L} (f-1)^t

so that :math:`W_1 = 0` and :math:`W_L = 1`; t = 0 is a straight line, a greater t keeps chance for longer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.errors import OptionError
from adaptest.models.base import Floats, Rows
from adaptest.numerics.random import Stream, uniform_each
from adaptest.selection.base import CRITERION_DECIMALS, Candidates, Criterion, Found
from adaptest.selection.situation import Setting, Situation


@dataclass(frozen=True, slots=True)
class Progressive:
    r"""The item with the highest sum of a random part and its criterion.

    .. math:: (1 - W_q) R_j + W_q I_j

    with R drawn for each item between 0 and the largest criterion of any item that may come next.

    References
    ----------
    Revuelta & Ponsoda (1998), Journal of Educational Measurement 35(4), 311-327; Barrada, Olea, Ponsoda &
    Abad (2008), British Journal of Mathematical and Statistical Psychology 61(2), 493-513 (W).
    """

    acceleration: float = 1.0

    def __post_init__(self) -> None:
        _check_acceleration("progressive", self.acceleration)

    def reach(self, length: int) -> None:  # noqa: ARG002 (one signature for every picker)
        """Return None: any item may be drawn."""
        return

    def __call__(
        self,
        candidates: Candidates,
        choice: Floats,  # noqa: ARG002 (one signature for every picker)
        tie: Floats,
        situation: Situation,
    ) -> Rows:
        """Return (N,) columns; see Picker."""
        value, there = candidates.value, candidates.value > -np.inf
        share = progress(situation.length, situation.setting.maximum, self.acceleration)
        j = situation.eligible.shape[1]
        drawn = uniform_each(situation.seed, Stream.PROGRESSIVE, situation.length, j)
        drawn = np.take_along_axis(drawn, np.maximum(candidates.rows, 0), axis=1)
        mixed = (1 - share) * (drawn * value[:, :1]) + share * np.where(there, value, 0.0)
        mixed = np.where(there, np.round(mixed, CRITERION_DECIMALS), -np.inf)
        best = mixed == mixed.max(axis=1, keepdims=True)
        wanted = (tie * best.sum(axis=1)).astype(np.intp)
        return np.asarray((best.cumsum(axis=1) > wanted[:, None]).argmax(axis=1), dtype=np.intp)

    def of_one(self, found: Found, length: int, choice: float, tie: float) -> None:  # noqa: ARG002 (as Picker)
        """Return None; see Picker."""
        return

    def check(self, setting: Setting, criterion: Criterion) -> None:
        """Raise without a maximum length, and where a criterion may be negative."""
        check_progress("progressive", setting, criterion)


@dataclass(frozen=True, slots=True)
class Proportional:
    r"""An item drawn with a chance that goes by a power of its criterion.

    .. math:: \Pr(j) \propto I_j^{H_q}, \quad H_q = L\,W_q

    References
    ----------
    Barrada, Olea, Ponsoda & Abad (2008), British Journal of Mathematical and Statistical Psychology 61(2),
    493-513; after Segall (2004), Encyclopedia of Social Measurement 1, 429-438.
    """

    acceleration: float = 1.0

    def __post_init__(self) -> None:
        _check_acceleration("proportional", self.acceleration)

    def reach(self, length: int) -> None:  # noqa: ARG002 (one signature for every picker)
        """Return None: any item may be drawn."""
        return

    def __call__(
        self,
        candidates: Candidates,
        choice: Floats,
        tie: Floats,  # noqa: ARG002 (one signature for every picker)
        situation: Situation,
    ) -> Rows:
        """Return (N,) columns; see Picker."""
        value, maximum = candidates.value, situation.setting.maximum
        power = (maximum or 0) * progress(situation.length, maximum, self.acceleration)
        best = np.where(value[:, :1] > 0, value[:, :1], 1.0)
        there = value > -np.inf
        ratio = np.where(value[:, :1] > 0, np.where(there, value, 0.0) / best, 1.0)
        reached = np.where(there, ratio**power, 0.0).cumsum(axis=1)
        column = (reached <= choice[:, None] * reached[:, -1:]).sum(axis=1)
        last = there.sum(axis=1) - 1  # where rounding of a product would go one too far
        return np.asarray(np.minimum(column, last), dtype=np.intp)

    def of_one(self, found: Found, length: int, choice: float, tie: float) -> None:  # noqa: ARG002 (as Picker)
        """Return None; see Picker."""
        return

    def check(self, setting: Setting, criterion: Criterion) -> None:
        """Raise without a maximum length, and where a criterion may be negative."""
        check_progress("proportional", setting, criterion)


def progress(length: int, maximum: int | None, acceleration: float) -> float:
    """Return W of the item that follows `length` others: 0 for the first, 1 for the last."""
    if not length:
        return 0.0
    steps = np.arange(1, max(maximum or 0, length + 1), dtype=np.float64) ** acceleration
    return float(np.add.reduce(steps[:length]) / np.add.reduce(steps))


def check_progress(name: str, setting: Setting, criterion: Criterion) -> None:
    """Raise without a maximum length, and where a criterion may be negative."""
    if setting.maximum is None:
        raise OptionError(
            f"picker {name}: goes by the item's place and needs a maximum length; give length.maximum"
        )
    if not criterion.proportionate:
        raise OptionError(
            f"picker {name}: goes by how large criteria are and needs one that is never negative, such as"
            f" information; got one that is {criterion.words}"
        )


def _check_acceleration(name: str, acceleration: float) -> None:
    if not acceleration >= 0:
        raise OptionError(f"picker {name}: acceleration must be 0 or more; got {acceleration:g}")
