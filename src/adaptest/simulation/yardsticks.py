"""What an exam is measured against, on the same simulees: a fixed form, random items, every item, itself.

Each simulee gives the same answer to the same item everywhere, so differences are those of the exams.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from adaptest.engine.design import Design
from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.random import Stream, seeds, uniform
from adaptest.simulation.answers import Answers
from adaptest.simulation.cohort import Block, Cohort, plans
from adaptest.simulation.collect import decisions
from adaptest.simulation.measures import kappa
from adaptest.simulation.run import Outset, simulate
from adaptest.simulation.tally import Tally, Value, root

MOST_SIMULEES = 2000  # that yardsticks are applied to
MOST_PLANNED = 100  # that sit twice, where each choice is planned: minutes, else
MOST_CELLS = 4_000_000  # simulees times items held at once


@dataclass(frozen=True, slots=True)
class Yardstick:
    """One way to test the first `n` simulees, beside the exam.

    Attributes
    ----------
    name, words : in files, and for people
    length : items, on average
    rmse, correlation : of its estimates
    accuracy, false_pass, false_fail, kappa : at the first cut; nan without one
    efficiency : its mean squared error over the exam's on the same simulees: above 1 the exam is better
    """

    name: str
    words: str
    n: int
    length: float
    rmse: Value
    accuracy: Value
    false_pass: Value
    false_fail: Value
    kappa: Value
    efficiency: Value


def yardsticks(
    cohort: Cohort, first: list[Block], cuts: tuple[float, ...], *, real: bool
) -> tuple[Yardstick, ...]:
    """Return the yardsticks for the simulees of the first blocks.

    Parameters
    ----------
    real : whether people's answers are looked up: then what all of them say is the truth itself
    """
    design = cohort.design
    limit = max(min(MOST_SIMULEES, MOST_CELLS // max(len(design.pool), 1)), 1)
    truth, estimate, length, index = (
        np.concatenate(column)[:limit]
        for column in zip(
            *((one.truth, one.done.theta, one.done.length, one.index) for one in first), strict=True
        )
    )
    seed = cohort.sitting_seeds(index)
    answers = cohort.respondents.at_work(truth, seed, index)
    barred = cohort.respondents.barred(index)
    cut = cuts[0] if cuts else None
    told = [_told("exam", "the exam itself", truth, estimate, estimate, float(length.mean()), cut)]
    size = _possible(design, round(float(length.mean())))
    form = best_form(design, float(np.mean(truth)), size)
    if barred is None or not barred[:, form].any():
        rows = np.broadcast_to(form, (len(truth), len(form)))
        found = scored(design, rows, answered(answers, rows))
        words = f"one form of {size} items, the most informative at {np.mean(truth):.2f}"
        told.append(_told("fixed_form", words, truth, found, estimate, float(size), cut))
    rows = random_items(seed, length, len(design.pool), barred)
    found = scored(design, rows, answered(answers, rows))
    words = "as many items as the exam gave, drawn at random"
    told.append(_told("random_items", words, truth, found, estimate, float(length.mean()), cut))
    if not real:
        rows = np.broadcast_to(np.arange(len(design.pool)), (len(truth), len(design.pool)))
        found = scored(design, rows, answered(answers, rows))
        words = f"all {len(design.pool)} items of the pool"
        told.append(_told("whole_pool", words, truth, found, estimate, float(len(design.pool)), cut))
    return tuple(told)


def consistency(cohort: Cohort, first: list[Block], cuts: tuple[float, ...]) -> tuple[Value, ...]:
    """Return for each cut how often two independent sittings of a simulee decide alike."""
    if not cuts:
        return ()
    values, twice = [], second_sittings(cohort, first)
    once = np.concatenate([block.done.theta for block in first])[: len(twice)]
    for cut in cuts:
        same = (once >= cut) == (twice >= cut)
        p, n = float(same.mean()), len(same)
        values.append(Value(p, float(np.sqrt(p * (1 - p) / n))))
    return tuple(values)


def second_sittings(cohort: Cohort, first: list[Block]) -> Floats:
    """Return (n,) the estimates of the blocks' first simulees in sittings with chance of their own.

    What depends on earlier sittings is as it was for the simulee before: drawn anew, at about the same time.
    """
    most = MOST_PLANNED if plans(cohort.design) else MOST_SIMULEES
    index, truth = (
        np.concatenate(column)[:most]
        for column in zip(*((block.index, block.truth) for block in first), strict=True)
    )
    outset = Outset.together([block.done.outset for block in first]).take(slice(0, len(index)))
    seed = seeds(cohort.seed, Stream.SITTING, index, 1)
    at_work = cohort.respondents.at_work(truth, seed, index)
    return simulate(truth, cohort.design, seed, answers=at_work, outset=outset.rolled()).theta


def best_form(design: Design, theta: float, length: int) -> Rows:
    """Return (length,) the items that the exam's rules allow, each the most informative at theta.

    Items are taken one after the other, as long as every rule can still be kept.
    """
    information = design.pool.parameters.information(np.array([theta]))[0]
    here = np.array([theta])
    sittings = design.begin(np.zeros(1, dtype=np.uint64), np.zeros((1, len(design.pool)), dtype=np.bool_))
    for _ in range(length):
        if plans(design):  # the plan itself is what keeps the rules: the exam as it would go on at theta
            choice = design.choose(replace(sittings, theta=here))
            row, sittings = choice.row, sittings.barring(choice.passed_over).following(choice.answer)
        else:
            row = np.array([np.where(design.allowed(sittings)[0], information, -np.inf).argmax()])
        sittings = design.record(sittings, row, np.zeros(1, dtype=np.intp))
    rows: Rows = sittings.rows[0]
    return rows


def random_items(seed: np.ndarray, length: Rows, n_items: int, barred: Bools | None) -> Rows:
    """Return (n, L) as many random items as `length` (n,) says for each, padded with -1."""
    drawn = uniform(seed[:, None], Stream.SUBSET, np.arange(n_items)[None, :])
    if barred is not None:
        drawn = np.where(barred, 2.0, drawn)
    order = np.argsort(drawn, axis=1, kind="stable")[:, : int(length.max(initial=0))]
    return np.where(np.arange(order.shape[1]) < length[:, None], order, -1)


def answered(answers: Answers, rows: Rows) -> Rows:
    """Return (n, L) the scores of n simulees on their items (n, L); -1 where there is no item."""
    scores = np.full(rows.shape, -1, dtype=np.intp)
    for position, column in enumerate(rows.T):
        who = np.flatnonzero(column >= 0)
        scores[who, position] = answers(who, column[who], position)
    return scores


def scored(design: Design, rows: Rows, scores: Rows) -> Floats:
    """Return (n,) the exam's final estimates from responses (n, L), -1 none."""
    final = design.final
    carried = final.start(len(rows))
    for row, score in zip(rows.T, scores.T, strict=True):
        given = score >= 0
        if given.all():
            carried = final.update(carried, row, score)
        elif given.any():
            carried[given] = final.update(carried[given], row[given], score[given])
    return final.report(carried, np.where(scores >= 0, rows, 0), scores).theta


def _possible(design: Design, length: int) -> int:
    """Return the length nearest to this at which the exam may end."""
    if design.stops is None:
        return min(max(length, design.minimum), len(design.pool))
    return min(design.stops, key=lambda stop: (abs(stop - length), stop))


def _told(
    name: str, words: str, truth: Floats, found: Floats, exam: Floats, length: float, cut: float | None
) -> Yardstick:
    """Return what a way's estimates are worth beside the exam's."""
    ok = np.isfinite(found) & np.isfinite(truth) & np.isfinite(exam)
    square = np.where(ok, found - truth, 0.0) ** 2
    tally = Tally(1, (("square", "own"),))
    nowhere = np.full(len(truth), -1, dtype=np.intp)
    held = {"ok": ok.astype(np.float64), "square": square, "own": np.where(ok, exam - truth, 0.0) ** 2}
    at = decisions(truth, found >= (0.0 if cut is None else cut), 0.0 if cut is None else cut)
    tally.add(nowhere, {**held, **at})
    tally.close()
    rate = {key: tally.mean(key) if cut is not None else Value(float("nan")) for key in at}
    return Yardstick(
        name,
        words,
        len(truth),
        length,
        root(tally.mean("square", among="ok")),
        rate["correct"],
        rate["false_pass"],
        rate["false_fail"],
        kappa(rate["correct"].value, rate["passed"].value, rate["able"].value, len(truth)),
        tally.ratio("square", "own"),
    )
