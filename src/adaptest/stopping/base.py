"""What a stopping rule may look at, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from adaptest.errors import OptionError
from adaptest.models.base import Bools, Floats, Rows
from adaptest.parameters import ItemParameters

HALF = 0.5
RATIO_DECIMALS = 9  # log-likelihood ratios and probabilities decide rounded, as everything does

IN_WORDS = {
    "maximum_length": "the exam reached its maximum number of questions",
    "pool_exhausted": "every question that could be asked has been asked",
    "sem": "the result is precise enough",
    "minimum_information": "no question left would make the result more precise",
    "predicted_sem_reduction": "a further question would hardly make the result more precise",
    "theta_change": "the last answers no longer changed the result",
    "confidence_interval": "the result is clear of the cut at the confidence asked for",
    "sprt": "the answers decide between the two sides of the cut",
    "glr": "the answers decide between the two sides of the cut",
    "posterior_probability": "one side of the cut is probable enough",
    "time": "the time meant for the exam was used",
    "several_rules": "everything that had to hold together for the end did",
    "finished_early": "the candidate finished before the exam's own end",
}


@dataclass(frozen=True, eq=False)
class Standing:
    """What a rule may look at: N sittings of one length.

    Attributes
    ----------
    theta, sem : (N,) logits, rounded as everything that decides
    rows, scores : (N, n) items answered and the category each was scored in
    items : the pool's
    most_informative : gives (N,) the largest information at theta of an item that may come next, -inf
        where there is none; called only by the rule that needs it
    log_probability : gives (P, J, K) for points (P,); the design keeps what it gave
    path : (N, n + 1) theta before the first answer and after each, rounded likewise; empty where not kept
    time_s : (N,) seconds used so far; 0 where nobody measured
    best_next : gives (N,) the item that has that largest information, the first of equals
    posterior : gives the nodes (Q,) and masses (N, Q) of the posteriors
    """

    theta: Floats
    sem: Floats
    rows: Rows
    scores: Rows
    items: ItemParameters
    most_informative: Callable[[], Floats]
    log_probability: Callable[[tuple[float, ...]], Floats]
    path: Floats | None = None
    time_s: Floats | None = None
    best_next: Callable[[], Rows] | None = None
    posterior: Callable[[], tuple[Floats, Floats]] | None = None

    def __len__(self) -> int:
        return len(self.theta)

    def log_likelihood(self, points: tuple[float, ...], which: Rows | None = None) -> Floats:
        """Return (M, P) log-likelihoods of `which` (M,; all) at points of theta, added item by item."""
        table = self.log_probability(points)
        rows, scores = (x if which is None else x[which] for x in (self.rows, self.scores))
        total = np.zeros((len(rows), len(points)))
        for row, score in zip(rows.T, scores.T, strict=True):
            total += table[:, row, score].T
        return total


class StoppingRule(Protocol):
    """Say which of N sittings of one length are to end, and why."""

    @property
    def reason(self) -> str:
        """The word written in the log: a key of IN_WORDS."""
        ...

    def fires(self, standing: Standing) -> Bools:
        """Return (N,)."""
        ...


def require_number(rule_name: str, name: str, value: float, *, holds: bool, rule: str) -> None:
    """Raise OptionError unless a rule's number is finite and keeps its own rule."""
    if not (np.isfinite(value) and holds):
        raise OptionError(f"stopping rule {rule_name}: {name} must {rule}; got {value:g}")
