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
        self._last: tuple[Floats, Floats] | None = None
        self._differences: list[tuple[Floats, Floats]] = []

    def __len__(self) -> int:
        return len(self._differences)

    def restart(self) -> None:
        """Forget everything."""
        self._last = None
        self._differences.clear()

    def jump(self) -> None:
        """Keep what is known of the slope, but not the last point: the iteration goes on from elsewhere."""
        self._last = None

    def step(self, point: Floats, residual: Floats, weight: Floats) -> Floats:
        """Return the accelerated step from `point`; `weight` scales the residual in the least squares."""
        if self._last is not None:
            before, was = self._last
            self._differences.append((point - before, residual - was))
            del self._differences[: -self._window]
        self._last = (point, residual)
        if not self._differences:
            return residual
        d_point = np.stack([one for one, _ in self._differences], axis=1)
        d_residual = np.stack([other for _, other in self._differences], axis=1)
        gamma = np.linalg.lstsq(d_residual * weight[:, None], residual * weight, rcond=self._rcond)[0]
        result: Floats = residual - (d_point + d_residual) @ gamma
        return result
