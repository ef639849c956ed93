"""The estimate is precise enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from adaptest.models.base import Bools
from adaptest.stopping.base import Standing, require_number


@dataclass(frozen=True, slots=True)
class Sem:
    """Stop once the standard error of measurement is at most `at_most` logits.

    Raises
    ------
    OptionError, unless `at_most` is finite and greater than 0.
    """

    reason: ClassVar[str] = "sem"
    at_most: float

    def __post_init__(self) -> None:
        require_number(self.reason, "at_most", self.at_most, holds=self.at_most > 0, rule="be greater than 0")

    def fires(self, standing: Standing) -> Bools:
        """Return (N,); see StoppingRule."""
        return standing.sem <= self.at_most
