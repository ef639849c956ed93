"""The rating scale model's two spellings: difficulty plus common steps in files, absolute steps inside."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from math import isfinite

DIGITS = 1600  # the exact sum of any two doubles has fewer


def absolute(difficulty: str, steps: Sequence[str]) -> list[float]:
    """Return difficulty + step for each step, added as the decimals they are written as, rounded once."""
    with localcontext() as context:
        context.prec = DIGITS
        return [float(Decimal(difficulty) + Decimal(step)) for step in steps]


def relative(steps: Sequence[float]) -> tuple[str, list[str]]:
    """Return the mean step and the steps about it: decimals that `absolute` adds to the same bits."""
    mean = sum(step / len(steps) for step in steps)
    mean = mean if isfinite(mean) else 0.0  # rounding may carry a mean of the largest doubles over the edge
    with localcontext() as context:
        context.prec = DIGITS
        return repr(mean), [str(Decimal(repr(step)) - Decimal(repr(mean))) for step in steps]


def relative_floats(steps: Sequence[float]) -> tuple[float, list[float]]:
    """Return what `relative` does as floats; about 0 where the mean's would not add to the same bits."""
    difficulty, about = relative(steps)
    floats = [float(step) for step in about]
    same = absolute(difficulty, [repr(step) for step in floats]) == list(steps)
    return (float(difficulty), floats) if same else (0.0, list(steps))
