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

from adaptest.engine.choice import Choice
from adaptest.engine.design import Design
from adaptest.engine.events import (
    Decision,
    Estimated,
    Event,
    ItemPresented,
    NoteAdded,
    PoolChanged,
    ResponseGiven,
    SittingEnded,
    SittingHeld,
    SittingReleased,
    SittingStarted,
    SittingVoided,
)
from adaptest.engine.exposing import ELIGIBILITY, LOTTERY
from adaptest.engine.pretest import deal, scored_enemies
from adaptest.engine.state import Pending, State
from adaptest.errors import ReplayError, SittingError
from adaptest.models.base import Bools
from adaptest.numerics.random import Stream, permutation
from adaptest.scoring.estimate import Estimates, Outcome

OTHER_STRATUM = "other_stratum"
LISTED = 10  # candidates written into a decision record; the rest is counted, and `explain` recomputes it
OUTCOMES = {outcome.value: outcome.label for outcome in Outcome}


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
) -> SittingStarted:
    """Return the first event of a sitting on this design; ids the pool does not hold are left out.

    Raises
    ------
    SittingError, where no sitting without these items can keep the exam's rules to its end.
    """
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
        tuple(accommodations),
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


def decide(state: State, design: Design) -> ItemPresented | SittingEnded:
    """Return what happens next: an item to present, or the end; without a time, which the shell stamps.

    Raises
    ------
    SittingError, where nothing can happen next: an item waits for its response, or the sitting is over.
    PoolExhaustedError, where no item can follow.
    """
    if state.is_over or state.pending is not None:
        raise SittingError(f"nothing is to be decided after {_described(state)}")
    for position, item in state.pretest:
        if position == state.presented:
            return ItemPresented(item, position, _options(item, state, design), "pretest")
    if (code := int(design.ending(state.batch)[0])) >= 0:
        return SittingEnded(design.reasons[code], final_estimate(state, design))
    choice = design.choose(state.batch)
    item = design.pool.ids[choice.row[0]]
    decision = _decision(state, design, choice)
    return ItemPresented(item, state.presented, _options(item, state, design), "scored", decision)


def evolve(state: State | None, event: Event, design: Design) -> State:  # noqa: PLR0911 (a case each)
    """Return the state after `event` (None before any).

    Raises
    ------
    ReplayError, where it cannot follow.
    """
    match state, event:
        case None, SittingStarted():
            return _started(event, design)
        case State(pending=None, ended=None, voided=None), ItemPresented():
            return _presented(state, event, design)
        case State(pending=Pending() as pending, ended=None, voided=None), ResponseGiven() if (
            event.item == pending.item
        ):
            return _answered(state, pending, event, design)
        case State(ended=None, voided=None), SittingEnded(reason=reason):
            return replace(state, ended=reason)
        case State(ended=None, voided=None), PoolChanged(withdrawn=items):
            return _withdrawn(state, items, design)
        case State(voided=None), SittingVoided(reason=reason):
            return replace(state, voided=reason)
        case State(held=None, voided=None), SittingHeld(reason=reason):
            return replace(state, held=reason)
        case State(held=str(), voided=None), SittingReleased():
            return replace(state, held=None)
        case State(), NoteAdded():
            return state
    raise ReplayError(f"{type(event).__name__} cannot follow {_described(state)}")


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
    return estimated(design.final_estimates(state.batch))


def estimated(estimates: Estimates, n: int = 0) -> Estimated:
    """Return the estimate of one person as it stands in a log."""
    theta, sem = (round(float(x[n]), 6) + 0.0 for x in (estimates.theta, estimates.sem))
    return Estimated(
        estimates.method,
        theta if np.isfinite(theta) else None,
        sem if np.isfinite(sem) else None,
        OUTCOMES[int(estimates.outcome[n])],
    )


def _started(event: SittingStarted, design: Design) -> State:
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


def _presented(state: State, event: ItemPresented, design: Design) -> State:
    if event.position != state.presented:
        raise ReplayError(
            f"item {event.item!r}: must be presented at position {state.presented}; got {event.position}"
        )
    if event.role == "pretest":
        if (event.position, event.item) not in state.pretest:
            raise ReplayError(
                f"item {event.item!r}: must be a pretest item of this place; got it at {event.position}"
            )
        return replace(state, pending=Pending(event.item, None))
    row = _row(event.item, event, design)
    if not state.batch.available[0, row]:
        raise ReplayError(f"item {event.item!r}: must be available to be presented")
    over = event.decision.passed_over if event.decision else ()
    if not over:
        return replace(state, pending=Pending(event.item, row))
    rows = [_row(item, event, design) for item in over]
    return replace(
        state,
        pending=Pending(event.item, row),
        drawn_out=state.drawn_out | frozenset(rows),
        batch=state.batch.barring(np.array([rows], dtype=np.intp)),
    )


def _answered(state: State, pending: Pending, event: ResponseGiven, design: Design) -> State:
    presented = state.presented + 1
    if pending.row is None:
        return replace(state, presented=presented, pending=None)
    categories = int(design.pool.parameters.categories[pending.row])
    if not 0 <= event.score < categories:
        raise ReplayError(f"item {event.item!r}: score must be in 0..{categories - 1}; got {event.score}")
    batch = design.record(state.batch, np.array([pending.row]), np.array([event.score]))
    return replace(
        state,
        batch=batch,
        theta=float(batch.theta[0]),
        sem=float(batch.sem[0]),
        outcome=OUTCOMES[int(batch.outcome[0])],
        administered=(*state.administered, pending.row),
        scores=(*state.scores, event.score),
        presented=presented,
        pending=None,
    )


def _withdrawn(state: State, items: tuple[str, ...], design: Design) -> State:
    """Return the state without items that were withdrawn; those the pool does not hold do not matter."""
    rows = [design.pool.row[item] for item in items if item in design.pool.row]
    available = state.batch.available.copy()
    new = frozenset(row for row in rows if available[0, row])
    available[0, list(new)] = False
    return replace(
        state,
        withdrawn=state.withdrawn | new,
        pretest=tuple(planned for planned in state.pretest if planned[1] not in items),
        batch=replace(state.batch, available=available),
    )


def _decision(state: State, design: Design, choice: Choice) -> Decision:
    """Return the record of a choice."""
    batch, candidates = state.batch, choice.candidates
    own = int((candidates.rows[0] >= 0).sum())
    chosen = int(np.flatnonzero(candidates.rows[0] == choice.row[0])[0])
    listed = [*range(min(own, LISTED)), *([chosen] if chosen >= LISTED else [])]
    ids = design.pool.ids
    theta, sem = state.theta, state.sem
    return Decision(
        Estimated(
            design.interim.method,
            theta if np.isfinite(theta) else None,
            sem if np.isfinite(sem) else None,
            state.outcome,
        ),
        tuple((ids[candidates.rows[0, k]], float(candidates.value[0, k])) for k in listed),
        own - len(listed),
        float(choice.choice[0]),
        float(choice.tie[0]),
        int(np.count_nonzero(design.situation(batch, choice.able).eligible)),
        _ruled_out(state, design, choice),
        design.reach.next_stop(batch.length) if design.reach else max(design.minimum, batch.length + 1),
        band=None if choice.band is None else int(choice.band[0]),
        passed_over=tuple(ids[row] for row in choice.passed_over[0]),
        waived=ELIGIBILITY if choice.band_aside[0] else LOTTERY if choice.lottery_aside[0] else "",
        notes=_notes(batch.length, design, choice),
    )


def _notes(length: int, design: Design, choice: Choice) -> tuple[str, ...]:
    """Return what the selection could not do as its words say."""
    note = design.strata.note(length, int(choice.row[0])) if design.strata else ""
    return (note,) if note else ()


def _ruled_out(state: State, design: Design, choice: Choice) -> tuple[tuple[str, int], ...]:
    """Return how many items each reason bars, each item counted for its first reason."""
    available = state.batch.available
    counts = {
        "administered": len(state.administered),
        "excluded": len(state.excluded),
        "ineligible": len(state.ineligible),
        "withdrawn": len(state.withdrawn),
        "drawn_out": len(state.drawn_out),
    }
    barred = len(design.pool) - int(np.count_nonzero(available))
    counts["enemy"] = barred - sum(counts.values())
    over = choice.passed_over[0]
    counts["drawn_out"] += len(over)
    if choice.allowed is not available:
        closed = available[0] & ~choice.allowed[0]
        closed[over] = False
        counts |= design.why_not(state.batch, closed)
    counts["ineligible_here"] = int(np.count_nonzero(choice.allowed & ~choice.able))
    if design.strata is not None:
        within = design.situation(state.batch, choice.able).eligible
        counts[OTHER_STRATUM] = int(np.count_nonzero(choice.able & ~within))
    return tuple((reason, count) for reason, count in counts.items() if count)


def _options(item: str, state: State, design: Design) -> tuple[str, ...]:
    """Return the bank letters of an item's options in the order shown."""
    letters = design.pool.letters(item)
    if not (letters and design.shuffle):
        return letters
    order = permutation(state.seed, Stream.OPTIONS, state.presented, len(letters))
    return tuple(letters[k] for k in order)


def _row(item: str, event: Event, design: Design) -> int:
    row = design.pool.row.get(item)
    if row is None:
        raise ReplayError(f"{type(event).__name__}: item {item!r} must be in the pool")
    return row


def _described(state: State | None) -> str:
    if state is None:
        return "nothing; a log must begin with SittingStarted"
    if state.voided is not None:
        return f"the voiding of the sitting ({state.voided})"
    if state.ended is not None:
        return f"the end ({state.ended})"
    waiting = "no item" if state.pending is None else f"item {state.pending.item!r}"
    return f"{len(state.scores)} scored responses with {waiting} waiting for one"
