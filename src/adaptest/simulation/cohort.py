"""A whole cohort through an exam, block after block: the same sittings for any batch and number of workers.

Simulees arrive in the order of their numbers. What one sitting's chance, ability and answers are depends on
the study's seed and the simulee's number alone, so a batch or a worker process changes nothing. Where a
sitting depends on earlier ones (exposure rules that count, pretest items that bar scored ones), `concurrency`
sittings run at once: counters stand still for them, and know of them afterwards.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cached_property, partial
from multiprocessing import get_context
from signal import SIG_IGN, SIGINT, signal
from typing import Any

import numpy as np

from adaptest.engine.batch import Seeds
from adaptest.engine.design import Design
from adaptest.engine.exposing import begun
from adaptest.engine.pretest import scored_enemies
from adaptest.engine.sitting import deal_pretest
from adaptest.errors import OptionError, PoolExhaustedError, SittingError
from adaptest.exposure import Controls, Counters
from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.random import Stream, seeds
from adaptest.simulation.answers import Respondents
from adaptest.simulation.run import Outset, Simulated, simulate
from adaptest.simulation.simulees import Simulees

BATCH = 4096  # simulees in lockstep
PLANNED = 16  # likewise, where choices are planned sitting by sitting: lockstep saves nothing there
CONCURRENCY = 50  # sittings that run at once, where sittings depend on earlier ones


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a study is: simulees done, of how many."""

    done: int
    total: int


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Finished sittings of the simulees with numbers `index` (n,).

    Attributes
    ----------
    truth : (n,) their abilities, logits; nan where nobody knows
    """

    index: Rows
    truth: Floats
    done: Simulated


@dataclass(frozen=True, eq=False)
class Cohort:
    """Who sits which exam, and how.

    Attributes
    ----------
    seed : of the study, 64 bits
    concurrency : sittings that run at once: those of one such block do not know what the others were shown

    Raises
    ------
    OptionError, where a number breaks its rule.
    """

    design: Design
    simulees: Simulees
    respondents: Respondents
    seed: int
    concurrency: int = CONCURRENCY

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**64:
            raise OptionError(f"seed: must be in 0..2**64 - 1; got {self.seed}")
        if self.concurrency < 1:
            raise OptionError(f"concurrency: must be at least 1; got {self.concurrency}")

    def __len__(self) -> int:
        return self.simulees.n

    @cached_property
    def deals(self) -> bool:
        """Whether pretest items are dealt: where they bar scored items; elsewhere they change nothing."""
        pool = self.design.pool
        return self.design.seeding is not None and bool(scored_enemies(pool, pool.unscored.ids))

    @property
    def batch(self) -> int:
        """How many simulees are best taken in lockstep."""
        return PLANNED if plans(self.design) else BATCH

    @cached_property
    def in_turn(self) -> bool:
        """Whether sittings depend on earlier ones."""
        controls = self.design.controls
        return self.deals or (controls is not None and controls.counts)

    def sitting_seeds(self, index: Rows) -> Seeds:
        """Return (n,) the seeds of the sittings of simulees `index` (n,)."""
        return seeds(self.seed, Stream.SITTING, index)

    def excluded(self, index: Rows) -> Bools:
        """Return (n, J) the items that simulees `index` (n,) cannot be asked."""
        barred = self.respondents.barred(index)
        return np.zeros((len(index), len(self.design.pool)), dtype=np.bool_) if barred is None else barred

    def run(self, index: Rows, outset: Outset | None = None) -> Block:
        """Return the finished sittings of simulees `index` (n,).

        Parameters
        ----------
        outset : what is settled before, where it depends on other sittings

        Raises
        ------
        SittingError, where a simulee's exam cannot be kept to its end; it says whose.
        """
        theta, seed = self.simulees.theta(self.seed, index), self.sitting_seeds(index)
        settled = Outset(self.excluded(index)) if outset is None else outset
        at_work = self.respondents.at_work(theta, seed, index)
        try:
            done = simulate(theta, self.design, seed, answers=at_work, outset=settled)
        except PoolExhaustedError as error:
            raise SittingError(f"simulees {index[0]} to {index[-1]}: {error}") from None
        return Block(index, theta, done)

    def blocks(
        self,
        *,
        batch: int | None = None,
        workers: int = 1,
        progress: Callable[[Progress], None] | None = None,
    ) -> Iterator[Block]:
        """Yield every simulee's sitting, in the order of arrival.

        Parameters
        ----------
        batch : simulees in lockstep; what is quick for the exam, where None
        workers : processes; each is started afresh and is given the exam's artifacts
        progress : called after each block; what it raises ends the run
        """
        batch = self.batch if batch is None else batch
        if batch < 1 or workers < 1:
            raise OptionError(f"batch and workers: must be at least 1; got {batch} and {workers}")
        total, done = len(self), 0
        with self._runner(workers) as runner:
            for block in self._in_turn(batch, runner) if self.in_turn else self._freely(batch, runner):
                done += len(block.index)
                if progress is not None:
                    progress(Progress(done, total))
                yield block

    def outset(self, index: Rows, counters: Counters, shown: Mapping[str, int]) -> Outset:
        """Return what is settled before the sittings of simulees `index` (n,) begin, as for live ones.

        Parameters
        ----------
        counters, shown : how often items, and pretest items, were shown in earlier sittings
        """
        design, pool, seed = self.design, self.design.pool, self.sitting_seeds(index)
        excluded, begun_ = self.excluded(index), None
        if design.controls is not None:
            begun_ = begun(design.controls, counters, seed, excluded, design.runs_without)
        if not self.deals:
            return Outset(excluded, begun_)
        barred = excluded if begun_ is None else excluded | begun_.barred
        dealt = [
            deal_pretest(
                design, one, shown=shown, barred=tuple(pool.ids[row] for row in np.flatnonzero(barred[k]))
            )
            for k, one in enumerate(seed.tolist())
        ]
        near = design.seeding is not None and design.seeding.within is not None
        return Outset(excluded, begun_, tuple(dealt), (shown,) * len(index) if near else ())

    def _freely(self, batch: int, runner: Runner) -> Iterator[Block]:
        """Yield blocks that do not depend on each other: few ahead of time, so that memory stays flat."""
        waiting: deque[Callable[[], Block]] = deque()
        for start in range(0, len(self), batch):
            waiting.append(runner(np.arange(start, min(start + batch, len(self))), None))
            if len(waiting) > runner.ahead:
                yield waiting.popleft()()
        while waiting:
            yield waiting.popleft()()

    def _in_turn(self, batch: int, runner: Runner) -> Iterator[Block]:
        """Yield blocks of sittings whose outset depends on those of earlier blocks."""
        controls, pool = self.design.controls or Controls(), self.design.pool
        counters = Counters.none(len(pool), len(controls.bands))
        shown = dict.fromkeys(pool.unscored.ids, 0)
        for start in range(0, len(self), self.concurrency):
            index = np.arange(start, min(start + self.concurrency, len(self)))
            outset = self.outset(index, counters, shown)
            parts = [slice(first, first + batch) for first in range(0, len(index), batch)]
            waiting = [runner(index[part], outset.take(part)) for part in parts]
            blocks = [one() for one in waiting]
            yield from blocks
            counters = counters.after(
                np.concatenate([one.done.shown for one in blocks]),
                np.concatenate([one.done.visited for one in blocks]),
                None if outset.begun is None else outset.begun.in_band,
                controls.fading,
                controls.remembered,
            )
            dealt = (item for one in blocks for sitting in one.done.pretest for _, item in sitting)
            shown = count_in(shown, dealt)

    @contextmanager
    def _runner(self, workers: int) -> Iterator[Runner]:
        """Give what runs simulees: here, or in worker processes."""
        if workers == 1:
            yield Runner(lambda index, outset: partial(self.run, index, outset), 0)
            return
        parts = (self.design.artifact, self.design.pool.artifact, self.simulees, self.respondents, self.seed)
        executor = ProcessPoolExecutor(workers, get_context("spawn"), _begin, parts)

        def there(index: Rows, outset: Outset | None) -> Callable[[], Block]:
            future = executor.submit(_run, index, outset)
            return lambda: self._back(future.result())

        try:
            yield Runner(there, workers)
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    def _back(self, sent: Sent) -> Block:
        """Return a worker's block with this process's design in it."""
        return Block(sent.index, sent.truth, Simulated(self.design, *sent.columns))


def count_in(shown: Mapping[str, int], items: Iterable[str]) -> dict[str, int]:
    """Return how often each item was shown, these times too; what is counted so far may be held elsewhere."""
    more = Counter(items)
    return {item: count + more[item] for item, count in shown.items()}


def plans(design: Design) -> bool:
    """Return whether an exam's choices are planned sitting by sitting: shadow tests."""
    return design.content is not None and design.content.stops is not None


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs simulees: what it returns waits for their block when called.

    Attributes
    ----------
    ahead : how many may be on their way at once beside the one waited for
    """

    begin: Callable[[Rows, Outset | None], Callable[[], Block]]
    ahead: int

    def __call__(self, index: Rows, outset: Outset | None) -> Callable[[], Block]:
        """Begin the sittings of simulees `index` (n,)."""
        return self.begin(index, outset)


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """A block as a worker sends it: `columns` are those of Simulated without the design."""

    index: Rows
    truth: Floats
    columns: tuple[Any, ...]


_COHORT: list[Cohort] = []  # a worker process's own


def _begin(design: str, pool: str, simulees: Simulees, respondents: Respondents, seed: int) -> None:
    """Make a worker's cohort, once; Ctrl-C is the main process's to heed."""
    signal(SIGINT, SIG_IGN)
    _COHORT.append(Cohort(Design.from_artifact(design, pool), simulees, respondents, seed))


def _run(index: Rows, outset: Outset | None) -> Sent:
    """Return a block, in a worker process."""
    block = _COHORT[0].run(index, outset)
    columns = (getattr(block.done, one.name) for one in fields(block.done) if one.name != "design")
    return Sent(block.index, block.truth, tuple(columns))
