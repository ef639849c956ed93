"""What N sittings present next, and what it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from adaptest.constraints.content import Answer
from adaptest.models.base import Bools, Floats, Rows
from adaptest.selection.base import Candidates, Found
from adaptest.selection.shortlist import together

Picked = tuple[int, Found, float, float]  # what one sitting is given: the item, the best few, and the draws


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What N sittings present next, and what it came from.

    Attributes
    ----------
    row : (N,) the item
    allowed : (N, J) the items that could come next by the content rules
    able : (N, J) those of them that exposure control let through
    open : (N, J) those of them that the content method let through
    candidates : the best of them
    choice, tie : (N,) the draws; tie is nan where many sittings choose and none has equal candidates
    band : (N,) the theta band that exposure control looked at; None where it looks at none
    answer : what the exam's content method said; None where it has none
    passed_over : (N, M) items that were chosen before and failed their draw, in order; -1 beyond
    band_aside : (N,) whether eligibility was set aside, because no eligible item was left
    lottery_aside : (N,) whether the item failed its draw and is shown, because no other was left
    """

    row: Rows
    allowed: Bools
    able: Bools
    open: Bools
    candidates: Candidates
    choice: Floats
    tie: Floats
    band_aside: Bools
    lottery_aside: Bools
    passed_over: Rows
    band: Rows | None = None
    answer: Answer | None = None

    def take(self, which: Rows | Bools) -> Choice:
        """Return some of the choices."""
        return Choice(
            self.row[which],
            self.allowed[which],
            self.able[which],
            self.open[which],
            Candidates(self.candidates.rows[which], self.candidates.value[which]),
            self.choice[which],
            self.tie[which],
            self.band_aside[which],
            self.lottery_aside[which],
            self.passed_over[which],
            None if self.band is None else self.band[which],
            None if self.answer is None else self.answer.take(which),
        )

    @classmethod
    def together(cls, n: int, parts: list[tuple[Rows, Choice]]) -> Choice:
        """Return choices of groups of sittings as those of all N."""
        order = np.argsort(np.concatenate([where for where, _ in parts]), kind="stable")

        def stacked(name: str) -> Any:
            return np.concatenate([getattr(part, name) for _, part in parts])[order]

        width = max(part.passed_over.shape[1] for _, part in parts)
        over = np.full((n, width), -1, dtype=np.intp)
        for where, part in parts:
            over[where, : part.passed_over.shape[1]] = part.passed_over
        return cls(
            row=stacked("row"),
            allowed=stacked("allowed"),
            able=stacked("able"),
            open=stacked("open"),
            candidates=together(n, [(where, part.candidates) for where, part in parts]),
            choice=stacked("choice"),
            tie=stacked("tie"),
            band_aside=stacked("band_aside"),
            lottery_aside=stacked("lottery_aside"),
            passed_over=over,
            band=stacked("band"),
            answer=Answer.together(order, answers) if (answers := _answers(parts)) else None,
        )


def _answers(parts: list[tuple[Rows, Choice]]) -> list[Answer]:
    """Return what the content method said to each group."""
    return [part.answer for _, part in parts if part.answer is not None]
