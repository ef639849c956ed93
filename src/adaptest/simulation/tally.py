"""Sums over simulees, overall and by band, that come out the same however the simulees arrive in blocks.

Floating-point sums depend on their order, so simulees are added in slices of a fixed size, whatever the
blocks: a slice that is not full waits for the next block. Memory does not grow with the simulees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from adaptest.models.base import Floats, Rows

SLICE = 1024


@dataclass(frozen=True, slots=True)
class Value:
    """A measure with its Monte-Carlo standard error; nan where there is none."""

    value: float
    se: float = float("nan")


@dataclass(slots=True, eq=False)
class Tally:
    """Sums of columns and of their products, in all and within bands 0..bands - 1.

    A simulee in band -1 counts in all only. Columns are summed with their squares; `pairs` names the products
    that are summed as well.
    """

    bands: int
    pairs: tuple[tuple[str, str], ...] = ()
    names: tuple[str, ...] = ()
    n: Rows = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    sums: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    _waiting: list[tuple[Rows, Floats]] = field(default_factory=list)

    def add(self, band: Rows, columns: Mapping[str, Floats]) -> None:
        """Add simulees: their bands (n,) and, by name, their columns (n,)."""
        if not self.names:
            self.names = tuple(columns)
            self.n = np.zeros(self.bands + 1, dtype=np.intp)
            self.sums = np.zeros((self.bands + 1, 2 * len(self.names) + len(self.pairs)))
        held = np.stack([np.asarray(columns[name], dtype=np.float64) for name in self.names], axis=1)
        self._waiting.append((band, held))
        size = sum(len(one) for one, _ in self._waiting)
        if size < SLICE:
            return
        bands = np.concatenate([one for one, _ in self._waiting])
        rows = np.concatenate([two for _, two in self._waiting])
        whole = size - size % SLICE
        for start in range(0, whole, SLICE):
            self._sum(bands[start : start + SLICE], rows[start : start + SLICE])
        self._waiting[:] = [(bands[whole:], rows[whole:])]

    def close(self) -> None:
        """Add what waits for a full slice: after the last simulee."""
        if self._waiting:
            bands = np.concatenate([one for one, _ in self._waiting])
            rows = np.concatenate([two for _, two in self._waiting])
            self._waiting.clear()
            if len(bands):
                self._sum(bands, rows)

    def _sum(self, band: Rows, rows: Floats) -> None:
        place = {name: k for k, name in enumerate(self.names)}
        products = [rows[:, place[one]] * rows[:, place[two]] for one, two in self.pairs]
        all_columns = np.column_stack([rows, rows * rows, *products])
        self.n[0] += len(rows)
        self.sums[0] += all_columns.sum(axis=0)
        for one in np.unique(band[band >= 0]).tolist():
            mine = all_columns[band == one]
            self.n[one + 1] += len(mine)
            self.sums[one + 1] += mine.sum(axis=0)

    def count(self, band: int = -1) -> int:
        """Return how many simulees a band holds; of all where it is -1."""
        return int(self.n[band + 1]) if len(self.n) else 0

    def total(self, name: str, band: int = -1) -> float:
        """Return the sum of a column."""
        return float(self.sums[band + 1, self.names.index(name)])

    def square(self, name: str, band: int = -1) -> float:
        """Return the sum of a column's squares."""
        return float(self.sums[band + 1, len(self.names) + self.names.index(name)])

    def product(self, one: str, two: str, band: int = -1) -> float:
        """Return the sum of the products of two columns, named as in `pairs`."""
        return float(self.sums[band + 1, 2 * len(self.names) + self.pairs.index((one, two))])

    def mean(self, name: str, band: int = -1, *, among: str = "") -> Value:
        r"""Return a column's mean with its standard error.

        .. math:: \bar x, \quad \sqrt{s^2 / n}

        Parameters
        ----------
        among : a column of 0 and 1 that says who counts; the others must be 0 in `name`
        """
        n = self.total(among, band) if among else self.count(band)
        if n < 1:
            return Value(float("nan"))
        mean = self.total(name, band) / n
        if n < 2:  # noqa: PLR2004 (one value has no spread)
            return Value(mean)
        variance = max(self.square(name, band) / n - mean * mean, 0.0) * n / (n - 1)
        return Value(mean, float(np.sqrt(variance / n)))

    def ratio(self, one: str, two: str, band: int = -1) -> Value:
        r"""Return the ratio of two columns' sums, with its standard error by the delta method.

        .. math:: R = \sum x / \sum y, \quad
            \mathrm{se} = \sqrt{\sum (x - R y)^2 / (n (n - 1))}\; / \;\bar y

        References
        ----------
        Cochran (1977), Sampling Techniques, 3rd edition, section 2.11.
        """
        n, below = self.count(band), self.total(two, band) if self.names else 0.0
        if n < 1 or below <= 0:
            return Value(float("nan"))
        ratio = self.total(one, band) / below
        if n < 2:  # noqa: PLR2004 (one value has no spread)
            return Value(ratio)
        spread = (
            self.square(one, band)
            - 2 * ratio * self.product(one, two, band)
            + ratio * ratio * self.square(two, band)
        )
        return Value(ratio, float(np.sqrt(max(spread, 0.0) / (n * (n - 1))) / (below / n)))


def root(square: Value) -> Value:
    r"""Return the root of a mean square, with its standard error by the delta method.

    .. math:: \mathrm{se}(\sqrt m) = \mathrm{se}(m) / (2 \sqrt m)
    """
    value = float(np.sqrt(square.value))
    return Value(value, square.se / (2 * value) if value > 0 else float("nan"))
