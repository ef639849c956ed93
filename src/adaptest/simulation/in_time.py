"""The limits of time in simulated sittings, as the live engine's clock has them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from adaptest.engine.batch import Sittings
from adaptest.engine.design import TIME_LIMIT, Design
from adaptest.engine.estimates import OUTCOMES
from adaptest.engine.events import SittingEnded
from adaptest.engine.run_out import run_out_of
from adaptest.models.base import Bools, Floats, Rows
from adaptest.scoring.estimate import Outcome
from adaptest.simulation.answers import Answers

CODES = {word: code for code, word in OUTCOMES.items()}
DECIMALS = 3  # of seconds, as the clock of a sitting has them


@dataclass(slots=True, eq=False)
class Clocks:
    """The clocks of N sittings; where simulees take no time, nothing runs out.

    Attributes
    ----------
    seconds : (N,) used so far
    waiting : (N,) the item that waited for its answer as time ran out; -1 where none did
    cut_off : the end of each sitting that the time limit ended
    timed : whether simulees take time
    """

    design: Design
    answers: Answers
    seconds: Floats
    waiting: Rows
    cut_off: dict[int, SittingEnded]
    timed: bool = False

    @classmethod
    def of(cls, design: Design, answers: Answers, n: int) -> Clocks:
        """Return the clocks before the first question."""
        return cls(design, answers, np.zeros(n), np.full(n, -1, dtype=np.intp), {})

    def read(self, sittings: Sittings, active: Rows, rows: Rows, scores: Rows) -> Bools:
        """Return (m,) which of the sittings `active` (m,) ran out of time over their question.

        A score of an answer that came after the question's own limit becomes 0.

        Parameters
        ----------
        sittings : before the question was answered
        rows, scores : (m,) the question, and the answers' scores
        """
        late = np.zeros(len(active), dtype=np.bool_)
        took, time = self.answers.seconds(active, rows), self.design.policy.time
        if took is None:
            return late
        self.timed, took = True, np.round(took, DECIMALS)
        used = np.round(self.seconds[active] + took, DECIMALS)
        if time.item_limit_s is not None:
            scores[np.round(time.item_limit_s - took, DECIMALS) <= 0] = 0
        if time.limit_s is not None:
            late |= np.round(time.limit_s - used, DECIMALS) <= 0
            used[late] = time.limit_s
        self.seconds[active] = used
        self.waiting[active[late]] = rows[late]
        for k in np.flatnonzero(late).tolist():
            one = replace(sittings.take(np.array([k])), time_s=np.zeros(1))  # filling in by chance takes none
            self.cut_off[int(active[k])] = SittingEnded(TIME_LIMIT, *run_out_of(one, self.design))
        return late


def estimate_of(end: SittingEnded) -> tuple[float, float, int]:
    """Return theta, sem and the outcome's code; nan where a sitting has no estimate."""
    one = end.estimate
    if one is None:
        return np.nan, np.nan, int(Outcome.NO_RESPONSES)
    theta, sem = (np.nan if x is None else x for x in (one.theta, one.sem))
    return theta, sem, CODES.get(one.outcome, int(Outcome.NO_RESPONSES))
