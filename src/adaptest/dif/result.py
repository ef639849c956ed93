"""What a DIF method says of J items in two groups, and why where it says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from scipy.special import gammaincc

from adaptest.models.base import Bools, Floats
from adaptest.numerics.multiplicity import benjamini_hochberg

ALPHA = 0.05
INSUFFICIENT = "insufficient volume"
OK, NOT_COMPUTED, REFUSED = "ok", "not computed", "refused"


@dataclass(frozen=True, slots=True)
class Volume:
    """How many persons a comparison needs (ETS practice; Zieky 1993 and others: a changeable default).

    Attributes
    ----------
    smaller : in the smaller group, by weight, with the item
    total : in both
    """

    smaller: float = 200.0
    total: float = 500.0

    def met(self, one: Floats, other: Floats) -> Bools:
        """Return (J,) whether there are enough."""
        return np.asarray((np.minimum(one, other) >= self.smaller) & (one + other >= self.total))


NO_GATE = Volume(0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """What a method computed for J items, before volume and adjustment.

    Attributes
    ----------
    statistic, df, p : (J,) nan where there is none
    effect, effect_se : (J,) in the method's own units
    classes : (J,) "A", "B", "C" or ""
    reason : (J,) why there is no statistic; "" where there is one
    extra : further numbers by name, (J,) each
    """

    statistic: Floats
    df: Floats
    p: Floats
    effect: Floats
    effect_se: Floats
    classes: tuple[str, ...]
    reason: tuple[str, ...]
    extra: Mapping[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class DifResult:
    """One method's findings on J items, a focal group against a reference group.

    Attributes
    ----------
    method : its name in files
    items : (J,) ids
    reference, focal : group names
    n_reference, n_focal : (J,) persons, by weight, that the item's test rests on
    statistic, df, p : (J,) nan where there is none
    p_adjusted : (J,) by Benjamini and Hochberg over the items that were tested
    effect, effect_se, effect_name : (J,) size of the difference, its error, and what it is
    classes : (J,) "A" negligible, "B" moderate, "C" large; "" where the method has none or volume is short
    flagged : (J,) class B or C; where the method has no classes, adjusted p below .05
    outcome : (J,) "ok", "insufficient volume", "refused" or "not computed"
    reason : (J,) a sentence where the outcome is not "ok"
    extra : further numbers by name, (J,) each
    anchors : (J,) whether the item is in the matching criterion or the anchor set
    rounds : purification rounds; 0 where there was none
    settled : whether purification came to rest; True where there was none
    """

    method: str
    items: tuple[str, ...]
    reference: str
    focal: str
    n_reference: Floats
    n_focal: Floats
    statistic: Floats
    df: Floats
    p: Floats
    p_adjusted: Floats
    effect: Floats
    effect_se: Floats
    effect_name: str
    classes: tuple[str, ...]
    flagged: Bools
    outcome: tuple[str, ...]
    reason: tuple[str, ...]
    extra: Mapping[str, Floats]
    anchors: Bools
    rounds: int = 0
    settled: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "extra", MappingProxyType(dict(self.extra)))


def chi_square_p(statistic: Floats, df: Floats) -> Floats:
    """Return Pr(chi-square on df > statistic), nan where there is none."""
    good = np.isfinite(statistic) & (df > 0)
    p = np.full(np.shape(statistic), np.nan)
    p[good] = gammaincc(df[good] / 2, np.maximum(statistic[good], 0) / 2)
    return p


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """(J,) columns that a method fills in, item by item; nan until then."""

    statistic: Floats
    df: Floats
    effect: Floats
    effect_se: Floats

    def raw(
        self,
        *,
        p: Floats,
        classes: tuple[str, ...],
        reason: tuple[str, ...],
        extra: Mapping[str, Floats] | None = None,
    ) -> Raw:
        """Return what was filled in, with the rest."""
        return Raw(self.statistic, self.df, p, self.effect, self.effect_se, classes, reason, extra or {})


def raw_of(count: int) -> Columns:
    """Return empty columns for `count` items."""
    return Columns(*(np.full(count, np.nan) for _ in range(4)))


def concluded(
    method: str,
    raw: Raw,
    *,
    items: tuple[str, ...],
    groups: tuple[str, str],
    sizes: tuple[Floats, Floats],
    effect_name: str,
    volume: Volume,
    anchors: Bools,
    rounds: int = 0,
    settled: bool = True,
) -> DifResult:
    """Return the result with volume judged and p adjusted."""
    enough = volume.met(*sizes)
    computed = np.array([not reason for reason in raw.reason], dtype=np.bool_)
    outcome, reason = [], []
    for row, why in enumerate(raw.reason):
        if why:
            outcome.append(NOT_COMPUTED)
            reason.append(why)
        elif not enough[row]:
            outcome.append(INSUFFICIENT)
            reason.append(
                f"{sizes[0][row]:g} and {sizes[1][row]:g} persons; at least {volume.smaller:g} in the smaller"
                f" group and {volume.total:g} in total are needed"
            )
        else:
            outcome.append(OK)
            reason.append("")
    adjusted = benjamini_hochberg(np.where(enough & computed, raw.p, np.nan))
    graded = any(raw.classes)
    classes = tuple(word if good else "" for word, good in zip(raw.classes, enough & computed, strict=True))
    flagged = (
        np.array([word in {"B", "C"} for word in classes], dtype=np.bool_)
        if graded
        else np.asarray(np.nan_to_num(adjusted, nan=1.0) < ALPHA)
    )
    return DifResult(
        method, items, *groups, *sizes, raw.statistic, raw.df, raw.p, adjusted, raw.effect, raw.effect_se,
        effect_name, classes, flagged, tuple(outcome), tuple(reason), raw.extra, anchors, rounds, settled,
    )  # fmt: skip


def refusal(
    method: str, items: tuple[str, ...], groups: tuple[str, str], reason: str, effect_name: str = ""
) -> DifResult:
    """Return that a method was refused for every item, and why."""
    count = len(items)
    nan, nobody = np.full(count, np.nan), np.zeros(count)
    none = np.zeros(count, dtype=np.bool_)
    return DifResult(
        method=method, items=items, reference=groups[0], focal=groups[1], n_reference=nobody, n_focal=nobody,
        statistic=nan, df=nan, p=nan, p_adjusted=nan, effect=nan, effect_se=nan, effect_name=effect_name,
        classes=("",) * count, flagged=none, outcome=(REFUSED,) * count, reason=(reason,) * count, extra={},
        anchors=none,
    )  # fmt: skip
