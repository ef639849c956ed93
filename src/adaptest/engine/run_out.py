"""What a sitting comes to that the time limit ended.

final_estimate : the estimate so far, as at any other end.
last_k_all_above : a pass if each of the last k estimates was at or above the cut.
random_fill : the estimate after guessing at the questions that were left.
no_score : nothing.

Before the minimum length it has failed, and has no score. An estimate that would contradict the decision is
withheld, for a score that is shown must not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adaptest.engine.batch import Sittings
from adaptest.engine.design import Design
from adaptest.engine.estimates import estimated
from adaptest.engine.events import Estimated
from adaptest.engine.state import State
from adaptest.errors import PoolExhaustedError
from adaptest.numerics.random import Stream, uniform_one

TOO_FEW, NO_SCORE, WITHHELD = "too_few_items", "no_score", "withheld"


def run_out(state: State, design: Design) -> tuple[Estimated, str]:
    """Return the estimate, and the decision where the estimate does not make it ("pass", "fail" or "")."""
    return run_out_of(state.batch, design)


def run_out_of(batch: Sittings, design: Design) -> tuple[Estimated, str]:
    """Return what `run_out` returns, of one sitting as columns; its seconds are not looked at."""
    policy, nothing = design.policy, Estimated(design.final.method, None, None, "")
    if batch.length < policy.minimum:
        return replace(nothing, outcome=TOO_FEW), "fail" if policy.cut is not None else ""
    if policy.time.run_out == "no_score":
        return replace(nothing, outcome=NO_SCORE), ""
    if policy.time.run_out == "random_fill":
        return _filled(batch, design), ""
    final = estimated(design.final_estimates(batch))
    if policy.time.run_out == "final_estimate" or policy.cut is None:
        return final, ""
    passed = bool((batch.path[0, -policy.time.last_k :] >= policy.cut).all())
    if final.theta is None or (final.theta >= policy.cut) != passed:
        final = replace(nothing, outcome=WITHHELD)
    return final, "pass" if passed else "fail"


def _filled(batch: Sittings, design: Design) -> Estimated:
    """Return the final estimate after chance has answered what was left, to the sitting's own end."""
    while int(design.ending(batch)[0]) < 0:
        try:
            choice = design.choose(batch)
        except PoolExhaustedError:  # items were withdrawn: what cannot be asked cannot be guessed at
            break
        batch, row = batch.barring(choice.passed_over).following(choice.answer), int(choice.row[0])
        categories = int(design.pool.parameters.categories[row])
        letters = len(design.pool.options[row]) if design.pool.options else 0
        u = uniform_one(int(batch.seed[0]), Stream.RANDOM_FILL, batch.length)
        by_letter = letters and categories == 2  # noqa: PLR2004 (right or wrong, by one letter of several)
        score = int(u * letters < 1) if by_letter else int(u * categories)
        batch = design.record(batch, np.array([row]), np.array([score]))
    return estimated(design.final_estimates(batch))
