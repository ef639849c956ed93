"""No item left would tell enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from adaptest.models.base import Bools
from adaptest.stopping.base import Standing, require_number


@dataclass(frozen=True, slots=True)
class MinimumInformation:
    """Stop once no item that may come next has information of at least `at_least` at the estimate.

    References
    ----------
    Dodd, Koch & de Ayala (1993), Educational and Psychological Measurement 53(1), 61-77.
    """

    reason: ClassVar[str] = "minimum_information"
    at_least: float

    def __post_init__(self) -> None:
        holds = self.at_least > 0
        require_number(self.reason, "at_least", self.at_least, holds=holds, rule="be greater than 0")

    def fires(self, standing: Standing) -> Bools:
        """Return (N,); see StoppingRule."""
        return standing.most_informative() < self.at_least
