"""A selection is a criterion and a picker; both take N sittings at once."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Protocol

import numpy as np

from adaptest.models.base import Bools, Floats, Rows
from adaptest.selection.situation import Setting, Situation

CRITERION_DECIMALS = 9  # criteria that agree this far are ties

Found = list[tuple[float, int]]  # (-value, row) of one sitting's best items, best first


class Candidates:
    """The best eligible items of N sittings, with every tie of the last of them.

    Attributes
    ----------
    rows : (N, M) items by falling value, equal ones by row; -1 beyond a sitting's own
    value : (N, M) criteria, 9 decimals; -inf beyond a sitting's own
    """

    __slots__ = ("_found", "_rows", "_tied", "_value")

    def __init__(
        self,
        rows: Rows | None = None,
        value: Floats | None = None,
        found: Found | None = None,
        *,
        tied: bool | None = None,
    ) -> None:
        """Take the arrays; or what was found for one sitting, whose arrays are made when asked for.

        Parameters
        ----------
        tied : whether any sitting has two candidates of equal value; None is found out when asked for
        """
        self._rows, self._value, self._found, self._tied = rows, value, found, tied

    @property
    def rows(self) -> Rows:
        """(N, M); see above."""
        if self._rows is None:
            self._rows = np.array([[row for _, row in self.found]], dtype=np.intp)
        return self._rows

    @property
    def value(self) -> Floats:
        """(N, M); see above."""
        if self._value is None:
            self._value = np.array([[-value for value, _ in self.found]])
        return self._value

    @property
    def tied(self) -> bool:
        """Whether any sitting has two candidates of equal value."""
        if self._tied is None:
            value = self.value
            self._tied = bool(((value[:, 1:] == value[:, :-1]) & (value[:, 1:] > -inf)).any())
        return self._tied

    @property
    def found(self) -> Found:
        """What the first sitting's own are, as plain numbers."""
        if self._found is None:
            value = self.value[0].tolist()
            own = len(value) - value.count(-inf)
            self._found = [(-value[k], row) for k, row in enumerate(self.rows[0, :own].tolist())]
        return self._found


class Bounds(Protocol):
    """For each theta, the items that can be good there, best first, each with a proven upper bound."""

    @property
    def reach(self) -> int:
        """How many items a row of `order` holds."""
        ...

    def cell(self, theta: Floats) -> Rows:
        """Return (N,) the cell of each theta."""
        ...

    def order(self, cell: Rows, start: int, stop: int) -> Rows:
        """Return (N, stop - start) items by falling bound."""
        ...

    def bound(self, cell: Rows, place: Rows) -> Floats:
        """Return (N,) what no item at `place` (N,) of the order, nor after it, can exceed once rounded."""
        ...

    def first(self, cell: int, theta: float, stop: int) -> tuple[Rows, Floats, float]:
        """Return (stop,) items of the order at one theta, their values, and the bound of all others."""
        ...

    def few(self, theta: float, able: Callable[[int], bool], size: int) -> Found | None:
        """Return (-value, row) of the `size` best items and their ties, best first; None: look at `first`.

        Parameters
        ----------
        able : whether an item may come next
        """
        ...

    def value(self, theta: Floats, rows: Rows) -> Floats:
        """Return (N, M) the criterion of items `rows` (N, M), bit for bit what the full scan gives."""
        ...


class Criterion(Protocol):
    """How good each item is for each sitting: higher is better."""

    @property
    def words(self) -> str:
        """What the criterion is, in words: "information about theta at the estimate"."""
        ...

    @property
    def proportionate(self) -> bool:
        """Whether values are 0 or more and twice the value is twice as good, so that chance may go by it."""
        ...

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J) rounded to 9 decimals, -inf where not eligible."""
        ...

    def bounds(self, setting: Setting) -> Bounds | None:
        """Return the table for an exact short list; None where every item must be looked at."""
        ...

    def check(self, setting: Setting) -> None:
        """Raise an AdaptestError where the criterion cannot work in this setting: why, and what would."""
        ...


class Picker(Protocol):
    """Which of the best items a sitting gets."""

    def reach(self, length: int) -> int | None:
        """Return how many of the best it chooses from after `length` scored items; None: all of them.

        Ties with the last of them come in too.
        """
        ...

    def __call__(self, candidates: Candidates, choice: Floats, tie: Floats, situation: Situation) -> Rows:
        """Return (N,) columns of `candidates`, of which each sitting has one at least.

        Parameters
        ----------
        choice, tie : (N,) uniforms; `tie` decides among equal criteria, so file order never does
        """
        ...

    def of_one(self, found: Found, length: int, choice: float, tie: float) -> int | None:
        """Return the column for one sitting from what was found alone.

        None where it needs to know more: call it.
        """
        ...

    def check(self, setting: Setting, criterion: Criterion) -> None:
        """Raise an AdaptestError where the picker cannot work in this setting or with this criterion."""
        ...


def comparable(criterion: Floats, eligible: Bools) -> Floats:
    """Return the criterion rounded, -inf where not eligible."""
    return np.where(eligible, np.round(criterion, CRITERION_DECIMALS), -np.inf)


def no_bounds(criterion: Criterion, setting: Setting) -> None:  # noqa: ARG001 (a method of several criteria)
    """Return None: every item must be looked at."""
    return


def any_setting(criterion: Criterion, setting: Setting) -> None:
    """Allow every setting."""
