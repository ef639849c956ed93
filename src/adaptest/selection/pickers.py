"""Which of the best items a sitting gets.

Best : the best one.
Randomesque : one of the best few, by chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.errors import OptionError
from adaptest.models.base import Floats, Rows
from adaptest.selection.base import Candidates, Criterion, Found
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
            return np.array([_at_rank_of_one(candidates.found, 0, tie.item())], dtype=np.intp)
        return _at_rank(candidates, np.zeros(len(choice), dtype=np.intp), tie)

    def of_one(self, found: Found, length: int, choice: float, tie: float) -> int:  # noqa: ARG002 (likewise)
        """Return the column; see Picker."""
        return _at_rank_of_one(found, 0, tie)

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
            column = self.of_one(candidates.found, situation.length, choice.item(), tie.item())
            return np.array([column], dtype=np.intp)
        value = candidates.value
        if value.shape[1] >= most and value[:, most - 1].min(initial=0.0) > -np.inf:  # as many as it wants
            return _at_rank(candidates, (choice * most).astype(np.intp), tie)
        fewer = np.minimum(most, (value > -np.inf).sum(axis=1))
        return _at_rank(candidates, (choice * fewer).astype(np.intp), tie)

    def of_one(self, found: Found, length: int, choice: float, tie: float) -> int:
        """Return the column; see Picker."""
        most = self.reach(length) if self.schedule else self.size
        return _at_rank_of_one(found, int(choice * min(most, len(found))), tie)

    def check(self, setting: Setting, criterion: Criterion) -> None:
        """Allow every setting and criterion."""


def _at_rank_of_one(found: Found, rank: int, tie: float) -> int:
    """Return what `_at_rank` returns for one sitting, with fewer calls."""
    wanted, first, beyond = found[rank][0], rank, rank + 1
    while first and found[first - 1][0] == wanted:
        first -= 1
    while beyond < len(found) and found[beyond][0] == wanted:
        beyond += 1
    return first + int(tie * (beyond - first))


def _at_rank(candidates: Candidates, rank: Rows, tie: Floats) -> Rows:
    """Return (N,) one of the columns whose value equals that at `rank`, drawn by `tie`."""
    if not candidates.tied:
        return rank
    value = candidates.value
    wanted = value[np.arange(len(value)), rank][:, None]
    first = (value > wanted).sum(axis=1)
    equal = (value == wanted).sum(axis=1)
    columns: Rows = first + (tie * equal).astype(np.intp)
    return columns
