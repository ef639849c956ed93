"""Which parameters of the items were estimated, and how the category probabilities move with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from adaptest.models import GradedItems, LogisticItems, NominalItems
from adaptest.models.base import Family, Floats, Rows
from adaptest.models.sigmoid import sigmoid_pair
from adaptest.numerics.derivative import central_difference
from adaptest.parameters import ItemParameters

STEP = 1e-4  # of a parameter: the fourth order's error is 1e-16 times a fifth derivative
FIXED_SLOPE = ("rasch", "pcm", "rsm")
COMMON_SLOPE = "1pl"


def counts(items: ItemParameters) -> Rows:
    """Return (J,) how many parameters of its own each item has; a common slope or step is none of them.

    rasch, 1pl 1; 2pl 2; 3pl 3; 4pl 4; grm, gpcm, sequential K; pcm K - 1; rsm 1; nrm 2 (K - 1).
    """
    own = {"rasch": 1, "1pl": 1, "2pl": 2, "3pl": 3, "4pl": 4, "rsm": 1}
    result = np.empty(len(items), dtype=np.intp)
    for row, (model, k) in enumerate(zip(items.models, items.categories.tolist(), strict=True)):
        by_category = {"pcm": k - 1, "nrm": 2 * (k - 1)}
        result[row] = own.get(model, by_category.get(model, k))
    return result


def directions(items: ItemParameters, theta: Floats) -> Iterator[tuple[Rows, Floats]]:
    """Yield each free parameter: the rows of the items it moves, and (Q, rows, K) derivatives of their P.

    Parameters of the single items come first; then what several have in common: the slope of 1pl items, and
    the steps of rsm items about their difficulties.
    """
    width = int(items.categories.max(initial=0))
    for block in items.blocks:
        rows = np.array([items.row[item] for item in block.ids], dtype=np.intp)
        for some, change in _own(block, theta, width):
            for k in np.flatnonzero(some):
                yield rows[k : k + 1], change[:, k : k + 1]
        yield from _common(block, rows, theta, width)


def _own(block: Family, theta: Floats, width: int) -> Iterator[tuple[Any, Floats]]:
    """Yield, for each parameter, which items have it to themselves, and (Q, J, K) derivatives."""
    models = np.array(block.models)
    if isinstance(block, LogisticItems):
        rising, falling = sigmoid_pair(block.a * (theta[:, None] - block.b))
        slope = (block.d - block.c) * rising * falling
        both = ~np.isin(models, ("rasch", COMMON_SLOPE))
        yield both, _pair(slope * (theta[:, None] - block.b), width)
        yield np.ones(len(models), dtype=np.bool_), _pair(-block.a * slope, width)
        yield np.isin(models, ("3pl", "4pl")), _pair(falling, width)
        yield models == "4pl", _pair(rising, width)
        return
    if isinstance(block, NominalItems):
        for name in ("slope", "intercept"):
            values = getattr(block, name)
            for k in range(1, values.shape[1]):
                yield np.isfinite(values[:, k]), _moved(block, name, k, theta, width)
        return
    yield ~np.isin(models, FIXED_SLOPE), _moved(block, "a", None, theta, width)
    b: Floats = block.b  # type: ignore[attr-defined]
    single = models != "rsm"
    for k in range(b.shape[1]):
        yield single & np.isfinite(b[:, k]), _moved(block, "b", k, theta, width)
    if not single.all():
        yield ~single, _moved(block, "b", slice(None), theta, width)


def _common(block: Family, rows: Rows, theta: Floats, width: int) -> Iterator[tuple[Rows, Floats]]:
    models = np.array(block.models)
    if (models == COMMON_SLOPE).any() and isinstance(block, LogisticItems):
        rising, falling = sigmoid_pair(block.a * (theta[:, None] - block.b))
        change = _pair((block.d - block.c) * rising * falling * (theta[:, None] - block.b), width)
        some = models == COMMON_SLOPE
        yield rows[some], change[:, some]
    if (models == "rsm").any():
        some = models == "rsm"
        b: Floats = block.b  # type: ignore[attr-defined]
        steps = int(np.isfinite(b[some]).sum(axis=1).max())
        for k in range(1, steps):  # the first step follows: the steps sum to 0 about the difficulty
            yield (
                rows[some],
                (_moved(block, "b", k, theta, width) - _moved(block, "b", 0, theta, width))[:, some],
            )


def _pair(change: Floats, width: int) -> Floats:
    """Return (Q, J, K) derivatives of both categories' probabilities from those of a right answer's."""
    result = np.zeros((*change.shape, width))
    result[..., 0], result[..., 1] = -change, change
    return result


def _moved(block: Any, name: str, k: int | slice | None, theta: Floats, width: int) -> Floats:
    """Return (Q, J, K) derivatives in one column of a parameter, all items at once, by differences."""
    values: Floats = getattr(block, name)
    step = STEP
    if isinstance(block, GradedItems) and block.b.shape[1] > 1:
        gaps = np.abs(np.diff(block.b, axis=1))
        step = min(STEP, float(gaps[np.isfinite(gaps)].min(initial=1.0)) / 5)

    def at(moved: float) -> Floats:
        new = values.copy()
        if k is None:
            new = new + moved
        else:
            finite = np.isfinite(new[:, k])
            new[:, k] = np.where(finite, new[:, k] + moved, new[:, k])
        p = replace(block, **{name: new}).probability(theta)
        whole = np.zeros((*p.shape[:2], width))
        whole[..., : p.shape[2]] = p
        return whole

    function: Callable[[Floats], Floats] = lambda points: np.stack([at(float(x)) for x in points])  # noqa: E731
    return np.asarray(central_difference(function, np.zeros(1), step)[0])
