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

    Axes, always in this order: Q values of theta, J items, K score categories. Theta is (Q,), or (Q, J):
    each item at values of its own.
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


def by_item(theta: Floats) -> Floats:
    """Return theta as (Q, J) or (Q, 1): one for each item, or one for all."""
    return theta if theta.ndim == 2 else theta[:, None]  # noqa: PLR2004 (Q by J)


def column(name: str, values: ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Return `values` as a read-only float array of `shape`."""
    array = np.array(values, dtype=np.float64)
    if array.shape != shape:
        raise ItemParameterError(f"{name} must have shape {shape}; got {array.shape}")
    array.flags.writeable = False
    return array


def columns(name: str, values: ArrayLike, items: int) -> Floats:
    """Return `values` as a read-only float array of `items` rows, as wide as it comes."""
    array = np.array(values, dtype=np.float64)
    if items == 0 and array.ndim == 1 and not array.size:
        array = array.reshape(0, 0)
    if array.ndim != 2 or len(array) != items:  # noqa: PLR2004 (items by categories)
        raise ItemParameterError(f"{name} must have shape ({items}, K); got {array.shape}")
    array.flags.writeable = False
    return array


def check_models(ids: Sequence[str], models: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return `models` as a tuple: one for each item, each among `known`."""
    if len(models) != len(ids):
        raise ItemParameterError(
            f"models must name one model per item; got {len(models)} for {len(ids)} items"
        )
    if unknown := set(models) - set(known):
        item, model = next(pair for pair in zip(ids, models, strict=True) if pair[1] in unknown)
        raise ItemParameterError(f"item {item!r}: model must be one of {', '.join(known)}; got {model!r}")
    return tuple(models)


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


def require_steps(ids: Sequence[str], b: Floats) -> None:
    """Raise unless each item has one finite step or more, then +inf up to the widest item's."""
    own = np.isfinite(b)
    gaps = own[:, 1:] & ~own[:, :-1]
    good: Bools = np.asarray(own.any(axis=1) & ~gaps.any(axis=1) & (own | np.isposinf(b)).all(axis=1))
    require(ids, "b", b, good, "be finite for every step of the item, +inf beyond")


def sum_categories(values: Floats) -> Floats:
    """Return (Q, J) sums over the last axis, category after category: the same bits for every Q and J."""
    total = np.zeros(values.shape[:-1])
    for k in range(values.shape[-1]):
        total += values[..., k]
    return total


def expected_score(family: Family, theta: Floats) -> Floats:
    """Return (Q, J) expected score, from 0 to K - 1."""
    p = family.probability(theta)
    return sum_categories(p * np.arange(p.shape[-1]))


def observed_information(family: Family, theta: Floats) -> Floats:
    """Return (Q, J, K) information that each score would give: minus the log-probability's curvature."""
    result: Floats = 0.0 - family.log_curvature(theta)
    return result


def information_slope(family: Family, theta: Floats) -> Floats:
    r"""Return (Q, J) derivative of the Fisher information in theta.

    .. math:: I' = \sum_k P_k s_k (s_k^2 + 2 s_k'), \quad s_k = (\ln P_k)'
    """
    p, slope, curvature = family.probability(theta), family.log_slope(theta), family.log_curvature(theta)
    return sum_categories(p * slope * (slope**2 + 2 * curvature))


def warm_numerator(family: Family, theta: Floats) -> Floats:
    r"""Return (Q, J) the sum over categories of P' P'' / P, that Warm's weighted likelihood corrects by.

    .. math:: J = \sum_k P_k s_k (s_k^2 + s_k'), \quad s_k = (\ln P_k)'

    References
    ----------
    Warm (1989), Psychometrika 54(3), 427-450; Magis (2015), Journal of Educational and Behavioral
    Statistics 40(2), 200-204 (polytomous items).
    """
    p, slope, curvature = family.probability(theta), family.log_slope(theta), family.log_curvature(theta)
    return sum_categories(p * slope * (slope**2 + curvature))
