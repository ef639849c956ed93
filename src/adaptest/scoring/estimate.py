"""What an estimator returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from numpy import int8
from numpy.typing import NDArray

from adaptest.models.base import Bools, Floats


class Outcome(IntEnum):
    """How one person's estimation ended; the lower-case name stands in files."""

    OK = 0
    ALL_CORRECT = 1
    ALL_INCORRECT = 2
    NO_MAXIMUM = 3
    MULTIPLE_MAXIMA = 4
    NO_RESPONSES = 5
    NOT_CONVERGED = 6

    @property
    def label(self) -> str:
        """The word in files: ok, all_correct, ..."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """N persons: theta, its standard error of measurement, and whether to trust them.

    Attributes
    ----------
    theta : (N,) logits; nan where there is no estimate, +-inf where the estimate is
    sem : (N,) logits; nan where there is none
    outcome : (N,) int8, an `Outcome` each
    sem_kind : what sem is, in words: "posterior_sd", "fisher_information", ...
    method : name of the estimator: "eap", "wle", ...
    """

    theta: Floats
    sem: Floats
    outcome: NDArray[int8]
    sem_kind: str
    method: str

    @property
    def converged(self) -> Bools:
        """(N,) whether theta is an ordinary, converged estimate."""
        return self.outcome == Outcome.OK
