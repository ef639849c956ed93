"""Anderson acceleration of a fixed-point iteration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Anderson:
    r"""Type II acceleration with a short memory.

    With residuals f_k = F(x_k) - x_k, the next point is

    .. math:: x_k + f_k - (\Delta X + \Delta F)\,\gamma, \quad
              \gamma = \arg\min \| W (f_k - \Delta F\,\gamma) \|

    Parameters
    ----------
    window : differences remembered
    rcond : singular values of the least squares below this share of the largest are dropped

    References
    ----------
    Anderson (1965), Journal of the ACM 12(4), 547-560; Walker & Ni (2011), SIAM Journal on Numerical
    Analysis 49(4), 1715-1735.

    Examples
    --------
    >>> memory = Anderson(window=3)
    >>> x = np.array([1.0])
    >>> for _ in range(6):
    ...     x = x + memory.step(x, np.cos(x) - x, np.ones(1))
    >>> x.round(6)
    array([0.739085])
    """

    def __init__(self, window: int, rcond: float = 1e-8) -> None:
        self._window, self._rcond = window, rcond
        self._points: list[Floats] = []
        self._residuals: list[Floats] = []

    def __len__(self) -> int:
        return len(self._points)

    def restart(self) -> None:
        """Forget everything."""
        self._points.clear()
        self._residuals.clear()

    def step(self, point: Floats, residual: Floats, weight: Floats) -> Floats:
        """Return the accelerated step from `point`; `weight` scales the residual in the least squares."""
        self._points.append(point)
        self._residuals.append(residual)
        del self._points[: -self._window - 1], self._residuals[: -self._window - 1]
        if len(self._points) == 1:
            return residual
        d_point = np.diff(np.stack(self._points, axis=1), axis=1)
        d_residual = np.diff(np.stack(self._residuals, axis=1), axis=1)
        gamma = np.linalg.lstsq(d_residual * weight[:, None], residual * weight, rcond=self._rcond)[0]
        result: Floats = residual - (d_point + d_residual) @ gamma
        return result
