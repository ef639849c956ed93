"""How category probabilities move with each reported parameter: what the delta method is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from adaptest.models import (
    Family,
    GradedItems,
    LogisticItems,
    NominalItems,
    PartialCreditItems,
    SequentialItems,
)
from adaptest.models.base import Floats, Rows
from adaptest.models.sigmoid import sigmoid_pair
from adaptest.numerics.derivative import STEP
from adaptest.parameters import ItemParameters

# a column of the parameter table -> (Q, J, K) dP/dparameter; 0 where an item has no such parameter
Slopes = Mapping[str, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class ParameterSlope:
    """One column's derivative on the items that have it.

    Attributes
    ----------
    name : column of the parameter table
    rows : (M,) which items, in the caller's order
    value : (Q, M, K) derivative of the category probabilities
    rate : (Q, M, K) its own derivative in theta
    """

    name: str
    rows: Rows
    value: Floats
    rate: Floats


def parameter_slopes(items: ItemParameters, theta: Floats) -> Iterator[ParameterSlope]:
    """Give the derivative of the category probabilities in each reported parameter, a column at a time.

    Parameters
    ----------
    theta : (Q,) logits
    """
    k = int(items.categories.max(initial=0))
    for block in items.blocks:
        rows = np.array([items.row[item] for item in block.ids], dtype=np.intp)
        for word, part, some in _by_reporting(block, rows):
            slopes = _SLOPES[type(part)]
            here, *near = (_reported(word, slopes(part, theta + at * STEP)) for at in (0, 1, -1, 2, -2))
            for name, value in here.items():
                one, minus_one, two, minus_two = (around[name] for around in near)
                rate = (8 * (one - minus_one) - (two - minus_two)) / (12 * STEP)
                yield ParameterSlope(name, some, _padded(value, k), _padded(rate, k))


def _by_reporting(block: Family, rows: Rows) -> Iterator[tuple[str, Family, Rows]]:
    """Give the parts of a block that report the same columns: rating scales have their own difficulty."""
    rating = np.array([model == "rsm" for model in block.models], dtype=np.bool_)
    for word, some in (("", ~rating), ("rsm", rating)):
        chosen = np.flatnonzero(some)
        if chosen.size:
            yield word, block.take(chosen), rows[chosen]


def _reported(word: str, slopes: Slopes) -> Slopes:
    """Return the slopes in what the model reports: for rsm, steps about a difficulty that moves them all."""
    if word != "rsm":
        return slopes
    steps = {name: value for name, value in slopes.items() if name.startswith("step")}
    return {"difficulty": np.sum(list(steps.values()), axis=0), **steps}


def _padded(values: Floats, k: int) -> Floats:
    return np.pad(values, ((0, 0), (0, 0), (0, k - values.shape[-1])))


def _logistic(block: LogisticItems, theta: Floats) -> Slopes:
    rising, falling = sigmoid_pair(block.a * (theta[:, None] - block.b))
    bend = (block.d - block.c) * rising * falling
    correct = {
        "discrimination": bend * (theta[:, None] - block.b),
        "difficulty": -block.a * bend,
        "guessing": falling,
        "upper_asymptote": rising,
    }
    return {name: np.stack([-value, value], axis=-1) for name, value in correct.items()}


def _graded(block: GradedItems, theta: Floats) -> Slopes:
    own = np.isfinite(block.b)
    away = theta[:, None, None] - np.where(own, block.b, 0)
    rising, falling = sigmoid_pair(block.a[:, None] * away)
    bend = np.where(own, rising * falling, 0)

    def categories(reached: Floats) -> Floats:
        """Return the change of each category from the change of reaching each threshold."""
        ends = ((0, 0), (0, 0), (1, 1))
        return -np.diff(np.pad(reached, ends), axis=-1)

    slopes = {"discrimination": categories(away * bend)}
    for k in range(block.b.shape[1]):
        only = np.zeros_like(bend)
        only[..., k] = -block.a * bend[..., k]
        slopes[f"threshold_{k + 1}"] = categories(only)
    return slopes


def _from_logits(block: Family, theta: Floats, logits: Slopes) -> Slopes:
    """Return the slopes of shares of exp(logits) from the slopes of the logits."""
    p = block.probability(theta)
    return {name: p * (z - (p * z).sum(axis=-1, keepdims=True)) for name, z in logits.items()}


def _partial_credit(block: PartialCreditItems, theta: Floats) -> Slopes:
    own = np.isfinite(block.b)
    away = np.where(own, theta[:, None, None] - np.where(own, block.b, 0), 0)
    added = np.concatenate([np.zeros((*away.shape[:2], 1)), np.cumsum(away, axis=-1)], axis=-1)
    logits = {"discrimination": added}
    category = np.arange(added.shape[-1])
    for k in range(block.b.shape[1]):
        logits[f"step_{k + 1}"] = np.where(category > k, -(block.a * own[:, k])[:, None], 0.0)
    return _from_logits(block, theta, logits)


def _nominal(block: NominalItems, theta: Floats) -> Slopes:
    logits = {}
    for k in range(1, block.slope.shape[1]):
        only = np.zeros(block.slope.shape)
        only[:, k] = np.isfinite(block.slope[:, k])
        logits[f"category_slope_{k}"] = theta[:, None, None] * only
        logits[f"category_intercept_{k}"] = np.broadcast_to(only, (len(theta), *only.shape))
    return _from_logits(block, theta, logits)


def _sequential(block: SequentialItems, theta: Floats) -> Slopes:
    own = np.isfinite(block.b)
    away = np.where(own, theta[:, None, None] - np.where(own, block.b, 0), 0)
    rising, falling = sigmoid_pair(block.a[:, None] * away)
    p = block.probability(theta)
    steps = block.b.shape[1]
    logarithms = np.zeros((steps, *p.shape))  # d ln P_k / d x_v
    for v in range(steps):
        logarithms[v, ..., v + 1 :] = np.where(own[:, v], falling[..., v], 0)[..., None]
        logarithms[v, ..., v] = np.where(own[:, v], -rising[..., v], 0)
    slopes = {"discrimination": p * (logarithms * np.moveaxis(away, -1, 0)[..., None]).sum(axis=0)}
    for v in range(steps):
        slopes[f"step_{v + 1}"] = p * logarithms[v] * -block.a[:, None]
    return slopes


_SLOPES: dict[type, Callable[..., Slopes]] = {
    LogisticItems: _logistic,
    GradedItems: _graded,
    PartialCreditItems: _partial_credit,
    NominalItems: _nominal,
    SequentialItems: _sequential,
}
