"""True parameters that differ from the exam's: one draw from what the calibration knows of its own error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from adaptest.calibration.result import CovarianceBlock
from adaptest.errors import OptionError
from adaptest.models import GradedItems, LogisticItems, PartialCreditItems
from adaptest.models.base import Family, Floats
from adaptest.numerics.random import Stream
from adaptest.parameters import ItemParameters
from adaptest.parameters.table import ParameterTable
from adaptest.simulation.simulees import normal_draws

TINY = 1e-12  # of the largest variance: a pivot below it is that of a parameter that is known
GAP = 1e-6  # logits, least distance of two thresholds
HIGHEST_GUESSING = 0.95

Shifts = Mapping[tuple[str, str], float]  # (item, column in files) -> error drawn


def drawn(table: ParameterTable, seed: int, blocks: Sequence[CovarianceBlock] = ()) -> ItemParameters:
    """Return parameters as they may truly be: each item's, and a draw of its estimation error.

    Errors of the parameters in `blocks` are drawn jointly, the others from their standard errors alone; what
    has neither stays. A discrimination keeps its sign: its error is drawn on the logarithm, with the same
    standard error to first order.

    Raises
    ------
    OptionError, where nothing has an error, or an item's model has no such draw.
    """
    shifts: dict[tuple[str, str], float] = {}
    place = 0
    for block in blocks:
        z = normal_draws(seed, Stream.TRUE_PARAMETERS, np.arange(place, place + len(block.parameters)))
        place += len(block.parameters)
        errors = (_root(block.matrix) * z).sum(axis=1)
        shifts |= dict(zip(block.parameters, errors.tolist(), strict=True))
    for name, values in table.se.items():
        columns = values.reshape(len(table.ids), -1)
        names = [name] if values.ndim == 1 else [f"{name}_{k + 1}" for k in range(columns.shape[1])]
        z = normal_draws(seed, Stream.TRUE_PARAMETERS, np.arange(place, place + columns.size), 1)
        place += columns.size
        for (row, k), error in np.ndenumerate(columns * z.reshape(columns.shape)):
            if np.isfinite(error):
                shifts.setdefault((table.ids[row], names[k]), float(error))
    if not shifts:
        raise OptionError("true parameters cannot be drawn: the parameter table has no standard errors")
    return ItemParameters(table.items.ids, tuple(_moved(block, shifts) for block in table.items.blocks))


def _moved(block: Family, shifts: Shifts) -> Family:
    """Return a family's items with their errors added."""
    if isinstance(block, LogisticItems):
        c = block.c + _column(block.ids, "guessing", shifts) * (block.c > 0)
        d = block.d + _column(block.ids, "upper_asymptote", shifts) * (block.d < 1)
        c = np.clip(c, 0.0, HIGHEST_GUESSING)
        d = np.clip(d, c + 1 - HIGHEST_GUESSING, 1.0)
        b = block.b + _column(block.ids, "difficulty", shifts)
        return LogisticItems(block.ids, _discrimination(block, shifts), b, c, d, block.models)
    if isinstance(block, GradedItems):
        b = block.b + _columns(block.ids, "threshold", block.b.shape[1], shifts)
        sign = np.sign(block.a)[:, None]  # thresholds whose order was lost are set apart again
        steps = GAP * np.arange(b.shape[1])
        ordered = np.where(np.isposinf(b), np.inf, np.maximum.accumulate(b * sign - steps, axis=1) + steps)
        b = np.where(np.isposinf(ordered), np.inf, ordered * sign)
        return GradedItems(block.ids, _discrimination(block, shifts), b, block.models)
    if isinstance(block, PartialCreditItems):
        b = block.b + _columns(block.ids, "step", block.b.shape[1], shifts)
        return PartialCreditItems(block.ids, _discrimination(block, shifts), b, block.models)
    raise OptionError(f"item {block.ids[0]!r}: true parameters of model {block.models[0]} cannot be drawn")


def _discrimination(block: Family, shifts: Shifts) -> Floats:
    a: Floats = block.a
    fixed = np.array([model in ("rasch", "pcm", "rsm") for model in block.models])
    moved: Floats = a * np.exp(np.where(fixed, 0.0, _column(block.ids, "discrimination", shifts) / a))
    return moved


def _column(ids: Sequence[str], name: str, shifts: Shifts) -> Floats:
    return np.array([shifts.get((item, name), 0.0) for item in ids])


def _columns(ids: Sequence[str], name: str, width: int, shifts: Shifts) -> Floats:
    return np.stack([_column(ids, f"{name}_{k + 1}", shifts) for k in range(width)], axis=1)


def _root(matrix: Floats) -> Floats:
    """Return L with L L' = matrix, semi-definite: Cholesky's, column by column, without BLAS.

    References
    ----------
    Golub & Van Loan (2013), Matrix Computations, 4th edition, algorithm 4.2.2.
    """
    rest = np.array(matrix, dtype=np.float64)
    root = np.zeros_like(rest)
    floor = TINY * max(float(np.diag(rest).max(initial=0.0)), TINY)
    for k in range(len(rest)):
        if rest[k, k] <= floor:
            continue
        column = rest[k:, k] / np.sqrt(rest[k, k])
        root[k:, k] = column
        rest[k:, k:] -= column[:, None] * column[None, :]
    return root
