"""What each answer option did: who chose it, and how they did on the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adaptest.models.base import Floats

FEWEST = 10  # persons who chose an option, for its correlation to accuse the key (a changeable default)
RARE = 0.05  # of the answers: a distractor chosen less often does not distract; Haladyna & Downing (1993)
FLAGS = {
    "key_check": "a distractor's correlation is above the key's: check the key",
    "idle_distractor": "a distractor was chosen by fewer than 5 %",
    "unchosen_key": "nobody chose the key",
}


@dataclass(frozen=True, slots=True, eq=False)
class Options:
    """What N persons chose on J items.

    Attributes
    ----------
    items : (J,) ids
    options : (J,) tuples of option names
    chosen : (N, J) index into the item's options; -1 where nothing was chosen
    key : (J,) tuples of the correct options' names
    """

    items: tuple[str, ...]
    options: tuple[tuple[str, ...], ...]
    chosen: NDArray[np.int16]
    key: tuple[tuple[str, ...], ...]

    def is_key(self, j: int) -> NDArray[np.bool_]:
        """Return which of item j's options are correct."""
        return np.array([option in self.key[j] for option in self.options[j]], dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class OptionRow:
    """One option of one item.

    Attributes
    ----------
    item, option, is_key : which
    n, share : persons, by weight, who chose it, and their share of those presented with the item
    correlation : of choosing it with the criterion
    mean : of the criterion among those who chose it
    flagged : whether it accuses the key
    """

    item: str
    option: str
    is_key: bool
    n: float
    share: float
    correlation: float
    mean: float
    flagged: bool


@dataclass(frozen=True, slots=True, eq=False)
class Distractors:
    """The options of J items.

    Attributes
    ----------
    rows : every option of every item
    flags : item -> tuple of FLAGS
    criterion : what the correlations are with
    """

    rows: tuple[OptionRow, ...]
    flags: Mapping[str, tuple[str, ...]]
    criterion: str


def distractors(
    options: Options, criterion: Floats, weight: Floats, presented: NDArray[np.bool_], *, name: str
) -> Distractors:
    """Return the table of options, and which keys they put in doubt.

    Parameters
    ----------
    options : N persons' choices
    criterion : (N, J) what stands for each person's ability beside item j, such as the sum of the other
        items; nan where there is none
    weight : (N,) how many persons each row stands for
    presented : (N, J) whether the item was seen: a person who saw it and chose nothing counts against all
    name : of the criterion

    References
    ----------
    Haladyna & Downing (1993), Educational and Psychological Measurement 53(4), 999-1010 (working
    distractors); Attali & Fraenkel (2000), Journal of Educational Measurement 37(1), 77-86 (their
    correlation).
    """
    rows: list[OptionRow] = []
    flags: dict[str, tuple[str, ...]] = {}
    for j, item in enumerate(options.items):
        some = np.flatnonzero(presented[:, j] & np.isfinite(criterion[:, j]))
        chosen, y, w = options.chosen[some, j], criterion[some, j], weight[some]
        is_key = options.is_key(j)
        n = np.array([w[chosen == k].sum() for k in range(len(is_key))])
        total = float(w.sum())
        correlation = np.array(
            [_correlation((chosen == k).astype(np.float64), y, w) for k in range(len(is_key))]
        )
        right = (
            _correlation((is_key[chosen] & (chosen >= 0)).astype(np.float64), y, w) if len(is_key) else np.nan
        )
        enough = np.array([(chosen == k).sum() >= FEWEST for k in range(len(is_key))], dtype=np.bool_)
        accuses = ~is_key & enough & (correlation > right)
        words = [
            ("unchosen_key", not n[is_key].sum()),
            ("key_check", bool(accuses.any())),
            ("idle_distractor", total > 0 and bool((~is_key & (n < RARE * total)).any())),
        ]
        flags[item] = tuple(word for word, holds in words if holds)
        for k, option in enumerate(options.options[j]):
            own = chosen == k
            mean = float(w[own] @ y[own] / n[k]) if n[k] > 0 else float("nan")
            share = float(n[k] / total) if total > 0 else float("nan")
            rows.append(
                OptionRow(
                    item, option, bool(is_key[k]), float(n[k]), share, float(correlation[k]), mean,
                    bool(accuses[k]),
                )
            )  # fmt: skip
    return Distractors(tuple(rows), flags, name)


def _correlation(x: Floats, y: Floats, weight: Floats) -> float:
    """Return the weighted correlation, nan where one of the two does not vary."""
    if not len(y) or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    away_x = x - weight @ x / weight.sum()
    away_y = y - weight @ y / weight.sum()
    return float(weight @ (away_x * away_y) / np.sqrt((weight @ away_x**2) * (weight @ away_y**2)))
