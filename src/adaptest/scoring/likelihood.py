"""How likely each person's scores are, at shared nodes or at each person's own.

Everything here is added up item after item in a person's own order, without BLAS: a person's numbers are
the same bits alone and among N, whatever the others answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptest.errors import ResponseError
from adaptest.models.base import Floats, Rows
from adaptest.parameters import ItemParameters

BLOCK = 40_000  # doubles worked on at once: what stays in a core's own cache
OUTER = 200_000  # items by persons evaluated at once
EACH = 4_000_000  # responses gone through at once, item by item
FAR = 1e4  # logits: where log-probabilities are straight lines
CALL = 300  # item evaluations that a call costs

Integers = NDArray[np.integer]
ItemFunction = Callable[[ItemParameters, Floats], Floats]


class Likelihood(Protocol):
    """N likelihoods over ability: of response patterns, or of summed scores."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def steepness(self, which: Rows) -> Floats:
        """Return (M,) the steepest slope of any item behind `which` (M,), per logit."""
        ...

    def prepare(self, theta: Floats, which: Rows) -> Floats:
        """Return what `on` needs for the shared nodes theta (Q,) and any of `which` (M,)."""
        ...

    def on(self, prepared: Floats, which: Rows) -> Floats:
        """Return (M, Q) log-likelihoods of `which` (M,) at the nodes that were prepared."""
        ...

    def at(self, theta: Floats, which: Rows) -> Floats:
        """Return (M, Q) log-likelihoods of `which` (M,), each at nodes of its own, theta (M, Q)."""
        ...


def blocks(which: Rows, nodes: int) -> Iterator[Rows]:
    """Yield `which` in pieces, so that a piece by `nodes` fits a cache."""
    size = max(BLOCK // max(nodes, 1), 16)
    for start in range(0, len(which), size):
        yield which[start : start + size]


def steepness(items: ItemParameters) -> Floats:
    """Return (J,) the largest slope of each item's log-probabilities, per logit; a bend is no sharper."""
    if not len(items):
        return np.zeros(0)
    slopes = np.abs(items.log_slope(np.array([-FAR, FAR]))).max(axis=(0, 2))
    return np.asarray(np.maximum(slopes, np.abs(items.discrimination)))


@dataclass(frozen=True, eq=False)
class Patterns:
    """N persons' responses to items, person by person.

    Attributes
    ----------
    items : J items, of which each person answered some
    rows : (N, n) which item each response is to
    scores : (N, n) the category it was scored in; -1 where there is no response

    Raises
    ------
    ResponseError, naming the first score that its item does not have.
    """

    items: ItemParameters
    rows: Integers
    scores: Integers

    def __post_init__(self) -> None:
        if self.rows.ndim != 2 or self.rows.shape != self.scores.shape:  # noqa: PLR2004 (persons by responses)
            raise ResponseError(
                f"rows and scores must both be (N, n); got {self.rows.shape} and {self.scores.shape}"
            )
        for some in blocks(np.arange(len(self.rows)), self.rows.shape[1]):
            rows, scores = self.rows[some], self.scores[some]
            given = scores >= 0
            if (given & ((rows < 0) | (rows >= len(self.items)))).any():
                raise ResponseError(f"a response's row must be one of the {len(self.items)} items' rows")
            if len(self.items) and (scores >= self.items.categories[np.where(given, rows, 0)]).any():
                self._refuse()

    def _refuse(self) -> None:
        """Raise, naming the first score that its item does not have."""
        wrong = self.scores >= self.items.categories[np.where(self.scores >= 0, self.rows, 0)]
        person, place = np.argwhere(wrong)[0]
        row, got = int(self.rows[person, place]), int(self.scores[person, place])
        more = f" (and {int(wrong.sum()) - 1} more responses)" if wrong.sum() > 1 else ""
        raise ResponseError(
            f"item {self.items.ids[row]!r}: score must be in 0..{self.items.categories[row] - 1}; "
            f"got {got}{more}"
        )

    @classmethod
    def of(cls, items: ItemParameters, rows: ArrayLike, scores: ArrayLike) -> Patterns:
        """Return the patterns over the items that were answered at all; a row of -1 is no response."""
        where, what = np.asarray(rows), np.asarray(scores)
        if where.ndim != 2 or where.shape != what.shape or not where.size:  # noqa: PLR2004 (persons by responses)
            return cls(items, where, what)
        if where.min() < 0:
            what = np.where(where < 0, -1, what)
        seen = np.zeros(max(int(where.max()) + 1, len(items)), dtype=np.bool_)
        seen[where[what >= 0]] = True
        used = np.flatnonzero(seen)
        if len(seen) > len(items) or len(used) in (0, len(items)):
            return cls(items, where, what)
        place = np.zeros(len(items), dtype=np.intp)
        place[used] = np.arange(len(used))
        return cls(items.take(used), place[np.where(what >= 0, where, used[0])], what)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def answered(self) -> Rows:
        """(N,) number of responses."""
        return np.asarray((self.scores >= 0).sum(axis=1), dtype=np.intp)

    @cached_property
    def _singles(self) -> tuple[ItemParameters, ...]:
        return tuple(self.items.take(np.array([row])) for row in range(len(self.items)))

    @cached_property
    def _steepness(self) -> Floats:
        return steepness(self.items)

    def steepness(self, which: Rows) -> Floats:
        """Return (M,) the steepest slope of any item that `which` (M,) answered, per logit."""
        if not self.rows.shape[1] or not len(self.items):
            return np.zeros(len(which))
        each = np.where(self.scores[which] >= 0, self._steepness[self.rows[which]], 0.0)
        return np.asarray(each.max(axis=1))

    def table(self, function: ItemFunction, theta: Floats, which: Rows) -> Floats:
        """Return (J * (K + 1), Q) values of an item function: a row for each score, and one of 0.

        Only what `which` (M,) answered is computed; the other items' rows are 0.
        """
        used = self._used(which)
        whole = len(used) == len(self.items)
        values = function(self.items if whole else self.items.take(used), theta)
        per_score = values[..., None] if values.ndim == 2 else values  # noqa: PLR2004 (alike for every score)
        categories = int(self.items.categories.max(initial=0))
        width = categories if values.ndim == 2 else per_score.shape[2]  # noqa: PLR2004 (likewise)
        table = np.zeros((len(self.items), categories + 1, len(theta)))
        table[slice(None) if whole else used, :width] = per_score.transpose(1, 2, 0)
        return table.reshape(-1, len(theta))

    def _used(self, which: Rows) -> Rows:
        """Return the items that `which` (M,) answered, ascending."""
        seen = np.zeros(len(self.items), dtype=np.bool_)
        for some in blocks(which, self.rows.shape[1]):
            seen[self.rows[some][self.scores[some] >= 0]] = True
        return np.flatnonzero(seen)

    def gather(self, table: Floats, which: Rows) -> Floats:
        """Return (M, Q) sums of a table's rows over the responses of `which` (M,)."""
        total = np.zeros((len(which), table.shape[1]))
        if not len(table):
            return total
        part = np.empty_like(total)
        for line in self.lines(table, which).T:
            np.take(table, line, axis=0, out=part, mode="clip")
            total += part
        return total

    def lines(self, table: Floats, which: Rows) -> Rows:
        """Return (M, n) the table's row of each response of `which` (M,)."""
        per_item = len(table) // len(self.items)
        rows, scores = self.rows[which], self.scores[which]
        return np.where(scores >= 0, rows * per_item + scores, per_item - 1).astype(np.intp)

    def prepare(self, theta: Floats, which: Rows) -> Floats:
        """Return the table of log-probabilities at the shared nodes theta (Q,)."""
        return self.table(ItemParameters.log_probability, theta, which)

    def on(self, prepared: Floats, which: Rows) -> Floats:
        """Return (M, Q) log-likelihoods at the shared nodes."""
        return self.gather(prepared, which)

    def at(self, theta: Floats, which: Rows) -> Floats:
        """Return (M, Q) log-likelihoods, each person's at nodes theta (M, Q) of its own."""
        nodes = theta.shape[1]
        flat = self.sums_at(ItemParameters.log_probability, theta.ravel(), np.repeat(which, nodes))
        return flat.reshape(theta.shape)

    def sums_at(self, function: ItemFunction, theta: Floats, which: Rows) -> Floats:
        """Return (M,) sums over the responses of `which` (M,) of an item function at theta (M,).

        Parameters
        ----------
        function : of items and theta, giving (Q, J, K), of which the score's value counts, or (Q, J)
        """
        result = np.empty(len(theta))
        used = self._used(which)
        each = len(used) * len(theta) > self.answered[which].sum() + CALL * len(used)
        values_at = self._one_item_after_the_other if each else self._items_at_once
        size = EACH // max(self.rows.shape[1], 1) if each else OUTER // max(len(used), 1)
        for start in range(0, len(theta), max(size, 1)):
            part = slice(start, start + max(size, 1))
            values = values_at(function, theta[part], which[part], used)
            result[part] = np.add.accumulate(values, axis=1)[:, -1] if values.shape[1] else 0.0
        return result

    def _items_at_once(self, function: ItemFunction, theta: Floats, which: Rows, used: Rows) -> Floats:
        """Return (M, n) values of an item function at theta (M,), 0 where there is no response."""
        rows, scores = self.rows[which], self.scores[which]
        if not used.size:
            return np.zeros(rows.shape)
        whole = function(self.items if len(used) == len(self.items) else self.items.take(used), theta)
        number = np.zeros(len(self.items), dtype=np.intp)
        number[used] = np.arange(len(used))
        place: tuple[Integers, ...] = np.arange(len(theta))[:, None], number[rows]
        if whole.ndim == 3:  # noqa: PLR2004 (a value for each score)
            place = (*place, scores)
        values: Floats = whole[place]
        values[scores < 0] = 0.0
        return values

    def _one_item_after_the_other(
        self, function: ItemFunction, theta: Floats, which: Rows, used: Rows
    ) -> Floats:
        """Return the same values, where persons share so few items that most of the whole is not needed."""
        rows, scores = self.rows[which], self.scores[which]
        values = np.zeros(rows.shape)
        person, place = np.nonzero(scores >= 0)
        order = np.argsort(rows[person, place], kind="stable")
        person, place = person[order], place[order]
        ends = np.searchsorted(rows[person, place], used, side="right")
        for row, start, end in zip(used, [0, *ends[:-1]], ends, strict=True):
            mine, where = person[start:end], place[start:end]
            found = function(self._singles[row], theta[mine])[:, 0]
            if found.ndim == 2:  # noqa: PLR2004 (a value for each score)
                found = found[np.arange(len(mine)), scores[mine, where]]
            values[mine, where] = found
        return values
