"""Find the probabilities of Sympson-Hetter's method or of eligibility by simulating an exam again and again.

Each round runs simulees through the exam with the probabilities found so far. An item shown too often, to all
or to those in a theta band, gets a smaller probability wherever it was shown to them; one shown less often
than it may be gets a larger one. What was found is accepted only after fresh simulees kept the rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from adaptest.engine.design import Design
from adaptest.engine.exposing import LOTTERY
from adaptest.errors import OptionError
from adaptest.exposure import Bands, Controls, Counters, Eligibility, Lottery
from adaptest.models.base import Floats
from adaptest.numerics.random import Stream, seeds
from adaptest.simulation.answers import ModelRespondents
from adaptest.simulation.cohort import BATCH, Block, Cohort, Progress
from adaptest.simulation.simulees import Normal

ERRORS = 4.0  # Monte-Carlo standard errors by which the rate of fresh simulees may exceed the one asked for
JUDGED = 500  # simulees in a band that its rates are judged by
CONCURRENCY = 250  # fresh sittings that run at once, where sittings count
ROUNDS, EARLY = 40, 6  # at most; the early ones run a fifth of the simulees
MATTERS = (
    0.05  # share of an item's showings in a band of simulees from which its probability there is at work
)
LEAST = 1e-4  # a probability, so that an item can come back
LARGEST_MARGIN = 0.3  # share of the rate that is left unused where fresh simulees exceeded it
GROWTH = 1.5  # by which a probability rises in a round, at most


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """How often each item was shown, over N simulees.

    Attributes
    ----------
    n : (1 + B,) simulees: all, and those whose theta is in each band
    rate : (1 + B, J) share of them that was shown the item
    where : (1 + B, B, J) the same, by the band in which theta was estimated when it was
    length : scored items, on average
    """

    n: Floats
    rate: Floats
    where: Floats
    length: float

    @property
    def largest(self) -> Floats:
        """(1 + B,) the largest rate of an item; 0 where there is nobody."""
        return np.where(self.n > 0, self.rate.max(axis=1), 0.0)

    def allowed(self, rate: float) -> Floats:
        """Return (1 + B,) the rate that chance lets pass; infinite where too few were seen to judge it."""
        with np.errstate(divide="ignore"):
            most = rate + ERRORS * np.sqrt(rate * (1 - rate) / self.n)
        most[1:][self.n[1:] < JUDGED] = np.inf
        return most

    def keeps(self, rate: float) -> bool:
        """Return whether no item exceeds what chance lets pass."""
        return bool((self.largest <= self.allowed(rate)).all())


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """One round: how many simulees, and the largest rates, of all and in each band."""

    simulees: int
    largest: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Tuning:
    """What tuning came to.

    Attributes
    ----------
    table : (B, J) the probabilities
    rounds : of the search
    fresh : rates of simulees that took no part in it
    converged : whether they keep the rate
    reason : why not; empty where they do
    """

    rate: float
    bands: Bands
    table: Floats
    rounds: tuple[Round, ...]
    fresh: Rates
    converged: bool
    reason: str


def tune(
    design: Design,
    rule: str,
    rate: float,
    bands: Bands,
    *,
    simulees: int,
    seed: int,
    finished: Callable[[Floats], Design],
    mean: float = 0.0,
    sd: float = 1.0,
    progress: Callable[[Progress], None] | None = None,
    each: Callable[[int, Round], None] | None = None,
) -> Tuning:
    """Return the probabilities with which no item is shown to more than `rate` of the simulees.

    Parameters
    ----------
    design : the exam without the rule that is tuned
    rule : "sympson_hetter" or "eligibility"
    simulees : of each round, drawn from a normal distribution of abilities with `mean` and `sd`, and of the
        fresh ones
    seed : of the search; the fresh simulees have one of their own
    finished : makes the exam with its rule of probabilities (B, J), as it would run live
    progress : called within a round
    each : called after each round with its number

    Raises
    ------
    OptionError, where a number breaks its rule.

    References
    ----------
    Sympson & Hetter (1985); Stocking & Lewis (1998), Journal of Educational and Behavioral Statistics 23(1),
    57-75 (by theta); van der Linden & Veldkamp (2007), the same 32(4), 398-418 (eligibility).
    """
    if simulees < JUDGED:
        raise OptionError(f"simulees: must be at least {JUDGED}; got {simulees}")
    search = seeds(seed, Stream.TUNING, np.arange(2 * ROUNDS)).tolist()
    table = np.ones((len(bands), len(design.pool)))
    rounds: list[Round] = []
    margin = 0.0
    fresh: Rates | None = None
    for number in range(1, ROUNDS + 1):
        n = simulees if number > EARLY else max(simulees // 5, JUDGED)
        people = Normal(n, mean, sd)
        now = replace(design, controls=_frozen(rule, rate, bands, table))
        found = _rates(_frozen_blocks(now, people, search[number - 1], progress), bands, design)
        rounds.append(Round(n, found.largest))
        if each is not None:
            each(number, rounds[-1])
        if found.length > rate * len(design.pool):
            reason = (
                f"{found.length:.1f} items a sitting of {len(design.pool)} need a rate of at least"
                f" {found.length / len(design.pool):.3f}"
            )
            return Tuning(rate, bands, table, tuple(rounds), found, converged=False, reason=reason)
        if number > EARLY and found.keeps(rate):
            people = Normal(max(simulees, 20_000), mean, sd)
            fresh = _rates(
                _live_blocks(finished(table), people, search[ROUNDS + number - 1], progress), bands, design
            )
            if fresh.keeps(rate):
                return Tuning(rate, bands, table, tuple(rounds), fresh, converged=True, reason="")
            beyond = float(np.max((fresh.largest - fresh.allowed(rate)) / rate))
            margin = min(margin + beyond, LARGEST_MARGIN)
        table = _next(table, found, rate * (1 - margin))
    worst = fresh or found
    reason = f"after {ROUNDS} rounds an item is still shown to {worst.largest.max():.3f} of the simulees"
    return Tuning(rate, bands, table, tuple(rounds), worst, converged=False, reason=reason)


def _next(table: Floats, found: Rates, rate: float) -> Floats:
    """Return the probabilities of the next round.

    Each is multiplied by rate / rate observed, in the group of simulees where that is smallest, among those
    to whom the item was shown in that band at all: as Sympson & Hetter do, where there is one group.
    """
    error = np.sqrt(rate * (1 - rate) / np.maximum(found.n, 1))
    wanted = np.maximum(rate - error, 0.8 * rate)[:, None]
    with np.errstate(divide="ignore"):
        factor = np.where(found.rate > 0, wanted / found.rate, np.inf)  # (1 + B, J)
    works = found.where >= MATTERS * np.maximum(found.rate[:, None, :], 1e-12)
    works[found.n == 0] = False
    smallest = np.where(works, factor[:, None, :], np.inf).min(axis=0)
    grown: Floats = np.clip(table * np.minimum(smallest, GROWTH), LEAST, 1.0)
    return grown


def _frozen(rule: str, rate: float, bands: Bands, table: Floats) -> Controls:
    """Return controls that draw with these probabilities and learn nothing."""
    if rule == LOTTERY:
        return Controls(lottery=Lottery(bands, table))
    return Controls(eligibility=Eligibility(rate, bands.edges), tuned=table)


def _frozen_blocks(
    design: Design, people: Normal, seed: int, progress: Callable[[Progress], None] | None
) -> Any:
    """Yield blocks of sittings that do not know of each other."""
    cohort = _cohort(design, people, seed)
    nothing = Counters.none(len(design.pool), len((design.controls or Controls()).bands))
    for start in range(0, people.n, BATCH):
        index = np.arange(start, min(start + BATCH, people.n))
        yield cohort.run(index, cohort.outset(index, nothing, dict.fromkeys(design.pool.unscored.ids, 0)))
        if progress is not None:
            progress(Progress(int(index[-1]) + 1, people.n))


def _live_blocks(
    design: Design, people: Normal, seed: int, progress: Callable[[Progress], None] | None
) -> Any:
    """Yield blocks of sittings that count as live ones do."""
    return _cohort(design, people, seed, CONCURRENCY).blocks(progress=progress)


def _cohort(design: Design, people: Normal, seed: int, concurrency: int = 1) -> Cohort:
    places = len(design.pool) if design.maximum is None else design.maximum
    return Cohort(design, people, ModelRespondents.of(design.pool, places), seed, concurrency)


def _rates(blocks: Any, bands: Bands, design: Design) -> Rates:
    """Return how often each item was shown."""
    b, j = len(bands), len(design.pool)
    n, cells = np.zeros(b), np.zeros(b * b * j)
    block: Block
    for block in blocks:
        mine = bands.of(block.truth)
        n += np.bincount(mine, minlength=b)
        who, place = np.nonzero(block.done.rows >= 0)
        at = (mine[who] * b + block.done.band[who, place]) * j + block.done.rows[who, place]
        cells += np.bincount(at, minlength=b * b * j)
    counts = cells.reshape(b, b, j)
    counts = np.concatenate([counts.sum(axis=0, keepdims=True), counts])
    simulees = np.concatenate([[n.sum()], n])
    where = counts / np.maximum(simulees, 1)[:, None, None]
    rate = where.sum(axis=1)
    return Rates(simulees, rate, where, float(rate[0].sum()))
