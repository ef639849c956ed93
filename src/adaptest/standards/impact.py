"""Who would pass: the share at and above the cut and around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters
from adaptest.scoring.expected_score import expected_score

STEPS = (-2.0, -1.0, 0.0, 1.0, 2.0)  # standard errors from the cut


@dataclass(frozen=True, slots=True)
class Impact:
    """One candidate cut.

    Attributes
    ----------
    steps : standard errors from the panel's cut
    theta : logits
    expected_score : on the items given; share : of the highest score
    passing : share of people at and above it
    """

    steps: float
    theta: float
    expected_score: float
    share: float
    passing: float


def impact(
    cut: float,
    se: float,
    items: ItemParameters,
    *,
    people: Floats | None = None,
    mean: float = 0.0,
    sd: float = 1.0,
) -> tuple[Impact, ...]:
    """Return the impact of the cut and of cuts one and two standard errors away.

    Parameters
    ----------
    people : (N,) theta estimates; without them a normal population of this mean and sd
    """
    steps = STEPS if np.isfinite(se) and se > 0 else (0.0,)
    theta = np.array([cut + step * se if step else cut for step in steps])
    score = expected_score(items, theta)
    top = float((items.categories - 1).sum())
    normal = people is None
    passing = ndtr((mean - theta) / sd) if normal else (np.asarray(people)[:, None] >= theta).mean(axis=0)
    rows = zip(steps, theta.tolist(), score.tolist(), (score / top).tolist(), passing.tolist(), strict=True)
    return tuple(Impact(*row) for row in rows)
