"""What a log can be asked afterwards: whether it follows from its design, and why each item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from adaptest.engine.audit_words import in_numbers, sentences_of
from adaptest.engine.deciding import OTHER_STRATUM
from adaptest.engine.design import MAXIMUM_LENGTH, POOL_EXHAUSTED, TIME_LIMIT, Design
from adaptest.engine.ends import end_in_numbers
from adaptest.engine.events import Decision, Event, ItemPresented, Planned, RulesRelaxed, SittingEnded
from adaptest.engine.exposing import able
from adaptest.engine.planning import test_of, unproven
from adaptest.engine.refusal import why_not
from adaptest.engine.relaxing import design_of
from adaptest.engine.sitting import Decided, decide, evolve, final_estimate
from adaptest.engine.state import State
from adaptest.engine.stops import STOPPING
from adaptest.errors import AdaptestError, SittingError
from adaptest.models.base import Bools
from adaptest.stopping import IN_WORDS as STOPS_IN_WORDS


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An event of a log that its design would not have led to.

    Attributes
    ----------
    sequence : place in the log, from 0
    sentence : what the log says and what follows
    """

    sequence: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Ranked:
    """One item of the pool at one choice.

    Attributes
    ----------
    rank : place among the items that could come next, from 1, ties sharing the better; None if it could not
    criterion : 9 decimals; None where the item could not come next
    ruled_out : why it could not; empty where it could
    """

    item: str
    rank: int | None
    criterion: float | None
    ruled_out: str


@dataclass(frozen=True, slots=True)
class RuleStanding:
    """A content rule before a choice: how many items count, and its bounds at the next possible end."""

    rule: str
    count: int
    least: int | None
    most: int | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one item was presented, recomputed from the log.

    Attributes
    ----------
    number : of the item, from 1
    decision : as logged; None for a pretest item
    agrees : whether the decision made again is the logged one
    ranking : every item of the pool, those that could come next first, best first
    rules : the content rules
    sentences : the same in words
    """

    number: int
    item: str
    role: str
    decision: Decision | None
    agrees: bool
    ranking: tuple[Ranked, ...]
    rules: tuple[RuleStanding, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EndExplained:
    """Why a sitting ended, recomputed from the log.

    Attributes
    ----------
    agrees : whether the end decided again is the logged one
    sentences : the rules for the end with their numbers, and the estimate
    """

    reason: str
    agrees: bool
    sentences: tuple[str, ...]


def disagreements(events: Sequence[Event], design: Design) -> tuple[Disagreement, ...]:
    """Return every step of a log that, decided again, comes out otherwise; () if all agree, bit for bit.

    The log is followed as it stands, so that one wrong step does not make the later ones wrong.
    """
    found: list[Disagreement] = []
    state: State | None = None
    for sequence, event in enumerate(events):
        if state is not None and isinstance(event, ItemPresented | SittingEnded | RulesRelaxed):
            sentence = _checked(state, event, design)
            if sentence:
                found.append(Disagreement(sequence, sentence))
        try:
            state = evolve(state, event, design)
        except AdaptestError as error:
            if not found or found[-1].sequence < sequence:
                found.append(Disagreement(sequence, str(error)))
            break
    return tuple(found)


def explain_end(events: Sequence[Event], design: Design) -> EndExplained | None:
    """Return why a log ended, with the numbers of every rule that was asked; None where it did not."""
    state: State | None = None
    for event in events:
        if isinstance(event, SittingEnded) and state is not None:
            own = design_of(state, design)
            told = [f"{event.reason.replace('_', ' ')}: {_why_ended(event.reason)}"]
            told += end_in_numbers(state, own)
            if (final := event.estimate) is not None:
                told.append(f"reported: {in_numbers(final)}, {final.method}")
            agrees = not _checked(state, event, design)
            if not agrees:
                told.append(
                    "decided again, the end comes out otherwise: this log does not follow from its design"
                )
            return EndExplained(event.reason, agrees, tuple(told))
        state = evolve(state, event, design)
    return None


def explain(events: Sequence[Event], number: int, design: Design) -> Explanation:
    """Return why the `number`-th item of a log, from 1, was presented.

    Raises
    ------
    SittingError, where the log does not present so many items.
    """
    state, event = _before(events, number, design)
    logged, design = event.decision, design.own(state.prior)
    try:
        agrees = not _checked(state, event, design)
    except AdaptestError:
        agrees = False
    if logged is None:
        place = next((place for place, item in state.pretest if item == event.item), event.position)
        waited = f"place {place + 1}, shown when the item set there was given"
        agreed = "this place" if place == event.position else waited
        sentence = f"item {number} is {event.item}, a pretest item agreed for {agreed}; it is not scored"
        return Explanation(number, event.item, event.role, None, agrees, (), (), (sentence,))
    over = [design.pool.row[one] for one in logged.passed_over if one in design.pool.row]
    then = replace(
        state,
        drawn_out=state.drawn_out | frozenset(over),
        batch=state.batch.barring(np.array([over], dtype=np.intp)),
    )
    own = design_of(state, design)
    ranking, rules = _ranking(then, own, logged.content), _rules(state, own, logged.next_stop)
    sentences = sentences_of(number, event.item, logged, ranking, own, agrees=agrees)
    if own.content is not None and (words := own.content.begun(state.batch.rows[0])):
        sentences = (*sentences, f"before this choice, {words}")
    if state.relaxed:
        sentences = (*sentences, f"rules that gave way before: {', '.join(state.relaxed)}")
    return Explanation(number, event.item, event.role, logged, agrees, ranking, rules, sentences)


def _why_ended(reason: str) -> str:
    """Return a reason to end in words."""
    if reason == TIME_LIMIT:
        return "the time that the exam allows was over"
    return STOPS_IN_WORDS.get(reason, "ended from outside")


def _checked(state: State, event: Decided, design: Design) -> str:
    """Return how an event differs from what its state leads to; empty if it does not."""
    if isinstance(event, SittingEnded) and event.reason not in design.reasons:
        return _checked_end(state, event, design)
    try:
        again = decide(state, design)
    except AdaptestError as error:
        return f"the log has {_short(event)}; decided again nothing follows: {error}"
    if again == event:
        return ""
    if isinstance(event, ItemPresented) and event.decision and (planned := event.decision.content):
        why = unproven(planned, state.batch, design_of(state, design)) if planned.test else ""
        try:
            again = event if why else decide(state, design, planned)
        except AdaptestError as error:
            return f"the log has {_short(event)}; with its test nothing follows: {error}"
        if why or again == event:  # another solver could have made this test
            return why and f"the log has {_short(event)}; its content step is not proven: {why}"
    return _differs(event, again)


def _differs(event: Decided, again: Decided) -> str:
    """Return how an event differs from the one decided again."""
    if type(again) is not type(event) or _short(again) != _short(event):
        return f"the log has {_short(event)}; decided again it is {_short(again)}"
    differ = ", ".join(
        f.name for f in fields(event) if f.compare and getattr(event, f.name) != getattr(again, f.name)
    )
    return f"the log has {_short(event)}; decided again it has another {differ}"


def _checked_end(state: State, event: SittingEnded, design: Design) -> str:
    """Return what is wrong with an end by the shell: when is its affair, with what estimate is not."""
    if event.reason in (*STOPPING, MAXIMUM_LENGTH, POOL_EXHAUSTED):
        return f"the log has {_short(event)}; no rule of this exam ends a sitting so"
    estimate = final_estimate(state, design)
    if event.estimate in (None, estimate):
        return ""
    return f"the log ends with {event.estimate}; decided again it is {estimate}"


def _short(event: Event) -> str:
    """Return an event in a few words."""
    if isinstance(event, ItemPresented):
        return f"item {event.item!r} at position {event.position}"
    return f"the end ({event.reason})" if isinstance(event, SittingEnded) else type(event).__name__


def _before(events: Sequence[Event], number: int, design: Design) -> tuple[State, ItemPresented]:
    """Return the `number`-th presentation and the state before it."""
    state: State | None = None
    seen = 0
    for event in events:
        if isinstance(event, ItemPresented):
            seen += 1
            if seen == number and state is not None:
                return state, event
        state = evolve(state, event, design)
    raise SittingError(f"item number must be in 1..{seen}, the items this sitting presented; got {number}")


def _ranking(state: State, design: Design, planned: Planned | None) -> tuple[Ranked, ...]:
    """Return every item of the pool, as it stood at the choice."""
    batch = state.batch
    tests = None if planned is None else test_of(planned, design.pool)
    value, opened = design.values(batch, tests)[0], design.open_to(batch, tests)[0]
    order = np.lexsort((np.arange(len(value)), -value))
    better = np.searchsorted(-value[order], -value[order], side="left")
    ranked = []
    for place, row in zip(better, order, strict=True):
        item = design.pool.ids[row]
        if value[row] > -np.inf:
            ranked.append(Ranked(item, int(place) + 1, float(value[row]), ""))
        else:
            ranked.append(Ranked(item, None, None, _reason(state, design, int(row), opened)))
    return tuple(ranked)


def _reason(state: State, design: Design, row: int, opened: Bools) -> str:
    """Return why an item could not come next; `opened` (J,) is what only its stratum kept out."""
    for reason, rows in (
        ("administered", state.administered),
        ("excluded", state.excluded),
        ("ineligible", state.ineligible),
        ("withdrawn", state.withdrawn),
        ("drawn_out", state.drawn_out),
    ):
        if row in rows:
            return reason
    if not state.batch.available[0, row]:
        return "enemy"
    one = np.zeros(len(design.pool), dtype=np.bool_)
    one[row] = True
    allowed = design.allowed(state.batch)
    if allowed[0, row]:
        open_, _ = able(design.controls, state.batch, allowed)
        if not open_[0, row]:
            return "ineligible_here"
        return OTHER_STRATUM if opened[row] else "not_planned"
    return next(iter(why_not(design, state.batch, one)))


def _rules(state: State, design: Design, next_stop: int) -> tuple[RuleStanding, ...]:
    """Return how the content rules stand."""
    counts = state.batch.counts[0]
    return tuple(
        RuleStanding(
            rule.name,
            int((counts * what).sum()),
            rule.least(next_stop) if rule.of is None else None,
            rule.most(next_stop) if rule.of is None else None,
        )
        for rule, what in zip(design.blueprint.rules, design.blueprint.what, strict=True)
    )
