"""What criteria look up at the posterior's nodes, and how they average it over what is known of theta."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from adaptest.errors import OptionError
from adaptest.models.base import Floats
from adaptest.selection.base import comparable
from adaptest.selection.situation import Setting, Situation

BLOCK = 256  # sittings valued at once, so that no table of all of them by item and category is held


def average(weight: Floats, table: Floats) -> Floats:
    """Return (N, M) averages of the rows of `table` (M, Q) over `weight` (N, Q).

    Not BLAS: a sitting's bits do not depend on the others.
    """
    result: Floats = np.einsum("nq,mq->nm", weight, table)
    return result


def in_blocks(situation: Situation, value: Callable[[Situation], Floats]) -> Floats:
    """Return what `value` gives for N sittings, comparable, a few sittings at a time."""
    n = len(situation)
    if n <= BLOCK:
        return comparable(value(situation), situation.eligible)
    parts = [value(situation.take(np.arange(start, min(start + BLOCK, n)))) for start in range(0, n, BLOCK)]
    return comparable(np.concatenate(parts), situation.eligible)


def information(setting: Setting) -> Floats:
    """Return (J, Q) Fisher information at the nodes."""
    return setting.kept(
        "information", lambda: np.ascontiguousarray(setting.items.information(setting.theta).T)
    )


def probability(setting: Setting) -> Floats:
    """Return (J, K - 1, Q) probability at the nodes of each score but 0: the rest is that of 0."""
    return setting.kept(
        "probability",
        lambda: np.ascontiguousarray(setting.items.probability(setting.theta)[..., 1:].transpose(1, 2, 0)),
    )


def log_probability(setting: Setting) -> Floats:
    """Return (J, K, Q) log-probability at the nodes of each score; 0 for one that an item does not have."""

    def make() -> Floats:
        log_p = setting.items.log_probability(setting.theta).transpose(1, 2, 0)
        return np.ascontiguousarray(np.where(np.isfinite(log_p), log_p, 0.0))

    return setting.kept("finite log-probability", make)


def likelihood(situation: Situation, low: float, high: float) -> Floats:
    """Return (N, Q) the likelihood's mass at each node's own piece of [low, high]; rows sum to 1.

    A node's piece reaches halfway to its neighbours, so that on equally spaced nodes from `low` to `high`
    this is the trapezoid rule.
    """
    setting = situation.setting
    width = setting.kept(("pieces", low, high), lambda: _pieces(setting.theta, low, high))
    inside = width > 0
    log_likelihood = np.where(inside, situation.log_likelihood, -np.inf)
    mass = np.exp(log_likelihood - np.maximum.reduce(log_likelihood, axis=1, keepdims=True)) * width
    result: Floats = mass / np.add.reduce(mass, axis=1, keepdims=True)
    return result


def check_interval(setting: Setting, name: str, low: float, high: float) -> None:
    """Raise unless [low, high] is an interval that the posterior's nodes reach over."""
    if not low < high:
        raise OptionError(f"criterion {name}: low must be below high; got {low:g} and {high:g}")
    first, last = setting.theta[[0, -1]]
    if low < first - _half(setting.theta[:2]) or high > last + _half(setting.theta[-2:]):
        raise OptionError(
            f"criterion {name}: low and high must lie within the nodes of the posterior,"
            f" {first:g} to {last:g}; got {low:g} and {high:g}"
        )


def _half(pair: Floats) -> float:
    return float(pair[1] - pair[0]) / 2


def _pieces(theta: Floats, low: float, high: float) -> Floats:
    """Return (Q,) how much of [low, high] is nearest to each node."""
    middle = (theta[1:] + theta[:-1]) / 2
    first, last = theta[0] - _half(theta[:2]), theta[-1] + _half(theta[-2:])
    edges = np.clip(np.concatenate([[first], middle, [last]]), low, high)
    return np.diff(edges)
