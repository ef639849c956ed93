"""The functions between a sitting's state and its events.

start : design, facts -> event    the first one
decide : state -> event           chooses; the only place chance enters
evolve : state, event -> state    records; replays any log
replay : events -> state          evolve, from the first to the last
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import numpy as np

from adaptest.engine.batch import Sittings
from adaptest.engine.contiguous import set_goes_on
from adaptest.engine.deciding import decision_of
from adaptest.engine.design import TIME_LIMIT, Design
from adaptest.engine.estimates import estimated
from adaptest.engine.events import (
    BreakBegan,
    BreakEnded,
    ClockRead,
    Estimated,
    Event,
    ItemPresented,
    NoteAdded,
    Planned,
    PoolChanged,
    PretestChosen,
    ResponseChanged,
    ResponseGiven,
    RulesRelaxed,
    SittingEnded,
    SittingHeld,
    SittingReleased,
    SittingStarted,
    SittingVoided,
)
from adaptest.engine.planning import test_of
from adaptest.engine.pretest import OPEN, deal, scored_enemies, targeted
from adaptest.engine.recording import (
    answered,
    changed_as_allowed,
    presented,
    pretest_chosen,
    started,
    why_no_pretest,
    withdrawn,
)
from adaptest.engine.relaxing import design_of, relax
from adaptest.engine.run_out import run_out
from adaptest.engine.state import Pending, State
from adaptest.engine.timing import multiplier_of, read
from adaptest.errors import OptionError, PoolExhaustedError, ReplayError, SittingError
from adaptest.numerics.random import Stream, permutation

Decided = ItemPresented | SittingEnded | RulesRelaxed


def start(
    design: Design,
    seed: int,
    *,
    excluded: Iterable[str] = (),
    ineligible: Iterable[str] = (),
    pretest: Iterable[tuple[int, str]] = (),
    accommodations: Iterable[tuple[str, str]] = (),
    barred_in_band: Iterable[tuple[str, ...]] = (),
    spared: Iterable[str] = (),
    prior: tuple[float, float] | None = None,
) -> SittingStarted:
    """Return the first event of a sitting on this design; ids the pool does not hold are left out.

    Parameters
    ----------
    accommodations : (name, value): "time_multiplier" reaches every limit and every break
    prior : mean and standard deviation of this person's own prior

    Raises
    ------
    SittingError, where no sitting without these items can keep the exam's rules to its end.
    OptionError, where an accommodation is unknown, or a number cannot be.
    """
    agreed = tuple(accommodations)
    multiplier_of(agreed)
    if prior is not None and not (np.isfinite(prior).all() and prior[1] > 0):
        raise OptionError(f"a prior must be a finite mean and a standard deviation > 0; got {prior}")
    barred = tuple(item for item in excluded if item in design.pool.row)
    tuned_out = tuple(item for item in ineligible if item in design.pool.row)
    dealt = tuple(pretest)
    rivals = scored_enemies(design.pool, (item for _, item in dealt))
    if not design.can_run(barred + tuned_out + rivals):
        raise SittingError(
            f"{len({*barred, *tuned_out, *rivals})} of {len(design.pool)} items are barred, and without them"
            " the exam's content rules cannot be kept to its end; bar fewer items"
        )
    return SittingStarted(
        seed,
        design.fingerprint,
        design.pool.fingerprint,
        barred,
        tuned_out,
        dealt,
        agreed,
        prior=None if prior is None else (float(prior[0]), float(prior[1])),
        barred_in_band=tuple(barred_in_band),
        spared=tuple(spared),
    )


def deal_pretest(
    design: Design,
    seed: int,
    *,
    shown: Mapping[str, int],
    seen: Collection[str] = (),
    barred: Iterable[str] = (),
) -> tuple[tuple[int, str], ...]:
    """Return the pretest items that `start` takes for a sitting, (place, item); () where the exam has none.

    Parameters
    ----------
    shown : how often each item was shown so far, to anybody: the least shown come first
    seen : items this person has seen, dealt only when no other is left
    barred : scored items that the sitting will be without
    """
    if design.seeding is None:
        return ()
    without = tuple(barred)
    return deal(
        design.seeding,
        design.pool,
        seed,
        shown=shown,
        seen=seen,
        spared=lambda items: not items or design.can_run(without + items),
    )


def choose_pretest(
    state: State, design: Design, *, shown: Mapping[str, int], seen: Collection[str] = ()
) -> PretestChosen | None:
    """Return the pretest item for a place that is reached and has none yet; None where nothing is to choose.

    Inside an item set that goes on nothing is: the place waits for its end.

    Parameters
    ----------
    shown, seen : as `deal_pretest` says
    """
    if design.seeding is None or state.is_over or state.pending or state.due is None:
        return None
    place, chosen = state.due
    if chosen != OPEN or set_goes_on(timed(state), design_of(state, design)):
        return None
    item = targeted(
        design.seeding,
        design.pool,
        state.seed,
        place,
        state.theta,
        shown=shown,
        seen=seen,
        fits=lambda item: not why_no_pretest(state, item, design),
    )
    return PretestChosen(place, item)


def decide(state: State, design: Design, planned: Planned | None = None) -> Decided:
    """Return what happens next: an item, the end, or rules that give way; the shell stamps the time.

    After rules gave way, and were recorded, it is to be decided again.

    Parameters
    ----------
    planned : what a log says was planned, to go by instead of planning; for checks by certificate

    Raises
    ------
    SittingError, where nothing can happen next: an item waits for its response, or the sitting is over.
    PoolExhaustedError, where no item can follow, and no rule may give way for one.
    """
    whole, design = design, design_of(state, design)
    if not state.is_over and state.clock.is_over(design.policy):
        return SittingEnded(TIME_LIMIT, *run_out(state, design))
    if state.is_over or state.pending is not None or state.clock.on_break:
        raise SittingError(f"nothing is to be decided after {_described(state)}")
    tests = None if planned is None else test_of(planned, design.pool)
    if state.due is not None:
        place, item = state.due
        waited = design.seeding is not None and design.seeding.within is not None and item != OPEN
        if waited or not set_goes_on(timed(state), design, tests):
            if item == OPEN:
                raise SittingError(f"a pretest item must be chosen for place {place} first")
            return ItemPresented(item, state.presented, _options(item, state, design), "pretest")
    if design.may_end(state.batch.length) and (code := int(design.ending(timed(state))[0])) >= 0:
        return SittingEnded(design.reasons[code], final_estimate(state, design))
    try:
        choice = design.choose(state.batch, tests)
    except PoolExhaustedError as problem:
        return relax(state, whole, problem)
    item = design.pool.ids[choice.row[0]]
    decision = decision_of(state, design, choice)
    if planned is not None:
        decision = replace(decision, content=planned)
    return ItemPresented(item, state.presented, _options(item, state, design), "scored", decision)


def timed(state: State) -> Sittings:
    """Return the sitting with the seconds used so far, as rules for the end look at them."""
    time_s = np.array([round(state.clock.used_s / state.clock.multiplier, 3)])
    return replace(state.batch, time_s=time_s)


def evolve(state: State | None, event: Event, design: Design) -> State:
    """Return the state after `event` (None before any).

    Raises
    ------
    ReplayError, where it cannot follow.
    """
    after: State | None = None
    match state, event:
        case None, SittingStarted():
            after = started(event, design.own(event.prior))
        case State(ended=None, voided=None), _:
            after = _running(state, event, design_of(state, design))
    if after is None and state is not None:
        after = _whenever(state, event)
    if after is None:
        raise ReplayError(f"{type(event).__name__} cannot follow {_described(state)}")
    return after


def _running(state: State, event: Event, design: Design) -> State | None:  # noqa: PLR0911 (a case each)
    """Return the state after an event of a sitting that goes on; None where it cannot follow."""
    match state, event:
        case State(pending=None), ItemPresented():
            return presented(state, event, design)
        case State(pending=Pending() as pending), ResponseGiven() if event.item == pending.item:
            return answered(state, pending, event, design)
        case State(pending=None), PretestChosen():
            return pretest_chosen(state, event, design)
        case _, ResponseChanged():
            return changed_as_allowed(state, event, design)
        case _, ClockRead() | BreakBegan() | BreakEnded():
            waits = state.pending is not None
            return replace(state, clock=read(state.clock, event, design.policy, waits=waits))
        case _, SittingEnded(reason=reason):
            return replace(state, ended=reason)
        case State(pending=None), RulesRelaxed(rules=rules):
            return replace(state, relaxed=(*state.relaxed, *rules))
        case _, PoolChanged(withdrawn=items):
            return withdrawn(state, items, design)
    return None


def _whenever(state: State, event: Event) -> State | None:
    """Return the state after an event of a sitting that may be over; None where it cannot follow."""
    match state, event:
        case State(voided=None), SittingVoided(reason=reason):
            return replace(state, voided=reason)
        case State(held=None, voided=None), SittingHeld(reason=reason):
            return replace(state, held=reason)
        case State(held=str(), voided=None), SittingReleased():
            return replace(state, held=None)
        case State(), NoteAdded():
            return state
    return None


def replay(events: Iterable[Event], design: Design) -> State:
    """Return the state a log leads to."""
    state = None
    for event in events:
        state = evolve(state, event, design)
    if state is None:
        raise ReplayError("a log must begin with SittingStarted; got no event")
    return state


def final_estimate(state: State, design: Design) -> Estimated:
    """Return the estimate that a sitting ending here reports, rounded to 6 decimals."""
    return estimated(design.own(state.prior).final_estimates(state.batch))


def _options(item: str, state: State, design: Design) -> tuple[str, ...]:
    """Return the bank letters of an item's options in the order shown."""
    letters = design.pool.letters(item)
    if not (letters and design.shuffle):
        return letters
    order = permutation(state.seed, Stream.OPTIONS, state.presented, len(letters))
    return tuple(letters[k] for k in order)


def _described(state: State | None) -> str:
    if state is None:
        return "nothing; a log must begin with SittingStarted"
    if state.voided is not None:
        return f"the voiding of the sitting ({state.voided})"
    if state.ended is not None:
        return f"the end ({state.ended})"
    if state.clock.on_break:
        return "the beginning of a break"
    waiting = "no item" if state.pending is None else f"item {state.pending.item!r}"
    return f"{len(state.scores)} scored responses with {waiting} waiting for one"
