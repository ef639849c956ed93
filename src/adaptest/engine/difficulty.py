"""Where an item lies on the scale, whatever its family."""

from __future__ import annotations

import numpy as np

from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters


def difficulty(items: ItemParameters) -> Floats:
    """Return (J,) where each item lies, logits: its difficulty, or the mean of its thresholds or steps.

    nan for families that have neither.
    """
    where = np.full(len(items), np.nan)
    for block in items.blocks:
        b = getattr(block, "b", None)
        if b is None:
            continue
        rows = [items.row[item] for item in block.ids]
        where[rows] = b if b.ndim == 1 else np.nanmean(b, axis=1)
    return where
