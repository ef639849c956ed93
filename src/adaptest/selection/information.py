"""Maximum Fisher information: at the estimate, and at the cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import compress
from math import exp, floor, inf
from typing import ClassVar, NamedTuple

import numpy as np

from adaptest.errors import OptionError
from adaptest.models import LogisticItems
from adaptest.models.base import Floats, Rows
from adaptest.models.sigmoid import WIDEST, sigmoid_pair
from adaptest.parameters import ItemParameters
from adaptest.selection.base import CRITERION_DECIMALS, Bounds, Found, comparable, no_bounds
from adaptest.selection.situation import Setting, Situation

CELL = 0.025  # logits
RANGE = 6.0  # logits either side of 0; one more cell on each side has no end
HELD = 256  # items a cell holds; a sitting that needs more is scanned in full
FURTHEST = 40.0  # logits; no estimate lies beyond
AT_HAND = 64  # of them as plain numbers, for one sitting
TOGETHER = 8  # neighbouring cells of which that is made at once: theta will come to them
CELLS_BELOW = round(RANGE / CELL) + 1  # cells below 0
TENS = 10.0**CRITERION_DECIMALS  # last digits in a unit of a criterion
DOUBT = 1e-3  # of a last digit: how near to where its rounding turns a value is in doubt
CERTAIN = 0.5 - DOUBT
MOST = 100.0  # above, 60 ulp of a value's last digits are more than DOUBT
TURN = 1.5 * 2.0**52  # a number below 2^50, added to this, is rounded to a whole one
SAFETY = 1e-9  # added to every bound: more than rounding to 9 decimals and 60 ulp together

Line = tuple[float, int, float, float, float, float, float]  # bound, row, a, b, guess, slip, a² in digits


class AtHand(NamedTuple):
    """The first items of a cell as plain numbers: their rows, their lines, and the bound of all others."""

    rows: list[int]
    lines: list[Line]
    others: float


@dataclass(frozen=True, slots=True)
class FisherInformation:
    """Information about theta at the estimate.

    References
    ----------
    Lord (1980), Applications of item response theory to practical testing problems, chapter 10.
    """

    words: ClassVar[str] = "Fisher information about theta at the estimate"
    proportionate: ClassVar[bool] = True

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J) information at each sitting's theta; see Criterion."""
        return comparable(situation.setting.items.information(situation.theta), situation.eligible)

    def bounds(self, setting: Setting) -> Bounds | None:
        """Return the table of theta cells, where every item is logistic."""
        items = setting.items
        logistic = [block for block in items.blocks if isinstance(block, LogisticItems)]
        if len(logistic) < len(items.blocks) or not len(items):
            return None
        return InformationBounds.of(items, logistic)

    def check(self, setting: Setting) -> None:
        """Allow every setting."""


@dataclass(frozen=True, slots=True)
class InformationAtCut:
    """Information about theta at a cut: the item that tells the two sides of it apart best.

    Of several cuts, the one nearest to the estimate; of two as near, the lower. Without `cuts` it is the
    exam's own.

    References
    ----------
    Spray & Reckase (1996), Journal of Educational and Behavioral Statistics 21(4), 405-414.
    """

    cuts: tuple[float, ...] = ()
    words: ClassVar[str] = "Fisher information about theta at the cut"
    proportionate: ClassVar[bool] = True
    bounds = no_bounds

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J) information at each sitting's nearest cut; see Criterion."""
        setting = situation.setting
        cuts = np.sort(np.array(self.cuts or setting.cuts))
        table = setting.kept(("at cuts", *cuts.tolist()), lambda: setting.items.information(cuts))
        distance = np.abs(situation.theta[:, None] - cuts)
        nearest = np.round(distance, CRITERION_DECIMALS).argmin(axis=1)
        return comparable(table[nearest], situation.eligible)

    def check(self, setting: Setting) -> None:
        """Raise without a cut."""
        if not (self.cuts or setting.cuts):
            raise OptionError(
                "criterion information_at_cut: needs a cut; give cuts, or the exam's own as reporting.cut"
            )


@dataclass(frozen=True, slots=True, eq=False)
class InformationBounds:
    """The most information each item gives anywhere in each cell of theta.

    Information of a logistic item has one peak, so on an interval it is largest at an end, or at the peak
    if that lies inside; on a half-line it is largest at the end or at the peak.

    Attributes
    ----------
    columns : (5, J) a, b, guess, slip and squared a of each item, as its family computes with them
    held : (cells, M) items by falling bound
    highest : (cells, M + 1) their bounds; the last is that of the best item not held, or -inf
    near : (cells, 5, M) the columns of the items held, for one sitting at a time
    slips : whether any item has an upper asymptote below 1
    tame : whether no theta that an estimate can reach takes a(theta - b) to where the sigmoid is cut off
    at_hand : of a cell, the first items held as plain numbers, made when first asked for
    """

    columns: Floats
    held: Rows
    highest: Floats
    near: Floats
    slips: bool
    tame: bool
    at_hand: dict[int, AtHand] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, items: ItemParameters, blocks: list[LogisticItems]) -> InformationBounds:
        """Return the table of a pool of logistic items."""
        j = len(items)
        columns, peak = np.empty((5, j)), np.empty(j)
        for block in blocks:
            rows = [items.row[item] for item in block.ids]
            width = block.d - block.c
            columns[:, rows] = block.a, block.b, block.c / width, (1 - block.d) / width, block.a**2
            peak[rows] = block.maximum_information_theta()
        edges: Floats = np.arange(-round(RANGE / CELL), round(RANGE / CELL) + 1, dtype=np.float64) * CELL
        at_edge = items.information(edges)
        at_peak = _information(peak, *columns)
        low, high = np.append(-np.inf, edges), np.append(edges, np.inf)
        m = min(HELD, j)
        held, highest = np.empty((len(low), m), dtype=np.intp), np.full((len(low), m + 1), -np.inf)
        for cell, (left, right) in enumerate(zip(low, high, strict=True)):
            ends = at_edge[max(cell - 1, 0) : cell + 1].max(axis=0)
            upper = np.where((left < peak) & (peak < right), np.maximum(at_peak, ends), ends) + SAFETY
            order = np.argpartition(-upper, m)[: m + 1] if m < j else np.arange(j)
            order = order[np.argsort(-upper[order], kind="stable")]
            held[cell], highest[cell, : len(order)] = order[:m], upper[order]
        near = np.ascontiguousarray(columns[:, held].transpose(1, 0, 2))
        furthest = float((np.abs(columns[0]) * (np.abs(columns[1]) + FURTHEST)).max())
        return cls(columns, held, highest, near, bool(columns[3].any()), furthest < WIDEST)

    @property
    def reach(self) -> int:
        """How many items a row of `order` holds."""
        return int(self.held.shape[1])

    def cell(self, theta: Floats) -> Rows:
        """Return (N,) the cell of each theta."""
        place = np.floor(theta / CELL) + CELLS_BELOW
        return np.asarray(np.minimum(np.maximum(place, 0), len(self.held) - 1), dtype=np.intp)

    def order(self, cell: Rows, start: int, stop: int) -> Rows:
        """Return (N, stop - start) items by falling bound."""
        return self.held[cell, start:stop]

    def bound(self, cell: Rows, place: Rows) -> Floats:
        """Return (N,) what no item at `place` (N,) of the order, nor after it, can exceed once rounded."""
        bound: Floats = self.highest[cell, place]
        return bound

    def first(self, cell: int, theta: float, stop: int) -> tuple[Rows, Floats, float]:
        """Return (stop,) items of the order, their values, and the bound of all others; see Bounds."""
        a, b, guess, slip, square = self.near[cell, :, :stop]
        if not self.tame or abs(theta) > FURTHEST:
            value = _information(np.array([theta]), a, b, guess, slip, square)
        else:
            value = _information_in_sight(theta, a, b, guess, slip, square)
        return self.held[cell, :stop], value.round(CRITERION_DECIMALS), float(self.highest[cell, stop])

    def few(self, theta: float, able: Callable[[int], bool], size: int) -> Found | None:
        """Return the best items as plain numbers, where these round as the arrays do; see Bounds.

        The same formula as that of `value`, so that only rounding sets them apart, by less than `DOUBT` of a
        last digit. Where that could decide how a value is rounded, it is not used. Of the few lines that are
        looked at most are of items given already, which is why those are passed over outside the loop.
        """
        if not self.tame or abs(theta) > FURTHEST:
            return None
        cell = floor(theta / CELL) + CELLS_BELOW
        rows, lines, others = self.at_hand.get(cell) or self._at_hand(cell)
        found: Found = []
        last = -inf
        for bound, row, a, b, guess, slip, digits in compress(lines, map(able, rows)):
            if bound < last:
                break
            falling = exp(a * (b - theta))
            both = 1.0 + falling
            value = digits * falling / ((1.0 + guess * both) * both * both)
            if slip:
                value *= falling / (falling + slip * both)
            whole = value + TURN - TURN
            if not -CERTAIN <= value - whole <= CERTAIN:
                return None
            found.append((whole / -TENS, row))
            if len(found) >= size:
                found.sort()
                last = -found[size - 1][0]
        if not others < last or -found[0][0] > MOST:
            return None
        while -found[-1][0] < last:
            found.pop()
        return found

    def _at_hand(self, cell: int) -> AtHand:
        """Return the first items of a cell, or of the last one where theta lies beyond it."""
        cell = min(max(cell, 0), len(self.held) - 1)
        if cell not in self.at_hand:
            first, stop = cell - cell % TOGETHER, min(AT_HAND, self.reach)
            some = slice(first, first + TOGETHER)
            near = self.near[some, :, :stop].copy()
            near[:, -1] *= TENS
            held, highest = self.held[some, :stop].tolist(), self.highest[some, : stop + 1].tolist()
            for k, columns in enumerate(near.tolist()):
                lines = list(zip(highest[k], held[k], *columns, strict=False))
                self.at_hand[first + k] = AtHand(held[k], lines, highest[k][stop])
        return self.at_hand[cell]

    def value(self, theta: Floats, rows: Rows) -> Floats:
        """Return (N, M) rounded information of items `rows` (N, M)."""
        a, b, guess = self.columns[:3].take(rows, axis=1)
        slip, square = self.columns[3].take(rows) if self.slips else None, a * a
        if self.tame and np.abs(theta).max(initial=0.0) <= FURTHEST:
            value = _information_in_sight(theta[:, None], a, b, guess, slip, square)
        else:
            value = _information(theta[:, None], a, b, guess, 0.0 if slip is None else slip, square)
        return value.round(CRITERION_DECIMALS)


def _information(
    theta: Floats, a: Floats, b: Floats, guess: Floats, slip: float | Floats, square: Floats
) -> Floats:
    """Return `LogisticItems.information` for pairs of theta and item, with its operations in its order."""
    rising, falling = sigmoid_pair(a * (theta - b))
    information: Floats = falling / (slip + falling)
    information *= rising / (guess + rising)
    information *= rising
    information *= falling
    information *= square
    return information


def _information_in_sight(
    theta: float | Floats, a: Floats, b: Floats, guess: Floats, slip: Floats | None, square: Floats
) -> Floats:
    """Return `_information` where nothing is cut off, bit for bit, in one array's room.

    A `slip` of None is 0 everywhere.
    """
    falling = theta - b
    falling *= a
    np.negative(falling, out=falling)
    np.exp(falling, out=falling)
    rising = 1 + falling
    np.reciprocal(rising, out=rising)
    falling *= rising
    information: Floats = guess + rising
    np.divide(rising, information, out=information)
    if slip is not None:
        slip = slip + falling
        np.divide(falling, slip, out=slip)
        information *= slip
    information *= rising
    information *= falling
    information *= square
    return information
