"""Where each item's information is largest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.models import LogisticItems
from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters
from adaptest.selection.situation import Setting

RANGE, STEP = 10.0, 0.05  # logits searched either side of 0, and how finely before halving
HALVINGS = 60


@dataclass(frozen=True, slots=True, eq=False)
class Peak:
    """(J,) each: the theta where an item's information is largest, logits, and how large it is there."""

    theta: Floats
    information: Floats


def peak(setting: Setting) -> Peak:
    """Return the peaks of the setting's items, found once."""
    return setting.kept("peak", lambda: peak_of(setting.items))


def peak_of(items: ItemParameters) -> Peak:
    """Return where each item's information is largest.

    In closed form where the family has one; else the best of a fine grid, then the root of the slope
    between its neighbours, by halving. An item with several peaks has the highest.
    """
    theta = np.full(len(items), np.nan)
    for block in items.blocks:
        if isinstance(block, LogisticItems):
            theta[[items.row[item] for item in block.ids]] = block.maximum_information_theta()
    rest = np.flatnonzero(np.isnan(theta))
    if rest.size:
        theta[rest] = _searched(items.take(rest))
    return Peak(theta, items.information(theta[None])[0])


def _searched(items: ItemParameters) -> Floats:
    grid = np.arange(-round(RANGE / STEP), round(RANGE / STEP) + 1, dtype=np.float64) * STEP
    best = grid[items.information(grid).argmax(axis=0)]
    low, high = best - STEP, best + STEP
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        climbs = items.information_slope(middle[None])[0] > 0
        low, high = np.where(climbs, middle, low), np.where(climbs, high, middle)
    result: Floats = (low + high) / 2
    return result
