"""Criteria that match an item's place on the scale with the estimate.

ClosestDifficulty : Urry's rule
ThetaOptimal : by the theta where the item's information is largest
UpAndDown : Wright's rule, by hand with difficulties alone
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from adaptest.errors import OptionError
from adaptest.models import LogisticItems
from adaptest.models.base import Floats, Rows
from adaptest.scoring.wright import next_difficulty
from adaptest.selection.base import CRITERION_DECIMALS, Bounds, any_setting, comparable
from adaptest.selection.peak import peak
from adaptest.selection.situation import Setting, Situation

HELD = 256  # items held for each gap; a sitting that needs more is scanned in full
SAFETY = 1e-9  # added to every bound: more than rounding to 9 decimals


@dataclass(frozen=True, slots=True)
class ClosestDifficulty:
    r"""Minus the distance between difficulty and estimate, logits.

    .. math:: -|b_j - \hat\theta|

    An item that has no one difficulty stands where its information is largest.

    References
    ----------
    Urry (1970), A Monte Carlo investigation of logistic test models, Purdue University.
    """

    words: ClassVar[str] = "minus the distance between the item's difficulty and the estimate, logits"
    proportionate: ClassVar[bool] = False
    check = any_setting

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J); see Criterion."""
        return comparable(_distance(situation.theta, difficulty(situation.setting)), situation.eligible)

    def bounds(self, setting: Setting) -> Bounds:
        """Return the items in order of difficulty, from each midpoint outward."""
        return DistanceBounds.of(difficulty(setting))


@dataclass(frozen=True, slots=True)
class ThetaOptimal:
    r"""Minus the distance between the theta where the item is at its best and the estimate, logits.

    .. math:: -|\theta^*_j - \hat\theta|

    References
    ----------
    Barrada, Mazuela & Olea (2006), Psicothema 18(1), 156-159; Magis & Barrada (2017), Journal of
    Statistical Software, Code Snippets 76(1).
    """

    words: ClassVar[str] = "minus the distance between where the item informs most and the estimate, logits"
    proportionate: ClassVar[bool] = False
    check = any_setting

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J); see Criterion."""
        return comparable(_distance(situation.theta, peak(situation.setting).theta), situation.eligible)

    def bounds(self, setting: Setting) -> Bounds:
        """Return the items in order of their best theta, from each midpoint outward."""
        return DistanceBounds.of(peak(setting).theta)


@dataclass(frozen=True, slots=True)
class UpAndDown:
    r"""Minus the distance between difficulty and a target that moves by 2/n logits, logits.

    .. math:: -|b_j - t_n|, \quad t_n = b_{last} \pm 2/n

    up after a right answer, down after a wrong one, n answers so far; before the first the target is the
    estimate. No ability is looked at between.

    References
    ----------
    Wright (1988), Practical adaptive testing, Rasch Measurement Transactions 2(2), 21.
    """

    words: ClassVar[str] = (
        "minus the distance between the item's difficulty and a target that moves by 2/n logits, logits"
    )
    proportionate: ClassVar[bool] = False

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J); see Criterion."""
        place, n = difficulty(situation.setting), situation.length
        target = situation.theta
        if n:
            last = place[situation.rows[:, -1]]
            target = np.round(next_difficulty(last, n, situation.scores[:, -1]), CRITERION_DECIMALS)
        return comparable(_distance(target, place), situation.eligible)

    def bounds(self, setting: Setting) -> None:  # noqa: ARG002 (one signature for every criterion)
        """Return None: the estimate is not what it goes by."""
        return

    def check(self, setting: Setting) -> None:
        """Raise unless every item is scored right or wrong."""
        many = np.flatnonzero(setting.items.categories > 2)  # noqa: PLR2004 (right and wrong)
        if many.size:
            raise OptionError(
                "criterion up_and_down: every item must be scored 0 or 1; got item"
                f" {setting.items.ids[many[0]]!r} with {setting.items.categories[many[0]]} categories"
            )


def difficulty(setting: Setting) -> Floats:
    """Return (J,) difficulties, logits; where an item informs most if it has no one difficulty."""

    def make() -> Floats:
        items = setting.items
        if all(isinstance(block, LogisticItems) for block in items.blocks):
            place = np.empty(len(items))
        else:
            place = peak(setting).theta.copy()
        for block in items.blocks:
            if isinstance(block, LogisticItems):
                place[[items.row[item] for item in block.ids]] = block.b
        return place

    return setting.kept("difficulty", make)


def _distance(theta: Floats, place: Floats) -> Floats:
    """Return (N, J) minus the distances."""
    return -np.abs(theta[:, None] - place)


@dataclass(frozen=True, slots=True, eq=False)
class DistanceBounds:
    """Items by their distance from theta, exact; a cell is the gap between neighbouring places.

    From anywhere in a gap the items below it lie at least as far as from its low end, those above as far
    as from its high end. The `reach` items nearest in rank are held for each gap, and the nearest of all
    others bounds the rest.

    Attributes
    ----------
    place : (J,) where each item stands, logits
    sorted_rows : (J,) items by place
    edges : (J + 2,) their places, ascending, between -inf and inf
    """

    place: Floats
    sorted_rows: Rows
    edges: Floats

    @classmethod
    def of(cls, place: Floats) -> DistanceBounds:
        """Return the table of items that stand at `place` (J,)."""
        rows = np.argsort(place, kind="stable")
        return cls(place, rows, np.concatenate([[-np.inf], place[rows], [np.inf]]))

    @property
    def reach(self) -> int:
        """How many items are held for each gap."""
        return min(HELD, len(self.place))

    def cell(self, theta: Floats) -> Rows:
        """Return (N,) how many items stand below each theta."""
        return np.searchsorted(self.edges[1:-1], theta)

    def order(self, cell: Rows, start: int, stop: int) -> Rows:
        """Return (N, stop - start) items by falling bound."""
        ranks, upper, _ = self._held(cell)
        order = np.argsort(-upper, axis=1, kind="stable")[:, start:stop]
        return self.sorted_rows[np.take_along_axis(ranks, order, axis=1)]

    def bound(self, cell: Rows, place: Rows) -> Floats:
        """Return (N,) what no item at `place` (N,) of the order, nor after it, can exceed once rounded."""
        _, upper, others = self._held(cell)
        held = np.concatenate([-np.sort(-upper, axis=1), np.full((len(cell), 1), -np.inf)], axis=1)
        bound: Floats = np.maximum(held[np.arange(len(cell)), place], others) + SAFETY
        return bound

    def first(self, cell: int, theta: float, stop: int) -> tuple[Rows, Floats, float]:
        """Return (stop,) items of the order, their values, and the bound of all others; see Bounds."""
        at = np.array([cell])
        rows = self.order(at, 0, stop)
        return rows[0], self.value(np.array([theta]), rows)[0], float(self.bound(at, np.array([stop]))[0])

    def few(self, theta: float, able: Callable[[int], bool], size: int) -> list[tuple[float, int]] | None:  # noqa: ARG002 (as Bounds says)
        """Return None; see Bounds."""
        return None

    def value(self, theta: Floats, rows: Rows) -> Floats:
        """Return (N, M) rounded distances of items `rows` (N, M), negative."""
        distance: Floats = -np.abs(theta[:, None] - self.place[rows])
        return distance.round(CRITERION_DECIMALS)

    def _held(self, cell: Rows) -> tuple[Rows, Floats, Floats]:
        """Return (N, M) ranks held and their bounds, and (N,) the bound of all others."""
        j, m = len(self.place), self.reach
        first = np.clip(cell - m // 2, 0, j - m)
        ranks = first[:, None] + np.arange(m)
        # the gap below the first place has no low end and the last gap no high one: nothing lies beyond them
        low, high = self.edges[np.maximum(cell, 1)], self.edges[np.minimum(cell + 1, j)]
        at = self.edges[ranks + 1]
        upper = -np.maximum(np.maximum(low[:, None] - at, at - high[:, None]), 0.0)
        others = np.maximum(self.edges[first] - low, high - self.edges[first + m + 1])
        return ranks, upper, others
