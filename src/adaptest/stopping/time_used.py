"""The time meant for the exam was used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from adaptest.models.base import Bools
from adaptest.stopping.base import Standing, require_number


@dataclass(frozen=True, slots=True)
class TimeUsed:
    """Stop once `at_most_s` seconds of the candidate's clock were used and the sitting may stop.

    This is no deadline: like every rule it is asked only at a length at which the sitting may stop. The
    deadline, and what happens there, is the policy's `time.limit_s`.
    """

    reason: ClassVar[str] = "time"
    at_most_s: float

    def __post_init__(self) -> None:
        holds = self.at_most_s > 0
        require_number(self.reason, "at_most_s", self.at_most_s, holds=holds, rule="be greater than 0")

    def fires(self, standing: Standing) -> Bools:
        """Return (N,); see StoppingRule."""
        if standing.time_s is None:
            return np.zeros(len(standing), dtype=np.bool_)
        return standing.time_s >= self.at_most_s
