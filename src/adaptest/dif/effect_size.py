"""Classes of DIF by size and significance: A negligible, B moderate, C large."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from adaptest.dif.result import ALPHA
from adaptest.models.base import Floats

DELTA = -2.35  # ETS delta units per unit of the log odds ratio: 4 / 1.7, rounded as ETS does
ETS_B, ETS_C = 1.0, 1.5  # |MH D-DIF|
ZUMBO_THOMAS = (0.13, 0.26)  # Nagelkerke's R2: Zumbo & Thomas (1997)
JODOIN_GIERL = (
    0.035,
    0.07,
)  # likewise: Jodoin & Gierl (2001), Applied Measurement in Education 14(4), 329-349
SIBTEST = (0.059, 0.088)  # |beta|: Roussos & Stout (1996), Journal of Educational Measurement 33(2), 215-230
MEAN_DIFFERENCE = (0.17, 0.25)  # |SMD| / SD: Zwick, Thayer & Mazzeo (1997), ETS RR-97-05


def ets_classes(log_odds: Floats, se: Floats, p: Floats) -> tuple[str, ...]:
    r"""Return ETS's class of each item from its log odds ratio, the error of that, and the test's p.

    A: not significant, or the size of D below 1; C: 1.5 or more and significantly above 1 (one-sided, .05);
    else B; D = -2.35 ln(odds ratio).

    References
    ----------
    Zieky (1993), in Holland & Wainer (eds), Differential item functioning, 337-347.
    """
    delta, error = np.abs(DELTA * log_odds), np.abs(DELTA) * se
    above = (delta - ETS_B) / np.where(error > 0, error, np.nan) > ndtri(1 - ALPHA)
    classes = []
    for size, sure, chance in zip(delta, above, p, strict=True):
        if not (np.isfinite(size) and np.isfinite(chance)):
            classes.append("")
        elif chance >= ALPHA or size < ETS_B:
            classes.append("A")
        else:
            classes.append("C" if size >= ETS_C and sure else "B")
    return tuple(classes)


def size_classes(size: Floats, p: Floats, bounds: tuple[float, float]) -> tuple[str, ...]:
    """Return A where not significant or |size| is below the first bound, C from the second on, else B."""
    words = []
    for value, chance in zip(np.abs(size), p, strict=True):
        if not (np.isfinite(value) and np.isfinite(chance)):
            words.append("")
        elif chance >= ALPHA or value < bounds[0]:
            words.append("A")
        else:
            words.append("C" if value >= bounds[1] else "B")
    return tuple(words)
