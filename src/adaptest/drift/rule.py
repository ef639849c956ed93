"""When an item has drifted, when the link is doubtful, and when the scale itself has moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr

from adaptest.drift.comparison import Comparison
from adaptest.models.base import Bools, Floats


@dataclass(frozen=True, slots=True)
class DriftRule:
    """Thresholds; the defaults are those of common practice, and a policy file may change each.

    Attributes
    ----------
    z : beyond it a Wald z is significant: 1 % two-sided
    shift : logits of location that matter
    rmsd : root mean squared difference of expected scores that matters
    correlation, sd_ratio : of the anchors' locations, free against base: an adequate link has at least and
        between these
    flagged_share : of the anchors that may drift before the scale is in doubt
    median_shift : logits that the median item may be off after linking
    one_sided_p : of the sign test of the flags
    """

    z: float = 2.58
    shift: float = 0.3
    rmsd: float = 0.05
    correlation: float = 0.95
    sd_ratio: tuple[float, float] = (0.90, 1.10)
    flagged_share: float = 0.20
    median_shift: float = 0.10
    one_sided_p: float = 0.01

    def drifted(self, found: Comparison) -> Bools:
        """Return (J,) which items differ both significantly and by as much as matters.

        A discrimination that changed counts where the curves are apart; a location also by its own size.
        """
        apart = found.rmsd >= self.rmsd
        by_b = (np.abs(_known(found.z_b)) > self.z) & ((np.abs(found.x_b) >= self.shift) | apart)
        by_a = (np.abs(_known(found.z_a)) > self.z) & apart
        return np.asarray(by_b | by_a)

    def size(self, found: Comparison) -> Floats:
        """Return (J,) how clear each item's difference is: the larger |z| of the two."""
        return np.maximum(np.abs(_known(found.z_b)), np.abs(_known(found.z_a)))


def _known(z: Floats) -> Floats:
    return np.nan_to_num(z, nan=0.0, posinf=0.0, neginf=0.0)


@dataclass(frozen=True, slots=True)
class Adequacy:
    """Whether the anchors agree well enough to carry a scale: a check, never a reason to stop removing.

    Attributes
    ----------
    correlation, sd_ratio : of their locations, free on the base scale against base; nan where undefined
    adequate : whether both are as the rule asks
    """

    correlation: float
    sd_ratio: float
    adequate: bool

    @classmethod
    def of(cls, now: Floats, base: Floats, rule: DriftRule) -> Adequacy:
        """Return the check for locations (J,)."""
        if len(now) < 3 or np.ptp(now) == 0 or np.ptp(base) == 0:  # noqa: PLR2004 (two points always agree)
            return cls(float("nan"), float("nan"), adequate=False)
        correlation = float(np.corrcoef(now, base)[0, 1])
        ratio = float(now.std() / base.std())
        low, high = rule.sd_ratio
        return cls(correlation, ratio, adequate=correlation >= rule.correlation and low <= ratio <= high)


@dataclass(frozen=True, slots=True)
class ScaleEvent:
    """The scale itself is in doubt: no release until a person has looked."""

    code: str
    sentence: str


def scale_events(found: Comparison, flagged: Bools, rule: DriftRule) -> tuple[ScaleEvent, ...]:
    """Return what says that the scale moved, not single items."""
    events = []
    share = flagged.mean() if len(flagged) else 0.0
    if share > rule.flagged_share:
        events.append(
            ScaleEvent(
                "many_flagged",
                f"{int(flagged.sum())} of {len(flagged)} anchors drifted: more than {rule.flagged_share:.0%}",
            )
        )
    median = float(np.median(found.x_b)) if len(found.ids) else 0.0
    if abs(median) > rule.median_shift:
        events.append(
            ScaleEvent(
                "median_shift",
                f"the median item is off by {median:+.3f} logits after linking: "
                f"more than {rule.median_shift:g}",
            )
        )
    up, down = int((found.x_b[flagged] > 0).sum()), int((found.x_b[flagged] < 0).sum())
    if up + down:
        p = min(1.0, 2.0 * float(bdtr(min(up, down), up + down, 0.5)))  # exact: the distribution is even
        if p < rule.one_sided_p:
            events.append(
                ScaleEvent(
                    "one_sided",
                    f"{up} flagged items became harder and {down} easier (sign test p = {p:.4f}): "
                    "one side only",
                )
            )
    return tuple(events)
