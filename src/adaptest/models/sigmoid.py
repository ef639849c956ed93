"""The logistic function and its logarithm, accurate in both tails and the same for every shape."""

from __future__ import annotations

import numpy as np

from adaptest.models.base import Floats

WIDEST = 708.0  # exp(708) and exp(-708) are still ordinary numbers


def sigmoid_pair(z: Floats) -> tuple[Floats, Floats]:
    """Return sigma(z) and sigma(-z), each accurate in its own tail; z beyond +-708 counts as +-708.

    One exponential serves both. The limit keeps every ratio of the two away from 0 / 0.
    """
    falling = np.maximum(z, -WIDEST)
    np.minimum(falling, WIDEST, out=falling)
    np.negative(falling, out=falling)
    np.exp(falling, out=falling)
    rising = 1 + falling
    np.reciprocal(rising, out=rising)
    falling *= rising
    return rising, falling


def log_sigmoid(z: Floats) -> Floats:
    """Return log sigma(z), accurate for every z: near 0 as well as near z itself."""
    result: Floats = np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z)))
    return result
