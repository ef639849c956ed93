"""A response that is changed: what follows, and that the policy allows it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adaptest.engine.design import Design
from adaptest.engine.estimates import OUTCOMES
from adaptest.engine.events import ResponseChanged
from adaptest.engine.policy import EDIT_K
from adaptest.engine.state import State


def why_no_change(state: State, item: str, design: Design) -> str:
    """Return why the response to an item may not be changed now; empty where it may."""
    policy = design.policy
    if not policy.reviews:
        return "the exam's answers are final"
    if policy.review == EDIT_K and policy.edits is not None and state.edits >= policy.edits:
        return f"all {policy.edits} changes that the exam allows were made"
    if item not in state.answered:
        return f"item {item!r} has no answer that can be changed"
    if state.clock.is_over(policy):
        return "the time is over"
    if state.clock.on_break:
        return "there is a break"
    return ""


def changed(state: State, event: ResponseChanged, design: Design) -> State:
    """Return the state after a change: theta is estimated anew from all responses, choices so far stay."""
    edits = state.edits + 1
    row = design.pool.row.get(event.item)
    if row is None or row not in state.administered:  # a pretest item: it never counts
        return replace(state, edits=edits)
    place = state.administered.index(row)
    scores = (*state.scores[:place], event.score, *state.scores[place + 1 :])
    batch = design.rescored(state.batch, np.array([scores], dtype=np.intp))
    return replace(
        state,
        batch=batch,
        scores=scores,
        edits=edits,
        theta=float(batch.theta[0]),
        sem=float(batch.sem[0]),
        outcome=OUTCOMES[int(batch.outcome[0])],
    )
