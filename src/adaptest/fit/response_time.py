"""Rapid guessing: answers too quick to have been thought about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adaptest.models.base import Floats

SHARE = 0.10  # of the item's median time: Wise & Ma (2012) take a tenth of the mean
MOST_S = 10.0  # seconds: likewise
RAPID_SITTING = 0.10  # of a person's answers: above it the person is flagged
FEWEST_TIMES = 20  # of an item, for a median (a changeable default)


@dataclass(frozen=True, slots=True, eq=False)
class RapidGuessing:
    """Which of N persons' answers to J items were rapid.

    Attributes
    ----------
    threshold_s : (J,) seconds; nan where too few times are known
    rapid : (N, J) whether the answer took less
    item_share : (J,) of the timed answers that were rapid
    effort : (N,) response-time effort: share of a person's timed answers that were not rapid
    flagged : (N,) more than a tenth of the timed answers rapid
    """

    threshold_s: Floats
    rapid: NDArray[np.bool_]
    item_share: Floats
    effort: Floats
    flagged: NDArray[np.bool_]


def rapid_guessing(
    time_s: Floats, *, share: float = SHARE, most_s: float = MOST_S, fewest: int = FEWEST_TIMES
) -> RapidGuessing:
    """Return rapid answers by a normative threshold: a share of the item's median time, at most `most_s`.

    Parameters
    ----------
    time_s : (N, J) seconds; nan where there is no answer or no time

    References
    ----------
    Wise & Kong (2005), Applied Measurement in Education 18(2), 163-183 (effort); Wise & Ma (2012), NCME
    annual meeting (normative threshold).

    Examples
    --------
    >>> times = np.full((30, 2), 40.0)
    >>> times[0] = 2.0
    >>> found = rapid_guessing(times)
    >>> found.threshold_s, found.effort[0], bool(found.flagged[0])
    (array([4., 4.]), np.float64(0.0), True)
    """
    timed = np.isfinite(time_s)
    count = timed.sum(axis=0)
    median = np.array(
        [np.median(time_s[timed[:, j], j]) if count[j] >= fewest else np.nan for j in range(time_s.shape[1])]
    )
    threshold = np.minimum(share * median, most_s)
    judged = timed & np.isfinite(threshold)
    with np.errstate(invalid="ignore", divide="ignore"):
        rapid = judged & (time_s < threshold)
        item_share = rapid.sum(axis=0) / judged.sum(axis=0)
        effort = 1 - rapid.sum(axis=1) / judged.sum(axis=1)
    return RapidGuessing(threshold, rapid, item_share, effort, np.nan_to_num(1 - effort) > RAPID_SITTING)
