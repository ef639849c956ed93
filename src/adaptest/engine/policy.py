"""How a sitting is run, as one versioned object: time, review, breaks, attempts, and what decides.

It is part of the design, and so of what is stored with every sitting: no sitting changes its policy.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

FORMAT = "adaptest-policy/1"
NO_REVIEW, EDIT_K = "none", "edit_k"


@dataclass(frozen=True, slots=True)
class TimePolicy:
    """Clocks, in seconds before any accommodation, and what their end means.

    Attributes
    ----------
    limit_s, item_limit_s : of the exam and of each question; None where there is none
    warning_s : the candidate is told when so much is left of the exam
    run_out : how a sitting is decided that the limit ends at or after the minimum length: "final_estimate",
        "last_k_all_above", "random_fill" or "no_score"; before the minimum it has failed
    last_k : estimates that "last_k_all_above" looks at
    interruption : whether the clock "stops" or "runs" while a sitting is interrupted
    """

    limit_s: float | None = None
    item_limit_s: float | None = None
    warning_s: float = 300.0
    run_out: str = "final_estimate"
    last_k: int = 5
    interruption: str = "stops"


@dataclass(frozen=True, slots=True)
class BreakPolicy:
    """Breaks between questions.

    Attributes
    ----------
    number : how many a sitting may have
    length_s : of each; what goes beyond it counts on the clock
    clock : whether it "stops" or "runs" during a break
    after : numbers of the questions after which one may be taken; after any where empty
    """

    number: int = 0
    length_s: float = 0.0
    clock: str = "stops"
    after: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptPolicy:
    """How often a candidate may take the exam.

    Attributes
    ----------
    maximum : sittings, void ones not counted; None for any number
    window_days : within so many days; None for ever
    waiting_days : between the start of one and the start of the next
    """

    maximum: int | None = None
    window_days: int | None = None
    waiting_days: int = 0

    @property
    def limits(self) -> bool:
        """Whether it needs to be known who takes the exam."""
        return self.maximum is not None or self.waiting_days > 0


@dataclass(frozen=True)
class Policy:
    """How a sitting is run.

    Attributes
    ----------
    version : the programme's own name of this version
    minimum, maximum : scored items
    pretest : unscored items of each sitting
    stopping : the rules as the exam file has them
    estimator : whose estimate decides
    cut, cut_label : theta at and above which is a pass, and how it was set
    review : "none", "edit_k" (`edits` answers may be changed) or "free"
    needs_time : whether a clock is kept at all
    """

    version: str
    minimum: int
    maximum: int | None
    pretest: int
    stopping: tuple[dict[str, Any], ...]
    estimator: str
    cut: float | None
    cut_label: str
    time: TimePolicy
    review: str
    edits: int | None
    breaks: BreakPolicy
    attempts: AttemptPolicy
    needs_time: bool

    @property
    def reviews(self) -> bool:
        """Whether an answer may be changed at all."""
        return self.review != NO_REVIEW

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"format": FORMAT, **asdict(self)}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of its JSON."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()
