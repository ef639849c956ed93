"""What a method found: the cut, how sure it is, and how well the judges agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from adaptest.models.base import Floats
from adaptest.numerics.random import Stream, uniform

REPLICATIONS = 2_000
SEED = 20_261_127  # of the bootstrap: the same ratings give the same error


@dataclass(frozen=True, slots=True)
class Round:
    """One round of a panel.

    Attributes
    ----------
    name : as the file says
    judges : who took part
    raw : the panel's cut in the method's own unit: expected score (angoff) or page (bookmark)
    sd : standard deviation of the judges' own cuts, in that unit
    theta, se : the panel's cut in logits, and its standard error
    changed : mean absolute change of the judges' own cuts since the round before; nan in the first
    """

    name: str
    judges: int
    raw: float
    sd: float
    theta: float
    se: float
    changed: float


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """A panel's cut.

    Attributes
    ----------
    method : "angoff" or "bookmark"
    theta : the cut, logits; se : its standard error, from the judges
    se_by : other standard errors by name, logits: "bootstrap", "generalizability" (judges and items drawn
        anew), "generalizability_items_fixed"
    raw : the cut in the method's own unit
    judges : (M,) ids
    judge_raw, judge_theta : (M,) each judge's own cut in that unit and in logits
    judge_columns : further facts about each judge by name, (M,)
    item_columns : facts about each item by name, (J,); items : their ids
    rounds : one an entry, the last one is the cut's
    agreement : facts about the panel by name: how far judges agree
    settings : every choice that decided the number, as words and numbers
    notes : what is doubtful, a sentence each
    """

    method: str
    theta: float
    se: float
    se_by: Mapping[str, float]
    raw: float
    judges: tuple[str, ...]
    judge_raw: Floats
    judge_theta: Floats
    items: tuple[str, ...]
    rounds: tuple[Round, ...]
    judge_columns: Mapping[str, Floats] = field(default_factory=dict)
    item_columns: Mapping[str, Floats] = field(default_factory=dict)
    agreement: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, str | float | bool] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def bootstrap(judges: int, replications: int = REPLICATIONS) -> Floats:
    """Return (R, M) how often each judge is drawn in each panel of M judges drawn with replacement."""
    draw = np.arange(replications * judges)
    which = np.floor(uniform(np.full(draw.shape, SEED), Stream.PANEL, 0, draw) * judges).astype(np.intp)
    counts = np.zeros((replications, judges))
    np.add.at(counts, (draw // judges, which), 1.0)
    return counts


def by_judges(cuts: Floats) -> float:
    """Return the standard error of the mean of judges' own cuts; nan for one judge."""
    return float(cuts.std(ddof=1) / np.sqrt(len(cuts))) if len(cuts) > 1 else float("nan")


def outlying(judges: Sequence[str], cuts: Floats, sds: float = 4.0) -> list[str]:
    """Return a sentence on each judge whose own cut is far from the median of the others'."""
    if len(cuts) < 4:  # noqa: PLR2004 (too few to say who is far)
        return []
    notes = []
    for j, judge in enumerate(judges):
        others = np.delete(cuts, j)
        spread = others.std(ddof=1)
        if spread > 0 and abs(cuts[j] - np.median(others)) > sds * spread:
            away = (cuts[j] - np.median(others)) / spread
            notes.append(f"judge {judge!r} is {away:+.1f} standard deviations from the others")
    return notes
