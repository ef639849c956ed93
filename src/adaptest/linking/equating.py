"""What a summed score on one form is on another: true-score and observed-score equating."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.errors import LinkingError
from adaptest.models.base import Floats, Rows
from adaptest.numerics.quadrature import Grid, NormalPrior
from adaptest.parameters import ItemParameters
from adaptest.scoring.expected_score import expected_score, theta_at_expected_score
from adaptest.scoring.likelihood import FAR
from adaptest.scoring.search import search_nodes
from adaptest.scoring.summed import score_distribution

ROUNDING = 1e-12  # of an expected score


@dataclass(frozen=True, slots=True, eq=False)
class Equated:
    """Each summed score on X with its equivalent on Y.

    Attributes
    ----------
    score : (S + 1,) 0 to the largest of X
    equivalent : (S + 1,) on Y, not rounded
    theta : (S + 1,) where X's true score is the score; nan for observed scores, and beyond the curve's ends
    interpolated : (S + 1,) whether the curve does not reach the score, so that a line stands for it
    method : "true_score" or "observed_score"
    """

    score: Rows
    equivalent: Floats
    theta: Floats
    interpolated: Rows
    method: str


def true_score_equating(x: ItemParameters, y: ItemParameters) -> Equated:
    r"""Return Y's expected score at the theta at which X's is each score.

    .. math:: e(s) = \tau_Y(\tau_X^{-1}(s))

    Below the sum of X's guessing parameters no theta has such a true score. There a line from (0, 0) to the
    two sums stands for it, and likewise one from the upper sums to the two largest scores.

    Raises
    ------
    LinkingError, where a characteristic curve does not rise throughout.

    References
    ----------
    Kolen & Brennan (2014), Test Equating, Scaling, and Linking, 3rd ed., section 6.5; Lord (1980).

    Examples
    --------
    >>> from adaptest.models import LogisticItems
    >>> hard = ItemParameters.of(LogisticItems(("i1", "i2"), [1, 1], [0.5, 0.5], [0, 0], [1, 1]))
    >>> easy = ItemParameters.of(LogisticItems(("i1", "i2"), [1, 1], [-0.5, -0.5], [0, 0], [1, 1]))
    >>> true_score_equating(hard, easy).equivalent.round(3)
    array([0.   , 1.462, 2.   ])
    """
    for name, items in (("X", x), ("Y", y)):
        _require_rising(name, items)
    (low_x, high_x), (low_y, high_y) = _ends(x), _ends(y)
    top_x, top_y = (int((items.categories - 1).sum()) for items in (x, y))
    score = np.arange(top_x + 1)
    theta = theta_at_expected_score(x, score.astype(np.float64))
    inside = np.isfinite(theta)
    equivalent = np.empty(len(score))
    equivalent[inside] = expected_score(y, theta[inside])
    below = ~inside & (score <= low_x)
    above = ~inside & ~below
    equivalent[below] = score[below] * (low_y / low_x if low_x > 0 else 0.0)
    reach = (top_x - score[above]) / (top_x - high_x) if high_x < top_x else np.zeros(above.sum())
    equivalent[above] = top_y - reach * (top_y - high_y)
    return Equated(score, equivalent, np.where(inside, theta, np.nan), ~inside, "true_score")


def observed_score_equating(
    x: ItemParameters,
    y: ItemParameters,
    population: NormalPrior | Grid = NormalPrior(),  # noqa: B008 (frozen)
) -> Equated:
    """Return Y's score of the same percentile rank, in a population: equipercentile on both models' scores.

    The distributions are those of Lord and Wingersky's recursion, weighted by the population's density; a
    score's mass is spread evenly over half a point either side.

    Parameters
    ----------
    population : of theta, on the scale of both forms

    References
    ----------
    Lord & Wingersky (1984), Applied Psychological Measurement 8(4), 453-461; Kolen & Brennan (2014),
    sections 2.5 (percentile ranks) and 6.6.
    """
    grid = population.grid() if isinstance(population, NormalPrior) else population
    f, g = (_marginal(items, grid) for items in (x, y))
    rank = np.cumsum(f) - f / 2
    ends = np.concatenate([[0.0], np.cumsum(g)])  # of Y below -.5, .5, ...
    ends /= ends[-1]
    points = np.arange(len(ends)) - 0.5
    rising = np.concatenate([[True], np.diff(ends) > 0])
    equivalent = np.interp(rank / f.sum(), ends[rising], points[rising])
    score = np.arange(len(f))
    none = np.full(len(f), np.nan)
    return Equated(score, equivalent, none, np.zeros(len(f), dtype=np.bool_), "observed_score")


def _marginal(items: ItemParameters, grid: Grid) -> Floats:
    given = score_distribution(items, grid.theta)
    return np.asarray((given * np.exp(grid.log_weight)[:, None]).sum(axis=0))


def _ends(items: ItemParameters) -> tuple[float, float]:
    """Return the expected score of the lowest and of the highest theta."""
    low, high = expected_score(items, [-FAR, FAR]).tolist()
    return low, high


def _require_rising(name: str, items: ItemParameters) -> None:
    if (np.diff(expected_score(items, search_nodes(items))) < -ROUNDING * max(len(items), 1)).any():
        raise LinkingError(
            f"the characteristic curve of {name} must rise throughout; check the keys of items that "
            "discriminate downwards, and leave out nominal ones"
        )
