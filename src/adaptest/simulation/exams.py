"""One exam, or several on the same simulees with the same answers and paired standard errors.

simulate : one exam, as `at.simulate`
compare  : several
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from signal import SIGINT, signal
from threading import current_thread, main_thread

import numpy as np
from numpy.typing import ArrayLike

from adaptest.engine.design import Design
from adaptest.errors import OptionError
from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses
from adaptest.simulation.answers import Behaviour
from adaptest.simulation.cohort import CONCURRENCY, Block, Progress
from adaptest.simulation.collect import columns_of, decisions
from adaptest.simulation.people import shared
from adaptest.simulation.simulees import Simulees
from adaptest.simulation.study import Asked, HasDesign, Running, Study
from adaptest.simulation.tally import Tally, Value

WORDS = {
    "square": "mean squared error",
    "error": "bias",
    "length": "scored items",
    "variance": "mean squared SEM",
    "covered": "coverage",
    "correct": "decision accuracy",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One exam minus the first, simulee by simulee.

    Attributes
    ----------
    measures : mean difference of each of `WORDS`, with its paired error; `correct` where both have a cut
    same_decision : share of simulees on whom both decide alike; nan where they have no cut
    """

    exam: int
    measures: dict[str, Value]
    same_decision: Value


@dataclass(frozen=True, eq=False)
class Comparison:
    """The studies of several exams, and how each of the others differs from the first."""

    studies: tuple[Study, ...]
    differences: tuple[Difference, ...]


def simulate(
    exam: HasDesign | Design,
    simulees: int | Simulees = 1000,
    seed: int = 1,
    *,
    theta: ArrayLike | None = None,
    responses: Responses | None = None,
    truth: ItemParameters | None = None,
    behaviour: Behaviour = Behaviour(),  # noqa: B008 (frozen)
    cuts: Iterable[float] = (),
    batch: int | None = None,
    workers: int = 1,
    concurrency: int = CONCURRENCY,
    time_s: Floats | None = None,
    progress: Callable[[Progress], None] | None = None,
    each: Callable[[Block], None] | None = None,
) -> Study:
    """Return what the exam does to many simulees, or to people whose answers are known.

    Parameters
    ----------
    exam : as `at.load_exam` gives it, or a design
    simulees : how many, drawn from the exam's own prior; or who, of `adaptest.simulation.simulees`
    seed : of everything that chance decides
    theta : (N,) true abilities instead, logits
    responses : people's answers instead; an item that a person did not answer cannot be asked
    truth : parameters by which simulees answer, where they are not the exam's
    behaviour : what they do beside
    cuts : decisions are told at these as well, logits
    batch : simulees in lockstep, where not as is best for the exam; changes nothing but speed and memory
    workers : processes, started afresh: a script that asks for more than one guards its main part; changes
        nothing but speed
    concurrency : sittings that run at once, where a sitting depends on those before it; changes results
    time_s : (N, J) seconds that each of the responses took, nan where nobody knows: the exam's limits hold
    progress : called after each block of simulees; what it raises ends the study
    each : called with each block of finished sittings, in the order of arrival

    Raises
    ------
    OptionError, for a number that breaks its rule. ResponseError, where responses do not fit the exam.
    """
    asked = Asked(simulees, seed, theta, responses, truth, behaviour, tuple(cuts), concurrency, time_s)
    whom = () if each is None else (each,)
    found = run([Running.of(exam, asked)], batch=batch, workers=workers, progress=progress, each=whom)
    return found.studies[0]


def compare(
    exams: Sequence[HasDesign | Design],
    asked: Asked = Asked(),  # noqa: B008 (frozen)
    *,
    batch: int | None = None,
    workers: int = 1,
    progress: Callable[[Progress], None] | None = None,
    each: Sequence[Callable[[Block], None]] = (),
) -> Comparison:
    """Return several exams' studies on common random numbers, and their differences.

    Parameters
    ----------
    asked, batch, workers, progress : as `simulate` takes them
    each : for every exam, called with each block of its sittings

    Raises
    ------
    OptionError, for fewer than two exams. ResponseError, where nobody answered enough for all of them.
    """
    if len(exams) < 2:  # noqa: PLR2004 (a difference has two sides)
        raise OptionError(f"compare: must have at least two exams; got {len(exams)}")
    return run(begun(exams, asked), batch=batch, workers=workers, progress=progress, each=each)


def begun(exams: Sequence[HasDesign | Design], asked: Asked) -> tuple[Running, ...]:
    """Return the exams' studies before their first sitting, of people who can sit all of them."""
    if asked.responses is not None and len(exams) > 1:
        designs = [exam if isinstance(exam, Design) else exam.design for exam in exams]
        kept = shared(asked.responses, designs)
        row = {person: k for k, person in enumerate(asked.responses.persons)}
        seconds = None if asked.time_s is None else asked.time_s[[row[person] for person in kept.persons]]
        asked = replace(asked, responses=kept, time_s=seconds)
    return tuple(Running.of(exam, asked) for exam in exams)


def run(
    running: Sequence[Running],
    *,
    batch: int | None = None,
    workers: int = 1,
    progress: Callable[[Progress], None] | None = None,
    each: Sequence[Callable[[Block], None]] = (),
) -> Comparison:
    """Return the studies of exams that were begun, run side by side on the same simulees.

    Ctrl-C ends them all after the same simulees; what is finished counts.
    """
    batch = min(one.cohort.batch for one in running) if batch is None else batch
    if len(running) > 1 and any(one.cohort.in_turn for one in running):
        batch = min(batch, running[0].cohort.concurrency)  # blocks of all exams must hold the same simulees
        batch = next(size for size in range(batch, 0, -1) if running[0].cohort.concurrency % size == 0)
    tallies = [Tally(1) for _ in running[1:]]
    interrupted = False
    try:
        sources = (one.cohort.blocks(batch=batch, workers=workers) for one in running)
        for blocks in zip(*sources, strict=True):
            with whole():
                for one, block in zip(running, blocks, strict=True):
                    one.add(block)
                for show, block in zip(each, blocks, strict=False):
                    show(block)
                _pair(running, blocks, tallies)
            if progress is not None:
                progress(Progress(running[0].collected.n, len(running[0].cohort)))
    except KeyboardInterrupt:
        if not running[0].collected.n:
            raise
        interrupted = True
    for tally in tallies:
        tally.close()
    studies = tuple(one.told(interrupted=interrupted) for one in running)
    return Comparison(studies, tuple(_difference(k + 1, tally) for k, tally in enumerate(tallies)))


@contextmanager
def whole() -> Iterator[None]:
    """Hold Ctrl-C back until a block is counted and written, so that no block is kept by half."""
    if current_thread() is not main_thread():
        yield
        return
    caught: list[int] = []
    before = signal(SIGINT, lambda number, _: caught.append(number))
    try:
        yield
    finally:
        signal(SIGINT, before)
    if caught:
        raise KeyboardInterrupt


def _pair(running: Sequence[Running], blocks: Sequence[Block], tallies: Sequence[Tally]) -> None:
    """Add each simulee's differences from the first exam."""
    columns = [_columns(one, block) for one, block in zip(running, blocks, strict=True)]
    for mine, tally in zip(columns[1:], tallies, strict=True):
        own = {name: mine[name] - columns[0][name] for name in WORDS}
        able = mine["ok"] * columns[0]["ok"]
        cut = mine["has_cut"] * columns[0]["has_cut"]
        for name in ("square", "error", "variance", "covered"):
            own[name] = own[name] * able
        same = cut * (mine["passed"] == columns[0]["passed"])
        own["correct"] = own["correct"] * cut
        nowhere = np.full(len(able), -1, dtype=np.intp)
        tally.add(nowhere, {**own, "ok": able, "cut": cut, "same": same})


def _columns(running: Running, block: Block) -> dict[str, Floats]:
    """Return each simulee's measures in one exam."""
    found = running.collected
    columns, cut = columns_of(block, found.available), found.cuts[0] if found.cuts else 0.0
    at = decisions(block.truth, block.done.passes(cut), cut)
    has_cut = np.full(len(block.index), float(bool(found.cuts)))
    return {**columns, "correct": at["correct"], "passed": at["passed"], "has_cut": has_cut}


def _difference(exam: int, tally: Tally) -> Difference:
    """Return the mean differences."""
    among = {"length": "", "correct": "cut"}
    measures = {name: tally.mean(name, among=among.get(name, "ok")) for name in WORDS}
    return Difference(
        exam,
        {name: one for name, one in measures.items() if np.isfinite(one.value)},
        tally.mean("same", among="cut"),
    )
