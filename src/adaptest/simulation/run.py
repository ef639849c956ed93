"""Run N simulees through a design in lockstep, with the functions a live sitting uses."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptest.engine.design import Design
from adaptest.engine.events import Event, ItemPresented, ResponseGiven, SittingEnded, SittingStarted
from adaptest.engine.sitting import estimated
from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.random import Stream, permutation
from adaptest.scoring.estimate import Estimates
from adaptest.simulation.answers import Answers, ModelRespondents


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """N finished sittings, as columns.

    Attributes
    ----------
    rows, scores : (N, L) items in order of presentation and their scores; -1 after the end
    ending : (N,) which of the design's reasons ended it
    theta, sem, outcome : (N,) the final estimates
    seconds : (N,) that it took; None where time is not simulated
    pretest : (N,) the pretest items dealt, (place, item), where they can matter to scored ones
    """

    design: Design
    seed: NDArray[np.uint64]
    excluded: Bools
    rows: Rows
    scores: Rows
    ending: Rows
    theta: Floats
    sem: Floats
    outcome: NDArray[np.int8]
    seconds: Floats | None = None
    pretest: tuple[tuple[tuple[int, str], ...], ...] = ()

    @property
    def length(self) -> Rows:
        """(N,) scored items given."""
        return np.asarray((self.rows >= 0).sum(axis=1), dtype=np.intp)

    def log(self, n: int) -> tuple[Event, ...]:
        """Return the events of sitting `n` as a live one would have logged them, without decision records."""
        design, seed = self.design, int(self.seed[n])
        pool = design.pool
        excluded = tuple(pool.ids[row] for row in np.flatnonzero(self.excluded[n]))
        events: list[Event] = [SittingStarted(seed, design.fingerprint, pool.fingerprint, excluded)]
        for position, (row, score) in enumerate(zip(self.rows[n], self.scores[n], strict=True)):
            if row < 0:
                break
            letters = pool.options[row] if pool.options else ()
            if design.shuffle and letters:
                order = permutation(seed, Stream.OPTIONS, position, len(letters))
                letters = tuple(letters[k] for k in order)
            events.append(ItemPresented(pool.ids[row], position, letters))
            events.append(ResponseGiven(pool.ids[row], str(score), int(score)))
        one = Estimates(
            self.theta[n : n + 1], self.sem[n : n + 1], self.outcome[n : n + 1], "", design.final.method
        )
        return (*events, SittingEnded(design.reasons[self.ending[n]], estimated(one)))


def simulate(
    theta: ArrayLike,
    design: Design,
    seed: ArrayLike,
    excluded: Bools | None = None,
    answers: Answers | None = None,
) -> Simulated:
    """Return the sittings of N simulees, all in lockstep.

    Parameters
    ----------
    theta : (N,) true abilities, logits
    seed : (N,) of each sitting
    excluded : (N, J) items that a simulee may not see
    answers : how these simulees answer; by the pool's own parameters where not given

    Raises
    ------
    PoolExhaustedError, where a sitting has no item that may come next.
    """
    ability, seeds = np.asarray(theta, dtype=np.float64), np.asarray(seed, dtype=np.uint64)
    n = len(ability)
    barred = np.zeros((n, len(design.pool)), dtype=np.bool_) if excluded is None else excluded
    if answers is None:
        places = len(design.pool) if design.maximum is None else design.maximum
        answers = ModelRespondents.of(design.pool, places).at_work(ability, seeds, np.arange(n))
    ending, active, seconds = np.full(n, -1, dtype=np.intp), np.arange(n), np.zeros(n)
    columns: list[tuple[Rows, Rows]] = []
    final_theta, final_sem, outcome = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, dtype=np.int8)
    sittings, timed = design.begin(seeds, barred), False
    while active.size:
        now = design.ending(sittings)
        over = now >= 0
        if over.any():
            ending[active[over]] = now[over]
            found = design.final_estimates(sittings.take(over))
            done = active[over]
            final_theta[done], final_sem[done], outcome[done] = found.theta, found.sem, found.outcome
            active, sittings = active[~over], sittings.take(~over)
            if not active.size:
                break
        choice = design.choose(sittings)
        chosen, sittings = choice.row, sittings.barring(choice.passed_over)
        scores = answers(active, chosen, sittings.length)
        took = answers.seconds(active, chosen)
        if took is not None:
            seconds[active] += took
            timed = True
        row, score = np.full(n, -1, dtype=np.intp), np.full(n, -1, dtype=np.intp)
        row[active], score[active] = chosen, scores
        columns.append((row, score))
        sittings = design.record(sittings, chosen, scores)
        if took is not None:
            sittings = replace(sittings, time_s=seconds[active])
    nothing = np.empty((n, 0), dtype=np.intp)
    rows = np.column_stack([nothing, *(row for row, _ in columns)])
    scored = np.column_stack([nothing, *(score for _, score in columns)])
    return Simulated(
        design,
        seeds,
        barred,
        rows,
        scored,
        ending,
        final_theta,
        final_sem,
        outcome,
        seconds if timed else None,
    )
