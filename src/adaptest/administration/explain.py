"""Why each item was chosen, and whether the log says what the engine decides from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from textwrap import wrap

import numpy as np

from adaptest.administration.records import Stored
from adaptest.engine.events import (
    Decision,
    Estimated,
    Event,
    ItemPresented,
    ResponseGiven,
    SittingEnded,
    SittingStarted,
)
from adaptest.engine.sitting import decide, evolve, replay
from adaptest.engine.state import State
from adaptest.errors import OptionError
from adaptest.models.base import Bools

OTHERS = 30  # of the items that were not short-listed, how many are listed
WIDTH = 78
BY_HAND = ("finished_early",)  # reasons that no rule gives


@dataclass(frozen=True, slots=True)
class Replay:
    """What deciding again found: events and decisions counted, a sentence for each difference."""

    events: int
    decisions: int
    differences: tuple[str, ...]


def replayed(stored: Stored) -> Replay:
    """Return how every decision of a log compares with what the engine decides now, from the log alone.

    Raises
    ------
    ReplayError, where an event cannot follow those before it.
    """
    state = None
    decisions = 0
    differences: list[str] = []
    for event in stored.events:
        if state is not None and _is_decision(event):
            decisions += 1
            again = decide(state, stored.exam.design)
            if again != event:
                differences.append(_difference(event, again))
        state = evolve(state, event, stored.exam.design)
    return Replay(len(stored.events), decisions, tuple(differences))


def explained(stored: Stored, number: int | None = None) -> Iterator[str]:
    """Yield lines that say how a sitting went, or how one of its questions was chosen.

    Raises
    ------
    OptionError, where the sitting has no question of that number.
    """
    shown = [event for event in stored.events if isinstance(event, ItemPresented)]
    answers = {event.item: event for event in stored.events if isinstance(event, ResponseGiven)}
    if number is not None and number > len(shown):
        raise OptionError(f"--item must be in 1..{len(shown)}, the questions of this sitting; got {number}")
    about = stored.exam.about
    if number is None:
        yield f"sitting {stored.row.sitting}: {about.exam}, {stored.result.status}; release {about.release}"
        start = stored.events[0]
        if isinstance(start, SittingStarted):
            yield f"seed {start.seed}; {len(start.excluded)} items left out because they were seen before"
    chosen = shown if number is None else [shown[number - 1]]
    for event in chosen:
        yield from _step(stored, event, answers.get(event.item), in_full=number is not None)
    if number is None:
        yield from _ends(stored)


def _step(
    stored: Stored, event: ItemPresented, given: ResponseGiven | None, *, in_full: bool
) -> Iterator[str]:
    """Yield why one item was chosen, and what came of it."""
    answer = "no answer yet"
    if given is not None:
        key = stored.exam.texts[event.item]["key"]
        answer = f"answered {given.response}, key {key}, score {given.score}"
    yield f"{event.position + 1:>3}. {event.item} ({event.role}): {answer}"
    if (decision := event.decision) is None:
        yield "     placed in advance, not chosen"
        return
    yield f"     at {_estimate(decision.estimate)}; {decision.eligible} items could be chosen"
    yield f"     {_choice(event, decision)}"
    if decision.ruled_out:
        yield "     ruled out: " + ", ".join(
            f"{n} {reason.replace('_', ' ')}" for reason, n in decision.ruled_out
        )
    if in_full:
        yield f"     options as shown: {' '.join(event.options)}"
        yield f"     the sitting may next stop at length {decision.next_stop}"
        for rank, (item, criterion) in enumerate(decision.shortlist, start=1):
            mark = "  <- chosen" if item == event.item else ""
            yield f"     {rank:>3}. {item}  criterion {criterion:.9f}{mark}"
        if decision.more:
            yield f"          and {decision.more} more that tie with the last"
        yield f"     draws: choice {decision.choice:.6f}, tie {decision.tie:.6f}"
        yield from _recomputed(stored, event, decision)


def _recomputed(stored: Stored, event: ItemPresented, decision: Decision) -> Iterator[str]:
    """Yield what follows from the log: names for the counts, and the other items' criteria."""
    design = stored.exam.design
    state = replay(takewhile(lambda before: before is not event, stored.events), design)
    again = decide(state, design)
    agrees = "agrees" if again == event else f"differs: {_name(again)}"
    yield f"     decided again from the log: {agrees}"
    choice = design.choose(state.batch)
    for reason, rows in _barred(state, choice.allowed[0]):
        names = " ".join(design.pool.ids[row] for row in rows)
        yield from wrap(f"{reason}: {names}", WIDTH, initial_indent="     ", subsequent_indent="       ")
    listed = {item for item, _ in decision.shortlist}
    others = _others(stored, state, choice.allowed, listed)
    if others:
        yield "     the other items that could be chosen, by criterion:"
    for item, criterion in others[:OTHERS]:
        yield f"          {item}  criterion {criterion:.9f}"
    if len(others) > OTHERS:
        yield f"          and {len(others) - OTHERS} more below these"


def _barred(state: State, allowed: Bools) -> Iterator[tuple[str, Sequence[int]]]:
    """Yield the rows that each reason bars, where it bars any."""
    available = state.batch.available[0]
    named: list[tuple[str, Sequence[int]]] = [
        ("administered", state.administered),
        ("seen before", sorted(state.excluded)),
        ("barred by exposure control", sorted(state.ineligible)),
        ("withdrawn", sorted(state.withdrawn)),
    ]
    known = {row for _, rows in named for row in rows}
    enemies = [row for row in np.flatnonzero(~available).tolist() if row not in known]
    named.append(("enemy of one administered", enemies))
    named.append(("content rules", np.flatnonzero(available & ~allowed).tolist()))
    yield from ((reason, rows) for reason, rows in named if len(rows))


def _others(stored: Stored, state: State, allowed: Bools, listed: set[str]) -> list[tuple[str, float]]:
    """Return item and criterion of the items that could be chosen and are not listed, best first."""
    design, batch = stored.exam.design, state.batch
    posterior = design.interim.posterior(batch.carried) if design.criterion.needs_posterior else None
    values = design.criterion(design.pool.parameters, batch.theta, posterior, allowed)[0]
    rows = [row for row in np.flatnonzero(allowed[0]) if design.pool.ids[row] not in listed]
    rows.sort(key=lambda row: -values[row])
    return [(design.pool.ids[row], float(values[row])) for row in rows]


def _choice(event: ItemPresented, decision: Decision) -> str:
    names = [item for item, _ in decision.shortlist]
    rank = names.index(event.item) + 1 if event.item in names else 0
    place = f"number {rank}" if rank else "one"
    return f"chosen by chance: {place} of the {len(names) + decision.more} most suitable"


def _ends(stored: Stored) -> Iterator[str]:
    for event in stored.events:
        if isinstance(event, SittingEnded):
            final = f"; {_estimate(event.estimate)}" if event.estimate else ""
            yield f"ended: {event.reason.replace('_', ' ')}{final}"
        elif hasattr(event, "by"):
            words = getattr(event, "reason", "") or getattr(event, "text", "")
            yield f"{type(event).__name__} by {event.by} at {event.at}: {words}"


def _estimate(one: Estimated) -> str:
    """Return an estimate in words and numbers."""
    if one.theta is None:
        return f"no {one.method} estimate ({one.outcome.replace('_', ' ')})"
    sem = f", SEM {one.sem:.3f}" if one.sem is not None else ""
    return f"theta {one.theta:+.3f}{sem} ({one.method})"


def _is_decision(event: Event) -> bool:
    if isinstance(event, SittingEnded):
        return event.reason not in BY_HAND
    return isinstance(event, ItemPresented)


def _difference(logged: Event, again: Event) -> str:
    if type(logged) is type(again) and _name(logged) == _name(again):
        return f"{_name(logged)}: the choice is the same, its record is not"
    return f"the log has {_name(logged)}, deciding again gives {_name(again)}"


def _name(event: Event | None) -> str:
    match event:
        case ItemPresented(item=item, position=position):
            return f"question {position + 1}, item {item!r}"
        case SittingEnded(reason=reason):
            return f"the end ({reason})"
    return "nothing"
