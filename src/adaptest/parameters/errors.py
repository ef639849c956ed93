"""How well each item's own parameters are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from adaptest.errors import ItemParameterError
from adaptest.models.base import Floats, Rows
from adaptest.parameters.columns import BY_CATEGORY, PARAMETERS

Matrix = tuple[tuple[float, ...], ...]
SAME = 1e-6  # relative: variances that differ by more are of two calibrations


@dataclass(frozen=True, slots=True, eq=False)
class ItemErrors:
    """Sampling covariance of the parameters of J items, each item's own.

    Attributes
    ----------
    names : (J,) of tuples, the p parameters of each item that have an error, as in files: "difficulty",
        "threshold_2", ...; () where none is known
    covariance : (J,) of p rows of p numbers, in the units of the parameter table

    Raises
    ------
    ItemParameterError, where a matrix does not fit its names or a variance is negative or no number.
    """

    names: tuple[tuple[str, ...], ...] = ()
    covariance: tuple[Matrix, ...] = ()

    def __post_init__(self) -> None:
        for names, matrix in zip(self.names, self.covariance, strict=True):
            square = np.array(matrix, dtype=np.float64).reshape(-1, len(names)) if names else np.zeros((0, 0))
            if square.shape != (len(names), len(names)) or not np.isfinite(square).all():
                raise ItemParameterError(
                    f"covariance of {', '.join(names)}: must be finite and {len(names)} by {len(names)};"
                    f" got {matrix}"
                )
            least = min(np.diag(square).tolist(), default=0.0)
            if least < 0:
                raise ItemParameterError(
                    f"covariance of {', '.join(names)}: variances must be 0 or more; got {least:g}"
                )

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of(cls, se: Mapping[str, Floats]) -> Self:
        """Return errors that are independent, from standard errors.

        Parameters
        ----------
        se : by the parameter's name, (J,) or by category (J, m); nan where there is none
        """
        columns: list[tuple[str, Floats]] = []
        for name in PARAMETERS:
            if name not in se:
                continue
            if name in BY_CATEGORY:
                columns += [(f"{name}_{k + 1}", se[name][:, k]) for k in range(se[name].shape[1])]
            else:
                columns.append((name, se[name]))
        names, covariance = [], []
        for row in range(len(columns[0][1]) if columns else 0):
            own = [(name, float(values[row])) for name, values in columns if np.isfinite(values[row])]
            names.append(tuple(name for name, _ in own))
            covariance.append(
                tuple(tuple(x**2 if k == m else 0.0 for m in range(len(own))) for k, (_, x) in enumerate(own))
            )
        return cls(tuple(names), tuple(covariance))

    def joint(self, item: int, names: Sequence[str], matrix: Floats) -> Matrix | None:
        """Return an item's covariance out of a larger one; None where that lacks one of its parameters.

        Parameters
        ----------
        item : its row
        names : (p,) the parameters that `matrix` (p, p) is of

        Raises
        ------
        ItemParameterError, where a variance is not the square of the standard error that is known.
        """
        own = self.names[item]
        if not own or any(name not in names for name in own):
            return None
        at = [list(names).index(name) for name in own]
        found = matrix[np.ix_(at, at)]
        for k, name in enumerate(own):
            known = self.covariance[item][k][k]
            if abs(found[k, k] - known) > SAME * max(known, float(found[k, k])):
                raise ItemParameterError(
                    f"{name}: its variance must be the square of its standard error, {known:.6g};"
                    f" got {found[k, k]:.6g}"
                )
        return tuple(tuple(float(x) for x in row) for row in (found + found.T) / 2)

    def take(self, rows: Rows) -> ItemErrors:
        """Return those of the items at `rows`, in that order."""
        if not self.names:
            return self
        return ItemErrors(tuple(self.names[row] for row in rows), tuple(self.covariance[row] for row in rows))

    @property
    def artifact(self) -> list[list[Any]]:
        """What `from_artifact` takes: names and matrix of each item, as JSON has them."""
        return [
            [list(names), [list(row) for row in matrix]]
            for names, matrix in zip(self.names, self.covariance, strict=True)
        ]

    @classmethod
    def from_artifact(cls, body: Sequence[Any]) -> ItemErrors:
        """Return the errors whose artifact this is."""
        return cls(
            tuple(tuple(names) for names, _ in body),
            tuple(tuple(tuple(row) for row in matrix) for _, matrix in body),
        )
