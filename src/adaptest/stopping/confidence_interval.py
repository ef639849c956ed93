"""The interval around the estimate holds no cut."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from adaptest.models.base import Bools
from adaptest.stopping.base import HALF, Standing, require_number
from adaptest.stopping.cuts import cuts_of


@dataclass(frozen=True)
class ConfidenceInterval:
    """Stop once the interval around theta lies wholly within one band: on one side of every cut.

    Attributes
    ----------
    cut, cuts : logits; one cut, or several
    confidence : of the interval, .95 for 1.960 standard errors either side
    one_sided : ask only that side where the cut is: .95 for 1.645 standard errors

    References
    ----------
    Kingsbury & Weiss (1983), in Weiss (ed.), New Horizons in Testing, 257-283;
    Thompson (2007), Practical Assessment, Research & Evaluation 12(1);
    Eggen & Straetmans (2000) for several cuts.
    """

    reason: ClassVar[str] = "confidence_interval"
    cut: float | None = None
    confidence: float = 0.95
    one_sided: bool = False
    cuts: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        cuts_of(self.reason, self.cut, self.cuts)
        inside = HALF < self.confidence < 1
        require_number(self.reason, "confidence", self.confidence, holds=inside, rule="be in (.5, 1)")

    @cached_property
    def z(self) -> float:
        """How many standard errors the interval reaches."""
        from scipy.special import ndtri  # a quarter of a second, which exams without this rule need not wait

        below = self.confidence if self.one_sided else (1 + self.confidence) / 2
        return float(ndtri(below))

    def fires(self, standing: Standing) -> Bools:
        """Return (N,); see StoppingRule."""
        cuts = np.array(cuts_of(self.reason, self.cut, self.cuts))
        clear = np.abs(standing.theta[:, None] - cuts) > self.z * standing.sem[:, None]
        return np.asarray(clear.all(axis=1))
