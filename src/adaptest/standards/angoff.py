"""Modified Angoff: what a minimally competent candidate is expected to score, turned into theta."""

from __future__ import annotations

import numpy as np

from adaptest.errors import StandardSettingError
from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters
from adaptest.scoring.expected_score import expected_score, theta_at_expected_score
from adaptest.standards.consistency import Generalizability, correlations, specification_error
from adaptest.standards.ratings import Ratings, require_complete
from adaptest.standards.standard import Round, Standard, bootstrap, by_judges, outlying


def angoff(items: ItemParameters, ratings: Ratings) -> Standard:
    r"""Return the cut at which the test characteristic curve is the panel's mean sum of ratings.

    .. math:: \theta_c = \tau^{-1}\Bigl(\frac1M \sum_m \sum_j p_{mj}\Bigr), \quad
              SE(\theta_c) = SE(\bar x) / \tau'(\theta_c)

    A rating is the probability that a minimally competent candidate answers right; for an item of more
    categories, the expected score.

    Parameters
    ----------
    items : parameters of every item that was rated

    Raises
    ------
    StandardSettingError, where an item has no parameters, a rating is missing or out of its range, or no
        theta has such an expected score.

    References
    ----------
    Angoff (1971), in Thorndike, Educational Measurement, 2nd ed.; Kane (1987), Journal of Educational
    Measurement 24(4), 333-345 (theta from the characteristic curve); Cizek & Bunch (2007), Standard Setting.
    """
    if unknown := [item for item in ratings.items if item not in items.row]:
        more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        raise StandardSettingError(f"item {unknown[0]!r}{more}: must have parameters; it was rated without")
    require_complete(ratings, ratings.judges)
    own = items.take(np.array([items.row[item] for item in ratings.items], dtype=np.intp))
    top = (own.categories - 1).astype(np.float64)
    _require_in_range(ratings, top)
    last = ratings.last
    raw = last.sum(axis=1)
    theta = _theta(own, float(raw.mean()), "the panel's mean of sums")
    slope = _slope(own, theta)
    mine = theta_at_expected_score(own, raw)
    expected = own.expected_score(np.where(np.isfinite(mine), mine, theta))
    error, index = specification_error(last, expected, top)
    panel = Generalizability.of(last / top) if (top == top[0]).all() else Generalizability.of(last)
    unit = top[0] if (top == top[0]).all() else 1.0
    drawn = theta_at_expected_score(own, (bootstrap(len(raw)) * raw).sum(axis=1) / len(raw))
    scale = len(top) * unit / slope
    others = (last.sum(axis=0) - last) / max(len(raw) - 1, 1)
    at_cut = own.expected_score(np.array([theta]))[0]
    agreement = {
        "sd_of_judges": float(raw.std(ddof=1)) if len(raw) > 1 else float("nan"),
        "variance_judges": panel.judges,
        "variance_items": panel.items,
        "variance_residual": panel.residual,
        "dependability": panel.dependability,
        "mean_correlation_with_others": _mean(correlations(last, others)) if len(raw) > 1 else float("nan"),
        "mean_correlation_with_model": _mean(correlations(last, expected)),
        "correlation_of_panel_with_model": float(correlations(last.mean(axis=0)[None], at_cut[None])[0]),
    }
    notes = outlying(ratings.judges, raw)
    notes += [
        f"judge {judge!r}: no theta has this judge's own sum of {one:g}; the cut counts it all the same"
        for judge, one, at in zip(ratings.judges, raw, mine, strict=True)
        if not np.isfinite(at)
    ]
    return Standard(
        method="angoff",
        theta=theta,
        se=by_judges(raw) / slope,
        se_by={
            "bootstrap": float(drawn[np.isfinite(drawn)].std(ddof=1)) if len(raw) > 1 else float("nan"),
            "generalizability": panel.se_of_mean * scale if len(raw) > 1 else float("nan"),
            "generalizability_items_fixed": panel.se_items_fixed * scale if len(raw) > 1 else float("nan"),
        },
        raw=float(raw.mean()),
        judges=ratings.judges,
        judge_raw=raw,
        judge_theta=mine,
        items=ratings.items,
        rounds=_rounds(own, ratings),
        judge_columns={
            "mean_rating": (last / top).mean(axis=1),
            "absolute_error": error,
            "consistency": index,
            "correlation_with_model": correlations(last, expected),
            "correlation_with_others": correlations(last, others),
        },
        item_columns={
            "mean": last.mean(axis=0),
            "sd": last.std(axis=0, ddof=1) if len(raw) > 1 else np.full(len(top), np.nan),
            "expected_at_cut": at_cut,
            "difference": last.mean(axis=0) - at_cut,
        },
        agreement=agreement,
        settings={"summary": "mean of judges", "curve": "test characteristic curve of the rated items"},
        notes=tuple(notes),
    )


def _rounds(items: ItemParameters, ratings: Ratings) -> tuple[Round, ...]:
    """Return each round; a judge who left an item out of an early round is not in that round's numbers."""
    result = []
    before = np.full(len(ratings.judges), np.nan)
    for name, value in zip(ratings.rounds, ratings.value, strict=True):
        raw = value.sum(axis=1)  # nan for a judge who is not complete
        there = raw[np.isfinite(raw)]
        changed = np.abs(raw - before)
        mean = float(there.mean()) if there.size else float("nan")
        theta = float(theta_at_expected_score(items, mean)[0]) if there.size else float("nan")
        se = by_judges(there) / _slope(items, theta) if np.isfinite(theta) else float("nan")
        sd = float(there.std(ddof=1)) if len(there) > 1 else float("nan")
        result.append(Round(name, len(there), mean, sd, theta, se, _mean(changed)))
        before = raw
    return tuple(result)


def _require_in_range(ratings: Ratings, top: Floats) -> None:
    for value in ratings.value:
        wrong = np.argwhere((value < 0) | (value > top))
        if len(wrong):
            judge, item = wrong[0]
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            raise StandardSettingError(
                f"judge {ratings.judges[judge]!r}, item {ratings.items[item]!r}: a rating must be in "
                f"[0, {top[item]:g}]; got {value[judge, item]:g}{more}; percentages are divided by 100"
            )


def _theta(items: ItemParameters, score: float, what: str) -> float:
    theta = float(theta_at_expected_score(items, score)[0])
    if not np.isfinite(theta):
        low, high = expected_score(items, [-40.0, 40.0])
        raise StandardSettingError(
            f"{what} must lie on the test characteristic curve, between {low:.2f} and {high:.2f}; "
            f"got {score:.2f}"
        )
    return theta


def _slope(items: ItemParameters, theta: float) -> float:
    """Return the slope of the test characteristic curve."""
    at = np.array([theta])
    p = items.probability(at)
    return float((p * items.log_slope(at) * np.arange(p.shape[-1])).sum())


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
