"""Bookmark: items in the order of their difficulty, and the place where a judge would stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from adaptest.errors import StandardSettingError
from adaptest.models import LogisticItems
from adaptest.models.base import Floats, Rows
from adaptest.numerics.optimize import bracketed_root
from adaptest.parameters import ItemParameters
from adaptest.scoring.likelihood import FAR
from adaptest.standards.ratings import Ratings
from adaptest.standards.standard import Round, Standard, bootstrap, by_judges, outlying

RESPONSE_PROBABILITY = 0.67
Placement = Literal["before", "midpoint", "on"]
Summary = Literal["median", "mean"]
MEDIAN = 1.2533141373155003  # sqrt(pi / 2): the error of a median over that of a mean, for normal judges
BOOKMARK = "bookmark"


@dataclass(frozen=True, slots=True, eq=False)
class Booklet:
    """P pages in ascending order: a dichotomous item has one, an item of K categories K - 1.

    Attributes
    ----------
    items : (P,) ids; score : (P,) the score that the page is about
    location : (P,) theta at which the response probability is reached, logits
    uncorrected, corrected : (P,) the same with the model's own probability, and with the chance of a guess
        taken out of it, (P - c) / (1 - c); nan where it is never reached
    probability : the response probability
    guessing_corrected : which of the two orders the booklet
    """

    items: tuple[str, ...]
    score: Rows
    location: Floats
    uncorrected: Floats
    corrected: Floats
    probability: float
    guessing_corrected: bool

    def __len__(self) -> int:
        return len(self.items)


def booklet(
    items: ItemParameters, *, probability: float = RESPONSE_PROBABILITY, guessing_corrected: bool = False
) -> Booklet:
    """Return the ordered item booklet; pages of equal location stand in the order of the table.

    Raises
    ------
    StandardSettingError, where the probability is not within (0, 1), or an item never reaches it.

    References
    ----------
    Mitzel, Lewis, Patz & Green (2001), in Cizek, Setting Performance Standards; Huynh (1998), Journal of
    Educational and Behavioral Statistics 23(1), 35-56 (RP 2/3 and guessing).
    """
    if not 0 < probability < 1:
        raise StandardSettingError(f"a response probability must be within (0, 1); got {probability:g}")
    item = np.repeat(np.arange(len(items)), items.categories - 1)
    score = np.concatenate([np.arange(1, k) for k in items.categories.tolist()])
    guessing = _guessing(items)
    plain = _reached(items, item, score, np.full(len(item), probability))
    corrected = _reached(items, item, score, probability + (1 - probability) * guessing[item])
    location = corrected if guessing_corrected else plain
    if never := np.flatnonzero(~np.isfinite(location)).tolist():
        name = items.ids[item[never[0]]]
        more = f" (and {len(never) - 1} more pages)" if len(never) > 1 else ""
        raise StandardSettingError(
            f"item {name!r}{more}: must reach a response probability of {probability:g}, rising, to have a "
            "page; leave it out of the parameters"
        )
    order = np.argsort(location, kind="stable")
    return Booklet(
        items=tuple(items.ids[item[k]] for k in order),
        score=np.asarray(score[order], dtype=np.intp),
        location=location[order],
        uncorrected=plain[order],
        corrected=corrected[order],
        probability=probability,
        guessing_corrected=guessing_corrected,
    )


def bookmark(
    pages: Booklet,
    ratings: Ratings,
    *,
    placement: Placement = "before",
    summary: Summary = "median",
) -> Standard:
    """Return the cut from judges' bookmarks.

    A bookmark is the page of the first item that a minimally competent candidate would not master.

    Parameters
    ----------
    ratings : one item, "bookmark": pages from 1 to P + 1 (P + 1: every item is mastered)
    placement : whether a bookmark's theta is the location of the page before it, its own, or their mean;
        on page 1 nothing stands before, so that its own counts, and after the last page the last one's
    summary : of the judges' own cuts

    Raises
    ------
    StandardSettingError, where a bookmark is no page, or a judge has none.

    References
    ----------
    Mitzel, Lewis, Patz & Green (2001); Reckase (2006), Educational Measurement: Issues and Practice 25(2),
    4-18 (what each placement does to the cut).
    """
    value = _bookmarks(ratings, len(pages))
    theta = _theta_of(pages, value[-1], placement)
    if np.isnan(theta).any():
        judge = ratings.judges[int(np.flatnonzero(np.isnan(theta))[0])]
        raise StandardSettingError(
            f"judge {judge!r}: must have a bookmark in round {ratings.rounds[-1]!r}; there is none"
        )
    middle = np.median if summary == "median" else np.mean
    cut = float(middle(theta))
    wider = MEDIAN if summary == "median" else 1.0
    counts = bootstrap(len(theta))
    drawn = np.array([middle(np.repeat(theta, one.astype(np.intp))) for one in counts])
    rounds = []
    before = np.full(len(theta), np.nan)
    for name, one in zip(ratings.rounds, value, strict=True):
        own = _theta_of(pages, one, placement)
        there = own[np.isfinite(own)]
        page = one[np.isfinite(one)]
        changed = np.abs(one - before)[np.isfinite(one - before)]
        rounds.append(
            Round(
                name,
                len(there),
                float(middle(page)) if page.size else float("nan"),
                float(page.std(ddof=1)) if len(page) > 1 else float("nan"),
                float(middle(there)) if there.size else float("nan"),
                by_judges(there) * wider,
                float(changed.mean()) if changed.size else float("nan"),
            )
        )
        before = one
    last = value[-1].astype(np.intp)
    several = len(theta) > 1
    both = {
        word: float(middle(_theta_of(_ordered_by(pages, locations), value[-1], placement)))
        for word, locations in (("uncorrected", pages.uncorrected), ("guessing_corrected", pages.corrected))
        if np.isfinite(locations).all()
    }
    notes = outlying(ratings.judges, theta)
    if not np.array_equal(pages.uncorrected, pages.corrected):
        words = ", ".join(f"{word.replace('_', ' ')} {one:.3f}" for word, one in both.items())
        notes.append(f"guessing decides: the same pages read as locations give {words}")
    return Standard(
        method="bookmark",
        theta=cut,
        se=by_judges(theta) * wider,
        se_by={"bootstrap": float(drawn.std(ddof=1)) if several else float("nan")},
        raw=float(middle(value[-1])),
        judges=ratings.judges,
        judge_raw=value[-1],
        judge_theta=theta,
        items=pages.items,
        rounds=tuple(rounds),
        judge_columns={"pages_from_middle": value[-1] - np.median(value[-1])},
        item_columns={
            "page": np.arange(1, len(pages) + 1, dtype=np.float64),
            "score": pages.score.astype(np.float64),
            "location": pages.location,
            "uncorrected": pages.uncorrected,
            "guessing_corrected": pages.corrected,
            "bookmarks": np.bincount(last - 1, minlength=len(pages) + 1)[: len(pages)].astype(np.float64),
        },
        agreement={
            "sd_of_judges": float(theta.std(ddof=1)) if several else float("nan"),
            "interquartile_range": float(np.subtract(*np.quantile(theta, [0.75, 0.25]))),
            **{f"cut_{word}": one for word, one in both.items()},
        },
        settings={
            "response_probability": pages.probability,
            "guessing_corrected": pages.guessing_corrected,
            "placement": placement,
            "summary": f"{summary} of judges",
        },
        notes=tuple(notes),
    )


def _ordered_by(pages: Booklet, location: Floats) -> Booklet:
    """Return the same pages with other locations, in the order that the judges saw."""
    return Booklet(
        pages.items, pages.score, location, pages.uncorrected, pages.corrected, pages.probability,
        pages.guessing_corrected,
    )  # fmt: skip


def _bookmarks(ratings: Ratings, pages: int) -> Floats:
    """Return (R, M) the judges' pages."""
    if ratings.items != (BOOKMARK,):
        raise StandardSettingError(
            f"bookmarks must be in one column, {BOOKMARK!r}; got {', '.join(ratings.items[:3])}"
        )
    value = ratings.value[:, :, 0]
    for k, one in enumerate(value):
        wrong = np.isfinite(one) & ~((one >= 1) & (one <= pages + 1) & (one == np.floor(one)))
        if wrong.any():
            judge = int(np.flatnonzero(wrong)[0])
            raise StandardSettingError(
                f"judge {ratings.judges[judge]!r}, round {ratings.rounds[k]!r}: a bookmark must be a page "
                f"from 1 to {pages + 1}; got {one[judge]:g}"
            )
    return np.asarray(value)


def _theta_of(pages: Booklet, bookmarks: Floats, placement: Placement) -> Floats:
    """Return (M,) each bookmark's theta; nan where there is none."""
    there = np.isfinite(bookmarks)
    page = np.where(there, bookmarks, 1).astype(np.intp)
    before = pages.location[np.maximum(page - 2, 0)]
    own = pages.location[np.minimum(page - 1, len(pages) - 1)]
    theta = {"before": before, "on": own, "midpoint": (before + own) / 2}[placement]
    return np.where(there, theta, np.nan)


def _guessing(items: ItemParameters) -> Floats:
    result = np.zeros(len(items))
    for block in items.blocks:
        if isinstance(block, LogisticItems):
            result[[items.row[item] for item in block.ids]] = block.c
    return result


def _reached(items: ItemParameters, item: Rows, score: Rows, wanted: Floats) -> Floats:
    """Return (P,) the theta at which the probability of a score or more is as wanted; nan where never."""

    def reach(theta: Floats, which: Rows) -> Floats:
        p = items.probability(theta)[np.arange(len(theta)), item[which]]
        above = np.arange(p.shape[1]) >= score[which, None]
        return np.asarray((p * above).sum(axis=1) - wanted[which])

    every = np.arange(len(item))
    low, high = np.full(len(item), -FAR), np.full(len(item), FAR)
    ends = reach(low, every), reach(high, every)
    theta = np.full(len(item), np.nan)
    some = np.flatnonzero((ends[0] < 0) & (ends[1] > 0))
    found = bracketed_root(
        lambda x, which: reach(x, some[which]), low[some], high[some], ends[0][some], ends[1][some]
    )
    theta[some] = np.where(found.converged, found.value, np.nan)
    return theta
