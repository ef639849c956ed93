"""The numbers of a parameter sheet: which parameters each row has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from adaptest.models.base import Bools, Floats
from adaptest.parameters.cells import Cells
from adaptest.parameters.columns import BY_CATEGORY, PARAMETERS


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """L rows of parameters, by the parameter's name in files.

    Attributes
    ----------
    of : (L,) numbers, or (L, m) by category; nan where a cell is empty
    given : the same shapes, whether a cell has a number
    has : (L,) whether the row has the parameter at all
    filled : (L,) whether the row has any parameter
    """

    of: dict[str, Floats]
    given: dict[str, Bools]
    has: dict[str, Bools]
    filled: Bools

    @classmethod
    def read(cls, cells: Cells) -> Self:
        """Return the numbers of the sheet's parameter columns.

        Raises
        ------
        ParameterFileError, where a cell is not a number.
        """
        of = {
            name: cells.by_category(name) if name in BY_CATEGORY else cells.numbers(name)
            for name in PARAMETERS
        }
        given: dict[str, Bools] = {name: np.asarray(~np.isnan(column)) for name, column in of.items()}
        has: dict[str, Bools] = {
            name: np.asarray(mask.any(axis=1)) if name in BY_CATEGORY else mask
            for name, mask in given.items()
        }
        filled: Bools = np.any(list(has.values()), axis=0)
        return cls(of, given, has, filled)
