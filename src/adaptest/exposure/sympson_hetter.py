"""Sympson and Hetter's method: an item that was chosen is shown with a probability found by simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.exposure.bands import Bands
from adaptest.exposure.usage import require_rate
from adaptest.models.base import Bools, Floats, Rows


@dataclass(frozen=True, slots=True)
class SympsonHetter:
    """Show a chosen item with its own probability; one that fails is barred for the rest of the sitting.

    Then the next is chosen as if it were not there. An item that fails although the exam could not go on
    without it is shown all the same, and the log says so.

    Attributes
    ----------
    rate : of all sittings, how many an item may be shown to; the probabilities were tuned for it
    bands : edges, logits, where the probabilities depend on theta as estimated; none: one for every theta

    References
    ----------
    Sympson & Hetter (1985), Proceedings of the 27th annual meeting of the Military Testing Association,
    973-977; by theta: Stocking & Lewis (1998), Journal of Educational and Behavioral Statistics 23(1), 57-75.
    """

    rate: float
    bands: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        require_rate("sympson_hetter", "rate", self.rate)
        Bands(self.bands)


@dataclass(frozen=True, slots=True, eq=False)
class Lottery:
    """The probabilities themselves.

    Attributes
    ----------
    chance : (B, J) of showing an item that was chosen
    """

    bands: Bands
    chance: Floats

    def passes(self, band: Rows, rows: Rows, draw: Floats) -> Bools:
        """Return (N,) whether the items `rows` (N,) chosen in `band` (N,) are shown."""
        return np.asarray(draw < self.chance[band, rows], dtype=np.bool_)
