"""Which of the best items a sitting gets.

Best : the best one.
Randomesque : one of the best few, by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from adaptest.errors import OptionError
from adaptest.models.base import Floats, Rows
from adaptest.selection.base import Candidates, Criterion
from adaptest.selection.situation import Setting, Situation


@dataclass(frozen=True, slots=True)
class Best:
    """The item with the highest criterion; `tie` draws among equal ones."""

    def reach(self, length: int) -> int:  # noqa: ARG002 (one signature for every picker)
        """Return 1."""
        return 1

    def __call__(
        self,
        candidates: Candidates,
        choice: Floats,
        tie: Floats,
        situation: Situation,  # noqa: ARG002 (likewise)
    ) -> Rows:
        """Return (N,) columns; see Picker."""
        if len(choice) == 1:
            return _at_rank_of_one(candidates.value[0].tolist(), 0, tie)
        return _at_rank(candidates.value, np.zeros(len(choice), dtype=np.intp), tie)

    def check(self, setting: Setting, criterion: Criterion) -> None:
        """Allow every setting and criterion."""


@dataclass(frozen=True, slots=True)
class Randomesque:
    """Draw at random among the `size` best items.

    `choice` draws a rank and `tie` one of the items whose criterion equals the
    one at that rank: each of the best `size` is as likely as the others, and
    items that tie for the last place share it.

    With a `schedule` the size goes by the item's place: 5, 4, 3, 2, 1 draws the first among five, the
    second among four, and from the fifth on takes the best.

    References
    ----------
    Kingsbury & Zara (1989), Applied Measurement in Education 2(4), 359-375; McBride & Martin (1983), in
    Weiss, New horizons in testing, 223-236 (the schedule).
    """

    size: int = 5
    schedule: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 1:
            raise OptionError(f"picker randomesque: size must be at least 1; got {self.size}")
        if self.schedule and min(self.schedule) < 1:
            raise OptionError(
                f"picker randomesque: schedule must hold sizes of at least 1; got {min(self.schedule)}"
            )

    def reach(self, length: int) -> int:
        """Return how many of the best it chooses from: `size`, or what the schedule says."""
        return self.schedule[min(length, len(self.schedule) - 1)] if self.schedule else self.size

    def __call__(self, candidates: Candidates, choice: Floats, tie: Floats, situation: Situation) -> Rows:
        """Return (N,) columns; see Picker."""
        most = self.reach(situation.length)
        if len(choice) == 1:  # the same with fewer calls
            held = candidates.value[0].tolist()
            size = min(most, len(held) - held.count(-inf))
            return _at_rank_of_one(held, int(choice[0] * size), tie)
        value = candidates.value
        if value.shape[1] >= most and value[:, most - 1].min(initial=0.0) > -np.inf:  # as many as it wants
            return _at_rank(value, (choice * most).astype(np.intp), tie)
        fewer = np.minimum(most, (value > -np.inf).sum(axis=1))
        return _at_rank(value, (choice * fewer).astype(np.intp), tie)

    def check(self, setting: Setting, criterion: Criterion) -> None:
        """Allow every setting and criterion."""


def _at_rank_of_one(held: list[float], rank: int, tie: Floats) -> Rows:
    """Return what `_at_rank` returns for one sitting, of its values, with fewer calls."""
    wanted = held[rank]
    return np.array([held.index(wanted) + int(tie[0] * held.count(wanted))], dtype=np.intp)


def _at_rank(value: Floats, rank: Rows, tie: Floats) -> Rows:
    """Return (N,) one of the columns whose value equals that at `rank`, drawn by `tie`."""
    if not ((value[:, 1:] == value[:, :-1]) & (value[:, 1:] > -np.inf)).any():
        return rank  # values fall: no two are equal
    wanted = value[np.arange(len(value)), rank][:, None]
    first = (value > wanted).sum(axis=1)
    equal = (value == wanted).sum(axis=1)
    columns: Rows = first + (tie * equal).astype(np.intp)
    return columns
