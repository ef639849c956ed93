"""A stored sitting asked afterwards, in lines of text: does its log follow from its design; why each item."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap

from adaptest.administration.clock import spelled
from adaptest.administration.records import Stored
from adaptest.engine.audit import Explanation, RuleStanding, disagreements, explain, explain_end
from adaptest.engine.audit_words import IN_WORDS
from adaptest.engine.events import (
    BreakBegan,
    BreakEnded,
    ClockRead,
    Estimated,
    Event,
    ItemPresented,
    NoteAdded,
    PoolChanged,
    ResponseChanged,
    ResponseGiven,
    SittingEnded,
    SittingHeld,
    SittingReleased,
    SittingStarted,
    SittingVoided,
)
from adaptest.engine.policy import Policy
from adaptest.engine.timing import RESUMED
from adaptest.errors import OptionError

WIDTH = 78
TIMES = (ClockRead, BreakBegan, BreakEnded)
NAMED = 40  # items that one reason ruled out
RANKED = 30  # items that could come next, in a full explanation, and the chosen one; others are counted


@dataclass(frozen=True, slots=True)
class Replay:
    """What deciding again found: events and decisions counted, a sentence for each difference."""

    events: int
    decisions: int
    differences: tuple[str, ...]


def replayed(stored: Stored) -> Replay:
    """Return how every decision of a log compares with what the engine decides now, from the log alone."""
    found = disagreements(stored.events, stored.exam.design)
    return Replay(
        len(stored.events),
        sum(isinstance(event, ItemPresented | SittingEnded) for event in stored.events),
        tuple(f"event {one.sequence}: {one.sentence}" for one in found),
    )


def explained(stored: Stored, number: int | None = None) -> Iterator[str]:
    """Yield lines that say how a sitting went, or everything about how one of its questions was chosen.

    Raises
    ------
    OptionError, where the sitting has no question of that number.
    """
    shown = sum(isinstance(event, ItemPresented) for event in stored.events)
    if number is not None:
        if number > shown:
            raise OptionError(f"--item must be in 1..{shown}, the questions of this sitting; got {number}")
        yield from _in_full(stored, explain(stored.events, number, stored.exam.design))
        return
    about = stored.exam.about
    yield f"sitting {stored.row.sitting}: {about.exam}, {stored.result.status}; release {about.release}"
    policy = stored.exam.design.policy
    if policy.version:
        yield f"policy {policy.version} ({policy.fingerprint[:12]})"
    before = 0.0
    for event in stored.events:
        if isinstance(event, TIMES):
            yield from _of_time(event, before, policy)
            before = event.at_s
        else:
            yield from _of_event(stored, event)


def _of_event(stored: Stored, event: Event) -> Iterator[str]:
    """Yield what one event of a sitting says."""
    match event:
        case SittingStarted(seed=seed, excluded=seen, pretest=dealt):
            yield f"seed {seed}; {len(seen)} items left out because they were seen before"
            yield from _exposure(stored, event)
            if event.prior is not None:
                yield f"prior of this person: mean {event.prior[0]:g}, standard deviation {event.prior[1]:g}"
            if event.accommodations:
                yield "accommodations: " + ", ".join(
                    f"{name} {value}" for name, value in event.accommodations
                )
            if dealt:
                places = ", ".join(str(place + 1) for place, _ in dealt)
                late = ", or after an item set given there" if stored.exam.design.pool.sets else ""
                yield from wrap(f"{len(dealt)} pretest items, to be shown as questions {places}{late}", WIDTH)
        case ItemPresented():
            yield from _in_short(stored, event)
        case ResponseChanged(item=item, response=response, score=score):
            yield f"     changed the answer to {item}: {response}, score {score}"
        case PoolChanged(withdrawn=items, reason=words):
            yield from wrap(f"withdrawn ({words}): {', '.join(items)}", WIDTH, subsequent_indent="  ")
        case SittingEnded():
            yield from _ended(stored, event)
        case NoteAdded() | SittingVoided() | SittingHeld() | SittingReleased():
            words = event.text if isinstance(event, NoteAdded) else event.reason
            yield f"{type(event).__name__} by {event.by} at {event.at}: {words}"


def _exposure(stored: Stored, event: SittingStarted) -> Iterator[str]:
    """Yield what exposure control settled before the first question."""
    if event.ineligible or event.spared:
        spared = f"; {len(event.spared)} more would be, but the exam cannot do without them"
        told = f"{len(event.ineligible)} items barred by exposure control{spared if event.spared else ''}"
        yield from _wrapped(told, "")
    controls = stored.exam.design.controls
    if event.barred_in_band and controls is not None:
        counts = ", ".join(
            f"{len(items)} at {controls.bands.name(band)}" for band, items in enumerate(event.barred_in_band)
        )
        yield from _wrapped(f"not eligible by the draw at the start: {counts}", "")


def _ended(stored: Stored, event: SittingEnded) -> Iterator[str]:
    """Yield why the sitting ended, with the numbers of the rules that were asked."""
    one = explain_end(stored.events, stored.exam.design)
    first, *others = one.sentences if one is not None else (event.reason,)
    decided = f"; {event.decision}" if event.decision else ""
    yield from wrap(f"ended: {first}{decided}", WIDTH, subsequent_indent="  ")
    for sentence in others:
        yield from _wrapped(sentence)


def _of_time(event: ClockRead | BreakBegan | BreakEnded, before: float, policy: Policy) -> Iterator[str]:
    """Yield what a reading of the clock says beside what it decides: an interruption or a break."""
    length = spelled(event.at_s - before)
    if isinstance(event, BreakEnded):
        yield f"     a break of {length}"
    elif isinstance(event, ClockRead) and event.cause == RESUMED:
        counted = "did not count" if policy.time.interruption == "stops" else "counted"
        yield f"     interrupted for {length}, which {counted}"


def _in_short(stored: Stored, event: ItemPresented) -> Iterator[str]:
    """Yield why one item was chosen, from its record, and what came of it."""
    yield f"{event.position + 1:>3}. {event.item} ({event.role}): {_answer(stored, event.item)}"
    if (decision := event.decision) is None:
        yield "     agreed for this place before the sitting began"
        return
    best = len(decision.shortlist) + decision.more
    able = f"{decision.eligible} could be chosen, by chance among the best {best}"
    yield f"     at {_estimate(decision.estimate)}; {able}"
    if (planned := decision.content) is not None and planned.test:
        yield from _wrapped(
            f"of a {planned.method.replace('_', ' ')} worth {planned.objective:.6f}; none is worth more than"
            f" {planned.bound:.6f} ({planned.status})"
        )
    if decision.passed_over:
        over = ", ".join(decision.passed_over)
        yield from _wrapped(f"chosen before it, but failed the exposure draw: {over}")
    if decision.waived:
        yield f"     {decision.waived.replace('_', ' ')} was set aside: nothing else could come next"
    if decision.ruled_out:
        counts = ", ".join(f"{n} {IN_WORDS[reason]}" for reason, n in decision.ruled_out)
        yield from _wrapped(f"ruled out: {counts}")


def _in_full(stored: Stored, one: Explanation) -> Iterator[str]:
    """Yield the record of one choice, and what follows from it: every item's rank, and the content rules."""
    for sentence in one.sentences:
        yield from wrap(sentence, WIDTH, subsequent_indent="  ")
    event = next(e for e in stored.events if isinstance(e, ItemPresented) and e.item == one.item)
    yield f"options as shown: {' '.join(event.options)}; {_answer(stored, one.item)}"
    yield f"decided again from the log: {'agrees' if one.agrees else 'differs'}"
    if one.decision is None:
        return
    listed = {item for item, _ in one.decision.shortlist}
    able = [ranked for ranked in one.ranking if ranked.rank is not None]
    if able:
        yield "items that could come next (* chance could choose it):"
    told = [ranked for k, ranked in enumerate(able) if k < RANKED or ranked.item == one.item]
    for ranked in told:
        mark = "*" if ranked.item in listed else " "
        chosen = "  <- chosen" if ranked.item == one.item else ""
        yield f"  {ranked.rank:>3}. {mark} {ranked.item}  criterion {ranked.criterion:.9f}{chosen}"
    if len(able) > len(told):
        yield f"       and {len(able) - len(told)} more that rank no better than the first {RANKED}"
    barred = sorted((ranked.ruled_out, ranked.item) for ranked in one.ranking if ranked.rank is None)
    for reason, items in groupby(barred, key=lambda pair: pair[0]):
        names = [item for _, item in items]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        yield from _wrapped(f"{IN_WORDS[reason]} ({len(names)}): {' '.join(names[:NAMED])}{more}", indent="")
    if one.rules:
        yield "content rules before this choice (given; bounds at the next possible end):"
    for rule in one.rules:
        yield f"  {rule.rule}: {rule.count}{_bounds(rule)}"


def _bounds(rule: RuleStanding) -> str:
    """Return a content rule's bounds, and whether it is full or still lacks items."""
    if rule.least is None or rule.most is None:
        return ""
    state = ""
    if rule.count >= rule.most:
        state = " (full)"
    elif rule.count < rule.least:
        state = f" (lacks {rule.least - rule.count})"
    return f"; {rule.least} to {rule.most}{state}"


def _answer(stored: Stored, item: str) -> str:
    """Return what was answered to an item, in words."""
    for event in stored.events:
        if isinstance(event, ResponseGiven) and event.item == item:
            key = stored.exam.texts[item]["key"]
            return f"answered {event.response}, key {key}, score {event.score}"
    return "no answer yet"


def _estimate(one: Estimated) -> str:
    """Return an estimate in words and numbers."""
    if one.theta is None:
        return f"no {one.method} estimate ({one.outcome.replace('_', ' ')})"
    sem = f", SEM {one.sem:.3f}" if one.sem is not None else ""
    return f"theta {one.theta:+.3f}{sem} ({one.method})"


def _wrapped(text: str, indent: str = "     ") -> list[str]:
    return wrap(text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ")
