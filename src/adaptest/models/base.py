"""What a family of items is, what follows from it, and the checks every family shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptest.errors import AdaptestError, ItemParameterError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.intp]


class Family(Protocol):
    """J items under one model.

    Axes, always in this order: Q values of theta, J items, K score categories.
    Categories beyond an item's own have probability 0, log-probability -inf,
    and slope and curvature 0.
    """

    @property
    def ids(self) -> tuple[str, ...]:
        """The items' ids, in order."""
        ...

    @property
    def models(self) -> tuple[str, ...]:
        """(J,) name of each item's model in files: a key of `FAMILIES`."""
        ...

    @property
    def a(self) -> Floats:
        """(J,) discrimination, per logit: finite and not 0 (NRM: that of the top category)."""
        ...

    @property
    def categories(self) -> Rows:
        """(J,) number of score categories of each item; scores run from 0."""
        ...

    def probability(self, theta: Floats) -> Floats:
        """Return (Q, J, K) category probabilities; the last axis sums to 1."""
        ...

    def log_probability(self, theta: Floats) -> Floats:
        """Return (Q, J, K) log category probabilities, finite for an item's own categories."""
        ...

    def log_slope(self, theta: Floats) -> Floats:
        """Return (Q, J, K) first derivative of the log-probability in theta."""
        ...

    def log_curvature(self, theta: Floats) -> Floats:
        """Return (Q, J, K) second derivative of the log-probability in theta; minus observed information."""
        ...

    def information(self, theta: Floats) -> Floats:
        """Return (Q, J) Fisher information about theta, per squared logit."""
        ...

    def take(self, rows: Rows) -> Self:
        """Return the items at `rows`, in that order."""
        ...


def column(name: str, values: ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Return `values` as a read-only float array of `shape`."""
    array = np.array(values, dtype=np.float64)
    if array.shape != shape:
        raise ItemParameterError(f"{name} must have shape {shape}; got {array.shape}")
    array.flags.writeable = False
    return array


def require(
    ids: Sequence[str],
    name: str,
    values: Floats,
    holds: Bools,
    rule: str,
    *,
    remedy: str = "",
    error: type[AdaptestError] = ItemParameterError,
) -> None:
    """Raise `error`, naming the first item that breaks `rule`."""
    if not holds.all():
        row = int(np.flatnonzero(~holds)[0])
        more = int((~holds).sum()) - 1
        others = f" (and {more} more item{'s' if more > 1 else ''})" if more else ""
        then = f"; {remedy}" if remedy else ""
        raise error(f"item {ids[row]!r}: {name} must {rule}; got {values[row]}{others}{then}")


def require_discrimination(ids: Sequence[str], a: Floats) -> None:
    """Raise unless every `a` is finite and not 0; a negative one is a legal calibration result."""
    require(ids, "a", a, np.isfinite(a) & (a != 0), "be finite and not 0")
