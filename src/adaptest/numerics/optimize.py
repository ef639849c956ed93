"""Roots in brackets, for M problems at once, each as if it were alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.intp]

STEPS = 100  # bisection alone needs about 50 from any bracket of logits
TOLERANCE = 1e-12  # of the argument


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """M roots.

    Attributes
    ----------
    value : (M,) the argument with the smallest residual seen
    residual : (M,) the function there
    converged : (M,) whether the bracket became as small as asked, or the residual exactly 0
    steps : (M,) evaluations of the function
    """

    value: Floats
    residual: Floats
    converged: Bools
    steps: Rows

    @property
    def reason(self) -> str:
        """Why the search ended, in words."""
        open_ = int((~self.converged).sum())
        return (
            "every bracket is small enough" if not open_ else f"{open_} brackets were still wide at the end"
        )


def bracketed_root(
    function: Callable[[Floats, Rows], Floats],
    low: Floats,
    high: Floats,
    at_low: Floats,
    at_high: Floats,
    *,
    tolerance: float = TOLERANCE,
    steps: int = STEPS,
) -> Solution:
    """Return a root of each function within its bracket, by inverse quadratic steps or bisection.

    A step is taken by inverse quadratic interpolation where the three points are fit for it, else the
    bracket is halved; it never leaves the bracket. A problem stops when it has converged, so its bits do
    not depend on the others.

    Parameters
    ----------
    function : of arguments (m,) and which problems (m,) they belong to, giving (m,)
    low, high : (M,) ends of the brackets
    at_low, at_high : (M,) the functions there: of opposite sign, or 0

    References
    ----------
    Chandrupatla (1997), Advances in Engineering Software 28(3), 145-149.

    Examples
    --------
    >>> ends = np.array([0.0]), np.array([2.0])
    >>> found = bracketed_root(lambda x, _: x**2 - 2, *ends, np.array([-2.0]), np.array([2.0]))
    >>> found.value.round(9), found.converged
    (array([1.41421356]), array([ True]))
    """
    a, b, at_a, at_b = high.astype(float), low.astype(float), at_high.astype(float), at_low.astype(float)
    c, at_c = b.copy(), at_b.copy()
    value = np.where(np.abs(at_a) < np.abs(at_b), a, b)
    residual = np.where(np.abs(at_a) < np.abs(at_b), at_a, at_b)
    converged = residual == 0
    taken = np.zeros(len(a), dtype=np.intp)
    fraction = np.full(len(a), 0.5)
    for _ in range(steps):
        open_ = np.flatnonzero(~converged)
        if not open_.size:
            break
        x = a[open_] + fraction[open_] * (b[open_] - a[open_])
        at_x = function(x, open_)
        taken[open_] += 1
        same = (at_x > 0) == (at_a[open_] > 0)
        c[open_], at_c[open_] = np.where(same, a[open_], b[open_]), np.where(same, at_a[open_], at_b[open_])
        b[open_], at_b[open_] = np.where(same, b[open_], a[open_]), np.where(same, at_b[open_], at_a[open_])
        a[open_], at_a[open_] = x, at_x
        nearer = np.abs(at_a[open_]) < np.abs(at_b[open_])
        value[open_] = np.where(nearer, a[open_], b[open_])
        residual[open_] = np.where(nearer, at_a[open_], at_b[open_])
        wide = np.abs(b[open_] - a[open_])
        enough = 2 * np.finfo(float).eps * np.abs(value[open_]) + tolerance
        converged[open_] = (residual[open_] == 0) | (wide <= 2 * enough)
        points = (a[open_], b[open_], c[open_])
        fraction[open_] = _fraction(points, (at_a[open_], at_b[open_], at_c[open_]), enough)
    return Solution(value, residual, converged, taken)


def _fraction(
    points: tuple[Floats, Floats, Floats], values: tuple[Floats, Floats, Floats], enough: Floats
) -> Floats:
    """Return how far from a to b the next step goes."""
    (a, b, c), (at_a, at_b, at_c) = points, values
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # unfit points: halved below
        xi, phi = (a - b) / (c - b), (at_a - at_b) / (at_c - at_b)
        fit = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
        quadratic = at_a / (at_b - at_a) * at_c / (at_b - at_c)
        quadratic += (c - a) / (b - a) * at_a / (at_c - at_a) * at_b / (at_c - at_b)
        least = np.nan_to_num(np.minimum(enough / np.abs(b - a), 0.5), nan=0.5)
    step: Floats = np.where(fit & np.isfinite(quadratic), quadratic, 0.5)
    return np.clip(
        step, np.where(np.isfinite(least), least, 0.5), 1 - np.where(np.isfinite(least), least, 0.5)
    )
