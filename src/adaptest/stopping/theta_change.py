"""The last answers no longer moved the estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from adaptest.errors import OptionError
from adaptest.models.base import Bools
from adaptest.stopping.base import Standing, require_number


@dataclass(frozen=True, slots=True)
class ThetaChange:
    """Stop once each of the last `steps` answers moved theta by at most `at_most` logits.

    Before `steps` answers it never fires, and neither where an estimate among them is not finite.

    References
    ----------
    Babcock & Weiss (2012), Journal of Computerized Adaptive Testing 1(1), 1-18.
    """

    reason: ClassVar[str] = "theta_change"
    at_most: float
    steps: int = 1

    def __post_init__(self) -> None:
        require_number(self.reason, "at_most", self.at_most, holds=self.at_most > 0, rule="be greater than 0")
        require_number(self.reason, "steps", self.steps, holds=self.steps >= 1, rule="be at least 1")

    def fires(self, standing: Standing) -> Bools:
        """Return (N,); see StoppingRule."""
        path = standing.path
        if path is None:
            raise OptionError(f"stopping rule {self.reason}: needs the path of theta")
        if path.shape[1] <= self.steps:
            return np.zeros(len(standing), dtype=np.bool_)
        with np.errstate(invalid="ignore"):  # from one infinite estimate to another
            change = np.abs(np.diff(path[:, -self.steps - 1 :], axis=1))
        # differences of numbers rounded to 1e-6 are rounded again: .1 - .09 is not .01
        return np.asarray((np.round(change, 6) <= self.at_most).all(axis=1))
