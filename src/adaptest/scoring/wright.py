"""Wright's up-and-down measure: adaptive testing by hand, with difficulties alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptest.errors import OptionError
from adaptest.models.base import Floats
from adaptest.scoring.estimate import Estimates, Outcome

STEP = 2.0  # logits; the n-th response moves the next difficulty by STEP / n


def wright_measure(difficulty_sum: ArrayLike, right: ArrayLike, wrong: ArrayLike) -> Estimates:
    r"""Return N persons' measures from the sum of the difficulties they met and what they got right.

    .. math:: \theta = H/L + \ln(R/W), \quad sem = \sqrt{L/(R W)}

    with H the sum of the L = R + W difficulties. All right or all wrong has no measure: an infinity, and
    the outcome says so.

    Parameters
    ----------
    difficulty_sum : (N,) logits
    right, wrong : (N,) counts

    References
    ----------
    Wright (1988), Practical adaptive testing, Rasch Measurement Transactions 2(2), 21.

    Examples
    --------
    >>> wright_measure([20], [7], [3]).theta.round(4)
    array([2.8473])
    """
    h, r, w = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(x, float)) for x in (difficulty_sum, right, wrong))
    )
    if (r < 0).any() or (w < 0).any():
        raise OptionError(f"right and wrong must be counts, at least 0; got {min(r.min(), w.min()):g}")
    n = r + w
    with np.errstate(divide="ignore", invalid="ignore"):  # constant and empty patterns: said in the outcome
        theta = h / n + np.log(r / w)
        sem = np.where((r > 0) & (w > 0), np.sqrt(n / (r * w)), np.nan)
    outcome = np.select(
        [n == 0, w == 0, r == 0],
        [Outcome.NO_RESPONSES, Outcome.ALL_CORRECT, Outcome.ALL_INCORRECT],
        Outcome.OK,
    )
    return Estimates(theta, sem, outcome.astype(np.int8), "wright", "wright", n.astype(np.intp))


def next_difficulty(difficulty: ArrayLike, position: ArrayLike, correct: ArrayLike) -> Floats:
    """Return (N,) the difficulty to meet next, logits: 2 / position up after a right answer, else down.

    Parameters
    ----------
    difficulty : (N,) just met, logits
    position : (N,) how many have been met, from 1
    """
    if (np.asarray(position) < 1).any():
        raise OptionError(f"position must be at least 1; got {np.min(position)}")
    step = STEP / np.asarray(position, dtype=np.float64)
    return np.asarray(difficulty, dtype=np.float64) + np.where(np.asarray(correct, dtype=bool), step, -step)


def next_level(
    level: ArrayLike, position: ArrayLike, correct: ArrayLike, scale: tuple[float, float]
) -> NDArray[np.int64]:
    r"""Return (N,) the level to meet next, on a scale of whole levels between two ends.

    A level stands for the logit :math:`\ln\{(l - low)/(high - l)\}`; the step is taken there, and the
    result rounded to a whole level within the ends.

    Parameters
    ----------
    level : (N,) just met; an end of the scale counts as half a level inside it
    position : (N,) how many have been met, from 1

    Examples
    --------
    >>> next_level([30, 80], [1, 2], [True, False], (0, 100))
    array([76, 60])
    """
    low, high = scale
    levels = np.asarray(level, dtype=np.float64)
    if not low < high or (levels < low).any() or (levels > high).any():
        raise OptionError(
            f"levels must lie on the scale {low:g} to {high:g}; got {levels.min():g}..{levels.max():g}"
        )
    inside = np.clip(levels, low + 0.5, high - 0.5)
    logit = next_difficulty(np.log((inside - low) / (high - inside)), position, correct)
    back = low + (high - low) / (1 + np.exp(-logit))
    return np.clip(np.floor(back + 0.5), low, high).astype(np.int64)
