"""What each event makes of a state, and that it can follow."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from adaptest.engine.batch import Sittings
from adaptest.engine.design import Design
from adaptest.engine.editing import changed, why_no_change
from adaptest.engine.estimates import OUTCOMES
from adaptest.engine.events import (
    Event,
    ItemPresented,
    PretestChosen,
    ResponseChanged,
    ResponseGiven,
    SittingStarted,
)
from adaptest.engine.planning import plan_after
from adaptest.engine.pretest import OPEN, scored_enemies
from adaptest.engine.state import Pending, State
from adaptest.engine.timing import EXAM, QUESTION, Clock, multiplier_of, shown
from adaptest.errors import ReplayError
from adaptest.models.base import Bools


def started(event: SittingStarted, design: Design) -> State:
    """Return the state before any item."""
    if not 0 <= event.seed < 2**64:
        raise ReplayError(f"SittingStarted: seed must be in [0, 2**64); got {event.seed}")
    for name, got, own in (
        ("design", event.design, design.fingerprint if event.design else ""),
        ("pool", event.pool, design.pool.fingerprint if event.pool else ""),
    ):
        if got != own:
            raise ReplayError(
                f"SittingStarted: {name} must be the one of this log, {got[:12]}; got {own[:12]}"
            )
    for position, item in event.pretest:
        if item in design.pool.row or position < 0:
            raise ReplayError(
                f"SittingStarted: pretest item {item!r} must have a place from 0 and not be in the pool;"
                f" got place {position}"
            )
    in_band = _in_band(event, design)
    excluded = frozenset(_row(item, event, design) for item in event.excluded)
    ineligible = frozenset(_row(item, event, design) for item in event.ineligible) - excluded
    barred = np.zeros((1, len(design.pool)), dtype=np.bool_)
    rivals = scored_enemies(design.pool, (item for _, item in event.pretest))
    barred[0, [*excluded, *ineligible, *(design.pool.row[item] for item in rivals)]] = True
    batch = design.begin(np.array([event.seed], dtype=np.uint64), barred, in_band)
    return State(
        event.seed,
        excluded,
        ineligible,
        event.pretest,
        float(batch.theta[0]),
        float(batch.sem[0]),
        OUTCOMES[int(batch.outcome[0])],
        batch,
        event.prior,
        Clock(multiplier=multiplier_of(event.accommodations)),
    )


def _in_band(event: SittingStarted, design: Design) -> Bools | None:
    """Return (1, B, J) what is barred while theta is in each band; None where nothing was drawn."""
    if not event.barred_in_band:
        return None
    bands = len(design.controls.bands) if design.controls else 0
    if len(event.barred_in_band) != bands:
        raise ReplayError(
            f"SittingStarted: barred_in_band must have the exam's {bands} bands;"
            f" got {len(event.barred_in_band)}"
        )
    in_band = np.zeros((1, bands, len(design.pool)), dtype=np.bool_)
    for band, items in enumerate(event.barred_in_band):
        in_band[0, band, [_row(item, event, design) for item in items]] = True
    return in_band


def presented(state: State, event: ItemPresented, design: Design) -> State:
    """Return the state with an item that waits for its response."""
    if event.position != state.presented:
        raise ReplayError(
            f"item {event.item!r}: must be presented at position {state.presented}; got {event.position}"
        )
    if state.clock.on_break:
        raise ReplayError(f"item {event.item!r}: must not be presented during a break")
    clock = shown(state.clock)
    if event.role == "pretest":
        due = any(item == event.item and place <= event.position for place, item in state.pretest)
        if not due or event.item in state.tried_out:
            raise ReplayError(
                f"item {event.item!r}: must be a pretest item whose place is reached; got it at"
                f" {event.position}"
            )
        tried_out = state.tried_out | {event.item}
        return replace(state, pending=Pending(event.item, None), clock=clock, tried_out=tried_out)
    row = _row(event.item, event, design)
    if not state.batch.available[0, row]:
        raise ReplayError(f"item {event.item!r}: must be available to be presented")
    over = event.decision.passed_over if event.decision else ()
    batch, plan = state.batch, plan_after(event.decision, state.batch, design.pool)
    if plan is not batch.plan:
        batch = replace(batch, plan=plan)
    if not over:
        return replace(state, pending=Pending(event.item, row), clock=clock, batch=batch)
    rows = [_row(item, event, design) for item in over]
    return replace(
        state,
        pending=Pending(event.item, row),
        clock=clock,
        drawn_out=state.drawn_out | frozenset(rows),
        batch=batch.barring(np.array([rows], dtype=np.intp)),
    )


def answered(state: State, pending: Pending, event: ResponseGiven, design: Design) -> State:
    """Return the state after a response, as far as it counts."""
    number = state.presented + 1
    late = state.clock.late(design.policy)
    if event.late != late:
        raise ReplayError(
            f"item {event.item!r}: late must say which limit had run out, {late!r}; got {event.late!r}"
        )
    kept = state.answered if event.late else (*state.answered, event.item)
    if pending.row is None or late == EXAM:
        return replace(state, presented=number, pending=None, answered=kept)
    categories = int(design.pool.parameters.categories[pending.row])
    if not 0 <= event.score < categories:
        raise ReplayError(f"item {event.item!r}: score must be in 0..{categories - 1}; got {event.score}")
    score = 0 if late == QUESTION else event.score
    batch = design.record(state.batch, np.array([pending.row]), np.array([score]))
    return replace(
        state,
        batch=batch,
        theta=float(batch.theta[0]),
        sem=float(batch.sem[0]),
        outcome=OUTCOMES[int(batch.outcome[0])],
        administered=(*state.administered, pending.row),
        scores=(*state.scores, score),
        answered=kept,
        presented=number,
        pending=None,
    )


def changed_as_allowed(state: State, event: ResponseChanged, design: Design) -> State:
    """Return the state after a changed response, where the policy allows it."""
    if why := why_no_change(state, event.item, design):
        raise ReplayError(f"ResponseChanged: {why}")
    row = design.pool.row.get(event.item)
    if row is not None and not 0 <= event.score < (most := int(design.pool.parameters.categories[row])):
        raise ReplayError(f"item {event.item!r}: score must be in 0..{most - 1}; got {event.score}")
    return changed(state, event, design)


def withdrawn(state: State, items: tuple[str, ...], design: Design) -> State:
    """Return the state without items that were withdrawn; those the pool does not hold do not matter."""
    rows = [design.pool.row[item] for item in items if item in design.pool.row]
    available = state.batch.available.copy()
    new = frozenset(row for row in rows if available[0, row])
    available[0, list(new)] = False
    return replace(
        state,
        withdrawn=state.withdrawn | new,
        gone=state.gone | (frozenset(items) & frozenset(design.pool.unscored.ids)),
        pretest=tuple(planned for planned in state.pretest if planned[1] not in items),
        batch=replace(state.batch, available=available),
    )


def _row(item: str, event: Event, design: Design) -> int:
    row = design.pool.row.get(item)
    if row is None:
        raise ReplayError(f"{type(event).__name__}: item {item!r} must be in the pool")
    return row


def why_no_pretest(state: State, item: str, design: Design) -> str:
    """Return why a pretest item cannot be shown next; empty where it can."""
    pool = design.pool
    if item not in pool.unscored.ids:
        return "must be a pretest item"
    if item in state.gone:
        return "was shown, dealt or withdrawn already"
    others = {planned for _, planned in state.pretest} | {pool.ids[row] for row in state.administered}
    return why_not_beside(item, others, state.batch, design)


def why_not_beside(item: str, others: Collection[str], sitting: Sittings, design: Design) -> str:
    """Return why a pretest item cannot be shown beside these in one sitting; empty where it can."""
    pool = design.pool
    if item in others:
        return "was shown, dealt or withdrawn already"
    if not pool.rivals_of(item).isdisjoint(others):
        return "is an enemy of an item that was shown or dealt"
    rows = [pool.row[rival] for rival in scored_enemies(pool, (item,))]
    available = sitting.available.copy()
    if not available[0, rows].any() or sitting.length == design.maximum:
        return ""
    available[0, rows] = False
    spared = design.goes_on(replace(sitting, available=available))[0]
    return "" if spared else "has enemies that the exam needs"


def pretest_chosen(state: State, event: PretestChosen, design: Design) -> State:
    """Return the state with an item for an open place, or without the place; its enemies are kept out."""
    place, item = event.position, event.item
    if (place, OPEN) not in state.pretest or place > state.presented:
        raise ReplayError(f"PretestChosen: place {place} must be reached and have no item yet")
    rest = tuple(planned for planned in state.pretest if planned != (place, OPEN))
    if item == OPEN:
        return replace(state, pretest=rest)
    if why := why_no_pretest(state, item, design):
        raise ReplayError(f"PretestChosen: item {item!r} {why}")
    available = state.batch.available.copy()
    available[0, [design.pool.row[rival] for rival in scored_enemies(design.pool, (item,))]] = False
    return replace(
        state,
        pretest=tuple(sorted((*rest, (place, item)))),
        batch=replace(state.batch, available=available),
    )
