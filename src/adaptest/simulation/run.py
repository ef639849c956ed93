"""Run N simulees through a design in lockstep, with the functions a live sitting uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptest.constraints.rows import set_of
from adaptest.engine.design import Design
from adaptest.engine.estimates import estimated
from adaptest.engine.events import (
    Event,
    ItemPresented,
    PretestChosen,
    ResponseGiven,
    SittingEnded,
    SittingStarted,
)
from adaptest.engine.exposing import Begun
from adaptest.engine.pretest import OPEN, scored_enemies
from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.random import Stream, permutation
from adaptest.pool import Pool
from adaptest.scoring.estimate import Estimates
from adaptest.simulation.answers import Answers, ModelRespondents
from adaptest.simulation.in_time import Clocks, estimate_of
from adaptest.simulation.near_theta import Dealt, NearTheta


@dataclass(frozen=True, slots=True, eq=False)
class Outset:
    """What is settled for N sittings before their first item, as the first event of a live one says it.

    Attributes
    ----------
    excluded : (N, J) items that a sitting may not see for reasons of its person
    begun : what exposure control bars
    pretest : (N,) the pretest items dealt; () where none are
    before : (N,) how often each pretest item was shown before, for those chosen near theta; () likewise
    """

    excluded: Bools
    begun: Begun | None = None
    pretest: tuple[Dealt, ...] = ()
    before: tuple[Mapping[str, int], ...] = ()

    def take(self, which: slice) -> Outset:
        """Return some of the sittings."""
        begun = self.begun and Begun(
            self.begun.barred[which],
            self.begun.spared[which],
            None if self.begun.in_band is None else self.begun.in_band[which],
        )
        return Outset(self.excluded[which], begun, self.pretest[which], self.before[which])

    @classmethod
    def together(cls, parts: list[Outset]) -> Outset:
        """Return the sittings of several as one; all of one exam."""
        all_begun = [one.begun for one in parts if one.begun is not None]
        begun = None
        if all_begun:
            bands = [one.in_band for one in all_begun if one.in_band is not None]
            begun = Begun(
                np.concatenate([one.barred for one in all_begun]),
                np.concatenate([one.spared for one in all_begun]),
                np.concatenate(bands) if bands else None,
            )
        pretest = tuple(dealt for one in parts for dealt in one.pretest)
        before = tuple(shown for one in parts for shown in one.before)
        return cls(np.concatenate([one.excluded for one in parts]), begun, pretest, before)

    def rolled(self) -> Outset:
        """Return each sitting with what was drawn for the one before it; exclusions stay."""
        begun = self.begun and Begun(
            np.roll(self.begun.barred, 1, axis=0) & ~self.excluded,
            np.roll(self.begun.spared, 1, axis=0),
            None if self.begun.in_band is None else np.roll(self.begun.in_band, 1, axis=0),
        )
        pretest, before = self.pretest, self.before
        return Outset(self.excluded, begun, pretest[-1:] + pretest[:-1], before[-1:] + before[:-1])

    def barred(self, pool: Pool) -> Bools:
        """Return (N, J) the items that a sitting cannot see at all."""
        barred = self.excluded if self.begun is None else self.excluded | self.begun.barred
        if not any(self.pretest):
            return barred
        barred = barred.copy()
        for n, dealt in enumerate(self.pretest):
            barred[n, [pool.row[item] for item in scored_enemies(pool, (item for _, item in dealt))]] = True
        return barred


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """N finished sittings, as columns.

    Attributes
    ----------
    outset : what was settled before
    rows, scores : (N, L) items in order of presentation and their scores; -1 after the end
    ending : (N,) which of the design's reasons ended it
    theta, sem, outcome : (N,) the final estimates
    seconds : (N,) that it took; None where time is not simulated
    band : (N, L) the band of exposure control in which theta was at each choice; -1 after the end
    cut_off : the end of each sitting that the time limit ended, as a live one's log has it
    waiting : (N,) the item that waited for its answer then; -1 where none did
    near_theta : (N,) the pretest items chosen as their places were reached; () where none are
    """

    design: Design
    seed: NDArray[np.uint64]
    outset: Outset
    rows: Rows
    scores: Rows
    ending: Rows
    theta: Floats
    sem: Floats
    outcome: NDArray[np.int8]
    seconds: Floats | None
    band: Rows
    cut_off: Mapping[int, SittingEnded]
    waiting: Rows
    near_theta: tuple[Dealt, ...] = ()

    @property
    def excluded(self) -> Bools:
        """(N, J) items that a sitting could not see for reasons of its person."""
        return self.outset.excluded

    @property
    def pretest(self) -> tuple[Dealt, ...]:
        """(N,) the pretest items of each sitting, however they came; () where none have any."""
        if not self.near_theta:
            return self.outset.pretest
        return tuple(tuple(one for one in dealt if one[1] != OPEN) for dealt in self.near_theta)

    @property
    def barred(self) -> Bools:
        """(N, J) the items that a sitting could not see at all."""
        return replace(self.outset, pretest=self.pretest).barred(self.design.pool)

    @property
    def length(self) -> Rows:
        """(N,) scored items given."""
        return np.asarray((self.rows >= 0).sum(axis=1), dtype=np.intp)

    @property
    def visited(self) -> Bools:
        """(N, B) whether it was shown an item while theta was in a band of exposure control."""
        controls = self.design.controls
        visited = np.zeros((len(self.rows), len(controls.bands) if controls else 1), dtype=np.bool_)
        who, place = np.nonzero(self.band >= 0)
        visited[who, self.band[who, place]] = True
        return visited

    @property
    def shown(self) -> Bools:
        """(N, J) the scored items shown."""
        shown = np.zeros((len(self.rows), len(self.design.pool)), dtype=np.bool_)
        who, rows = self.presented
        shown[who, rows] = True
        return shown

    @property
    def presented(self) -> tuple[Rows, Rows]:
        """(M,) sittings, and (M,) the scored items they were shown, answered in time or not."""
        who, place = np.nonzero(self.rows >= 0)
        late = np.flatnonzero(self.waiting >= 0)
        return np.concatenate([who, late]), np.concatenate([self.rows[who, place], self.waiting[late]])

    def passes(self, cut: float) -> Bools:
        """Return (N,) who passes at a cut: by the estimate; at the exam's own as the time limit decided."""
        passed = np.asarray(self.theta >= cut, dtype=np.bool_)
        if cut == self.design.policy.cut:
            for n, end in self.cut_off.items():
                passed[n] = passed[n] if not end.decision else end.decision == "pass"
        return passed

    def log(self, n: int) -> tuple[Event, ...]:
        """Return the events of sitting `n` as a live one would have logged them, without decision records.

        Nobody answers its pretest items: their responses are empty.
        """
        events: list[Event] = [self._started(n)]
        pretest = self.near_theta or self.outset.pretest
        dealt = dict(pretest[n]) if pretest else {}
        rows, scores = ([int(x) for x in column[n] if x >= 0] for column in (self.rows, self.scores))
        of, ids = set_of(self.design.pool), self.design.pool.ids
        presented, waits = 0, int(self.waiting[n])

        def show_pretest() -> None:
            nonlocal presented
            while dealt and min(dealt) <= presented:
                item = dealt.pop(place := min(dealt))
                if self.near_theta:
                    events.append(PretestChosen(place, item))
                if item != OPEN:
                    events.extend(self._shown(n, item, presented, "pretest", "", 0))
                    presented += 1

        for k, row in enumerate(rows if waits < 0 else [*rows, waits]):
            if k == 0 or of[row] < 0 or of[row] != of[rows[k - 1]]:  # nothing comes inside a set
                show_pretest()
            if k < len(rows):
                events += self._shown(n, ids[row], presented, "scored", str(scores[k]), scores[k])
                presented += 1
            else:
                events += self._shown(n, ids[row], presented, "scored", "", 0)[:1]
        if waits < 0:
            show_pretest()  # a live sitting shows what is due before it asks whether to end
        if n in self.cut_off:
            return (*events, self.cut_off[n])
        one = Estimates(
            self.theta[n : n + 1],
            self.sem[n : n + 1],
            self.outcome[n : n + 1],
            "",
            self.design.final.method,
        )
        return (*events, SittingEnded(self.design.reasons[self.ending[n]], estimated(one)))

    def _started(self, n: int) -> SittingStarted:
        """Return the first event."""
        pool, outset = self.design.pool, self.outset

        def named(rows: Bools) -> tuple[str, ...]:
            return tuple(pool.ids[row] for row in np.flatnonzero(rows))

        begun = outset.begun
        in_band = None if begun is None else begun.in_band
        return SittingStarted(
            int(self.seed[n]),
            self.design.fingerprint,
            pool.fingerprint,
            named(outset.excluded[n]),
            () if begun is None else named(begun.barred[n]),
            outset.pretest[n] if outset.pretest else (),
            barred_in_band=() if in_band is None else tuple(named(band) for band in in_band[n]),
            spared=() if begun is None else named(begun.spared[n]),
        )

    def _shown(self, n: int, item: str, position: int, role: str, response: str, score: int) -> list[Event]:
        """Return the events of one item."""
        design, letters = self.design, self.design.pool.letters(item)
        if design.shuffle and letters:
            order = permutation(int(self.seed[n]), Stream.OPTIONS, position, len(letters))
            letters = tuple(letters[k] for k in order)
        return [ItemPresented(item, position, letters, role), ResponseGiven(item, response, score)]


def simulate(
    theta: ArrayLike,
    design: Design,
    seed: ArrayLike,
    excluded: Bools | None = None,
    answers: Answers | None = None,
    outset: Outset | None = None,
) -> Simulated:
    """Return the sittings of N simulees, all in lockstep.

    Parameters
    ----------
    theta : (N,) true abilities, logits
    seed : (N,) of each sitting
    excluded : (N, J) items that a simulee may not see
    answers : how these simulees answer; by the pool's own parameters where not given; where they take time,
        the limits of the exam's policy hold: a late answer to a question scores 0, and one that comes after
        the exam's time is not scored
    outset : all that is settled before, instead of `excluded`

    Raises
    ------
    PoolExhaustedError, where a sitting has no item that may come next.
    """
    ability, seeds = np.asarray(theta, dtype=np.float64), np.asarray(seed, dtype=np.uint64)
    n = len(ability)
    if outset is None:
        outset = Outset(np.zeros((n, len(design.pool)), dtype=np.bool_) if excluded is None else excluded)
    if answers is None:
        places = len(design.pool) if design.maximum is None else design.maximum
        answers = ModelRespondents.of(design.pool, places).at_work(ability, seeds, np.arange(n))
    ending, active, clocks = np.full(n, -1, dtype=np.intp), np.arange(n), Clocks.of(design, answers, n)
    columns: list[tuple[Rows, Rows]] = []
    final_theta, final_sem, outcome = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, dtype=np.int8)
    in_band = None if outset.begun is None else outset.begun.in_band
    sittings = design.begin(seeds, outset.barred(design.pool), in_band)
    bands: list[Rows] = []
    near_theta = NearTheta.of(design, seeds, outset.pretest, outset.before)
    while active.size:
        if near_theta is not None:
            sittings = near_theta.choose(active, sittings)
        now = design.ending(sittings)
        over = now >= 0
        if over.any():
            ending[active[over]] = now[over]
            found = design.final_estimates(sittings if over.all() else sittings.take(over))
            done = active[over]
            final_theta[done], final_sem[done], outcome[done] = found.theta, found.sem, found.outcome
            active, sittings = active[~over], sittings.take(~over)
            if not active.size:
                break
        choice = design.choose(sittings)
        chosen, sittings = choice.row, sittings.barring(choice.passed_over).following(choice.answer)
        band = np.full(n, -1, dtype=np.intp)
        band[active] = 0 if choice.band is None else choice.band
        bands.append(band)
        scores = answers(active, chosen, sittings.length)
        late = clocks.read(sittings, active, chosen, scores)
        if late.any():
            active, chosen, scores, sittings = (
                active[~late],
                chosen[~late],
                scores[~late],
                sittings.take(~late),
            )
        row, score = np.full(n, -1, dtype=np.intp), np.full(n, -1, dtype=np.intp)
        row[active], score[active] = chosen, scores
        columns.append((row, score))
        if not active.size:
            break
        sittings = replace(design.record(sittings, chosen, scores, reuse=True), time_s=clocks.seconds[active])
    for k, end in clocks.cut_off.items():
        ending[k] = design.reasons.index(end.reason)
        final_theta[k], final_sem[k], outcome[k] = estimate_of(end)
    nothing = np.empty((n, 0), dtype=np.intp)
    rows = np.column_stack([nothing, *(row for row, _ in columns)])
    scored = np.column_stack([nothing, *(score for _, score in columns)])
    return Simulated(
        design,
        seeds,
        outset,
        rows,
        scored,
        ending,
        final_theta,
        final_sem,
        outcome,
        clocks.seconds if clocks.timed else None,
        np.column_stack([nothing, *bands]),
        clocks.cut_off,
        clocks.waiting,
        () if near_theta is None else tuple(tuple(one) for one in near_theta.chosen),
    )
