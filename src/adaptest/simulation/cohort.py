"""A whole cohort through an exam, block after block: the same sittings for any batch and number of workers.

Simulees arrive in the order of their numbers. What one sitting's chance, ability and answers are depends on
the study's seed and the simulee's number alone, so a batch or a worker process changes nothing. Only pretest
items depend on others: `concurrency` sittings run at once, and what was shown to them is counted for those
who come after.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from functools import cached_property
from multiprocessing import get_context
from signal import SIG_IGN, SIGINT, signal
from typing import Any

import numpy as np

from adaptest.engine.design import Design
from adaptest.engine.pretest import scored_enemies
from adaptest.engine.sitting import deal_pretest
from adaptest.errors import OptionError, PoolExhaustedError, SittingError
from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.random import Stream, seeds
from adaptest.simulation.answers import Respondents
from adaptest.simulation.run import Simulated, simulate
from adaptest.simulation.simulees import Simulees

BATCH = 4096  # simulees in lockstep
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

    def sitting_seeds(self, index: Rows) -> np.ndarray:
        """Return (n,) the seeds of the sittings of simulees `index` (n,)."""
        return seeds(self.seed, Stream.SITTING, index)

    def run(self, index: Rows, extra: Bools | None = None) -> Block:
        """Return the finished sittings of simulees `index` (n,).

        Parameters
        ----------
        extra : (n, J) items barred beside those that their answers bar

        Raises
        ------
        SittingError, where a simulee's exam cannot be kept to its end; it says whose.
        """
        theta, seed = self.simulees.theta(self.seed, index), self.sitting_seeds(index)
        barred = self.respondents.barred(index)
        if extra is not None:
            barred = extra if barred is None else barred | extra
        at_work = self.respondents.at_work(theta, seed, index)
        try:
            return Block(index, theta, simulate(theta, self.design, seed, barred, at_work))
        except PoolExhaustedError as error:
            raise SittingError(f"simulees {index[0]} to {index[-1]}: {error}") from None

    def blocks(
        self,
        *,
        batch: int = BATCH,
        workers: int = 1,
        progress: Callable[[Progress], None] | None = None,
    ) -> Iterator[Block]:
        """Yield every simulee's sitting, in the order of arrival.

        Parameters
        ----------
        batch : simulees in lockstep
        workers : processes; each is started afresh and is given the exam's artifacts
        progress : called after each block; what it raises ends the run
        """
        if batch < 1 or workers < 1:
            raise OptionError(f"batch and workers: must be at least 1; got {batch} and {workers}")
        total, done = len(self), 0
        size = min(batch, self.concurrency) if self.deals else batch
        for block in self._dealt(size) if self.deals else self._shared(size, workers):
            done += len(block.index)
            if progress is not None:
                progress(Progress(done, total))
            yield block

    def _shared(self, batch: int, workers: int) -> Iterator[Block]:
        """Yield blocks that do not depend on each other."""
        tasks = (np.arange(start, min(start + batch, len(self))) for start in range(0, len(self), batch))
        if workers == 1 or len(self) <= batch:
            yield from map(self.run, tasks)
            return
        waiting: deque[Future[Sent]] = deque()
        parts = (self.design.artifact, self.design.pool.artifact, self.simulees, self.respondents, self.seed)
        executor = ProcessPoolExecutor(workers, get_context("spawn"), _begin, parts)
        try:
            for index in tasks:  # only so many ahead that no worker waits: memory stays flat
                waiting.append(executor.submit(_run, index))
                if len(waiting) > workers:
                    yield self._back(waiting.popleft().result())
            while waiting:
                yield self._back(waiting.popleft().result())
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    def _back(self, sent: Sent) -> Block:
        """Return a worker's block with this process's design in it."""
        return Block(sent.index, sent.truth, Simulated(self.design, *sent.columns))

    def _dealt(self, batch: int) -> Iterator[Block]:
        """Yield blocks of sittings that were dealt pretest items by what earlier blocks were shown."""
        pool, design = self.design.pool, self.design
        shown = dict.fromkeys(pool.unscored.ids, 0)
        for start in range(0, len(self), self.concurrency):
            index = np.arange(start, min(start + self.concurrency, len(self)))
            extra = np.zeros((len(index), len(pool)), dtype=np.bool_)
            mine = self.respondents.barred(index)
            given: list[tuple[tuple[int, str], ...]] = []
            for k, seed in enumerate(self.sitting_seeds(index).tolist()):
                without = () if mine is None else tuple(pool.ids[row] for row in np.flatnonzero(mine[k]))
                dealt = deal_pretest(design, seed, shown=shown, barred=without)
                rivals = scored_enemies(pool, (item for _, item in dealt))
                extra[k, [pool.row[item] for item in rivals]] = True
                given.append(dealt)
            for first in range(0, len(index), batch):
                part = slice(first, first + batch)
                block = self.run(index[part], extra[part])
                yield replace(block, done=replace(block.done, pretest=tuple(given[part])))
            for item in (item for dealt in given for _, item in dealt):
                shown[item] += 1


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


def _run(index: Rows) -> Sent:
    """Return a block, in a worker process."""
    block = _COHORT[0].run(index)
    columns = (getattr(block.done, one.name) for one in fields(block.done) if one.name != "design")
    return Sent(block.index, block.truth, tuple(columns))
