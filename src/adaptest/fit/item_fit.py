"""Mean squares of residuals, and the standardised log-likelihood, item by item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.fit.residuals import Residuals
from adaptest.models.base import Floats

SMALLEST_VARIANCE = 1e-9  # of a score: an answer more certain than this tells no misfit from rounding


@dataclass(frozen=True, slots=True, eq=False)
class MeanSquares:
    """J items' (or N persons') mean squares; nan where there is nothing to compute them from.

    Attributes
    ----------
    n : sum of the weights of the answers
    infit, outfit : mean squares, 1 where the model holds
    infit_z, outfit_z : the same, standardised to about N(0, 1) by the cube root
    """

    n: Floats
    infit: Floats
    outfit: Floats
    infit_z: Floats
    outfit_z: Floats


def item_mean_squares(found: Residuals) -> MeanSquares:
    r"""Return infit and outfit of each item.

    .. math:: outfit = \sum z^2 / n, \quad infit = \sum V z^2 / \sum V, \quad z = (x - E) / \sqrt V

    .. math:: t = (MS^{1/3} - 1)\,(3 / q) + q / 3, \quad
              q^2_{outfit} = \sum (C / V^2) / n^2 - 1/n, \quad q^2_{infit} = \sum (C - V^2) / (\sum V)^2

    References
    ----------
    Wright & Masters (1982), Rating scale analysis, 99-102; Wilson & Hilferty (1931), Proceedings of the
    National Academy of Sciences 17(12), 684-688 (the cube root).
    """
    return _mean_squares(found, found.data.item_sums)


def person_mean_squares(found: Residuals) -> MeanSquares:
    """Return infit and outfit of each person; see `item_mean_squares`."""
    return _mean_squares(found, found.data.person_sums, weighted=False)


def _mean_squares(found: Residuals, total: object, *, weighted: bool = True) -> MeanSquares:
    assert callable(total)  # noqa: S101 (ours)
    usable = found.valid & (found.variance > SMALLEST_VARIANCE)
    weight = np.where(usable, found.weight if weighted else 1.0, 0.0)
    variance = np.where(usable, found.variance, 1.0)
    square = np.where(usable, found.raw**2, 0.0)
    n, information = total(weight), total(weight * variance)
    with np.errstate(invalid="ignore", divide="ignore"):
        outfit = total(weight * square / variance) / n
        infit = total(weight * square) / information
        q_outfit = np.sqrt(np.maximum(total(weight * found.fourth / variance**2) / n**2 - 1 / n, 0))
        q_infit = np.sqrt(np.maximum(total(weight * (found.fourth - variance**2)), 0)) / information
        return MeanSquares(n, infit, outfit, _standard(infit, q_infit), _standard(outfit, q_outfit))


def _standard(mean_square: Floats, q: Floats) -> Floats:
    return (np.cbrt(mean_square) - 1) * 3 / q + q / 3


def zh(found: Residuals) -> Floats:
    r"""Return (J,) the standardised log-likelihood of the answers to each item.

    .. math:: Z_h = \{\sum_n \ln P(x_n) - \sum_n E \ln P\} / \sqrt{\sum_n Var \ln P}

    Estimated thetas shrink its spread and raise it above N(0, 1): a description, not a test.

    References
    ----------
    Drasgow, Levine & Williams (1985), British Journal of Mathematical and Statistical Psychology 38(1),
    67-86.
    """
    total, weight = found.data.item_sums, found.weight
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(
            total(weight * (found.log_p - found.log_p_mean)) / np.sqrt(total(weight * found.log_p_variance)),
            dtype=np.float64,
        )
