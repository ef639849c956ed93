"""A selection is a criterion and a picker; both take N sittings at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from adaptest.models.base import Bools, Floats, Rows
from adaptest.parameters import ItemParameters

CRITERION_DECIMALS = 9  # criteria that agree this far are ties


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """What N persons' responses say about theta, on common nodes.

    Attributes
    ----------
    theta : (Q,) nodes, logits
    weight : (N, Q) posterior mass, each row sums to 1
    """

    theta: Floats
    weight: Floats


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

    def value(self, theta: Floats, rows: Rows) -> Floats:
        """Return (N, M) the criterion of items `rows` (N, M), bit for bit what the full scan gives."""
        ...


class Criterion(Protocol):
    """How good each item is for each sitting: higher is better."""

    @property
    def needs_posterior(self) -> bool:
        """Whether it is to be given the posterior."""
        ...

    def __call__(
        self, items: ItemParameters, theta: Floats, posterior: Posterior | None, eligible: Bools
    ) -> Floats:
        """Return (N, J) rounded to 9 decimals, -inf where not eligible.

        Parameters
        ----------
        theta : (N,) logits, rounded to 1e-6
        posterior : of the same N persons; None where the criterion does not need it
        eligible : (N, J)
        """
        ...

    def bounds(self, items: ItemParameters) -> Bounds | None:
        """Return the table for an exact short list; None where every item must be looked at."""
        ...


class Picker(Protocol):
    """Which of the best items a sitting gets."""

    @property
    def reach(self) -> int:
        """How many of the best it chooses from; ties with the last of them come in too."""
        ...

    def __call__(self, value: Floats, choice: Floats, tie: Floats) -> Rows:
        """Return (N,) columns of `value`.

        Parameters
        ----------
        value : (N, M) criteria by falling value, -inf beyond a sitting's own candidates, of which it has one
        choice, tie : (N,) uniforms; `tie` decides among equal criteria, so file order never does
        """
        ...


def comparable(criterion: Floats, eligible: Bools) -> Floats:
    """Return the criterion rounded, -inf where not eligible."""
    return np.where(eligible, np.round(criterion, CRITERION_DECIMALS), -np.inf)
