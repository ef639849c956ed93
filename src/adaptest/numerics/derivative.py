"""Derivatives by central differences: for tests, and where no formula is worth having."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEP = 1e-3  # of the argument: the error of order step^4 is 1e-12 times a fifth derivative


def central_difference(function: Callable[[Floats], Floats], at: Floats, step: float = STEP) -> Floats:
    r"""Return the first derivative of `function` at each of `at` (M,), to the fourth order of the step.

    .. math:: f' = \{8 f(x+h) - 8 f(x-h) - f(x+2h) + f(x-2h)\} / 12h

    References
    ----------
    Abramowitz & Stegun (1964), Handbook of Mathematical Functions, 25.3.6.

    Examples
    --------
    >>> central_difference(np.sin, np.array([0.0])).round(9)
    array([1.])
    """
    near = function(at + step) - function(at - step)
    far = function(at + 2 * step) - function(at - 2 * step)
    return (8 * near - far) / (12 * step)
