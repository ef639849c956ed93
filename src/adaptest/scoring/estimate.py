"""What an estimator returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from adaptest.models.base import Bools, Floats, Rows


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
    n_items : (N,) responses that each estimate rests on, where the estimator was told
    notes : what was decided about omitted responses, grids and bounds, a sentence each
    """

    theta: Floats
    sem: Floats
    outcome: NDArray[np.int8]
    sem_kind: str
    method: str
    n_items: Rows | None = None
    notes: tuple[str, ...] = ()

    @property
    def converged(self) -> Bools:
        """(N,) whether theta is an ordinary, converged estimate."""
        return np.asarray(self.outcome == Outcome.OK)
